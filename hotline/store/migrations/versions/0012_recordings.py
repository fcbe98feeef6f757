"""Recordings of calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "recordings",
        sa.Column("conversation", sa.String(64), primary_key=True),
        sa.Column("path", sa.String(256), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("is_complete", sa.Boolean, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_index("ix_recordings_started_at", "recordings", ["started_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("recordings")
