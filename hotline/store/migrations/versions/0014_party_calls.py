"""Third parties that agents let into calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "party_calls",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("conversation", sa.String(64), nullable=False),
        sa.Column("party", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("invited_at", sa.BigInteger, nullable=False),
        sa.Column("joined_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("citizen_took_part", sa.Boolean, nullable=False),
    )
    op.create_index("ix_party_calls_conversation", "party_calls", ["conversation"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("party_calls")
