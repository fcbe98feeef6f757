"""What figures count of orders. Orders kept before have it from their next step, or from the worker's next night."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "order_facts",
        sa.Column("number", sa.String(20), primary_key=True),
        sa.Column("registered_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("category", sa.String(16)),
        sa.Column("county", sa.String(6)),
        sa.Column("lead_unit", sa.String(64)),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.Column("was_answered_at_once", sa.Boolean, nullable=False),
        sa.Column("counts", sa.Boolean, nullable=False),
        sa.Column("was_in_time", sa.Boolean),
        sa.Column("was_contacted", sa.Boolean),
        sa.Column("resolution", sa.String(16)),
        sa.Column("result", sa.String(16)),
        sa.Column("disclosed_at", sa.BigInteger),
    )
    op.create_index("ix_order_facts_registered_at", "order_facts", ["registered_at"])
    op.create_index("order_facts_disclosed", "order_facts", ["disclosed_at", "number"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("order_facts")
