"""The pages for everybody (公开): figures, cleared cases, who is responsible for what. No login, no script, nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import StrictUndefined

from app.assessment_rules import load_formulas
from app.at_rest import seal_of
from app.clock import now
from app.public_matters import matters_of
from app.settings import Settings
from hotline.city import City, read_yaml
from hotline.domain.category import nearest
from hotline.domain.disclosure import FigureRow
from hotline.service.party_telephones import read_numbers
from hotline.service.public_figures import DAYS, Disclosure, PublicCase, Published
from hotline.store.inbox import Place
from hotline.store.order_facts import SqlOrderFacts
from hotline.store.sql import SqlStore

PREFIX: Final = "/public"
_COOKIE: Final = "text"
_SIZES: Final = ("normal", "large")
_A_YEAR: Final = 365 * 86_400
_TOP: Final = 10
_FOR_A_MINUTE: Final = "private, max-age=60"


class PublicPages:
    """Renders the pages; every sentence comes from ``prompts/public.yaml`` of the city."""

    def __init__(
        self, city: City, words: Mapping[str, Any], disclosure: Disclosure, telephones: Mapping[str, str]
    ) -> None:
        """Take the city, its words, what is disclosed, and the telephones that units have made public."""
        self._city = city
        self._words = words
        self._disclosure = disclosure
        self._matters = matters_of(city, words["units"], telephones)
        self._templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
        self._templates.env.undefined = StrictUndefined
        self._templates.env.filters.update(percent=_percent, day=_day)

    def add_to(self, app: FastAPI) -> None:
        """Add the routes."""
        shown: dict[str, Any] = {"response_class": HTMLResponse, "include_in_schema": False}
        app.get(PREFIX, **shown)(self.figures)
        app.get(f"{PREFIX}/cases", **shown)(self.cases)
        app.get(f"{PREFIX}/units", **shown)(self.units)
        app.get(f"{PREFIX}/figures.json", tags=["public"])(self.figures_for_programs)

    async def figures(self, request: Request) -> Response:
        """The figures of the last thirty days."""
        published = await self._disclosure.figures()
        figures = published.figures
        counted = sorted(
            ((code, count) for code, count in figures.by_category.items() if count is not None),
            key=lambda each: (-each[1], each[0]),
        )
        return self._page(
            request, "figures", published=published, figures=figures, days=DAYS,
            at=published.at.astimezone(self._city.timezone),
            groups=self._rows(figures.by_group, {one.code[:2]: one.group for one in self._city.categories.values()}),
            counties=self._rows(figures.by_county, {one.code: one.name for one in self._city.counties.values()}),
            top=[(self._category(code), count) for code, count in counted[:_TOP]],
        )  # fmt: skip

    async def figures_for_programs(self) -> JSONResponse:
        """The same figures for programs; null stands for what is too small to publish. Rates are from 0 to 1."""
        published = await self._disclosure.figures()
        return JSONResponse(as_json(published, self._city), headers={"Cache-Control": "public, max-age=300"})

    async def cases(
        self,
        request: Request,
        category: Annotated[str, Query(max_length=6)] = "",
        county: Annotated[str, Query(max_length=6)] = "",
        after: Annotated[str, Query(max_length=40)] = "",
    ) -> Response:
        """Cleared cases with their public reply, a page at a time."""
        groups = dict(self._groups())
        counties = {one.code: one.name for one in self._city.counties.values()}
        chosen = {"category": category if category in groups else "", "county": county if county in counties else ""}  # fmt: skip
        place = Place.read(after)
        found, following = await self._disclosure.cases(**chosen, after=place)
        return self._page(
            request, "cases", cases=[self._case(each) for each in found], groups=groups, counties=counties,
            following=str(following) if following is not None else "", is_first=place is None, **chosen,
        )  # fmt: skip

    async def units(self, request: Request, q: Annotated[str, Query(max_length=40)] = "") -> Response:
        """Who is responsible for what, by the classes of appeals; ``q`` finds a matter by its words."""
        wanted = q.strip()
        groups = self._matters.finding(wanted) if wanted else self._matters.groups
        return self._page(
            request, "units", groups=groups, q=wanted, found=sum(len(group.matters) for group in groups)
        )

    # --- inside -------------------------------------------------------------------------------------------

    def _page(self, request: Request, name: str, **values: Any) -> HTMLResponse:
        asked = request.query_params.get(_COOKIE, "")
        size = asked if asked in _SIZES else request.cookies.get(_COOKIE, "")
        common = {
            "city": self._city, "words": self._words, "name": name, "title": self._words["nav"][name],
            "size": size if size in _SIZES else "normal", "own": self._words[name],
        }  # fmt: skip
        response = self._templates.TemplateResponse(request, f"public/{name}.html", {**common, **values})
        if asked in _SIZES:
            response.set_cookie(_COOKIE, asked, max_age=_A_YEAR, path=PREFIX, httponly=True, samesite="lax")
        else:
            response.headers["Cache-Control"] = _FOR_A_MINUTE
            response.headers["Vary"] = "Cookie"
        return response

    def _groups(self) -> list[tuple[str, str]]:
        return sorted({one.code[:2]: one.group for one in self._city.categories.values()}.items())

    def _rows(self, rows: Mapping[str, FigureRow], names: Mapping[str, str]) -> list[tuple[str, FigureRow]]:
        """Return named rows, the most first; what is too small to publish last."""
        ordered = sorted(rows.items(), key=lambda each: (-(each[1].accepted or 0), each[0]))
        return [(names[code], row) for code, row in ordered if code in names]

    def _category(self, code: str | None) -> str:
        found = nearest(code, self._city.categories)
        return found.name if found is not None else ""

    def _case(self, case: PublicCase) -> dict[str, Any]:
        unit = self._city.units.get(case.unit or "")
        return {
            "number": case.number,
            "category": self._category(case.category),
            "place": f"{case.county}{case.street}",
            "unit": unit.name if unit is not None else "",
            "registered_on": case.registered_on,
            "disclosed_on": case.disclosed_on,
            "reply": case.reply,
        }


def open_public(settings: Settings, city: City, store: SqlStore) -> PublicPages:
    """Return the pages for everybody."""
    seal = seal_of(settings)
    facts = SqlOrderFacts(store.database, seal)
    disclosure = Disclosure(facts, load_formulas(city), city.timezone, now)
    return PublicPages(
        city, read_yaml(city.folder / "prompts" / "public.yaml"), disclosure, read_numbers(city)
    )


def as_json(published: Published, city: City) -> dict[str, Any]:
    """Return the figures for programs."""
    figures = published.figures

    def rows(of: Mapping[str, FigureRow]) -> dict[str, Any]:
        return {
            code: {"accepted": row.accepted, "in_time": _rate(row.in_time), "satisfied": _rate(row.satisfied)}
            for code, row in of.items()
        }

    return {
        "city": city.code,
        "first": published.first.isoformat(),
        "last": published.last.isoformat(),
        "as_of": published.at.astimezone(city.timezone).isoformat(timespec="seconds"),
        "formula": {"version": published.formula.version, "confirmed": published.formula.is_confirmed},
        "accepted": figures.accepted,
        "answered_at_once": figures.answered_at_once,
        "closed": figures.closed,
        **{name: _rate(getattr(figures, name)) for name in ("in_time", "response", "resolved", "satisfied")},
        "by_group": rows(figures.by_group),
        "by_category": dict(figures.by_category),
        "by_county": rows(figures.by_county),
    }


def _rate(rate: Fraction | None) -> float | None:
    """A share with four decimals, halves rounded up (四舍五入)."""
    return None if rate is None else float((rate * 10_000 + Fraction(1, 2)).__floor__()) / 10_000


def _percent(rate: Fraction | None) -> str:
    return "" if rate is None else f"{float((rate * 1_000 + Fraction(1, 2)).__floor__()) / 10:.1f}%"


def _day(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"
