"""Files of articles, by what is in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "knowledge_files",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(128), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
        sa.Column("kept_by", sa.String(96), nullable=False),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("knowledge_files")
