"""The agent desk: a call pops before it is answered, the form fills itself, and wrapping up leaves exactly one record."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select

from app.outlook import Outlook
from desk.front import LiveEvent
from desk.pages.agent.page import AgentPage
from desk.seats import Seats
from hotline.domain.accounts import Account, StaffRole
from hotline.domain.agents import HandoverState, Presence, Skill
from hotline.domain.appeal import AppealKind, ContactChannel, PhoneNumber, Secrecy
from hotline.domain.callbacks import CallbackReason
from hotline.domain.diversion import ContactOutcome
from hotline.domain.knowledge import AnsweredWith
from hotline.domain.life_cycle import Status, Step
from hotline.domain.outbound import StopReason
from hotline.domain.people import MACHINE
from hotline.domain.talks import TalkWish, Wanted
from hotline.domain.work_order import WorkOrder
from hotline.service.agent_assist import AgentAssist, Help
from hotline.service.agent_desk import HandoverWish
from hotline.service.callbacks import WishedFor
from hotline.service.form_filling import Form, FormFilling
from hotline.service.hot_issues import HotIssueWatch
from hotline.service.repeats import load_repeat_rules
from hotline.service.signals import live_topic
from hotline.store.gatherings import SqlGatherings
from hotline.store.tables import audit
from tests.builders import NOW, PHONE, after, an_appeal
from tests.consoles_site import NOT_WARM, ConsolesSite
from tests.integration.consoles.test_orders import looks, words_of
from tests.work_orders import REVIEWER, an_order, keep

R = StaffRole
CALL = HandoverWish("c1", PHONE.digits, Skill.ORDINARY, "asked", "暖气不热，要求转人工")


class Screen:
    """What is on an agent's page, by the names of its live events."""

    def __init__(self, events: AsyncIterator[LiveEvent]) -> None:
        self._events = events
        self.parts: dict[str, str] = {}
        self.lines: list[str] = []

    async def until(self, condition: Callable[[Screen], bool], *, seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition(self):
                event = await anext(self._events)
                self.parts[event.name] = event.html
                if event.name == "line":
                    self.lines.append(words_of(f"<main>{event.html}").strip())

    async def shows(self, name: str, text: str) -> None:
        await self.until(lambda screen: text in screen.parts.get(name, ""))


@asynccontextmanager
async def screen_of(site: ConsolesSite, agent: Account) -> AsyncIterator[Screen]:
    seats: Seats = site.app.state.seats
    signed_in = await site.accounts.who(await site.token(agent))
    assert signed_in is not None
    events = AgentPage(site.app.state.front, seats, signed_in).events()
    try:
        yield Screen(events)
    finally:
        await events.aclose()  # type: ignore[attr-defined]  # it is an async generator


async def an_agent(site: ConsolesSite, login: str = "zhao") -> Account:
    account = await site.account(R.AGENT, login=login)
    assert site.parts.desk is not None
    assert account.number is not None
    await site.parts.desk.sign_in(account.number, account.name, frozenset({Skill.ORDINARY}))
    return account


async def said(site: ConsolesSite, sequence: int, name: str, **body: Any) -> None:
    """Write a row of the call's journal and tell of it, as a call process does."""
    if sequence == 1:
        await site.store.begin("c1", channel=ContactChannel.PHONE, call_id="x@host", at=NOW)
    await site.store.append("c1", sequence, after(sequence), name, body)
    row = {"sequence": sequence, "at": after(sequence).isoformat(), "name": name, "body": body}
    await site.parts.signals.tell(live_topic("c1"), row)


async def bridged(site: ConsolesSite, wish: HandoverWish = CALL) -> str:
    """Put a call through to whoever is free; return the hand-over."""
    desk = site.parts.desk
    assert desk is not None
    handover = await desk.request(wish)
    assert handover is not None
    for state in (HandoverState.RINGING, HandoverState.ACCEPTED, HandoverState.BRIDGED):
        await desk.step(handover, state)
    return handover


async def test_what_happens_at_other_desks_costs_a_page_no_look_into_the_database(
    site: ConsolesSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four hundred pages that each looked at every change made words come twelve seconds late."""
    assert site.parts.agents is not None
    assert site.parts.desk is not None
    looked: list[str] = []
    forms, zhao, qian = site.parts.agents.forms, await an_agent(site), await an_agent(site, "qian")
    open_of = type(forms).open_of

    async def counted(self: Any, agent: str) -> Any:
        looked.append(agent)
        return await open_of(self, agent)

    monkeypatch.setattr(type(forms), "open_of", counted)
    async with screen_of(site, zhao) as screen:
        await screen.shows("queue", "空闲")
        await site.parts.desk.turn(qian.number or "", Presence.PAUSED)
        await screen.shows("queue", "小休")
        await site.parts.desk.turn(zhao.number or "", Presence.PAUSED)
        await screen.until(lambda screen: screen.parts["queue"].count("小休") == 2)
    assert looked == [zhao.number]


async def test_a_call_pops_before_it_is_answered_with_the_callers_open_orders_first(
    site: ConsolesSite,
) -> None:
    await keep(site.store, an_order("26112300001", appeal=an_appeal(text="路灯坏了")))
    agent = await an_agent(site)
    async with screen_of(site, agent) as screen:
        await screen.shows("presence", "空闲")
        assert site.parts.desk is not None
        await site.parts.desk.request(CALL)
        await screen.shows("caller", "26112300001")
        await screen.shows("call", "暖气不热，要求转人工")
    assert "139****0001" in screen.parts["call"]
    assert PHONE.digits not in "".join(screen.parts.values()).replace('value="139****0001"', "")
    assert "路灯坏了" in screen.parts["caller"]
    assert ("staff:zhao", "c1", '{"why": "briefing"}') in await looks(site)


async def test_a_call_that_was_not_taken_leaves_nothing_on_the_screen(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    async with screen_of(site, agent) as screen:
        assert site.parts.desk is not None
        await site.parts.desk.request(CALL)
        await screen.shows("call", "拒接")
        async with site.client(agent) as client:
            assert (await client.post("/desk/agent/refuse")).status_code == 204
        await screen.until(
            lambda one: "没有来电" in one.parts["call"] and one.parts["caller"] == one.parts["form"] == ""
        )
    tools = site.parts.agents
    assert tools is not None
    assert await tools.forms.get("c1") is None


async def test_both_sides_are_shown_as_they_speak_and_the_form_fills_itself(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    await said(site, 1, "Say", parts=["您好，", "请讲。"])
    await said(site, 2, "Said", text="转人工", raw="转人工")
    async with screen_of(site, agent) as screen:
        await bridged(site)
        await screen.shows("talk", "您好，请讲。")
        await said(site, 3, "TalkSaid", who="agent", text="您好，我是话务员", raw="")
        await site.parts.signals.tell(
            live_topic("c1"), {"name": "Partly", "who": "citizen", "text": "兰山区"}
        )
        await screen.shows("partly", "兰山区…")
        await said(site, 4, "TalkSaid", who="citizen", text=NOT_WARM, raw=NOT_WARM)
        await screen.shows("form", "兰山区银雀山街道")
        await screen.shows("help", "兰山区人民政府")
        await said(site, 5, "TalkSaid", who="citizen", text="请替我保密", raw="请替我保密")
        await screen.shows("form", "“请替我保密”")
    assert screen.lines == ["话务员 您好，我是话务员", f"诉求人 {NOT_WARM}", "诉求人 请替我保密"]
    assert "90%" in screen.parts["form"]
    assert f"“{NOT_WARM}”" in screen.parts["form"]
    assert "供暖时间" in screen.parts["help"]
    form = f'<a href="/chat/articles/A0101-01/files/{"a" * 64}" target="_blank" rel="noreferrer noopener">供暖申请表.docx</a>'
    assert form in screen.parts["help"]
    assert "行业主管" in screen.parts["help"]
    assert 'class="chosen"' in screen.parts["form"]


async def test_what_many_have_brought_today_is_hinted_at_and_not_what_is_over(site: ConsolesSite) -> None:
    tools, agent = site.parts.agents, await an_agent(site)
    assert tools is not None
    assert isinstance(tools.gatherings, SqlGatherings)
    watch = HotIssueWatch(tools.gatherings, load_repeat_rules(site.parts.city), site.parts.city)
    await said(site, 1, "Said", text=NOT_WARM, raw=NOT_WARM)
    for number in range(1, 21):
        await watch.saw(an_order(f"261123000{number:02}"), at=NOW)
    async with screen_of(site, agent) as screen:
        await bridged(site)
        await screen.shows("hints", "热点：")
        assert words_of(f"<main>{screen.parts['hints']}").count("261123000") == 5
        site.clock.move(hours=25)
        await said(site, 2, "TalkSaid", who="citizen", text="请替我保密", raw="")
        await screen.until(lambda one: "热点" not in one.parts["hints"])


async def test_a_line_of_which_the_page_was_not_told_is_read_from_the_record(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    await said(site, 1, "Said", text="转人工", raw="转人工")
    async with screen_of(site, agent) as screen:
        await bridged(site)
        await screen.shows("talk", "转人工")
        untold = {"who": "citizen", "text": NOT_WARM, "raw": NOT_WARM}
        await site.store.append("c1", 2, after(2), "TalkSaid", untold)
        await said(site, 3, "TalkSaid", who="agent", text="请讲", raw="")
        await screen.shows("talk", NOT_WARM)
        await screen.shows("form", "兰山区银雀山街道")
    assert screen.lines == ["话务员 请讲"]
    assert screen.parts["talk"].index(NOT_WARM) < screen.parts["talk"].index("请讲")


async def test_words_are_shown_while_other_forms_are_worked_on_and_what_is_wished_meanwhile_is_one_look_up(
    site: ConsolesSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty forms that all were worked on when their lines ended made the words of everybody half a second late."""
    tools, agent = site.parts.agents, await an_agent(site)
    assert tools is not None
    asked: list[str | None] = []
    assist = type(tools.assist)
    helped = assist.help

    async def counted(self: AgentAssist, filling: FormFilling, form: Form) -> Help:
        asked.append(form.appeal.category)
        return await helped(self, filling, form)

    monkeypatch.setattr(assist, "help", counted)
    await said(site, 1, "Said", text=NOT_WARM, raw=NOT_WARM)
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        await bridged(site)
        await screen.until(lambda one: "hints" in one.parts)
        async with tools.turn, tools.turn:  # all that there are
            await said(site, 2, "TalkSaid", who="citizen", text="请替我保密", raw="")
            await screen.until(lambda one: one.lines == ["诉求人 请替我保密"])
            for category in ("0303", "0101", "0303"):
                await client.post("/desk/agent/forms/c1/fields/category", data={"value": category})
                await screen.shows("form", f'value="{category}')
            before = list(asked)
            del screen.parts["hints"]
        await screen.shows("form", "“请替我保密”")
        await screen.until(lambda one: "hints" in one.parts)
    assert (before, asked[:2]) == (["0101"], ["0101", "0303"])
    assert len(asked) <= 3  # what was heard at last may be looked up once more


async def test_words_that_may_be_a_state_secret_are_gone_from_the_screen(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    await said(site, 1, "Said", text="我要说一件机密", raw="我要说一件机密")
    async with screen_of(site, agent) as screen:
        await bridged(site)
        await screen.shows("talk", "机密")
        await site.parts.signals.tell(live_topic("c1"), {"name": "Concealed"})
        await screen.until(lambda one: "已停止转写" in one.parts.get("talk", ""))
    assert "机密" not in screen.parts["talk"] + screen.parts["form"]


async def test_what_the_agent_says_of_a_field_stands_whatever_is_heard_later(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    await said(site, 1, "Said", text=NOT_WARM, raw=NOT_WARM)
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        await bridged(site)
        await screen.shows("form", "0101")
        path = "/desk/agent/forms/c1/fields"
        assert (await client.post(f"{path}/category", data={"value": "0303"})).status_code == 204
        await screen.shows("form", "已核对")
        assert (await client.post(f"{path}/category", data={"value": "no such"})).status_code == 422
        await client.post(f"{path}/facts", data={"value": "金额：3000元"})
        await screen.shows("form", 'value="金额 3000"')
        refused = await client.post(f"{path}/urgency", data={"value": "x"}, headers={"HX-Request": "true"})
        assert "填写有误：紧急程度" in json.loads(refused.headers["HX-Trigger"])["toast"]["text"]
        assert (await client.post(f"{path}/nothing", data={"value": "x"})).status_code == 422
        await said(site, 2, "TalkSaid", who="citizen", text=NOT_WARM, raw="")
        await screen.until(lambda one: bool(one.lines))
        assert 'value="0303"' in screen.parts["form"]
        assert "听到的是 0101" in screen.parts["form"]
        await client.post(f"{path}/category", data={"value": ""})
        await screen.until(lambda one: 'value="0101' in one.parts["form"])
        await client.post(f"{path}/category", data={"value": site.parts.city.categories["0303"].name})
        await screen.until(lambda one: 'value="0303' in one.parts["form"])


async def test_a_form_of_another_agents_call_is_not_there(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    other = await site.account(R.AGENT, login="qian")
    async with screen_of(site, agent) as screen:
        await bridged(site)
        await screen.shows("call", "通话中")
        async with site.client(other) as client:
            answers = [
                await client.post("/desk/agent/forms/c1/fields/place", data={"value": "x"}),
                await client.post("/desk/agent/forms/c1/phone"),
                await client.get("/desk/agent/forms/c1/finish"),
                await client.post("/desk/agent/forms/c1/finish", data={"end": "nothing"}),
            ]
    assert [answer.status_code for answer in answers] == [404] * 4


async def finished(
    site: ConsolesSite, agent: Account, typed: Mapping[str, str] | None = None, /, **data: str
) -> Any:
    """Hold a talk about heating, let the agent correct what they have ``typed``, and wrap it up."""
    await said(site, 1, "Said", text=NOT_WARM, raw=NOT_WARM)
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        handover = await bridged(site)
        await screen.shows("form", "0101")
        assert site.parts.desk is not None
        for name, value in (typed or {}).items():
            await client.post(f"/desk/agent/forms/c1/fields/{name}", data={"value": value})
        await site.parts.desk.leave(handover)
        await screen.shows("call", "通话已结束")
        answer = await client.post("/desk/agent/forms/c1/finish", data=data)
        if answer.status_code == 200:
            await screen.until(
                lambda one: "空闲" in one.parts["presence"] or "整理" not in one.parts["presence"]
            )
    return answer


async def the_order(site: ConsolesSite) -> Any:
    (order,) = await site.store.recent()
    return order


async def test_a_matter_is_registered_by_the_agent_and_dispatched_by_the_rules(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    answer = await finished(site, agent, {"occurred": "昨晚"}, end="register")
    order = await the_order(site)
    assert f"已受理，编号 {order.number} ，承办单位 兰山区人民政府" in words_of(f"<main>{answer.text}")
    assert (order.status, order.conversation, order.appeal.text) == (Status.TO_SIGN, "c1", NOT_WARM)
    assert [str(entry.by) for entry in order.history] == ["agent:zhao", "agent:zhao"]
    async with site.store.database.engine.connect() as connection:
        wrapped_up = audit.c.action == "form.wrapped_up"
        (row,) = (await connection.execute(select(audit).where(wrapped_up))).all()
    assert (row.actor, row.subject) == ("staff:zhao", order.number)
    assert json.loads(row.detail) == {
        "conversation": "c1", "end": "register", "engine": "test", "confidence": 0.9, "category": ["0101", "0101"],
        "accepted": [], "changed": ["occurred"],
    }  # fmt: skip
    assert site.parts.desk is not None
    board, _, _ = await site.parts.desk.board()
    assert board.agents["8001"].presence is Presence.READY


async def test_another_matter_of_the_same_call_becomes_an_order_of_its_own(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    await finished(site, agent, end="register")
    first = await the_order(site)
    path, other = "/desk/agent/forms/c1", await site.account(R.AGENT, login="qian")
    async with site.client(other) as client:  # who has not made it begins nothing
        assert (await client.post(f"{path}/again", data={"after": first.number})).status_code == 404
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        await screen.shows("call", "没有来电")
        assert (await client.post(f"{path}/again", data={"after": first.number})).status_code == 204
        await screen.shows("form", "0101")
        await screen.shows("help", "兰山区人民政府")
        screen.parts.pop("hints", None)
        await screen.until(lambda one: "hints" in one.parts)
        assert first.number not in screen.parts["hints"]  # the order of this very talk is no repeat
        twice = await client.post(f"{path}/finish", data={"end": "register"})
        assert (twice.status_code, "与 " + first.number + " 相同" in twice.text) == (422, True)
        await client.post(f"{path}/fields/text", data={"value": "门前路灯也坏了"})
        await client.post(f"{path}/fields/category", data={"value": "0303"})
        assert f"与 {first.number} 关联" in (await client.get(f"{path}/finish")).text
        done = await client.post(f"{path}/finish", data={"end": "register"})
        await screen.until(lambda one: one.parts["form"] == "")
    second = next(one for one in await site.store.recent() if one.number != first.number)
    assert second.number in done.text
    assert (second.linked_to, second.conversation, second.appeal.text) == (
        first.number,
        "c1",
        "门前路灯也坏了",
    )
    assert (second.appeal.category, second.appeal.phone, second.status) == ("0303", PHONE, Status.TO_SIGN)


async def test_the_machines_record_at_the_end_of_the_call_is_the_agents_order(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    await finished(site, agent, end="register")
    again = await site.web.programs.registration.record_contact(  # type: ignore[union-attr]  # it is there
        conversation="c1", appeal=an_appeal(), outcome=ContactOutcome.TO_AGENT, article=None, at=NOW,
        request="c1:contact",
    )  # fmt: skip
    assert again == await the_order(site)


async def by_the_machine(site: ConsolesSite, answered: AnsweredWith | None = None) -> WorkOrder:
    """The record that the machine makes of a talk with an agent at its end, in which it had ``answered`` before."""
    assert site.parts.agents is not None
    return await site.parts.agents.registration.record_contact(
        conversation="c1", appeal=an_appeal(text="暖气", category=None), outcome=ContactOutcome.TO_AGENT,
        article=answered, at=NOW, request="c1:contact", by=MACHINE,
    )  # fmt: skip


async def test_what_an_agent_registers_is_dispatched_though_the_machine_had_answered_something_before(
    site: ConsolesSite,
) -> None:
    begun, agent = await by_the_machine(site, AnsweredWith("A0101-01", 1)), await an_agent(site)
    assert (await finished(site, agent, end="register")).status_code == 200
    order = await site.store.get(begun.number)
    assert (order.status, order.lead_unit, order.article) == (Status.TO_SIGN, "county-371302", None)


@pytest.mark.parametrize(
    ("kind", "status", "steps", "data"),
    [
        (AppealKind.HELP, Status.TO_SIGN, [Step.DISPATCH], {"end": "register"}),
        (AppealKind.HELP, Status.TO_SIGN, [Step.DISPATCH],
         {"end": "register", "unit": "body-housing", "reason": "行业主管"}),
        (AppealKind.HELP, Status.ANSWERED, [Step.ANSWER], {"end": "answer", "article": "A0101-01"}),
        (AppealKind.HELP, Status.DIVERTED, [Step.DIVERT],
         {"end": "merge", "into": "26112200001", "told": "已并入您之前的工单"}),
        (AppealKind.HELP, Status.TO_DISPATCH, [], {"end": "callback"}),
        (AppealKind.NUISANCE, Status.TO_DISPATCH, [], {"end": "nuisance"}),
        (AppealKind.INVALID, Status.WITHDRAWN, [Step.WITHDRAW], {"end": "nothing"}),
    ],
    ids=["registered", "to another unit", "answered", "merged", "to be called back", "nuisance", "nothing"],
)  # fmt: skip
async def test_a_record_that_the_machine_made_first_is_completed_and_ends_as_the_agent_says(
    site: ConsolesSite, kind: AppealKind, status: Status, steps: list[Step], data: dict[str, str]
) -> None:
    await keep(site.store, an_order("26112200001", appeal=an_appeal(text="路灯坏了"), conversation="c0"))
    begun, agent = await by_the_machine(site), await an_agent(site)
    answer = await finished(site, agent, **data)
    order, target = await site.store.get(begun.number), await site.store.get("26112200001")
    assert (answer.status_code, len(await site.store.recent())) == (200, 2)
    assert (order.appeal.kind, order.status, order.appeal.text) == (kind, status, NOT_WARM)
    assert [entry.step for entry in order.history] == [
        None, Step.QUEUE_FOR_DISPATCH, Step.COMPLETE, *steps
    ]  # fmt: skip
    assert (order.article, order.merged_into) == (data.get("article"), data.get("into"))
    joined = [begun.number] if order.merged_into else []
    assert [party.number for party in target.citizens] == ["26112200001", *joined]
    if data["end"] == "register":
        assert order.lead_unit == data.get("unit", "county-371302")


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (Status.TO_SIGN, {"end": "register"}),
        (Status.ANSWERED, {"end": "answer", "article": "A0101-01"}),
        (Status.DIVERTED, {"end": "merge", "into": "26112200001", "told": "已并入您之前的工单"}),
        (Status.WITHDRAWN, {"end": "nothing"}),
    ],
)
async def test_a_record_that_a_reviewer_has_dispatched_meanwhile_stays_and_the_agents_is_beside_it(
    site: ConsolesSite, status: Status, data: dict[str, str]
) -> None:
    await keep(site.store, an_order("26112200001", appeal=an_appeal(text="路灯坏了"), conversation="c0"))
    begun, agent = await by_the_machine(site), await an_agent(site)
    dispatched = await site.parts.casework.dispatch(
        begun.number, "body-housing", reason="行业主管", by=REVIEWER, at=NOW
    )
    answer = await finished(site, agent, **data)
    known = ("26112200001", begun.number)
    (beside,) = [one for one in await site.store.recent() if one.number not in known]
    assert (answer.status_code, await site.store.get(begun.number)) == (200, dispatched)
    assert (beside.status, beside.appeal.text, beside.linked_to) == (status, NOT_WARM, begun.number)
    assert beside.merged_into == data.get("into")


@pytest.mark.parametrize("chosen", [{}, {"unit": "body-housing", "reason": "行业主管"}])
async def test_an_order_that_lacked_its_place_is_dispatched_once_the_agent_has_completed_it(
    site: ConsolesSite, chosen: dict[str, str]
) -> None:
    assert site.parts.agents is not None
    begun = await site.parts.agents.registration.register(
        an_appeal(place=None), conversation="c1", at=NOW, by=MACHINE
    )
    assert begun.status is Status.NEEDS_SUPPLEMENT
    await finished(site, await an_agent(site), end="register", **chosen)
    order = await the_order(site)
    assert (order.number, order.status, order.lead_unit) == (
        begun.number, Status.TO_SIGN, chosen.get("unit", "county-371302")
    )  # fmt: skip
    assert [entry.step for entry in order.history] == [
        None, Step.ASK_SUPPLEMENT, Step.COMPLETE, Step.SUPPLEMENT, Step.DISPATCH
    ]  # fmt: skip


async def test_the_agent_chooses_another_unit_with_a_reason(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    refused = await finished(site, agent, end="register", unit="body-housing")
    assert (refused.status_code, await site.store.recent()) == (422, [])
    async with site.client(agent) as client:
        unknown = await client.post(
            "/desk/agent/forms/c1/finish", data={"end": "register", "unit": "没有的局", "reason": "行业主管"}
        )
        assert "没有“没有的局”" in unknown.text
        await client.post(
            "/desk/agent/forms/c1/finish",
            data={
                "end": "register",
                "unit": site.parts.city.units["body-housing"].name,
                "reason": "行业主管",
            },
        )
    order = await the_order(site)
    assert (order.lead_unit, order.status) == ("body-housing", Status.TO_SIGN)


async def test_a_question_is_answered_with_an_article_and_its_version(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    await finished(site, agent, end="answer", article="A0101-01")
    order = await the_order(site)
    assert (order.status, order.article) == (Status.ANSWERED, "A0101-01")


async def test_an_answer_without_an_article_is_refused(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    assert (await finished(site, agent, end="answer", article="A9999-99")).status_code == 422
    assert await site.store.recent() == []


async def test_a_repeat_is_hinted_at_and_merged(site: ConsolesSite) -> None:
    await keep(site.store, an_order("26112200001", appeal=an_appeal(text=NOT_WARM)))
    agent = await an_agent(site)
    answer = await finished(site, agent, end="merge", into="26112200001", told="已并入您之前的工单")
    assert answer.status_code == 200, words_of(answer.text)
    assert "已并入" in answer.text
    merged = await site.store.get("26112200001")
    assert len(merged.citizens) == 2


async def test_of_a_telephone_that_is_typed_only_orders_that_say_whose_they_are_are_listed_and_the_look_is_noted(
    site: ConsolesSite,
) -> None:
    theirs = (("26112200001", {}), ("26112200002", {"secrecy": Secrecy.CONFIDENTIAL}), ("26112200003", {"kind": AppealKind.TIP_OFF}))  # fmt: skip
    for number, values in theirs:
        appeal = an_appeal(text="路灯坏了", phone=PhoneNumber("13905390002"), **values)
        await keep(site.store, an_order(number, appeal=appeal, conversation="c0"))
    agent = await an_agent(site)
    await said(site, 1, "Said", text=NOT_WARM, raw=NOT_WARM)
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        await bridged(site)
        await screen.shows("form", "0101")
        await client.post("/desk/agent/forms/c1/fields/phone", data={"value": "13905390002"})
        page = (await client.get("/desk/agent/forms/c1/finish")).text
    assert re.findall(r'name="into" value="(\d+)"', page) == ["26112200001"]
    why = '{"why": "wrapping up, by telephone 139****0002: 26112200001"}'
    assert ("staff:zhao", "orders", why) in await looks(site)


@pytest.mark.parametrize("secrecy", list(Secrecy))
async def test_a_confidential_order_is_not_hinted_at_whoever_has_that_telephone(
    site: ConsolesSite, secrecy: Secrecy
) -> None:
    theirs = an_appeal(text=NOT_WARM, phone=PhoneNumber("13905390002"), secrecy=secrecy)
    await keep(site.store, an_order("26112200001", appeal=theirs, conversation="c0"))
    agent = await an_agent(site)
    await said(site, 1, "Said", text=NOT_WARM, raw=NOT_WARM)
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        await bridged(site)
        await screen.until(lambda one: "hints" in one.parts)
        del screen.parts["hints"]
        await client.post("/desk/agent/forms/c1/fields/phone", data={"value": "13905390002"})
        await screen.until(lambda one: "hints" in one.parts)
        if secrecy is Secrecy.NONE:
            await screen.shows("hints", "26112200001")
    assert ("26112200001" in screen.parts["hints"]) is (secrecy is Secrecy.NONE)


async def test_a_tip_off_is_not_merged_into_an_order_of_the_unit_that_it_names(site: ConsolesSite) -> None:
    await keep(site.store, an_order("26112200001", appeal=an_appeal(text=NOT_WARM), conversation="c0"))
    typed = {"kind": "tip_off", "text": "我举报市住建局工作人员吃拿卡要"}
    merged = await finished(site, await an_agent(site), typed, end="merge", into="26112200001", told="已并入")
    assert (merged.status_code, "举报涉及该单位" in merged.text) == (422, True)
    assert [one.number for one in await site.store.recent()] == ["26112200001"]


async def test_a_call_is_promised_for_a_time_and_stands_in_the_list(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    late = await finished(site, agent, end="callback", window="2026-11-22T12:00:00+08:00")
    assert (late.status_code, await site.store.recent()) == (422, [])
    afternoon = "2026-11-24T17:00:00+08:00"
    async with site.client(agent) as client:
        offered = (await client.get("/desk/agent/forms/c1/finish")).text
        await client.post("/desk/agent/forms/c1/finish", data={"end": "callback", "window": afternoon})
    assert f'<option value="{afternoon}">11-24 14:00 到 11-24 17:00</option>' in offered
    assert site.parts.agents is not None
    assert site.parts.agents.callbacks is not None
    (task,) = await site.parts.agents.callbacks.waiting()
    assert (task.phone, task.reason, task.words) == (PHONE, CallbackReason.PROMISED, NOT_WARM)
    assert (task.window.end.isoformat(), task.order_number) == (afternoon, (await the_order(site)).number)


@pytest.mark.parametrize(
    ("end", "kind"), [("nuisance", AppealKind.NUISANCE), ("nothing", AppealKind.INVALID)]
)
async def test_a_call_about_nothing_leaves_a_record_all_the_same(
    site: ConsolesSite, end: str, kind: AppealKind
) -> None:
    await finished(site, await an_agent(site), end=end)
    assert (await the_order(site)).appeal.kind is kind


async def test_who_asks_for_secrecy_after_all_was_accepted_stays_unknown(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    await said(site, 1, "Said", text=NOT_WARM, raw="")
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        await bridged(site)
        await screen.shows("form", "0101")
        sent = set(re.findall(r'name="field-(\w+)"', screen.parts["form"]))
        assert {"category", "place", "kind"} <= sent
        assert not sent & {
            "secrecy",
            "urgency",
            "is_about_minor",
        }  # nobody has spoken of these: no word of the agent's
        accepted = {"field-category": "0101", "field-kind": "help", "field-place": "兰山区银雀山街道"}
        assert (await client.post("/desk/agent/forms/c1/accept", data=accepted)).status_code == 204
        await said(site, 2, "TalkSaid", who="citizen", text="请替我保密", raw="")
        await screen.shows("form", "“请替我保密”")
        await client.post("/desk/agent/forms/c1/finish", data={"end": "register"})
    assert (await the_order(site)).appeal.secrecy is Secrecy.CONFIDENTIAL


async def test_an_open_form_is_still_there_after_the_page_was_opened_anew(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    await said(site, 1, "Said", text=NOT_WARM, raw="")
    async with screen_of(site, agent) as screen:
        handover = await bridged(site)
        await screen.shows("form", "0101")
        assert site.parts.desk is not None
        await site.parts.desk.leave(handover)
    async with screen_of(site, agent) as screen:
        await screen.shows("call", "话后整理")
        await screen.shows("form", "0101")


async def test_notes_are_for_whoever_takes_the_next_call_of_this_number(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        await bridged(site)
        await screen.shows("caller", "来电人")
        kept = await client.post("/desk/agent/forms/c1/note", data={"text": "听力不好，请慢些说"})
        empty = await client.post("/desk/agent/forms/c1/note", data={"text": " "})
    assert ("听力不好，请慢些说" in kept.text, empty.status_code) == (True, 422)
    assert site.parts.agents is not None
    (note,) = await site.parts.agents.forms.notes(PhoneNumber(PHONE.digits))
    assert (note.by, note.text) == ("staff:zhao", "听力不好，请慢些说")


async def test_the_number_is_shown_to_who_has_the_call_and_that_is_written_down(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        await bridged(site)
        await screen.shows("caller", "来电人")
        assert PHONE.digits in (await client.post("/desk/agent/forms/c1/phone")).text
    assert ("staff:zhao", "c1", '{"why": "calling number"}') in await looks(site)


async def test_hold_invite_and_pass_on_are_asked_of_the_process_that_has_the_call(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    await an_agent(site, "qian")
    desk = site.parts.desk
    assert desk is not None
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        handover = await bridged(site)
        await screen.shows("call", "通话中")
        for wanted, data in (
            ("hold", {}),
            ("invite", {"target": "110"}),
            ("pass_on", {"target": "8002", "note": "会方言"}),
        ):
            assert (await client.post(f"/desk/agent/call/{wanted}", data=data)).status_code == 204
        unknown = await client.post("/desk/agent/call/invite", data={"target": "13905390009"})
        twice = await client.post("/desk/agent/call/hold")
        wishes = await desk.take_wishes(handover)
    assert wishes == (
        TalkWish(Wanted.HOLD), TalkWish(Wanted.INVITE, "110"), TalkWish(Wanted.PASS_ON, "8002", "会方言")
    )  # fmt: skip
    assert (unknown.status_code, twice.status_code) == (404, 409)


async def test_an_agent_signs_in_pauses_and_signs_out(site: ConsolesSite) -> None:
    agent = await site.account(R.AGENT)
    assert agent.number is not None
    async with screen_of(site, agent) as screen, site.client(agent) as client:
        await screen.shows("presence", "未签入")
        await client.post("/desk/agent/sign-in", data={"skill": ["dialect"]})
        await screen.shows("presence", "空闲")
        await client.post("/desk/agent/presence", data={"to": "paused"})
        await screen.shows("presence", "小休")
        await client.post("/desk/agent/presence", data={"to": "offline"})
        await screen.shows("presence", "未签入")


async def test_a_page_that_is_open_keeps_its_agent_signed_in(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    desk = site.parts.desk
    assert desk is not None
    async with screen_of(site, agent) as screen:
        await screen.shows("presence", "空闲")
        site.clock.move(seconds=40)
        await desk.saw_all({"8001"})
        site.clock.move(seconds=40)
        board, _, _ = await desk.board()
        assert board.at(site.clock(), desk._rules).agents.keys() == {"8001"}


async def test_callbacks_are_taken_called_and_finished(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    assert site.parts.agents is not None
    callbacks, outlook = site.parts.agents.callbacks, site.parts.agents.outlook
    assert callbacks is not None
    assert isinstance(outlook, Outlook)
    await outlook.book.note_contact(PHONE, at=NOW)
    at = NOW.astimezone(site.parts.city.timezone)
    await callbacks.plan(WishedFor(PHONE, CallbackReason.ABANDONED, "家里漏水", "c9"), at)
    async with site.client(agent) as client:
        before = (await client.get("/desk/callbacks")).text
        await client.post("/desk/callbacks/task1/take")
        mine = (await client.get("/desk/callbacks")).text
        await client.post("/desk/callbacks/task1/call")
        asked = (await callbacks.waiting())[0].call_asked_at
        await client.post("/desk/callbacks/task1/done")
    assert (PHONE.digits in before, "家里漏水" in before) == (False, False)
    assert (PHONE.digits in mine, "家里漏水" in mine, asked) == (True, True, site.clock())
    assert await callbacks.waiting() == []


async def test_a_team_leader_gives_a_callback_back_that_its_agent_has_left(site: ConsolesSite) -> None:
    agent, leader = await an_agent(site), await site.account(R.TEAM_LEADER)
    assert site.parts.agents is not None
    callbacks = site.parts.agents.callbacks
    assert callbacks is not None
    at = NOW.astimezone(site.parts.city.timezone)
    await callbacks.plan(WishedFor(PHONE, CallbackReason.ABANDONED, "家里漏水", "c9"), at)
    release = "/desk/callbacks/task1/release"
    async with site.client(agent) as client:
        await client.post("/desk/callbacks/task1/take")
        assert release not in (await client.get("/desk/callbacks")).text
        assert (await client.post(release)).status_code == 403
    async with site.client(leader) as client:
        taken = (await client.get("/desk/callbacks")).text
        assert (await client.post(release)).status_code == 303
        released = (await client.get("/desk/callbacks")).text
        again = await client.post(release)
    assert (f'<button class="small" formaction="{release}">放回' in taken, release in released) == (
        True,
        False,
    )
    # Who may give it back does not see what the citizen said, nor their number.
    for page in (taken, released):
        assert (PHONE.digits in page, "家里漏水" in page) == (False, False)
    assert again.status_code == 409
    (task,) = await callbacks.waiting()
    assert (task.taken_by, task.attempts) == ("", 0)
    async with site.store.database.reading() as connection:
        rows = await connection.execute(select(audit.c.actor).where(audit.c.action == "callback.open"))
        assert list(rows.scalars()) == [f"staff:{leader.login}"]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("noon", "现在不在回电时段。"),
        ("stopped", "这个号码的主人要求不再拨打。"),
        ("stranger", "这个号码没有打过热线，不能由热线拨打。"),
    ],
)
async def test_an_agent_is_told_at_once_why_the_hotline_does_not_call(
    site: ConsolesSite, fault: str, why: str
) -> None:
    agent = await an_agent(site)
    assert site.parts.agents is not None
    callbacks, outlook = site.parts.agents.callbacks, site.parts.agents.outlook
    assert callbacks is not None
    assert isinstance(outlook, Outlook)
    if fault != "stranger":
        await outlook.book.note_contact(PHONE, at=NOW)
    if fault == "stopped":
        await outlook.book.stop(PHONE, StopReason.ASKED, by="machine", at=NOW)
    at = NOW.astimezone(site.parts.city.timezone)
    task = await callbacks.plan(WishedFor(PHONE, CallbackReason.ABANDONED, "家里漏水", "c9"), at)
    if fault == "noon":
        site.clock.at = at.replace(hour=12, minute=30)
    async with site.client(agent) as client:
        answer = await client.post(f"/desk/callbacks/{task.id}/call")
    assert (answer.status_code, why in answer.text) == (409, True)
    assert await callbacks.waiting() == [task]


async def test_where_the_hotline_places_no_calls_agents_are_offered_none(site: ConsolesSite) -> None:
    agent = await an_agent(site)
    assert site.parts.agents is not None
    callbacks = site.parts.agents.callbacks
    assert callbacks is not None
    at = NOW.astimezone(site.parts.city.timezone)
    task = await callbacks.plan(WishedFor(PHONE, CallbackReason.ABANDONED, "家里漏水", "c9"), at)
    call = f"/desk/callbacks/{task.id}/call"
    async with site.client(agent) as client:
        offered = (await client.get("/desk/callbacks")).text
        object.__setattr__(site.parts.agents, "outlook", None)
        page, answer = (await client.get("/desk/callbacks")).text, await client.post(call)
    assert (call in offered, call in page, answer.status_code) == (True, False, 404)
    assert await callbacks.waiting() == [task]
