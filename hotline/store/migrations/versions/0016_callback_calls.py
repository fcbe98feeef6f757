"""Calls that agents want placed for callback tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("callback_tasks", sa.Column("call_asked_at", sa.BigInteger))
    op.create_index("ix_callback_tasks_call_asked_at", "callback_tasks", ["call_asked_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_callback_tasks_call_asked_at", "callback_tasks")
    op.drop_column("callback_tasks", "call_asked_at")
