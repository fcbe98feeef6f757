"""Rasa by HTTP: intent and category of one answer, the right model or none, the idlest of several servers, warm-up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hotline.domain.errors import EngineUnavailableError
from hotline.domain.meaning import Intent
from nlu.engines.rasa import RasaUnderstander

CURVE = {"said": [0.0, 1.0], "right": [0.0, 1.0]}
CATEGORY = {
    "shares": [["010101", 0.9], ["010102", 0.1]],
    "matter": 0.98,
    "calibration": {
        "curve_third": CURVE,
        "curve_second": CURVE,
        "third": 0.6,
        "second": 0.5,
        "ece_third": 0.02,
    },
}
PARSED = {
    "text": "暖气不热",
    "intent": {"name": "appeal", "confidence": 0.97},
    "intent_ranking": [{"name": "appeal", "confidence": 0.97}, {"name": "deny", "confidence": 0.03}],
    "entities": [],
    "category": CATEGORY,
}
MODEL = "/models/hotline-abc.tar.gz"
Answer = Callable[[httpx.Request], httpx.Response]


class Servers:
    """Stand-ins for Rasa servers, by host: what each answers, and what each was asked."""

    def __init__(self, parsed: Any = PARSED, model: str = MODEL) -> None:
        self.parsed, self.model = parsed, model
        self.asked: list[str] = []
        self.away: set[str] = set()
        self.holds: asyncio.Event | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host in self.away:
            raise httpx.ConnectError("away")
        assert request.url.params["token"] == "secret"
        if request.url.path == "/status":
            return httpx.Response(200, json={"model_file": self.model})
        self.asked.append(f"{host} {json.loads(request.content)['text']}")
        if self.holds is not None:
            await self.holds.wait()
        if isinstance(self.parsed, bytes):
            return httpx.Response(200, content=self.parsed)
        return httpx.Response(200, json=self.parsed)

    def engine(self, *urls: str, model: str = "hotline-abc.tar.gz") -> RasaUnderstander:
        return RasaUnderstander(
            urls or ("http://one",), "secret", model=model, transport=httpx.MockTransport(self)
        )


async def test_one_answer_gives_intent_and_category() -> None:
    found = await Servers().engine().understand("暖气不热")
    assert (found.intent, found.confidence, found.engine) == (Intent.APPEAL, 0.97, "rasa")
    assert (found.category, found.category_confidence, found.runners_up) == (
        "010101",
        0.9,
        (("010102", 0.1),),
    )


async def test_a_dialogue_intent_has_no_category() -> None:
    ranking = [{"name": "affirm", "confidence": 0.9}, {"name": "appeal", "confidence": 0.1}]
    found = (
        await Servers({**PARSED, "intent": ranking[0], "intent_ranking": ranking}).engine().understand("对")
    )
    assert (found.intent, found.category) == (Intent.AFFIRM, None)


async def test_an_appeal_that_tells_of_no_matter_has_no_category() -> None:
    nothing = {**CATEGORY, "matter": 0.1}
    found = await Servers({**PARSED, "category": nothing}).engine().understand("我要投诉")
    assert (found.intent, found.category, found.runners_up) == (Intent.APPEAL, None, ())


async def test_another_model_than_the_one_wanted_is_not_used() -> None:
    with pytest.raises(EngineUnavailableError, match="another model is loaded"):
        await Servers(model="/models/hotline-old.tar.gz").engine().understand("暖气不热")
    assert (await Servers(model="/x.tar.gz").engine(model="").understand("暖气不热")).category == "010101"


@pytest.mark.parametrize("answer", [b"", b"{}", b"<html>", b'{"text": 1, "intent": null}'])
async def test_an_answer_that_is_none_makes_it_unavailable(answer: bytes) -> None:
    with pytest.raises(EngineUnavailableError):
        await Servers(answer).engine().understand("暖气不热")


async def test_the_model_is_looked_at_again_after_a_failure() -> None:
    servers = Servers()
    engine = servers.engine()
    await engine.understand("一")
    servers.away.add("one")
    with pytest.raises(EngineUnavailableError):
        await engine.understand("二")
    servers.away.clear()
    servers.model = "/models/hotline-old.tar.gz"  # restarted with another
    with pytest.raises(EngineUnavailableError, match="another model"):
        await engine.understand("三")


async def test_empty_text_is_not_asked_and_long_text_is_cut() -> None:
    servers = Servers()
    engine = servers.engine()
    assert (await engine.understand("  ")).intent is Intent.UNKNOWN
    await engine.understand("暖" * 10_000)
    assert servers.asked == [f"one {'暖' * 400}"]


async def test_the_idlest_server_is_asked() -> None:
    servers = Servers()
    engine = servers.engine("http://one", "http://two")
    await engine.warm_up()
    servers.asked.clear()
    servers.holds = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for text in ("甲", "乙"):
            tasks.create_task(engine.understand(text))
        while len(servers.asked) < 2:
            await asyncio.sleep(0)
        servers.holds.set()
    assert sorted(asked.split()[0] for asked in servers.asked) == ["one", "two"]


async def test_a_server_that_failed_is_asked_after_those_that_work() -> None:
    servers = Servers()
    engine = servers.engine("http://one", "http://two")
    await engine.warm_up()
    servers.away.add("one")
    with pytest.raises(EngineUnavailableError):
        await engine.understand("甲")
    servers.asked.clear()
    await engine.understand("乙")
    assert servers.asked == ["two 乙"]


async def test_warming_up_goes_on_until_every_server_has_answered() -> None:
    servers = Servers()
    servers.away.add("two")
    engine = servers.engine("http://one", "http://two")
    warming = asyncio.create_task(engine.warm_up(pause_seconds=0))
    while servers.asked != ["one 你好"]:
        await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not warming.done()
    servers.away.clear()
    await warming
    assert servers.asked == ["one 你好", "two 你好"]
    await engine.close()
