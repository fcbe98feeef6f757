"""What the knowledge base lacks (知识缺口): answered inquiries flow back, questions asked in vain are put together.

``一次未能即答的咨询办结后，自动回流为候选条目，审核后入库`` (rule 48). Candidates wait for a person: the machine drafts, it never
publishes. What citizens said is masked before it is kept, and nothing comes of confidential orders and tip-offs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from hotline.domain.article_life import (
    ArticleStepRefusedError,
    ArticleVersion,
    Refusal,
    StaleArticleError,
)
from hotline.domain.errors import DeedRefusedError
from hotline.domain.handling_unit import HandlingUnit
from hotline.domain.knowledge import Article, Passage
from hotline.domain.knowledge_rules import KnowledgeRules
from hotline.domain.knowledge_use import (
    Candidate,
    CandidateNotFoundError,
    CandidateOrigin,
    CandidateSettledError,
    CandidateState,
)
from hotline.domain.people import MACHINE, Actor
from hotline.domain.secrecy import is_hidden, without_identity
from hotline.domain.work_order import WorkOrder
from hotline.masking import leaks, masked
from hotline.service.knowledge import Knowledge
from hotline.store.knowledge import SqlKnowledge
from hotline.store.knowledge_use import SqlKnowledgeUse
from hotline.store.order_search import SqlOrderSearch

_PAGE: Final = 200
_SLOWEST: Final = timedelta(days=366)
"""So long an inquiry may be under way."""
_MOST_QUESTIONS: Final = 5_000
_SHOWN: Final = 8
_LONGEST_TITLE: Final = 60
_TRIES: Final = 3
_ANY: Final = "9901"
"""The category of what belongs nowhere: an article without one is numbered there."""


class Finder(Protocol):
    """Finds what is near a question, and questions that belong together (``app.knowledge_finder``)."""

    async def nearest(self, question: str, *, on: date) -> Passage | None:
        """Return the nearest published article, or None."""

    async def grouped(self, questions: Sequence[str]) -> Sequence[Sequence[int]]:
        """Return the places of questions that ask the same, the largest group first."""


class KnowledgeGaps:
    """Finds what is missing and drafts it."""

    def __init__(
        self,
        use: SqlKnowledgeUse,
        orders: SqlOrderSearch,
        finder: Finder,
        *,
        units: Mapping[str, HandlingUnit],
        timezone: ZoneInfo,
        rules: KnowledgeRules,
    ) -> None:
        """Take what was looked up, the orders, and what finds."""
        self._use = use
        self._orders = orders
        self._finder = finder
        self._units = units
        self._timezone = timezone
        self._rules = rules

    async def bring_back(self, now: datetime) -> int:
        """Make candidates of inquiries that were concluded within ``look_back``; return how many are new."""
        fresh, after = 0, ""
        since = now - self._rules.look_back
        while found := await self._orders.answered_later(
            (since - _SLOWEST, now), stepped_since=since, after=after, limit=_PAGE
        ):
            for order in found:
                if (order.concluded_at or order.registered_at) < since:
                    continue
                if (candidate := self._of_order(order, now)) is not None:
                    fresh += await self._use.add(candidate, at=now, by=MACHINE)
            after = found[-1].number
        return fresh

    async def find(self, now: datetime) -> Sequence[Candidate]:
        """Make candidates of questions that were asked in vain again and again; return those that are new."""
        asked = await self._use.in_vain(now - self._rules.look_back, limit=_MOST_QUESTIONS)
        texts = [masked(one.question) for one in asked]
        fresh, known = [], await self._known()
        for group in await self._finder.grouped(texts):
            if len(group) < self._rules.asked_in_vain:
                break
            questions = tuple(dict.fromkeys(texts[place] for place in group))
            if not known.isdisjoint(questions):  # waiting, taken or dismissed, under whichever id
                continue
            nearest = await self._finder.nearest(questions[0], on=now.astimezone(self._timezone).date())
            categories = [asked[place].category for place in group if asked[place].category is not None]
            digest = _digest(min(questions))
            candidate = Candidate(
                id=digest,
                key=f"in_vain:{digest}",
                origin=CandidateOrigin.IN_VAIN,
                questions=questions[:_SHOWN],
                at=now,
                title=min(questions, key=len)[:_LONGEST_TITLE],
                unit=nearest.article.unit if nearest is not None else "",
                category=max(categories, key=categories.count) if categories else None,
                asked=len(group),
                like=nearest.article.id if nearest is not None else None,
            )
            if await self._use.add(candidate, at=now, by=MACHINE):
                fresh.append(candidate)
        return fresh

    async def _known(self) -> set[str]:
        """Return the questions of all candidates that there ever were."""
        known: set[str] = set()
        for state in CandidateState:
            after = ""
            while found := await self._use.candidates(state=state, after=after, limit=_PAGE):
                known.update(question for one in found for question in one.questions)
                after = found[-1].id
        return known

    def _of_order(self, order: WorkOrder, now: datetime) -> Candidate | None:
        """Return what an answered inquiry adds; None where it was answered at once or must stay confidential."""
        if order.article is not None or not may_be_suggested(order):
            return None
        unit = self._units.get(order.lead_unit or "")
        return _candidate_of(order, suggestion_of(order), unit.name if unit is not None else "", now)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An article as a unit suggests it from an order that it has handled (建议入库). ``source``: the order, in words."""

    title: str
    questions: tuple[str, ...]
    answer: str
    basis: str = ""
    source: str = ""


