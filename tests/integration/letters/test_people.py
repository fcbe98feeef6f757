"""Who writes letters can ask for a person: the agent has the whole history and answers in the same thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from app.chat_store import ChatsOnRedis
from hotline.dialogue.written_events import Parting
from hotline.domain.agents import DeskRules, IllegalHandoverError, Medium, Skill
from hotline.domain.errors import DeedRefusedError
from hotline.service.agent_chats import AgentChats
from hotline.service.agent_desk import AgentDesk, DeskInMemory, HandoverWish
from hotline.service.correspondence import LetterPace
from hotline.service.letter_desk import DeskLetters, DeskPace, LetterDesk
from hotline.store.sql import SqlStore
from tests.letter_office import (
    ANSWERED,
    COMPLAINT,
    CONFIRM,
    NOTICE,
    QUESTION,
    SEAL,
    Clock,
    Office,
    office_for,
)
from tests.redis_server import redis_server
from tests.wechat import WeChatServer

LI, WANG = "o-li", "o-wang"
COMES = "好的，正在为您联系人工话务员，请稍等。"
JOINED = "1024号话务员为您服务，前面的对话都看得到，请直接说。"
NEXT = "话务员都在忙，您是下一位。请稍候，要补充的可以先写下来，话务员会看到；不想等请回复“不等了”。"


@pytest.fixture(scope="module")
def redis_port() -> Iterator[int]:
    with redis_server() as port:
        yield port


@dataclass
class Hotline:
    """Letters, the agents' desk between them and the agents, and a clock that the test moves."""

    office: Office
    desk: AgentDesk
    chats: AgentChats
    wechat: WeChatServer
    clock: Clock
    letters_desk: LetterDesk

    async def writes(self, text: str, who: str = LI) -> list[str]:
        """Write as a citizen; return what they have seen by then."""
        told = await self.wechat.write(who, text)
        await self.office.handed_over()
        return await self.settles(who) if told is None else self.wechat.citizens[who].seen

    async def passes(self, seconds: float = 5.0, who: str = LI) -> list[str]:
        """Let time pass; return what a citizen has seen then."""
        self.clock.ahead += timedelta(seconds=seconds)
        await self.office.correspondence.look()
        return await self.settles(who)

    async def settles(self, who: str = LI) -> list[str]:
        await self.office.correspondence.settled()
        while await self.office.deliver():
            pass
        return self.wechat.citizens[who].seen

    async def occupies(self, agent: str) -> None:
        """Let an agent hold as many chats as one may."""
        wish = HandoverWish("another", "", Skill.ORDINARY, "asked", "", medium=Medium.CHAT, id="another")
        await self.desk.request(wish)
        await self.desk.take_chat("another", agent)

    async def waiting(self) -> list[str]:
        return [one.id for one in await self.chats.waiting()]


@asynccontextmanager
async def hotline_for(
    wechat: WeChatServer, store: SqlStore, folder: Path, redis_port: int, *, away: str = "", agents: int = 1
) -> AsyncIterator[Hotline]:
    clock = Clock()
    desk = AgentDesk(DeskInMemory(), DeskRules(silent=1e6, chats=1), clock, lambda: "unused")
    for number in range(agents):
        await desk.sign_in(str(1024 + number), "张三", frozenset({Skill.ORDINARY}))
    at_desk = LetterDesk(desk, lambda _: away, DeskPace(wait=timedelta(minutes=5)))
    redis: Redis = Redis(port=redis_port)

    async def no_relay(_: str) -> Any:
        return ()

    try:
        async with office_for(
            wechat, store, folder, clock=clock, desk=at_desk, pace=LetterPace(look_seconds=0.05, stranded=timedelta(days=1)),
            wechat_window_seconds=1e9,
        ) as office:  # fmt: skip
            chats = AgentChats(
                desk, ChatsOnRedis(redis, SEAL, process="p1"), store, clock, unit_name=str, relay=no_relay,
                letters=DeskLetters(office.letters, office.correspondence.take),
            )  # fmt: skip
            yield Hotline(office, desk, chats, wechat, clock, at_desk)
    finally:
        await redis.aclose()


@pytest.fixture
async def hotline(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, redis_port: int
) -> AsyncIterator[Hotline]:
    async with hotline_for(wechat, store, tmp_path, redis_port) as hotline:
        yield hotline


