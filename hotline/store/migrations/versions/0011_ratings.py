"""How citizens rated their conversations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and find conversations by their end."""
    op.add_column("conversations", sa.Column("rating", sa.String(16)))
    op.create_index("ix_conversations_ended_at", "conversations", ["ended_at"])


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_conversations_ended_at", "conversations")
    with op.batch_alter_table("conversations") as table:
        table.drop_column("rating")
