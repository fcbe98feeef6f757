"""What an agent is helped with while a citizen talks (坐席辅助): the form that fills itself, and what goes with it.

Everything here is proposed, never done: who heard it, how sure it is and from which words it comes goes with every value,
and what the agent corrects is theirs (个人信息保护法24; rule 50).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol

import structlog

from hotline.city import City
from hotline.dialogue.intake import Draft
from hotline.dialogue.policy import Policy
from hotline.domain.appeal import Appeal, AppealKind, ContactChannel, PhoneNumber, Place, Secrecy
from hotline.domain.errors import HotlineError
from hotline.domain.knowledge import Passage
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.routing import RoutingDecision

log: Final = structlog.get_logger("assist")

_UNDERSTAND_SECONDS: Final = 2.0
_LOOK_UP_SECONDS: Final = 2.0
_PASSAGES: Final = 4
_LAST_LINES: Final = 6
_NO_MATTER: Final = frozenset({
    Intent.AFFIRM, Intent.DENY, Intent.GREET, Intent.THANK, Intent.GOODBYE, Intent.WAIT, Intent.REPEAT,
    Intent.TRANSFER_TO_AGENT,
})  # fmt: skip
"""What is said to the listener and not of the matter: it may still name a place or a number."""
_FIELDS: Final = (
    "kind", "category", "place", "occurred", "citizen_name", "phone", "secrecy", "urgency", "facts"
)  # fmt: skip


class Understands(Protocol):
    """What understands (``nlu.understander.Understander``)."""

    async def understand(self, text: str) -> Understanding:
        """Return what ``text`` means. Raises ``EngineUnavailableError``."""


class Retrieving(Protocol):
    """What finds articles (``knowledge_base.retriever.Retriever``)."""

    async def retrieve(
        self,
        question: str,
        *,
        on: Any,
        category: str | None = None,
        county: str | None = None,
        limit: int = 5,
        is_heard: bool = False,
    ) -> Sequence[Passage]:
        """Return passages, best first. Raises ``EngineUnavailableError``."""


class Routing(Protocol):
    """Who handles an appeal (``router.router.Router``)."""

    def route(self, appeal: Appeal, *, at: datetime) -> RoutingDecision:
        """Decide; always."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a talk: who ("citizen", "hotline", "agent") said what and when; ``sequence`` is its row of the journal."""

    sequence: int
    at: str
    who: str
    text: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """One field of the form: its value, how sure it is (0–1, None: not said), the words it comes from, and who says so.

    ``by`` is an engine, "caller" for the calling number, or "agent".
    """

    value: str = ""
    confidence: float | None = None
    words: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The form as it stands: the appeal that would be registered, and where each field comes from."""

    appeal: Appeal
    fields: Mapping[str, Proposed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Help:
    """What goes with the form: articles to answer with, and who would handle it. ``None`` and empty: cannot be said."""

    passages: Sequence[Passage] = ()
    routing: RoutingDecision | None = None


def line_of(row: Mapping[str, Any]) -> Line | None:
    """Return what a row of the journal says was said, None for other rows."""
    body = row["body"]
    match row["name"]:
        case "Said":
            return Line(row["sequence"], row["at"], "citizen", body["text"], body["raw"])
        case "TalkSaid":
            return Line(row["sequence"], row["at"], body["who"], body["text"], body["raw"])
        case "KeyPressed":
            return Line(row["sequence"], row["at"], "citizen", body["key"])
        case "Say":
            return Line(row["sequence"], row["at"], "hotline", "".join(body["parts"]))
        case _:
            return None


class FormFilling:
    """Fills one conversation's form line by line. Give it the citizen's lines in order; ``is_heard``: they are spoken."""

    def __init__(
        self, caller: PhoneNumber | None, city: City, policy: Policy, *, is_heard: bool = False
    ) -> None:
        """Begin with the calling number."""
        self.is_heard = is_heard
        self._city = city
        self._policy = policy
        self._draft = Draft(phone=caller)
        self._fields: dict[str, Proposed] = {}
        self._recent: list[str] = []
        self._corrected: dict[str, Any] = {}
        if caller is not None:
            self._fields["phone"] = Proposed(caller.digits, None, "", "caller")

    @property
    def question(self) -> str:
        """The citizen's last words, to look articles up for."""
        return "，".join(self._recent)

    def heard(self, text: str, meaning: Understanding) -> None:
        """Take one line of the citizen's and what it means."""
        before = self._draft
        if meaning.intent not in _NO_MATTER:
            self._recent = [*self._recent, text][-_LAST_LINES:]
            before = before.heard(text)
        self._draft = before.filled(meaning, self._policy)
        for name in _FIELDS:
            now = _value(self._draft, name)
            if now and now != _value(before, name):
                sure = meaning.category_confidence if name in ("category", "urgency") else None
                if name == "kind":
                    sure = meaning.confidence
                self._fields[name] = Proposed(now, sure, text, meaning.engine)

    def correct(self, name: str, value: Any, shown: str) -> None:
        """Let the agent's ``value`` stand, whatever is heard later; None takes the correction back."""
        if value is None:
            self._corrected.pop(name, None)
            return
        self._corrected[name] = value
        self._fields[name] = Proposed(shown, 1.0, "", "agent")

    @property
    def corrected(self) -> frozenset[str]:
        """Which fields the agent has said."""
        return frozenset(self._corrected)

    def form(self, channel: ContactChannel = ContactChannel.PHONE) -> Form:
        """Return the form as it stands."""
        draft = self._draft
        appeal = draft.appeal(self._city.categories, channel, is_confirmed=True)
        appeal = replace(appeal, **self._corrected)
        fields = dict(self._fields)
        fields.setdefault("kind", Proposed(appeal.kind.value, None, "", ""))
        return Form(appeal, fields)


