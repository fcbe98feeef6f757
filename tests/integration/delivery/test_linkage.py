"""An appeal is handed over to another line and answered, over real HTTP: one platform ends up with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI

from app.deliveries import Endpoints, WebhookSender, open_client
from app.linkage_interface import linkage_router
from app.processes import free_port
from app.stand_ins import LinkageStandIn
from hotline.city import load_city
from hotline.domain.appeal import AppealKind, EmergencyService, Secrecy
from hotline.domain.deeds import Divert
from hotline.domain.diversion import Diversion, DiversionOutcome
from hotline.domain.errors import DeedRefusedError
from hotline.domain.linkage import (
    CallRecord,
    Line,
    LinkageNotFoundError,
    LinkageSettledError,
    LinkageState,
)
from hotline.domain.notices import messages
from hotline.domain.people import MACHINE
from hotline.service.delivery import Delivery
from hotline.service.linkage import SCHEMAS, Linkages, load_lines
from hotline.service.webhooks import signed
from hotline.store.linkage import SqlLinkages
from hotline.store.outbox import SqlOutbox
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.work_order_store import Change
from tests.builders import LINYI, NOW, after, an_appeal
from tests.databases import lay_out
from tests.receiver import serving
from tests.work_orders import AGENT, a_registered_order, an_order, keep

NUMBER = "26112300001"
SCHEMA_FOLDER = Path(__file__).resolve().parents[3] / "docs" / "schemas"


class TwoPlatforms:
    """12345 and another line, each behind its own HTTP server."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        seal = Seal("x" * 40)
        self.store = store
        self.outbox = SqlOutbox(store.database, seal)
        self.linkages = Linkages(store, SqlLinkages(store.database, seal), self.outbox)
        self.endpoints = Endpoints(folder / "endpoints.json")

    async def open(self, stack: AsyncExitStack) -> None:
        app = FastAPI()
        app.include_router(linkage_router(self.linkages, self.endpoints, lambda: after(60)))
        ours = await stack.enter_async_context(serving(app))
        self.answers_to = f"{ours}/api/linkage/v1/110/answers"
        port = free_port()
        secret = self.endpoints.set("linkage:110", f"http://127.0.0.1:{port}/").secret
        self.other = LinkageStandIn("110", secret, self.answers_to, clock=lambda: after(60))
        await stack.enter_async_context(serving(self.other.app(), port))
        client = await stack.enter_async_context(open_client(30.0))
        sender = WebhookSender(client, self.endpoints, timeout_seconds=30.0)
        self.delivery = Delivery(self.outbox, sender, clock=lambda: after(60), jitter=lambda: 0.5)

    async def hand_over(self, decision: str) -> LinkageState:
        """Propose, deliver, and wait for what the other line's answer made of it."""
        self.other.decision = decision
        await self.linkages.propose(NUMBER, Line.POLICE, reason="涉及治安", by=AGENT, at=after(30))
        await self.delivery.drain()
        async with asyncio.timeout(5):
            while not self.other.answered:
                await asyncio.sleep(0.01)
        (linkage,) = await self.linkages.of_order(NUMBER)
        return linkage.state

    async def told(self, destination: str) -> list[tuple[str, str | None]]:
        found = await self.outbox.written(destination, NUMBER)
        return [(each.message.kind, each.message.body.get("accepted_by")) for each in found]


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[TwoPlatforms]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    async with AsyncExitStack() as stack:
        store = SqlStore(url, Seal("x" * 40))
        stack.push_async_callback(store.close)
        platforms = TwoPlatforms(store, tmp_path)
        await platforms.open(stack)
        yield platforms


async def test_the_other_line_accepts(two: TwoPlatforms) -> None:
    await keep(two.store, an_order(NUMBER))
    assert await two.hand_over("accepted") is LinkageState.ACCEPTED
    assert two.other.answered == [
        (200, {"handover": f"{NUMBER}-110", "state": "accepted", "accepted_by": "110"})
    ]
    (linkage,) = await two.linkages.of_order(NUMBER)
    assert (linkage.accepted_by, linkage.reference, linkage.settled_by) == ("110", "110-1", "110:0815")
    assert await two.told("duty") == [("linkage.accepted", "110")]
    assert await two.store.audit_break() is None


async def test_what_the_other_line_refuses_stays_here(two: TwoPlatforms) -> None:
    await keep(two.store, an_order(NUMBER))
    assert await two.hand_over("refused") is LinkageState.REFUSED
    assert await two.told("duty") == [("linkage.refused", "12345")]


async def test_undecided_after_a_three_party_call_the_first_platform_accepts(two: TwoPlatforms) -> None:
    await keep(two.store, an_order(NUMBER))
    assert await two.hand_over("undecided") is LinkageState.UNDECIDED
    call = CallRecord(after(70), after(130), agent="a-7", their_operator="0815")
    linkage = await two.linkages.talked(NUMBER, Line.POLICE, call, by=AGENT, at=after(131))
    assert (linkage.state, linkage.accepted_by) == (LinkageState.ACCEPTED_BY_FIRST, "12345")
    assert linkage.calls == (call,)
    await two.delivery.drain()
    assert two.other.settled[f"{NUMBER}-110"].data.accepted_by == "12345"


async def test_a_call_that_agrees_settles_it(two: TwoPlatforms) -> None:
    await keep(two.store, an_order(NUMBER))
    await two.hand_over("undecided")
    call = CallRecord(after(70), after(130), agent="a-7", their_operator="0815", agreed_on="110")
    linkage = await two.linkages.talked(NUMBER, Line.POLICE, call, by=AGENT, at=after(131))
    assert (linkage.state, linkage.accepted_by) == (LinkageState.ACCEPTED, "110")
    with pytest.raises(LinkageSettledError):
        await two.linkages.talked(NUMBER, Line.POLICE, call, by=AGENT, at=after(140))


