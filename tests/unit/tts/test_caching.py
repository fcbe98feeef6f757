from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import PHONE_BAND, WIDE_BAND, AudioFormat
from tests.unit.tts.fakes import Dying, Echo, Stuck
from tts.engines.caching import CachingSynthesizer
from tts.synthesizer import Synthesizer


async def said(synthesizer: Synthesizer, text: str, audio: AudioFormat = PHONE_BAND) -> str:
    return b"".join([sound async for sound in synthesizer.synthesize(text, audio=audio)]).decode()


def kept_on_disk(folder: Path) -> list[str]:
    return sorted(file.read_text() for file in folder.iterdir()) if folder.exists() else []


async def test_a_prompt_rendered_ahead_is_never_rendered_again(tmp_path: Path) -> None:
    await CachingSynthesizer(Echo(), tmp_path).render_ahead(["请讲。", "您好。请问"], audio=PHONE_BAND)
    engine = Echo()
    cache = CachingSynthesizer(engine, tmp_path)

    assert [await said(cache, text) for text in ("请讲。", "您好。请问", "请问")] == [
        "请讲。",
        "您好。请问",
        "请问",
    ]
    assert engine.asked == []
    assert cache.is_kept("您好。请讲。", PHONE_BAND)
    assert not cache.is_kept("您好。再见。", PHONE_BAND)


async def test_format_voice_and_text_have_each_a_sound_of_their_own(tmp_path: Path) -> None:
    one, other = Echo("kokoro-a"), Echo("kokoro-b")
    for engine in (one, other):
        cache = CachingSynthesizer(engine, tmp_path)
        for audio in (PHONE_BAND, WIDE_BAND):
            await cache.render_ahead(["请讲。", "再见。", "请讲。"], audio=audio)

    assert one.asked == other.asked == ["请讲。", "再见。"] * 2
    assert len(kept_on_disk(tmp_path)) == 8


async def test_a_citizens_own_words_are_kept_in_memory_only(tmp_path: Path) -> None:
    engine = Echo()
    cache = CachingSynthesizer(engine, tmp_path)

    assert [await said(cache, "您住在银雀山路五号。") for _ in range(2)] == ["您住在银雀山路五号。"] * 2
    assert engine.asked == ["您住在银雀山路五号。"]
    assert cache.is_kept("您住在银雀山路五号。", PHONE_BAND)
    assert kept_on_disk(tmp_path) == []


async def test_what_was_published_is_kept_on_disk_when_it_is_said_in_pieces(tmp_path: Path) -> None:
    cache = CachingSynthesizer(Echo(), tmp_path)
    cache.publish(["供暖期从十一月十五日开始，到第二年三月十五日结束。"])
    await said(cache, "供暖期从十一月十五日开始，")

    assert kept_on_disk(tmp_path) == ["供暖期从十一月十五日开始，"]


async def test_memory_is_bounded_and_what_was_not_heard_for_longest_goes(tmp_path: Path) -> None:
    engine = Echo()
    cache = CachingSynthesizer(engine, tmp_path, memory_limit_mb=0)
    cache._memory_limit_bytes = 20
    for text in ("一二。", "三四。", "一二。", "五六。", "一二。", "三四。"):
        await said(cache, text)

    assert engine.asked == ["一二。", "三四。", "五六。", "三四。"]


async def test_disk_is_bounded_and_what_was_not_heard_for_longest_goes(tmp_path: Path) -> None:
    cache = CachingSynthesizer(Echo(), tmp_path)
    await cache.render_ahead(["一二。", "三四。", "五六。"], audio=PHONE_BAND)
    for age, text in enumerate(("五六。", "一二。", "三四。")):
        file = cache._file(cache._key(text, PHONE_BAND))
        os.utime(file, (1_000 - age, 1_000 - age))
    await said(cache, "三四。")
    cache._limit_bytes = 18
    cache._sweep()

    assert kept_on_disk(tmp_path) == ["三四。", "五六。"]


async def test_two_who_ask_at_once_get_one_rendering(tmp_path: Path) -> None:
    engine = Echo()
    cache = CachingSynthesizer(engine, tmp_path)

    assert await asyncio.gather(*(said(cache, "请讲。") for _ in range(5))) == ["请讲。"] * 5
    assert engine.asked == ["请讲。"]


async def test_when_the_first_who_asked_is_gone_the_second_still_hears_it(tmp_path: Path) -> None:
    engine = Stuck()
    cache = CachingSynthesizer(engine, tmp_path)
    first = asyncio.create_task(said(cache, "请讲。"))
    second = asyncio.create_task(said(cache, "请讲。"))
    while not engine.asked:
        await asyncio.sleep(0)
    cache._engine = Echo()
    first.cancel()

    assert await second == "请讲。"
    assert engine.was_dropped


async def test_half_a_sound_is_not_kept(tmp_path: Path) -> None:
    cache = CachingSynthesizer(Dying(0), tmp_path)
    cache.publish(["请讲。"])

    with pytest.raises(EngineUnavailableError):
        await said(cache, "请讲。")
    assert not cache.is_kept("请讲。", PHONE_BAND)


async def test_what_cannot_be_rendered_ahead_is_counted_and_the_rest_is_rendered(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    cache = CachingSynthesizer(Dying(1), tmp_path)

    failed = await cache.render_ahead(
        ["一二。", "三四。", "……"], audio=PHONE_BAND, progress=lambda *at: progress.append(at)
    )

    assert failed == 1
    assert progress == [(1, 2), (2, 2)]
    assert kept_on_disk(tmp_path) == ["一二。"]


async def test_a_disk_that_cannot_be_written_only_makes_it_slower(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = CachingSynthesizer(Echo(), tmp_path / "file")
    cache.publish(["请讲。"])

    assert [await said(cache, "请讲。") for _ in range(2)] == ["请讲。", "请讲。"]


async def test_closing_closes_the_engine(tmp_path: Path) -> None:
    engine = Echo()
    await CachingSynthesizer(engine, tmp_path).close()

    assert engine.is_closed
