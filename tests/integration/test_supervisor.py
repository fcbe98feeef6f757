"""The supervisor keeps real processes running, renews them when they have finished, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from app import processes
from app.processes import Part, Supervisor

FINISHES_FIRST = """
import pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1) if not asked else sys.exit(3))
signal.signal(signal.SIGINT, lambda *_: sys.exit(3))
(folder / "up").touch()
while not asked or (folder / "busy").exists():
    time.sleep(0.02)
(folder / "finished").touch()
"""
HAS_A_CHILD = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
(pathlib.Path(sys.argv[1]) / "child").write_text(str(child.pid))
(pathlib.Path(sys.argv[1]) / "up").touch()
time.sleep(60)
"""


SUPERVISES = """
import asyncio, contextlib, pathlib, sys
from app.entry import end_in_order
from app.processes import Part, Supervisor

folder = pathlib.Path(sys.argv[1])

async def main():
    async with contextlib.AsyncExitStack() as stack:
        supervisor = Supervisor(folder / "logs")
        stack.push_async_callback(supervisor.close)

        async def is_up():
            return (folder / "up").exists()

        await supervisor.start(Part("part", [sys.executable, "-c", sys.argv[2], str(folder)], is_up))
        print(supervisor.pid("part"), flush=True)
        await asyncio.sleep(60)

end_in_order()
asyncio.run(main())
"""
IN_THE_BACKGROUND = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""As a shell starts a command with ``&``."""
DIES_AT_ONCE = """
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
(folder / "up").touch()
with (folder / "starts").open("a") as starts:
    starts.write("1")
"""


def is_over(process: int) -> bool:
    """Tell whether a process has ended; one that nobody has waited for yet has."""
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Supervised:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dead: list[int] = []
        self.supervisor = Supervisor(folder / "logs", on_death=self.dead.append)

    async def start(self, script: str, *, drain_seconds: float = 0.0) -> int:
        await self.begin(script, drain_seconds=drain_seconds)
        return self.pid

    async def begin(self, script: str, *, drain_seconds: float = 0.0) -> None:
        async def is_up() -> bool:
            return (self.folder / "up").exists()

        command = [sys.executable, "-c", script, str(self.folder)]
        await self.supervisor.start(
            Part("one", command, is_up, drain_seconds=drain_seconds, ready_seconds=10)
        )

    @property
    def pid(self) -> int:
        pid = self.supervisor.pid("one")
        assert pid is not None
        return pid

    def touch(self, name: str) -> Path:
        (self.folder / name).touch()
        return self.folder / name


@pytest.fixture
async def supervised(tmp_path: Path) -> AsyncIterator[Supervised]:
    supervised = Supervised(tmp_path)
    yield supervised
    await supervised.supervisor.close()


async def test_a_part_is_renewed_when_it_has_finished_what_it_had_begun(supervised: Supervised) -> None:
    first = await supervised.start(FINISHES_FIRST, drain_seconds=30)
    busy = supervised.touch("busy")
    renewing = asyncio.create_task(supervised.supervisor.restart("one"))
    await asyncio.sleep(0.5)
    assert supervised.pid == first
    busy.unlink()
    await renewing
    assert (supervised.folder / "finished").exists()
    assert supervised.pid != first
    assert supervised.dead == [first]


async def test_at_the_end_what_is_begun_is_waited_for_only_when_asked(supervised: Supervised) -> None:
    await supervised.start(FINISHES_FIRST, drain_seconds=30)
    busy = supervised.touch("busy")
    draining = asyncio.create_task(supervised.supervisor.drain())
    await asyncio.sleep(0.3)
    assert not draining.done()
    busy.unlink()
    await draining
    assert (supervised.folder / "finished").exists()
    await asyncio.sleep(0.3)
    assert supervised.supervisor.pid("one") is None


async def test_an_end_that_comes_while_a_part_is_renewed_does_not_hurry_it(supervised: Supervised) -> None:
    await supervised.start(FINISHES_FIRST, drain_seconds=30)
    busy = supervised.touch("busy")
    renewing = asyncio.create_task(supervised.supervisor.restart("one"))
    await asyncio.sleep(0.3)
    renewing.cancel()
    draining = asyncio.create_task(supervised.supervisor.drain())
    await asyncio.sleep(0.3)
    assert not draining.done()
    busy.unlink()
    await draining
    assert (supervised.folder / "finished").exists()


async def test_a_hurried_end_waits_for_nothing(supervised: Supervised) -> None:
    await supervised.start(FINISHES_FIRST, drain_seconds=30)
    supervised.touch("busy")
    async with asyncio.timeout(5):
        await supervised.supervisor.close()
    assert not (supervised.folder / "finished").exists()


async def test_what_a_killed_part_had_started_goes_with_it(supervised: Supervised) -> None:
    first = await supervised.start(HAS_A_CHILD)
    child = int((supervised.folder / "child").read_text())
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        while supervised.supervisor.pid("one") in (None, first):
            await asyncio.sleep(0.05)
    assert is_over(child)
    assert supervised.dead == [first]


async def test_a_part_that_has_worked_is_never_given_up(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_PAUSES", (0.01, 0.02))
    await supervised.begin(DIES_AT_ONCE)
    async with asyncio.timeout(20):
        while len((supervised.folder / "starts").read_text()) < 8:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("before", ["", IN_THE_BACKGROUND], ids=["at a terminal", "in the background"])
async def test_a_command_that_is_ended_leaves_none_of_its_parts_behind(tmp_path: Path, before: str) -> None:
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-c", before + SUPERVISES, str(tmp_path), HAS_A_CHILD,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert command.stdout is not None
    async with asyncio.timeout(30):
        part = int(await command.stdout.readline())
        child = int((tmp_path / "child").read_text())
        command.send_signal(signal.SIGTERM)
        await command.wait()
    assert is_over(part)
    assert is_over(child)
