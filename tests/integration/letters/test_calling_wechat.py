"""The hotline's own calls to WeChat: one token for all, renewed when it is refused; each error code has its consequence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from app.commands_wechat import checked
from app.letter_words import load_wechat_words
from chat.wechat.api import Credentials, WeChatApi, WeChatCallError
from chat.wechat.letters import LetterMaker
from chat.wechat.notices import fitted, pieces_of
from chat.wechat.remedies import REMEDIES, Remedy
from chat.wechat.replies import TEXT_BYTES
from hotline.domain.appeal import ContactChannel, Secrecy
from hotline.domain.deeds import ContactExemption, GiveNotice, PassReview, Reply, SignFor
from hotline.domain.outbox import Backoff, Message
from hotline.service.delivery import Pace
from hotline.store.sql import SqlStore
from hotline.store.work_order_store import Change
from tests.letter_office import (
    ANSWERED,
    CITY,
    COMPLAINT,
    CONFIRM,
    MORE,
    NOTICE,
    QUESTION,
    SEAL,
    ByHeart,
    Clock,
    Office,
    office_for,
    settings_for,
)
from tests.redis_server import redis_server
from tests.wechat import APP_ID, SECRET, WeChatServer
from tests.work_orders import LANSHAN_UNIT, REVIEWER

LI = "o-li"
WHO = LetterMaker(APP_ID, ContactChannel.WECHAT, {}, SEAL.fingerprint, str).correspondent(LI)
PACE = Pace(backoff=Backoff(first=timedelta(seconds=10), longest=timedelta(hours=6), attempts=6))


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


def an_api(
    wechat: WeChatServer, client: httpx.AsyncClient, redis: Redis | None = None, **changes: Any
) -> WeChatApi:
    given = Credentials(APP_ID, changes.pop("secret", SECRET), wechat.url)
    return WeChatApi(client, given, redis=redis, seal=SEAL, clock=changes.pop("clock", time.time), **changes)


def writes(wechat: WeChatServer, *who: str) -> None:
    for each in who:
        wechat.citizens[each].wrote_at, wechat.citizens[each].left = time.time(), 5


# --- the token ---------------------------------------------------------------------------------------------------


async def test_a_token_is_fetched_once_for_many_calls(
    wechat: WeChatServer, client: httpx.AsyncClient
) -> None:
    api = an_api(wechat, client)
    writes(wechat, *(f"o-{n}" for n in range(10)))
    await asyncio.gather(*(api.send_text(f"o-{n}", "您好") for n in range(10)))
    assert wechat.calls.count("stable_token") == 1
    assert wechat.citizens["o-3"].seen == ["您好"]


@pytest.mark.parametrize("bad", ["expire_token", "revoke_token"])
async def test_a_token_that_is_refused_is_renewed_and_the_call_made_again(
    wechat: WeChatServer, client: httpx.AsyncClient, bad: str
) -> None:
    api = an_api(wechat, client)
    writes(wechat, LI)
    await api.send_text(LI, "一")
    getattr(wechat, bad)()
    await asyncio.gather(*(api.send_text(LI, text) for text in "二三"))
    assert sorted(wechat.citizens[LI].seen) == sorted("一二三")
    assert wechat.calls.count("stable_token") == 2


async def test_a_new_token_is_forced_once_a_minute_at_most(
    wechat: WeChatServer, client: httpx.AsyncClient
) -> None:
    api = an_api(wechat, client)
    writes(wechat, LI)
    await api.send_text(LI, "一")
    wechat.faults = [40001] * 6
    for _ in range(3):
        with pytest.raises(WeChatCallError):
            await api.send_text(LI, "二")
    assert wechat.forced == 1


async def test_processes_share_a_token_over_redis_and_one_fetches_it(
    wechat: WeChatServer, client: httpx.AsyncClient
) -> None:
    with redis_server() as port:
        connections = [Redis(port=port) for _ in range(4)]
        apis = [an_api(wechat, client, redis) for redis in connections]
        writes(wechat, LI)
        await asyncio.gather(*(api.send_text(LI, "您好") for api in apis))
        assert wechat.calls.count("stable_token") == 1
        kept = await connections[0].get(f"hotline:wechat:{APP_ID}:token")
        assert b"token-1" not in kept
        wechat.revoke_token()
        wechat.citizens[LI].left = 5
        await asyncio.gather(*(api.send_text(LI, "您好") for api in apis))
        assert wechat.calls.count("stable_token") == 2
        for redis in connections:
            await redis.aclose()


class RedisBetween(Redis):
    """Lets something happen between a look at the token and the lock that is asked for after it."""

    def __init__(self, port: int, happens: Callable[[], Awaitable[object]]) -> None:
        super().__init__(port=port)
        self._happens = happens

    async def set(self, *args: Any, nx: bool = False, **options: Any) -> Any:
        if nx:
            await self._happens()
        return await super().set(*args, nx=nx, **options)


async def test_a_token_that_came_between_the_look_and_the_lock_is_taken(
    wechat: WeChatServer, client: httpx.AsyncClient
) -> None:
    with redis_server() as port:
        connection = Redis(port=port)
        other = an_api(wechat, client, connection)
        between = RedisBetween(port, other.token.get)
        assert await an_api(wechat, client, between).token.get() == "token-1"
        assert wechat.calls.count("stable_token") == 1
        for redis in (connection, between):
            await redis.aclose()


async def test_without_redis_each_process_gets_the_same_token(
    wechat: WeChatServer, client: httpx.AsyncClient
) -> None:
    away = Redis(port=1, socket_connect_timeout=0.1)
    first, second = an_api(wechat, client, away), an_api(wechat, client)
    assert await first.token.get() == await second.token.get() == "token-1"
    await away.aclose()


async def test_a_token_near_its_end_is_fetched_anew(wechat: WeChatServer, client: httpx.AsyncClient) -> None:
    ahead = [0.0]
    api = an_api(wechat, client, clock=lambda: time.time() + ahead[0])
    assert await api.token.get() == "token-1"
    ahead[0] = 7200 - 200
    wechat._token_ends = time.time() + 200
    assert await api.token.get() == "token-2"


async def test_a_wrong_secret_is_said_so(wechat: WeChatServer, client: httpx.AsyncClient) -> None:
    with pytest.raises(WeChatCallError) as caught:
        await an_api(wechat, client, secret="another").send_text(LI, "您好")
    assert (caught.value.errcode, caught.value.remedy) == (40125, Remedy.NOT_ALLOWED)


async def test_no_answer_is_an_error_that_may_pass(wechat: WeChatServer, client: httpx.AsyncClient) -> None:
    api = an_api(wechat, client)
    wechat.url = "http://127.0.0.1:9"
    with pytest.raises(WeChatCallError) as caught:
        await an_api(wechat, client).send_text(LI, "您好")
    assert (caught.value.errcode, caught.value.remedy) == (None, Remedy.RETRY)
    del api


async def test_what_was_sent_along_is_fetched(wechat: WeChatServer, client: httpx.AsyncClient) -> None:
    api = an_api(wechat, client)
    wechat.media["m1"] = ("audio/amr", b"#!AMR\nsound")
    await api.token.get()
    wechat.revoke_token()
    assert await api.media("m1") == b"#!AMR\nsound"
    with pytest.raises(WeChatCallError) as caught:
        await api.media("gone")
    assert (caught.value.errcode, caught.value.remedy) == (40007, Remedy.REFUSED)


# --- codes -------------------------------------------------------------------------------------------------------


async def send(office: Office, text: str = "您好", who: str = LI) -> None:
    body = {"address": {"openid": who, "app": APP_ID}, "text": text}
    await office.outbox.write(
        Message(f"wechat:{who}", "letter.answer", f"wechat:{who}", body, f"k:{text}:{who}"), at=office.clock()
    )


@pytest.mark.parametrize("code", [40003, 43004, 45015, 40037, 45002, 48002, 87014])
async def test_what_cannot_succeed_is_a_dead_letter_at_once(
    office: Office, wechat: WeChatServer, code: int
) -> None:
    wechat.faults = [code]
    await send(office)
    await office.deliver()
    assert await office.dead() == [f"message/custom/send: {code}"]


@pytest.mark.parametrize(
    ("code", "seconds"), [(-1, 10), (45009, 60), (45011, 60), (45047, 6 * 3600), (48001, 600), (99999, 10)]
)
async def test_what_may_pass_is_tried_again_when_it_helps(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path, code: int, seconds: int
) -> None:
    clock = Clock()
    async with office_for(wechat, store, tmp_path, clock=clock, delivery_pace=PACE) as office:
        writes(wechat, LI)
        wechat.faults = [code]
        await send(office)
        assert await office.deliver() == 1
        clock.ahead = timedelta(seconds=seconds - 5)
        assert await office.deliver() == 0
        clock.ahead = timedelta(seconds=seconds + 5)
        await office.deliver()
        assert wechat.citizens[LI].seen == ["您好"]
        assert await office.dead() == []


async def test_an_account_that_is_not_allowed_to_is_left_alone_for_all_its_citizens(
    office: Office, wechat: WeChatServer
) -> None:
    writes(wechat, "o-1", "o-2", "o-3")
    wechat.faults = [48001]
    for who in ("o-1", "o-2", "o-3"):
        await send(office, who=who)
    await office.deliver()
    before = wechat.calls.count("message/custom/send")
    for who in ("o-1", "o-2", "o-3"):
        await send(office, "再", who=who)
    await office.deliver()
    assert wechat.calls.count("message/custom/send") == before <= 3


async def test_answers_that_ran_out_of_number_go_when_the_citizen_writes_again(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    async with office_for(wechat, store, tmp_path) as office:
        await wechat.write(LI, QUESTION)
        wechat.citizens[LI].left = 0
        body = {"address": {"openid": LI, "app": APP_ID}, "text": "语音里说的事办好了"}
        await office.outbox.write(Message(WHO, "letter.answer", WHO, body, "k"), at=office.clock())
        await office.deliver()
        assert await office.deliver() == 0
        await wechat.write(LI, "没有了")
        assert await office.deliver() == 1
        assert wechat.citizens[LI].seen[-1] == "语音里说的事办好了"


async def test_an_account_without_such_rights_gives_a_late_answer_with_the_next(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    slow = ByHeart()
    slow.delay = 0.6
    async with office_for(
        wechat, store, tmp_path, wechat_pushes=False, understander=slow, wait_seconds=0.05
    ) as office:
        wechat.retry_seconds = 0.1
        assert await wechat.write(LI, QUESTION) is None
        await office.correspondence.settled()
        slow.delay, wechat.retry_seconds = 0.0, 5.0
        office.correspondence._pace = office.correspondence._pace.__class__(look_seconds=0.05)
        told = None
        for number in range(20):
            told = await wechat.tell(LI, MsgType="video", MediaId=f"m{number}")
            if told is not None and ANSWERED in told:
                break
        assert told == f"{NOTICE}{ANSWERED}\n抱歉，我看不了这种消息。请用文字、语音、图片或者位置告诉我。"
        assert await office.deliver() == 0


async def test_an_account_without_such_rights_tells_the_number_of_what_was_left_unfinished_with_the_next_answer(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    clock = Clock()
    async with office_for(
        wechat, store, tmp_path, clock=clock, wechat_pushes=False, wechat_window_seconds=1e9
    ) as office:
        assert await wechat.write(LI, COMPLAINT) == NOTICE + CONFIRM
        await office.handed_over()
        clock.ahead = timedelta(minutes=31)
        await office.correspondence.look()
        await office.correspondence.settled()
        (order,) = await office.store.recent()
        told = await wechat.tell(LI, MsgType="video", MediaId="m1")
        assert told == (
            f"您还没有核对，您说的情况我们先登记下来了，工单编号{order.number}，工作人员会联系您核对。\n"
            "抱歉，我看不了这种消息。请用文字、语音、图片或者位置告诉我。"
        )
        await office.handed_over()
        assert (
            await wechat.tell(LI, MsgType="video", MediaId="m2")
            == "抱歉，我看不了这种消息。请用文字、语音、图片或者位置告诉我。"
        )


def test_every_code_has_one_remedy_and_is_documented() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "wechat.md").read_text(encoding="utf-8")
    assert [code for code in REMEDIES if f"`{code}`" not in text] == []


# --- notices of progress -----------------------------------------------------------------------------------------


async def an_order(office: Office, wechat: WeChatServer) -> str:
    await wechat.write(LI, COMPLAINT)
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    await office.handed_over()
    await office.deliver()
    return str(order.number)


async def replied(office: Office, number: str, text: str = "已经上门维修，温度达标。") -> None:
    reply = Reply(text, "已维修供热管道", exemption=ContactExemption.ANONYMOUS)
    for deed in (SignFor(), reply):
        await office.casework.do(number, deed, by=LANSHAN_UNIT, at=office.clock())
    await office.casework.do(number, PassReview(), by=REVIEWER, at=office.clock())


async def test_a_reply_that_has_passed_is_told_where_the_citizen_wrote(
    office: Office, wechat: WeChatServer
) -> None:
    number = await an_order(office, wechat)
    assert len(wechat.citizens[LI].seen) == 2  # that it was dispatched was said in the conversation
    await replied(office, number)
    await office.deliver()
    assert wechat.citizens[LI].seen[2:] == [f"您的诉求（编号{number}）的答复：已经上门维修，温度达标。"]


LONG_REPLY = "".join(f"第{number:03}处管道已经更换并试压合格。" for number in range(90))


async def test_a_long_reply_is_told_whole_and_each_piece_says_that_more_follows(
    office: Office, wechat: WeChatServer
) -> None:
    number = await an_order(office, wechat)
    writes(wechat, LI)
    await replied(office, number, LONG_REPLY)
    await office.deliver()
    *begun, last = wechat.citizens[LI].seen[2:]
    assert len(LONG_REPLY) > 1_400
    assert [piece.endswith(MORE) for piece in begun] == [True] * len(begun)
    assert "".join([*(piece.removesuffix(MORE) for piece in begun), last]) == (
        f"您的诉求（编号{number}）的答复：{LONG_REPLY}"
    )


async def test_a_long_reply_goes_on_where_it_broke_off(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    clock = Clock()
    async with office_for(wechat, store, tmp_path, clock=clock, delivery_pace=PACE) as office:
        number = await an_order(office, wechat)
        writes(wechat, LI)
        wechat.faults = [0, -1, -1, -1]
        await replied(office, number, LONG_REPLY)
        await office.deliver()
        assert len(wechat.citizens[LI].seen) == 3
        wechat.faults = []
        clock.ahead = timedelta(minutes=1)
        await office.deliver()
        seen = wechat.citizens[LI].seen[2:]
        assert len(seen) == len(set(seen)) == 3
        assert seen[-1].endswith("第089处管道已经更换并试压合格。")


def test_what_no_number_of_messages_holds_ends_with_where_it_is_read() -> None:
    pieces = pieces_of("一" * 9_000, MORE)
    assert len(pieces) == 5
    assert {piece.endswith(MORE) for piece in pieces} == {True}
    assert max(len(piece.encode()) for piece in pieces) <= TEXT_BYTES


async def test_after_48_hours_it_is_told_by_a_template(
    wechat: WeChatServer, store: SqlStore, tmp_path: Path
) -> None:
    clock = Clock()
    async with office_for(
        wechat, store, tmp_path, clock=clock, wechat_progress_template="TM00001", wechat_window_seconds=1e9
    ) as office:
        number = await an_order(office, wechat)
        clock.ahead = timedelta(hours=49)
        await replied(office, number)
        await office.deliver()
        assert len(wechat.citizens[LI].seen) == 2
        (template,) = wechat.templates
        assert template["touser"] == LI
        assert template["data"]["character_string1"] == {"value": number}
        assert template["data"]["phrase2"] == {"value": "待回访"}
        assert len(template["client_msg_id"]) == 32


async def test_of_a_confidential_order_only_that_there_is_news(office: Office, wechat: WeChatServer) -> None:
    await wechat.write(LI, "举报" + COMPLAINT)
    await wechat.write(LI, "对")
    (order,) = await office.orders()
    secret = replace(
        order, appeal=replace(order.appeal, secrecy=Secrecy.CONFIDENTIAL), revision=order.revision + 1
    )
    await office.store.commit(Change(secret, expected=order.revision), at=office.clock())
    await office.handed_over()
    await office.deliver()
    await replied(office, order.number)
    await office.deliver()
    assert wechat.citizens[LI].seen[-1] == f"您反映的事项（编号{order.number}）有新的进展，请拨打12345查询。"


async def test_who_left_is_told_nothing_there_and_the_notice_waits_in_the_inbox(
    office: Office, wechat: WeChatServer
) -> None:
    number = await an_order(office, wechat)
    await wechat.tell(LI, MsgType="event", Event="unsubscribe")
    await office.correspondence.settled()
    for deed in (SignFor(), GiveNotice("正在协调热力公司。")):
        await office.casework.do(number, deed, by=LANSHAN_UNIT, at=office.clock())
    await office.deliver()
    assert len(wechat.citizens[LI].seen) == 2
    kinds = [each.message.kind for each in await office.outbox.inbox(f"citizen:{number}")]
    assert kinds == ["work_order.dispatch", "work_order.give_notice"]


@pytest.mark.parametrize(
    ("field", "text", "shown"),
    [
        ("phrase2", "等待承办单位签收", "等待承办…"),
        ("thing4", "一" * 30, "一" * 19 + "…"),
        ("time3", "", "-"),
    ],
)
def test_a_templates_field_takes_so_much_and_never_nothing(field: str, text: str, shown: str) -> None:
    assert fitted(field, text) == shown


# --- hotline wechat ----------------------------------------------------------------------------------------------


async def test_the_check_says_what_is_right_and_what_to_do_about_the_rest(
    office: Office, wechat: WeChatServer, tmp_path: Path
) -> None:
    del office
    base = wechat.callback.removesuffix("/wechat")
    right = settings_for(wechat, tmp_path, wechat_progress_template="TM00001")
    assert [(each.what, each.is_right) for each in await checked(right, base)] == [
        ("令牌、EncodingAESKey、加解密方式", True),
        ("AppID、AppSecret、IP 白名单", True),
        ("微信服务器的地址", True),
        ("进展模板", True),
        ("服务器地址", True),
    ]
    wrong = settings_for(
        wechat, tmp_path, wechat_app_secret="x", wechat_aes_key="short", wechat_token="another"
    )
    assert [(each.is_right, each.says) for each in await checked(wrong, base)] == [
        (False, "EncodingAESKey 应为 43 个字符"),
        (False, "AppSecret 不对，或者已重置"),
        (False, f"{base}/wechat 回了 403，不是微信要的内容"),
    ]
    unknown = settings_for(wechat, tmp_path, wechat_progress_template="TM99999")
    assert (await checked(unknown, base))[3].says == "公众号里没有这个模板 ID"
    wechat.faults = [40164]
    assert (await checked(right, base))[2].says == "本机的出口 IP 不在公众号的 IP 白名单里"
    away = settings_for(wechat, tmp_path, wechat_api="http://127.0.0.1:9")
    assert (await checked(away, base))[1].says.startswith("微信没有回应（ConnectError）")


async def test_the_menu_is_published_as_the_city_has_it(
    wechat: WeChatServer, client: httpx.AsyncClient
) -> None:
    words = load_wechat_words(CITY)
    await an_api(wechat, client).set_menu(words.menu)
    (menu,) = wechat.menus
    assert [button["name"] for button in menu["button"]] == ["我要反映", "查进度", "转人工"]
    assert menu["button"][1] == {"type": "click", "name": "查进度", "key": "says4"}
    assert words.says["says4"] == "查进度"
