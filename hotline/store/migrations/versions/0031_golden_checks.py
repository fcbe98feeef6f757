"""Checks on golden questions, which run behind the page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "golden_checks",
        sa.Column("subject", sa.String(40), primary_key=True),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("is_running", sa.Boolean, nullable=False),
        sa.Column("beat_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("verdicts", sa.Text),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("golden_checks")