async def test_an_emergency_that_the_dialogue_diverted_is_answered_too(two: TwoPlatforms) -> None:
    order = a_registered_order(NUMBER, appeal=an_appeal(emergency=EmergencyService.POLICE))
    diversion = Diversion(DiversionOutcome.EMERGENCY_LINE, "正在打架", "正在为您转接110")
    order = order.after(Divert(diversion), by=MACHINE, at=after(1))
    await two.store.commit(Change(order, messages=tuple(messages(None, order))), at=after(1))
    await two.delivery.drain()
    async with asyncio.timeout(5):
        while not two.other.answered:
            await asyncio.sleep(0.01)
    assert two.other.handovers[f"{NUMBER}-110"].data.contact == "13905390001"
    (linkage,) = await two.linkages.of_order(NUMBER)
    assert linkage.state is LinkageState.ACCEPTED
    with pytest.raises(LinkageSettledError):
        await two.linkages.propose(NUMBER, Line.POLICE, reason="", by=AGENT, at=after(90))


async def test_the_same_answer_again_changes_nothing_and_another_is_refused(two: TwoPlatforms) -> None:
    await keep(two.store, an_order(NUMBER))
    await two.hand_over("accepted")
    assert (await two.other.answer(f"{NUMBER}-110", "accepted"))[0] == 200
    status, said = await two.other.answer(f"{NUMBER}-110", "refused")
    assert (status, said["code"]) == (409, "linkage.settled")
    assert await two.told("duty") == [("linkage.accepted", "110")]


async def test_answers_that_are_unsigned_unknown_or_malformed_are_refused(two: TwoPlatforms) -> None:
    await keep(two.store, an_order(NUMBER))
    await two.linkages.propose(NUMBER, Line.POLICE, reason="", by=AGENT, at=NOW)
    good = {"handover": f"{NUMBER}-110", "decision": "accepted", "by": "0815", "at": after(60).isoformat()}

    async def post(body: bytes, *, secret: str = two.other.secret, late: float = 0) -> tuple[int, str]:
        headers = signed(secret, identity="x", at=after(60) + timedelta(seconds=late), body=body)
        async with httpx.AsyncClient(trust_env=False) as client:
            response = await client.post(two.answers_to, content=body, headers=headers)
        return response.status_code, response.json().get("code", "")

    def said(**changes: Any) -> bytes:
        return json.dumps({**good, **changes}).encode()

    another_secret = two.endpoints.set("linkage:120", "https://120.example.org/").secret
    assert await post(said(), secret=another_secret) == (401, "webhook.refused")
    assert await post(said(), late=-600) == (401, "webhook.refused")
    assert await post(said(handover="26112399999-110")) == (404, "linkage.not_found")
    assert await post(said(handover=f"{NUMBER}-120")) == (404, "linkage.not_found")
    assert await post(said(decision="accepted_by_first")) == (422, "http.422")
    assert await post(said(decision="refused")) == (422, "http.422")  # without saying why
    assert await post(b"{broken") == (422, "http.422")
    assert await post(b"x" * 20_000) == (413, "http.413")
    assert (await two.linkages.of_order(NUMBER))[0].state is LinkageState.PROPOSED
    assert await post(said()) == (200, "")


async def test_the_first_accepts_only_what_was_tried_to_be_settled(two: TwoPlatforms) -> None:
    await keep(two.store, an_order(NUMBER))
    with pytest.raises(LinkageNotFoundError):
        await two.linkages.first_accepts(NUMBER, Line.COURT, by=AGENT, at=NOW)
    await two.linkages.propose(NUMBER, Line.COURT, reason="已立案", by=AGENT, at=NOW, first="12368")
    with pytest.raises(DeedRefusedError, match="协商"):
        await two.linkages.first_accepts(NUMBER, Line.COURT, by=AGENT, at=NOW)


async def test_a_court_never_gets_the_number_of_one_who_wants_to_stay_unknown(two: TwoPlatforms) -> None:
    secret = an_appeal(
        kind=AppealKind.TIP_OFF, secrecy=Secrecy.CONFIDENTIAL, text="我叫王建国，电话139 0539 0001，举报判决不执行",
        citizen_name="王建国",
    )  # fmt: skip
    await keep(two.store, an_order(NUMBER, appeal=secret))
    await two.linkages.propose(NUMBER, Line.COURT, reason="王建国 13905390001", by=AGENT, at=NOW)
    (message,) = await two.outbox.written("linkage:12368", NUMBER)
    sent = json.dumps(dict(message.message.body), ensure_ascii=False).replace(" ", "")
    assert "13905390001" not in sent
    assert "王建国" not in sent
    assert message.message.body["is_confidential"] is True


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_the_schemas_in_the_documents_are_those_of_the_program(name: str) -> None:
    written = json.loads((SCHEMA_FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert written == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SCHEMAS[name].model_json_schema(by_alias=True),
    }


async def test_what_is_sent_fits_the_published_schema(two: TwoPlatforms) -> None:
    await keep(two.store, an_order(NUMBER))
    await two.hand_over("accepted")
    schema = json.loads((SCHEMA_FOLDER / "linkage-handover.schema.json").read_text(encoding="utf-8"))
    sent = two.other.handovers[f"{NUMBER}-110"].model_dump(mode="json", by_alias=True)
    assert jsonschema_rs.validator_for(schema).is_valid(sent)
    assert not jsonschema_rs.validator_for(schema).is_valid({**sent, "data": {**sent["data"], "to": "999"}})


def test_the_city_names_the_lines_it_is_linked_with() -> None:
    assert set(load_lines(load_city(LINYI))) == set(Line)
