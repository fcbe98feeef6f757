"""Taking down an appeal (受理登记): what is known of it so far, and what to ask next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hotline.dialogue.briefs import Briefs
from hotline.dialogue.policy import Policy
from hotline.dialogue.prompts import Prompts
from hotline.domain.appeal import (
    Appeal,
    AppealKind,
    ContactChannel,
    EmergencyService,
    Fact,
    Interval,
    PhoneNumber,
    Place,
    Secrecy,
    Urgency,
)
from hotline.domain.category import Category, nearest, within
from hotline.domain.meaning import Understanding

_SUMMARY_CHARACTERS = 40
_IN_THEIR_WORDS = (AppealKind.PRAISE, AppealKind.SUGGESTION)
"""“路灯问题” is not what was praised, proposed or asked."""


class Missing(StrEnum):
    """What the form still lacks, in the order it is asked."""

    MATTER = "matter"
    MATTER_CHOICE = "matter_choice"
    PLACE_CHOICE = "place_choice"
    PLACE = "place"
    PLACE_DETAIL = "place_detail"
    SECRECY = "secrecy"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Draft:
    """An appeal being taken down. ``accounts`` are the citizen's own words, turn by turn.

    ``place_choices`` are the places that may be meant and have to be asked about, once; ``category_choices`` likewise the
    finer classes of ``category``.
    """

    accounts: tuple[str, ...] = ()
    kind: AppealKind | None = None
    category: str | None = None
    category_confidence: float = 0.0
    category_choices: tuple[str, ...] = ()
    place: Place | None = None
    place_choices: tuple[Place, ...] = ()
    occurred: str = ""
    interval: Interval | None = None
    phone: PhoneNumber | None = None
    citizen_name: str = ""
    wants_secrecy: bool = False
    facts: tuple[Fact, ...] = ()
    urgency: Urgency = Urgency.ORDINARY
    understood_by: str = ""
    place_questions: int = 0
    detail_questions: int = 0
    was_asked_secrecy: bool = False
    is_all_told: bool = False  # however little was told of the matter (狗乱叫)
    was_offered_places: bool = False
    was_offered_categories: bool = False

    @property
    def text(self) -> str:
        """The account in one piece."""
        return "，".join(self.accounts)

    def heard(self, text: str) -> Draft:
        """Add the citizen's words; what is said twice is kept once."""
        text = text.strip("，。 ")
        return self if not text or text in self.accounts else replace(self, accounts=(*self.accounts, text))

    def filled(self, meaning: Understanding, policy: Policy) -> Draft:
        """Fill in what one utterance tells; known facts stay unless the citizen corrects them."""
        draft = self
        slots = meaning.slots
        certain_enough = (
            meaning.category is not None and meaning.category_confidence >= policy.category_confidence
        )
        is_finer = (
            draft.category is not None
            and meaning.category != draft.category
            and within(meaning.category, {draft.category})
        )
        if certain_enough and (is_finer or meaning.category_confidence >= draft.category_confidence):
            draft = replace(
                draft,
                category=meaning.category,
                category_choices=() if draft.was_offered_categories else meaning.choices,
                category_confidence=meaning.category_confidence,
                understood_by=meaning.engine,
                urgency=meaning.urgency,
            )
        if meaning.kind is not None and draft.kind in (None, AppealKind.INQUIRY):
            draft = replace(draft, kind=meaning.kind)
        return replace(
            draft,
            place=merged(draft.place, slots.place),
            place_choices=() if draft.was_offered_places else slots.place_choices or draft.place_choices,
            occurred=slots.occurred or draft.occurred,
            interval=slots.interval or draft.interval,
            phone=slots.phone or draft.phone,
            citizen_name=slots.people[0] if slots.people else draft.citizen_name,
            wants_secrecy=draft.wants_secrecy or slots.wants_secrecy,
            facts=tuple(dict.fromkeys((*draft.facts, *slots.facts))),
        )

    def told_apart(self, category: str) -> Draft:
        """Settle which of ``category_choices`` is meant: the citizen says so."""
        return replace(self, category=category, category_confidence=1.0, category_choices=())

    def of_kind(self, kind: AppealKind | None) -> Draft:
        """Return the draft as being of ``kind``; None: as is usual in its category."""
        return replace(self, kind=kind)

    def chosen(self, place: Place) -> Draft:
        """Settle which of ``place_choices`` is meant; what else is known of the place stays."""
        known = self.place
        detail = place.detail or (known.detail if known is not None else "")
        return replace(self, place=replace(place, detail=detail), place_choices=(), was_offered_places=True)

    def kind_of(self, category: Category | None) -> AppealKind:
        """Return its kind as far as it is known: as understood, else as is usual in its category."""
        return self.kind or (category.default_kind if category else AppealKind.HELP)

    def missing(self, categories: Mapping[str, Category], policy: Policy) -> Missing:
        """Return what to ask next."""
        is_little = len(self.text) < policy.min_matter_characters and not self.is_all_told
        if self.category is None and is_little:
            return Missing.MATTER
        # Who asks something is not asked in turn which trouble they have: whoever answers sees the question.
        if len(self.category_choices) > 1 and self.kind is not AppealKind.INQUIRY:
            return Missing.MATTER_CHOICE
        if len(self.place_choices) > 1:
            return Missing.PLACE_CHOICE
        category = nearest(self.category, categories)
        place = self._missing_place(category, policy)
        if place is not Missing.NOTHING or self.wants_secrecy or self.was_asked_secrecy:
            return place
        asks = policy.asks_secrecy(self.kind_of(category), self.category)
        return Missing.SECRECY if asks else Missing.NOTHING

    def _missing_place(self, category: Category | None, policy: Policy) -> Missing:
        if category is not None and not category.needs_place:
            return Missing.NOTHING
        if self.kind in (AppealKind.INQUIRY, AppealKind.PRAISE) and self.place is None:
            return Missing.NOTHING
        if self.place is None or not self.place.is_located:
            is_left = self.place_questions < policy.max_place_questions
            return Missing.PLACE if is_left else Missing.NOTHING
        is_coarse = not (self.place.street or self.place.detail)
        is_about_it = self.kind not in (AppealKind.INQUIRY, AppealKind.PRAISE)
        if is_coarse and is_about_it and self.detail_questions < 1:
            return Missing.PLACE_DETAIL
        return Missing.NOTHING

    def appeal(
        self,
        categories: Mapping[str, Category],
        channel: ContactChannel,
        *,
        is_confirmed: bool,
        emergency: EmergencyService | None = None,
    ) -> Appeal:
        """Return the appeal as it stands. A tip-off (举报) is confidential whether asked for or not."""
        category = nearest(self.category, categories)
        kind = self.kind_of(category)
        secret = self.wants_secrecy or kind is AppealKind.TIP_OFF
        return Appeal(
            kind=kind,
            category=self.category,
            text=self.text,
            summary=self.text[:_SUMMARY_CHARACTERS],
            place=self.place,
            occurred=self.occurred,
            interval=self.interval,
            phone=self.phone,
            citizen_name=self.citizen_name,
            secrecy=Secrecy.CONFIDENTIAL if secret else Secrecy.NONE,
            urgency=Urgency.LIFE_SAFETY if emergency else self.urgency,
            emergency=emergency,
            channel=channel,
            is_confirmed=is_confirmed,
            category_confidence=self.category_confidence,
            understood_by=self.understood_by,
            facts=self.facts,
        )

    def matter(self, prompts: Prompts, categories: Mapping[str, Category], briefs: Briefs) -> str:
        """Return how the matter is read back, cut where one of many names ends: their sound is there sooner.

        What only counts as an inquiry and is not put as a question is not called one (低保名额给了亲戚).
        """
        place = briefs.yours(_in_pieces(self.place)) if self.place else ""
        category = nearest(self.category, categories)
        is_asked = self.kind is AppealKind.INQUIRY and briefs.puts_question(self.text)
        is_named = not is_asked if self.kind is AppealKind.INQUIRY else self.kind not in _IN_THEIR_WORDS
        if is_named and category is not None and category.code[:2] != "99":
            return prompts.cut("matter_of_category", place=place, category=category.spoken)
        where = self.place.said.split("，") if self.place else ()
        accounts = tuple(said for said in self.accounts if said not in where) or self.accounts  # where, once
        words = "，".join(accounts)
        is_within = all(said and said in words for said in where)
        joined = place + prompts.text("connector_and") if place and not is_within else ""
        keywords = category.keywords if category is not None else ()
        if self.kind is AppealKind.PRAISE:
            words = briefs.beginning(accounts)
        else:
            words = briefs.in_brief(accounts, keywords, is_asked=is_asked)
        name = "matter_asked" if is_asked else "matter_in_words"
        return prompts.cut(name, place=joined, words=words)


def _in_pieces(place: Place) -> str:
    area = (place.county or "") + (place.street or "")
    return f"{area}|{place.detail}" if area and place.detail else place.text


def merged(known: Place | None, said: Place | None) -> Place | None:
    """Join two mentions of the place: a newly said county or street replaces the old, a missing one keeps it."""
    if said is None or known is None:
        return said or known
    if said.county_code is not None and said.county_code != known.county_code:
        if known.is_located:
            return said
        return replace(said, detail=said.detail or known.detail, position=said.position or known.position)
    return Place(
        said=known.said if known.said == said.said else f"{known.said}，{said.said}",
        county_code=said.county_code or known.county_code,
        county=said.county or known.county,
        street_code=said.street_code or known.street_code,
        street=said.street or known.street,
        detail=said.detail or known.detail,
        address=said.address if said.detail else known.address,
        position=said.position or known.position,
    )


def spoken_date(prompts: Prompts, at: datetime) -> str:
    """Return a day as it is said."""
    return prompts.text("due_date", month=str(at.month), day=str(at.day))
