"""Several processes use one worker as if each had its own; one that goes, or drops a job, harms no other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hotline.domain.errors import EngineBusyError, EngineUnavailableError, ModelRefusedError
from hotline.lanes import Claim, Urgency
from hotline.shared_worker import SharedWorker
from hotline.worker_process import WorkerProcess

ROOT = Path(__file__).parents[3]
Make = Callable[..., WorkerProcess]


@pytest.fixture
async def make(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    monkeypatch.chdir(ROOT)
    async with contextlib.AsyncExitStack() as stack:

        def build(*arguments: str, **settings: object) -> WorkerProcess:
            worker = WorkerProcess("echo", "tests.unit.hotline.echo_worker", arguments, **settings)
            stack.push_async_callback(worker.close)
            return worker

        yield build


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "w"  # a socket's path is short


async def client(make: Make, place: Path, **settings: object) -> WorkerProcess:
    worker = make(**settings)
    worker.share(place)
    await worker.start(ready_seconds=20)
    return worker


async def echo(worker: WorkerProcess, word: str, body: bytes = b"") -> tuple[str, bytes]:
    header, sound = await worker.ask({"do": "echo", "word": word}, body, timeout_seconds=10)
    return header["said"], sound


async def test_each_client_gets_its_own_answers_from_the_one_worker(make: Make, place: Path) -> None:
    worker = make(lanes=2, queue_limit=60)
    await worker.start(ready_seconds=20)
    async with SharedWorker(worker, place).offered():
        clients = [await client(make, place, lanes=2, queue_limit=60) for _ in range(2)]
        sounds = [bytes([number]) * 100_000 for number in range(20)]
        answers = await asyncio.gather(
            *(echo(clients[n % 2], f"第{n}句", sound) for n, sound in enumerate(sounds))
        )
    assert answers == [(f"第{n}句", sound) for n, sound in enumerate(sounds)]


async def test_a_client_that_dies_leaves_the_worker_to_the_other(make: Make, place: Path) -> None:
    worker = make(lanes=2, stuck_seconds=60)
    await worker.start(ready_seconds=20)
    async with SharedWorker(worker, place).offered():
        dying, other = await client(make, place, lanes=2), await client(make, place)
        hanging = asyncio.create_task(dying.ask({"do": "hang"}, timeout_seconds=60))
        await asyncio.sleep(0)
        await echo(dying, "先来的已经在做")
        assert dying.pid is not None
        os.kill(dying.pid, signal.SIGKILL)
        with pytest.raises(EngineUnavailableError, match="worker died"):
            await hanging
        assert (await echo(other, "还在"))[0] == "还在"


async def test_parts_come_as_they_are_ready_and_a_job_that_is_dropped_frees_its_lane(
    make: Make, place: Path
) -> None:
    worker = make("stream")
    await worker.start(ready_seconds=20)
    async with SharedWorker(worker, place).offered():
        one = await client(make, place)
        endless = one.call({"count": 10**9, "slowly": True}, timeout_seconds=30)
        async with contextlib.aclosing(endless) as parts:  # type: ignore[type-var]  # an async generator
            assert [(await anext(parts))[0]["part"] for _ in range(3)] == [0, 1, 2]
        whole = [header["part"] async for header, _ in one.call({"count": 2}, timeout_seconds=10)]
        assert whole == [0, 1, 2]


async def test_a_full_queue_is_busy_and_no_failure(make: Make, place: Path) -> None:
    worker = make(lanes=1, queue_limit=0, stuck_seconds=60)
    await worker.start(ready_seconds=20)
    async with SharedWorker(worker, place).offered():
        one, other = await client(make, place, lanes=2), await client(make, place)
        hanging = asyncio.create_task(one.ask({"do": "hang"}, timeout_seconds=60))
        await asyncio.sleep(0)
        with pytest.raises(EngineBusyError):
            await echo(one, "前面的还没做完")
        with pytest.raises(EngineBusyError):
            await echo(other, "挤不进")
        hanging.cancel()


async def test_one_client_s_urgent_job_goes_before_what_another_begins_ahead(make: Make, place: Path) -> None:
    worker = make(lanes=1)
    await worker.start(ready_seconds=20)
    async with SharedWorker(worker, place).offered():
        one, other = await client(make, place, lanes=2), await client(make, place, lanes=2)
        under_way = asyncio.create_task(one.ask({"do": "wait", "seconds": 0.5}, timeout_seconds=20))
        async with asyncio.timeout(10):
            while not worker.running:
                await asyncio.sleep(0.005)

        async def turn(client: WorkerProcess, word: str) -> int:
            answer, _ = await client.ask({"do": "echo", "word": word}, timeout_seconds=20)
            return int(answer["turn"])

        claims = [Claim(Urgency.AHEAD), Claim(Urgency.AHEAD)]
        jobs = []
        for name, claim in zip(("早做的", "转急的"), claims, strict=True):
            with claim.held():
                jobs.append(asyncio.create_task(turn(other, name)))
        await waiting(worker, 2)
        jobs.append(asyncio.create_task(turn(one, "急的")))
        await waiting(worker, 3)
        claims[1].hurry()
        await under_way

        assert await asyncio.gather(*jobs) == [2, 0, 1]


async def waiting(worker: WorkerProcess, jobs: int) -> None:
    async with asyncio.timeout(10):
        while worker.waiting < jobs:
            await asyncio.sleep(0.005)


async def test_a_crash_of_the_worker_fails_the_job_and_not_the_client(make: Make, place: Path) -> None:
    worker = make(restart_wait_seconds=20)
    await worker.start(ready_seconds=20)
    async with SharedWorker(worker, place).offered():
        one = await client(make, place)
        before = one.pid
        with pytest.raises(EngineUnavailableError, match="worker died"):
            await one.ask({"do": "die"}, timeout_seconds=10)
        assert (await echo(one, "回来了"))[0] == "回来了"
        assert one.pid == before


async def test_a_worker_that_refuses_its_model_refuses_its_clients(make: Make, place: Path) -> None:
    worker = make("refuse")
    with pytest.raises(ModelRefusedError):
        await worker.start(ready_seconds=20)
    async with SharedWorker(worker, place).offered():
        one = make()
        one.share(place)
        with pytest.raises(ModelRefusedError) as refused:
            await one.start(ready_seconds=20)
    assert (refused.value.file, refused.value.reason) == ("model.bin", "模型文件损坏")


async def test_clients_find_the_worker_again_when_whoever_offers_it_was_restarted(
    make: Make, place: Path
) -> None:
    worker = make()
    await worker.start(ready_seconds=20)
    async with SharedWorker(worker, place).offered():
        one = await client(make, place, restart_wait_seconds=20)
        assert (await echo(one, "一"))[0] == "一"
    async with SharedWorker(worker, place).offered():
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(EngineUnavailableError):
                    assert (await echo(one, "二"))[0] == "二"
                    break
