"""A picture of what a model takes for what (混淆报告).

First-level classes against each other; below them the commonest mistakes between second-level classes, and those classes
that are right least often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from hotline.domain.category import Category, at_level

_CELL: Final = 34
_LEFT: Final = 170
_TOP: Final = 180
_LISTED: Final = 24
_COLUMN: Final = 470
_FEW: Final = 20
"""Of fewer utterances a share says little: the row is drawn pale."""
_ENOUGH: Final = 8
_PALE: Final = 0.35
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
    width = max(_LEFT + _CELL * len(firsts) + 90, 2 * _COLUMN)
    height = _TOP + _CELL * len(firsts) + 60 + _LINE * (_LISTED + 1)
    total = sum(rows.values())
    as_it_is = sum(count for (one, other), count in pairs.items() if one == other)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="{_FONT}" font-size="13">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        _text(16, 26, title, size=17),
        _text(
            16,
            48,
            f"行是实际分类（后面是句数），列是判成的分类；格内是占该行的百分比，绿的判对、红的判错，不足 {_FEW} 句的行颜色减淡。",
        ),
        _text(16, 68, f"二级分类判对 {as_it_is}/{total}（{as_it_is / (total or 1):.0%}）"),
    ]
    names = {code: categories[code].name if code in categories else code for code in firsts}
    for place, code in enumerate(firsts):
        x, y = _LEFT + place * _CELL, _TOP + place * _CELL
        parts.append(_text(x + _CELL / 2, _TOP - 8, names[code], turned=True))
        parts.append(_text(_LEFT - 8, y + _CELL * 0.65, f"{names[code]} {rows[code]}", anchor="end"))
    for row, right_code in enumerate(firsts):
        for column, guessed in enumerate(firsts):
            share = cells[right_code, guessed] / (rows[right_code] or 1)
            depth = share if rows[right_code] >= _FEW else share * _PALE
            colour = _colour(depth, is_right=row == column)
            x, y = _LEFT + column * _CELL, _TOP + row * _CELL
            parts.append(
                f'<rect x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" fill="{colour}" stroke="#ddd"/>'
            )
            if share >= 0.005:
                parts.append(_text(x + _CELL / 2, y + _CELL * 0.65, f"{share * 100:.0f}", anchor="middle"))
    y = _TOP + _CELL * len(firsts) + 40
    for x, heading, lines in (
        (16, "最常见的混淆（二级分类）：实际 → 判成　次数/该类句数", _mistakes(pairs, categories)),
        (16 + _COLUMN, f"判对最少的二级分类（{_ENOUGH} 句以上）：判对/句数", _worst(pairs, categories)),
    ):
        parts.append(_text(x, y, heading, size=15))
        parts += [_text(x, y + _LINE * number, line) for number, line in enumerate(lines, 1)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _mistakes(pairs: Pairs, categories: Mapping[str, Category]) -> list[str]:
    asked = _asked(pairs)
    wrong = Counter({pair: count for pair, count in pairs.items() if pair[0] != pair[1]})
    return [
        f"{_named(one, categories)} → {_named(other, categories)}　{count}/{asked[one]}"
        for (one, other), count in wrong.most_common(_LISTED)
    ]


def _worst(pairs: Pairs, categories: Mapping[str, Category]) -> list[str]:
    shares = {
        code: (pairs.get((code, code), 0), count) for code, count in _asked(pairs).items() if count >= _ENOUGH
    }
    ordered = sorted(shares, key=lambda code: (shares[code][0] / shares[code][1], -shares[code][1]))
    return [f"{_named(code, categories)}　{shares[code][0]}/{shares[code][1]}" for code in ordered[:_LISTED]]


def _asked(pairs: Pairs) -> Counter[str]:
    asked: Counter[str] = Counter()
    for (right, _), count in pairs.items():
        asked[right] += count
    return asked


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
