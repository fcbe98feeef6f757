"""One row of a draft, checked while it is written: what is wrong, field by field, and which rows it overlaps or is hidden by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from hotline.city import City
from hotline.domain.errors import CityConfigError
from hotline.domain.rule_text import CatalogueText
from router.catalogue import NO_CATEGORY, rows_for
from router.condition_space import are_rivals, can_both_hold, frames, reaching
from router.row import PLACE, Row
from router.row_model import EVERY, RowModel, row_of
from router.strict import problem_of

_FEW: Final = 5
_FILE: Final = Path("rules.yaml")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a field of a row, in Chinese. ``is_error``: such a row cannot be kept; others may, seeing it."""

    field: str
    text: str
    is_error: bool = True


def check_row(
    data: Mapping[str, Any], text: CatalogueText, city: City, limits: frozenset[str]
) -> tuple[RowProblem, ...]:
    """Return what is wrong with a row; ``text`` is the catalogue with the row at its place."""
    try:
        given = RowModel.model_validate(dict(data))
    except ValidationError as error:
        found = {str(each["loc"][0]) if each["loc"] else "id": each for each in error.errors()}
        return tuple(RowProblem(field, problem_of(each)) for field, each in found.items())
    wrong = tuple(_unknown(given, text, city, limits))
    if wrong:
        return wrong
    row = row_of(given, _FILE, city)
    return (*_plain(row, city), *_neighbours(row, _readable(text, city), city))


def _unknown(
    given: RowModel, text: CatalogueText, city: City, limits: frozenset[str]
) -> Iterator[RowProblem]:
    topics = text.words.get("topics", {})
    leads = {*city.units, PLACE}
    fields: tuple[tuple[str, str, Sequence[str], Any], ...] = (
        ("category", "诉求分类", () if given.category == EVERY else tuple(given.category), city.categories),
        ("county", "县区", given.county, city.counties),
        ("street", "街镇", given.street, city.streets),
        ("lead", "单位", (given.lead,), leads),
        ("supporting", "单位", given.supporting, leads),
        ("otherwise", "单位", (given.otherwise,) if given.otherwise else (), leads - {PLACE}),
        ("mentions", "词表", given.mentions, topics),
        ("also", "词表", given.also, topics),
        ("without", "词表", given.without, topics),
        ("limit", "时限", (given.limit,) if given.limit else (), limits),
    )
    for field, what, values, known in fields:
        missing = [value for value in values if value not in known]
        if missing:
            yield RowProblem(field, f"没有这个{what}：{'、'.join(missing)}")
    if not given.category:
        yield RowProblem("category", "至少写一个诉求分类，所有分类写 any")
    if sum(row.id == given.id for row in text.rows) > 1:
        yield RowProblem("id", f"规则编号 {given.id} 已经有了")


def _plain(row: Row, city: City) -> Iterator[RowProblem]:
    if row.lead in row.supporting:
        yield RowProblem("supporting", "主办单位不能同时协办")
    never = set(row.without)
    for field, wanted in (("mentions", row.mentions), ("also", row.also)):
        if wanted and never.issuperset(wanted):
            yield RowProblem(
                "without", f"与“{'提到' if field == 'mentions' else '且提到'}”互相矛盾，永远不成立"
            )
    if row.counties and row.streets:
        stray = [code for code in row.streets if city.streets[code].county_code not in row.counties]
        if len(stray) == len(row.streets):
            yield RowProblem("street", "这些街镇都不在所写的县区，永远不成立")
    if not row.is_confirmed:
        yield RowProblem("confirmed", "依据待核", is_error=False)


def _readable(text: CatalogueText, city: City) -> list[Row]:
    """Return the rows that can be read: of those that others left unfinished nothing is said here."""
    found = []
    for each in text.rows:
        try:
            found.append(row_of(RowModel.model_validate(dict(each.data)), _FILE, city))
        except (ValidationError, CityConfigError):
            continue
    return found


