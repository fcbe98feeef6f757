"""By letter citizens see their orders and each step, subscribe to their progress, and hear their unit; secrecy is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hotline.domain.appeal import AppealKind, ContactChannel, Secrecy
from hotline.domain.deeds import GiveNotice, SendBack, SignFor
from hotline.domain.letters import Correspondent
from hotline.domain.people import CITIZEN
from hotline.service.confidential import Confidential
from hotline.store.progress import SqlProgress
from hotline.store.relay import SqlRelayStore
from tests.builders import PHONE, an_appeal
from tests.letter_office import COMPLAINT, SEAL, Office, own_orders
from tests.wechat import WeChatServer
from tests.work_orders import LANSHAN_UNIT, an_order, keep

LI = "o-li"
NONE = "没有查到可以在这里告诉您的工单。别处登记的或者要求保密的，请回复“验证码 编号”，核验登记时所留的电话后再查。"
HINT = "看每一步请回复“进度 编号”，要每一步都告诉您请回复“订阅进度 编号”。"
NO_SUBSCRIPTION = "您在这里没有订阅进度。要每一步都告诉您，请回复“订阅进度 编号”。"


class Citizen:
    """Somebody who writes by WeChat; what they see is read from where they last looked."""

    def __init__(self, office: Office, wechat: WeChatServer, openid: str = LI) -> None:
        self.office, self.wechat, self.openid, self._looked = office, wechat, openid, 0

    async def writes(self, text: str) -> list[str]:
        await self.wechat.write(self.openid, text)
        await self.office.handed_over()
        return await self.sees()

    async def sees(self) -> list[str]:
        await self.office.correspondence.settled()
        while await self.office.deliver():
            pass
        seen = self.wechat.citizens[self.openid].seen[self._looked :]
        self._looked += len(seen)
        return seen

    def writes_nothing_for(self, time: timedelta) -> None:
        self.office.clock.ahead += time  # type: ignore[attr-defined]

    async def reports(self) -> Any:
        await self.writes(COMPLAINT)
        await self.writes("对")
        (order,) = await self.office.orders()
        return order


async def steps(office: Office, number: str, *deeds: Any) -> None:
    for deed in deeds:
        await office.casework.do(number, deed, by=LANSHAN_UNIT, at=office.clock())


def relay(office: Office) -> Confidential:
    return Confidential(office.store, SqlRelayStore(office.store.database, SEAL))


async def test_who_wrote_sees_their_orders_and_each_step_and_nobody_else_does(
    office: Office, wechat: WeChatServer
) -> None:
    li, wang = Citizen(office, wechat), Citizen(office, wechat, "o-wang")
    assert await li.writes("我的工单") == [NONE]
    order = await li.reports()
    await steps(office, order.number, SignFor(), GiveNotice("正在协调热力公司。"))
    await li.sees()
    (listed,) = await li.writes("查进度。")
    assert listed.splitlines()[0] == "您的工单，共1件："
    assert listed.splitlines()[1].startswith(f"{order.number} ")
    assert "办理中，办理期限" in listed
    assert listed.splitlines()[-1] == HINT
    (told,) = await li.writes(f"进度 {order.number}")
    head, notice, signed, dispatched, registered = told.splitlines()
    assert head.startswith(f"工单{order.number}：")
    assert "办理中，由兰山区人民政府办理，办理期限" in head
    assert notice.endswith(" 先行告知进度：正在协调热力公司。")
    assert signed.endswith(" 签收")
    assert dispatched.endswith(" 派单：兰山区人民政府")
    assert registered.endswith(" 已登记")
    assert await wang.writes("我的工单") == [NONE]
    assert (await wang.writes(f"进度 {order.number}"))[0].startswith(f"工单{order.number}不是从这里登记的")


async def test_a_subscriber_is_told_each_step_once_until_they_end_it(
    office: Office, wechat: WeChatServer
) -> None:
    li = Citizen(office, wechat)
    number = (await li.reports()).number
    assert await li.writes("订阅进度") == [NO_SUBSCRIPTION]
    await steps(office, number, SignFor())
    assert await li.sees() == []  # the rules do not demand that signing is told
    assert await li.writes(f"订阅进度 {number}") == [
        f"好的，工单{number}每办一步都在这里告诉您。不要了请回复“取消订阅 {number}”。"
    ]
    assert (await li.writes("我的订阅"))[0].startswith(f"您订阅了这些工单的进度：{number}。")
    await steps(
        office, number, GiveNotice("正在抢修。"), SendBack("不属于本单位职责", "三定规定", "body-housing")
    )
    assert await li.sees() == [
        f"您的诉求（编号{number}）的办理进度：正在抢修。",
        f"您的诉求（编号{number}）办到了新的一步：申请退回。查看每一步请回复“进度 {number}”。",
    ]
    assert await li.sees() == []
    assert (await li.writes(f"取消订阅 {number}"))[0].startswith(f"好的，工单{number}不再逐步告诉您")
    assert await li.writes("取消订阅") == [NO_SUBSCRIPTION]
    assert await SqlProgress(office.store.database).of(number) is None


async def test_progress_goes_to_the_door_that_was_proved_by_a_code_and_a_secret_order_tells_nothing_without_one(
    office: Office, wechat: WeChatServer
) -> None:
    open_one, secret = "26112300001", "26112300002"
    await keep(
        office.store,
        an_order(open_one),
        an_order(secret, appeal=an_appeal(kind=AppealKind.TIP_OFF, secrecy=Secrecy.CONFIDENTIAL)),
    )
    own = own_orders(office.store, office.casework, office.letters)
    at, borrowed = office.clock(), Correspondent("sms:x", ContactChannel.SMS, {"phone": PHONE.digits})

    async def told(text: str) -> str:
        acted = await own.take(borrowed, text, at=at, begun_before=None)
        assert acted is not None
        return acted.text

    listed = await told("我的工单")
    assert open_one in listed
    assert secret not in listed
    assert (await told(f"进度 {open_one}")).startswith(f"工单{open_one}：")
    unproved = await told(f"进度 {secret}")
    assert unproved == (await told("进度 26112399999")).replace("26112399999", secret)
    assert await told(f"订阅进度 {secret}") == unproved
    li = Citizen(office, wechat)
    await li.writes(f"验证码 {secret}")
    assert (await li.writes(f"验证码 {secret} 246810"))[0].startswith("核验通过")
    assert {open_one, secret} <= set((await li.writes("我的工单"))[0].split())
    assert (await li.writes(f"进度 {secret}"))[0].startswith(f"工单{secret}：")
    for number in (open_one, secret):
        await li.writes(f"订阅进度 {number}")
    for number in (open_one, secret):
        await steps(office, number, SignFor())
    assert sorted(await li.sees()) == [  # two orders: whichever goes out first
        f"您反映的事项（编号{secret}）有新的进展，请拨打12345查询。",
        f"您的诉求（编号{open_one}）办到了新的一步：签收。查看每一步请回复“进度 {open_one}”。",
    ]
    li.writes_nothing_for(timedelta(hours=49))
    await steps(office, open_one, GiveNotice("正在抢修。"))
    assert (
        await li.sees() == []
    )  # after 48 hours WeChat takes no message, and no template is set: it is in the inbox
    assert (await office.outbox.inbox(f"citizen:{open_one}"))[-1].message.body["reason"] == "正在抢修。"


async def test_what_the_unit_writes_reaches_the_citizen_and_what_they_answer_the_unit(
    office: Office, wechat: WeChatServer
) -> None:
    li = Citizen(office, wechat)
    number = (await li.reports()).number
    await relay(office).send(number, "请问几号楼？", by=LANSHAN_UNIT, at=office.clock())
    assert await li.sees() == [
        f"承办单位兰山区人民政府就您的诉求（编号{number}）给您留言：请问几号楼？（要回复请写“留言 {number} 要说的话”，由热线转达，对方看不到您的电话。）"
    ]
    await li.writes(f"留言 {number} 3号楼，电话13905390001")
    talk = await relay(office).so_far(number)
    assert [(each.by, each.text) for each in talk] == [
        (LANSHAN_UNIT, "请问几号楼？"),
        (CITIZEN, "3号楼，电话***"),
    ]
    (told,) = await li.writes(f"进度 {number}")
    assert "承办单位留言：请问几号楼？" in told.splitlines()[1]
