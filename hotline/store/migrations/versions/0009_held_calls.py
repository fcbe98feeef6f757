"""Call processes and the calls they hold."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "call_processes",
        sa.Column("id", sa.String(160), primary_key=True),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("callers", sa.Integer, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("is_draining", sa.Boolean, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("suspected_at", sa.BigInteger),
    )
    op.create_table(
        "held_calls",
        sa.Column("conversation", sa.String(64), primary_key=True),
        sa.Column("process", sa.String(160), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("is_secret", sa.Boolean, nullable=False),
        sa.Column("phone", sa.LargeBinary),
    )
    op.create_index("ix_held_calls_process", "held_calls", ["process"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("held_calls")
    op.drop_table("call_processes")
