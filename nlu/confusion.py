"""A picture of what a model takes for what (混淆报告): first-level classes against each other, and the commonest mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from hotline.domain.category import Category, at_level

_CELL: Final = 34
_LEFT: Final = 170
_TOP: Final = 150
_LISTED: Final = 24
_LINE: Final = 20
_FONT: Final = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"

Pairs = Mapping[tuple[str, str], int]
"""How often a class (first) was taken for another or for itself (second), both of the second level."""


def confusion_picture(pairs: Pairs, categories: Mapping[str, Category], title: str) -> str:
    """Return the picture as SVG."""
    firsts = sorted({str(at_level(code, 1)) for pair in pairs for code in pair})
    cells: Counter[tuple[str, str]] = Counter()
    rows: Counter[str] = Counter()
    for (right, guessed), count in pairs.items():
        cells[str(at_level(right, 1)), str(at_level(guessed, 1))] += count
        rows[str(at_level(right, 1))] += count
    mistakes = Counter({pair: count for pair, count in pairs.items() if pair[0] != pair[1]}).most_common(
        _LISTED
    )
    width = _LEFT + _CELL * len(firsts) + 30
    height = _TOP + _CELL * len(firsts) + 60 + _LINE * (len(mistakes) + 1)
    total = sum(rows.values())
    as_it_is = sum(count for (one, other), count in pairs.items() if one == other)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{max(width, 640)}" height="{height}" font-family="{_FONT}" font-size="13">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        _text(16, 26, title, size=17),
        _text(16, 48, f"行是实际分类，列是判成的分类；格内是该行的百分比。二级分类判对 {as_it_is}/{total}"),
    ]
    names = {code: categories[code].name if code in categories else code for code in firsts}
    for place, code in enumerate(firsts):
        x, y = _LEFT + place * _CELL, _TOP + place * _CELL
        parts.append(_text(x + _CELL / 2, _TOP - 8, names[code], turned=True))
        parts.append(_text(_LEFT - 8, y + _CELL * 0.65, f"{names[code]} {rows[code]}", anchor="end"))
    for row, right_code in enumerate(firsts):
        for column, guessed in enumerate(firsts):
            share = cells[right_code, guessed] / (rows[right_code] or 1)
            colour = _colour(share, is_right=row == column)
            x, y = _LEFT + column * _CELL, _TOP + row * _CELL
            parts.append(
                f'<rect x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" fill="{colour}" stroke="#ddd"/>'
            )
            if share >= 0.005:
                parts.append(_text(x + _CELL / 2, y + _CELL * 0.65, f"{share * 100:.0f}", anchor="middle"))
    y = _TOP + _CELL * len(firsts) + 40
    parts.append(_text(16, y, "最常见的混淆（二级分类）：实际 → 判成，次数", size=15))
    for number, ((one, other), count) in enumerate(mistakes, 1):
        line = f"{_named(one, categories)} → {_named(other, categories)}　{count}"
        parts.append(_text(16, y + _LINE * number, line))
    return "\n".join([*parts, "</svg>"]) + "\n"


def counted(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Count pairs of right and guessed codes at the second level."""
    return dict(Counter((str(at_level(right)), str(at_level(guessed))) for right, guessed in pairs))


def _named(code: str, categories: Mapping[str, Category]) -> str:
    return f"{code} {categories[code].name}" if code in categories else code


def _colour(share: float, *, is_right: bool) -> str:
    depth = round(255 * (1 - min(1.0, share * (1 if is_right else 2))))
    return f"rgb({depth},{(depth + 510) // 3},{depth})" if is_right else f"rgb(255,{depth},{depth})"


def _text(
    x: float, y: float, words: str, *, size: int = 13, anchor: str = "start", turned: bool = False
) -> str:
    turn = f' transform="rotate(-45 {x:.0f} {y:.0f})"' if turned else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}"{turn}>{escape(words)}</text>'
