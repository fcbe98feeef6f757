"""The citizens' page in a real browser, on a phone: a form that fills itself, cards, own orders, offline and back."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, expect

from app.chats import ChatPictures
from app.letter_words import load_letter_prompts
from asr.engines.scripted import ScriptedRecognizer
from chat.web_chat.channel import Visitor
from chat.web_chat.media import ChatMedia
from hotline.city import read_yaml
from hotline.dialogue.safety_words import SafetyWords
from hotline.dialogue.written_events import OrderNewsCame, UnitWrote
from hotline.domain import deeds
from hotline.domain.appeal import ContactChannel
from hotline.domain.deeds import (
    Contact,
    PassReview,
    Reply,
    Resolution,
    Revisit,
    Satisfaction,
    SignFor,
)
from hotline.domain.knowledge import Attachment
from hotline.domain.people import unit_actor
from hotline.domain.speech import Expected, Hypothesis
from hotline.service.casework import Casework
from hotline.service.evidence import Evidence
from hotline.service.guidance import Guidance
from hotline.service.kept_chats import Post
from hotline.service.voice_messages import VoiceMessages
from hotline.store.evidence import SqlEvidence
from hotline.store.sql import SqlStore
from tests.browser import PHONE, Complaints, barriers, overflow, shoot
from tests.builders import CATEGORIES, LINYI, NOW, a_passage
from tests.builders import PHONE as PHONE_NUMBER
from tests.fakes import FakeRetriever, FakeUnderstander
from tests.integration.web.conftest import (
    CITY,
    COMPLAINT,
    LIMITS,
    MEANINGS,
    QUESTION,
    FixedRouter,
    Site,
    a_site,
)
from tests.letter_office import SEAL
from tests.media import TONE_HZ, a_photo
from tests.work_orders import REVIEWER

CARRIER = """<!doctype html><script type="module" src="{site}/static/embed.js"></script>
<script type="module">document.querySelector("hotline-chat").getToken = async () => "good";</script>
<hotline-chat></hotline-chat>"""
FORM = Attachment("供暖申请表.docx", f"sha256:{'a' * 64}")
ELSEWHERE = Attachment("供热条例", "https://flk.npc.gov.cn/a.html")
IN_FOLDER = Attachment("旧表", "forms/old.pdf")
"""A file of the city's folder is on no site: there is nothing to open."""
SAFETY = SafetyWords(read_yaml(LINYI / "lexicon" / "safety.yaml"))


MISHEARD = "兰山区银雀山街道暖起不热"


class ListeningRecognizer(ScriptedRecognizer):
    """Hears what it was told, and keeps the pitch of what was played to it, in Hz."""

    def __init__(self) -> None:
        super().__init__([MISHEARD])
        self.pitches: list[float] = []

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        samples = np.frombuffer(b"".join([part async for part in audio]), dtype="<i2")
        loudness = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        self.pitches.append(float(loudness.argmax()) * self.accepts.sample_rate_hz / len(samples))

        async def silence() -> AsyncIterator[bytes]:
            yield b""

        async for found in super().recognize(silence(), expect=expect, choices=choices):
            yield found


async def identify(token: str) -> Visitor:
    assert token == "good"
    return Visitor(ContactChannel.APP, PHONE_NUMBER, key="host:citizen-1")


