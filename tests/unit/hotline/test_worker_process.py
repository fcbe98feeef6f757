from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from hotline.domain.errors import EngineBusyError, EngineUnavailableError, ModelRefusedError
from hotline.lanes import Claim, Urgency
from hotline.worker_process import JobFigures, WorkerProcess

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


async def replaced(worker: WorkerProcess, before: int | None) -> None:
    async with asyncio.timeout(20):
        while worker.pid == before:
            await asyncio.sleep(0.005)


async def test_a_worker_that_grew_over_its_limit_is_relieved_by_a_fresh_one(make: Make) -> None:
    worker = await started(make(memory_limit_mb=120))
    before = worker.pid

    await worker.ask({"do": "grow", "mb": 130}, timeout_seconds=10)
    await replaced(worker, before)

    assert await echo(worker, "在") == ("在", b"")
    assert worker.memory_mb < 120


async def test_no_job_is_lost_or_kept_waiting_while_workers_are_relieved(make: Make) -> None:
    worker = await started(make(lanes=2, most_jobs=3, restart_wait_seconds=0))
    pids = set()
    said = []
    async with asyncio.timeout(30):
        while len(pids) < 4:
            pids.add(worker.pid)
            answers = await asyncio.gather(*(echo(worker, f"第{number}句") for number in range(2)))
            said += [word for word, _ in answers]

    assert None not in pids
    assert said == ["第0句", "第1句"] * (len(said) // 2)


async def test_a_relieved_worker_ends_the_job_it_has_and_then_goes(make: Make) -> None:
    worker = await started(make(lanes=2, most_jobs=1))
    first = worker.pid
    long = asyncio.create_task(worker.ask({"do": "wait", "seconds": 1.5}, timeout_seconds=20))
    await asyncio.sleep(0)

    await echo(worker, "用旧了")
    await replaced(worker, first)

    assert not long.done()
    assert (await long)[0]["waited"] == 1.5
    async with asyncio.timeout(5):
        while psutil.pid_exists(first):
            await asyncio.sleep(0.005)


async def test_a_conversation_with_a_worker_stays_with_its_process_until_it_is_over(make: Make) -> None:
    worker = await started(make(lanes=2, most_jobs=1))
    first = worker.pid
    with worker.pinned() as pin:
        header, _ = await worker.ask({"do": "pid"}, timeout_seconds=10, pin=pin)
        await replaced(worker, first)
        again, _ = await worker.ask({"do": "pid"}, timeout_seconds=10, pin=pin)
        other, _ = await worker.ask({"do": "pid"}, timeout_seconds=10)

    assert (header["pid"], again["pid"]) == (first, first)
    assert other["pid"] != first


async def test_a_worker_without_a_pulse_is_killed_long_before_its_jobs_are_late(make: Make) -> None:
    worker = await started(make(pulse_seconds=0.1, restart_wait_seconds=20))
    hanging = asyncio.create_task(worker.ask({"do": "hang"}, timeout_seconds=60))
    async with asyncio.timeout(10):
        while not worker.running:
            await asyncio.sleep(0.005)
        os.kill(worker.pid, signal.SIGSTOP)
        with pytest.raises(EngineUnavailableError, match="worker died"):
            await hanging

    assert await echo(worker, "在") == ("在", b"")


async def test_a_busy_worker_that_shows_a_pulse_is_left_alone(make: Make) -> None:
    worker = await started(make(pulse_seconds=0.05))
    before = worker.pid

    await worker.ask({"do": "wait", "seconds": 0.5}, timeout_seconds=20)

    assert worker.pid == before


async def test_what_would_wait_beyond_its_deadline_is_turned_away_at_once(make: Make) -> None:
    worker = await started(make(lanes=1, queue_limit=50))
    for _ in range(10):
        await worker.ask({"do": "wait", "seconds": 0.05}, timeout_seconds=20)
    jobs = [
        asyncio.create_task(worker.ask({"do": "wait", "seconds": 0.05}, timeout_seconds=20))
        for _ in range(11)
    ]
    await asyncio.sleep(0)

    with pytest.raises(EngineBusyError, match="would wait too long"):
        await worker.ask({"do": "wait", "seconds": 0.05}, timeout_seconds=0.2)

    assert len(await asyncio.gather(*jobs)) == 11


async def test_a_spare_job_makes_way_for_one_that_is_wanted(make: Make) -> None:
    worker = await started(make("stream", lanes=1))
    spare = Claim(Urgency.SPARE)

    async def use_the_idle_lane() -> None:
        with spare.held():
            async for _ in worker.call({"count": 1_000_000, "slowly": True}, timeout_seconds=60):
                pass

    idle = asyncio.create_task(use_the_idle_lane())
    async with asyncio.timeout(10):
        while not worker.running:
            await asyncio.sleep(0.005)
        parts = [header["part"] async for header, _ in worker.call({"count": 1}, timeout_seconds=10)]

    assert parts == [0, 1]
    with pytest.raises(EngineBusyError):
        await idle


async def test_what_became_of_every_job_is_told(make: Make) -> None:
    worker = await started(make(lanes=1, queue_limit=0, stuck_seconds=0.05, restart_wait_seconds=20))
    figures: list[JobFigures] = []
    worker.observe = figures.append

    await echo(worker, "好")
    with pytest.raises(EngineUnavailableError):
        await worker.ask({"do": "fail", "word": "不行"}, timeout_seconds=10)
    hanging = asyncio.create_task(worker.ask({"do": "hang"}, timeout_seconds=0.2))
    await asyncio.sleep(0)
    with pytest.raises(EngineBusyError):
        await echo(worker, "挤不进")
    with pytest.raises(EngineUnavailableError):
        await hanging

    assert [each.outcome for each in figures] == ["done", "failed", "shed", "late"]
    assert figures[-1].worked_seconds == pytest.approx(0.2, abs=0.1)


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
