"""The database's tables. What identifies a person is only in encrypted columns (``body``)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)


class Instant(TypeDecorator[datetime]):
    """An aware time, kept as microseconds since 1970 UTC: the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Refuse times without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time without a zone: {value}")
        return round(value.timestamp() * 1_000_000)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return an aware time in UTC."""
        return None if value is None else datetime.fromtimestamp(value / 1_000_000, UTC)


metadata: Final = MetaData()

NEVER_DUE: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

counters: Final = Table(
    "counters", metadata, Column("day", Date, primary_key=True), Column("last", Integer, nullable=False)
)

work_orders: Final = Table(
    "work_orders",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("status", String(32), nullable=False),
    Column("category", String(16)),
    Column("lead_unit", String(64)),
    Column("conversation", String(64), nullable=False, index=True),
    Column("registered_at", Instant, nullable=False, index=True),
    Column("due_at", Instant),
    Column("body", LargeBinary, nullable=False),
    Column("kind", String(16)),
    Column("county", String(6)),
    Column("next_at", Instant, index=True),
    Column("due_order", Instant, nullable=False),
    Column("request", String(160), index=True, unique=True),
    Column("extension_asked_at", Instant, index=True),
    Index("work_orders_of_unit", "lead_unit", "status", "number"),
    Index("work_orders_inbox", "lead_unit", "status", "due_order", "number"),
    Index("work_orders_all_inboxes", "status", "due_order", "number"),
)
"""``due_order`` is ``due_at``, or ``NEVER_DUE``: an inbox goes by it, and what is not due comes last."""

order_facts: Final = Table(
    "order_facts",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("registered_at", Instant, nullable=False, index=True),
    Column("status", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("category", String(16)),
    Column("county", String(6)),
    Column("lead_unit", String(64)),
    Column("is_public", Boolean, nullable=False),
    Column("was_answered_at_once", Boolean, nullable=False),
    Column("counts", Boolean, nullable=False),
    Column("was_in_time", Boolean),
    Column("was_contacted", Boolean),
    Column("resolution", String(16)),
    Column("result", String(16)),
    Column("attitude", String(16)),
    Column("disclosed_at", Instant),
    Column("street", String(9)),
    Column("tier", SmallInteger),
    Column("proposed_tier", SmallInteger),
    Column("layout", SmallInteger, nullable=False, server_default="0"),
    Index("order_facts_disclosed", "disclosed_at", "number"),
    Index("order_facts_tier", "tier", "number"),
    Index("order_facts_proposed_tier", "proposed_tier", "number"),
)
"""What figures count of an order, without anything personal: narrow rows, so that a month is counted by the database.

