"""Many calls on one machine: as many call processes as are needed, behind Kamailio's dispatcher (多路电话).

One call process holds as many calls as the SIP library was built for (4 in the wheel) and is a crash domain of its
own. As long as one is enough it listens on the public port itself, and there is no Kamailio.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path
from string import Template
from typing import Final

from app.processes import Part
from app.settings import Settings
from hotline.domain.errors import HotlineError
from ivr.sip.probe import answers_options
from ivr.sip.settings import LAST_TRY

_FORM: Final = Path(__file__).parent / "kamailio.cfg"
_PLACES: Final = (Path("/usr/sbin/kamailio"), Path("/usr/local/sbin/kamailio"))  # not on every user's path
_CHECK_SECONDS: Final = 10.0
_LAST_PORT: Final = 65_535
_PROBE_SECONDS: Final = 2
KNOWN_AGAIN_SECONDS: Final = 2.0 * _PROBE_SECONDS + 1.0
"""After so long Kamailio gives calls to a process that is back: it has asked it twice."""
_RING_SECONDS: Final = 15
"""A call process answers at once: one that hangs after its first sign of life is passed over, too."""
_ANSWER_SECONDS: Final = 1.5
"""A call process that does not react to a call for so long is passed over."""
_SCANNERS: Final = (
    "friendly-scanner", "sipvicious", "sundayddr", "sipcli", "sip-scan", "sipsak", "iWar", "VaxSIPUserAgent",
    "pplsip", "SIVuS", "smap", "gulp", "eyeBeam release 3006o", "^cisco$",
)  # fmt: skip
"""User agents of programs that look for telephone systems to abuse, seen at trunks as well."""


class ExchangeError(HotlineError):
    """Many calls cannot be taken as the settings say; ``reason`` says what to change, in Chinese."""

    code = "exchange.unusable"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class ExchangePlan:
    """The call processes, each with its own settings; ``is_dispatched``: Kamailio stands in front of them."""

    processes: tuple[Settings, ...]
    is_dispatched: bool

    @property
    def standby_port(self) -> int:
        """Return where calls go that no process takes: behind the ports of the processes; 0 without Kamailio."""
        return self.processes[-1].sip_port + 1 if self.is_dispatched else 0


def callers_per_process(capacity: int) -> int:
    """Return how many callers a process takes of ``capacity`` legs: of four legs one is left for transfers."""
    return max(1, capacity - max(1, capacity // 4))


def plan(settings: Settings, capacity: int) -> ExchangePlan:
    """Return the call processes for ``settings.calls`` callers at once.

    ``max_calls`` bounds the callers of one process where it is set. Raises ``ExchangeError`` when addresses or ports
    do not suffice.
    """
    if settings.calls is None:
        return ExchangePlan((settings,), is_dispatched=False)
    share = callers_per_process(capacity)
    if "max_calls" in settings.model_fields_set:
        share = min(share, settings.max_calls)
    count = -(-settings.calls // share)
    if count == 1:
        return ExchangePlan((settings.model_copy(update={"max_calls": settings.calls}),), is_dispatched=False)
    host = public_address(settings)
    _check_ports(settings, count, legs=capacity)
    shares = [settings.calls // count + (index < settings.calls % count) for index in range(count)]
    processes = tuple(
        settings.model_copy(
            update={
                "call_process": f"ivr-{index + 1}",
                "sip_port": settings.call_process_port + index,
                "rtp_port": settings.rtp_port + index * settings.rtp_ports,
                "max_calls": shares[index],
                "trunks": [IPv4Network(host)],
                "is_dispatched": True,
            }
        )
        for index in range(count)
    )
    return ExchangePlan(processes, is_dispatched=True)


def public_address(settings: Settings) -> IPv4Address:
    """Return the address that callers' trunks and call processes share. Raises ``ExchangeError``."""
    try:
        address = IPv4Address(settings.sip_host)
    except AddressValueError:
        raise ExchangeError(f"多路电话需要一个确定的 IPv4 地址，sip_host 是 {settings.sip_host}") from None
    if address.is_unspecified or address.is_multicast:
        raise ExchangeError(f"多路电话需要一个确定的 IPv4 地址，sip_host 是 {settings.sip_host}")
    return address


