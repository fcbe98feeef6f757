"""What the supervision board counts: street and tiers of orders, cards that were shown, appeals by day, figures that are kept.

Facts of orders from before are complete from their next step, or from the worker's next night (``layout``).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables."""
    op.add_column("order_facts", sa.Column("street", sa.String(9)))
    op.add_column("order_facts", sa.Column("tier", sa.SmallInteger))
    op.add_column("order_facts", sa.Column("proposed_tier", sa.SmallInteger))
    op.add_column("order_facts", sa.Column("layout", sa.SmallInteger, nullable=False, server_default="0"))
    op.create_index("order_facts_tier", "order_facts", ["tier", "number"])
    op.create_index("order_facts_proposed_tier", "order_facts", ["proposed_tier", "number"])
    op.create_table(
        "order_cards",
        sa.Column("number", sa.String(20), primary_key=True),
        sa.Column("card", sa.String(16), primary_key=True),
        sa.Column("about", sa.BigInteger, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
        sa.Column("unit", sa.String(64)),
    )
    op.create_table(
        "appeal_days",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("category", sa.String(16), primary_key=True),
        sa.Column("county", sa.String(6), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "kept_figures",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("kept_figures")
    op.drop_table("appeal_days")
    op.drop_table("order_cards")
    op.drop_index("order_facts_proposed_tier", "order_facts")
    op.drop_index("order_facts_tier", "order_facts")
    for name in ("layout", "proposed_tier", "tier", "street"):
        op.drop_column("order_facts", name)
