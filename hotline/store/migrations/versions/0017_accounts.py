"""Accounts, their sessions and their identities elsewhere; orders by when they are due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NEVER = 253_402_300_799_000_000


def upgrade() -> None:
    """Make the tables; give every order its place in an inbox."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("login", sa.String(64), nullable=False, unique=True),
        sa.Column("number", sa.String(32), unique=True),
        sa.Column("roles", sa.String(256), nullable=False),
        sa.Column("unit", sa.String(64), index=True),
        sa.Column("county", sa.String(6)),
        sa.Column("is_locked", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", sa.BigInteger),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("last_in_at", sa.BigInteger),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "account_sessions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(32), nullable=False, index=True),
        sa.Column("how", sa.String(32), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "account_identities",
        sa.Column("issuer", sa.String(256), primary_key=True),
        sa.Column("subject", sa.String(256), primary_key=True),
        sa.Column("account", sa.String(32), nullable=False, index=True),
    )
    op.add_column(
        "work_orders", sa.Column("due_order", sa.BigInteger, nullable=False, server_default=str(_NEVER))
    )
    op.execute("UPDATE work_orders SET due_order = due_at WHERE due_at IS NOT NULL")
    op.create_index("work_orders_inbox", "work_orders", ["lead_unit", "status", "due_order", "number"])
    op.create_index("work_orders_all_inboxes", "work_orders", ["status", "due_order", "number"])
    op.drop_index("work_orders_due", "work_orders")


def downgrade() -> None:
    """Drop them."""
    op.create_index("work_orders_due", "work_orders", ["status", "due_at"])
    for index in ("work_orders_all_inboxes", "work_orders_inbox"):
        op.drop_index(index, "work_orders")
    op.drop_column("work_orders", "due_order")
    for table in ("account_identities", "account_sessions", "accounts"):
        op.drop_table(table)
