"""Orders are found by citizen, unit, kind and county; the machine knows when to look at each again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table of citizens' fingerprints."""
    with op.batch_alter_table("work_orders") as table:
        table.add_column(sa.Column("kind", sa.String(16)))
        table.add_column(sa.Column("county", sa.String(6)))
        table.add_column(sa.Column("next_at", sa.BigInteger))
    op.create_index("ix_work_orders_next_at", "work_orders", ["next_at"])
    op.create_index("work_orders_of_unit", "work_orders", ["lead_unit", "status", "number"])
    op.create_table(
        "order_citizens",
        sa.Column("citizen", sa.String(64), primary_key=True),
        sa.Column("number", sa.String(20), primary_key=True),
    )
    op.create_index("ix_order_citizens_number", "order_citizens", ["number"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("order_citizens")
    op.drop_index("work_orders_of_unit", "work_orders")
    op.drop_index("ix_work_orders_next_at", "work_orders")
    with op.batch_alter_table("work_orders") as table:
        for column in ("next_at", "county", "kind"):
            table.drop_column(column)
