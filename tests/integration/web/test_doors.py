"""Who may come in: host apps' tokens, sites that carry the chat, how often; forms, places and pictures over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import websockets

from app.host_tokens import TokenRefusedError
from app.token_bucket import TokenBuckets
from chat.web_chat.channel import Visitor
from chat.web_chat.doors import Rates
from hotline.city import read_yaml
from hotline.dialogue.safety_words import SafetyWords
from hotline.domain.appeal import AppealKind, ContactChannel, PhoneNumber
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.meaning import Understanding
from hotline.service.guidance import Guidance
from tests.builders import CATEGORIES, LINYI, a_passage
from tests.fakes import FakeRetriever, FakeUnderstander
from tests.integration.web.conftest import COMPLAINT, MEANINGS, QUESTION, FixedRouter, Site
from tests.integration.web.page import a_page, connected

PICTURE = "0" * 31 + "1"
PHONE = PhoneNumber("13905390000")
SAFETY = SafetyWords(read_yaml(LINYI / "lexicon" / "safety.yaml"))


class CountingUnderstander(FakeUnderstander):
    asked = 0

    async def understand(self, text: str) -> Understanding:
        self.asked += 1
        return await super().understand(text)


class Pictures:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.is_away = False

    async def kind(self, evidence: str, conversation: str) -> str | None:
        if self.is_away:
            raise StoreUnavailableError("test")
        return self.kept.get((evidence, conversation))


async def identify(token: str) -> Visitor:
    if token != "good":
        raise TokenRefusedError("test")
    return Visitor(ContactChannel.APP, PHONE, key="host:citizen-1")


def guidance() -> Guidance:
    return Guidance(
        FakeUnderstander(MEANINGS),
        FakeRetriever(a_passage()),
        FixedRouter(),
        categories=CATEGORIES,
        safety=SAFETY,
    )


async def settled(site: Site) -> None:
    async with asyncio.timeout(10):
        while site.chat.chats.held:
            await asyncio.sleep(0.01)


async def test_a_form_that_says_all_is_registered_at_once(site: Site) -> None:
    async with a_page(site) as page:
        await page.send({
            "type": "report", "id": "r1", "text": COMPLAINT, "kind": "complaint", "place": "兰山区银雀山街道",
            "phone": "13905391234", "latitude": 35.06, "longitude": 118.35,
        })  # fmt: skip
        echoed = await page.next("echoed")
        assert (echoed["id"], COMPLAINT in echoed["text"]) == ("r1", True)
        said = await page.next("said")
        assert said["text"].startswith("已受理，工单编号26112300001。")
        assert [order["number"] for order in said["card"]["orders"]] == ["26112300001"]
    order = await site.store.get("26112300001")
    assert (order.appeal.kind, order.appeal.phone) == (AppealKind.COMPLAINT, PhoneNumber("13905391234"))
    assert order.appeal.place is not None
    assert order.appeal.place.position is not None


@pytest.mark.parametrize(
    "message",
    [
        {"type": "report", "id": "r", "text": ""},
        {"type": "report", "id": "r", "text": "暖气", "phone": "not a number"},
        {"type": "report", "id": "r", "text": "暖气", "latitude": 91, "longitude": 0},
        {"type": "location", "id": "r", "latitude": 1},
        {"type": "picture", "id": "r", "evidence": "../../etc/passwd"},
    ],
)
async def test_what_is_no_form_is_refused_with_its_id(site: Site, message: Mapping[str, Any]) -> None:
    async with a_page(site) as page:
        await page.send(dict(message))
        refused = await page.next("refused")
        assert (refused["code"], refused["id"]) == ("bad_message", "r")


async def test_a_picture_is_taken_only_by_the_conversation_it_was_sent_in(
    new_site: Callable[..., Site],
) -> None:
    pictures = Pictures()
    site = new_site(doors={"pictures": pictures})
    async with a_page(site) as page:
        await page.send({"type": "picture", "id": "p1", "evidence": PICTURE})
        assert (await page.next("refused"))["code"] == "no_picture"
        pictures.kept[PICTURE, page.session] = "image/jpeg"
        await page.send({"type": "picture", "id": "p2", "evidence": PICTURE})
        assert (await page.next("echoed"))["evidence"] == PICTURE
        await page.answers()
        pictures.is_away = True
        await page.send({"type": "picture", "id": "p3", "evidence": PICTURE})
        assert (await page.next("refused"))["code"] == "unavailable"


async def test_a_place_is_taken(site: Site) -> None:
    async with a_page(site) as page:
        await page.send({"type": "location", "id": "l1", "latitude": 35.06, "longitude": 118.35})
        assert (await page.next("echoed"))["id"] == "l1"


async def test_a_draft_is_guessed_at_and_nothing_of_it_is_kept(new_site: Callable[..., Site]) -> None:
    site = new_site(doors={"guidance": guidance(), "unit_name": lambda _: "兰山区供热服务中心"})
    async with a_page(site) as page:
        await page.send({"type": "draft", "id": "d1", "text": COMPLAINT})
        guessed = await page.next("guessed")
        assert (guessed["id"], guessed["kind"], guessed["unit"]) == ("d1", "help", "兰山区供热服务中心")
        assert guessed["place"]
        await page.send({"type": "draft", "id": "d2", "text": QUESTION})
        assert "采暖期" in (await page.next("guessed"))["answer_text"]
    await settled(site)
    rows = await site.store.read(page.session)
    assert {row["name"] for row in rows}.isdisjoint({"said", "form_sent", "understood"})


async def test_drafts_come_no_faster_than_they_are_read(new_site: Callable[..., Site]) -> None:
    understander = CountingUnderstander(MEANINGS)
    own = Guidance(
        understander, FakeRetriever(a_passage()), FixedRouter(), categories=CATEGORIES, safety=SAFETY
    )
    site = new_site(
        doors={"guidance": own, "buckets": TokenBuckets(None), "rates": Rates(draft=(2.0, 0.001))}
    )
    async with a_page(site) as page:
        for number in range(20):
            await page.send({"type": "draft", "id": f"d{number}", "text": COMPLAINT})
        await page.send({"type": "ping"})
        await page.next("pong")
        await asyncio.sleep(0.1)
    assert understander.asked <= 2


async def test_who_comes_with_a_token_goes_on_on_another_device(new_site: Callable[..., Site]) -> None:
    site = new_site(doors={"identify": identify})
    async with site.served() as address:
        async with connected(address) as page:
            await page.hello(token="good")
            await page.answers()
            await page.write(COMPLAINT)
        async with connected(address) as other:
            welcome = await other.hello(token="good")
            assert (welcome["session"], welcome["last"]) == (page.session, 3)
            assert (await other.next("echoed"))["text"] == COMPLAINT
            assert (await other.next("said"))["text"].startswith("请核对：")
            (registered,) = await other.write("对")
    assert "26112300001" in registered
    summary = await site.store.conversation(page.session)
    assert summary is not None
    assert summary["channel"] == "app"
    assert (await site.store.get("26112300001")).appeal.phone == PHONE


async def test_another_citizen_of_the_same_telephone_does_not_get_the_chat(
    new_site: Callable[..., Site],
) -> None:
    site = new_site(doors={"identify": identify})
    async with site.served() as address:
        async with connected(address) as page:
            await page.hello()
            await page.answers()
        async with connected(address) as other:
            assert (await other.hello(page.session, token="good"))["session"] != page.session


async def test_a_token_that_is_not_right_is_refused(new_site: Callable[..., Site]) -> None:
    site = new_site(doors={"identify": identify})
    async with site.served() as address, connected(address) as page:
        assert (await page.hello(token="bad"))["code"] == "login"
        assert await page.closed() == 1008


async def test_pages_of_other_sites_stay_outside(new_site: Callable[..., Site]) -> None:
    site = new_site(doors={"origins": frozenset({"https://app.example.cn"})})
    async with site.served() as address:
        with pytest.raises(websockets.InvalidStatus):
            async with connected(address, origin="https://evil.example"):
                pass
        for origin in ("https://app.example.cn", f"http://{address}", None):
            async with connected(address, origin=origin) as page:
                assert (await page.hello())["type"] == "welcome"


async def test_browsers_are_told_who_may_use_an_answer(new_site: Callable[..., Site]) -> None:
    site = new_site(doors={"origins": frozenset({"https://app.example.cn"})})
    asks = {"access-control-request-method": "POST"}
    async with site.client() as client:
        for origin, status in (("https://app.example.cn", 204), ("https://evil.example", 403)):
            answer = await client.options("/chat/x/voice", headers={"origin": origin, **asks})
            assert answer.status_code == status
            assert answer.headers.get("access-control-allow-origin") == (origin if status == 204 else None)
        page = await client.get("/")
        assert page.headers["content-security-policy"].endswith(
            "frame-ancestors 'self' https://app.example.cn"
        )
        desk = await client.get("/desk", headers={"origin": "https://app.example.cn"})
        assert desk.headers["content-security-policy"].endswith("frame-ancestors 'self'")
        assert "access-control-allow-origin" not in desk.headers


async def test_an_address_that_knocks_too_often_waits(new_site: Callable[..., Site]) -> None:
    site = new_site(doors={"buckets": TokenBuckets(None), "rates": Rates(hello=(3.0, 0.001))})
    async with site.served() as address:
        kinds = []
        for _ in range(5):
            async with connected(address) as page:
                kinds.append((await page.hello())["type"])
    assert kinds == ["welcome"] * 3 + ["refused"] * 2
