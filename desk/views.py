"""Work orders as pages and reports show them: names for codes, local time, personal data masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hotline.city import City
from hotline.domain.appeal import Appeal, FactKind, Secrecy
from hotline.domain.category import nearest
from hotline.domain.deeds import Remind
from hotline.domain.secrecy import is_hidden, note_for_units, without_identity
from hotline.domain.work_order import HistoryEntry, WorkOrder
from hotline.identifiers import Identifier, without_identifiers
from hotline.service.talk_lines import line_of


def masked(text: str, appeal: Appeal, *, keep: Iterable[str] = ()) -> str:
    """Return ``text`` with identifiers and the citizen's name masked; the numbers in ``keep`` stay (order numbers)."""
    return _masked(text, [appeal.citizen_name], keep)


def of_order(text: str, order: WorkOrder, *, keep: Iterable[str] = ()) -> str:
    """Return what was written about an order with identifiers and all its citizens' names masked."""
    return _masked(text, [party.name for party in order.citizens], keep)


def note_of(text: str, order: WorkOrder) -> str:
    """Return what was written with a step, masked likewise; who of several citizens is meant is told by the number of their record."""
    return of_order(text, order, keep=[party.number for party in order.citizens])


def _masked(text: str, names: Iterable[str], keep: Iterable[str]) -> str:
    for name in names:
        if len(name) > 1:
            text = text.replace(name, name[0] + "*" * (len(name) - 1))
    return without_numbers(text, keep=keep)


def unit_text(text: str, order: WorkOrder) -> str:
    """Return what was written about an order as its units may see it: masked, of a hidden order without anything personal."""
    return without_identity(text, order) if is_hidden(order) else of_order(text, order)


def without_numbers(text: str, *, keep: Iterable[str] = ()) -> str:
    """Return ``text`` with long numbers and mail addresses masked, but for those in ``keep``."""
    kept = set(keep)

    def mask(found: Identifier) -> str:
        name, at, host = found.plain.partition("@")
        if at:
            return f"{name[0]}***@{host}"
        return found.said if name in kept else f"{name[:3]}{'*' * (len(name) - 5)}{name[-2:]}"

    return without_identifiers(text, mask)


def talk_of(rows: Iterable[Mapping[str, Any]], order: WorkOrder) -> list[dict[str, str]]:
    """Return what was said, of a conversation's journal: ``who`` (citizen, hotline, agent, unit), ``text``, and ``raw`` as it was heard.

    What people said to each other after the hand-over is part of it.
    """
    lines = []
    for line in map(line_of, rows):
        if line is not None and line.text:
            text, raw = (of_order(each, order, keep=[order.number]) for each in (line.text, line.raw))
            lines.append({"who": line.who, "text": text, "raw": raw if raw != text else "", "at": line.at})
    return lines


def unit_name(city: City, code: str | None) -> str | None:
    """Return a unit's name; the code itself when the unit is no longer listed."""
    if code is None:
        return None
    unit = city.units.get(code)
    return unit.name if unit else code


def category_name(city: City, code: str | None) -> str:
    """Return code and name, as reports print it."""
    category = nearest(code, city.categories)
    return f"{code} {category.name}" if category else code or ""


def order_in_report(order: WorkOrder, city: City) -> dict[str, Any]:
    """Return the order as docs/report.md describes it."""
    routing = order.routing
    due_at = order.due_at or (routing.due_at if routing else None)
    return {
        "number": order.number,
        "category": category_name(city, order.appeal.category),
        "lead_unit": unit_name(city, routing.lead_unit) if routing else None,
        "supporting_units": [unit_name(city, unit) for unit in routing.supporting_units] if routing else [],
        "due_at": due_at.astimezone(city.timezone).isoformat() if due_at else None,
        "place": order.appeal.place.text if order.appeal.place else "",
        "kind": order.appeal.kind.value,
        "is_confidential": order.appeal.secrecy is not Secrecy.NONE,
    }


def occurred_on_page(appeal: Appeal, city: City) -> str:
    """Return when it happened as it was told, and what that means by the clock."""
    if appeal.interval is None:
        return appeal.occurred
    start, end = (
        f"{at.astimezone(city.timezone):%Y-%m-%d %H:%M}"
        for at in (appeal.interval.start, appeal.interval.end)
    )
    return f"{appeal.occurred or appeal.interval.said}（{start} – {end}）"


def _of_part(entry: HistoryEntry, city: City) -> str:
    """Return whose part of an order a reminder is about."""
    match entry.deed:
        case Remind(unit=str(unit)):
            return f"：{unit_name(city, unit)}"
        case _:
            return ""


def order_on_page(
    order: WorkOrder, city: City, words: Mapping[str, Any], *, for_units: bool = False
) -> dict[str, Any]:
    """Return everything a page shows of an order; ``for_units``: as its units may see it."""
    appeal, routing = order.appeal, order.routing

    def local(at: datetime | None) -> str:
        return f"{at.astimezone(city.timezone):%Y-%m-%d %H:%M}" if at else ""

    def shown(text: str) -> str:
        return unit_text(text, order) if for_units else of_order(text, order)

    def note(entry: HistoryEntry) -> str:
        return note_of(note_for_units(entry, order) if for_units else entry.note, order)

    return {
        **order_in_report(order, city),
        "registered_at": local(order.registered_at),
        "kind": words["kinds"][appeal.kind.value],
        "status": words["statuses"][order.status.value],
        "due_at": local(order.due_at or (routing.due_at if routing else None)),
        "sign_by": local(routing.sign_by) if routing else "",
        "limit_basis": routing.limit_basis if routing else "",
        "because": routing.because if routing else "",
        "rule": routing.rule if routing else "",
        "catalogue_version": routing.catalogue_version if routing else "",
        "runners_up": [
            {"unit": unit_name(city, one.unit), "rule": one.rule, "because": one.because}
            for one in (routing.runners_up if routing else ())
        ],
        "place": shown(appeal.place.text) if appeal.place else "",
        "text": shown(appeal.text),
        "occurred": occurred_on_page(appeal, city),
        "facts": [
            {
                "kind": words["facts"][fact.kind.value],
                "value": words["yuan"].format(amount=fact.value)
                if fact.kind is FactKind.AMOUNT
                else shown(fact.value),
                "said": "" if fact.said == fact.value else shown(fact.said),
            }
            for fact in appeal.facts
        ],
        "certainty": round(appeal.category_confidence * 100),
        "phone": str(appeal.phone) if appeal.phone and not (for_units and is_hidden(order)) else "",
        "is_confidential": appeal.secrecy is Secrecy.CONFIDENTIAL,
        "is_confirmed": appeal.is_confirmed,
        "understood_by": appeal.understood_by,
        "limits": [
            {
                "purpose": words["purposes"].get(limit.purpose.value, limit.name),
                "start": local(limit.start),
                "end": local(limit.end),
                "basis": limit.basis,
                "is_confirmed": limit.is_confirmed,
            }
            for limit in order.limits
        ],
        "joined": len(order.citizens) - 1,
        "history": [
            {
                "at": local(entry.at),
                "step": words["steps"].get(entry.step.value, "") if entry.step else "",
                "status": words["statuses"][entry.after.value],
                "by": unit_name(city, entry.by.unit)
                or words["actors"].get(entry.by.role.value)
                or entry.by.id,
                "note": words["notes"].get(entry.note, note(entry)) + _of_part(entry, city),
            }
            for entry in order.history
        ],
    }
