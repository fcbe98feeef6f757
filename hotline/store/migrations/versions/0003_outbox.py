"""The outbox: messages written with the change they tell of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "outbox",
        sa.Column("id", number, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(160), nullable=False, unique=True),
        sa.Column("destination", sa.String(96), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("leased_until", sa.BigInteger),
        sa.Column("delivered_at", sa.BigInteger),
        sa.Column("last_error", sa.String(256)),
    )
    op.create_index("outbox_pending", "outbox", ["state", "next_at"])
    op.create_index("outbox_of_subject", "outbox", ["destination", "subject", "id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("outbox")