async def test_an_agent_takes_over_in_the_same_thread_and_gives_it_back(hotline: Hotline) -> None:
    await hotline.occupies("1024")
    await hotline.writes(QUESTION)
    assert await hotline.writes("转人工") == [NOTICE + ANSWERED, f"{COMES}\n{NEXT}"]
    await hotline.desk.leave("another")
    assert (await hotline.passes())[2:] == []  # it is offered, nobody has come yet
    (chat,) = await hotline.waiting()
    await hotline.chats.take(chat, "1024")
    assert (await hotline.passes())[2:] == [JOINED]
    thread = await hotline.chats.thread(chat, "1024")
    assert [(line.by.value, line.text) for line in thread[1:3]] == [
        ("citizen", QUESTION),
        ("hotline", ANSWERED),
    ]
    for _ in range(2):  # sent again, it is the same message
        await hotline.chats.write(chat, "1024", "请问您在哪个小区？", message="m1")
    assert (await hotline.settles())[3:] == ["话务员1024：请问您在哪个小区？"]
    assert (await hotline.writes("阳光小区3号楼"))[4:] == []
    (line,) = await hotline.chats.thread(chat, "1024", after=thread[-1].number + 1)
    assert (line.by.value, line.text) == ("citizen", "阳光小区3号楼")
    with pytest.raises(DeedRefusedError):
        await hotline.chats.invite_unit(chat, "1024", "26112800001")
    await hotline.chats.part(chat, "1024", Parting.BACK)
    assert (await hotline.settles())[4:] == [
        "话务员已经离开，我是智能助手，还可以继续为您服务。请问还有什么可以帮您？"
    ]
    assert (await hotline.writes(COMPLAINT))[5:] == [CONFIRM]
    assert await hotline.waiting() == []


async def test_what_an_agent_wrote_before_the_desk_was_looked_at_comes_after_their_number(
    hotline: Hotline,
) -> None:
    await hotline.writes("转人工")
    (chat,) = await hotline.waiting()
    await hotline.chats.take(chat, "1024")
    await hotline.chats.write(chat, "1024", "您好", message="m1")
    await hotline.chats.part(chat, "1024", Parting.CLOSED)
    seen = (await hotline.settles())[1:]
    assert seen[0] == f"{JOINED}\n话务员1024：您好"
    assert len(seen) == 2  # and how it was
    with pytest.raises(IllegalHandoverError):
        await hotline.chats.write(chat, "1024", "还有一句", message="m2")


async def test_who_waits_is_told_their_place_again_when_they_write_and_may_stop_waiting(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, redis_port: int
) -> None:
    async with hotline_for(wechat, store, tmp_path, redis_port) as hotline:
        await hotline.occupies("1024")
        await hotline.writes("转人工", who=WANG)
        await hotline.writes("转人工")
        ahead = NEXT.replace("您是下一位", "您前面还有1位")
        assert (await hotline.writes("我家暖气不热"))[1:] == [ahead]
        assert (await hotline.writes("不等了", who=WANG))[1:] == [
            "好的，不排队了。我是智能助手，请问还有什么可以帮您？"
        ]
        assert len(await hotline.waiting()) == 1
        assert (await hotline.writes("已经三天了"))[2:] == [NEXT]
        (record,) = (await hotline.passes(301))[3:]  # nobody has come: what they wrote is recorded
        (kept,) = await store.recent()
        assert record.startswith("抱歉，现在话务员都在忙。")
        assert kept.number in record
        assert "我家暖气不热" in kept.appeal.text
        assert "已经三天了" in kept.appeal.text
        assert await hotline.waiting() == []


async def test_an_agent_who_is_gone_is_made_good_by_another(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, redis_port: int
) -> None:
    async with hotline_for(wechat, store, tmp_path, redis_port, agents=2) as hotline:
        await hotline.writes("转人工")
        (chat,) = await hotline.waiting()
        await hotline.chats.take(chat, "1024")
        await hotline.passes()
        await hotline.chats.pass_on(chat, "1024", to="1025")
        assert (await hotline.passes())[2:] == [
            "正在为您转给另一位话务员，前面的对话都看得到，不用重说，请稍等。"
        ]
        await hotline.chats.take(chat, "1025")
        assert (await hotline.passes())[3:] == [JOINED.replace("1024", "1025")]


@pytest.mark.parametrize(
    ("away", "agents", "told"),
    [("8:30—18:00", 1, "现在不是人工服务时间（8:30—18:00）。"), ("", 0, "抱歉，现在话务员都在忙。")],
)
async def test_where_nobody_is_there_a_message_is_taken(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, redis_port: int, away: str, agents: int, told: str
) -> None:
    async with hotline_for(wechat, store, tmp_path, redis_port, away=away, agents=agents) as hotline:
        (answer,) = await hotline.writes("转人工")
        assert told in answer
        assert "留言" in answer or "写" in answer
        assert await hotline.waiting() == []


def test_the_desk_is_looked_at_well_before_it_takes_who_waits_for_gone() -> None:
    assert 5 * DeskPace().look < timedelta(seconds=DeskRules().silent)
