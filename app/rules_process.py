"""Trials of the dispatch catalogue in a process of their own: they take many seconds, and neither a page nor a call waits for that."""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from contextlib import suppress
from typing import Final

from hotline.city import load_city
from hotline.domain.errors import CityConfigError, EngineUnavailableError
from router.matters import load_matters
from router.trial import Trial, TrialWork, tried

_NICE: Final = 10
_SECONDS: Final = 600.0
_COMMAND: Final = "from app.rules_process import serve; serve()"


def tried_here(work: TrialWork) -> Trial:
    """Do the work here. A catalogue that cannot be read is a mistake of the trial."""
    try:
        city = load_city(work.city)
        return tried(work.old, work.new, city, load_matters(city), work.orders, at=work.at)
    except CityConfigError as error:
        return Trial(mistakes=(f"{error.file} {error.row}：{error.reason}",))


async def tried_in_own_process(work: TrialWork) -> Trial:
    """Have a process do the work. Raises ``EngineUnavailableError`` when it fails or is late; it ends with who waits for it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _COMMAND, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_SECONDS):
            answer, _ = await process.communicate(pickle.dumps(work))
    except TimeoutError:
        raise EngineUnavailableError("rules trial", "超时") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        raise EngineUnavailableError("rules trial", f"进程以 {process.returncode} 结束")
    found = pickle.loads(answer)  # noqa: S301 -- our own process wrote it
    assert isinstance(found, Trial)
    return found


def serve() -> None:
    """Do the work that comes on standard input and write the answer to standard output."""
    os.nice(_NICE)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    work: TrialWork = pickle.load(sys.stdin.buffer)  # noqa: S301 -- our own process wrote it
    with output:
        pickle.dump(tried_here(work), output)
