"""Which orders a unit supports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; orders of before are in it from their next change of units."""
    op.create_table(
        "order_supporters",
        sa.Column("unit", sa.String(64), primary_key=True),
        sa.Column("number", sa.String(20), primary_key=True),
    )
    op.create_index("ix_order_supporters_number", "order_supporters", ["number"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("order_supporters")
