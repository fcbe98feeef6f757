"""The durable worker (``hotline worker``): what is due as time passes, and delivery of the outbox.

Work that runs by the clock is a DBOS workflow: its firing is kept in DBOS's own tables under a name made of the job and
its minute, so that of several workers one runs it, a worker that was killed goes on with it, and a clock that is set
back fires nothing again. Cards and warnings are caught up from the orders' own limits, nightly jobs from the schedule.
The outbox is durable in itself and needs no workflow: its leases do for messages what DBOS does for jobs.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from dbos import DBOS, DBOSConfig
from sqlalchemy import make_url

from app.at_rest import seal_of
from app.clock import now
from app.deliveries import Endpoints, WebhookSender, open_client
from app.jobs import Job, standing_jobs
from app.knowledge_jobs import knowledge_jobs
from app.letter_senders import LONGEST_SECONDS, senders_for_citizens
from app.logs import configure
from app.missed_calls import stand_by_for_calls
from app.redis_client import open_redis
from app.settings import Settings
from app.signals import announcing, open_signals
from app.worker_place import Place
from hotline.city import City, load_city
from hotline.service.casework import Casework
from hotline.service.delivery import Delivery, Pace
from hotline.store.outbox import SqlOutbox
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore, migrate
from router.tables import CatalogueHolder

log: Final = structlog.get_logger("worker")

BATCH: Final = 200
_KEEP_RUNS: Final = timedelta(days=14)
_CODE_VERSION: Final = "1"
"""DBOS goes on only with work of its own version. Jobs can be run again from their start, so there is only one."""


def sweep_job(casework: Casework, tables: CatalogueHolder, every_seconds: int) -> Job:
    """Return the supervision sweep: cards, warnings, resumptions, first tier. It catches up by itself."""

    async def sweep(_: datetime) -> int:
        tables.reload_if_changed()
        return await casework.sweep(now(), batch=BATCH)

    cron = f"*/{every_seconds} * * * * *" if every_seconds < 60 else "* * * * *"
    return Job("sweep", cron, sweep)


async def forget_old_runs(_: datetime) -> int:
    """Delete DBOS's notes of runs that ended long ago; return how many."""
    before = (now() - _KEEP_RUNS).isoformat()

    def forget() -> int:
        ended = DBOS.list_workflows(
            end_time=before,
            status=["SUCCESS", "ERROR", "CANCELLED"],
            limit=BATCH,
            load_input=False,
            load_output=False,
        )
        DBOS.delete_workflows([each.workflow_id for each in ended])
        return len(ended)

    return await asyncio.to_thread(forget)  # DBOS's own async methods would take over the loop's threads


OWN_JOBS: Final = (Job("forget_old_runs", "23 3 * * *", forget_old_runs),)


# --- the schedule ------------------------------------------------------------------------------------------------


class Schedule:
    """Runs jobs by DBOS. There is one in a process, for DBOS is one in a process."""

    def __init__(self, settings: Settings, jobs: Sequence[Job], *, worker: str, timezone: str) -> None:
        """Take the jobs; ``worker`` names this worker, the same after a restart, so that it goes on with its work."""
        self._jobs = {job.name: job for job in jobs}
        self._timezone = timezone
        self._loop = asyncio.get_running_loop()
        self._config: DBOSConfig = {
            "name": "hotline",
            "system_database_url": system_database(settings),
            "executor_id": worker,
            "application_version": _CODE_VERSION,
            "log_level": "WARNING",
            "enable_otlp": False,
        }

    def start(self) -> None:
        """Go on with what was interrupted, make good what was missed, and fire from now on."""
        DBOS(config=self._config)

        def batch(name: str, due_at: str) -> int:
            work = self._jobs[name].work(datetime.fromisoformat(due_at))
            return asyncio.run_coroutine_threadsafe(_awaited(work), self._loop).result()

        # A database that is away for a while costs no run that nothing makes good; the others come again by themselves.
        patient = DBOS.step(name="hotline.patient_batch", retries_allowed=True, max_attempts=14)(batch)
        brief = DBOS.step(name="hotline.batch", retries_allowed=True, max_attempts=3)(batch)

        @DBOS.workflow(name="hotline.job")
        def run(due_at: datetime, name: Any) -> None:
            if name not in self._jobs:  # a job of a former version
                return
            total, step = 0, patient if self._jobs[name].catches_up else brief
            while done := step(name, due_at.isoformat()):
                total += done
                log.info("worker.progress", job=name, due_at=due_at.isoformat(), done=total)

        DBOS.launch()
        for job in self._jobs.values():
            DBOS.register_queue(f"job-{job.name}", worker_concurrency=1)
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": job.name,
                    "workflow_fn": run,
                    "schedule": job.cron,
                    "context": job.name,
                    "automatic_backfill": job.catches_up,
                    "cron_timezone": self._timezone,
                    "queue_name": f"job-{job.name}",
                }
                for job in self._jobs.values()
            ]
        )

    def stop(self) -> None:
        """Let the batches under way end, a few seconds at most; what is left goes on after the next start."""
        DBOS.destroy(workflow_completion_timeout_sec=5, destroy_registry=True)


