"""How content citizens are with the handling (过程满意), among what is counted of an order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; rows that are there are written anew by the worker (``layout``)."""
    op.add_column("order_facts", sa.Column("attitude", sa.String(16)))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("order_facts", "attitude")
