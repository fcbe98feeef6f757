"""Citizens write SMS: by a gateway whose calls are signed, in both directions (docs/sms-gateway.md)."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.letter_channels import channel_ways
from app.letter_words import load_notice_words
from chat.sms.gateway import INBOUND, SmsDoor, SmsSender, digits_of
from chat.web_chat.protocol import readable
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.deeds import AddFacts, GiveNotice, Join, SignFor, Urge
from hotline.domain.knowledge import Attachment
from hotline.domain.letters import Correspondent
from hotline.domain.life_cycle import Status
from hotline.domain.people import CITIZEN, Role
from hotline.service.citizen_notices import CitizenNotices
from hotline.service.webhooks import signed, verify
from hotline.store.progress import SqlProgress
from hotline.store.sql import SqlStore
from tests.letter_office import (
    ANSWERED,
    CITY,
    COMPLAINT,
    CONFIRM,
    MORE,
    NOTICE,
    QUESTION,
    SEAL,
    Office,
    office_for,
    own_orders,
    settings_for,
)
from tests.receiver import Receiver, receiving
from tests.wechat import WeChatServer
from tests.work_orders import LANSHAN_UNIT

SECRET = "whsec_" + base64.b64encode(os.urandom(32)).decode()
ZHANG = "13905390001"


class Gateway:
    """A stand-in of the provider's gateway: it signs what comes up, and verifies what goes down."""

    def __init__(self, office: Office, site: httpx.AsyncClient, receiver: Receiver) -> None:
        self.office, self.site, self.receiver = office, site, receiver
        self._sent = 0

    async def post(self, body: Any, *, secret: str = SECRET, at: datetime | None = None) -> httpx.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        headers = signed(secret, identity="up-1", at=at or datetime.now(UTC), body=raw)
        return await self.site.post(
            INBOUND, content=raw, headers={**headers, "content-type": "application/json"}
        )

    async def comes(self, text: str, sender: str = ZHANG, number: str = "") -> httpx.Response:
        self._sent += 1
        response = await self.post(
            {
                "id": number or f"m{self._sent}",
                "from": sender,
                "text": text,
                "at": "2026-11-28T10:00:00+08:00",
            }
        )
        await self.office.correspondence.settled()
        while await self.office.deliver():
            pass
        return response

    @property
    def sent(self) -> list[tuple[str, str]]:
        for headers, body in zip(self.receiver.headers, self.receiver.bodies, strict=True):
            verify([SECRET], headers, body, now=datetime.now(UTC))
        rows = [json.loads(body) for body in self.receiver.bodies]
        return [(row["to"], row["text"]) for row in rows]


ELSEWHERE = Attachment("供热条例", "https://flk.npc.gov.cn/a.html")


