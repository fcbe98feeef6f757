"""Codes that prove that an order is one's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "proof_codes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("phone", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("used_at", sa.BigInteger),
    )
    for column in ("number", "phone", "sent_at"):
        op.create_index(f"ix_proof_codes_{column}", "proof_codes", [column])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("proof_codes")
