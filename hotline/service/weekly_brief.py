"""The weekly brief (热线周报): a draft from the city's template and the week's figures, for a person to edit and send."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from hotline.city import City, read_yaml
from hotline.domain.category import nearest
from hotline.domain.deeds import Card, Tier
from hotline.domain.errors import CityConfigError
from hotline.domain.forecasting import Forecast
from hotline.domain.weekly_issues import WEEK, HotIssues, Issue
from hotline.service.appeal_trends import AppealTrends
from hotline.service.supervision_board import SupervisionBoard
from hotline.store.briefs import KeptBrief, SqlBriefs
from hotline.store.order_facts import SqlOrderFacts

_YEAR: Final = 52 * WEEK
_NAMED: Final = 5
PLACES: Final = frozenset(
    {
        "first", "last", "accepted", "week_change", "year_change", "daily", "peak_day", "peak", "at_once", "at_once_rate",
        "top", "counties", "unplaced", "hot", "yellow", "red", "supervised", "tiers", "proposed", "overdue", "ahead",
        "error", "naive_error", "withheld", "at",
    }
)  # fmt: skip
TABLES: Final = frozenset({"days", "classes", "counties", "hot", "cards", "forecast"})
PHRASES: Final = frozenset(
    {"more", "less", "same", "unknown", "none", "than_week", "than_year", "item", "hot_item"}
)


@dataclass(frozen=True, slots=True)
class BriefSection:
    """One section: its sentences, which a person may change, and its table."""

    key: str
    heading: str
    text: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Brief:
    """A week's brief, from ``monday`` on."""

    monday: date
    title: str
    subtitle: str
    sections: tuple[BriefSection, ...]

    def edited(self, texts: Mapping[str, str]) -> Brief:
        """Return it with the sentences that a person wrote, by the key of their section."""
        return replace(
            self, sections=tuple(replace(each, text=texts.get(each.key, each.text)) for each in self.sections)
        )


_BRIEF: Final = TypeAdapter(Brief)


@dataclass(frozen=True, slots=True)
class Template:
    """The city's template; see ``prompts/brief.yaml``."""

    title: str
    subtitle: str
    fonts: Mapping[str, Any]
    most_rows: int
    phrases: Mapping[str, str]
    sections: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """What a brief is written from."""

    monday: date
    at: datetime
    days: Sequence[tuple[date, int]]
    before: int
    year_before: int
    at_once: int
    categories: Mapping[str, tuple[int, int]]
    counties: Mapping[str, int]
    hot: HotIssues
    whole: HotIssues
    cards: Mapping[str, Mapping[Card, int]]
    tiers: Mapping[Tier, int]
    proposed: int
    overdue: int


def load_template(city: City) -> Template:
    """Read and check the template. Raises ``CityConfigError``."""
    file = city.folder / "prompts" / "brief.yaml"
    given = read_yaml(file)
    try:
        template = Template(**given)
        for each in template.sections:
            _check(file, each)
        if missing := PHRASES - template.phrases.keys():
            raise CityConfigError(file=str(file), row="phrases", reason=f"缺少 {'、'.join(sorted(missing))}")
    except (TypeError, KeyError) as error:
        raise CityConfigError(file=str(file), reason=f"字段缺失或多余：{error}") from error
    return template


def _check(file: Path, section: Mapping[str, Any]) -> None:
    row = f"sections: {section.get('key', '')}"
    try:
        named = {name for text in (section["text"], section.get("not_made", "")) for _, name, _, _ in string.Formatter().parse(text) if name is not None}  # fmt: skip
    except ValueError as error:
        raise CityConfigError(file=str(file), row=row, reason=f"花括号不成对：{error}") from error
    if unknown := named - PLACES:
        raise CityConfigError(file=str(file), row=row, reason=f"没有这样的数：{'、'.join(sorted(unknown))}")
    if (table := section.get("table")) is not None and table not in TABLES:
        raise CityConfigError(file=str(file), row=row, reason=f"没有这样的表：{table}")


