"""An agent's desk holds a call, lets a party in, passes the call on; and what a three-party call with 110 came to is kept."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from hotline.domain.agents import HandoverState, Skill
from hotline.domain.talks import PartyCall, PartyState, Talk, TalkWish, Wanted
from hotline.service.agent_desk import HandoverWish
from tests.integration.api.conftest import STAFF, Site
from tests.work_orders import an_order, keep

AT = "/api/staff/v1/agents"
WISH = HandoverWish("c1", "13905390001", Skill.ORDINARY, "asked", "暖气不热。")


async def talking(site: Site, agent: str = "1024") -> str:
    await site.desk.sign_in(agent, "王敏", frozenset({Skill.ORDINARY}))
    handover = await site.desk.request(WISH)
    assert handover is not None
    for state in (HandoverState.RINGING, HandoverState.ACCEPTED, HandoverState.BRIDGED):
        await site.desk.step(handover, state)
    return handover


async def test_what_an_agent_wants_is_left_for_the_process_that_has_the_call(site: Site) -> None:
    handover = await talking(site)
    await site.desk.sign_in("7", "李强", frozenset({Skill.DIALECT}))
    async with site.client(headers=STAFF) as http:
        answers = [
            await http.post(f"{AT}/1024/call/hold"),
            await http.post(f"{AT}/1024/call/parties", json={"party": "110"}),
            await http.post(f"{AT}/1024/call/pass-on", json={"skill": "dialect", "note": "听不懂"}),
        ]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert await site.desk.take_wishes(handover) == (
        TalkWish(Wanted.HOLD),
        TalkWish(Wanted.INVITE, "110"),
        TalkWish(Wanted.PASS_ON, "dialect", "听不懂"),
    )
    assert await site.desk.take_wishes(handover) == ()


async def test_the_desk_sees_how_the_talk_stands(site: Site) -> None:
    handover = await talking(site)
    talk = Talk(is_held=True).with_party("110", PartyState.PRESENT, site.clock())
    await site.desk.talked(handover, talk)
    async with site.client(headers=STAFF) as http:
        shown = (await http.get(f"{AT}/1024/handover")).json()
        released = await http.delete(f"{AT}/1024/call/parties/110")
        retrieved = await http.post(f"{AT}/1024/call/retrieve")
    assert (shown["is_held"], shown["passing"]) == (True, None)
    assert [(party["code"], party["state"]) for party in shown["parties"]] == [("110", "present")]
    assert (released.status_code, retrieved.status_code) == (202, 202)
    assert await site.desk.take_wishes(handover) == (
        TalkWish(Wanted.RELEASE, "110"),
        TalkWish(Wanted.RETRIEVE),
    )


async def test_parties_are_listed_without_their_numbers(site: Site) -> None:
    async with site.client(headers=STAFF) as http:
        parties = (await http.get(f"{AT}/parties")).json()
    assert parties == [
        {"code": "110", "name": "110", "is_emergency": True},
        {"code": "body-housing", "name": site.parts.city.units["body-housing"].name, "is_emergency": False},
    ]


@pytest.mark.parametrize(
    ("method", "path", "given", "status", "code"),
    [
        ("POST", "9/call/hold", None, 409, "talk.none"),
        ("POST", "1024/call/retrieve", None, 409, "talk.refused"),
        ("POST", "1024/call/leave", None, 409, "talk.refused"),
        ("POST", "1024/call/keep", None, 409, "talk.refused"),
        ("POST", "1024/call/parties", {"party": "119"}, 404, "party.unknown"),
        ("POST", "1024/call/parties", {"party": "sip:13800000000@x"}, 422, "http.422"),
        ("DELETE", "1024/call/parties/110", None, 409, "talk.refused"),
        ("POST", "1024/call/pass-on", {"agent": "404"}, 409, "talk.refused"),
        ("POST", "1024/call/pass-on", {}, 422, "http.422"),
        ("POST", "1024/call/pass-on", {"agent": "7", "skill": "elder"}, 422, "http.422"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    site: Site, method: str, path: str, given: dict[str, str] | None, status: int, code: str
) -> None:
    await talking(site)
    async with site.client(headers=STAFF) as http:
        answer = await http.request(method, f"{AT}/{path}", json=given)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    async with site.client() as http:
        assert (await http.request(method, f"{AT}/{path}", json=given)).status_code == 401


# --- three-party calls with another line -----------------------------------------------------------------------------


@pytest.fixture
async def number(site: Site) -> str:
    order = an_order(number="26112300001", conversation="c1")
    await keep(site.store, order)
    return order.number


async def three_party_call(site: Site, party: str = "110", **changed: object) -> PartyCall:
    assert site.parts.talks is not None
    at = site.clock()
    fields = {
        "state": PartyState.LEFT,
        "joined_at": at + timedelta(seconds=9),
        "ended_at": at + timedelta(seconds=99),
    }
    call = PartyCall("p1", "c1", party, "1024", at, citizen_took_part=True, **{**fields, **changed})  # type: ignore[arg-type]
    await site.parts.talks.calls.keep(call)
    return call


async def settled(http: httpx.AsyncClient, number: str, **given: object) -> httpx.Response:
    body = {"by": "1024", "party_call": "p1", "their_operator": "0815", "agreed_on": "110", **given}
    return await http.post(f"/api/staff/v1/orders/{number}/linkages/110/calls", json=body)


@pytest.mark.parametrize(
    ("agreed_on", "state", "accepted_by"),
    [("110", "accepted", "110"), ("12345", "refused", "12345"), (None, "accepted_by_first", "12345")],
)
async def test_a_three_party_call_with_110_settles_the_hand_over_with_the_times_that_were_recorded(
    site: Site, number: str, agreed_on: str | None, state: str, accepted_by: str
) -> None:
    call = await three_party_call(site)
    async with site.client(headers=STAFF) as http:
        at = f"/api/staff/v1/orders/{number}"
        proposed = await http.post(f"{at}/linkages", json={"by": "1024", "line": "110", "reason": "涉及治安"})
        answer = await settled(http, number, agreed_on=agreed_on)
        (listed,) = (await http.get(f"{at}/linkages")).json()
        (shown,) = (await http.get(f"{at}/party-calls")).json()
    assert (proposed.status_code, proposed.json()["state"]) == (200, "proposed")
    assert answer.json() == listed
    assert (listed["state"], listed["accepted_by"], listed["calls"]) == (state, accepted_by, 1)
    assert (shown["id"], shown["state"], shown["citizen_took_part"]) == (call.id, "left", True)
    assert site.parts.talks is not None
    (linkage,) = await site.parts.talks.linkages.of_order(number)
    (record,) = linkage.calls
    assert (record.started_at, record.ended_at, record.agent, record.their_operator) == (
        call.joined_at, call.ended_at, "1024", "0815",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("party", "changed"),
    [
        ("body-housing", {}),
        ("110", {"joined_at": None, "state": PartyState.BUSY}),
        ("110", {"ended_at": None}),
    ],
    ids=["another party", "never reached", "not over"],
)
async def test_a_call_that_is_none_with_that_line_settles_nothing(
    site: Site, number: str, party: str, changed: dict[str, object]
) -> None:
    await three_party_call(site, party, **changed)
    async with site.client(headers=STAFF) as http:
        at = f"/api/staff/v1/orders/{number}"
        await http.post(f"{at}/linkages", json={"by": "1024", "line": "110", "reason": "涉及治安"})
        answer = await settled(http, number)
    assert (answer.status_code, answer.json()["code"]) == (422, "work_order.deed_refused")


async def test_an_unknown_order_or_hand_over_is_refused_by_name(site: Site, number: str) -> None:
    await three_party_call(site)
    async with site.client(headers=STAFF) as http:
        unknown = await http.get("/api/staff/v1/orders/26112399999/party-calls")
        unproposed = await settled(http, number)
    assert (unknown.status_code, unproposed.status_code) == (404, 404)
    assert unproposed.json()["code"] == "linkage.not_found"
