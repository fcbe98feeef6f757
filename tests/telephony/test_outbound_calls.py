"""Revisits placed by a real call process on real SIP: a citizen who answers with keys, one who is busy, one who does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from app.machine import call_part, figures_folder
from app.processes import Supervisor
from app.settings import Settings, secret_file
from app.telephone_exchange import plan
from hotline.city import load_city
from hotline.domain.appeal import PhoneNumber
from hotline.domain.deeds import PassReview, Resolution, Revisit, Satisfaction, SignFor
from hotline.domain.outbound import StopReason
from hotline.service.casework import Casework
from hotline.store.outbound import SqlOutbound
from hotline.store.recordings import SqlRecordings
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import outbound_calls
from router.time_tables import load_time_limits
from tests.builders import LINYI, after, an_appeal
from tests.telephony.many import LEGS, grow, settings_for
from tests.telephony.support import phones
from tests.unit.hotline.domain.test_work_order import REPLY
from tests.work_orders import LANSHAN_UNIT, REVIEWER, an_order, keep

pytestmark = [pytest.mark.telephony, pytest.mark.slow, pytest.mark.timeout(180)]

NUMBER = "26112300001"
CITIZEN = PhoneNumber("13905390011")


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """Linyi, with calls allowed at any hour: the test does not choose when it runs."""
    folder = tmp_path / "linyi"
    shutil.copytree(LINYI, folder)
    rules = yaml.safe_load((folder / "outbound.yaml").read_text())
    rules["hours"]["windows"] = [["00:00", "23:59"]]
    (folder / "outbound.yaml").write_text(yaml.safe_dump(rules, allow_unicode=True))
    return folder


@dataclass
class Placing:
    """A call process that places calls, and its database."""

    settings: Settings
    store: SqlStore
    book: SqlOutbound

    async def tries(self, count: int = 1) -> list[Revisit]:
        """Wait until the order has so many tries, and return them."""
        async with asyncio.timeout(60):
            while len((await self.store.get(NUMBER)).revisits) < count:
                await asyncio.sleep(0.2)
        return list((await self.store.get(NUMBER)).revisits)

    async def calls(self) -> list[tuple[str, str | None]]:
        """Wait until no call is under way, and return all with what came of them."""
        async with asyncio.timeout(30):
            while True:
                async with self.store.database.reading() as connection:
                    rows = (await connection.execute(select(outbound_calls))).all()
                if all(row.ended_at is not None for row in rows):
                    return [(row.key, row.outcome) for row in rows]
                await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def placing(folder: Path, city: Path, address: str, *, processes: int = 1) -> AsyncIterator[Placing]:
    settings = settings_for(
        folder,
        3 * processes,
        city=city,
        outbound_address=f"sip:{{number}}@{address}",
        outbound_poll_seconds=0.5,
        outbound_ring_seconds=4,
    )
    await grow(folder)
    figures_folder(settings).mkdir()
    seal = Seal(secret_file(folder / "at_rest.key"))
    store = SqlStore(settings.database_url, seal)
    facts = load_city(city)
    limits = load_time_limits(facts)
    casework = Casework(store, lambda: limits, facts.units, facts.place_names)
    await keep(store, an_order(number=NUMBER, appeal=an_appeal(phone=CITIZEN)))
    for deed, by in ((SignFor(), LANSHAN_UNIT), (REPLY, LANSHAN_UNIT), (PassReview(), REVIEWER)):
        await casework.do(NUMBER, deed, by=by, at=after(1))
    book = SqlOutbound(store.database, seal)
    await book.note_contact(CITIZEN, at=after(0))
    supervisor = Supervisor(folder / "logs")
    light = [sys.executable, "-m", "tests.telephony.light_call_process"]
    try:
        parts = [
            replace(call_part(each), command=light) for each in plan(settings, LEGS).processes[:processes]
        ]
        await asyncio.gather(*(supervisor.start(part) for part in parts))
        yield Placing(settings, store, book)
    finally:
        await supervisor.close()
        await store.close()


async def test_a_citizen_answers_the_revisit_with_keys_and_the_order_says_what(
    tmp_path: Path, city: Path
) -> None:
    # it is me, it is convenient, they called, mostly resolved, satisfied, mostly satisfied
    options = ("--keys", "111212", "--ring-seconds", "0.2")
    async with (
        phones(CITIZEN.digits, options=options) as (called, address),
        placing(tmp_path, city, address) as hotline,
    ):
        ringing = await called.event("ringing", seconds=60)
        (revisit,) = await hotline.tries()
        ended = await called.event("ended")
        calls = await hotline.calls()
        recordings = await SqlRecordings(hotline.store.database).of_order(NUMBER)
        said = await hotline.store.read(recordings[0].conversation)
    assert ringing["caller"] == "12345"
    assert revisit == Revisit(
        is_reached=True,
        how="智能语音电话回访",
        was_contacted=True,
        resolution=Resolution.MOSTLY,
        result=Satisfaction.SATISFIED,
        attitude=Satisfaction.MOSTLY,
        remark="已接通，问完。",
    )
    assert calls == [(f"revisit:{NUMBER}:1", "talked")]
    assert ended["heard_seconds"] > 3
    assert [row["body"]["key"] for row in said if row["name"] == "KeyPressed"] == list("111212")


@pytest.mark.parametrize(("manner", "remark"), [("busy", "占线"), ("ring", "无人接听")])
async def test_who_is_not_reached_is_tried_once_in_this_half_day(
    tmp_path: Path, city: Path, manner: str, remark: str
) -> None:
    async with (
        phones(f"{CITIZEN.digits}={manner}") as (called, address),
        placing(tmp_path, city, address) as hotline,
    ):
        (tried,) = await hotline.tries()
        await asyncio.sleep(1.6)  # three more looks
        calls = await hotline.calls()
    assert (tried.is_reached, remark in tried.remark) == (False, True)
    assert len(calls) == 1
    assert [record["event"] for record in called.seen].count("ringing") <= 1


async def test_a_stranger_who_answers_is_told_nothing_and_called_no_more(tmp_path: Path, city: Path) -> None:
    async with (
        phones(CITIZEN.digits, options=("--keys", "2", "--ring-seconds", "0.2")) as (_, address),
        placing(tmp_path, city, address) as hotline,
    ):
        (tried,) = await hotline.tries()
        stopped = await hotline.book.stop_list(limit=5)
    assert tried.remark == "接电话的不是本人，没有透露任何内容。"
    assert [(each.phone, each.reason) for each in stopped] == [(CITIZEN, StopReason.WRONG_PERSON)]


async def test_two_processes_place_a_call_once(tmp_path: Path, city: Path) -> None:
    async with (
        phones(CITIZEN.digits, options=("--keys", "2", "--ring-seconds", "0.2")) as (called, address),
        placing(tmp_path, city, address, processes=2) as hotline,
    ):
        await hotline.tries()
        await asyncio.sleep(1.6)
        calls = await hotline.calls()
        await called.event("ended")
    assert len(calls) == 1
    assert [record["event"] for record in called.seen].count("ringing") == 1