def _check_ports(settings: Settings, count: int, *, legs: int) -> None:
    first = settings.call_process_port
    own = range(first, first + count + 1)  # one for who finds no process
    sound = range(settings.rtp_port, settings.rtp_port + count * settings.rtp_ports)
    if settings.rtp_ports < 4 * legs:  # two a call, and as many again that are not given up yet
        raise ExchangeError(f"每个电话进程至少要 {4 * legs} 个语音端口，rtp_ports 是 {settings.rtp_ports}")
    if own.stop - 1 > _LAST_PORT or sound.stop - 1 > _LAST_PORT:
        raise ExchangeError(f"{count} 个电话进程的端口超过 {_LAST_PORT}：请改 call_process_port 或 rtp_port")
    ranges = {"call_process_port": own, "rtp_port": sound}
    if clash := [name for name, ports in ranges.items() if settings.sip_port in ports]:
        raise ExchangeError(f"sip_port {settings.sip_port} 落在 {clash[0]} 的范围里")
    if own.start < sound.stop and sound.start < own.stop:
        raise ExchangeError("call_process_port 与 rtp_port 的范围重叠")


# --- Kamailio ----------------------------------------------------------------------------------------------------


class _Form(Template):
    delimiter = "@"


def kamailio_config(settings: Settings, processes: Sequence[Settings], list_file: Path) -> str:
    """Return Kamailio's configuration. All that is filled in is a number or an address, checked by the settings."""
    if any(character in str(list_file) for character in '"\n\r'):
        raise ExchangeError(f"数据目录的路径含有引号或换行：{list_file}")
    return _Form(_FORM.read_text(encoding="utf-8")).substitute(
        host=public_address(settings),
        port=settings.sip_port,
        first_port=processes[0].sip_port,
        last_port=processes[-1].sip_port,
        standby_port=processes[-1].sip_port + 1,
        last_try=LAST_TRY,
        trunks=",".join(str(network) for network in settings.trunks),
        scanners="|".join(_SCANNERS),
        messages_in_two_seconds=2 * settings.sip_messages_per_second,
        probe_seconds=_PROBE_SECONDS,
        ring_milliseconds=_RING_SECONDS * 1_000,
        answer_milliseconds=round(_ANSWER_SECONDS * 1_000),
        list_file=list_file,
    )


def dispatcher_list(processes: Sequence[Settings]) -> str:
    """Return the call processes as Kamailio's dispatcher reads them: set 1, no flags."""
    return "".join(f"1 sip:{process.sip_host}:{process.sip_port}\n" for process in processes)


def kamailio_program(places: Sequence[Path] = _PLACES) -> Path:
    """Return where Kamailio is. Raises ``ExchangeError`` naming the package when it is nowhere."""
    found = shutil.which("kamailio")
    for place in (Path(found),) if found else places:
        if place.is_file():
            return place
    raise ExchangeError("一个进程接不下这么多电话，多个进程需要 Kamailio：apt-get install kamailio")


async def kamailio_part(settings: Settings, exchange: ExchangePlan) -> Part:
    """Write the configuration, have Kamailio check it, and return it as a part. Raises ``ExchangeError``."""
    program = kamailio_program()
    folder = (settings.data_dir / "kamailio").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    config, destinations = folder / "kamailio.cfg", folder / "dispatcher.list"
    destinations.write_text(dispatcher_list(exchange.processes), encoding="utf-8")
    config.write_text(kamailio_config(settings, exchange.processes, destinations), encoding="utf-8")
    await _check(program, config)

    async def is_up() -> bool:
        return await answers_options(settings.sip_host, settings.sip_port)

    return Part(
        "kamailio",
        [str(program), "-DD", "-E", "-f", str(config), "-Y", str(folder), "-m", "64", "-M", "8"],
        is_up,
        ready_seconds=15,
    )


async def _check(program: Path, config: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        str(program), "-c", "-f", str(config),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ExchangeError("Kamailio 没有在时限内检查完配置") from None
    if process.returncode != 0:
        lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
        raise ExchangeError(f"Kamailio 不接受配置 {config}：{'；'.join(lines[-3:])}")
