"""Requests to see who a confidential citizen is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "unmask_requests",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("asker", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("unmask_requests_of_order", "unmask_requests", ["number", "asker"])
    op.create_index("unmask_requests_waiting", "unmask_requests", ["state", "asked_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("unmask_requests")
