"""A chat as a channel: what a citizen's page does becomes events, actions become messages, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chat.web_chat.channel import Pace, Patience, WebChatChannel
from hotline.dialogue.actions import (
    CollectKeys,
    End,
    GiveWayToEmergency,
    Listen,
    Outcome,
    Say,
    SendText,
    StopSaying,
    TransferToAgent,
)
from hotline.dialogue.events import (
    Event,
    FellSilent,
    HungUp,
    NoAgentFree,
    PromptFinished,
    Said,
    Started,
    TransferFailed,
)
from hotline.domain.appeal import ContactChannel, EmergencyService
from hotline.domain.speech import Expected
from tests.builders import NOW
from tests.virtual_time import run

Message = dict[str, Any]


def a_channel(**settings: Any) -> WebChatChannel:
    return WebChatChannel("s1", clock=lambda: NOW, **settings)


def happened(channel: WebChatChannel) -> list[Event]:
    events = []
    while not channel._events.empty():
        events.append(channel._events.get_nowait())
    return events


def test_a_conversation_begins_with_the_chat() -> None:
    async def work() -> None:
        assert await a_channel().receive() == Started(NOW, "s1", ContactChannel.WEB_CHAT)

    run(work())


def test_words_are_taken_and_an_answer_is_shown() -> None:
    async def work() -> list[Message]:
        shown: list[Message] = []
        channel = a_channel()
        await channel.receive()
        channel.attach(shown.append)
        assert channel.hear("暖气不热")
        assert await channel.receive() == Said(NOW, "暖气不热", "暖气不热")
        await channel.perform(Say(1, ("请问", "在哪里？")))
        await channel.perform(SendText("https://example.cn"))
        assert await channel.receive() == PromptFinished(NOW, 1)
        await channel.perform(Listen(1, Expected.PLACE, 600))
        return shown

    assert run(work()) == [
        {"type": "welcome", "version": 1, "session": "s1", "last": 0},
        {"type": "echoed", "number": 1, "text": "暖气不热"},
        {"type": "typing", "is_on": True},
        {"type": "said", "number": 2, "text": "请问在哪里？"},
        {"type": "said", "number": 3, "text": "https://example.cn"},
        {"type": "typing", "is_on": False},
    ]


def test_a_citizen_is_silent_only_after_the_time_that_was_given() -> None:
    async def work() -> None:
        channel, loop = a_channel(), asyncio.get_running_loop()
        await channel.receive()
        began = loop.time()
        await channel.perform(Listen(1, Expected.OPEN, 600))
        assert await channel.receive() == FellSilent(NOW, 1)
        assert loop.time() - began == pytest.approx(600)

    run(work())


def test_words_end_the_wait_for_them() -> None:
    async def work() -> list[Event]:
        channel = a_channel()
        await channel.perform(Listen(1, Expected.OPEN, 600))
        channel.hear("暖气不热")
        await asyncio.sleep(1_000)
        return happened(channel)

    assert run(work()) == [Started(NOW, "s1", ContactChannel.WEB_CHAT), Said(NOW, "暖气不热", "暖气不热")]


def test_what_a_chat_cannot_do_is_answered_at_once() -> None:
    async def work() -> list[Event]:
        channel = a_channel()
        await channel.receive()
        await channel.perform(TransferToAgent(1, "asked", ""))
        await channel.perform(GiveWayToEmergency(2, EmergencyService.FIRE, ""))
        await channel.perform(StopSaying())
        await channel.perform(CollectKeys(3, 1, 5))
        return happened(channel)

    assert run(work()) == [NoAgentFree(NOW, 1), TransferFailed(NOW, 2, "chat")]


def test_who_comes_back_sees_what_was_said_meanwhile() -> None:
    async def work() -> list[Message]:
        first: list[Message] = []
        second: list[Message] = []
        channel = a_channel()
        send = first.append
        channel.attach(send)
        channel.hear("暖气不热")
        channel.detach(send)
        await channel.perform(Say(1, ("请问在哪里？",)))
        await asyncio.sleep(800)
        channel.attach(second.append, seen=1)
        await asyncio.sleep(10_000)
        assert not channel.is_over
        return second

    assert run(work()) == [
        {"type": "welcome", "version": 1, "session": "s1", "last": 2},
        {"type": "said", "number": 2, "text": "请问在哪里？"},
    ]


def test_who_does_not_come_back_is_gone() -> None:
    async def work() -> tuple[float, float]:
        loop, waited = asyncio.get_running_loop(), []
        for words in ("暖气不热", ""):
            channel = a_channel(patience=Patience(away_seconds=900, unspoken_seconds=60))
            send = [].append
            channel.attach(send)
            if words:
                channel.hear(words)
            began = loop.time()
            channel.detach(send)
            while not isinstance(await channel.receive(), HungUp):
                pass
            assert channel.is_over
            waited.append(loop.time() - began)
        return waited[0], waited[1]

    assert run(work()) == pytest.approx((900, 60))


def test_a_second_page_takes_over_and_the_first_is_closed() -> None:
    async def work() -> tuple[list[Message], list[Message]]:
        first: list[Message] = []
        second: list[Message] = []
        channel = a_channel(patience=Patience(unspoken_seconds=1))
        old, new = first.append, second.append
        channel.attach(old)
        channel.attach(new)
        channel.detach(old)  # comes late: the first page's leaving changes nothing for the second
        await asyncio.sleep(100)
        await channel.perform(SendText("您好"))
        return first, second

    assert run(work()) == (
        [{"type": "welcome", "version": 1, "session": "s1", "last": 0}, {"type": "replaced"}],
        [
            {"type": "welcome", "version": 1, "session": "s1", "last": 0},
            {"type": "said", "number": 1, "text": "您好"},
        ],
    )


def test_who_writes_too_fast_is_refused_whatever_page_it_comes_from_and_taken_again_later() -> None:
    async def work() -> list[bool]:
        channel = a_channel(pace=Pace(messages=2, per_seconds=30))
        taken = [channel.hear("一"), channel.hear("二"), channel.hear("三")]
        channel.attach([].append)
        taken.append(channel.hear("四"))
        await asyncio.sleep(31)
        taken.append(channel.hear("五"))
        return taken

    assert run(work()) == [True, True, False, False, True]


def test_the_end_is_told_once_and_nothing_is_heard_after_it() -> None:
    async def work() -> tuple[list[Message], list[Event]]:
        shown: list[Message] = []
        channel = a_channel()
        await channel.receive()
        channel.attach(shown.append)
        await channel.perform(End(Outcome.ANSWERED))
        channel.finish(Outcome.FAILED)
        await channel.close()
        await channel.close()
        channel.hear("还有一件事")
        return shown[1:], happened(channel)

    assert run(work()) == (
        [{"type": "typing", "is_on": False}, {"type": "ended", "outcome": "answered"}],
        [HungUp(NOW)],
    )


def test_a_closed_chat_leaves_no_timer_behind() -> None:
    async def work() -> list[Event]:
        channel = a_channel()
        await channel.perform(Listen(1, Expected.OPEN, 5))
        await channel.close()
        await asyncio.sleep(100)
        return happened(channel)

    assert run(work()) == [Started(NOW, "s1", ContactChannel.WEB_CHAT), HungUp(NOW)]
