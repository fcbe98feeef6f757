"""What does worse on the golden set is not put in service, unless a person says why."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hotline.city import load_city
from nlu.engines.linear import model_in_force
from nlu.engines.linear_training import train
from nlu.model_gate import (
    Override,
    WorseModelError,
    candidates_of,
    override_note,
    put_in_service,
)
from nlu.training_data import Example
from tests.builders import LINYI, NOW

WHOLE = load_city(LINYI)
KEPT = {"01", "0101", "010101", "02", "0204", "020401"}
CITY = replace(WHOLE, categories={code: WHOLE.categories[code] for code in KEPT})
COLD = [
    "暖气不热",
    "家里冰凉",
    "室温太低",
    "暖气片不热",
    "屋里冷",
    "地暖不热",
    "卧室只有十四度",
    "暖气温度不够",
]
DARK = [
    "路灯不亮",
    "路灯坏了",
    "路灯一直闪",
    "街上路灯全灭",
    "灯杆歪了",
    "小区外路灯不亮",
    "路灯白天亮",
    "村里路灯坏了",
]
GOLDEN = [
    {"text": "我家暖气不热", "category": "010101"},
    {"text": "路灯一个月没亮了", "category": "020401"},
]
NEW = [*GOLDEN, {"text": "暖气片冰凉", "category": "010101"}]


def stored(cold: str, dark: str) -> bytes:
    """A model that calls cold rooms and dark streets so, the golden ones above all."""
    rooms, streets = (row["text"] for row in GOLDEN)
    examples = [
        *(Example(text, cold) for text in (*COLD, *[rooms] * 5)),
        *(Example(text, dark) for text in (*DARK, *[streets] * 5)),
    ]
    return train(CITY, examples).stored()


@pytest.fixture(scope="module")
def good() -> bytes:
    return stored("c010101", "c020401")


@pytest.fixture(scope="module")
def bad() -> bytes:
    return stored("c020401", "c010101")


@pytest.fixture
async def shelf(tmp_path: Path, good: bytes) -> Path:
    """A good model is in force."""
    candidates_of(tmp_path).put("good", good)
    file, comparison = await put_in_service(CITY, tmp_path, "good", GOLDEN, at=NOW)
    assert (file.name, comparison) == ("linear-good.model", None)
    return tmp_path


async def test_a_worse_model_is_refused_and_the_one_before_stays_in_force(shelf: Path, bad: bytes) -> None:
    candidate = candidates_of(shelf).put("bad", bad)
    with pytest.raises(
        WorseModelError, match=r"linear-bad\.model：对照句判对 2，现用的 linear-good\.model 判对 4"
    ) as refused:
        await put_in_service(CITY, shelf, "bad", GOLDEN, at=NOW)
    assert refused.value.comparison.now.missed == {
        (row["text"], fact) for row in GOLDEN for fact in ("category", "second")
    }
    assert model_in_force(CITY, shelf).name == "linear-good.model"
    assert candidate.exists()


async def test_a_person_may_put_it_in_service_with_a_reason_that_is_kept(shelf: Path, bad: bytes) -> None:
    candidates_of(shelf).put("bad", bad)
    override = Override("王主任", "新分类要先用起来", NOW)
    file, comparison = await put_in_service(CITY, shelf, "bad", GOLDEN, at=NOW, override=override)
    assert comparison is not None
    assert comparison.is_worse
    kept = json.loads(override_note(file).read_text(encoding="utf-8"))
    assert (kept["by"], kept["because"], kept["at"]) == ("王主任", "新分类要先用起来", NOW.isoformat())
    assert (kept["was"]["category"], kept["now"]["category"]) == (1.0, 0.0)


async def test_a_model_as_good_is_put_in_service_without_a_note(shelf: Path, good: bytes) -> None:
    candidates_of(shelf).put("again", good)
    file, comparison = await put_in_service(
        CITY, shelf, "again", NEW, at=NOW, override=Override("王主任", "多余的理由", NOW)
    )
    assert comparison is not None
    assert not comparison.is_worse
    assert not override_note(file).exists()
    assert sorted(each.name for each in shelf.glob("*.model")) == ["linear-again.model", "linear-good.model"]
    assert not list((shelf / "candidate").iterdir())
