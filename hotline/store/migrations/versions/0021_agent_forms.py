"""Forms of calls under way, and notes on callers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "agent_forms",
        sa.Column("conversation", sa.String(64), primary_key=True),
        sa.Column("agent", sa.String(32), nullable=False, index=True),
        sa.Column("changed_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "caller_notes",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("citizen", sa.String(64), nullable=False, index=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("caller_notes")
    op.drop_table("agent_forms")
