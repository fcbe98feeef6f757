"""Since when orders wait for a decision: what citizens object to is decided in that order.

Of those that wait already it is what the audit tells of their last objection, else when the order was registered.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_FILL = """
UPDATE order_waiting SET since = COALESCE(
  (SELECT MAX(audit.at) FROM audit
   WHERE audit.subject = order_waiting.number AND audit.action = 'work_order.object' AND order_waiting.what = 'objection'),
  (SELECT work_orders.registered_at FROM work_orders WHERE work_orders.number = order_waiting.number), 0)
"""


def upgrade() -> None:
    """Add the column, and sort by it."""
    op.add_column("order_waiting", sa.Column("since", sa.BigInteger, nullable=False, server_default="0"))
    op.execute(_FILL)
    op.drop_index("order_waiting_of_what", "order_waiting")
    op.create_index("order_waiting_of_what", "order_waiting", ["what", "since", "number"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("order_waiting_of_what", "order_waiting")
    op.create_index("order_waiting_of_what", "order_waiting", ["what", "number"])
    with op.batch_alter_table("order_waiting") as table:
        table.drop_column("since")
