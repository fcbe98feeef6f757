"""Articles (知识条目) from files: one YAML file per group of matters, every mistake named by file and row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.knowledge import Article, Attachment
from knowledge_base.wording import plain

LONGEST_SPOKEN: Final = 80
FEWEST_QUESTIONS: Final = 5
_KNOWN: Final = frozenset(
    [
        "id",
        "version",
        "title",
        "questions",
        "spoken",
        "full",
        "unit",
        "source",
        "valid_from",
        "valid_until",
        "category",
        "tags",
        "confirmed",
        "document_number",
        "legal_basis",
        "steps",
        "materials",
        "place",
        "hours",
        "fee",
        "phone",
        "regions",
        "audience",
        "attachments",
        "related",
    ]
)
# A list, a link or a table cannot be read aloud.
_UNSPEAKABLE: Final = re.compile(r"[\n\t*#|<>【】\[\]{}/\\]|https?:|(?:^|[。；：])\d{1,2}[、.](?!\d)|[①-⑳]")
_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{2,39}")
_ADDRESS: Final = re.compile(r"https://[^\s<>\"']+|[\w-]+(?:/[\w-]+)*\.\w{1,5}|sha256:[0-9a-f]{64}")


def load_articles(folders: Sequence[Path], city: City, *, known: Collection[str] = ()) -> tuple[Article, ...]:
    """Read every ``*.yaml`` of the folders and check them together. Raises ``CityConfigError``.

    A folder that does not exist holds no articles (nothing was imported yet). ``known`` are ids of articles elsewhere
    that these may be related to.
    """
    articles: list[Article] = []
    taken = Taken()
    for folder in folders:
        for file in sorted(folder.glob("*.yaml")):
            for number, article in read_articles(file, city):
                where = f"第{number}条 {article.id}"
                for reason in (*taken.add(article), *_not_here(article)):
                    raise CityConfigError(file=str(file), row=where, reason=reason)
                articles.append(article)
    for article in articles:
        if missing := [id_ for id_ in article.related if id_ not in taken.ids and id_ not in known]:
            reason = f"相关条目不存在：{'、'.join(missing)}"
            raise CityConfigError(file=str(folders[0]), row=article.id, reason=reason)
    return tuple(articles)


def _not_here(article: Article) -> Iterator[str]:
    """Yield what a city's files cannot bring along: files that editors handed in are in a hotline's own data."""
    handed_in = [one.name for one in article.attachments if one.digest is not None]
    if handed_in:
        yield f"附件是在知识库里上传的文件，不能写进城市资料：{'、'.join(handed_in)}"


def read_articles(file: Path, city: City) -> Iterable[tuple[int, Article]]:
    """Yield the articles of one file with their number; ``defaults`` fill in what a row leaves out."""
    data = read_yaml(file)
    rows = data.get("articles") if isinstance(data, dict) else None
    defaults = data.get("defaults", {}) if isinstance(data, dict) else {}
    if not isinstance(rows, list) or not isinstance(defaults, dict):
        raise CityConfigError(file=str(file), reason="应有 articles 列表，defaults 应是字段")
    for number, row in enumerate(rows, 1):
        named = row.get("id", "") if isinstance(row, dict) else ""
        try:
            if not isinstance(row, dict):
                raise ArticleError("不是带字段的条目")  # noqa: TRY301 -- one place words the error
            yield number, article_of(defaults | row, city)
        except ArticleError as error:
            raise CityConfigError(file=str(file), row=f"第{number}条 {named}", reason=str(error)) from error


class ArticleError(ValueError):
    """A row is not a usable article; the message says why, in Chinese."""


def article_of(row: Mapping[str, Any], city: City) -> Article:
    """Make one article of a row as YAML, JSON or CSV gives it, and check it. Raises ``ArticleError`` with the first fault."""
    article = draft_of(row, city)
    for fault in faults_of(article, city):
        raise ArticleError(fault)
    return article


def draft_of(row: Mapping[str, Any], city: City) -> Article:
    """Make an article of a row, which may be incomplete but not malformed. Raises ``ArticleError``."""
    if unknown := sorted(set(map(str, row)) - _KNOWN):
        raise ArticleError(f"不认识的字段：{'、'.join(unknown)}")
    category = _text(row, "category", needed=False) or None
    return Article(
        id=_text(row, "id"),
        version=_version(row.get("version", 1)),
        title=_text(row, "title", needed=False),
        questions=_texts(row, "questions", needed=False),
        spoken=_text(row, "spoken", needed=False),
        full=_text(row, "full", needed=False),
        unit=_text(row, "unit", needed=False),
        source=_text(row, "source", needed=False),
        valid_from=_day(row, "valid_from") or date.min,
        valid_until=_day(row, "valid_until", needed=False),
        category=category,
        tags=_texts(row, "tags", needed=False),
        is_confirmed=_truth(row.get("confirmed", False)),
        document_number=_text(row, "document_number", needed=False),
        legal_basis=_text(row, "legal_basis", needed=False),
        steps=_texts(row, "steps", needed=False),
        materials=_texts(row, "materials", needed=False),
        place=_text(row, "place", needed=False),
        hours=_text(row, "hours", needed=False),
        fee=_text(row, "fee", needed=False),
        phone=_text(row, "phone", needed=False),
        regions=_regions(row, city),
        audience=_texts(row, "audience", needed=False),
        attachments=_attachments(row),
        related=_texts(row, "related", needed=False),
    )


def faults_of(article: Article, city: City) -> tuple[str, ...]:
    """Return everything that is wrong with an article's text, in Chinese; nothing when it may be reviewed."""
    return tuple(reason for _, reason in faults_by_field(article, city))


