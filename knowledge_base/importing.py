"""Importing articles (导入): all of a file's rows or none; every rejected row is named with its reason.

Imported articles live in one file of the data folder, beside the city's own; one with an id that is there already
replaces it.
"""

from __future__ import annotations

import csv
import dataclasses
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
from knowledge_base.articles import ArticleError, Taken, article_of, read_articles

_LISTS: Final = ("questions", "tags", "steps", "materials", "regions", "audience", "related")
_TRUTHS: Final = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}
_LARGEST_BYTES: Final = 20 << 20
_FILE: Final = "imported.yaml"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import: ids of the articles taken, and why rows were rejected (then none was taken)."""

    accepted: tuple[str, ...]
    rejected: tuple[str, ...]


def import_articles(file: Path, folder: Path, city: City, present: Sequence[Article]) -> ImportReport:
    """Take the rows of a CSV, JSON or YAML file into ``folder``; ``present`` are all articles there are now.

    In CSV, the texts of a list are separated by ``|``. Raises ``CityConfigError`` for a file that cannot be read at all,
    and when the folder cannot be written.
    """
    rejected: list[str] = []
    fresh: dict[int, Article] = {}
    for number, row in enumerate(_rows(file), 1):
        try:
            fresh[number] = article_of(row, city)
        except ArticleError as error:
            rejected.append(f"第{number}条 {row.get('id') or ''}：{error}")
    replaced = {article.id for article in fresh.values()}
    taken = Taken(article for article in present if article.id not in replaced)
    for number, article in fresh.items():
        rejected += [f"第{number}条 {article.id}：{reason}" for reason in taken.add(article)]
    if rejected or not fresh:
        return ImportReport((), tuple(rejected) or ("文件里没有条目",))
    _write(folder / _FILE, fresh.values(), city)
    return ImportReport(tuple(article.id for article in fresh.values()), ())


def _rows(file: Path) -> Sequence[Mapping[str, Any]]:
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise CityConfigError(file=str(file), reason=f"文件超过{_LARGEST_BYTES >> 20}兆")
        match file.suffix.lower():
            case ".csv":
                with file.open(encoding="utf-8-sig", newline="") as lines:
                    return [_of_csv(row) for row in csv.DictReader(lines, strict=True)]
            case ".json":
                data = json.loads(file.read_text(encoding="utf-8-sig"))
            case ".yaml" | ".yml":
                data = read_yaml(file)
            case _:
                raise CityConfigError(file=str(file), reason="只认 CSV、JSON、YAML 文件")
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        raise CityConfigError(file=str(file), reason=f"读不出来：{error}") from error
    defaults = data.get("defaults") or {} if isinstance(data, dict) else {}
    rows = data.get("articles") if isinstance(data, dict) else data
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in (*rows, defaults))):
        raise CityConfigError(file=str(file), reason="应是条目的列表，或带 articles 列表")
    return [defaults | row for row in rows]


def _of_csv(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a CSV row with its texts made what YAML would give; cells beyond the heading keep a name nobody knows."""
    found: dict[str, Any] = {
        name or "多出的列": value.strip() if isinstance(value, str) else value
        for name, value in row.items()
        if value not in (None, "")
    }
    for name in _LISTS:
        if name in found:
            found[name] = [part.strip() for part in str(found[name]).split("|") if part.strip()]
    if str(found.get("version", "")).isdecimal():
        found["version"] = int(found["version"])
    if "confirmed" in found:
        found["confirmed"] = _TRUTHS.get(str(found["confirmed"]).lower(), found["confirmed"])
    return found


def _write(file: Path, fresh: Iterable[Article], city: City) -> None:
    """Put the fresh articles with those imported before, in one step: a reader sees the old file or the new one."""
    kept = {article.id: article for _, article in read_articles(file, city)} if file.exists() else {}
    kept |= {article.id: article for article in fresh}
    text = yaml.safe_dump(
        {"articles": [_row(one) for one in kept.values()]}, allow_unicode=True, sort_keys=False
    )
    building = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        building.write_text(text, encoding="utf-8")
        building.replace(file)
    except OSError as error:
        raise CityConfigError(file=str(file), reason=f"写不进去：{error}") from error


def _row(article: Article) -> dict[str, Any]:
    row = dataclasses.asdict(article)
    row["confirmed"] = row.pop("is_confirmed")
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in row.items()
        if value not in (None, (), "")
    }
