"""Messages arrive at real endpoints: signed, in order, tried again when it helps; one that is down delays no other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.deliveries import EndpointInvalidError, Endpoints, WebhookSender, open_client
from app.processes import free_port
from hotline.domain.outbox import Backoff, Message, MessageState, StoredMessage
from hotline.service.delivery import Arrived, Delivery, Outcome, Pace
from hotline.service.webhooks import verify
from hotline.store.outbox import SqlOutbox
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.builders import NOW
from tests.databases import lay_out
from tests.receiver import Receiver, receiving

UNIT, OTHER = "unit:county-371302", "unit:body-housing"
# Longer than any answer takes on a busy machine: a try that timed out would be one try more than was counted on.
PATIENCE_SECONDS = 30.0
PACE = Pace(backoff=Backoff(first=timedelta(seconds=10), longest=timedelta(seconds=40), attempts=3))


class Office:
    """An outbox, a clock that is set by hand, and delivery from one to the endpoints."""

    def __init__(self, store: SqlStore, folder: Path, sender: WebhookSender, endpoints: Endpoints) -> None:
        self.now = NOW
        self.endpoints = endpoints
        self.outbox = SqlOutbox(store.database, Seal("x" * 40))
        self.delivery = Delivery(self.outbox, sender, clock=lambda: self.now, jitter=lambda: 1.0, pace=PACE)
        self._written = 0

    async def write(self, *destinations: str, subject: str = "") -> None:
        for destination in destinations:
            self._written += 1
            key = f"k{self._written}"
            message = Message(destination, "work_order.dispatch", subject or key, {"number": key}, key)
            await self.outbox.write(message, at=self.now)

    async def pass_time(self, seconds: float) -> int:
        self.now += timedelta(seconds=seconds)
        return await self.delivery.drain()

    async def dead(self) -> list[tuple[str, str]]:
        letters = await self.outbox.in_state(MessageState.DEAD)
        return [(each.message.key, each.last_error) for each in letters]

    async def in_inbox(self, destination: str) -> list[str]:
        return [each.message.key for each in await self.outbox.inbox(destination)]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, Seal("x" * 40))
    endpoints = Endpoints(tmp_path / "endpoints.json")
    async with open_client(PATIENCE_SECONDS) as client:
        sender = WebhookSender(client, endpoints, timeout_seconds=PATIENCE_SECONDS)
        yield Office(store, tmp_path, sender, endpoints)
    await store.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


async def test_a_message_arrives_signed_with_its_destinations_secret(
    office: Office, receiver: Receiver
) -> None:
    secret = office.endpoints.set(UNIT, receiver.url).secret
    await office.write(UNIT)
    assert await office.delivery.drain() == 1
    assert verify([secret], receiver.headers[0], receiver.bodies[0], now=NOW) == "k1"
    assert json.loads(receiver.bodies[0]) == {
        "type": "work_order.dispatch",
        "timestamp": "2026-11-23T02:00:00+00:00",
        "sequence": 1,
        "data": {"number": "k1"},
    }
    assert await office.in_inbox(UNIT) == ["k1"]


async def test_without_an_endpoint_a_message_is_in_the_inbox(office: Office) -> None:
    await office.write(UNIT, "duty", "citizen:26112300001")
    await office.delivery.drain()
    assert await office.in_inbox(UNIT) == ["k1"]
    assert await office.in_inbox("duty") == ["k2"]


@pytest.mark.parametrize("status", [500, 503, 408, 409, 425, 429])
async def test_what_may_pass_is_tried_again_with_the_same_id(
    office: Office, receiver: Receiver, status: int
) -> None:
    office.endpoints.set(UNIT, receiver.url)
    receiver.answers = [status, 204]
    await office.write(UNIT)
    await office.delivery.drain()
    assert await office.pass_time(9) == 0
    assert await office.pass_time(1) == 1
    assert receiver.ids == ["k1", "k1"]
    assert await office.in_inbox(UNIT) == ["k1"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422, 301])
async def test_what_is_refused_for_good_becomes_a_dead_letter_at_once(
    office: Office, receiver: Receiver, status: int
) -> None:
    office.endpoints.set(UNIT, receiver.url)
    receiver.answers = [status]
    await office.write(UNIT)
    await office.delivery.drain()
    assert await office.pass_time(3600) == 0
    assert await office.dead() == [("k1", f"HTTP {status}")]


async def test_a_receiver_that_asks_to_be_left_alone_is(office: Office, receiver: Receiver) -> None:
    office.endpoints.set(UNIT, receiver.url)
    receiver.answers = [(429, {"retry-after": "30"}), 204]
    await office.write(UNIT, UNIT)  # of two orders
    receiver.wait = asyncio.Event()
    receiver.wait.set()
    await office.delivery.drain()
    first = len(receiver.ids)
    assert await office.pass_time(29) == 0
    await office.pass_time(1)
    assert len(receiver.ids) > first
    assert sorted(await office.in_inbox(UNIT)) == ["k1", "k2"]


async def test_after_the_last_try_a_message_is_dead_and_can_be_sent_again(office: Office) -> None:
    office.endpoints.set(UNIT, f"http://127.0.0.1:{free_port()}/")
    await office.write(UNIT)
    await office.delivery.drain()
    await office.pass_time(10)
    await office.pass_time(20)
    assert await office.dead() == [("k1", "ConnectError")]
    office.endpoints.remove(UNIT)
    (letter,) = await office.outbox.in_state(MessageState.DEAD)
    assert await office.outbox.retry(letter.id, office.now)
    await office.pass_time(301)
    assert await office.in_inbox(UNIT) == ["k1"]


async def test_one_dead_destination_never_delays_the_others(office: Office, receiver: Receiver) -> None:
    office.endpoints.set(UNIT, f"http://127.0.0.1:{free_port()}/")
    office.endpoints.set(OTHER, receiver.url)
    await office.write(*[UNIT] * 30, *[OTHER] * 30)
    await office.delivery.drain()
    assert sorted(receiver.ids) == sorted(f"k{index}" for index in range(31, 61))
    assert office.delivery.is_open(UNIT)
    pending = await office.outbox.in_state(MessageState.PENDING)
    untried = [each for each in pending if each.attempts == 0]
    assert (len(pending), len(untried)) == (30, 26)  # four were under way before it was known to be down


async def test_a_destination_that_comes_back_gets_everything_in_order(
    office: Office, receiver: Receiver
) -> None:
    office.endpoints.set(UNIT, receiver.url)
    receiver.answers = [503, 503, 503, 204]
    for _ in range(5):
        await office.write(UNIT, subject="26112300001")
    await office.delivery.drain()
    for _ in range(40):
        await office.pass_time(10)
    assert await office.dead() == [("k1", "HTTP 503")]  # three tries are all that this test allows
    assert await office.in_inbox(UNIT) == ["k2", "k3", "k4", "k5"]
    assert receiver.ids == ["k1", "k1", "k1", "k2", "k3", "k4", "k5"]


async def test_a_receiver_that_never_answers_costs_the_timeout_and_no_more(
    office: Office, receiver: Receiver
) -> None:
    office.endpoints.set(UNIT, receiver.url)
    receiver.wait = asyncio.Event()
    await office.write(UNIT, OTHER)
    async with open_client(1.0) as client:
        office.delivery._sender = WebhookSender(client, office.endpoints, timeout_seconds=1.0)
        await office.delivery.drain()
    receiver.wait.set()
    (late,) = await office.outbox.in_state(MessageState.PENDING)
    assert late.last_error in ("ReadTimeout", "TimeoutError")
    assert await office.in_inbox(OTHER) == ["k2"]


async def test_a_fault_of_the_sender_costs_one_message_only(office: Office) -> None:
    class Faulty:
        async def send(self, message: StoredMessage, at: datetime) -> Outcome:
            if message.message.key == "k1":
                raise RuntimeError
            return Arrived("200")

    office.delivery._sender = Faulty()
    await office.write(UNIT, UNIT)
    await office.delivery.drain()
    (pending,) = await office.outbox.in_state(MessageState.PENDING)
    assert (pending.message.key, pending.last_error) == ("k1", "RuntimeError")
    assert await office.in_inbox(UNIT) == ["k2"]


async def test_delivery_goes_on_when_the_database_was_away(
    office: Office, receiver: Receiver, tmp_path: Path
) -> None:
    office.endpoints.set(UNIT, receiver.url)
    file = tmp_path / "hotline.sqlite3"
    away = file.rename(tmp_path / "away.sqlite3")
    office.delivery._pace = Pace(idle_seconds=0.01)
    running = asyncio.create_task(office.delivery.run())
    await asyncio.sleep(0.1)
    away.rename(file)
    await office.write(UNIT)
    async with asyncio.timeout(10):
        while not receiver.ids:
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert receiver.ids == ["k1"]


def test_only_addresses_that_keep_the_message_private_are_taken(tmp_path: Path) -> None:
    endpoints = Endpoints(tmp_path / "endpoints.json")
    for url in (
        "http://example.org/",
        "ftp://10.0.0.1/",
        "https://user@example.org/",
        "nonsense",
        "http://[/",
    ):
        with pytest.raises((EndpointInvalidError, ValueError)):
            endpoints.set(UNIT, url)
    assert endpoints.all() == {}
    endpoints.set(UNIT, "https://unit.example.org/hook")
    endpoints.set(OTHER, "http://10.1.2.3:8080/hook")
    assert (tmp_path / "endpoints.json").stat().st_mode & 0o777 == 0o600


def test_a_file_of_endpoints_that_is_damaged_leaves_the_former_ones_in_force(tmp_path: Path) -> None:
    endpoints = Endpoints(tmp_path / "endpoints.json")
    kept = endpoints.set(UNIT, "https://unit.example.org/hook")
    (tmp_path / "endpoints.json").write_text("{broken", encoding="utf-8")
    assert endpoints.of(UNIT) == kept
    assert endpoints.of(UNIT) == kept


def test_the_pause_grows_to_its_longest_and_ends() -> None:
    backoff = Backoff(first=timedelta(seconds=5), longest=timedelta(seconds=30), attempts=6)

    def pauses(jitter: float, after: timedelta | None = None) -> list[float | None]:
        tries: list[datetime | None] = [
            backoff.next_try(each, NOW, jitter=jitter, after=after) for each in range(1, 7)
        ]
        return [None if each is None else (each - NOW).total_seconds() for each in tries]

    assert pauses(1.0) == [5, 10, 20, 30, 30, None]
    assert pauses(0.0) == [2.5, 5, 10, 15, 15, None]
    assert pauses(0.0, timedelta(days=9)) == [30, 30, 30, 30, 30, None]
