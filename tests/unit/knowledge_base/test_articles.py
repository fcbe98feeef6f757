"""Reading articles: what is right is read as written, what is wrong is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hotline.city import load_city
from hotline.domain.errors import CityConfigError
from hotline.domain.knowledge import Article, Attachment
from knowledge_base.articles import ArticleError, Taken, article_of, load_articles
from tests.builders import LINYI, an_article

CITY = load_city(LINYI)
QUESTIONS = ["暖气哪天来", "几号供暖", "啥时候送暖", "供暖到哪天", "暖气哪天停"]
ROW = {
    "id": "A0101-01",
    "title": "什么时候供暖",
    "category": "0101",
    "questions": QUESTIONS,
    "spoken": "十一月十日开始供暖。",
    "full": "采暖期为11月10日至次年3月20日。",
    "unit": "市住房城乡建设局",
    "source": "临沂市供热条例第14条",
    "valid_from": "2026-01-01",
}


def write(folder: Path, *rows: dict[str, Any], name: str = "01.yaml", **more: Any) -> Path:
    file = folder / name
    file.write_text(yaml.safe_dump({"articles": list(rows), **more}, allow_unicode=True), encoding="utf-8")
    return file


def test_an_article_is_read_as_it_is_written() -> None:
    assert article_of(ROW, CITY) == Article(
        id="A0101-01",
        version=1,
        title="什么时候供暖",
        questions=tuple(QUESTIONS),
        spoken="十一月十日开始供暖。",
        full="采暖期为11月10日至次年3月20日。",
        unit="市住房城乡建设局",
        source="临沂市供热条例第14条",
        valid_from=date(2026, 1, 1),
        category="0101",
    )


def test_the_guide_the_region_and_what_goes_with_an_article_are_read(tmp_path: Path) -> None:
    guide = {
        "document_number": "国务院令第1号",
        "legal_basis": "临沂市供热条例第14条",
        "steps": ["打电话申请", "上门测温"],
        "materials": ["身份证"],
        "place": "供热单位营业厅",
        "hours": "工作日9时至17时",
        "fee": "不收费",
        "phone": "12345",
        "regions": ["兰山区", "371311"],
        "audience": ["居民用户"],
        "attachments": [{"name": "申请表", "address": "forms/heating.pdf"}],
    }
    article = article_of(ROW | guide, CITY)
    as_read = {
        "steps": ("打电话申请", "上门测温"),
        "materials": ("身份证",),
        "audience": ("居民用户",),
        "regions": ("371302", "371311"),
        "attachments": (Attachment("申请表", "forms/heating.pdf"),),
    }
    assert article == replace(article_of(ROW, CITY), **(guide | as_read))
    assert [article.holds_in(county) for county in ("371302", "371312", None)] == [True, False, False]
    assert article_of(ROW, CITY).holds_in(None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"steps": "先打电话"}, "steps 应是文字的列表"),
        ({"phone": 12345}, "phone 应是文字"),
        ({"regions": ["历下区"]}, "没有这个县区：历下区"),
        ({"attachments": ["表.pdf"]}, "attachments 应是带 name 和 address 的列表"),
        ({"attachments": [{"name": "表"}]}, "缺少 address"),
        ({"attachments": [{"name": "表", "address": "../表.pdf"}]}, "附件地址应是 https 网址或文件名"),
        ({"attachments": [{"name": "表", "address": "javascript:1"}]}, "附件地址应是"),
        ({"related": ["A0101-01"]}, "相关条目不能是自己"),
        ({"id": "1"}, "id 只能用字母、数字和连字符"),
        ({"id": None}, "缺少 id"),
        ({"id": "../A1"}, "id 只能用字母、数字和连字符"),
        ({"title": "？！"}, "标题和问法里要有文字"),
        ({"questions": QUESTIONS[:4]}, "问法少于5种"),
        ({"questions": "暖气"}, "questions 应是文字的列表"),
        ({"spoken": "热" * 81}, "spoken 有81字，超过80字"),
        ({"spoken": "见 https://example.org"}, "念不出来"),
        ({"spoken": "需要：\n身份证"}, "念不出来"),
        ({"spoken": "需要：1、身份证；2、户口簿"}, "念不出来"),
        ({"spoken": " "}, "缺少 spoken"),
        ({"unit": "市供暖局"}, "承办单位名录里没有：市供暖局"),
        ({"category": "0199"}, "没有这个诉求分类：0199"),
        ({"category": 101}, "category 应是文字"),
        ({"valid_from": "去年"}, "valid_from 应是日期"),
        ({"valid_until": "2025-12-31"}, "失效日早于生效日"),
        ({"version": 0}, "version 应是正整数"),
        ({"version": True}, "version 应是正整数"),
        ({"confirmed": "yes"}, "confirmed 应是 true 或 false"),
        ({"tags": [1]}, "tags 应是文字的列表"),
        ({"answer": "x"}, "不认识的字段：answer"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ArticleError, match=reason):
        article_of(ROW | change, CITY)


def test_an_answer_of_exactly_eighty_characters_is_short_enough() -> None:
    assert len(article_of(ROW | {"spoken": "热" * 80}, CITY).spoken) == 80


def test_a_telephone_number_before_a_comma_is_no_list() -> None:
    assert article_of(ROW | {"spoken": "可以打12333、12345问。"}, CITY).spoken == "可以打12333、12345问。"


def test_the_file_and_the_row_of_a_mistake_are_named(tmp_path: Path) -> None:
    file = write(tmp_path, ROW, ROW | {"id": "A0101-02", "unit": "某局"})
    with pytest.raises(CityConfigError) as error:
        load_articles([tmp_path], CITY)
    assert (error.value.file, error.value.row) == (str(file), "第2条 A0101-02")
    assert error.value.reason == "承办单位名录里没有：某局"


def test_a_row_that_is_no_article_is_named(tmp_path: Path) -> None:
    file = tmp_path / "01.yaml"
    file.write_text("articles: [暖气]", encoding="utf-8")
    with pytest.raises(CityConfigError, match="第1条.*不是带字段的条目"):
        load_articles([tmp_path], CITY)


@pytest.mark.parametrize("text", ["", "[]", "articles: 暖气", "defaults: 1\narticles: []"])
def test_a_file_without_a_list_of_articles_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "01.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CityConfigError, match="应有 articles 列表"):
        load_articles([tmp_path], CITY)


def test_one_id_cannot_be_used_in_two_files(tmp_path: Path) -> None:
    write(tmp_path, ROW)
    other = write(
        tmp_path,
        ROW | {"title": "别的", "questions": [f"别的问法{n}" for n in "一二三四五"]},
        name="02.yaml",
    )
    with pytest.raises(CityConfigError) as error:
        load_articles([tmp_path], CITY)
    assert (error.value.file, error.value.reason) == (str(other), "编号 A0101-01 重复")


def test_a_related_article_must_exist_here_or_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, ROW | {"related": ["A0101-02"]})
    with pytest.raises(CityConfigError, match="相关条目不存在：A0101-02"):
        load_articles([tmp_path], CITY)
    assert load_articles([tmp_path], CITY, known={"A0101-02"})[0].related == ("A0101-02",)


def test_the_citys_files_cannot_bring_a_file_that_was_handed_in(tmp_path: Path) -> None:
    handed_in = {"name": "申请表.docx", "address": f"sha256:{'a' * 64}"}
    write(tmp_path, ROW | {"attachments": [handed_in]})
    with pytest.raises(CityConfigError, match="不能写进城市资料：申请表.docx"):
        load_articles([tmp_path], CITY)
    assert article_of(ROW | {"attachments": [handed_in]}, CITY).attachments[0].digest == "a" * 64


def test_one_question_cannot_lead_to_two_articles() -> None:
    taken = Taken([an_article(questions=("什么时候供暖？",))])
    other = an_article(id="A2", title="停暖", questions=("什么时候，供暖",))
    assert taken.add(other) == ("问法“什么时候，供暖”与 A0101-01 重复",)


def test_one_question_cannot_stand_twice_in_an_article() -> None:
    assert Taken().add(an_article(questions=("几号供暖", "几号供暖？"))) == ("本条内问法重复",)


def test_defaults_fill_in_what_a_row_leaves_out(tmp_path: Path) -> None:
    row = {name: value for name, value in ROW.items() if name != "valid_from"}
    write(tmp_path, row, defaults={"valid_from": "2026-03-01", "confirmed": True})
    (article,) = load_articles([tmp_path], CITY)
    assert (article.valid_from, article.is_confirmed) == (date(2026, 3, 1), True)


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert load_articles([tmp_path / "none"], CITY) == ()


def test_the_city_has_its_articles_and_all_can_be_answered_with_today() -> None:
    articles = load_articles([LINYI / "articles"], CITY)
    assert len(articles) >= 150
    assert [one.id for one in articles if not one.is_valid(on=date(2026, 11, 23))] == []
    assert [one.id for one in articles if not f"A{one.category}".startswith(one.id[:5])] == []


def test_a_city_fact_that_is_to_be_published_elsewhere_is_not_marked_confirmed() -> None:
    articles = load_articles([LINYI / "articles"], CITY)
    said_elsewhere = ("热费", "水价", "气价", "电价")
    unsure = [
        one.id
        for one in articles
        if one.is_confirmed and any(f"{word}文件为准" in one.source for word in said_elsewhere)
    ]
    assert unsure == []