``tier`` is where it stands while it is under supervision, ``proposed_tier`` a higher one that waits for a person; ``layout`` tells rows
that were written before all of this was.
"""

order_cards: Final = Table(
    "order_cards",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("card", String(16), primary_key=True),
    Column("about", Instant, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("unit", String(64)),
)
"""Cards that were shown (黄牌、红牌 …): for the limit that ends at ``about``, to the unit that led then."""

appeal_days: Final = Table(
    "appeal_days",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("category", String(16), primary_key=True),
    Column("county", String(6), primary_key=True),
    Column("count", Integer, nullable=False),
)
"""How many appeals of a class of the second level a county had on a whole day (days since 1970, by the city's clock); empty: unknown."""

kept_figures: Final = Table(
    "kept_figures",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("body", Text, nullable=False),
)
"""Figures that took long to count, as JSON, with the time at which they were counted; nothing personal."""

unmask_requests: Final = Table(
    "unmask_requests",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("number", String(20), nullable=False),
    Column("asker", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("unmask_requests_of_order", "number", "asker"),
    Index("unmask_requests_waiting", "state", "asked_at"),
)
"""Requests to see who a confidential citizen is, with their reasons sealed."""

order_waiting: Final = Table(
    "order_waiting",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("what", String(16), primary_key=True),
    Column("since", Instant, nullable=False, server_default="0"),
    Index("order_waiting_of_what", "what", "since", "number"),
)
"""The decisions of a person and the late answers that orders wait for besides their state, and since when (``hotline.domain.waiting``)."""

order_citizens: Final = Table(
    "order_citizens",
    metadata,
    Column("citizen", String(64), primary_key=True),
    Column("number", String(20), primary_key=True, index=True),
)
"""Who is owed what, by a keyed fingerprint of the telephone number: it can be looked up, but not read."""

conversations: Final = Table(
    "conversations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("call_id", String(256), nullable=False, index=True),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant, index=True),
    Column("outcome", String(16)),
    Column("article", String(64)),
    Column("work_order", String(20)),
    Column("rating", String(16)),
)

journal: Final = Table(
    "journal",
    metadata,
    Column("conversation", String(64), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("name", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(64), nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)

audit_head: Final = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
)

outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("key", String(160), nullable=False, unique=True),
    Column("destination", String(96), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant),
    Column("leased_until", Instant),
    Column("delivered_at", Instant),
    Column("last_error", String(256)),
    Index("outbox_pending", "state", "next_at"),
    Index("outbox_of_subject", "destination", "subject", "id"),
)

relay: Final = Table(
    "relay",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

access_keys: Final = Table(
    "access_keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("holder", String(96), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("used_at", Instant),
)
"""Keys of programs (units' and apps'); only a keyed digest of the secret is kept."""

kept_answers: Final = Table(
    "kept_answers",
    metadata,
    Column("holder", String(96), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("asked", String(64), nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("status", Integer),
    Column("body", LargeBinary),
)
"""What a program was answered the first time (幂等); ``status`` is null while the first is under way."""

linkages: Final = Table(
    "linkages",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("number", String(20), nullable=False, index=True),
    Column("line", String(8), nullable=False),
    Column("state", String(24), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Appeals handed over to other lines."""

gatherings: Final = Table(
    "gatherings",
    metadata,
    Column("key", String(96), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""What came in lately, for the watch on hot issues."""

order_supporters: Final = Table(
    "order_supporters",
    metadata,
    Column("unit", String(64), primary_key=True),
    Column("number", String(20), primary_key=True, index=True),
    Column("status", String(32), nullable=False, server_default=""),
    Column("due_order", Instant, nullable=False, server_default="0"),
    Index("order_supporters_inbox", "unit", "status", "due_order", "number"),
)
"""Which orders a unit supports (协办), since they were dispatched; ``status`` and ``due_order`` as in ``work_orders``, for its inbox."""

call_processes: Final = Table(
    "call_processes",
    metadata,
    Column("id", String(160), primary_key=True),
    Column("name", String(32), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("callers", Integer, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("is_draining", Boolean, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("suspected_at", Instant),
)
"""Processes that take calls; one that no longer shows itself is suspected to have died."""

held_calls: Final = Table(
    "held_calls",
    metadata,
    Column("conversation", String(64), primary_key=True),
    Column("process", String(160), nullable=False, index=True),
    Column("since", Instant, nullable=False),
    Column("is_secret", Boolean, nullable=False),
    Column("phone", LargeBinary),
)
"""Calls under way; a row is deleted when its call has ended."""

callback_tasks: Final = Table(
    "callback_tasks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation", String(64), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("window_end", Instant, nullable=False),
    Column("call_asked_at", Instant, index=True),
    Column("created_at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_callback_tasks_due", "state", "window_end"),
)
"""People to call back, one task for each conversation; the whole task is sealed in ``body``."""

corrections: Final = Table(
    "corrections",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("number", String(32), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_corrections_waiting", "state", "created_at"),
)
"""What people changed of what was understood; the whole correction is sealed in ``body``."""

recordings: Final = Table(
    "recordings",
    metadata,
    Column("conversation", String(64), primary_key=True),
    Column("path", String(256), nullable=False),
    Column("started_at", Instant, nullable=False, index=True),
    Column("seconds", Float),
    Column("is_complete", Boolean, nullable=False),
    Column("digest", String(64), nullable=False),
)
"""Where the sound of a call is kept; the sound itself is in a sealed file."""

party_calls: Final = Table(
    "party_calls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation", String(64), nullable=False, index=True),
    Column("party", String(64), nullable=False),
    Column("agent", String(64), nullable=False),
    Column("invited_at", Instant, nullable=False),
    Column("joined_at", Instant),
    Column("ended_at", Instant),
    Column("state", String(16), nullable=False),
    Column("citizen_took_part", Boolean, nullable=False),
)
"""Third parties that agents let into calls, and what came of each (三方通话记录)."""

outbound_calls: Final = Table(
    "outbound_calls",
    metadata,
    Column("key", String(96), primary_key=True),
    Column("purpose", String(16), nullable=False),
    Column("reference", String(64), nullable=False, index=True),
    Column("process", String(160)),
    Column("claimed_at", Instant, nullable=False, index=True),
    Column("lease_until", Instant, nullable=False),
    Column("ended_at", Instant, index=True),
    Column("outcome", String(16)),
)
"""Calls that the hotline places; ``process`` is null while nobody has one in hand."""

contacted_numbers: Final = Table(
    "contacted_numbers",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("last_at", Instant, nullable=False),
)
"""Numbers that called the hotline, as keyed fingerprints."""

nuisance_flags: Final = Table(
    "nuisance_flags",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation", String(64), nullable=False, unique=True),
    Column("number", String(64), index=True),
    Column("at", Instant, nullable=False),
    Column("verdict", String(16)),
    Column("body", LargeBinary, nullable=False),
    Index("ix_nuisance_flags_open", "verdict", "at"),
)
"""Calls that may be malicious, and what people judged; the whole flag is sealed in ``body``."""

daily_calls: Final = Table(
    "daily_calls",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("day", String(10), primary_key=True, index=True),
    Column("calls", Integer, nullable=False),
)
"""How often a number, as a keyed fingerprint, has called today."""

stopped_numbers: Final = Table(
    "stopped_numbers",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Numbers that the machine calls no more (不再外呼名单), by keyed fingerprint; number, reason and who are sealed."""

letters: Final = Table(
    "letters",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("key", String(96), nullable=False, unique=True),
    Column("correspondent", String(64), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("received_at", Instant, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("conversation", String(64), index=True),
    Column("body", LargeBinary, nullable=False),
    Column("answered_at", Instant),
    Column("way", String(8)),
    Column("answer", LargeBinary),
    Column("passed_at", Instant),
    Index("letters_of_correspondent", "correspondent", "answered_at", "id"),
    Index("letters_to_pass", "way", "passed_at"),
    Index("letters_unanswered", "answered_at", "id"),
)
"""Letters from citizens (来信) and their answers; ``way`` is how the answer goes, ``passed_at`` when it was handed over."""

correspondents: Final = Table(
    "correspondents",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("conversation", String(64)),
    Column("due_at", Instant, index=True),
    Column("holder", String(64), index=True),
    Column("leased_until", Instant),
    Column("body", LargeBinary, nullable=False),
)
"""Who writes letters, and where their conversation stands; ``holder`` is the process that answers them now."""

correspondences: Final = Table(
    "correspondences",
    metadata,
    Column("conversation", String(64), primary_key=True),
    Column("correspondent", String(64), nullable=False, index=True),
)
"""Whose letters a conversation is made of."""

evidence: Final = Table(
    "evidence",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation", String(64), nullable=False, index=True),
    Column("work_order", String(20), index=True),
    Column("kept_at", Instant, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("path", String(256), nullable=False),
    Column("digest", String(64), nullable=False),
)
"""Pictures and documents that citizens sent (证据材料); the thing itself is in a sealed file."""

accounts: Final = Table(
    "accounts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("login", String(64), nullable=False, unique=True),
    Column("number", String(32), unique=True),
    Column("roles", String(256), nullable=False),
    Column("unit", String(64), index=True),
    Column("county", String(6)),
    Column("is_locked", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Instant),
    Column("made_at", Instant, nullable=False),
    Column("last_in_at", Instant),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Who may sign in; the name and the digests of password and one-time codes are sealed in ``body``."""

account_sessions: Final = Table(
    "account_sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account", String(32), nullable=False, index=True),
    Column("how", String(32), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Signed-in browsers, by a keyed digest of the token; a row is deleted when the session ends."""

account_identities: Final = Table(
    "account_identities",
    metadata,
    Column("issuer", String(256), primary_key=True),
    Column("subject", String(256), primary_key=True),
    Column("account", String(32), nullable=False, index=True),
)
"""Who somebody is at an OpenID provider (单点登录)."""

agent_forms: Final = Table(
    "agent_forms",
    metadata,
    Column("conversation", String(64), primary_key=True),
    Column("agent", String(32), nullable=False, index=True),
    Column("changed_at", Instant, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)
"""What an agent has said of a call's form, until the call is wrapped up; one row for each call."""

caller_notes: Final = Table(
    "caller_notes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("citizen", String(64), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""What agents should know of a caller (来电人备注), by the keyed fingerprint of the telephone number; sealed."""

proof_codes: Final = Table(
    "proof_codes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("number", String(20), nullable=False, index=True),
    Column("phone", String(64), nullable=False, index=True),
    Column("digest", String(64), nullable=False),
    Column("sent_at", Instant, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("used_at", Instant),
)
"""Codes that prove that an order is one's own (验证码), as keyed digests; the telephone by keyed fingerprint. Deleted after two days."""

rule_changes: Final = Table(
    "rule_changes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("body", Text, nullable=False),
    Index("rule_changes_by_status", "status", "changed_at"),
)
"""Change sets of the dispatch catalogue (派单规则变更单); ``body`` is JSON without anything of a citizen's."""

rule_versions: Final = Table(
    "rule_versions",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("version", String(64), nullable=False, unique=True),
    Column("valid_from", Date, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("author", String(64), nullable=False),
    Column("approver", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("change_set", String(32)),
    Column("restores", String(64)),
    Column("withdrawn_at", Instant),
    Column("withdrawn_by", String(64)),
    Column("digest", String(64), nullable=False),
    Column("body", Text, nullable=False),
)
"""Published versions of the dispatch catalogue in full, never altered; ``digest`` proves that a body is whole and this version's."""

rule_trials: Final = Table(
    "rule_trials",
    metadata,
    Column("change_set", String(32), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("base", String(64), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("body", Text, nullable=False),
)
"""The last trial (试算) of a change set, by its revision and the version that it is to follow; not finished: it is running."""

progress_subscriptions: Final = Table(
    "progress_subscriptions",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("correspondent", String(64), index=True),
    Column("channel", String(16), nullable=False),
    Column("since", Instant, nullable=False),
)
"""Who wants to be told each step of their record (订阅进度), by which door; without a correspondent: its telephone, by SMS."""

weekly_briefs: Final = Table(
    "weekly_briefs",
    metadata,
    Column("monday", Date, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("texts", Text, nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", Instant, nullable=False),
    Column("issued", Text),
)
"""Weekly briefs (周报) as people left them: edited sentences of a draft, or all of what was issued."""

calendar_years: Final = Table(
    "calendar_years",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("year", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("by", String(96), nullable=False),
    Column("at", Instant, nullable=False),
    Column("undone_by", String(96)),
    Column("undone_at", Instant),
)
"""Arrangements of holidays (放假安排) that were imported; of a year the last one that was not undone holds."""