@pytest.fixture
async def gateway(wechat: WeChatServer, store: SqlStore, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with (
        office_for(wechat, store, tmp_path, served=False, attachments=(ELSEWHERE,)) as office,
        receiving() as receiver,
    ):
        app = FastAPI()
        app.include_router(
            SmsDoor(SECRET, office.correspondence, office.clock, SEAL.fingerprint, readable).router()
        )
        sender = SmsSender(
            office.client,
            receiver.url,
            SECRET,
            clock=office.clock,
            timeout_seconds=30.0,
            most_characters=350,
            more=MORE,
        )
        senders: Any = office.delivery._sender
        senders._senders["sms"] = sender
        senders._senders["citizen"] = CitizenNotices(
            store, office.letters, load_notice_words(CITY), {LANSHAN_UNIT.unit or "": "兰山区人民政府"},
            subscriptions=SqlProgress(store.database), by_channel={}, by_phone=sender,
        )  # fmt: skip
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site") as site:
            yield Gateway(office, site, receiver)


async def test_an_sms_becomes_an_order_with_the_number_it_came_from(gateway: Gateway) -> None:
    confirm = CONFIRM.replace("；也可以回复您的手机号码，方便承办单位联系您", "")
    assert (await gateway.comes(COMPLAINT, sender=f"+86{ZHANG}")).json() == {"taken": True}
    assert gateway.sent == [(ZHANG, NOTICE + confirm)]
    await gateway.comes("对")
    (order,) = await gateway.office.orders()
    assert order.appeal.phone is not None
    assert (order.appeal.phone.digits, order.appeal.channel) == (ZHANG, ContactChannel.SMS)
    assert gateway.sent[1][1].startswith(f"已受理，工单编号{order.number}。")


async def test_an_answer_by_sms_is_without_the_links_that_would_not_fit(gateway: Gateway) -> None:
    await gateway.comes(QUESTION)
    assert gateway.sent == [(ZHANG, NOTICE + ANSWERED)]


async def test_an_sms_that_comes_again_is_taken_again_and_answered_once(gateway: Gateway) -> None:
    for _ in range(3):
        assert (await gateway.comes(COMPLAINT, number="m1")).status_code == 200
    assert len(gateway.sent) == 1


async def test_an_order_is_urged_and_rated_by_the_number_that_it_came_from_and_no_other(
    gateway: Gateway,
) -> None:
    await gateway.comes(COMPLAINT)
    await gateway.comes("对")
    (order,) = await gateway.office.orders()
    number = order.number
    for text in (f"催办 {number} 家里有老人", f"催办{number}", f"评价 {number} 还行", f"补充：{number}",
                 f"评价 {number} 已解决 满意 基本满意"):  # fmt: skip
        await gateway.comes(text)
    await gateway.comes(f"撤单 {number} 不用了", sender="13905399999")
    assert [text for _, text in gateway.sent[2:]] == [
        f"好的，工单{number}的“催办”已经记下。",
        "您已经催办过，承办单位会看到；过一段时间还没有进展，可以再催。",
        f"请依次写出是否解决、对结果和对态度是否满意，例如：评价 {number} 已解决 满意 基本满意。",
        f"请在编号后面写上内容，例如：补充 {number} 要说的话。",
        "工单现在是“待签收”，不能“回访”。",
        f"工单{number}不是从这里登记的：请回复“验证码 {number}”，验证码会发到登记时所留的电话；也可以回复“转人工”。",
    ]
    (kept,) = await gateway.office.orders()
    assert [entry.deed for entry in kept.history if entry.by.role is Role.CITIZEN] == [Urge("家里有老人")]


async def test_who_joined_an_order_and_takes_it_back_hears_that_it_goes_on_for_the_others(
    gateway: Gateway, store: SqlStore
) -> None:
    await gateway.comes(COMPLAINT)
    await gateway.comes("对")
    (order,) = await gateway.office.orders()
    casework, clock = gateway.office.casework, gateway.office.clock
    join = Join("26112300999", "我家也不热", PhoneNumber("13905399999"))
    await casework.do(order.number, join, by=CITIZEN, at=clock())
    own = own_orders(store, casework, gateway.office.letters)
    sender, began = Correspondent("sms:x", ContactChannel.SMS, {"phone": "13905399999"}), clock()
    text = f"撤单 {order.number} 我家好了"
    answers = [await own.take(sender, text, at=clock(), begun_before=since) for since in (None, began)]
    assert [each.text for each in answers if each] == [
        f"好的，已经记下您自己的事不用再办。工单{order.number}还有别的诉求人，会继续办理，答复也会告知您。"
    ] * 2
    (kept,) = await gateway.office.orders()
    assert (kept.status, [deed.text for deed in kept.deeds(AddFacts)]) == (
        Status.TO_SIGN, ["26112300999: 我家好了"],
    )  # fmt: skip


async def test_a_command_that_a_process_died_over_is_done_once(gateway: Gateway, store: SqlStore) -> None:
    await gateway.comes(COMPLAINT)
    await gateway.comes("对")
    (order,) = await gateway.office.orders()
    own, clock = own_orders(store, gateway.office.casework, gateway.office.letters), gateway.office.clock
    sender = Correspondent("sms:x", ContactChannel.SMS, {"phone": ZHANG})
    began, text = clock(), f"补充 {order.number} 三楼也不热"
    answers = [await own.take(sender, text, at=clock(), begun_before=since) for since in (None, began)]
    assert [each.text for each in answers if each] == [f"好的，工单{order.number}的“补充”已经记下。"] * 2
    (kept,) = await gateway.office.orders()
    assert [deed.text for deed in kept.deeds(AddFacts)] == ["三楼也不热"]
    assert await own.take(sender, "暖气不热，怎么催办", at=clock(), begun_before=None) is None


async def test_an_order_of_another_door_is_urged_once_the_code_sent_to_its_telephone_is_given_back(
    gateway: Gateway, wechat: WeChatServer
) -> None:
    await gateway.comes(COMPLAINT)
    await gateway.comes("对")
    (order,) = await gateway.office.orders()
    own, at = (
        own_orders(gateway.office.store, gateway.office.casework, gateway.office.letters),
        gateway.office.clock(),
    )
    stranger = Correspondent("wechat:x", ContactChannel.WECHAT, {"openid": "o-li"})

    async def told(text: str, after: timedelta = timedelta(0)) -> str:
        nonlocal stranger
        acted = await own.take(stranger, text, at=at + after, begun_before=None)
        assert acted is not None
        stranger = replace(stranger, proof=acted.proof or stranger.proof)
        return acted.text

    number = order.number
    unproved = await told(f"催办 {number}")
    assert unproved.startswith(f"工单{number}不是从这里登记的")
    sent = await told(f"验证码 {number}")
    assert sent == (await told("验证码 26112899999")).replace(
        "26112899999", number
    )  # which one exists is not told
    while await gateway.office.deliver():
        pass
    assert gateway.sent[-1] == (ZHANG, f"{number}: 246810")
    assert await told(f"验证码 {number} 111111") == "验证码不对，或者已经失效，请重新获取。"
    assert await told(f"催办 {number}") == unproved
    assert (await told(f"验证码 {number} 246810")).startswith("核验通过，30分钟内")
    assert await told(f"催办 {number}") == f"好的，工单{number}的“催办”已经记下。"
    stranger = replace(stranger, channel=ContactChannel.SMS, address={"phone": "13905399999"})
    assert await told(f"补充 {number} 三楼也不热") == f"好的，工单{number}的“补充”已经记下。"
    assert await told(f"撤单 {number} 修好了", after=timedelta(minutes=31)) == unproved


async def test_progress_goes_to_the_number(gateway: Gateway) -> None:
    await gateway.comes(COMPLAINT)
    await gateway.comes("对")
    (order,) = await gateway.office.orders()
    for deed in (SignFor(), GiveNotice("正在协调热力公司。")):
        await gateway.office.casework.do(order.number, deed, by=LANSHAN_UNIT, at=gateway.office.clock())
    while await gateway.office.deliver():
        pass
    assert gateway.sent[2:] == [(ZHANG, f"您的诉求（编号{order.number}）的办理进度：正在协调热力公司。")]


async def test_what_the_gateway_does_not_take_is_tried_again_with_the_same_id(gateway: Gateway) -> None:
    gateway.receiver.answers = [503, 200]
    await gateway.comes(COMPLAINT)
    gateway.office.clock.ahead = timedelta(minutes=5)  # type: ignore[attr-defined]
    await gateway.office.deliver()
    assert len(set(gateway.receiver.ids)) == 1
    assert len(gateway.receiver.ids) == 2


async def test_what_the_gateway_refuses_is_a_dead_letter(gateway: Gateway) -> None:
    gateway.receiver.answers = [400]
    await gateway.comes(COMPLAINT)
    assert await gateway.office.dead() == ["HTTP 400"]


GOOD = {"id": "m", "from": ZHANG, "text": "您好", "at": "2026-11-28T10:00:00+08:00"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", {**GOOD, "id": ""}, {**GOOD, "from": "nobody"}, {**GOOD, "from": "1"}, {**GOOD, "at": "now"},
     {**GOOD, "at": "2026-11-28T10:00:00"}, {**GOOD, "text": 7}, {**GOOD, "text": "x" * 5_000}, {"id": "m"}],
)  # fmt: skip
async def test_what_is_no_sms_is_refused(gateway: Gateway, body: Any) -> None:
    assert (await gateway.post(body)).status_code == 422
    assert await gateway.office.letters.waiting(gateway.office.clock()) == []


