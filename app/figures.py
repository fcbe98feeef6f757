"""What the supervision board counts, put together: for the consoles, and for the worker that counts ahead of them at night."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.assessment_rules import load_formulas
from hotline.city import City
from hotline.service.appeal_trends import AppealTrends
from hotline.service.supervision_board import SupervisionBoard
from hotline.service.weekly_brief import WeeklyBriefs
from hotline.store.briefs import SqlBriefs
from hotline.store.database import Database
from hotline.store.figures import SqlFigures
from hotline.store.order_facts import SqlOrderFacts
from hotline.store.sealing import Seal


@dataclass(frozen=True, slots=True)
class Figures:
    """The board and the trends on one database, and the facts of orders beneath."""

    facts: SqlOrderFacts
    board: SupervisionBoard
    trends: AppealTrends
    kept: SqlBriefs

    def briefs(self, city: City, words: Mapping[str, Any], clock: Callable[[], datetime]) -> WeeklyBriefs:
        """Return the briefs on these figures. Raises ``CityConfigError`` when their template is wrong."""
        return WeeklyBriefs(
            self.trends, self.board, self.facts, self.kept, city=city, words=words, clock=clock
        )


def open_figures(city: City, database: Database, seal: Seal, clock: Callable[[], datetime]) -> Figures:
    """Return them. Raises ``CityConfigError`` when the formulas are wrong."""
    facts, figures = SqlOrderFacts(database, seal), SqlFigures(database)
    board = SupervisionBoard(
        facts, figures, units=city.units, formulas=load_formulas(city), timezone=city.timezone, clock=clock
    )
    return Figures(facts, board, AppealTrends(figures, city.timezone, clock), SqlBriefs(database))
