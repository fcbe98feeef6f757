"""Outbound calls, the numbers that may be called, and the stop list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "outbound_calls",
        sa.Column("key", sa.String(96), primary_key=True),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("process", sa.String(160)),
        sa.Column("claimed_at", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("outcome", sa.String(16)),
    )
    for column in ("reference", "claimed_at", "ended_at"):
        op.create_index(f"ix_outbound_calls_{column}", "outbound_calls", [column])
    op.create_table(
        "contacted_numbers",
        sa.Column("number", sa.String(64), primary_key=True),
        sa.Column("last_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "stopped_numbers",
        sa.Column("number", sa.String(64), primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("stopped_numbers", "contacted_numbers", "outbound_calls"):
        op.drop_table(table)
