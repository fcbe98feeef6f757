"""First tables: counters, work orders, conversations, journal, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the head of the audit chain."""
    op.create_table(
        "counters", sa.Column("day", sa.Date, primary_key=True), sa.Column("last", sa.Integer, nullable=False)
    )
    op.create_table(
        "work_orders",
        sa.Column("number", sa.String(20), primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("category", sa.String(16)),
        sa.Column("lead_unit", sa.String(64)),
        sa.Column("conversation", sa.String(64), nullable=False),
        sa.Column("registered_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_work_orders_conversation", "work_orders", ["conversation"])
    op.create_index("ix_work_orders_registered_at", "work_orders", ["registered_at"])
    op.create_index("work_orders_due", "work_orders", ["status", "due_at"])
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("call_id", sa.String(256), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("outcome", sa.String(16)),
        sa.Column("article", sa.String(64)),
        sa.Column("work_order", sa.String(20)),
    )
    op.create_index("ix_conversations_call_id", "conversations", ["call_id"])
    op.create_table(
        "journal",
        sa.Column("conversation", sa.String(64), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "audit",
        sa.Column("sequence", number, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "sequence": 0, "digest": "0" * 64}])


def downgrade() -> None:
    """Drop the tables."""
    for table in ("audit_head", "audit", "journal", "conversations", "work_orders", "counters"):
        op.drop_table(table)