class WeeklyBriefs:
    """Drafts briefs. Raises ``StoreUnavailableError`` when the database is away."""

    def __init__(
        self,
        trends: AppealTrends,
        board: SupervisionBoard,
        facts: SqlOrderFacts,
        kept: SqlBriefs,
        *,
        city: City,
        words: Mapping[str, Any],
        clock: Callable[[], datetime],
    ) -> None:
        """Take the figures, what people left, the city with its template, and the names of tiers (``words["tiers"]``)."""
        self._trends = trends
        self._board = board
        self._facts = facts
        self._kept = kept
        self._city = city
        self._words = words
        self._clock = clock
        self.template = load_template(city)

    async def mondays(self) -> tuple[date, ...]:
        """Return the weeks that a brief may be about, the latest first: the last twelve whole ones, and those that were kept."""
        last = self._trends.last_monday()
        recent = {last - WEEK * step for step in range(12)}
        return tuple(sorted(recent | set(await self._kept.mondays()), reverse=True))

    async def of(self, monday: date, *, overdue: int) -> tuple[Brief, KeptBrief | None]:
        """Return a week's brief: as it was issued; else the draft with the sentences that people left; and what was kept of it."""
        kept = await self._kept.of(monday)
        if kept is not None and kept.issued is not None:
            return _BRIEF.validate_json(kept.issued), kept
        draft = await self.draft(monday, overdue=overdue)
        return (draft if kept is None else draft.edited(kept.texts)), kept

    async def keep(
        self, monday: date, texts: Mapping[str, str], *, revision: int, overdue: int, by: str, is_issued: bool = False
    ) -> Brief:  # fmt: skip
        """Keep the sentences that differ from the draft's, or issue the brief: figures and all, it stays as it is then.

        ``revision`` is the one that was read, 0 for none. Raises ``StaleBriefError``.
        """
        draft = await self.draft(monday, overdue=overdue)
        own = {each.key: each.text.strip() for each in draft.sections}
        edited = {key: text for key, text in texts.items() if key in own and text != own[key]}
        brief = draft.edited(edited)
        issued = _BRIEF.dump_json(brief).decode() if is_issued else None
        await self._kept.keep(KeptBrief(monday, revision + 1, edited, by, self._clock(), issued))
        return brief

    async def draft(self, monday: date, *, overdue: int) -> Brief:
        """Return the draft for the week of ``monday``; ``overdue`` is how many orders units have overdue now."""
        return composed(await self._figures(monday, overdue), self.template, self._city, self._words)

    async def _figures(self, monday: date, overdue: int) -> WeekFigures:
        end, trends = monday + WEEK, self._trends
        before = await trends.by_day(7, end=monday)
        year_before = await trends.by_day(7, end=end - _YEAR)
        start, stop = (datetime.combine(day, time(), self._city.timezone) for day in (monday, end))
        cards: dict[str, dict[Card, int]] = {}
        for each in await self._board.cards_between(monday, end):
            cards.setdefault(each.unit or "", {})[each.card] = each.count
        tiers: dict[Tier, int] = {}
        standings = await self._board.standings()
        for one in standings:
            if not one.is_proposed:
                tiers[one.tier] = tiers.get(one.tier, 0) + one.count
        return WeekFigures(
            monday=monday,
            at=self._clock(),
            days=await trends.by_day(7, end=end),
            before=sum(count for _, count in before),
            year_before=sum(count for _, count in year_before),
            at_once=await self._facts.answered_at_once(start, stop),
            categories=await trends.by_category(monday),
            counties=await trends.by_county(7, end=end),
            hot=await trends.issues("category", monday=monday),
            whole=await trends.whole(monday),
            cards=cards,
            tiers=tiers,
            proposed=sum(one.count for one in standings if one.is_proposed),
            overdue=overdue,
        )


def composed(figures: WeekFigures, template: Template, city: City, words: Mapping[str, Any]) -> Brief:
    """Return the draft that ``figures`` make of ``template``."""
    writer = _Writer(figures, template, city, words)
    values = writer.values()
    sections = []
    for each in template.sections:
        is_made = "not_made" not in each or writer.is_forecast
        text = each["text"] if is_made else each["not_made"]
        rows = tuple(writer.rows(each["table"])) if "table" in each else ()
        sections.append(
            BriefSection(
                each["key"], each["heading"], text.format(**values), tuple(each.get("columns", ())), rows
            )
        )
    dates = {name: values[name] for name in ("first", "last")}
    return Brief(figures.monday, template.title, template.subtitle.format(**dates), tuple(sections))


