"""Letters from citizens, who writes them, and what they send along."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "letters",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(96), nullable=False, unique=True),
        sa.Column("correspondent", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("conversation", sa.String(64)),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("way", sa.String(8)),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("passed_at", sa.BigInteger),
    )
    for column in ("received_at", "conversation"):
        op.create_index(f"ix_letters_{column}", "letters", [column])
    op.create_index("letters_of_correspondent", "letters", ["correspondent", "answered_at", "id"])
    op.create_index("letters_to_pass", "letters", ["way", "passed_at"])
    op.create_index("letters_unanswered", "letters", ["answered_at", "id"])
    op.create_table(
        "correspondents",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("conversation", sa.String(64)),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("holder", sa.String(64)),
        sa.Column("leased_until", sa.BigInteger),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    for column in ("due_at", "holder"):
        op.create_index(f"ix_correspondents_{column}", "correspondents", [column])
    op.create_table(
        "correspondences",
        sa.Column("conversation", sa.String(64), primary_key=True),
        sa.Column("correspondent", sa.String(64), nullable=False),
    )
    op.create_index("ix_correspondences_correspondent", "correspondences", ["correspondent"])
    op.create_table(
        "evidence",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("conversation", sa.String(64), nullable=False),
        sa.Column("work_order", sa.String(20)),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("path", sa.String(256), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    for column in ("conversation", "work_order", "kept_at"):
        op.create_index(f"ix_evidence_{column}", "evidence", [column])


def downgrade() -> None:
    """Drop them."""
    for table in ("evidence", "correspondences", "correspondents", "letters"):
        op.drop_table(table)
