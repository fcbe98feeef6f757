"""Editors' help: articles that are much alike, figures that contradict each other, and questions that belong together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hotline.domain.knowledge import Article
from hotline.numerals import cardinal
from knowledge_base.wording import Wording

_FIGURE: Final = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:个)?(万元|元|工作日|小时|分钟|天|日|个月|月|周岁|岁|年|%|℃|摄氏度|度|平方米|平方|公里|分贝|倍|次|户)"
)
_CARDINAL: Final = re.compile(r"[零〇一二两三四五六七八九十百千]+")
_SAME_UNIT: Final = {"日": "天", "摄氏度": "℃", "度": "℃", "周岁": "岁", "平方": "平方米", "个月": "月"}
NEAR_DUPLICATE: Final = 0.8
ALIKE: Final = 0.62
_SAME_QUESTION: Final = 0.5


@dataclass(frozen=True, slots=True)
class EditorsWarning:
    """Something an editor should look at: ``kind`` is "near_duplicate" or "contradiction"; ``other`` an article's id."""

    kind: str
    other: str
    title: str
    detail: str


def to_digits(text: str) -> str:
    """Return ``text`` with Chinese cardinals as digits: 十八摄氏度 → 18摄氏度."""
    return _CARDINAL.sub(
        lambda found: str(number) if (number := cardinal(found[0])) is not None else found[0], text
    )


def figures(text: str) -> dict[str, set[str]]:
    """Return the figures of a text by their unit; Chinese numerals are read as digits."""
    found: dict[str, set[str]] = {}
    for number, unit in _FIGURE.findall(to_digits(text)):
        plain = number.rstrip("0").rstrip(".") if "." in number else number
        found.setdefault(_SAME_UNIT.get(unit, unit), set()).add(plain)
    return found


def warnings_for(article: Article, neighbours: Sequence[tuple[Article, float]]) -> tuple[EditorsWarning, ...]:
    """Return warnings for an article; ``neighbours`` are other articles with how near they are (0–1)."""
    mine = figures(f"{article.spoken} {article.full}")
    warnings = []
    for other, score in neighbours:
        if other.id == article.id:
            continue
        if score >= NEAR_DUPLICATE:
            warnings.append(EditorsWarning("near_duplicate", other.id, other.title, f"{score:.2f}"))
        if score >= ALIKE:
            theirs = figures(f"{other.spoken} {other.full}")
            for unit in sorted(mine.keys() & theirs.keys()):
                if mine[unit].isdisjoint(theirs[unit]):
                    here, there = ("、".join(sorted(one)) for one in (mine[unit], theirs[unit]))
                    warnings.append(
                        EditorsWarning("contradiction", other.id, other.title, f"{unit}：{here} / {there}")
                    )
    return tuple(warnings)


def grouped(
    texts: Sequence[str], wording: Wording, nearness: Callable[[int, int], float] | None = None
) -> list[list[int]]:
    """Put questions together that ask the same; return the places of each group's texts, the largest group first.

    A question joins the group whose first question it is most like: by characters, or by ``nearness`` (of two texts by
    their places, 0–1) where meaning is known.
    """
    bags = [_bag(wording.canonical(wording.core(text))) for text in texts]
    groups: list[list[int]] = []
    for place, bag in enumerate(bags):
        best, home = 0.0, None
        for group in groups:
            alike = _jaccard(bag, bags[group[0]])
            if nearness is not None:
                alike = max(alike, nearness(place, group[0]))
            if alike > best:
                best, home = alike, group
        if home is not None and best >= _SAME_QUESTION:
            home.append(place)
        else:
            groups.append([place])
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _bag(text: str) -> frozenset[str]:
    return frozenset((*text, *(text[at : at + 2] for at in range(len(text) - 1))))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0
