"""The standing jobs on a real database."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from app.anchors import FILE, read_anchors
from app.jobs import standing_jobs
from app.settings import Settings, secret_file
from hotline.city import load_city
from hotline.domain.deeds import Complete, QueueForDispatch, Redo
from hotline.domain.people import MACHINE
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import outbox
from tests.builders import LINYI, NOW, after, an_appeal
from tests.databases import lay_out
from tests.unit.hotline.domain.test_work_order import REPLIED, done, handling
from tests.work_orders import AGENT, REVIEWER, a_decision, a_registered_order, an_order, change, keep

CITY = load_city(LINYI)
AGAIN = (REVIEWER, Redo("答非所问", handling(timedelta(days=9))))


async def test_the_week_begins_with_the_orders_redone_twice_and_each_night_anchors_the_audit_chain(
    tmp_path: Path,
) -> None:
    settings = Settings(data_dir=tmp_path)
    seal = Seal(secret_file(tmp_path / "at_rest.key"))
    await lay_out(settings.database_url)
    store = SqlStore(settings.database_url, seal)
    twice = done(an_order(minutes=-130 * 24 * 60), *REPLIED, AGAIN, *REPLIED[1:], AGAIN)
    await keep(store, twice, done(an_order("26112300002"), *REPLIED, AGAIN))
    jobs = {job.name: job for job in standing_jobs(settings, store, seal, CITY)}
    monday = NOW + timedelta(days=7)
    for _ in range(2):
        assert await jobs["redone_weekly"].work(monday) == 0
    async with store.database.reading() as connection:
        (row,) = (await connection.execute(select(outbox).where(outbox.c.destination == "duty"))).all()
    assert json.loads(seal.open(row.body, f"outbox:{row.key}")) == {
        "orders": [{"number": "26112300001", "unit": "county-371302", "redos": 2}]
    }
    assert await jobs["audit_anchor"].work(monday) == 0
    assert read_anchors(tmp_path / FILE) == (await store.audit_head(),)
    assert await jobs["retention"].work(monday) == 0
    assert await jobs["retention"].work(NOW + timedelta(days=4_000)) == 0  # open orders are never touched
    await store.close()


async def test_a_burst_is_told_to_the_duty_officer_once_whoever_watches(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    seal = Seal(secret_file(tmp_path / "at_rest.key"))
    await lay_out(settings.database_url)
    store = SqlStore(settings.database_url, seal)
    for index in range(30):
        await keep(store, an_order(f"261123{index:05d}", minutes=index * 0.2))
    (first,), (second,) = (
        [job for job in standing_jobs(settings, store, seal, CITY) if job.name == "hot_issues"]
        for _ in range(2)
    )
    later = NOW + timedelta(minutes=10)
    await asyncio.gather(first.work(later), second.work(later))
    await first.work(later + timedelta(minutes=1))
    async with store.database.reading() as connection:
        rows = (await connection.execute(select(outbox).where(outbox.c.kind == "hot_issue"))).all()
    assert [row.destination for row in rows] == ["duty"]
    told = json.loads(seal.open(rows[0].body, f"outbox:{rows[0].key}"))
    assert told["category"] == "0101"
    assert told["place"].startswith("371302")
    await store.close()


async def test_orders_count_for_hot_issues_when_they_are_completed_and_however_late_they_are_kept(
    tmp_path: Path,
) -> None:
    settings = Settings(data_dir=tmp_path)
    seal = Seal(secret_file(tmp_path / "at_rest.key"))
    await lay_out(settings.database_url)
    store = SqlStore(settings.database_url, seal)
    (job,) = [job for job in standing_jobs(settings, store, seal, CITY) if job.name == "hot_issues"]
    placeless = [
        done(
            a_registered_order(f"2611230000{index}", appeal=an_appeal(place=None)),
            (MACHINE, QueueForDispatch("地点不明")),
        )
        for index in range(6)
    ]
    await keep(store, *placeless)
    assert await job.work(after(60)) == 0
    for order in placeless:
        await change(store, order, Complete(an_appeal(), ("place",)), by=AGENT, at=after(600))
    for _ in range(2):
        assert await job.work(after(660)) == 0
    for index in range(5):
        late = an_appeal(category="0102")
        await keep(store, an_order(f"2611230001{index}", minutes=-30, appeal=late))
    assert await job.work(after(720)) == 0
    async with store.database.reading() as connection:
        alerts = select(outbox).where(outbox.c.kind == "hot_issue").order_by(outbox.c.id)
        rows = (await connection.execute(alerts)).all()
    told = [json.loads(seal.open(row.body, f"outbox:{row.key}")) for row in rows]
    assert [(each["category"], len(each["numbers"])) for each in told] == [("0101", 5), ("0102", 5)]
    await store.close()


async def test_open_orders_of_a_unit_that_is_no_longer_listed_are_told_once_a_day(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    seal = Seal(secret_file(tmp_path / "at_rest.key"))
    await lay_out(settings.database_url)
    store = SqlStore(settings.database_url, seal)
    gone = an_order("26112300002", routing=a_decision(lead_unit="body-merged", supporting_units=()))
    await keep(store, an_order(), gone)
    (job,) = [job for job in standing_jobs(settings, store, seal, CITY) if job.name == "vanished_units"]
    for _ in range(2):
        await job.work(NOW)
    async with store.database.reading() as connection:
        (row,) = (await connection.execute(select(outbox).where(outbox.c.kind == "unit.vanished"))).all()
    assert json.loads(seal.open(row.body, f"outbox:{row.key}")) == {
        "unit": "body-merged",
        "orders": ["26112300002"],
    }
    await store.close()
