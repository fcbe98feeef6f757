from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hotline.domain.errors import EngineBusyError, EngineUnavailableError, ModelRefusedError
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


async def started(worker: WorkerProcess) -> WorkerProcess:
    await worker.start(ready_seconds=20)
    return worker


async def echo(worker: WorkerProcess, word: str, body: bytes = b"") -> tuple[str, bytes]:
    header, sound = await worker.ask({"do": "echo", "word": word}, body, timeout_seconds=10)
    return header["said"], sound


async def test_words_and_bytes_come_back_whole_from_many_calls_at_once(make: Make) -> None:
    worker = await started(make(lanes=2, queue_limit=60))
    sounds = [bytes([number]) * 200_000 for number in range(40)]

    answers = await asyncio.gather(*(echo(worker, f"第{n}句", sound) for n, sound in enumerate(sounds)))

    assert answers == [(f"第{n}句", sound) for n, sound in enumerate(sounds)]


async def test_a_killed_worker_fails_the_call_under_way_at_once_and_comes_back(make: Make) -> None:
    worker = await started(make(restart_wait_seconds=20))
    first = worker.pid
    hanging = asyncio.create_task(worker.ask({"do": "hang"}, timeout_seconds=60))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        os.kill(first, signal.SIGKILL)
        with pytest.raises(EngineUnavailableError, match="echo: worker died"):
            await hanging

    assert await echo(worker, "回来了") == ("回来了", b"")
    assert worker.pid != first


async def test_a_worker_that_crashes_in_a_job_fails_only_that_job(make: Make) -> None:
    worker = await started(make(restart_wait_seconds=20))

    with pytest.raises(EngineUnavailableError, match="worker died"):
        await worker.ask({"do": "die"}, timeout_seconds=10)

    assert await echo(worker, "在") == ("在", b"")


async def test_a_job_that_raises_is_an_error_with_its_reason_and_the_worker_goes_on(make: Make) -> None:
    worker = await started(make())
    before = worker.pid

    with pytest.raises(EngineUnavailableError, match="ValueError: 不行"):
        await worker.ask({"do": "fail", "word": "不行"}, timeout_seconds=10)

    assert (await echo(worker, "在"), worker.pid) == (("在", b""), before)


async def test_a_full_queue_says_busy_instead_of_waiting(make: Make) -> None:
    worker = await started(make(lanes=1, queue_limit=1))
    jobs = [asyncio.create_task(worker.ask({"do": "hang"}, timeout_seconds=60)) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(EngineBusyError):
        await echo(worker, "挤不进")

    for job in jobs:
        job.cancel()
    await asyncio.wait(jobs)


async def test_a_late_answer_is_an_error_and_a_stuck_worker_is_replaced(make: Make) -> None:
    worker = await started(make(stuck_seconds=0.05, restart_wait_seconds=20))
    before = worker.pid

    with pytest.raises(EngineUnavailableError, match=r"no answer within 0\.05 s"):
        await worker.ask({"do": "hang"}, timeout_seconds=0.05)

    assert await echo(worker, "换了一个") == ("换了一个", b"")
    assert worker.pid != before


async def test_a_worker_that_refuses_its_model_is_not_started_again(make: Make) -> None:
    worker = make("refuse")

    with pytest.raises(ModelRefusedError) as refused:
        await worker.start(ready_seconds=20)

    assert (refused.value.file, refused.value.reason) == ("model.bin", "模型文件损坏")
    assert worker.refusal == "模型文件损坏"
    with pytest.raises(EngineUnavailableError, match="模型文件损坏"):
        await echo(worker, "喂")


async def test_a_worker_that_grew_over_its_limit_is_replaced_when_idle(make: Make) -> None:
    worker = await started(make(memory_limit_mb=120, restart_wait_seconds=20))
    before = worker.pid

    await worker.ask({"do": "grow", "mb": 130}, timeout_seconds=10)

    assert await echo(worker, "在") == ("在", b"")
    assert worker.pid != before
    assert worker.memory_mb < 120


async def test_the_kernel_refuses_a_worker_more_than_twice_its_limit(make: Make) -> None:
    worker = await started(make(memory_limit_mb=120))

    with pytest.raises(EngineUnavailableError, match="MemoryError"):
        await worker.ask({"do": "grow", "mb": 400}, timeout_seconds=10)

    assert await echo(worker, "在") == ("在", b"")


async def test_replies_stream_in_order_until_the_last(make: Make) -> None:
    worker = await started(make("stream"))

    parts = [header["part"] async for header, _ in worker.call({"count": 5}, timeout_seconds=10)]

    assert parts == [0, 1, 2, 3, 4, 5]


async def test_a_job_that_is_left_early_is_dropped_and_frees_its_lane(make: Make) -> None:
    worker = await started(make("stream", lanes=1))
    before = worker.pid
    async with contextlib.aclosing(
        worker.call({"count": 1_000_000, "slowly": True}, timeout_seconds=60)
    ) as replies:
        async for header, _ in replies:
            assert header["part"] == 0
            break

    parts = [header["part"] async for header, _ in worker.call({"count": 1}, timeout_seconds=10)]

    assert (parts, worker.pid) == ([0, 1], before)


async def test_the_deadline_strikes_the_worker_not_a_consumer_that_is_busy_with_a_reply(make: Make) -> None:
    worker = await started(make("stream"))
    parts: list[int] = []

    async def consume() -> None:
        async for header, _ in worker.call({"count": 1_000_000, "slowly": True}, timeout_seconds=0.1):
            if not parts:
                await asyncio.sleep(0.15)  # longer than the deadline: must not be cancelled here
            parts.append(header["part"])

    with pytest.raises(EngineUnavailableError, match="no answer within"):
        await consume()

    assert parts == list(range(len(parts)))
    assert len(parts) > 1


async def test_a_closed_worker_is_gone_and_says_so(make: Make) -> None:
    worker = await started(make())
    hanging = asyncio.create_task(worker.ask({"do": "hang"}, timeout_seconds=60))
    await asyncio.sleep(0)
    pid = worker.pid

    await worker.close()
    await worker.close()

    with pytest.raises(EngineUnavailableError, match="worker died"):
        await hanging
    with pytest.raises(EngineUnavailableError, match="closed"):
        await echo(worker, "喂")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_worker_that_cannot_start_is_unavailable(make: Make) -> None:
    worker = WorkerProcess("ghost", "no.such.module")

    with pytest.raises(EngineUnavailableError, match="not ready"):
        await worker.start(ready_seconds=0.3)

    await worker.close()
