"""Paper (纸质件): A4 pages of Chinese type as PDF, made on the server, so that every printer prints the same.

The type is Noto Serif SC (SIL Open Font License), embedded with the glyphs that are used only; what it has no glyph for is a box.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fpdf import FPDF
from fpdf.enums import Align, VAlign, WrapMode
from fpdf.table import Table
from pylopdf_fonts_zh_cn import serif_path

_TYPE: Final = "serif"
_POINTS: Final = 10.5  # 五号
_HEADING_POINTS: Final = 16.0  # 三号
_SMALL_POINTS: Final = 9.0
_LINE_MM: Final = 6.2
_PADDING_MM: Final = 1.4
_MARGINS_MM: Final = (18.0, 16.0)
_BOTTOM_MM: Final = 18.0
_COLUMNS: Final = (31.0, 56.0, 31.0, 56.0)
_MOST_LINES: Final = 30  # in one row: a row is never torn apart by the end of a page
_NOT_FIRST: Final = frozenset("，。、；：？！）》〉」』”’…%％,.;:?!)")
_NOT_LAST: Final = frozenset("（《〈「『“‘(")
_LONGEST: Final = 60_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One field: its name and what stands in it. ``height_mm`` is the least height, for what is written by hand."""

    label: str
    text: str
    height_mm: float = 0.0


Row = tuple[Cell] | tuple[Cell, Cell]
"""A row of one field over the whole width, or of two."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form (一张表): heading, rows of fields, and the line below them."""

    heading: str
    rows: Sequence[Row]
    below: str


def paper(sheets: Sequence[Sheet], *, title: str, at: datetime) -> bytes:
    """Return the sheets as one PDF, each beginning on a page of its own. It takes about half a second of a processor."""
    pages = _Pages(format="A4")
    pages.set_title(title)
    pages.set_lang("zh-CN")
    pages.set_creation_date(at)
    pages.add_font(_TYPE, fname=serif_path())
    pages.set_margins(_MARGINS_MM[0], _MARGINS_MM[1])
    pages.set_auto_page_break(auto=True, margin=_BOTTOM_MM)
    for sheet in sheets:
        pages.add_sheet(sheet)
    return bytes(pages.output())


class _Pages(FPDF):
    def add_sheet(self, sheet: Sheet) -> None:
        self.below = sheet.below
        self.add_page()
        self.set_font(_TYPE, size=_HEADING_POINTS)
        self.multi_cell(0, 12, sheet.heading, align=Align.C, new_x="LMARGIN", new_y="NEXT")
        self.set_font(_TYPE, size=_POINTS)
        with self.table(
            col_widths=_COLUMNS,
            width=sum(_COLUMNS),
            line_height=_LINE_MM,
            padding=_PADDING_MM,
            text_align=Align.L,
            v_align=VAlign.M,
            first_row_as_headings=False,
            wrapmode=WrapMode.CHAR,
        ) as table:
            for fields in sheet.rows:
                if len(fields) == 1:
                    self._add_wide(table, fields[0])
                else:
                    row = table.row(min_height=_least(fields))
                    for cell in fields:
                        row.cell(cell.label)
                        row.cell(self._broken(cell.text, _COLUMNS[1]))

    def _add_wide(self, table: Table, cell: Cell) -> None:
        """Add a field over the whole width, in several rows when its text is long."""
        lines = self._broken(cell.text, sum(_COLUMNS[1:])).split("\n")
        for start in range(0, len(lines), _MOST_LINES):
            row = table.row(min_height=_least((cell,)) if not start else None)
            row.cell(cell.label if not start else f"{cell.label}（续）")
            text = "\n".join(lines[start : start + _MOST_LINES])
            row.cell(text, colspan=3, v_align=VAlign.T if cell.height_mm else VAlign.M)

    def _broken(self, text: str, column: float) -> str:
        width = column - 2 * (_PADDING_MM + self.c_margin)
        return broken(text[:_LONGEST], width, self.get_string_width)

    def footer(self) -> None:
        self.set_y(-_BOTTOM_MM + 3)
        self.set_font(_TYPE, size=_SMALL_POINTS)
        self.cell(0, 5, self.below, align=Align.L)
        self.set_x(self.l_margin)
        self.cell(0, 5, f"{self.page_no()}", align=Align.R)
        self.set_font(_TYPE, size=_POINTS)


def _least(fields: Sequence[Cell]) -> float | None:
    return max(cell.height_mm for cell in fields) or None


def broken(text: str, width: float, measured: Callable[[str], float]) -> str:
    """Return ``text`` with line breaks so that no line is wider than ``width``, begins with what closes or ends with what opens (避头尾)."""
    widths: dict[str, float] = {}
    lines = []
    for paragraph in text.splitlines():
        line, reach = "", 0.0
        for glyph in paragraph:
            wide = widths[glyph] if glyph in widths else widths.setdefault(glyph, measured(glyph))
            if line and reach + wide > width:
                kept = _kept(line, glyph)
                lines.append(line[:kept])
                line = line[kept:]
                reach = sum(widths[each] for each in line)
            line += glyph
            reach += wide
        lines.append(line)
    return "\n".join(lines)


def _kept(line: str, following: str) -> int:
    """Return how many glyphs of ``line`` stay on it when ``following`` does not fit any more."""
    kept = len(line)
    while kept > 1 and (following in _NOT_FIRST or line[kept - 1] in _NOT_LAST):
        kept -= 1
        following = line[kept]
    return kept if kept > 1 else len(line)