class _Writer:
    """Puts figures into words by the template's phrases."""

    def __init__(
        self, figures: WeekFigures, template: Template, city: City, words: Mapping[str, Any]
    ) -> None:
        self._of, self._template, self._city, self._words = figures, template, city, words
        self._accepted = sum(count for _, count in figures.days)

    @property
    def is_forecast(self) -> bool:
        """Whether the whole city's next weeks are forecast."""
        return self._useful(self._whole) is not None

    @property
    def _whole(self) -> Issue | None:
        return next(iter(self._of.whole.issues), None)

    def values(self) -> dict[str, Any]:
        of, phrases = self._of, self._template.phrases
        peak_day, peak = max(of.days, key=lambda each: each[1])
        whole = self._useful(self._whole)
        cards = {card: sum(each.get(card, 0) for each in of.cards.values()) for card in Card}
        tiers = (
            self._item(self._words["tiers"][tier], count) for tier in Tier if (count := of.tiers.get(tier))
        )
        return {
            "first": _day(of.monday), "last": _day(of.monday + timedelta(days=6)), "accepted": self._accepted,
            "week_change": phrases["than_week"].format(change=self._change(self._accepted, of.before)),
            "year_change": phrases["than_year"].format(change=self._change(self._accepted, of.year_before)),
            "daily": round(self._accepted / 7), "peak_day": _day(peak_day), "peak": peak, "at_once": of.at_once,
            "at_once_rate": _percent(of.at_once, self._accepted),
            "top": self._listed(self._item(self._class(key), count) for key, count, _ in self._classes()[:_NAMED]),
            "counties": self._listed(self._item(self._county(key), count) for key, count in self._counties()[:_NAMED]),
            "unplaced": of.counties.get("", 0),
            "hot": self._listed(
                phrases["hot_item"].format(name=self._class(each.key), count=each.last, usual=round(each.usual))
                for each in self._hot()[:_NAMED]
            ),
            "yellow": cards[Card.YELLOW], "red": cards[Card.RED], "supervised": sum(of.tiers.values()),
            "tiers": self._listed(tiers), "proposed": of.proposed, "overdue": of.overdue,
            "ahead": round(sum(each.middle for each in whole.weeks)) if whole is not None else "",
            "error": _share(whole.error) if whole is not None else "",
            "naive_error": _share(whole.naive_error) if whole is not None else "",
            "withheld": sum(self._useful(each) is None for each in of.hot.issues),
            "at": f"{of.at.astimezone(self._city.timezone):%Y-%m-%d %H:%M}",
        }  # fmt: skip

    def rows(self, table: str) -> Iterable[tuple[str, ...]]:
        """Return the rows of one of the tables, as the template's columns have them."""
        of, most = self._of, self._template.most_rows
        match table:
            case "days":
                return [(_day(day), str(count)) for day, count in of.days]
            case "classes":
                return [
                    (self._class(key), str(now), _percent(now, self._accepted), str(before), self._change(now, before))
                    for key, now, before in self._classes()[:most]
                ]  # fmt: skip
            case "counties":
                return [
                    (self._county(key), str(count), _percent(count, self._accepted))
                    for key, count in self._counties()
                ]
            case "hot":
                return [
                    (self._class(each.key), str(each.last), f"{each.usual:.1f}", self._change(each.last, each.usual))
                    for each in self._hot()[:most]
                ]  # fmt: skip
            case "cards":
                units = sorted(of.cards, key=lambda unit: (-of.cards[unit].get(Card.RED, 0), -of.cards[unit].get(Card.YELLOW, 0), unit))  # fmt: skip
                shown = [
                    (self._unit(unit), *(str(of.cards[unit].get(card, 0)) for card in (Card.YELLOW, Card.RED)))
                    for unit in units
                    if of.cards[unit].keys() & {Card.YELLOW, Card.RED}
                ]  # fmt: skip
                return shown[:most]
            case _:
                return self._forecasts()[:most]

    def _forecasts(self) -> list[tuple[str, ...]]:
        named = [(self._city.name, self._whole)] + [
            (self._class(each.key), each) for each in sorted(self._of.hot.issues, key=lambda each: -each.last)
        ]
        return [
            (
                name,
                *(str(round(week.middle)) for week in found.weeks),
                _share(found.error),
                _share(found.naive_error),
            )
            for name, issue in named
            if (found := self._useful(issue)) is not None
        ]

    def _useful(self, issue: Issue | None) -> Forecast | None:
        found = issue.forecast if issue is not None else None
        return found if found is not None and found.is_useful else None

    def _classes(self) -> list[tuple[str, int, int]]:
        named = [(key, now, before) for key, (now, before) in self._of.categories.items() if key and now]
        return sorted(named, key=lambda each: (-each[1], each[0]))

    def _counties(self) -> list[tuple[str, int]]:
        return sorted(
            ((key, count) for key, count in self._of.counties.items() if key),
            key=lambda each: (-each[1], each[0]),
        )

    def _hot(self) -> list[Issue]:
        return [each for each in self._of.hot.issues if each.is_hot]

    def _class(self, code: str) -> str:
        found = nearest(code, self._city.categories)
        return found.name if found is not None else code

    def _county(self, code: str) -> str:
        found = self._city.counties.get(code)
        return found.name if found is not None else code

    def _unit(self, code: str) -> str:
        found = self._city.units.get(code)
        return found.name if found is not None else code or self._template.phrases["none"]

    def _item(self, name: str, count: int) -> str:
        return self._template.phrases["item"].format(name=name, count=count)

    def _listed(self, items: Iterable[str]) -> str:
        return "、".join(items) or self._template.phrases["none"]

    def _change(self, now: float, before: float) -> str:
        phrases = self._template.phrases
        if not before:
            return phrases["unknown"]
        if now == before:
            return phrases["same"]
        return phrases["more" if now > before else "less"].format(percent=_percent(abs(now - before), before))


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _percent(part: float, of: float) -> str:
    return f"{100 * part / of:.1f}%" if of else "—"


def _share(share: float) -> str:
    return f"{100 * share:.1f}%"