def _value(draft: Draft, name: str) -> str:
    match name:
        case "kind":
            return draft.kind.value if draft.kind is not None else ""
        case "place":
            return draft.place.text if draft.place is not None else ""
        case "phone":
            return draft.phone.digits if draft.phone is not None else ""
        case "secrecy":
            return Secrecy.CONFIDENTIAL.value if draft.wants_secrecy else ""
        case "urgency":
            return draft.urgency.value
        case "facts":
            return "、".join(f"{fact.value}" for fact in draft.facts)
        case _:
            return str(getattr(draft, name) or "")


class AgentAssist:
    """Helps with any number of conversations; an engine that is away costs the help it would give, and nothing else."""

    def __init__(
        self,
        understander: Understands,
        retriever: Retrieving,
        router: Routing,
        *,
        city: City,
        clock: Callable[[], datetime],
        policy: Policy | None = None,
    ) -> None:
        """Take the engines."""
        self._understander = understander
        self._retriever = retriever
        self._router = router
        self.city = city
        self._clock = clock
        self._policy = policy or Policy()

    def filling(self, caller: PhoneNumber | None, *, is_heard: bool = False) -> FormFilling:
        """Return an empty form; ``is_heard``: for a telephone call."""
        return FormFilling(caller, self.city, self._policy, is_heard=is_heard)

    async def hear(self, filling: FormFilling, text: str) -> bool:
        """Understand one line of the citizen's into the form; tell whether that was possible."""
        try:
            async with asyncio.timeout(_UNDERSTAND_SECONDS):
                meaning = await self._understander.understand(text)
        except Exception as error:  # noqa: BLE001 -- whatever an engine raises costs its help, and nothing else
            log.warning("assist.not_understood", error=type(error).__name__)
            return False
        filling.heard(text, meaning)
        return True

    async def help(self, filling: FormFilling, form: Form) -> Help:
        """Return articles for what was said last, and who would handle the matter as it stands."""
        return Help(await self._passages(filling, form.appeal), self._routing(form.appeal))

    async def search(self, question: str, *, county: str | None = None) -> Sequence[Passage]:
        """Return articles for an agent's own question."""
        try:
            async with asyncio.timeout(_LOOK_UP_SECONDS):
                return await self._retriever.retrieve(
                    question, on=self._clock().date(), county=county, limit=_PASSAGES * 2
                )
        except (HotlineError, TimeoutError) as error:
            log.warning("assist.not_found", error=type(error).__name__)
            return ()

    async def _passages(self, filling: FormFilling, appeal: Appeal) -> Sequence[Passage]:
        if not filling.question:
            return ()
        try:
            async with asyncio.timeout(_LOOK_UP_SECONDS):
                return await self._retriever.retrieve(
                    filling.question,
                    on=self._clock().date(),
                    category=appeal.category,
                    county=appeal.place.county_code if appeal.place is not None else None,
                    limit=_PASSAGES,
                    is_heard=filling.is_heard,
                )
        except (HotlineError, TimeoutError) as error:
            log.warning("assist.not_found", error=type(error).__name__)
            return ()

    def _routing(self, appeal: Appeal) -> RoutingDecision | None:
        if not appeal.text:
            return None
        try:
            return self._router.route(appeal, at=self._clock())
        except Exception as error:  # noqa: BLE001 -- a broken rule costs the proposal, not the call
            log.error("assist.not_routed", error=type(error).__name__)
            return None


def corrected_value(name: str, text: str, city: City, place_of: Callable[[str], Place | None]) -> Any:
    """Return what an agent's ``text`` for a field means. Raises ``ValueError`` when it cannot stand there."""
    match name:
        case "kind":
            return AppealKind(text)
        case "category":
            if text not in city.categories:
                raise ValueError(text)
            return text
        case "place":
            return (place_of(text) or Place(said=text)) if text else None
        case "phone":
            if not text.isdigit() or not 3 <= len(text) <= 15:
                raise ValueError(text)
            return PhoneNumber(text)
        case "secrecy":
            return Secrecy(text)
        case "occurred" | "citizen_name" | "text" | "summary":
            return text
        case _:
            raise ValueError(name)
