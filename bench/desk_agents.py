"""The agents' side of ``bench desk``: open desks, and the telephone beside them that asks, rings and tells what is said."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any, Final

import psutil
from redis.asyncio import Redis

from app.agent_store import DeskOnRedis
from app.live import LiveLog
from app.settings import Settings
from app.signals import PREFIX, SignalsOnRedis
from bench.desk_figures import People, Tell, memory_kb, row
from bench.live_pages import LivePages
from hotline.dialogue.events import Started
from hotline.dialogue.talk_events import TalkSaid
from hotline.domain.accounts import StaffRole
from hotline.domain.agents import DeskRules, HandoverState, Presence, Skill
from hotline.domain.appeal import ContactChannel
from hotline.service.agent_desk import AgentDesk, HandoverWish
from hotline.service.journal import Journal
from hotline.service.signals import live_topic
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore

_ANSWER_SECONDS: Final = 30.0
_WARM: Final = 5
_BROADCASTS: Final = 5
_WORD_SECONDS: Final = 0.4
_WORDS_A_LINE: Final = 4
_SAID: Final = "兰山区银雀山街道暖气不热"


class AgentDesks:
    """The agents' side: open pages, and the telephone beside them."""

    def __init__(
        self,
        redis: Redis,
        store: SqlStore,
        settings: Settings,
        seal: Seal,
        *,
        clock: Callable[[], datetime],
        process: psutil.Process,
    ) -> None:
        self._redis = redis
        self._settings = settings
        self._clock = clock
        self._process = process
        ids = iter(f"bench-handover-{number}" for number in range(1_000_000))
        self._desk = AgentDesk(DeskOnRedis(redis, seal), DeskRules(), clock, ids.__next__)
        self._signals = SignalsOnRedis(redis, redis)
        self._book = LiveLog(store, redis, self._signals)
        self._pages = LivePages(settings.web_host, settings.web_port)
        self._number = 0

    async def close(self) -> None:
        """Close all desks."""
        await self._pages.close()

    async def measure(
        self, people: People, *, agents: int, calls: int, talks: int, lines: int, tell: Tell
    ) -> dict[str, Any]:
        """Open one desk, then ``agents``; ring ``calls`` before and after; speak ``talks`` at once, ``lines`` each."""
        tokens = []
        for index in range(agents):
            number = f"{8001 + index}"
            tokens.append(await people.token(f"agent-{number}", StaffRole.AGENT, number=number))
            tell("坐席账号", index + 1, agents)
        await self._sit_down(tokens, range(1))
        alone = await self._calls(calls, tell)
        before = memory_kb(self._process)
        await self._sit_down(tokens, range(1, agents))
        memory = memory_kb(self._process)
        await asyncio.sleep(1.0)
        return {
            "desks": agents,
            "memory_kb_per_desk": round((memory - before) / max(1, agents - 1), 1),
            "memory_mb": round(memory / 1024, 1),
            "all_told": await self._all_told(agents, tell),
            "call_on_screen_alone": alone["call"],
            "call_on_screen": (among := await self._calls(calls, tell))["call"],
            "past_orders_on_screen": among["caller"],
            "call_to_bare_message": round(among["call"]["p50_ms"] / await self._bare_message(calls), 1),
            "words_on_screen": await self._words(min(talks, agents), lines, tell),
        }

    async def _sit_down(self, tokens: Sequence[str], which: range) -> None:
        """Open the pages of agents, each signed in and ready."""
        for index in which:
            await self._pages.open("/desk/agent/live", tokens[index])
            await self._desk.sign_in(f"{8001 + index}", f"{8001 + index}", frozenset({Skill.ORDINARY}))

    async def _all_told(self, agents: int, tell: Tell) -> dict[str, float]:
        """Let one agent pause and come back: every open desk shows who is there."""
        took: list[float] = []
        reached = 0
        for round_ in range(_BROADCASTS):
            with self._pages.counting("queue") as arrivals:
                begun = perf_counter()
                await self._desk.turn("8001", Presence.PAUSED if round_ % 2 == 0 else Presence.READY)
                await self._pages.reached(agents, seconds=_ANSWER_SECONDS)
                took += [at - begun for at in arrivals.values()]
                reached += len(arrivals)
            tell("告知所有坐席", round_ + 1, _BROADCASTS)
            await asyncio.sleep(1.2)  # those who are not concerned are told once a second
        return {"reached_share": round(reached / (agents * _BROADCASTS), 4), **row(took)}

    async def _calls(self, count: int, tell: Tell) -> dict[str, dict[str, float]]:
        """Let calls come one after the other; each pops at an agent, and leaves."""
        shown: dict[str, list[float]] = {"call": [], "caller": []}
        for index in range(count + _WARM):
            took = await self._ring()
            if index >= _WARM:
                for name, seconds in took.items():
                    shown[name].append(seconds)
            await self._desk.leave(self._last)
            tell("来电弹屏", index + 1, count + _WARM)
            await asyncio.sleep(0.05)
        return {name: row(each) for name, each in shown.items()}

    async def _ring(self) -> dict[str, float]:
        self._number += 1
        self._conversation = f"bench-{self._number}"
        waits = {name: self._pages.expect(name, self._conversation) for name in ("call", "caller")}
        wish = HandoverWish(
            self._conversation, f"1390539{self._number:04d}", Skill.ORDINARY, "asked", "暖气不热，要求转人工"
        )
        begun = perf_counter()
        handover = await self._desk.request(wish)
        assert handover is not None
        self._last = handover
        async with asyncio.timeout(_ANSWER_SECONDS):
            return {name: await wait - begun for name, wait in waits.items()}

    async def _words(self, talks: int, lines: int, tell: Tell) -> dict[str, Any]:
        """Let ``talks`` calls be spoken at once, a word every 0.4 s, every fifth the whole line as it was recognised."""
        conversations = []
        for _ in range(talks):
            await self._ring()
            for state in (HandoverState.RINGING, HandoverState.ACCEPTED, HandoverState.BRIDGED):
                await self._desk.step(self._last, state)
            conversations.append(self._conversation)
        await asyncio.sleep(1.0)
        took: dict[str, list[float]] = {"partly": [], "line": []}
        missed, done = 0, 0

        async def heard(name: str, mark: str, speak: Callable[[], Awaitable[None] | None]) -> None:
            nonlocal missed
            wait = self._pages.expect(name, mark)
            begun = perf_counter()
            if (spoken := speak()) is not None:
                await spoken
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    took[name].append(await wait - begun)
            except TimeoutError:
                missed += 1

        async def talk(index: int, conversation: str) -> None:
            nonlocal done
            await asyncio.sleep(random.Random(index).uniform(0, _WORD_SECONDS))
            journal = Journal(self._book, conversation, clock=self._clock, deadline=_ANSWER_SECONDS)
            await journal.begin(Started(self._clock(), conversation, ContactChannel.PHONE), conversation)
            listening: list[asyncio.Task[None]] = []
            for line in range(lines):
                for word in range(1, _WORDS_A_LINE + 1):
                    mark = f"b{index}n{line}w{word}."
                    body = {"name": "Partly", "who": "citizen", "text": _SAID[: 3 * word] + mark}
                    tells = partial(self._signals.tell, live_topic(conversation), body)
                    listening.append(asyncio.create_task(heard("partly", mark, tells)))
                    await asyncio.sleep(_WORD_SECONDS)
                mark = f"b{index}n{line}."
                said = TalkSaid(self._clock(), "citizen", _SAID + mark, "")
                listening.append(asyncio.create_task(heard("line", mark, partial(journal.add, said))))
                done += 1
                tell("边说边显示", done, talks * lines)
                await asyncio.sleep(_WORD_SECONDS)
            await asyncio.gather(*listening)
            await journal.leave()

        cpu, begun = sum(self._process.cpu_times()[:2]), perf_counter()
        await asyncio.gather(*(talk(index, each) for index, each in enumerate(conversations)))
        used, seconds = sum(self._process.cpu_times()[:2]) - cpu, perf_counter() - begun
        return {
            "talks": talks,
            "word": row(took["partly"]),
            "line": row(took["line"]),
            "missed": missed,
            "processor_share": round(used / seconds, 2),
        }

    async def _bare_message(self, count: int) -> float:
        """Return the median milliseconds of a message from this process to itself by Redis: the least that there is."""
        took = []
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(f"{PREFIX}bench")
            await pubsub.get_message(timeout=5)
            for _ in range(count):
                begun = perf_counter()
                await self._redis.publish(f"{PREFIX}bench", "{}")
                while (message := await pubsub.get_message(timeout=5)) is None or message[
                    "type"
                ] != "message":
                    continue
                took.append(perf_counter() - begun)
        return row(took)["p50_ms"]
