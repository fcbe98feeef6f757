"""Parts of a place that are said wrong and put right in the same breath."""

from __future__ import annotations

import pytest

from nlu.self_repairs import put_right


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("兰山区水韵花城小区三号楼不对五号楼二单元", "兰山区水韵花城小区五号楼二单元"),
        ("三号楼不是三号楼是五号楼", "五号楼"),
        ("二号楼哦不是一号楼", "一号楼"),
        ("3栋不对是5栋2单元", "5栋2单元"),
        ("12号，哦，不对不对，是13号", "13号"),
        ("兰山区那个不是通达路是那个沂蒙路上", "兰山区沂蒙路上"),
        ("兰山区，不是通达路是沂蒙路", "兰山区，沂蒙路"),
    ],
)
def test_only_what_is_meant_is_left(said: str, meant: str) -> None:
    assert put_right(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "五号楼不是三号楼",
        "一楼不是一楼漏水",
        "六楼不通水",
        "5号楼不是很亮",
        "三号楼不亮五号楼也不亮",
        "我不是本村的是外村的",
    ],
)
def test_what_puts_nothing_right_stays(said: str) -> None:
    assert put_right(said) == said
