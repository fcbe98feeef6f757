"""Articles from files and to files: Excel, CSV, JSON, YAML. Every rejected row is named with its reason.

The first row of a table names its columns, in English as everywhere or in Chinese as people write them; the texts of a
list are separated by ``|`` or by line breaks.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import openpyxl
import yaml
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import InvalidFileException

from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.knowledge import Article
from knowledge_base.articles import ArticleError, Taken, article_of

FIELDS: Final[Mapping[str, str]] = {
    "id": "编号", "version": "版本", "title": "标题", "category": "分类", "questions": "问法", "spoken": "口头答复",
    "full": "书面答复", "steps": "步骤", "materials": "材料", "place": "办理地点", "hours": "办理时间", "fee": "收费",
    "phone": "咨询电话", "unit": "责任单位", "source": "来源", "document_number": "文号", "legal_basis": "法律依据",
    "regions": "适用县区", "audience": "适用对象", "valid_from": "生效日", "valid_until": "失效日", "tags": "标签",
    "related": "相关条目", "attachments": "附件", "confirmed": "已核对",
}  # fmt: skip
"""The columns of a table, with what people call them."""

CONTENT_TYPES: Final[Mapping[str, str]] = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".yaml": "application/yaml",
}
SUFFIXES: Final = tuple(CONTENT_TYPES)
_LISTS: Final = ("questions", "tags", "steps", "materials", "regions", "audience", "related")
_TRUTHS: Final = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}
_ENGLISH: Final = {chinese: english for english, chinese in FIELDS.items()}
LARGEST_BYTES: Final = 20 << 20
_MOST_UNPACKED: Final = 200 << 20
_MOST_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Rows:
    """What a file holds: the articles that can be taken, and why rows were rejected."""

    articles: tuple[Article, ...]
    rejected: tuple[str, ...]


def read_rows(file: Path, city: City, present: Iterable[Article] = ()) -> Rows:
    """Read the articles of a file; ``present`` are those there are: an article of the same id takes its place.

    Raises ``CityConfigError`` for a file that cannot be read at all.
    """
    return read_given(_rows(file), city, present)


def read_given(rows: Iterable[Mapping[str, Any]], city: City, present: Iterable[Article] = ()) -> Rows:
    """Do what ``read_rows`` does with rows that are read already."""
    rejected: list[str] = []
    fresh: dict[int, Article] = {}
    for number, row in enumerate(rows, 1):
        try:
            fresh[number] = article_of(row, city)
        except ArticleError as error:
            rejected.append(f"第{number}条 {row.get('id') or ''}：{error}")
    replaced = {article.id for article in fresh.values()}
    taken = Taken(article for article in present if article.id not in replaced)
    good = []
    for number, article in fresh.items():
        reasons = taken.add(article)
        rejected += [f"第{number}条 {article.id}：{reason}" for reason in reasons]
        good += [article] if not reasons else []
    if not good and not rejected:
        rejected.append("文件里没有条目")
    return Rows(tuple(good), tuple(rejected))


def write_rows(articles: Iterable[Article], suffix: str) -> bytes:
    """Return the articles as a file of that kind (``SUFFIXES``), which ``read_rows`` reads back."""
    rows = [_row(article) for article in articles]
    match suffix:
        case ".json":
            return json.dumps({"articles": rows}, ensure_ascii=False, indent=1, default=str).encode()
        case ".yaml":
            return yaml.safe_dump({"articles": rows}, allow_unicode=True, sort_keys=False).encode()
        case ".csv":
            text = io.StringIO()
            table = csv.writer(text)
            table.writerow(FIELDS)
            table.writerows([_unformula(cell) for cell in cells] for cells in map(_cells, rows))
            return b"\xef\xbb\xbf" + text.getvalue().encode()
        case ".xlsx":
            return _excel(rows)
        case _:
            raise CityConfigError(file=suffix, reason=f"只有 {'、'.join(SUFFIXES)}")


def _excel(rows: Iterable[Mapping[str, Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(FIELDS.values()))
    sheet.freeze_panes = "B2"
    for row in rows:
        sheet.append([_unformula(ILLEGAL_CHARACTERS_RE.sub("", cell)) for cell in _cells(row)])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _cells(row: Mapping[str, Any]) -> list[str]:
    cells = []
    for name in FIELDS:
        value = row.get(name, "")
        if name == "attachments":
            value = "|".join(f"{one['name']} {one['address']}" for one in value)
        elif isinstance(value, list):
            value = "|".join(value)
        elif isinstance(value, bool):
            value = "是" if value else "否"
        cells.append(str(value))
    return cells


def _unformula(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _rows(file: Path) -> Sequence[Mapping[str, Any]]:
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise CityConfigError(file=str(file), reason=f"文件超过{LARGEST_BYTES >> 20}兆")
        match file.suffix.lower():
            case ".csv":
                with file.open(encoding="utf-8-sig", newline="") as lines:
                    return [_of_table(row) for row in csv.DictReader(lines, strict=True)]
            case ".xlsx":
                return [_of_table(row) for row in _of_excel(file)]
            case ".json":
                data = json.loads(file.read_text(encoding="utf-8-sig"))
            case ".yaml" | ".yml":
                data = read_yaml(file)
            case _:
                raise CityConfigError(file=str(file), reason="只认 Excel（xlsx）、CSV、JSON、YAML 文件")
    except (
        OSError,
        ValueError,
        KeyError,
        csv.Error,
        RecursionError,
        zipfile.BadZipFile,
        InvalidFileException,
    ) as error:
        raise CityConfigError(file=str(file), reason=f"读不出来：{error}") from error
    defaults = data.get("defaults") or {} if isinstance(data, dict) else {}
    rows = data.get("articles") if isinstance(data, dict) else data
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in (*rows, defaults))):
        raise CityConfigError(file=str(file), reason="应是条目的列表，或带 articles 列表")
    return [defaults | row for row in rows]


def _of_excel(file: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of the first sheet as texts. Raises ``ValueError`` for one that unpacks to far too much."""
    with zipfile.ZipFile(file) as packed:
        if sum(part.file_size for part in packed.infolist()) > _MOST_UNPACKED:
            raise ValueError("解开后过大")
    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        heading: list[str] = []
        for number, cells in enumerate(sheet.iter_rows(values_only=True)):
            if number > _MOST_ROWS:
                raise ValueError(f"超过{_MOST_ROWS}行")
            texts = [_text_of(cell) for cell in cells]
            if not heading:
                heading = texts
            elif any(texts):
                names = [*heading, *([""] * (len(texts) - len(heading)))]
                yield {
                    (name or "多出的列"): text
                    for name, text in zip(names, texts, strict=False)
                    if name or text
                }
    finally:
        book.close()


