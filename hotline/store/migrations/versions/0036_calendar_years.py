"""Years of the working calendar that were imported from the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "calendar_years",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("by", sa.String(96), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("undone_by", sa.String(96)),
        sa.Column("undone_at", sa.BigInteger),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("calendar_years")
