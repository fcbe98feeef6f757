"""Golden questions (对照题): questions kept apart from the articles' ways of asking, with the articles expected.

One YAML file per author in ``config/<city>/golden``; every mistake is named by file and row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from hotline.city import read_yaml
from hotline.domain.errors import CityConfigError
from knowledge_base.wording import plain


class Ground(StrEnum):
    """Why a question must not be answered on the spot."""

    REPORT = "report"  # 反映问题、催办
    OFF = "off"  # 与热线无关
    NEAR = "near"  # 看着像，知识库里其实没有


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    """A question and the ids of the articles that answer it, any of them; none when ``ground`` says why not."""

    text: str
    answers: tuple[str, ...] = ()
    ground: Ground | None = None


def load_golden(folder: Path, articles: Collection[str] | None = None) -> tuple[GoldenQuestion, ...]:
    """Read every file of the folder; ``articles`` are the ids there are, to be checked. Raises ``CityConfigError``."""
    found: list[GoldenQuestion] = []
    asked: dict[str, str] = {}
    for file in sorted(folder.glob("*.yaml")):
        for where, question in _of_file(file):
            if unknown := [id_ for id_ in question.answers if articles is not None and id_ not in articles]:
                raise CityConfigError(file=str(file), row=where, reason=f"没有这个条目：{'、'.join(unknown)}")
            if (before := asked.setdefault(plain(question.text), f"{file.name} {where}")) != (
                f"{file.name} {where}"
            ):
                raise CityConfigError(file=str(file), row=where, reason=f"与 {before} 是同一个问题")
            found.append(question)
    return tuple(found)


def _of_file(file: Path) -> Iterator[tuple[str, GoldenQuestion]]:
    data = read_yaml(file)
    for part in ("answerable", "unanswerable"):
        rows = data.get(part) or [] if isinstance(data, dict) else None
        if not isinstance(rows, list):
            raise CityConfigError(file=str(file), row=part, reason="应有 answerable、unanswerable 两个列表")
        for number, row in enumerate(rows, 1):
            where = f"{part} 第{number}条"
            try:
                yield where, _question(row, part)
            except (KeyError, TypeError, ValueError) as error:
                raise CityConfigError(
                    file=str(file), row=where, reason=f"字段缺失或取值不对：{error}"
                ) from error


def _question(row: dict[str, Any], part: str) -> GoldenQuestion:
    text = row["q"]
    if not (isinstance(text, str) and plain(text)):
        raise ValueError("q 应是问题")
    if part == "unanswerable":
        return GoldenQuestion(text, ground=Ground(row["why"]))
    answers = row["a"]
    if not (isinstance(answers, list) and answers and all(isinstance(one, str) for one in answers)):
        raise ValueError("a 应是条目编号的列表")
    return GoldenQuestion(text, answers=tuple(answers))
