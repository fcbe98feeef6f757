"""State and due time of the orders that units support: their inboxes are read from one index, as those of the leads are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_FILL = """
UPDATE order_supporters SET
  status = COALESCE((SELECT status FROM work_orders WHERE work_orders.number = order_supporters.number), ''),
  due_order = COALESCE((SELECT due_order FROM work_orders WHERE work_orders.number = order_supporters.number), 0)
"""


def upgrade() -> None:
    """Add the columns, and sort by them."""
    op.add_column("order_supporters", sa.Column("status", sa.String(32), nullable=False, server_default=""))
    op.add_column(
        "order_supporters", sa.Column("due_order", sa.BigInteger, nullable=False, server_default="0")
    )
    op.execute(_FILL)
    op.create_index("order_supporters_inbox", "order_supporters", ["unit", "status", "due_order", "number"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("order_supporters_inbox", "order_supporters")
    with op.batch_alter_table("order_supporters") as table:
        table.drop_column("due_order")
        table.drop_column("status")
