"""A worker in a process of its own: what computes for long or may crash is kept off the thread that moves audio.

Parent and worker talk over the worker's standard input and output in frames: two 4-byte lengths, a JSON header, then
raw bytes. A worker that dies fails the calls under way and is started again at once, one that no longer shows a pulse is
killed. One that has grown over its memory limit or has done its share is relieved: a fresh one is ready before it goes,
and it ends the jobs it has. The kernel refuses a worker more than twice the limit. A worker whose parent is gone ends
itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import resource
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hotline.domain.errors import EngineBusyError, EngineUnavailableError, ModelRefusedError
from hotline.lanes import Claim, Lanes, Urgency, current_claim
from hotline.worker_life import Job, Life
from hotline.worker_side import FRAME_HEAD, Reply

_RESTART_PAUSE_SECONDS: Final = (0.0, 0.5, 2.0, 5.0, 15.0)
_MISSED_PULSES: Final = 2
_RELIEF_PAUSE_SECONDS: Final = 30.0  # before another fresh worker is tried when one did not become ready
_NEW_SHARE: Final = 0.2  # of the newest job in the mean that tells how long the queue will take


@dataclass(frozen=True, slots=True)
class JobFigures:
    """What became of one job of ``worker``, for the figures of the house.

    ``outcome`` is ``done``, ``shed`` (turned away: too much to do), ``late``, ``failed`` or ``dropped`` (nobody wanted it
    any more). ``waiting`` counts the jobs that wait for a lane at its end.
    """

    worker: str
    outcome: str
    waited_seconds: float
    worked_seconds: float
    waiting: int


class Pin:
    """Holds on to one process of a worker (``WorkerProcess.pinned``)."""

    def __init__(self) -> None:
        self.life: Life | None = None


class WorkerProcess:
    """Runs ``python -m module *arguments`` and sends it jobs.

    ``lanes`` jobs run at once in the worker (it must be built for that); up to ``queue_limit`` more wait, the more urgent
    first (``hotline.lanes``). What finds no place, or would wait beyond its deadline by the time that jobs take now, is
    ``EngineBusyError`` at once. A job keeps its lane until the worker is done with it, even if its caller has gone; a
    worker that is ``stuck_seconds`` late with an abandoned job, or shows no pulse for twice ``pulse_seconds`` while it has
    jobs, is replaced. While the worker is being restarted a call waits for it at most ``restart_wait_seconds``. After
    ``most_jobs`` a fresh worker takes over. ``observe`` is given the figures of every job.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str] = (),
        *,
        memory_limit_mb: int = 1_500,
        lanes: int = 1,
        queue_limit: int = 8,
        restart_wait_seconds: float = 1.5,
        stuck_seconds: float = 20.0,
        pulse_seconds: float = 1.5,
        most_jobs: int = 20_000,
    ) -> None:
        self.name = name
        self.observe: Callable[[JobFigures], None] = lambda _figures: None
        self._command = (sys.executable, "-m", module, *arguments)
        self._memory_limit_mb = memory_limit_mb
        self._restart_wait_seconds = restart_wait_seconds
        self._stuck_seconds = stuck_seconds
        self._pulse_seconds = pulse_seconds
        self._most_jobs = most_jobs
        self._lane_count = lanes
        self._lanes = Lanes(name, lanes, queue_limit)
        self._mean_seconds = 0.0
        self._ids = itertools.count(1)
        self._life: Life | None = None
        self._lives: dict[asyncio.Task[None], Life] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._is_ready = asyncio.Event()
        self._is_closed = False
        self.refused_file = ""
        self.refusal: str | None = None  # why the worker refused to start for good (a damaged model …)

    def share(self, path: Path) -> None:
        """Use the worker offered at ``path`` (``hotline.shared_worker``) instead of one of its own; before ``start``."""
        self._command = (sys.executable, "-m", "hotline.worker_relay", str(path))

    @property
    def pid(self) -> int | None:
        """Process id of the running worker, for health reports and fault tests."""
        return self._life.process.pid if self._life is not None else None

    @property
    def memory_mb(self) -> float:
        """Resident memory of the running worker; 0 when it is not running."""
        return self._life.memory_mb if self._life is not None else 0.0

    @property
    def is_ready(self) -> bool:
        """True when the worker has loaded and takes jobs."""
        return self._is_ready.is_set()

    @property
    def running(self) -> int:
        """How many jobs the worker is at."""
        return len(self._life.jobs) if self._life is not None else 0

    @property
    def waiting(self) -> int:
        """How many jobs wait for a lane."""
        return self._lanes.waiting

    async def start(self, *, ready_seconds: float = 60.0) -> None:
        """Start the worker and wait until it is ready.

        Raises ``ModelRefusedError`` when it refuses for good, ``EngineUnavailableError`` when it is not in time; in
        the latter case it goes on trying.
        """
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name=f"worker:{self.name}")
        ready = asyncio.create_task(self._is_ready.wait())
        done, _ = await asyncio.wait(
            {ready, self._keeper}, timeout=ready_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if ready in done:
            return
        ready.cancel()
        if self.refusal is not None:
            raise ModelRefusedError(model=self.name, file=self.refused_file, reason=self.refusal)
        raise EngineUnavailableError(self.name, f"not ready after {ready_seconds:g} s")

    @contextlib.contextmanager
    def pinned(self) -> Iterator[Pin]:
        """Let the jobs given the pin go to one and the same process, which is not relieved meanwhile."""
        pin = Pin()
        try:
            yield pin
        finally:
            if pin.life is not None:
                pin.life.holders -= 1
                pin.life.leave_if_idle()

    async def call(
        self, header: dict[str, Any], body: bytes = b"", *, timeout_seconds: float, pin: Pin | None = None
    ) -> AsyncIterator[Reply]:
        """Send one job and yield its replies until the worker says it was the last; deadline for the whole of it.

        Close the iterator (``contextlib.aclosing``) when leaving it early: the worker is then told to drop the job.
        Raises ``EngineBusyError`` when there is too much to do, ``EngineUnavailableError`` when the worker died, failed
        or was late.
        """
        self._check_open()
        now = asyncio.get_running_loop().time
        number, claim = next(self._ids), current_claim()
        began_at, working_at = now(), 0.0
        deadline = began_at + timeout_seconds
        life: Life | None = None
        outcome = "dropped"
        try:
            # The deadline is set anew around each wait: held over a ``yield`` it would strike the consumer.
            async with asyncio.timeout_at(deadline):
                await self._take_lane(claim, timeout_seconds)
                working_at = now()
                life = await self._find_life(pin)
                left = {**header, "within": deadline - now()}
                replies = await self._begin(life, number, claim, left, body)
            while True:
                async with asyncio.timeout_at(deadline):
                    reply = await replies.get()
                self._check_reply(reply)
                assert reply is not None
                if reply[0].get("last", True):
                    outcome = "done"
                    self._mean_seconds += _NEW_SHARE * (now() - working_at - self._mean_seconds)
                    yield reply
                    return
                yield reply
        except TimeoutError:
            outcome = "late"
            raise EngineUnavailableError(self.name, f"no answer within {timeout_seconds:g} s") from None
        except EngineBusyError:
            outcome = "shed"
            raise
        except EngineUnavailableError:
            outcome = "failed"
            raise
        finally:
            if life is not None and number in life.jobs:
                self._abandon(life, number)
            worked = now() - working_at if working_at else 0.0
            waited = now() - began_at - worked
            self.observe(JobFigures(self.name, outcome, waited, worked, self._lanes.waiting))

    async def ask(
        self, header: dict[str, Any], body: bytes = b"", *, timeout_seconds: float, pin: Pin | None = None
    ) -> Reply:
        """Send one job that has one reply, and return it; raises as ``call``."""
        async with contextlib.aclosing(  # type: ignore[type-var]  # an async generator
            self.call(header, body, timeout_seconds=timeout_seconds, pin=pin)
        ) as replies:
            async for reply in replies:
                return reply
        raise EngineUnavailableError(self.name, "no reply")

    async def close(self) -> None:
        """End the worker; calls under way fail. Idempotent."""
        self._is_closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        for life in self._lives.values():
            life.kill()  # which ends its task
        await asyncio.gather(*self._lives)
        self._keeper = None

    def _check_open(self) -> None:
        if self.refusal is not None:
            raise EngineUnavailableError(self.name, self.refusal)
        if self._keeper is None:
            raise EngineUnavailableError(self.name, "closed" if self._is_closed else "not started")

    def _check_reply(self, reply: Reply | None) -> None:
        if reply is None:
            raise EngineUnavailableError(self.name, "worker died")
        if reply[0].get("busy"):
            raise EngineBusyError(self.name, "queue full")
        if "error" in reply[0]:
            raise EngineUnavailableError(self.name, str(reply[0]["error"]))

    async def _take_lane(self, claim: Claim, timeout_seconds: float) -> None:
        before = self._lanes.ahead_of(claim)
        if before and (before + 1) * self._mean_seconds / self._lane_count > timeout_seconds:
            raise EngineBusyError(self.name, "would wait too long")
        if claim.urgency is not Urgency.SPARE and self._life is not None:
            self._make_way(self._life)
        await self._lanes.take(claim)

    def _make_way(self, life: Life) -> None:
        """Have spare jobs dropped when every lane is taken; a lane is free when the worker has let go of one."""
        if len(life.jobs) >= self._lane_count:
            for number, job in life.jobs.items():
                if job.claim.urgency is Urgency.SPARE:
                    life.write({"drop": number})
                    job.replies.put_nowait(({"busy": True}, b""))

    async def _find_life(self, pin: Pin | None) -> Life:
        """Wait for a ready worker, with a lane in hand; the lane is given back when there is none."""
        if pin is not None and pin.life is not None:
            if not pin.life.is_over.is_set():
                return pin.life
            self._lanes.free()
            raise EngineUnavailableError(self.name, "worker died")
        try:
            async with asyncio.timeout(self._restart_wait_seconds):
                while (life := self._life) is None or not self.is_ready:
                    await self._is_ready.wait()
        except BaseException as error:
            self._lanes.free()
            if isinstance(error, TimeoutError):
                raise EngineUnavailableError(self.name, self.refusal or "worker is restarting") from None
            raise
        if pin is not None:
            pin.life = life
            life.holders += 1
        return life

    async def _begin(
        self, life: Life, number: int, claim: Claim, header: dict[str, Any], body: bytes
    ) -> asyncio.Queue[Reply | None]:
        """Hand the worker a job."""
        job = life.jobs[number] = Job(claim)
        life.jobs_taken += 1
        claim.on_hurry(lambda: life.write({"hurry": number}))
        life.write({**header, "job": number, "urgency": int(claim.urgency)}, body)
        try:
            if life.process.stdin is not None:
                await life.process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            self._finish(life, number)
            raise EngineUnavailableError(self.name, "worker died") from None
        except BaseException:
            self._abandon(life, number)
            raise
        return job.replies

    def _abandon(self, life: Life, number: int) -> None:
        """Nobody waits for the job any more: have it dropped; should it never end, the worker is replaced."""
        life.write({"drop": number})

        def replace_if_stuck() -> None:
            if number in life.jobs:
                life.kill()

        asyncio.get_running_loop().call_later(self._stuck_seconds, replace_if_stuck)

    def _finish(self, life: Life, number: int) -> None:
        if life.jobs.pop(number, None) is not None:
            self._lanes.free()

    async def _keep(self) -> None:
        """Keep one worker running until closed; relieve it when it is worn."""
        failures = 0
        while self.refusal is None:
            await asyncio.sleep(_RESTART_PAUSE_SECONDS[min(failures, len(_RESTART_PAUSE_SECONDS) - 1)])
            life = self._life = await self._launch()
            while not life.is_over.is_set():
                await _first_of(life.is_over, life.is_worn)
                if not life.is_over.is_set():
                    life = await self._relieve(life)
            failures = 0 if life.is_ready.is_set() else failures + 1

    async def _relieve(self, worn: Life) -> Life:
        """Start a fresh worker, and let it take over once it is ready; return the one that takes jobs now."""
        fresh = await self._launch()
        await _first_of(fresh.is_ready, fresh.is_over, worn.is_over)
        if worn.is_over.is_set() or fresh.is_ready.is_set():
            self._life = fresh
            if fresh.is_ready.is_set():
                self._is_ready.set()
            worn.is_leaving = True
            worn.leave_if_idle()
            return fresh
        worn.is_worn.clear()
        asyncio.get_running_loop().call_later(_RELIEF_PAUSE_SECONDS, worn.is_worn.set)
        return worn

    async def _launch(self) -> Life:
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        life = Life(process)
        task = asyncio.create_task(self._live(life), name=f"worker:{self.name}:{process.pid}")
        self._lives[task] = life
        task.add_done_callback(self._lives.pop)
        limit = self._memory_limit_mb * 2 * 2**20
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (limit, limit))
        return life

    async def _live(self, life: Life) -> None:
        """Hand out a worker's replies to its end."""
        pulse = asyncio.create_task(self._feel_pulse(life), name=f"worker:{self.name}:pulse")
        try:
            await self._read_replies(life)
        finally:
            pulse.cancel()
            life.is_over.set()
            if self._life is life:
                self._is_ready.clear()
                self._life = None
            for number, job in tuple(life.jobs.items()):
                job.replies.put_nowait(None)
                self._finish(life, number)
            life.kill()
            await life.process.wait()

    async def _feel_pulse(self, life: Life) -> None:
        """Kill a worker that has jobs and answers nothing at all: stopped, swapped out, locked up."""
        now = asyncio.get_running_loop().time
        await life.is_ready.wait()
        missed = 0
        while missed < _MISSED_PULSES:
            asked_at = now()
            life.write({"pulse": True})
            await asyncio.sleep(self._pulse_seconds)
            missed = missed + 1 if life.jobs and life.heard_at < asked_at else 0
        life.kill()

    async def _read_replies(self, life: Life) -> None:
        """Hand out replies until the worker dies or has left."""
        output = life.process.stdout
        assert output is not None
        while True:
            try:
                header_size, body_size = FRAME_HEAD.unpack(await output.readexactly(FRAME_HEAD.size))
                header = json.loads(await output.readexactly(header_size))
                body = await output.readexactly(body_size)
            except asyncio.IncompleteReadError:
                return
            life.heard_at = asyncio.get_running_loop().time()
            if header.get("ready"):
                life.is_ready.set()
                if self._life is life:
                    self._is_ready.set()
            elif "refused" in header:
                self.refused_file = str(header["file"])
                self.refusal = str(header["refused"])
            elif (job := life.jobs.get(header.get("job", 0))) is not None:
                job.replies.put_nowait((header, body))
                if header.get("last", True):
                    self._finish(life, header["job"])
                    life.leave_if_idle()
                    if life.jobs_taken >= self._most_jobs or life.memory_mb > self._memory_limit_mb:
                        life.is_worn.set()


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
