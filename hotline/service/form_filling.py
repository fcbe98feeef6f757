"""The form of a conversation, filled as the citizen is heard (登记表): what the agent says of a field stands, the rest is proposed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from hotline.city import City
from hotline.dialogue.intake import Draft
from hotline.dialogue.policy import Policy
from hotline.domain.appeal import (
    Appeal,
    AppealKind,
    ContactChannel,
    Fact,
    FactKind,
    PhoneNumber,
    Place,
    Secrecy,
    Urgency,
)
from hotline.domain.meaning import Intent, Understanding
from nlu.intervals import find_interval

_LAST_LINES: Final = 6
_SUMMARY_CHARACTERS: Final = 40
_YES_OR_NO: Final = {"yes": True, "no": False}
NO_FACTS: Final = "none"
_BETWEEN: Final = "；"
_NOT_SAID: Final = {Secrecy.NONE.value: "", "no": "", NO_FACTS: ""}
_NO_MATTER: Final = frozenset({
    Intent.AFFIRM, Intent.DENY, Intent.GREET, Intent.THANK, Intent.GOODBYE, Intent.WAIT, Intent.REPEAT,
    Intent.TRANSFER_TO_AGENT,
})  # fmt: skip
"""What is said to the listener and not of the matter: it may still name a place or a number."""
_FIELDS: Final = (
    "kind", "category", "place", "occurred", "citizen_name", "phone", "secrecy", "urgency", "facts"
)  # fmt: skip


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
    """The form as it stands: the appeal that would be registered, and where each field comes from.

    ``otherwise`` is what was heard of fields of which the agent says something else.
    """

    appeal: Appeal
    fields: Mapping[str, Proposed] = field(default_factory=dict)
    otherwise: Mapping[str, Proposed] = field(default_factory=dict)


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
        self._corrected: dict[str, tuple[Mapping[str, Any], str]] = {}
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

    def correct(self, name: str, said: Mapping[str, Any] | None, shown: str) -> None:
        """Let what the agent ``said`` (``corrected``) stand, whatever is heard later; None takes it back."""
        if said is None:
            self._corrected.pop(name, None)
        else:
            self._corrected[name] = said, shown

    def correct_all(
        self, typed: Mapping[str, str], place_of: Callable[[str], Place | None], at: datetime
    ) -> None:
        """Let exactly what the agent has typed stand, by field; ``at``: when the citizen spoke. What is malformed is left out."""
        for name in self.corrected - typed.keys():
            self.correct(name, None, "")
        for name, text in typed.items():
            with suppress(ValueError):
                self.correct(name, corrected(name, text, self._city, place_of, at), text)

    @property
    def corrected(self) -> frozenset[str]:
        """Which fields the agent has said."""
        return frozenset(self._corrected)

    @property
    def changed(self) -> frozenset[str]:
        """Which fields the agent says otherwise than they were heard, or that were not heard."""
        said = {name: _NOT_SAID.get(shown, shown) for name, (_, shown) in self._corrected.items()}
        return frozenset(name for name, shown in said.items() if _value(self._draft, name) != shown)

    def judged(self) -> Mapping[str, Any]:
        """Return what a person made of what the machine proposed, without anything personal (个人信息保护法24; rule 50)."""
        changed, heard, appeal = self.changed, self._draft, self.form().appeal
        return {
            "engine": heard.understood_by,
            "confidence": round(heard.category_confidence, 3),
            "category": [heard.category, appeal.category],
            "accepted": sorted(self.corrected - changed),
            "changed": sorted(changed),
        }

    def form(self, channel: ContactChannel = ContactChannel.PHONE) -> Form:
        """Return the form as it stands. A tip-off (举报) is confidential, whatever is said of that."""
        said = {name: value for values, _ in self._corrected.values() for name, value in values.items()}
        draft = self._draft
        if said.get("category") not in (None, draft.category):
            draft = replace(draft, category=said["category"], category_confidence=0.0, understood_by="")
        if "kind" in said:
            draft = draft.of_kind(said["kind"])
        appeal = draft.appeal(self._city.categories, channel, is_confirmed=True)
        if "facts" in said:  # what was heard keeps the words that it was heard in
            heard = {(fact.kind, fact.value): fact for fact in draft.facts}
            said["facts"] = tuple(heard.get((fact.kind, fact.value), fact) for fact in said["facts"])
        appeal = replace(appeal, **said)
        if appeal.kind is AppealKind.TIP_OFF:
            appeal = replace(appeal, secrecy=Secrecy.CONFIDENTIAL)
        fields = {name: Proposed(shown, 1.0, "", "agent") for name, (_, shown) in self._corrected.items()}
        fields = {"kind": Proposed(appeal.kind.value), **self._fields, **fields}
        proposed = {name: one for name, one in self._fields.items() if one.by != "caller"}
        return Form(appeal, fields, {name: proposed[name] for name in self.changed & proposed.keys()})


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
            return facts_in_short(draft.facts) if draft.facts else ""
        case _:
            return str(getattr(draft, name, None) or "")


def corrected(
    name: str, text: str, city: City, place_of: Callable[[str], Place | None], at: datetime
) -> Mapping[str, Any]:
    """Return what an agent's ``text`` for a field makes of the appeal: its fields with their values.

    ``at`` is when the citizen spoke; a category may be typed by code or by name. Raises ``ValueError`` when the text cannot stand.
    """
    match name:
        case "kind" | "secrecy" | "urgency" | "citizen_name" | "facts":
            return {name: _READ[name](text)}
        case "category":
            return {name: category_of(text, city)}
        case "place":
            return {name: place_of(text) or Place(said=text)}
        case "phone" if text.isdigit() and 3 <= len(text) <= 15:
            return {name: PhoneNumber(text)}
        case "is_about_minor" if text in _YES_OR_NO:
            return {name: _YES_OR_NO[text]}
        case "occurred":
            return {name: text, "interval": find_interval(text, at.astimezone(city.timezone))}
        case "text":
            return {name: text, "summary": text[:_SUMMARY_CHARACTERS]}
        case _:
            raise ValueError(f"{name}: {text}")


def facts_in_short(facts: Iterable[Fact]) -> str:
    """Return facts as an agent's word for them is kept: kind and value, one after the other."""
    return _BETWEEN.join(f"{fact.kind.value} {fact.value}" for fact in facts) or NO_FACTS


def _facts_of(text: str) -> tuple[Fact, ...]:
    parts = (part.partition(" ") for part in text.split(_BETWEEN)) if text != NO_FACTS else ()
    return tuple(Fact(FactKind(kind), value, value) for kind, _, value in parts)


_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "kind": AppealKind, "secrecy": Secrecy, "urgency": Urgency, "citizen_name": str, "facts": _facts_of
}  # fmt: skip


def category_of(text: str, city: City) -> str:
    """Return the code of a category that was typed by its code, its name, or both. Raises ``ValueError``."""
    code = text.split(maxsplit=1)[0] if text.split() else ""
    if code in city.categories:
        return code
    named = sorted((code for code, one in city.categories.items() if one.name == text), key=len)
    if not named or any(not code.startswith(named[0]) for code in named):
        raise ValueError(text)
    return named[0]
