"""The knowledge base's tables, of the same database as ``hotline.store.tables``."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from hotline.store.tables import Instant, metadata

articles: Final = Table(
    "articles",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("unit", String(96), nullable=False, index=True),
    Column("category", String(16), index=True),
    Column("status", String(16), nullable=False, index=True),
    Column("latest", Integer, nullable=False),
    Column("published", Integer),
    Column("is_open", Boolean, nullable=False),
    Column("seed", String(64)),
    Column("changed_at", Instant, nullable=False),
)
"""Articles by their latest version. ``published`` is the version in force, ``seed`` what the city's files last said."""

article_versions: Final = Table(
    "article_versions",
    metadata,
    Column("article", String(40), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("status", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("publish_at", Instant),
    Column("valid_until", Date),
    Column("body", Text, nullable=False),
    Index("article_versions_due", "status", "publish_at"),
    Index("article_versions_ending", "status", "valid_until"),
)
"""All versions with their life; articles tell nothing of citizens, so they are not sealed."""

knowledge_head: Final = Table(
    "knowledge_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
)
"""One row: how often what may be answered with has changed."""

knowledge_changes: Final = Table(
    "knowledge_changes",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("token", String(32), nullable=False),
    Column("article", String(40), nullable=False),
)
"""Which articles changed, for the indexes: one that knows a sequence by another token was made from another database."""

knowledge_tasks: Final = Table(
    "knowledge_tasks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(160), nullable=False, unique=True),
    Column("unit", String(64), nullable=False, index=True),
    Column("ground", String(16), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("next_at", Instant, index=True),
    Column("revision", Integer, nullable=False),
    Column("body", Text, nullable=False),
)
"""What units owe the knowledge base."""

knowledge_candidates: Final = Table(
    "knowledge_candidates",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(96), nullable=False, unique=True),
    Column("state", String(16), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Inquiries that could not be answered at once, for the editors; citizens' words are sealed."""

NO_QUESTION: Final = b""
"""Stands for a question whose time was over (``hotline.store.retention``); what came of it is still counted."""

lookups: Final = Table(
    "lookups",
    metadata,
    Column("conversation", String(64), primary_key=True),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False, index=True),
    Column("article", String(40), index=True),
    Column("version", Integer),
    Column("score", Float),
    Column("is_answered", Boolean, nullable=False),
    Column("helped", Boolean),
    Column("category", String(16)),
    Column("question", LargeBinary, nullable=False),
)
"""What was looked up: which article came first, whether it was answered with and whether it helped; the question sealed."""

golden_questions: Final = Table(
    "golden_questions",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("body", Text, nullable=False),
)
"""Golden questions that editors added or changed; the city's files hold the others."""

golden_checks: Final = Table(
    "golden_checks",
    metadata,
    Column("subject", String(40), primary_key=True),
    Column("token", String(32), nullable=False),
    Column("is_running", Boolean, nullable=False),
    Column("beat_at", Instant, nullable=False),
    Column("body", Text, nullable=False),
    Column("verdicts", Text),
)
"""The last check on golden questions of each article, and of all that is in force with how each question went."""

knowledge_files: Final = Table(
    "knowledge_files",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(128), nullable=False),
    Column("size", Integer, nullable=False),
    Column("kept_at", Instant, nullable=False),
    Column("kept_by", String(96), nullable=False),
)
"""Forms and documents that editors handed in; which articles carry them is in the versions, what is in them in sealed files."""
