"""A chat as a channel: what a citizen's page does becomes events, actions become messages, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from chat.web_chat import protocol
from chat.web_chat.channel import Customs, Pace, Patience, WebChatChannel
from chat.web_chat.page_words import PageWords
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
from hotline.service.keeping import Entry, Yielded
from hotline.service.kept_chats import Post
from tests.builders import NOW
from tests.virtual_time import run

Shown = list[protocol.Outgoing]
AT = NOW


def a_channel(past: Sequence[Entry] = (), **settings: Any) -> WebChatChannel:
    return WebChatChannel("s1", Customs(lambda: NOW, **settings), past=past)


def welcome(first: int, last: int) -> protocol.Welcome:
    return protocol.Welcome(session="s1", first=first, last=last)


def said(number: int, text: str, replies: tuple[str, ...] = ()) -> protocol.Said:
    return protocol.Said(number=number, at=AT, by=protocol.Party.HOTLINE, text=text, replies=replies)


def echoed(number: int, text: str, message: str = "") -> protocol.Echoed:
    return protocol.Echoed(number=number, at=AT, id=message, text=text)


def typing(*, is_on: bool) -> protocol.Typing:
    return protocol.Typing(is_on=is_on)


def happened(channel: WebChatChannel) -> list[Event | Yielded]:
    events = []
    while not channel._events.empty():
        events.append(channel._events.get_nowait())
    return events


def test_a_conversation_begins_with_the_chat() -> None:
    async def work() -> None:
        assert await a_channel().receive() == Started(NOW, "s1", ContactChannel.WEB_CHAT)

    run(work())


async def step(channel: WebChatChannel, event: Event, *actions: Any) -> None:
    """Do what a conversation does: keep the step, then act on it."""
    await channel.keeper.keep(event, actions)
    for action in actions:
        await channel.perform(action)


def test_words_are_taken_and_an_answer_is_shown_once_they_are_kept() -> None:
    async def work() -> Shown:
        shown: Shown = []
        channel = a_channel(words=PageWords({"confirm": ["对"]}))
        await channel.receive()
        channel.attach(shown.append)
        assert channel.hear("暖气不热", "a")
        assert shown == [welcome(1, 0)]
        heard = await channel.receive()
        assert heard == Said(NOW, "暖气不热", "暖气不热", message="a")
        say = Say(1, ("请问", "对吗？"), prompts=("confirm",))
        await step(channel, heard, say, SendText("https://example.cn"), Listen(1, Expected.PLACE, 600))
        assert await channel.receive() == PromptFinished(NOW, 1)
        return shown

    assert run(work()) == [
        welcome(1, 0),
        echoed(1, "暖气不热", "a"),
        typing(is_on=True),
        said(2, "请问对吗？", ("对",)),
        said(3, "https://example.cn"),
        typing(is_on=False),
    ]


def test_what_is_sent_twice_is_taken_once_and_echoed_again() -> None:
    async def work() -> tuple[Shown, list[Event | Yielded]]:
        shown: Shown = []
        channel = a_channel()
        await channel.receive()
        channel.attach(shown.append)
        channel.hear("暖气不热", "a")
        channel.hear("暖气不热", "a")
        await step(channel, await channel.receive())
        channel.hear("暖气不热", "a")
        return shown[1:], happened(channel)

    assert run(work()) == ([echoed(1, "暖气不热", "a"), typing(is_on=True), echoed(1, "暖气不热", "a")], [])


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
    async def work() -> list[Event | Yielded]:
        channel = a_channel()
        await channel.perform(Listen(1, Expected.OPEN, 600))
        channel.hear("暖气不热")
        await asyncio.sleep(1_000)
        return happened(channel)

    assert run(work()) == [Started(NOW, "s1", ContactChannel.WEB_CHAT), Said(NOW, "暖气不热", "暖气不热")]


def test_what_a_chat_cannot_do_is_answered_at_once() -> None:
    async def work() -> list[Event | Yielded]:
        channel = a_channel()
        await channel.receive()
        await channel.perform(GiveWayToEmergency(2, EmergencyService.FIRE, ""))
        await channel.perform(StopSaying())
        await channel.perform(CollectKeys(3, 1, 5))
        await channel.perform(TransferToAgent(1, "asked", ""))
        return [await channel.receive(), await channel.receive(), *happened(channel)]

    assert run(work()) == [TransferFailed(NOW, 2, "chat"), NoAgentFree(NOW, 1)]


def test_who_comes_back_sees_what_was_said_meanwhile() -> None:
    async def work() -> Shown:
        first: Shown = []
        second: Shown = []
        channel = a_channel()
        await channel.receive()
        send = first.append
        channel.attach(send)
        channel.hear("暖气不热", "a")
        heard = await channel.receive()
        channel.detach(send)
        await step(channel, heard, Say(1, ("请问在哪里？",)))
        await asyncio.sleep(800)
        channel.attach(second.append, seen=1)
        await asyncio.sleep(10_000)
        assert not channel.is_over
        return second

    assert run(work()) == [welcome(2, 2), said(2, "请问在哪里？")]


def test_a_long_past_is_shown_from_its_end_and_the_rest_on_demand() -> None:
    async def work() -> tuple[Shown, protocol.Earlier, protocol.Earlier]:
        shown: Shown = []
        past = [Started(NOW, "s1", ContactChannel.WEB_CHAT)]
        past += [Said(NOW, str(number), str(number)) for number in range(1, 121)]
        channel = a_channel(past)
        channel.attach(shown.append)
        return shown, channel.earlier(71), channel.earlier(21)

    shown, earlier, first = run(work())
    assert shown[0] == welcome(71, 120)
    assert [message.number for message in shown[1:]] == list(range(71, 121))
    assert ([message.number for message in earlier.messages], earlier.is_all) == (list(range(21, 71)), False)
    assert ([message.number for message in first.messages], first.is_all) == (list(range(1, 21)), True)


def test_a_chat_that_goes_on_knows_what_was_sent_and_waits_for_its_page() -> None:
    async def work() -> tuple[list[Event | Yielded], float]:
        past = (Started(NOW, "s1", ContactChannel.WEB_CHAT), Said(NOW, "暖气不热", "暖气不热", message="a"))
        channel, loop = a_channel(past, patience=Patience(away_seconds=900)), asyncio.get_running_loop()
        channel.hear("暖气不热", "a")
        assert happened(channel) == []
        began = loop.time()
        return [await channel.receive()], loop.time() - began

    assert run(work()) == ([HungUp(NOW)], pytest.approx(900))


def test_what_was_left_for_a_chat_happens_once() -> None:
    async def work() -> list[Event | Yielded]:
        channel = a_channel()
        post = Post("p1", Said(NOW, "您好", "您好"))
        channel.take(post)
        channel.take(post)
        channel.yield_()
        channel.yield_()
        channel.leave()
        return happened(channel)[1:]

    assert run(work()) == [Said(NOW, "您好", "您好"), Yielded()]


def test_an_agent_who_writes_is_shown_and_a_chat_that_goes_on_elsewhere_calls_its_page_back() -> None:
    async def work() -> Shown:
        shown: Shown = []
        channel = a_channel()
        channel.attach(shown.append)
        channel.show_typing(is_on=True)
        channel.move()
        channel.finish(Outcome.FAILED)
        return shown[1:]

    assert run(work()) == [protocol.Typing(is_on=True, by=protocol.Party.AGENT), protocol.Moved()]


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
    async def work() -> tuple[Shown, Shown]:
        first: Shown = []
        second: Shown = []
        channel = a_channel(patience=Patience(unspoken_seconds=1))
        old, new = first.append, second.append
        channel.attach(old)
        channel.attach(new)
        channel.detach(old)  # comes late: the first page's leaving changes nothing for the second
        await asyncio.sleep(100)
        await step(channel, Started(NOW, "s1", ContactChannel.WEB_CHAT), SendText("您好"))
        return first, second

    assert run(work()) == ([welcome(1, 0), protocol.Replaced()], [welcome(1, 0), said(1, "您好")])


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
    async def work() -> tuple[Shown, list[Event | Yielded]]:
        shown: Shown = []
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
        [typing(is_on=False), protocol.Ended(outcome="answered")],
        [HungUp(NOW)],
    )


def test_a_closed_chat_leaves_no_timer_behind() -> None:
    async def work() -> list[Event | Yielded]:
        channel = a_channel()
        await channel.perform(Listen(1, Expected.OPEN, 5))
        await channel.close()
        await asyncio.sleep(100)
        return happened(channel)

    assert run(work()) == [Started(NOW, "s1", ContactChannel.WEB_CHAT), HungUp(NOW)]
