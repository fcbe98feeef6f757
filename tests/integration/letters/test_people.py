"""Who writes letters can ask for a person: the agent has the whole history and answers in the same thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.agent_store import DeskOnRedis
from app.chat_store import ChatsOnRedis
from hotline.dialogue.written_events import Parting
from hotline.domain.agents import DeskRules, IllegalHandoverError, Medium, Skill
from hotline.domain.appeal import ContactChannel
from hotline.domain.deeds import Withdraw
from hotline.domain.errors import DeedRefusedError, EngineUnavailableError, IllegalTransitionError
from hotline.domain.people import CITIZEN, Role
from hotline.service.agent_chats import AgentChats
from hotline.service.agent_desk import AgentDesk, DeskInMemory, DeskStore, HandoverWish
from hotline.service.confidential import Confidential
from hotline.service.correspondence import LetterPace
from hotline.service.letter_desk import DeskLetters, DeskPace, LetterDesk
from hotline.service.letter_units import LetterUnits
from hotline.store.relay import SqlRelayStore
from hotline.store.sql import SqlStore
from tests.letter_office import (
    ANSWERED,
    CITY,
    COMPLAINT,
    CONFIRM,
    NOTICE,
    QUESTION,
    SEAL,
    Clock,
    Office,
    office_for,
)
from tests.media import a_photo
from tests.redis_server import redis_server
from tests.wechat import WeChatServer
from tests.work_orders import LANSHAN_UNIT, an_order, keep

LI, WANG = "o-li", "o-wang"
NUMBER = "26112300009"
COMES = "好的，正在为您联系人工话务员，请稍等。"
JOINED = "1024号话务员为您服务，前面的对话都看得到，请直接说。"
NEXT = "话务员都在忙，您是下一位。请稍候，要补充的可以先写下来，话务员会看到；不想等请回复“不等了”。"


class Hearing:
    """Hears the same words in every voice message."""

    async def words(self, sound: bytes) -> str:
        return "三号楼没有暖气"


@dataclass
class Hotline:
    """Letters, the agents' desk between them and the agents, and a clock that the test moves."""

    office: Office
    desk: AgentDesk
    chats: AgentChats
    wechat: WeChatServer
    clock: Clock
    letters_desk: LetterDesk
    relay: Confidential

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
    wechat: WeChatServer, store: SqlStore, folder: Path, redis_port: int, *, away: str = "", agents: int = 1,
    desk_store: DeskStore | None = None, **changes: Any,
) -> AsyncIterator[Hotline]:  # fmt: skip
    clock = Clock()
    desk = AgentDesk(desk_store or DeskInMemory(), DeskRules(silent=1e6, chats=1), clock, lambda: "unused")
    for number in range(agents):
        await desk.sign_in(str(1024 + number), "张三", frozenset({Skill.ORDINARY}))
    at_desk = LetterDesk(desk, lambda _: away, DeskPace(wait=timedelta(minutes=5)))
    redis: Redis = Redis(port=redis_port)

    relay = Confidential(store, SqlRelayStore(store.database, SEAL))
    try:
        async with office_for(
            wechat, store, folder, clock=clock, desk=at_desk, pace=LetterPace(look_seconds=0.05, stranded=timedelta(days=1)),
            wechat_window_seconds=1e9, units=LetterUnits(relay), voices=Hearing(), **changes,
        ) as office:  # fmt: skip
            chats = AgentChats(
                desk, ChatsOnRedis(redis, SEAL, process="p1"), store, clock, relay=relay.so_far,
                unit_name=lambda code: CITY.units[code].name,
                letters=DeskLetters(office.letters, office.correspondence.take, {ContactChannel.WECHAT: office.typing}),
            )  # fmt: skip
            yield Hotline(office, desk, chats, wechat, clock, at_desk, relay)
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
    await hotline.chats.part(chat, "1024", Parting.BACK)
    assert (await hotline.settles())[4:] == [
        "话务员已经离开，我是智能助手，还可以继续为您服务。请问还有什么可以帮您？"
    ]
    assert (await hotline.writes(COMPLAINT))[5:] == [CONFIRM]
    assert await hotline.waiting() == []