async def _awaited(work: Awaitable[int]) -> int:
    return await work


def system_database(settings: Settings) -> str:
    """Return where DBOS keeps its tables: a schema of its own in PostgreSQL, else a file beside the database."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql", query={}).render_as_string(hide_password=False)
    file = settings.data_dir / "worker.sqlite3"
    file.touch(mode=0o600)
    return f"sqlite:///{file}"


# --- the process -------------------------------------------------------------------------------------------------


async def run_worker(
    settings: Settings, more_jobs: Callable[[SqlStore, City], Sequence[Job]] | None = None
) -> None:
    """Work until SIGTERM or SIGINT. ``more_jobs`` adds jobs to the sweep and the worker's own."""
    until = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, until.set)
    city = load_city(settings.city)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    await migrate(settings.database_url)
    async with AsyncExitStack() as stack:
        seal = seal_of(settings)
        store = SqlStore(settings.database_url, seal)
        stack.push_async_callback(store.close)
        store.announce = announcing(open_signals(open_redis(settings, stack), settings, stack))
        tables = CatalogueHolder(city)
        casework = Casework(store, lambda: tables.current.limits, city.units, city.place_names)
        jobs = [
            sweep_job(casework, tables, settings.sweep_seconds),
            *OWN_JOBS,
            *standing_jobs(settings, store, seal, city),
            *await knowledge_jobs(
                settings, city, store, seal, limits=lambda: tables.current.limits, stack=stack
            ),
            *(more_jobs(store, city) if more_jobs is not None else ()),
        ]
        delivery = await open_delivery(settings, city, store, seal, stack)
        if settings.standby_port:
            await stand_by_for_calls(settings, city, store, stack)
        place = Place(settings.data_dir)
        stack.callback(place.leave)
        schedule = Schedule(settings, jobs, worker=place.name, timezone=str(city.timezone))
        await asyncio.to_thread(schedule.start)
        stack.push_async_callback(asyncio.to_thread, schedule.stop)
        log.info("worker.started", worker=place.name, jobs=[job.name for job in jobs])
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(place.beat()), tasks.create_task(delivery.run())]
            await until.wait()
            for task in running:
                task.cancel()
        log.info("worker.ended", delivered=delivery.delivered)


async def open_delivery(
    settings: Settings, city: City, store: SqlStore, seal: Seal, stack: AsyncExitStack
) -> Delivery:
    """Return delivery: to citizens over their channels, to the endpoints of the data folder, else to inboxes."""
    seconds = settings.delivery_timeout_seconds
    client = await stack.enter_async_context(open_client(seconds))
    webhooks = WebhookSender(client, Endpoints(settings.endpoints_file), timeout_seconds=seconds)
    sender = senders_for_citizens(
        settings, city, stack, store=store, seal=seal, client=client, otherwise=webhooks
    )
    pace = Pace(lease=timedelta(seconds=max(2 * seconds, LONGEST_SECONDS) + 5))
    outbox = SqlOutbox(store.database, seal)
    return Delivery(outbox, sender, clock=now, jitter=random.random, pace=pace)


def main() -> None:
    """Run the worker alone: without the engines' libraries it is up again in a second."""
    settings = Settings()
    configure(settings.log_level)
    asyncio.run(run_worker(settings))


if __name__ == "__main__":
    main()
