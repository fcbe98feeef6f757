"""An understander for what was heard: the engine is asked about what was likely said."""

from __future__ import annotations

from dataclasses import replace

from hotline.domain.meaning import Intent, Understanding
from hotline.heard_words import HeardWords
from nlu.engines.heard import HeardUnderstander

WORDS = HeardWords.of(["家里暖气不热", "暖气不热没有人管", "健身房办的卡不退钱"])


class Engine:
    """An engine that tells what it was asked."""

    name = "engine"

    def __init__(self) -> None:
        self.is_closed = False

    async def understand(self, text: str) -> Understanding:
        sure = 0.9 if "起部热" in text and "工地" in text else 0.5
        return Understanding(
            text, Intent.APPEAL, 0.9, engine=self.name, category="0101", category_confidence=sure
        )

    async def close(self) -> None:
        self.is_closed = True


async def test_the_engine_is_asked_about_what_was_likely_said() -> None:
    heard = HeardUnderstander(Engine(), WORDS)
    assert (await heard.understand("喂，家里暖起部热，没有人管。")).text == "喂，家里暖气不热，没有人管。"
    assert (await heard.understand("健身防办的卡不退前")).text == "健身房办的卡不退钱"
    assert (await heard.understand("")).text == ""
    assert heard.name == "engine"


class Misled(Engine):
    """An engine that takes the likely words of an unknown name for a class of their own, and is a little surer of it."""

    def __init__(self, sure: float) -> None:
        super().__init__()
        self.sure = sure

    async def understand(self, text: str) -> Understanding:
        found = await super().understand(text)
        is_likely = "不热" in text
        return replace(
            found,
            category="0305" if is_likely else "0102",
            category_confidence=self.sure if is_likely else 0.7,
        )


async def test_another_class_has_to_be_surer_by_a_margin() -> None:
    for sure, category in ((0.75, "0102"), (0.85, "0305")):
        found = await HeardUnderstander(Misled(sure), WORDS).understand("停水了，家里暖起部热")
        assert found.category == category


async def test_what_was_heard_counts_where_its_class_is_surer() -> None:
    heard = HeardUnderstander(Engine(), WORDS)
    assert (await heard.understand("工地暖起部热")).text == "工地暖起部热"


async def test_the_engine_is_closed_with_it() -> None:
    engine = Engine()
    await HeardUnderstander(engine, WORDS).close()
    assert engine.is_closed