async def test_an_agent_takes_a_conversation_from_the_machine_outside_the_hours_too(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, redis_port: int
) -> None:
    async with hotline_for(wechat, store, tmp_path, redis_port, away="8:30—12:00") as hotline:
        before = len(await hotline.writes(COMPLAINT))
        ((chat, _, _),) = await store.under_way(since=datetime(2000, 1, 1, tzinfo=UTC))
        await hotline.chats.take_over(chat, "1024", phone="", briefing="")
        assert (await hotline.settles())[before:] == [f"请稍等，话务员来接待您。\n{JOINED}"]
        assert await hotline.waiting() == []
        await hotline.chats.write(chat, "1024", "请问您在哪个小区？", message="m1")
        assert (await hotline.settles())[-1] == "话务员1024：请问您在哪个小区？"


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


async def test_a_unit_takes_part_through_the_relay_until_the_order_is_closed_and_neither_learns_who_the_other_is(
    hotline: Hotline,
) -> None:
    await keep(hotline.office.store, an_order(NUMBER, conversation=""))
    await hotline.writes("转人工")
    (chat,) = await hotline.waiting()
    await hotline.chats.take(chat, "1024")
    await hotline.chats.invite_unit(chat, "1024", NUMBER)
    assert (await hotline.settles())[1:] == [
        f"{JOINED}\n已经请兰山区人民政府加入对话。对方看不到您的姓名和电话。"
    ]
    await hotline.writes("我的电话13905390001，三号楼")
    await hotline.chats.write(chat, "1024", "请单位看一下", message="m1")
    await hotline.settles()
    talk = await hotline.relay.so_far(NUMBER)
    assert [(each.by.role, each.text) for each in talk] == [
        (Role.CITIZEN, "我的电话***，三号楼"),
        (Role.AGENT, "请单位看一下"),
    ]
    for text in ("今天派人去", "下午三点"):
        await hotline.relay.send(NUMBER, text, by=LANSHAN_UNIT, at=hotline.clock())
    for _ in range(2):  # once, however often it is looked
        assert (await hotline.passes())[3:] == [
            "承办单位兰山区人民政府（热线转达）：今天派人去\n承办单位兰山区人民政府（热线转达）：下午三点"
        ]
    lines = await hotline.chats.thread(chat, "1024")
    assert [(line.name, line.text) for line in lines if line.by.value == "unit"] == [
        ("兰山区人民政府", "今天派人去"),
        ("兰山区人民政府", "下午三点"),
    ]
    await hotline.office.casework.do(NUMBER, Withdraw("修好了"), by=CITIZEN, at=hotline.clock())
    assert (await hotline.writes("谢谢"))[4:] == ["兰山区人民政府已经退出对话。"]
    with pytest.raises(IllegalTransitionError):
        await hotline.relay.send(NUMBER, "还有一句", by=LANSHAN_UNIT, at=hotline.clock())
    with pytest.raises(DeedRefusedError):
        await hotline.chats.invite_unit(chat, "1024", NUMBER)


async def test_pictures_and_voice_reach_the_agent_as_they_come_and_the_citizen_sees_the_agent_writing(
    hotline: Hotline,
) -> None:
    await hotline.writes("转人工")
    (chat,) = await hotline.waiting()
    await hotline.chats.take(chat, "1024")
    await hotline.passes()
    hotline.wechat.media["m1"] = ("image/jpeg", a_photo())
    hotline.wechat.media["m2"] = ("audio/amr", b"#!AMR")
    for kind, media in (("image", "m1"), ("voice", "m2")):
        await hotline.wechat.tell(LI, MsgType=kind, MediaId=media)
        await hotline.office.handed_over()
    assert hotline.wechat.citizens[LI].seen[2:] == [
        "图片收到了，话务员看得到。",
        "您说的是：“三号楼没有暖气”，话务员看得到；听错了请写出正确的内容。",
    ]
    (picture, words) = (await hotline.chats.thread(chat, "1024"))[-2:]
    (kept,) = await hotline.office.evidence.of_conversation(chat)
    assert (picture.evidence, words.text) == (kept.id, "三号楼没有暖气")
    for is_on in (True, False):
        await hotline.chats.tell_typing(chat, "1024", is_on=is_on)
    assert hotline.wechat.typing == [(LI, "Typing"), (LI, "CancelTyping")]


