"""Where citizens want to be told of each step of their order (订阅进度)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "progress_subscriptions",
        sa.Column("number", sa.String(20), primary_key=True),
        sa.Column("correspondent", sa.String(64)),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_progress_subscriptions_correspondent", "progress_subscriptions", ["correspondent"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("progress_subscriptions")
