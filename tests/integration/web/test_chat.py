"""Chats over a real WebSocket: from the first word to a work order in the database, and everything that goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from chat.web_chat.channel import Pace, Patience
from chat.web_chat.routes import ChatLimits
from hotline.dialogue.actions import Action, Outcome
from hotline.dialogue.events import Event
from hotline.domain.work_order import Status
from hotline.service.surroundings import Deadlines
from tests.fakes import BrokenUnderstander
from tests.integration.web.conftest import COMPLAINT, HOSTILE, LONG, QUESTION, WORDS, Site
from tests.integration.web.page import a_page, connected

EMERGENCY = "我家着火了快来人"


async def settled(site: Site) -> None:
    """Wait until no conversation is under way."""
    async with asyncio.timeout(10):
        while site.chat.chats.held:
            await asyncio.sleep(0.01)


async def test_a_complaint_becomes_a_work_order_and_its_number_is_written(site: Site) -> None:
    async with site.served() as address, connected(address) as page:
        assert (await page.hello())["last"] == 0
        (greeting,) = await page.answers()
        assert greeting.startswith("您好，这里是临沂市12345政务服务便民热线，我是智能助手")
        (confirm,) = await page.write(COMPLAINT)
        assert confirm.startswith("请核对：")
        (registered,) = await page.write("对")
        assert registered.startswith("已受理，工单编号26112300001。")
        await page.send_text("没有了")
        assert await page.next("ended") == {"type": "ended", "outcome": "registered"}
        assert await page.closed() == 1000
    order = await site.store.get("26112300001")
    assert (order.status, order.appeal.text, order.conversation) == (Status.TO_SIGN, COMPLAINT, page.session)
    summary = await site.store.conversation(page.session)
    assert summary is not None
    assert (summary["outcome"], summary["work_order"], summary["channel"]) == (
        "registered", "26112300001", "web_chat",
    )  # fmt: skip
    assert site.ended == ["registered"]


async def test_a_question_is_answered(site: Site) -> None:
    async with a_page(site) as page:
        (answer,) = await page.write(QUESTION)
        assert "采暖期为11月10日至次年3月20日。" in answer
        await page.send_text("没有了")
        assert await page.next("ended") == {"type": "ended", "outcome": "answered"}
    (record,) = await site.store.recent()
    assert (record.status, record.article, record.appeal.text) == (Status.ANSWERED, "A0101-01", QUESTION)


async def test_an_emergency_is_told_to_dial(site: Site) -> None:
    async with a_page(site) as page:
        said = await page.write(EMERGENCY)
        assert any("立即拨打119" in text for text in said)
        await page.send({"type": "bye"})
        assert await page.next("ended") == {"type": "ended", "outcome": "emergency"}
    (order,) = await site.store.recent()
    assert (order.status, order.history[-1].note) == (Status.DIVERTED, "原话提到“着火了”")


async def test_when_no_agent_is_free_a_message_is_taken(site: Site) -> None:
    async with a_page(site) as page:
        await page.send_text("转人工")
        said = [(await page.next("said"))["text"] for _ in range(2)]
        assert said == [
            "好的，正在为您联系人工话务员，请稍等。",
            "抱歉，现在话务员都在忙。请您写出要反映的事情、位置和联系电话，我登记后请工作人员联系您。",
        ]


async def test_hostile_text_is_kept_and_shown_as_it_was_written(site: Site) -> None:
    async with a_page(site) as page:
        await page.write(HOSTILE)
        await page.write("对")
    order = await site.store.get("26112300001")
    assert order.appeal.text == HOSTILE


async def test_who_lost_the_connection_goes_on_where_it_was(site: Site) -> None:
    async with site.served() as address:
        async with connected(address) as page:
            await page.hello()
            await page.answers()
            await page.write(COMPLAINT)
        async with connected(address) as again:
            assert await again.hello(page.session, seen=page.seen) == {
                "type": "welcome", "version": 2, "session": page.session, "first": 4, "last": 3,
            }  # fmt: skip
            assert (await again.write("对"))[0].startswith("已受理，工单编号26112300001。")
        async with connected(address) as reloaded:
            await reloaded.hello(page.session)
            shown = [await reloaded.next("said", "echoed") for _ in range(5)]
        async with connected(address) as stranger:
            other = await stranger.hello("a-session-that-never-was", seen=3)
            assert other["session"] not in ("a-session-that-never-was", page.session)
            assert len(await stranger.answers()) == 1
    assert [(message["number"], message["type"]) for message in shown] == [
        (1, "said"), (2, "echoed"), (3, "said"), (4, "echoed"), (5, "said"),
    ]  # fmt: skip


async def test_a_second_page_takes_over(site: Site) -> None:
    async with site.served() as address, connected(address) as first, connected(address) as second:
        await first.hello()
        await first.answers()
        await second.hello(first.session)
        assert await first.next("replaced") == {"type": "replaced"}
        assert await first.closed() == 1000
        assert (await second.write(COMPLAINT))[0].startswith("请核对：")


async def test_ten_thousand_characters_are_taken_and_one_more_is_not(site: Site) -> None:
    async with a_page(site) as page:
        await page.send_text(LONG + "热")
        refused = await page.next("refused", "echoed")
        assert (refused["code"], refused["text"]) == ("too_long", WORDS["refusals"]["too_long"])
        assert refused["id"] != ""
        await page.write(LONG)
        await page.write("对")
    assert (await site.store.get("26112300001")).appeal.text == LONG


@pytest.mark.parametrize("raw", ["", "{", "null", '{"type": "text", "id": "1", "text": "  "}', b"\x00\xff", '{"type": "hello", "version": 2}'])  # fmt: skip
async def test_a_bad_message_is_refused_and_changes_nothing(site: Site, raw: str | bytes) -> None:
    async with a_page(site) as page:
        await page.send_raw(raw)
        assert (await page.next("refused", "echoed"))["code"] == "bad_message"
        assert (await page.write(COMPLAINT))[0].startswith("请核对：")


@pytest.mark.parametrize(
    "raw", ["", "{", '{"type": "hello", "version": 1}', '{"type": "text", "text": "x"}', b"\x00"]
)
async def test_who_does_not_greet_is_turned_away(site: Site, raw: str | bytes) -> None:
    async with site.served() as address, connected(address) as page:
        await page.send_raw(raw)
        assert (await page.next("refused", "welcome"))["code"] == "bad_message"
        assert await page.closed() == 1008
    assert site.ended == []


async def test_who_says_nothing_at_all_is_turned_away(new_site: Callable[..., Site]) -> None:
    site = new_site(limits=ChatLimits(hello_seconds=0.1))
    async with site.served() as address, connected(address) as page:
        assert (await page.next("refused", "welcome"))["code"] == "bad_message"
        assert await page.closed() == 1008


async def test_a_message_that_is_too_big_for_a_frame_ends_the_connection_only(site: Site) -> None:
    async with site.served() as address:
        async with connected(address) as page:
            await page.hello()
            await page.send_raw("x" * 100_000)
            assert await page.closed() == 1009
        async with connected(address) as again:
            assert (await again.hello(page.session))["session"] == page.session


async def test_who_writes_too_fast_is_asked_to_wait(new_site: Callable[..., Site]) -> None:
    site = new_site(customs={"pace": Pace(messages=1, per_seconds=60)})
    async with a_page(site) as page:
        await page.write(COMPLAINT)
        await page.send_text("快点")
        refused = await page.next("refused", "echoed")
        assert (refused["code"], refused["text"]) == ("too_fast", WORDS["refusals"]["too_fast"])
        assert refused["id"] != ""


async def test_too_many_conversations_are_refused_and_room_is_used_again(
    new_site: Callable[..., Site],
) -> None:
    site = new_site(limits=ChatLimits(conversations=1))
    async with site.served() as address, connected(address) as first:
        await first.hello()
        async with connected(address) as second:
            assert await second.hello() == {
                "type": "refused",
                "code": "busy",
                "text": WORDS["refusals"]["busy"],
                "id": "",
            }
            assert await second.closed() == 1013
        await first.send({"type": "bye"})
        await first.closed()
        await settled(site)
        async with connected(address) as third:
            assert (await third.hello())["type"] == "welcome"


async def test_who_leaves_without_a_word_is_not_waited_for_long(new_site: Callable[..., Site]) -> None:
    site = new_site(customs={"patience": Patience(unspoken_seconds=0.05)})
    async with site.served() as address:
        async with connected(address) as page:
            await page.hello()
        await settled(site)
    assert site.ended == ["failed"]


async def test_what_was_written_before_leaving_is_kept_for_people(new_site: Callable[..., Site]) -> None:
    site = new_site(customs={"patience": Patience(away_seconds=0.05)})
    async with site.served() as address:
        async with connected(address) as page:
            await page.hello()
            await page.answers()
            await page.write(COMPLAINT)
        await settled(site)
    (order,) = await site.store.recent()
    assert (order.status, order.history[-1].note) == (Status.NEEDS_SUPPLEMENT, "not_confirmed")


async def test_without_understanding_a_person_is_asked_for(new_site: Callable[..., Site]) -> None:
    site = new_site(understander=BrokenUnderstander())
    async with a_page(site) as page:
        said = await page.write(COMPLAINT)
        assert said != []
        assert "已受理" not in "".join(said)


async def test_a_database_that_refuses_is_said_and_nothing_is_accepted(
    new_site: Callable[..., Site],
) -> None:
    site = new_site(deadlines=Deadlines(store_back=0.0))
    async with a_page(site) as page:
        await page.write(COMPLAINT)
        async with site.store.database.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE audit RENAME TO audit_away")
        said = "".join(await page.write("对"))
        assert "没有登记成功" in said
        assert "已受理" not in said
    assert await site.store.recent() == []


async def test_while_the_database_is_away_what_was_confirmed_waits_and_is_registered_once(site: Site) -> None:
    async with site.served() as address, AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(connected(address)) for _ in range(4)]
        for page in pages:
            await page.hello()
            await page.answers()
            await page.write(COMPLAINT)
        async with site.store.database.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE audit RENAME TO audit_away")
        for page in pages:
            await page.send_text("对")
            waits = await page.next("said")
            assert waits["text"].startswith("系统正忙，还没有登记成功。")
        await pages[0].send_text("登记好了吗")
        assert (await pages[0].next("said"))["text"] == waits["text"]
        async with site.store.database.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE audit_away RENAME TO audit")
        told = [(await page.answers())[0].partition("。")[0] for page in pages]
        assert sorted(told) == [f"已受理，工单编号261123{number:05d}" for number in range(1, 5)]
        assert len(await site.store.recent()) == 4


async def test_a_conversation_that_a_fault_ends_is_ended_for_the_page_too(
    new_site: Callable[..., Site],
) -> None:
    class FaultySession:
        outcome = Outcome.FAILED
        article = None

        def handle(self, event: Event) -> tuple[Action, ...]:
            raise ZeroDivisionError

    site = new_site(new_session=lambda _: FaultySession())
    async with site.served() as address, connected(address) as page:
        await page.hello()
        assert await page.next("ended") == {"type": "ended", "outcome": "failed"}
        assert await page.closed() == 1000
    assert site.ended == ["broken"]


async def test_twenty_citizens_at_once_each_get_their_own_order(site: Site) -> None:
    async def citizen(address: str) -> str:
        async with connected(address) as page:
            await page.hello()
            await page.answers()
            await page.write(COMPLAINT)
            (registered,) = await page.write("对")
            return registered.split("。")[0]

    async with site.served() as address:
        told = await asyncio.gather(*(citizen(address) for _ in range(20)))
    assert sorted(told) == [f"已受理，工单编号261123{index:05d}" for index in range(1, 21)]
    assert await site.store.audit_break() is None


async def test_a_stopping_hotline_ends_its_conversations(site: Site) -> None:
    async with site.served() as address, connected(address) as page:
        await page.hello()
        await page.answers()
        await page.write(COMPLAINT)
    assert site.chat.chats.held == {}
    (order,) = await site.store.recent()
    assert order.appeal.text == COMPLAINT
