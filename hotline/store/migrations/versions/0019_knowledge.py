"""Articles with their versions, tasks, candidates, what was looked up, and editors' golden questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "articles",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("unit", sa.String(96), nullable=False),
        sa.Column("category", sa.String(16)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("latest", sa.Integer, nullable=False),
        sa.Column("published", sa.Integer),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("seed", sa.String(64)),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    for column in ("unit", "category", "status"):
        op.create_index(f"ix_articles_{column}", "articles", [column])
    op.create_table(
        "article_versions",
        sa.Column("article", sa.String(40), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("publish_at", sa.BigInteger),
        sa.Column("valid_until", sa.Date),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("article_versions_due", "article_versions", ["status", "publish_at"])
    op.create_index("article_versions_ending", "article_versions", ["status", "valid_until"])
    head = op.create_table(
        "knowledge_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "sequence": 0}])
    op.create_table(
        "knowledge_changes",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("article", sa.String(40), nullable=False),
    )
    op.create_table(
        "knowledge_tasks",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(160), nullable=False, unique=True),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("ground", sa.String(16), nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    for column in ("unit", "next_at"):
        op.create_index(f"ix_knowledge_tasks_{column}", "knowledge_tasks", [column])
    op.create_table(
        "knowledge_candidates",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(96), nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_knowledge_candidates_state", "knowledge_candidates", ["state"])
    op.create_table(
        "lookups",
        sa.Column("conversation", sa.String(64), primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("article", sa.String(40)),
        sa.Column("version", sa.Integer),
        sa.Column("score", sa.Float),
        sa.Column("is_answered", sa.Boolean, nullable=False),
        sa.Column("helped", sa.Boolean),
        sa.Column("category", sa.String(16)),
        sa.Column("question", sa.LargeBinary, nullable=False),
    )
    for column in ("at", "article"):
        op.create_index(f"ix_lookups_{column}", "lookups", [column])
    op.create_table(
        "golden_questions",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in (
        "golden_questions",
        "lookups",
        "knowledge_candidates",
        "knowledge_tasks",
        "knowledge_changes",
        "knowledge_head",
        "article_versions",
        "articles",
    ):
        op.drop_table(table)
