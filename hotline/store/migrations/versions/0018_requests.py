"""What an order was asked for by: asked again, it is the same order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("work_orders", sa.Column("request", sa.String(160)))
    op.create_index("ix_work_orders_request", "work_orders", ["request"], unique=True)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_work_orders_request", "work_orders")
    op.drop_column("work_orders", "request")