def faults_by_field(article: Article, city: City) -> tuple[tuple[str, str], ...]:
    """Return the same, each with the field that it is about."""
    units = {unit.name for unit in city.units.values()}
    return (*_faults_of_words(article), *_faults_of_facts(article, units, city.categories))


class Taken:
    """What articles seen so far have taken: no two may have one id, one title or one question."""

    def __init__(self, articles: Iterable[Article] = ()) -> None:
        self.ids: set[str] = set()
        self._askings: dict[str, str] = {}
        for article in articles:
            self.add(article)

    def add(self, article: Article) -> tuple[str, ...]:
        """Take the article's, or return why it cannot be taken (and take nothing)."""
        reasons = [f"编号 {article.id} 重复"] if article.id in self.ids else []
        askings = [article.title, *article.questions]
        reasons += [
            f"问法“{asking}”与 {self._askings[plain(asking)]} 重复"
            for asking in askings
            if plain(asking) in self._askings
        ]
        if len({plain(asking) for asking in article.questions}) < len(article.questions):
            reasons.append("本条内问法重复")
        if not reasons:
            self.ids.add(article.id)
            self._askings.update((plain(asking), article.id) for asking in askings)
        return tuple(reasons)


def _faults_of_words(article: Article) -> Iterator[tuple[str, str]]:
    for name in ("title", "spoken", "full", "unit", "source"):
        if not getattr(article, name).strip():
            yield name, f"缺少 {name}"
    if not article.questions:
        yield "questions", "缺少 questions"
    elif len(article.questions) < FEWEST_QUESTIONS:
        yield "questions", f"问法少于{FEWEST_QUESTIONS}种"
    if len(article.spoken) > LONGEST_SPOKEN:
        yield "spoken", f"spoken 有{len(article.spoken)}字，超过{LONGEST_SPOKEN}字"
    if found := _UNSPEAKABLE.search(article.spoken):
        yield "spoken", f"spoken 里有念不出来的内容：{found[0]!r}"
    askings = (article.title, *article.questions)
    if article.title.strip() and not all(plain(asking) for asking in askings):
        yield "questions", "标题和问法里要有文字"
    if len({plain(asking) for asking in article.questions}) < len(article.questions):
        yield "questions", "本条内问法重复"


def _faults_of_facts(
    article: Article, units: Collection[str], categories: Collection[str]
) -> Iterator[tuple[str, str]]:
    if not _ID.fullmatch(article.id):
        yield "id", "id 只能用字母、数字和连字符，3至40个，字母开头"
    if article.unit.strip() and article.unit not in units:
        yield "unit", f"承办单位名录里没有：{article.unit}"
    if article.category is not None and article.category not in categories:
        yield "category", f"没有这个诉求分类：{article.category}"
    if article.valid_until is not None and article.valid_until < article.valid_from:
        yield "valid_until", "失效日早于生效日"
    if article.id in article.related:
        yield "related", "相关条目不能是自己"


def _text(row: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = row.get(name)
    if value is None or value == "":
        if needed:
            raise ArticleError(f"缺少 {name}")
        return ""
    if not isinstance(value, str):
        raise ArticleError(f"{name} 应是文字（数字请加引号）：{value!r}")
    if needed and not value.strip():
        raise ArticleError(f"缺少 {name}")
    return value.strip()


def _texts(row: Mapping[str, Any], name: str, *, needed: bool = True) -> tuple[str, ...]:
    value = row.get(name) or []
    if not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise ArticleError(f"{name} 应是文字的列表")
    if needed and not value:
        raise ArticleError(f"缺少 {name}")
    return tuple(one.strip() for one in value)


def _regions(row: Mapping[str, Any], city: City) -> tuple[str, ...]:
    """Return codes of counties, which may be given by code, by name or by another name of theirs."""
    named = {name: code for code, one in city.counties.items() for name in (code, one.name, *one.aliases)}
    given = _texts(row, "regions", needed=False)
    if unknown := [name for name in given if name not in named]:
        raise ArticleError(f"没有这个县区：{'、'.join(unknown)}")
    return tuple(dict.fromkeys(named[name] for name in given))


def is_address(text: str) -> bool:
    """Tell whether ``text`` may be the address of an attachment: https, a file of the city's folder, or one handed in."""
    return _ADDRESS.fullmatch(text) is not None


def _attachments(row: Mapping[str, Any]) -> tuple[Attachment, ...]:
    given = row.get("attachments") or []
    if not (isinstance(given, list) and all(isinstance(one, dict) for one in given)):
        raise ArticleError("attachments 应是带 name 和 address 的列表")
    found = tuple(Attachment(_text(one, "name"), _text(one, "address")) for one in given)
    for one in found:
        if not is_address(one.address):
            raise ArticleError(f"附件地址应是 https 网址或文件名：{one.address}")
    return found


def _day(row: Mapping[str, Any], name: str, *, needed: bool = True) -> date | None:
    value = row.get(name)
    if value is None or value == "":
        if needed:
            raise ArticleError(f"缺少 {name}")
        return None
    try:
        return value if type(value) is date else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ArticleError(f"{name} 应是日期，如 2026-01-01：{value!r}") from None


def _version(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ArticleError(f"version 应是正整数：{value!r}")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ArticleError(f"confirmed 应是 true 或 false：{value!r}")
    return value