@pytest_asyncio.fixture(loop_scope="session")
async def host() -> AsyncIterator[str]:
    """Another site, that carries the chat of the site that is named behind its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        body = CARRIER.format(site=asked.removeprefix("/?"))
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close"
        writer.write(f"{head}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
def evidence(store: SqlStore, tmp_path: Path) -> SqlEvidence:
    return SqlEvidence(store.database, SEAL, tmp_path / "evidence")


@pytest.fixture
def recognizer() -> ListeningRecognizer:
    return ListeningRecognizer()


@pytest_asyncio.fixture(loop_scope="session")
async def site(store: SqlStore, host: str, evidence: SqlEvidence, recognizer: ListeningRecognizer) -> Site:
    guidance = Guidance(
        FakeUnderstander(MEANINGS),
        FakeRetriever(a_passage()),
        FixedRouter(),
        categories=CATEGORIES,
        safety=SAFETY,
    )
    doors = {
        "guidance": guidance,
        "unit_name": lambda _: "兰山区供热服务中心",
        "origins": frozenset({host}),
        "identify": identify,
        "pictures": ChatPictures(evidence),
    }
    told = a_passage()
    answer = replace(told, article=replace(told.article, attachments=(FORM, ELSEWHERE, IN_FOLDER)))
    site = a_site(store, has_self_service=True, doors=doors, retriever=FakeRetriever(answer))

    async def opened() -> ListeningRecognizer:
        return recognizer

    media = ChatMedia(
        store, load_letter_prompts(CITY), lambda: NOW, lambda _: True, Evidence(evidence, most=2),
        VoiceMessages(opened), kept=evidence,
    )  # fmt: skip
    site.app.include_router(media.router())
    return site


@pytest_asyncio.fixture(loop_scope="session")
async def page(site: Site, browser: Browser) -> AsyncIterator[Page]:
    async with site.served() as address:
        context = await browser.new_context(
            base_url=f"http://{address}",
            viewport=PHONE,
            locale="zh-CN",
            has_touch=True,
            permissions=["geolocation", "microphone"],
            geolocation={"latitude": 35.06, "longitude": 118.35},
        )
        context.set_default_timeout(10_000)
        page = await context.new_page()
        await page.goto("/")
        await expect(page.locator("#messages .hotline")).to_have_count(1)
        yield page
        await context.close()


async def test_a_citizen_reports_by_the_form_and_acts_on_the_order_with_a_code(
    page: Page, store: SqlStore
) -> None:
    await shoot(page, "chat", whole=False)
    await page.click("#fill")
    await page.fill("#report [name=text]", COMPLAINT)
    await expect(page.locator("#hints")).to_contain_text("兰山区供热服务中心")
    assert await page.input_value("#report [name=place]")
    await page.fill("#report [name=phone]", "13905391234")
    await shoot(page, "chat-report", whole=False)
    assert await barriers(page) == []
    await page.click("#report [type=submit]")
    await expect(page.locator("#messages")).to_contain_text("已受理，工单编号26112300001")
    await expect(page.locator("#messages .me small")).to_have_text("已送达")
    await shoot(page, "chat-registered", whole=False)
    await page.click("text=查看")
    await page.click("text=获取验证码")
    await expect(page.locator("#own [role=status]")).to_contain_text("10分钟内有效")
    await page.fill("#own [autocomplete=one-time-code]", "777777")
    await page.get_by_role("button", name="核验").click()
    await page.get_by_role("button", name="催办").click()
    await page.fill("#own textarea", "家里有老人")
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.locator("#own [role=status]")).to_have_text("已经记下。")
    await expect(page.locator("#own .steps")).to_contain_text("家里有老人")
    await page.get_by_role("button", name="订阅进度").click()
    await expect(page.locator("#own")).to_contain_text(
        "每办一步都告诉您：对话开着就在对话里，没看到再发短信。"
    )
    await shoot(page, "chat-own-order", whole=False)
    assert (await barriers(page), await overflow(page)) == ([], 0)

    casework = Casework(store, lambda: LIMITS, CITY.units)
    (order,) = await store.recent()
    contact = Contact(NOW, "电话", (deeds.Evidence("e1", "contact"),))
    for by, deed in (
        (unit_actor(order.lead_unit or ""), SignFor()),
        (unit_actor(order.lead_unit or ""), Reply("已修好，室温达标", "已维修供热管道", contact)),
        (REVIEWER, PassReview()),
    ):
        await casework.do(order.number, deed, by=by, at=NOW)
    await page.click("text=全部工单")
    await page.click("#own .row")
    await page.get_by_role("button", name="评价").click()
    choices = page.locator("#own select")
    assert await choices.evaluate_all("(all) => all.map((one) => [...one.options].map((each) => each.text))") == [
        ["请选择", "解决", "基本解决", "未解决"],
        ["请选择", "满意", "基本满意", "不满意"],
        ["请选择", "满意", "基本满意", "不满意"],
    ]  # fmt: skip
    await page.get_by_role("button", name="提交", exact=True).click()  # nothing is chosen for anybody
    assert not await choices.first.evaluate("(one) => one.validity.valid")
    for number, label in enumerate(("解决", "满意", "满意")):
        await choices.nth(number).select_option(label=label)
    await shoot(page, "chat-rating", whole=False)
    await page.get_by_role("button", name="提交", exact=True).click()
    await expect(page.locator("#own [role=status]")).to_have_text("已经记下。")
    await page.keyboard.press("Escape")
    await expect(page.locator("#own")).to_be_empty()
    await page.click("#orders")  # whoever has the telephone next proves anew that the order is theirs
    await expect(page.locator("#own")).to_contain_text("请先核验")
    rated = (await store.get(order.number)).last(Revisit)
    assert rated is not None
    assert (rated.resolution, rated.result, rated.attitude) == (
        Resolution.RESOLVED, Satisfaction.SATISFIED, Satisfaction.SATISFIED,
    )  # fmt: skip


async def test_an_answer_shows_what_it_rests_on_in_large_text_and_in_the_dark(page: Page) -> None:
    complaints = Complaints(page)
    # A page that names no icon makes the browser ask for a file that is not there, at a moment of its own.
    icon = await page.get_attribute("link[rel=icon]", "href")
    assert icon
    assert (await page.request.get(icon)).status == 200
    await page.fill("#text", QUESTION)
    await page.keyboard.press("Enter")
    links = page.locator("#messages .card a[target=_blank]")
    await expect(links.first).to_be_visible()  # before the rest is unfolded
    await page.click("#messages .card summary")
    assert await links.evaluate_all("(all) => all.map((one) => [one.textContent, one.getAttribute('href')])") == [
        ["供暖申请表.docx", f"/chat/articles/A0101-01/files/{'a' * 64}"],
        ["供热条例", "https://flk.npc.gov.cn/a.html"],
    ]  # fmt: skip
    await shoot(page, "chat-answer", whole=False)
    await page.click("#larger")
    assert (await barriers(page), await overflow(page)) == ([], 0)
    await shoot(page, "chat-large", whole=False)
    await page.emulate_media(color_scheme="dark")
    assert await barriers(page, only="color-contrast") == []
    await shoot(page, "chat-dark", whole=False)
    await page.fill("#text", "我要催办")
    await page.keyboard.press("Enter")
    await page.locator("#messages").get_by_role("button", name="我的工单").click()
    await expect(page.locator("#own")).to_contain_text("请先核验")
    assert await page.locator("#messages .me").count() == 2
    assert complaints.found == []


async def test_offline_is_said_and_the_same_conversation_goes_on_afterwards(page: Page, site: Site) -> None:
    await page.click("#place")
    await expect(page.locator("#messages .me small")).to_have_text("已送达")
    before = await page.evaluate("sessionStorage.getItem('session')")
    await page.context.set_offline(True)
    await expect(page.locator("#state")).to_contain_text("网络已断开")
    await page.fill("#text", COMPLAINT)
    await page.keyboard.press("Enter")
    assert await page.input_value("#text") == COMPLAINT  # not lost: it stays where it was written
    await shoot(page, "chat-offline", whole=False)
    told: list[str] = []
    page.on("websocket", lambda line: line.on("framesent", lambda sent: told.append(str(sent))))
    (channel,) = site.chat.chats.held.values()
    channel.take(Post("1", UnitWrote(NOW, "26112300001", "兰山区供热服务中心", "明天上午去", 1)))
    news = OrderNewsCame(
        NOW, "26112300001", "您反映的事项（工单26112300001）已经办结。", "n1", is_answer=True
    )
    channel.take(Post("2", news))
    await page.context.set_offline(False)
    await expect(page.locator("#messages")).to_contain_text("明天上午去")
    await expect(page.locator("#messages .hotline").last).to_contain_text("已经办结。")
    await expect(page.locator("#messages .hotline").last.get_by_role("button")).to_have_text(["评价", "查看"])
    await shoot(page, "chat-news", whole=False)
    number = channel.messages()[-1].number
    for _ in range(200):  # what came meanwhile is said to have been seen
        if any(f'"seen","number":{number}' in frame for frame in told):
            break
        await page.wait_for_timeout(50)
    else:
        pytest.fail(f"not said to have been seen: {told}")
    await expect(page.locator("#state")).to_have_text("")
    await page.keyboard.press("Enter")
    await expect(page.locator("#messages .me").last).to_contain_text(COMPLAINT)
    await page.reload()
    await expect(page.locator("#messages .me").last).to_contain_text(COMPLAINT)
    assert await page.evaluate("sessionStorage.getItem('session')") == before


async def test_another_site_carries_the_chat_and_says_who_the_citizen_is(
    page: Page, store: SqlStore, host: str
) -> None:
    site = await page.evaluate("location.origin")
    await page.goto(f"{host}/?{site}")
    chat = page.frame_locator("hotline-chat iframe")
    await expect(chat.locator("#messages .hotline")).to_have_count(1)
    await chat.locator("#text").fill(COMPLAINT)
    await chat.locator("#text").press("Enter")
    await expect(chat.locator("#messages")).to_contain_text("请核对")
    (session,) = [frame for frame in page.frames if frame.url == f"{site}/"]
    kept = await store.conversation(await session.evaluate("sessionStorage.getItem('session')"))
    assert kept is not None
    assert kept["channel"] == "app"


async def test_a_photo_and_a_voice_are_recorded_as_the_citizen_confirms_them(
    page: Page, store: SqlStore, evidence: SqlEvidence, recognizer: ListeningRecognizer
) -> None:
    complaints, taken = Complaints(page), (35.0512, 118.3467)
    async with page.expect_file_chooser() as choosing:
        await page.click("#picture")
    photo = FilePayload(name="IMG_0001.jpg", mimeType="image/jpeg", buffer=a_photo(gps=taken))
    await (await choosing.value).set_files(photo)
    await expect(page.locator("#messages .me img")).to_be_visible()
    await expect(page.locator("#offer")).to_contain_text("照片里有拍摄地点")
    await shoot(page, "chat-photo", whole=False)
    await page.locator("#offer").get_by_role("button", name="告诉").click()
    await expect(page.locator("#offer")).to_have_text("")
    await expect(page.locator("#messages .me").last).to_contain_text(
        "地图上的一点（北纬35.05120，东经118.34670）"
    )
    await expect(page.locator("#messages .hotline").last).to_contain_text("位置收到了")

    await page.click("#voice")
    await expect(page.locator("#voice")).to_have_attribute("aria-pressed", "true")
    await page.wait_for_timeout(500)  # so long is spoken
    await page.click("#voice")
    await expect(page.locator("#text")).to_have_value(MISHEARD)
    await shoot(page, "chat-voice", whole=False)
    session = await page.evaluate("sessionStorage.getItem('session')")
    assert "Said" not in [row["name"] for row in await store.read(session)]
    assert recognizer.pitches == [pytest.approx(TONE_HZ, abs=10)]

    await page.fill("#text", COMPLAINT)
    await page.keyboard.press("Enter")
    await expect(page.locator("#messages")).to_contain_text("请核对")
    await page.get_by_role("button", name="对", exact=True).click()
    await expect(page.locator("#messages")).to_contain_text("已受理，工单编号26112300001")
    order = await store.get("26112300001")
    assert order.appeal.text == COMPLAINT
    assert order.appeal.place is not None
    assert order.appeal.place.position is not None
    assert (order.appeal.place.position.latitude, order.appeal.place.position.longitude) == taken
    (item,) = await evidence.of_order(order.number)
    kept = evidence.read(item)
    assert dict(Image.open(io.BytesIO(kept)).getexif()) == {}
    assert b"SECRET" not in kept
    assert complaints.found == []