def may_be_suggested(order: WorkOrder) -> bool:
    """Whether an order's reply may become an article: never of who wants to stay unknown, a tip-off, or about a minor."""
    return order.reply is not None and not is_hidden(order) and order.may_be_disclosed


def suggestion_of(order: WorkOrder) -> Suggestion:
    """Return what the machine proposes: the question and the public reply, without anything personal."""
    names = [party.name for party in order.citizens]
    question = masked(without_identity(order.appeal.text, order), names)
    answer = masked(order.reply.public, names) if order.reply is not None else ""
    return Suggestion(question[:_LONGEST_TITLE], (question,), answer)


def _candidate_of(order: WorkOrder, given: Suggestion, unit: str, at: datetime) -> Candidate:
    return Candidate(
        id=_digest(order.number),
        key=f"order:{order.number}",
        origin=CandidateOrigin.ORDER,
        questions=given.questions,
        at=at,
        title=given.title,
        answer=given.answer,
        unit=unit,
        category=order.appeal.category,
    )


class Drafting:
    """Turns candidates into drafts, by a person."""

    def __init__(
        self, use: SqlKnowledgeUse, kept: SqlKnowledge, editing: Knowledge, timezone: ZoneInfo
    ) -> None:
        """Take candidates and articles."""
        self._use = use
        self._kept = kept
        self._editing = editing
        self._timezone = timezone

    async def take(self, candidate: str, *, by: Actor, at: datetime) -> ArticleVersion:
        """Start an article of a candidate: title, ways of asking, the unit to ask, and the answer that was given."""
        found = await self._use.candidate(candidate)
        return await self._drafted(found, f"candidate:{found.id}", by=by, at=at)

    async def suggest(
        self, order: WorkOrder, given: Suggestion, *, unit: str, by: Actor, at: datetime
    ) -> ArticleVersion:
        """Start an article of an order that ``unit`` (its name) has handled, for the editors to complete; once for each order.

        Raises ``DeedRefusedError`` while it tells who anybody is, ``CandidateSettledError`` when it was suggested before.
        """
        if not may_be_suggested(order):
            raise DeedRefusedError(missing="可以公开的答复")
        for what, text in (("标题", given.title), ("问法", "".join(given.questions)), ("答复", given.answer)):
            if not text.strip():
                raise DeedRefusedError(missing=what)
        whole = "\n".join((given.title, *given.questions, given.answer, given.basis))
        if told := leaks(whole, [party.name for party in order.citizens]):
            raise DeedRefusedError(missing=f"脱敏：仍有{'、'.join(told)}")
        candidate = _candidate_of(order, given, unit, at)
        await self._use.add(candidate, at=at, by=by)  # the machine may have found it already
        known = await self._use.candidate(candidate.id)
        wanted = replace(candidate, state=known.state, revision=known.revision)
        return await self._drafted(wanted, f"order:{order.number}", given, by=by, at=at)

    async def suggested(self, order: WorkOrder) -> str | None:
        """Return the id of the article that was made of an order, None when there is none."""
        try:
            return (await self._use.candidate(_digest(order.number))).article
        except CandidateNotFoundError:
            return None

    async def _drafted(
        self, found: Candidate, origin: str, given: Suggestion | None = None, *, by: Actor, at: datetime
    ) -> ArticleVersion:
        found.taken("", by=by)  # refuses before anything is drafted
        article = Article(
            id="",
            version=1,
            title=found.title,
            questions=found.questions,
            spoken="",
            full=found.answer,
            unit=found.unit,
            source=given.source if given is not None else "",
            legal_basis=given.basis if given is not None else "",
            valid_from=at.astimezone(self._timezone).date(),
            category=found.category,
        )
        draft = await self.begin(article, by=by, at=at, origin=origin)
        try:
            await self._use.settle(found.taken(draft.id, by=by), expected=found.revision, at=at, by=by)
        except CandidateSettledError as error:  # somebody else was quicker
            await self._editing.discard(draft.id, error.reason, by=by, at=at, expected=draft.revision)
            raise
        return draft

    async def begin(
        self, article: Article, *, by: Actor, at: datetime, note: str = "", origin: str = ""
    ) -> ArticleVersion:
        """Start an article under the next free number of its category: somebody else may take that at the same time."""
        for left in reversed(range(_TRIES)):
            numbered = replace(article, id=await self.next_id(article.category or _ANY))
            try:
                return await self._editing.start(numbered, by=by, at=at, note=note, origin=origin)
            except (StaleArticleError, ArticleStepRefusedError) as error:
                if not left or getattr(error, "refusal", None) not in (None, Refusal.OPEN_VERSION):
                    raise
        raise AssertionError

    async def dismiss(self, candidate: str, reason: str, *, by: Actor, at: datetime) -> Candidate:
        """Dismiss a candidate, with the reason."""
        found = await self._use.candidate(candidate)
        dismissed = found.dismissed(reason, by=by)
        await self._use.settle(dismissed, expected=found.revision, at=at, by=by)
        return dismissed

    async def next_id(self, category: str) -> str:
        """Return the next free id of a category: A and its first four digits, a hyphen, a number."""
        beginning = f"A{category[:4]}-"
        numbers = [
            int(id_.removeprefix(beginning))
            for id_ in await self._kept.ids(beginning)
            if id_.removeprefix(beginning).isdecimal()
        ]
        return f"{beginning}{max(numbers, default=0) + 1:02d}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
