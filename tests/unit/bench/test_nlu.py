"""The benchmark on other people's classes: the whole distribution is carried over to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.nlu import Crosswalk, MessageDataError, bench_nlu
from hotline.domain.meaning import Intent, Understanding

CROSSWALK = Crosswalk({"01": "建设", "0106": "交通", "09": "卫生"}, {"0106": {"建设": ["箱"]}})


class Sayer:
    """Understands every text as the same distribution."""

    name = "sayer"

    def __init__(self, *shares: tuple[str, float]) -> None:
        self.shares = shares
        self.heard: list[str] = []

    async def understand(self, text: str) -> Understanding:
        self.heard.append(text)
        return Understanding(text, Intent.APPEAL, 1.0, self.name, shares=self.shares)

    async def close(self) -> None:
        """Nothing is held."""


def meaning(*shares: tuple[str, float], text: str = "话", category: str | None = None) -> Understanding:
    return Understanding(text, Intent.APPEAL, 1.0, "test", category=category, shares=shares)


@pytest.mark.parametrize(
    ("shares", "label", "share"),
    [
        ((("090101", 0.4), ("010101", 0.3), ("010201", 0.3)), "建设", 0.6),  # many small ones together
        (
            (("010101", 0.3), ("990101", 0.5), ("090101", 0.2)),
            "建设",
            0.6,
        ),  # what is outside counts for nothing
        ((("010602", 0.7), ("010101", 0.3)), "交通", 0.7),  # the longest code
        ((("990101", 1.0),), "", 0.0),
    ],
)
def test_the_likeliest_class_is_over_all_categories(
    shares: tuple[tuple[str, float], ...], label: str, share: float
) -> None:
    found, sure = CROSSWALK.best(meaning(*shares))
    assert (found, sure) == (label, pytest.approx(share))


def test_words_may_send_a_category_to_another_class() -> None:
    assert CROSSWALK.best(meaning(("010602", 1.0), text="快递箱坏了")) == ("建设", 1.0)


def test_without_shares_the_category_alone_counts() -> None:
    assert CROSSWALK.best(meaning(category="0901")) == ("卫生", 1.0)
    assert CROSSWALK.best(meaning()) == ("", 0.0)


async def test_each_column_is_a_sentence_and_the_figures_are_of_the_whole_table(tmp_path: Path) -> None:
    table = tmp_path / "messages.csv"
    table.write_text("topic,detail,label\n暖 气不热,冷,建设\n路,,卫生\n", encoding="utf-8")
    sayer = Sayer(("010101", 0.8), ("090101", 0.2))
    figures = await bench_nlu(sayer, table, ["topic", "detail"], "label", CROSSWALK)
    assert sayer.heard == ["暖气不热。冷", "路"]
    assert (figures["messages"], figures["accuracy"], figures["ece"]) == (2, 0.5, 0.3)


async def test_a_missing_column_is_named(tmp_path: Path) -> None:
    table = tmp_path / "messages.csv"
    table.write_text("topic\n暖气\n", encoding="utf-8")
    with pytest.raises(MessageDataError, match="label"):
        await bench_nlu(Sayer(), table, ["topic"], "label", CROSSWALK)
