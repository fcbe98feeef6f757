"""The weekly brief: the template's sentences with the week's figures, to the digit; what a person writes replaces them."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from docx import Document

from desk.brief_document import document
from desk.brief_paper import brief_paper
from desk.front import WORDS
from hotline.city import load_city
from hotline.domain.deeds import Card, Tier
from hotline.domain.errors import CityConfigError
from hotline.domain.forecasting import Forecast, WeekAhead
from hotline.domain.weekly_issues import HotIssues, Issue
from hotline.service.weekly_brief import WeekFigures, composed, load_template
from tests.builders import LINYI

CITY = load_city(LINYI)
TEMPLATE = load_template(CITY)
MONDAY = date(2026, 11, 16)
AHEAD = tuple(WeekAhead(90, middle, 130) for middle in (100.4, 110, 120, 130.2))
USEFUL = Forecast(AHEAD, 26, 0.081, 0.12, 0.105)
USELESS = replace(USEFUL, error=0.2)
FIGURES = WeekFigures(
    monday=MONDAY,
    at=datetime(2026, 11, 23, 1, 30, tzinfo=UTC),
    days=[(MONDAY + timedelta(days=step), count) for step, count in enumerate((10, 20, 30, 15, 15, 6, 4))],
    before=80,
    year_before=0,
    at_once=33,
    categories={"0101": (60, 20), "0204": (30, 30), "": (10, 30), "0701": (0, 5)},
    counties={"371302": 70, "371323": 20, "": 10},
    hot=HotIssues(MONDAY, (Issue("0101", (20, 20, 20, 20, 60), USEFUL), Issue("0204", (30,) * 5, USELESS))),
    whole=HotIssues(MONDAY, (Issue("", (90,) * 5, USEFUL),)),
    cards={
        "county-371302": {Card.YELLOW: 3, Card.RED: 1},
        "county-371323": {Card.YELLOW: 1, Card.RED: 2},
        "county-371311": {Card.UNSIGNED: 9},
    },
    tiers={Tier.HOTLINE: 4, Tier.MEDIA: 1},
    proposed=2,
    overdue=7,
)
BRIEF = composed(FIGURES, TEMPLATE, CITY, WORDS)


def test_its_sentences_say_the_weeks_figures() -> None:
    assert (BRIEF.title, BRIEF.subtitle) == (
        "临沂市12345政务服务便民热线运行周报",
        "（2026年11月16日至2026年11月22日）",
    )
    assert [each.text for each in BRIEF.sections] == [
        "本周共受理诉求100件，比上周增加25.0%，比去年同期无可比数据；日均14件，最多的一天是2026年11月18日（30件）。当场答复33件，当场答复率33.0%。",
        "件数最多的是：供暖60件、路灯照明30件。",
        "件数最多的县区是：兰山区70件、沂水县20件。另有10件没有说明所在县区。",
        "比前四周明显增多的事项：供暖60件（前四周平均每周20件）。",
        "本周发出黄牌4张、红牌3张。截至2026-11-23 09:30，承办单位超期未办7件；督办中5件，其中热线督办4件、媒体督办1件；另有2件建议升级，待督办人员决定。",
        "预计下四周共受理461件。按近期各周回测，预测误差8.1%，沿用上周或去年同期数的误差10.5%；另有1类回测不优于沿用旧数，暂不预测。",
        "（请填写）",
    ]


def test_its_tables_have_what_the_sentences_are_about() -> None:
    tables = {each.key: each.rows for each in BRIEF.sections}
    assert tables["overview"][2] == ("2026年11月18日", "30")
    assert tables["classes"] == (
        ("供暖", "60", "60.0%", "20", "增加200.0%"),
        ("路灯照明", "30", "30.0%", "30", "持平"),
    )
    assert tables["counties"] == (("兰山区", "70", "70.0%"), ("沂水县", "20", "20.0%"))
    assert tables["hot"] == (("供暖", "60", "20.0", "增加200.0%"),)
    assert tables["supervision"] == (("沂水县人民政府", "1", "2"), ("兰山区人民政府", "3", "1"))
    row = ("100", "110", "120", "130", "8.1%", "10.5%")
    assert tables["forecast"] == (("临沂市", *row), ("供暖", *row))


def test_a_forecast_that_is_no_better_than_none_is_not_told() -> None:
    whole = HotIssues(MONDAY, (Issue("", (90,) * 5, USELESS),))
    brief = composed(replace(FIGURES, whole=whole), TEMPLATE, CITY, WORDS)
    assert brief.sections[5].text == "历史数据不足或者回测不优于沿用旧数，暂不预测总量。"
    assert [row[0] for row in brief.sections[5].rows] == ["供暖"]


def test_an_empty_week_is_told_as_such() -> None:
    nothing = HotIssues(MONDAY, ())
    empty = replace(
        FIGURES, days=[(day, 0) for day, _ in FIGURES.days], at_once=0, categories={}, counties={}, hot=nothing,
        whole=nothing, cards={}, tiers={},
    )  # fmt: skip
    brief = composed(empty, TEMPLATE, CITY, WORDS)
    assert brief.sections[0].text.startswith("本周共受理诉求0件，比上周减少100.0%，")
    assert brief.sections[1].text == "件数最多的是：无。"
    assert [each.rows for each in brief.sections[1:]] == [()] * 6


def test_what_a_person_wrote_is_in_the_word_file_with_its_tables() -> None:
    edited = BRIEF.edited({"advice": "一、做好供暖。\n二、<抢修>路灯。", "unknown": "-"})
    made = Document(io.BytesIO(document(edited, TEMPLATE.fonts)))
    texts = [each.text for each in made.paragraphs if each.text]
    assert texts[:4] == [BRIEF.title, BRIEF.subtitle, "一、总体情况", BRIEF.sections[0].text]
    assert texts[-3:] == ["七、工作建议", "一、做好供暖。", "二、<抢修>路灯。"]
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in made.tables]
    assert tables[2] == [["县区", "本周", "占比"], ["兰山区", "70", "70.0%"], ["沂水县", "20", "20.0%"]]
    assert len(tables) == 6


def test_the_pdf_holds_only_the_glyphs_it_uses_and_a_long_text_goes_on_over_pages() -> None:
    short = brief_paper(BRIEF, at=FIGURES.at)
    long = brief_paper(BRIEF.edited({"advice": "请做好供暖保障。" * 800}), at=FIGURES.at)
    assert short.startswith(b"%PDF-")
    assert b"NotoSerifSC" in short
    assert [each.count(b"/Type /Page\n") for each in (short, long)] == [2, 6]
    assert len(short) < 120_000


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("{accepted}", "{acepted}", "没有这样的数：acepted"),
        ("table: days", "table: dayz", "没有这样的表：dayz"),
        ("{peak_day}", "{peak_day", "花括号不成对"),
        ("  same: 持平\n", "", "缺少 same"),
        ("most_rows: 10\n", "", "字段缺失或多余"),
    ],
)
def test_a_template_that_is_wrong_is_refused_with_where_and_why(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    (tmp_path / "prompts").mkdir()
    file = tmp_path / "prompts" / "brief.yaml"
    shutil.copyfile(LINYI / "prompts" / "brief.yaml", file)
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CityConfigError, match=reason):
        load_template(replace(CITY, folder=tmp_path))