def _text_of(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.date().isoformat()
        case float() if cell.is_integer():
            return str(int(cell))
        case _:
            return str(cell).strip()


def _of_table(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a table's row with its texts made what YAML would give; cells beyond the heading keep a name nobody knows."""
    found: dict[str, Any] = {
        _ENGLISH.get(name or "", name or "多出的列"): _plain_cell(value)
        for name, value in row.items()
        if value not in (None, "")
    }
    for name in _LISTS:
        if name in found:
            found[name] = _parts(str(found[name]))
    if "attachments" in found:
        named = [part.rpartition(" ") for part in _parts(str(found["attachments"]))]
        found["attachments"] = [{"name": name.strip(), "address": address} for name, _, address in named]
    if str(found.get("version", "")).isdecimal():
        found["version"] = int(found["version"])
    if "confirmed" in found:
        found["confirmed"] = _TRUTHS.get(str(found["confirmed"]).lower(), found["confirmed"])
    return found


def _plain_cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = value.strip()
    return value[1:] if value[:1] == "'" and _unformula(value[1:]) == value else value


def _parts(text: str) -> list[str]:
    return [part.strip() for line in text.splitlines() for part in line.split("|") if part.strip()]


def _row(article: Article) -> dict[str, Any]:
    row = dataclasses.asdict(article)
    row["confirmed"] = row.pop("is_confirmed")
    if row["valid_from"] == date.min:
        row.pop("valid_from")
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in ((name, row.get(name)) for name in FIELDS)
        if value not in (None, (), "")
    }
