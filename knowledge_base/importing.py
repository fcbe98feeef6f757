"""Importing articles (导入): all of a file's rows or none; every rejected row is named with its reason."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.knowledge import Article
from knowledge_base.articles import ArticleError, Taken, article_of

_LISTS: Final = ("questions", "tags")
_LARGEST_BYTES: Final = 20 << 20


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import: ids of the articles taken, and why rows were rejected (then none was taken)."""

    accepted: tuple[str, ...]
    rejected: tuple[str, ...]


def import_articles(file: Path, folder: Path, city: City, present: Sequence[Article]) -> ImportReport:
    """Take the rows of a CSV, JSON or YAML file into ``folder``; an id that is present already is replaced.

    In CSV, questions and tags are separated by ``|``. Raises ``CityConfigError`` for a file that cannot be read at all.
    """
    taken_ids, rejected, rows = [], [], []
    articles: list[Article] = []
    for number, row in enumerate(_rows(file), 1):
        try:
            article = article_of(row, city)
        except ArticleError as error:
            rejected.append(f"第{number}行 {row.get('id', '')}：{error}")
            continue
        articles.append(article)
        rows.append(dict(row))
        taken_ids.append(article.id)
    fresh = {article.id for article in articles}
    taken = Taken(article for article in present if article.id not in fresh)
    for number, article in enumerate(articles, 1):
        rejected += [f"第{number}行 {article.id}：{reason}" for reason in taken.add(article)]
    if rejected or not rows:
        return ImportReport((), tuple(rejected) or ("文件里没有条目",))
    _write(folder / f"{file.stem}.yaml", rows)
    return ImportReport(tuple(taken_ids), ())


def _rows(file: Path) -> Iterable[Mapping[str, Any]]:
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise CityConfigError(file=str(file), reason="文件超过20兆")
        match file.suffix.lower():
            case ".csv":
                with file.open(encoding="utf-8-sig", newline="") as lines:
                    return [_of_csv(row) for row in csv.DictReader(lines)]
            case ".json":
                data = json.loads(file.read_text(encoding="utf-8-sig"))
            case ".yaml" | ".yml":
                data = read_yaml(file)
            case _:
                raise CityConfigError(file=str(file), reason="只认 CSV、JSON、YAML 文件")
    except (OSError, ValueError) as error:
        raise CityConfigError(file=str(file), reason=f"读不出来：{error}") from error
    rows = data.get("articles") if isinstance(data, dict) else data
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CityConfigError(file=str(file), reason="应是条目的列表，或带 articles 列表")
    return rows


def _of_csv(row: Mapping[str, str | None]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: value.strip() for name, value in row.items() if name and value and value.strip()
    }
    for name in _LISTS:
        if name in found:
            found[name] = [part.strip() for part in found[name].split("|") if part.strip()]
    return found


def _write(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.write_text(
        yaml.safe_dump({"articles": list(rows)}, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    fresh.replace(file)