async def test_who_has_not_the_secret_is_refused(gateway: Gateway) -> None:
    other = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    assert (await gateway.post(GOOD, secret=other)).status_code == 401
    old = datetime.now(UTC) - timedelta(minutes=6)
    assert (await gateway.post(GOOD, at=old)).status_code == 401
    assert (await gateway.site.post(INBOUND, json=GOOD)).status_code == 401


@pytest.mark.parametrize(
    ("given", "digits"),
    [("13905390001", ZHANG), ("+8613905390001", ZHANG), ("0086 139-0539-0001", ZHANG), ("(0539) 8123456", "05398123456"),
     ("10086", "10086"), ("alice", None), ("１３９", None), ("", None)],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(given: str, digits: str | None) -> None:
    assert digits_of(given) == digits


async def test_a_notice_too_long_for_an_sms_ends_with_where_the_whole_is_read(gateway: Gateway) -> None:
    await gateway.comes(COMPLAINT)
    await gateway.comes("对")
    (order,) = await gateway.office.orders()
    for deed in (SignFor(), GiveNotice("正在协调热力公司。" * 160)):
        await gateway.office.casework.do(order.number, deed, by=LANSHAN_UNIT, at=gateway.office.clock())
    while await gateway.office.deliver():
        pass
    ((_, text),) = gateway.sent[2:]
    whole = f"您的诉求（编号{order.number}）的办理进度：{'正在协调热力公司。' * 160}"
    assert text == whole[: 350 - len(MORE)] + MORE


def test_what_an_agent_writes_arrives_whole_in_several_sms(wechat: WeChatServer, tmp_path: Path) -> None:
    written = "".join(f"第{number:03}处管道已经更换并试压合格。" for number in range(90))
    cut = channel_ways(settings_for(wechat, tmp_path))[ContactChannel.SMS].cut
    sent = cut(written)
    assert "".join(sent) == written
    assert {len(text) <= 350 and text.endswith("。") for text in sent} == {True}
