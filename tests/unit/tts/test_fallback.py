from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import PHONE_BAND
from tests.unit.tts.fakes import Dying, Echo, Stuck
from tts.engines.caching import CachingSynthesizer
from tts.engines.fallback import FallbackSynthesizer
from tts.synthesizer import Synthesizer

TEXT = "供暖期从十一月十五日开始，到第二年三月十五日结束。不热请拨打热线。"
PIECES = ["供暖期从十一月十五日开始，", "到第二年三月十五日结束。", "不热请拨打热线。"]


async def said(synthesizer: Synthesizer, text: str = TEXT) -> list[str]:
    return [sound.decode() async for sound in synthesizer.synthesize(text, audio=PHONE_BAND)]


async def test_text_is_spoken_piece_by_piece() -> None:
    assert await said(FallbackSynthesizer(Echo())) == PIECES


async def test_what_the_first_engine_was_at_when_it_died_is_said_by_the_next() -> None:
    first, second = Dying(lives=1), Echo()

    assert await said(FallbackSynthesizer(first, second)) == PIECES
    assert second.asked == PIECES[1:]


async def test_the_first_engine_speaks_again_when_it_is_back() -> None:
    first, second = Dying(lives=0), Echo()
    chain = FallbackSynthesizer(first, second)
    await said(chain, "请讲。")
    first.lives = 10

    assert await said(chain, "再见。") == ["再见。"]
    assert second.asked == ["请讲。"]


async def test_a_late_engine_is_passed_over_and_let_go() -> None:
    stuck = Stuck()

    assert await said(FallbackSynthesizer(stuck, Echo(), late_seconds=0.05), "请讲。") == ["请讲。"]
    assert stuck.was_dropped


async def test_what_was_kept_whole_is_not_cut(tmp_path: Path) -> None:
    engine = Echo()
    cache = CachingSynthesizer(engine, tmp_path)
    await cache.render_ahead([TEXT], audio=PHONE_BAND)

    assert await said(FallbackSynthesizer(cache)) == [TEXT]
    assert engine.asked == [PIECES[0] + PIECES[1], PIECES[2]]


async def test_when_nobody_can_speak_all_reasons_are_told() -> None:
    chain = FallbackSynthesizer(Dying(0, "a"), Dying(0, "b"))

    with pytest.raises(EngineUnavailableError, match=r"a\+b: a: worker died; b: worker died"):
        await said(chain)


async def test_who_interrupts_frees_the_engine() -> None:
    stuck = Stuck()
    listening = asyncio.create_task(said(FallbackSynthesizer(stuck)))
    while not stuck.asked:
        await asyncio.sleep(0)
    listening.cancel()

    with pytest.raises(asyncio.CancelledError):
        await listening
    assert stuck.was_dropped


async def test_all_engines_are_closed() -> None:
    engines = Echo(), Echo()
    await FallbackSynthesizer(*engines).close()

    assert [engine.is_closed for engine in engines] == [True, True]
