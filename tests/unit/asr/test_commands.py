"""Requests for a person that were heard as something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from asr.commands import CommandRepairer
from hotline.city import City
from hotline.domain.errors import CityConfigError


@pytest.fixture(scope="module")
def commands(linyi: City) -> CommandRepairer:
    return CommandRepairer(linyi)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("拽引供", "转人工"),
        ("吹人工。", "转人工。"),
        ("起火再引工", "起火转人工"),
        ("帮我拆影工。", "帮我转人工。"),
        ("帮我撮人工", "帮我转人工"),
        ("爹人工。", "转人工。"),
        ("专员工吧", "转人工吧"),
        ("能不能拆人工。", "能不能转人工。"),
        ("请给我坏人工。", "请给我转人工。"),
        ("人工府", "人工服务"),
        ("人宫。", "人工。"),
        ("给我拽人工府", "给我转人工服务"),
        ("我要炒人工。", "我要找人工。"),
    ],
)
def test_a_request_for_a_person_is_known_by_its_sounds(
    commands: CommandRepairer, heard: str, meant: str
) -> None:
    assert commands.repair(heard) == meant


@pytest.mark.parametrize(
    "said",
    [
        "转人工",
        "不用人工",
        "取消人工",
        "拖欠工人工资",
        "有限责任公司",
        "员工不发工资",
        "在人工湖旁边",
        "还有人工费",
        "健康服务",
        "专用公路坏了",
        "在建工程",
        "才人公寓怎么申请",
        "我们员工",
        "师班主任工资",
        "对的。",
        "工人，工资",
        "",
    ],
)
def test_other_words_are_left_alone(commands: CommandRepairer, said: str) -> None:
    assert commands.repair(said) == said


def test_a_mistake_in_the_list_is_named(linyi: City, tmp_path: Path) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "commands.yaml").write_text(
        "{sounds: {}, commands: [{word: 转人工, heard: 转人工, before: 0, least: 1}]}", encoding="utf-8"
    )
    with pytest.raises(CityConfigError, match="转"):
        CommandRepairer(replace(linyi, folder=tmp_path))