def _neighbours(row: Row, rows: Sequence[Row], city: City) -> Iterator[RowProblem]:
    """Yield whether earlier rows leave nothing to the row, whether it leaves nothing to later ones, and what it overlaps."""
    found = _Neighbours(row)
    for code in _codes(row, rows, city):
        found.look(code, rows_for(code, rows), city)
    if found.dead or not found.codes:
        where = "" if len(found.dead) == len(found.codes) else f"对分类 {_listed(found.dead)}，"
        behind = _listed(list(found.blocking)) or "兜底规则"
        yield RowProblem(
            "before", f"{where}排在前面的规则（{behind}）都先命中，永远用不到", is_error=not where
        )
    by_id = {each.id: each for each in rows}
    gone = [id_ for id_, count in found.hidden.items() if count == len(_codes(by_id[id_], rows, city))]
    if gone:
        yield RowProblem("before", f"排在它后面的规则 {_listed(gone)} 再也用不到")
    for other in list(found.overlaps.values())[:_FEW]:
        first = "本条" if rows.index(by_id[row.id]) < rows.index(other) else f"规则 {other.id}"
        text = f"与规则 {other.id}（主办 {_lead(other, city)}）可同时成立，{first}在前先用"
        yield RowProblem("lead", text, is_error=False)


class _Neighbours:
    """What is found about a row in the categories that are looked at."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.codes: list[str] = []
        self.dead: list[str] = []
        self.blocking: dict[str, None] = {}
        self.hidden: dict[str, int] = {}
        self.overlaps: dict[str, Row] = {}

    def look(self, code: str, rows: Sequence[Row], city: City) -> None:
        mine = next((index for index, each in enumerate(rows) if each.id == self._row.id), None)
        if mine is None:  # rows of this very category leave nothing to those of classes above, as they should
            return
        self.codes.append(code)
        is_reached = False
        # of a row for every category the later ones are left to the check of the whole: it takes seconds
        later = set(range(mine + 1, len(rows))) if self._row.categories else set[int]()
        for frame in frames(rows, city):
            if mine in frame.rows:
                ahead = [rows[number] for number in frame.rows if number < mine]
                is_reached |= self._is_reached_past(ahead)
                self._overlaps(rows[number] for number in frame.rows if number != mine)
            later -= {number for number in later & set(frame.rows) if _is_reached(number, frame.rows, rows)}
        if not is_reached:
            self.dead.append(code)
        for number in later:
            self.hidden[rows[number].id] = self.hidden.get(rows[number].id, 0) + 1

    def _is_reached_past(self, ahead: Sequence[Row]) -> bool:
        if reaching(self._row, ahead) is not None:
            return True
        self.blocking.update((each.id, None) for each in ahead)
        return False

    def _overlaps(self, others: Iterable[Row]) -> None:
        for other in others:
            if are_rivals(self._row, other) and can_both_hold(self._row, other):
                self.overlaps.setdefault(other.id, other)


def _is_reached(number: int, of_frame: Sequence[int], rows: Sequence[Row]) -> bool:
    return reaching(rows[number], [rows[each] for each in of_frame if each < number]) is not None


def _codes(row: Row, rows: Sequence[Row], city: City) -> list[str]:
    """Return the keys of the tables in which the row may stand: second-level classes, and finer ones that rows name."""
    named = {code for each in rows for code in each.categories if len(code) > 4}
    keys = [*(category.code for category in city.categories_at(2)), *sorted(named)]
    return [code for code in ([] if row.categories else [NO_CATEGORY]) + keys if row.is_for(code)]


def _lead(row: Row, city: City) -> str:
    if row.is_manual:
        return "人工"
    return "属地" if row.lead == PLACE else city.units[row.lead].name


def _listed(codes: Sequence[str]) -> str:
    shown = "、".join(code or "（无分类）" for code in codes[:_FEW])
    return f"{shown} 等 {len(codes)} 个" if len(codes) > _FEW else shown
