"""Decisions that orders wait for besides their state. Orders kept before have theirs from their next step."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "order_waiting",
        sa.Column("number", sa.String(20), primary_key=True),
        sa.Column("what", sa.String(16), primary_key=True),
    )
    op.create_index("order_waiting_of_what", "order_waiting", ["what", "number"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("order_waiting")
