"""The benchmark of repeats and hot issues, on a table small enough to know the outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.repeats import RepeatDataError, bench_repeats
from hotline.city import load_city
from hotline.domain.meaning import Understanding
from hotline.service.repeats import load_repeat_rules
from tests.builders import LINYI, a_complaint

RULES = load_repeat_rules(load_city(LINYI))
STOPPED = "A1区丽江花园小区从昨天晚上开始停水到现在一直没有恢复，老人孩子都没法做饭"
TABLE = f"""id,user,time,topic,detail
1,甲,2019/1/1 8:00:00,A1区丽江花园小区停水,{STOPPED}
2,甲,2019/1/3 8:00:00,A1区丽江花园小区又停水,{STOPPED}请尽快处理
3,甲,2019/1/4 8:00:00,建议增加公交班次,我们上班的路上公交车太少了经常要等四十分钟以上建议早高峰多发几班
4,乙,2019/1/1 9:00:00,丽江花园没有水,{STOPPED}
5,丙,2019/1/1 10:00:00,丽江花园断水,{STOPPED}
6,丁,2019-01-02 10:00:00,丽江花园水压不足,{STOPPED}
7,戊,2019-06-02 10:00:00,咨询落户政策,请问大学毕业生落户需要什么材料到哪里办理
"""


class ByWord:
    """Understands 停水 and nothing else."""

    name = "by word"

    async def understand(self, text: str) -> Understanding:
        return a_complaint(text, category="0102" if "停水" in text else "9901")

    async def close(self) -> None:
        pass


def table(folder: Path, text: str = TABLE) -> Path:
    file = folder / "messages.csv"
    file.write_text(text, encoding="utf-8")
    return file


async def test_repeats_and_hot_issues_are_counted_beside_simpler_rules(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    figures = await bench_repeats(
        table(tmp_path), ByWord(), RULES.repeats, RULES.hot_issues, lambda done, of: told.append((done, of))
    )
    assert (figures["messages"], figures["users"], told) == (7, 5, [(7, 7)])
    repeats = figures["repeats"]
    assert (repeats["same_matter_pairs"], repeats["other_matter_pairs"], repeats["left_out_pairs"]) == (
        1,
        2,
        0,
    )
    assert (repeats["recall"], repeats["precision"], repeats["recall_misheard"]) == (1.0, 1.0, 1.0)
    assert repeats["baseline_every_message_of_one_user"]["precision"] == round(1 / 3, 4)
    hot = figures["hot_issues"]
    assert (hot["clusters"], hot["alerts"], hot["clusters_caught"]) == (1, 1, 1.0)
    assert hot["alerts_about_a_cluster"] == 1.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,user\n1,甲\n", "没有列 detail、time、topic"),
        ("id,user,time,topic,detail\n", "没有一行留言"),
        ("id,user,time,topic,detail\n1,甲,昨天,停水,停水\n", "读不出来"),
    ],
)
async def test_a_table_that_cannot_be_used_says_why(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(RepeatDataError, match=reason):
        await bench_repeats(table(tmp_path, text), ByWord(), RULES.repeats, RULES.hot_issues)


async def test_a_table_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(RepeatDataError, match="读不出来"):
        await bench_repeats(tmp_path / "none.csv", ByWord(), RULES.repeats, RULES.hot_issues)
