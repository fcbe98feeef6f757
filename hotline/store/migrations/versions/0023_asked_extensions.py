"""When a unit asked for an extension that waits for a decision. Orders kept before have it from their next step on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("work_orders", sa.Column("extension_asked_at", sa.BigInteger))
    op.create_index("ix_work_orders_extension_asked_at", "work_orders", ["extension_asked_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_work_orders_extension_asked_at", "work_orders")
    op.drop_column("work_orders", "extension_asked_at")
