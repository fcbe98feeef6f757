"""Calls that may be malicious, and how often a number calls in a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "nuisance_flags",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("conversation", sa.String(64), nullable=False, unique=True),
        sa.Column("number", sa.String(64)),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.String(16)),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_nuisance_flags_number", "nuisance_flags", ["number"])
    op.create_index("ix_nuisance_flags_open", "nuisance_flags", ["verdict", "at"])
    op.create_table(
        "daily_calls",
        sa.Column("number", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("calls", sa.Integer, nullable=False),
    )
    op.create_index("ix_daily_calls_day", "daily_calls", ["day"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("daily_calls")
    op.drop_table("nuisance_flags")
