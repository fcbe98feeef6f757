"""An article as a form: what was typed stays as it was typed, and what is wrong is said beside its field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from starlette.datastructures import FormData, UploadFile

from hotline.city import City
from hotline.domain.article_life import ArticleStepRefusedError, ArticleVersion
from hotline.domain.knowledge import HANDED_IN, Article, Attachment
from hotline.domain.knowledge_files import LONGEST_NAME
from hotline.service.knowledge_files import file_gone
from knowledge_base.articles import faults_by_field, is_address

TEXTS: Final[Mapping[str, int]] = {
    "title": 120, "spoken": 400, "full": 8_000, "unit": 96, "source": 200, "document_number": 120, "legal_basis": 400,
    "place": 400, "hours": 200, "fee": 200, "phone": 120, "category": 40,
}  # fmt: skip
"""Fields of one text, with the most characters that they hold."""
LINES: Final[Mapping[str, int]] = {"questions": 120, "steps": 500, "materials": 300}
"""Fields with one entry a line, with the most characters of one."""
WORDS: Final[Mapping[str, int]] = {"tags": 40, "audience": 80, "related": 40}
"""Fields of short entries, apart by commas or lines."""
MOST_ATTACHMENTS: Final = 20
_MOST_ENTRIES: Final = 60
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_APART: Final = re.compile(r"[、，,;；\n]+")


@dataclass(frozen=True, slots=True)
class Filled:
    """``values`` as they were typed, the article that they make (without what is malformed), and what is wrong by field."""

    values: Mapping[str, Any]
    article: Article
    wrong: Mapping[str, str]


def values_of(article: Article) -> dict[str, Any]:
    """Return what the form shows of an article."""
    values: dict[str, Any] = {name: getattr(article, name) or "" for name in TEXTS}
    values |= {name: "\n".join(getattr(article, name)) for name in LINES}
    values |= {name: "、".join(getattr(article, name)) for name in WORDS}
    return values | {
        "id": article.id,
        "valid_from": "" if article.valid_from == date.min else article.valid_from.isoformat(),
        "valid_until": article.valid_until.isoformat() if article.valid_until else "",
        "is_confirmed": article.is_confirmed,
        "regions": list(article.regions),
        "attachments": "\n".join(
            f"{one.name} {one.address}" for one in article.attachments if one.digest is None
        ),
        "files": [one for one in article.attachments if one.digest is not None],
    }


def read(form: FormData, city: City, *, names: Mapping[str, str]) -> Filled:
    """Return what was filled in. ``names`` are what people call the fields."""
    wrong: dict[str, str] = {}
    values: dict[str, Any] = {
        name: _typed(form, name)
        for name in (*TEXTS, *LINES, *WORDS, "id", "valid_from", "valid_until", "attachments")
    }
    values["regions"] = [code for code in map(str, form.getlist("regions")) if code in city.counties]
    values["is_confirmed"] = form.get("is_confirmed") == "true"
    texts = {name: values[name].strip() for name in TEXTS}
    texts["category"] = texts["category"].split(" ")[0]
    lists = {name: _entries(values[name].split("\n")) for name in LINES}
    lists |= {name: _entries(_APART.split(values[name])) for name in WORDS}
    for name, most in TEXTS.items():
        if len(texts[name]) > most:
            wrong[name] = f"最多 {most} 字，现在 {len(texts[name])} 字"
    for name, most in {**LINES, **WORDS}.items():
        if len(lists[name]) > _MOST_ENTRIES or any(len(one) > most for one in lists[name]):
            wrong[name] = f"最多 {_MOST_ENTRIES} 条，每条最多 {most} 字"
    if texts["unit"] and texts["unit"] not in {unit.name for unit in city.units.values()}:
        wrong["unit"] = f"承办单位名录里没有：{texts['unit']}"
    if texts["category"] and texts["category"] not in city.categories:
        wrong["category"] = f"没有这个诉求分类：{texts['category']}"
    days = {name: _day(values[name]) for name in ("valid_from", "valid_until")}
    for name, day in days.items():
        if day is None and (values[name].strip() or name == "valid_from"):
            wrong[name] = f"{names[name]}应是日期，如 2026-01-01"
    values["files"] = list(_files(form))
    attachments = (*_attachments(values["attachments"], wrong), *values["files"])
    article = Article(
        id=values["id"].strip(), version=1,
        title=texts["title"], questions=lists["questions"], spoken=texts["spoken"], full=texts["full"],
        unit=texts["unit"], source=texts["source"], valid_from=days["valid_from"] or date.min,
        valid_until=days["valid_until"], category=texts["category"] or None, tags=lists["tags"],
        is_confirmed=values["is_confirmed"], document_number=texts["document_number"], legal_basis=texts["legal_basis"],
        steps=lists["steps"], materials=lists["materials"], place=texts["place"], hours=texts["hours"], fee=texts["fee"],
        phone=texts["phone"], regions=tuple(values["regions"]), audience=lists["audience"], attachments=attachments,
        related=lists["related"],
    )  # fmt: skip
    return Filled(values, article, wrong)


def missing(article: Article, city: City, names: Mapping[str, str]) -> dict[str, str]:
    """Return by field what is to be put right before the article may be reviewed."""
    return _by_field(faults_by_field(article, city), names)


def refused(
    error: ArticleStepRefusedError, draft: ArticleVersion, city: City, names: Mapping[str, str]
) -> dict[str, str]:
    """Return by field why a draft was not taken for review; what no field is named for is about its ways of asking."""
    known = {reason: field for field, reason in faults_by_field(draft.article, city)}
    known |= {file_gone(one.name): "uploads" for one in draft.article.attachments}
    return _by_field([(known.get(reason, "questions"), reason) for reason in error.reasons], names)


def _by_field(faults: Sequence[tuple[str, str]], names: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for field, reason in faults:
        found.setdefault(field, []).append(re.sub(rf"\s?\b{field}\b\s?", names[field], reason))
    return {field: "；".join(reasons) for field, reasons in found.items()}


def _typed(form: FormData, name: str) -> str:
    """Return what was typed: lines end as everywhere, and what no text may hold is left out."""
    found = form.get(name, "")
    text = "" if isinstance(found, UploadFile) else found.replace("\r\n", "\n")
    return _CONTROL.sub("", text)


def _entries(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def with_files(filled: Filled, handed_in: Sequence[Attachment], refused: Sequence[str]) -> Filled:
    """Return the form with files that were handed in now, and with what was said of those that were not taken."""
    addresses = {one.address for one in filled.article.attachments}
    fresh = [one for one in {one.address: one for one in handed_in}.values() if one.address not in addresses]
    attachments = (*filled.article.attachments, *fresh)
    wrong = dict(filled.wrong)
    if refused:
        wrong["uploads"] = "；".join(refused)
    elif len(attachments) > MOST_ATTACHMENTS:
        wrong["uploads"] = f"一个条目最多 {MOST_ATTACHMENTS} 个附件"
    values = {**filled.values, "files": [*filled.values["files"], *fresh]}
    return Filled(values, replace(filled.article, attachments=attachments), wrong)


def _files(form: FormData) -> Iterator[Attachment]:
    """Yield the files that the article carries already and is to go on carrying."""
    given = [one for one in form.getlist("files") if isinstance(one, str)]
    for line in dict.fromkeys(_CONTROL.sub("", one) for one in given):
        address, _, name = line.partition(" ")
        found = Attachment(name.strip()[: LONGEST_NAME + 1], address)
        if found.digest is not None and found.name and is_address(address):
            yield found


def _attachments(text: str, wrong: dict[str, str]) -> tuple[Attachment, ...]:
    found = []
    for line in _entries(text.split("\n")):
        name, _, address = line.rpartition(" ")
        if name.strip() and is_address(address) and not address.startswith(HANDED_IN):
            found.append(Attachment(name.strip(), address))
        else:
            wrong["attachments"] = f"每行写“名称 地址”，地址是 https 网址或文件名：{line[:60]}"
    return tuple(found)