async def test_when_the_desk_is_lost_who_waits_or_writes_to_an_agent_is_not_left_without_an_answer(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, redis_port: int
) -> None:
    with redis_server() as port:
        redis: Redis = Redis(port=port, retry=Retry(NoBackoff(), 0))
        kept = DeskOnRedis(redis, SEAL)
        async with hotline_for(wechat, store, tmp_path, redis_port, desk_store=kept) as hotline:
            await hotline.writes("转人工")
            (chat,) = await hotline.waiting()
            await hotline.chats.take(chat, "1024")
            assert (await hotline.passes())[1:] == [JOINED]
            await hotline.writes("转人工", who=WANG)
            await redis.shutdown(nosave=True)
            for who, told in ((LI, 2), (WANG, 1)):
                assert (await hotline.passes(who=who))[told:] == []  # it may come back in a moment
            assert len(await hotline.passes(61)) == 3
            lost = hotline.wechat.citizens[LI].seen[2]
            assert lost.startswith("抱歉，话务员的线路断开了")
            assert lost.endswith("请您写出要反映的事情、位置和联系电话，我登记后请工作人员联系您。")
            (left_alone,) = (await hotline.settles(WANG))[1:]
            assert left_alone.startswith("抱歉，现在话务员都在忙。")
            (record,) = (await hotline.writes("三号楼暖气不热，电话13905390001", who=WANG))[2:]
            (order,) = [each for each in await store.recent() if "三号楼" in each.appeal.text]
            assert order.number in record
            with pytest.raises(EngineUnavailableError):
                await hotline.chats.write(chat, "1024", "您好", message="m1")
        await redis.aclose()


async def test_an_account_that_cannot_begin_gives_what_was_said_meanwhile_with_the_next_answer(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, redis_port: int
) -> None:
    async with hotline_for(wechat, store, tmp_path, redis_port, wechat_pushes=False) as hotline:
        await keep(store, an_order(NUMBER, conversation=""))
        before = len(await hotline.writes("转人工"))
        (chat,) = await hotline.waiting()
        await hotline.chats.take(chat, "1024")
        await hotline.chats.invite_unit(chat, "1024", NUMBER)
        await hotline.settles()
        await hotline.relay.send(NUMBER, "今天派人去", by=LANSHAN_UNIT, at=hotline.clock())
        assert len(await hotline.passes()) == before
        told = f"{JOINED}\n已经请兰山区人民政府加入对话。对方看不到您的姓名和电话。\n承办单位兰山区人民政府（热线转达）：今天派人去"
        assert (await hotline.writes("在吗"))[before:] == [told]
        assert (await hotline.writes("谢谢"))[before + 1 :] == []


async def test_who_cannot_be_written_to_learns_with_the_next_answer_that_nobody_was_free(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, redis_port: int
) -> None:
    async with hotline_for(wechat, store, tmp_path, redis_port, wechat_pushes=False) as hotline:
        await hotline.occupies("1024")
        await hotline.writes("转人工")
        await hotline.writes("我家暖气不热")
        count = len(await hotline.passes(301))
        (told,) = (await hotline.writes("在吗"))[count:]
        (kept,) = await store.recent()
        assert told.startswith("抱歉，现在话务员都在忙。")
        assert kept.number in told
