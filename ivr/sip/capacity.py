"""How many call legs the SIP library of this installation was built for (``PJSUA_MAX_CALLS``).

Only the library knows, and only once it runs; so it is asked in a process of its own, which then ends.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from typing import Final

from ivr.sip.settings import SipUnavailableError

_ASK_SECONDS: Final = 30.0
_AS_MANY_AS_THERE_ARE: Final = 512


async def library_capacity() -> int:
    """Return the call legs one process can hold. Raises ``SipUnavailableError`` when the library does not say."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr.sip.capacity",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            answer, _ = await process.communicate()
        return int(answer)
    except (TimeoutError, ValueError):
        raise SipUnavailableError("SIP 库没有说明每个进程能接几路电话") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def main() -> None:
    """Print the number."""
    import pjsua2 as pj  # noqa: PLC0415 -- whoever only asks must not load the library

    native = ctypes.CDLL(sys.modules["pjsua2._pjsua2"].__file__)
    native.pj_log_set_level(0)
    endpoint = pj.Endpoint()
    settings = pj.EpConfig()
    settings.uaConfig.threadCnt = 0
    settings.uaConfig.maxCalls = _AS_MANY_AS_THERE_ARE
    settings.logConfig.level = settings.logConfig.consoleLevel = 0
    endpoint.libCreate()
    endpoint.libInit(settings)
    print(native.pjsua_call_get_max_count(), flush=True)
    endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)


if __name__ == "__main__":
    main()
