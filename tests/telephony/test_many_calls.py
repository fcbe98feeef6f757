"""Many calls on one machine: several processes behind Kamailio, one of which may be renewed or die (SIPp)."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import select

from app.call_presence import all_callers_can_be_taken
from app.clock import now
from app.machine import figures_folder
from app.settings import secret_file
from app.telephone_exchange import ExchangeError, kamailio_program
from hotline.domain.appeal import PhoneNumber
from hotline.domain.callbacks import CallbackReason
from hotline.domain.drafts import BrokenCall
from hotline.service.drafts import BrokenCalls
from hotline.store.callbacks import SqlCallbacks
from hotline.store.sealing import Seal
from hotline.store.tables import held_calls
from ivr.sip.probe import answers_options
from ivr.sip.sound import read_wav, write_wav
from tests.telephony.light_call_process import WORDS
from tests.telephony.many import Many, answer_to, many_calls
from tests.telephony.support import Program, program, refusal, sipp

pytestmark = [
    pytest.mark.telephony,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]

OPTIONS = """OPTIONS sip:12345@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP {own};branch=z9hG4bK1;rport
Max-Forwards: 70
From: <sip:trunk@127.0.0.1>;tag=1
To: <sip:12345@127.0.0.1>
Call-ID: a
CSeq: 1 OPTIONS
User-Agent: trunk
Content-Length: 0

"""

CALLER = "13905390000"
UNLUCKY = "13905390011"
OTHER_TRUNK = "127.0.0.9"
BOTH = {"ivr-1": 3.0, "ivr-2": 3.0}


async def speech(folder: Path, name: str, *, silence_seconds: float = 0.0) -> Path:
    """A voice that says something; what, is the light recogniser's business."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("no program espeak-ng")
    raw, file = folder / f"raw-{name}", folder / name
    process = await asyncio.create_subprocess_exec(
        "espeak-ng", "-v", "cmn", "-s", "130", "-w", str(raw), "兰山区银雀山街道的路灯坏了没有人修"
    )
    assert await process.wait() == 0
    write_wav(file, bytes(round(silence_seconds * 8_000) * 2) + read_wav(raw))
    return file


def caller(many: Many, phone: str, *wavs: Path) -> AbstractAsyncContextManager[Program]:
    steps = [argument for wav in wavs for argument in ("--wav", str(wav))]
    return program(
        "-m", "ivr.caller", f"sip:12345@127.0.0.1:{many.port}", *steps, "--caller", phone, "--linger", "4",
        "--json-lines",
    )  # fmt: skip


async def said(many: Many, *conversations: str) -> None:
    """Wait until each of the callers has said something that was kept."""
    async with asyncio.timeout(30):
        for conversation in conversations:
            while all(row["name"] != "Said" for row in await many.store.read(conversation)):
                await asyncio.sleep(0.1)


def figures(many: Many) -> dict[str, float]:
    """Return how many callers each process says that it takes."""
    shared = CollectorRegistry()
    MultiProcessCollector(shared, str(figures_folder(many.settings)))
    samples = (sample for metric in shared.collect() for sample in metric.samples)
    return {each.labels["process"]: each.value for each in samples if each.name == "hotline_calls_capacity"}


async def renewed(many: Many, name: str, former: int) -> None:
    """Wait until another process has taken the place of ``former``."""
    port = next(each.sip_port for each in many.exchange.processes if each.call_process == name)
    async with asyncio.timeout(60):
        while many.supervisor.pid(name) in (None, former) or not await answers_options("127.0.0.1", port):
            await asyncio.sleep(0.2)


async def only_held(many: Many, *conversations: str) -> None:
    """Wait until these are the only calls that count as held."""
    found: list[str] = []
    try:
        async with asyncio.timeout(40):  # SIPp gives up after 30 s
            while (found := await all_held(many)) != [*conversations]:
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"held, besides {conversations}: {found}")


async def broken_calls(many: Many) -> list[BrokenCall]:
    """Look for broken calls as the worker does, when the processes that died have been silent for long."""
    found: list[BrokenCall] = []

    async def call_back(broken: BrokenCall, _: datetime) -> None:
        found.append(broken)

    calls = BrokenCalls(many.drafts, many.store, call_back)
    await calls.look(now() + timedelta(seconds=40))
    await calls.look(now() + timedelta(seconds=60))
    return found


@pytest.fixture(scope="module", autouse=True)
def kamailio() -> None:
    try:
        kamailio_program()
    except ExchangeError as error:
        pytest.skip(str(error))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(kamailio: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Many]:
    """Two processes of three callers each, for all tests."""
    trunks = ["127.0.0.1/32", f"{OTHER_TRUNK}/32"]
    async with many_calls(tmp_path_factory.mktemp("many"), calls=6, trunks=trunks) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def many(exchange: Many) -> Many:
    """The exchange, when it serves all callers again after the test before, however that one ended."""
    state: object = None
    try:
        async with asyncio.timeout(60):
            while (state := (await calls_by_process(exchange), figures(exchange))) != ({}, BOTH):
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"calls by process, and what each takes: {state}")
    await dispatched(exchange)
    return exchange


async def dispatched(many: Many, *lost: str) -> None:
    """Wait until Kamailio has found both processes by its probes: two calls go one to each, besides ``lost`` ones."""
    for port in (*(each.sip_port for each in many.exchange.processes), many.port):
        async with asyncio.timeout(60):
            while not await answers_options("127.0.0.1", port):
                await asyncio.sleep(0.1)
    spread: list[set[str]] = []
    for _ in range(20):
        two = asyncio.create_task(call(many, 2))
        by_process = await held(many, 2 + len(lost))
        assert await two == 0
        await only_held(many, *lost)
        spread.append({process for process, calls in by_process.items() if set(calls) - set(lost)})
        if len(spread[-1]) == 2:
            return
    pytest.fail(f"calls go to one process only: {spread}")


async def call(
    many: Many,
    count: int,
    *,
    seconds: float = 1.0,
    rate: int = 20,
    scenario: str = "stays",
    phone: str = CALLER,
) -> int:
    """Place calls and return how many failed."""
    length = ("-d", str(round(seconds * 1_000)), "-s", phone) if scenario == "stays" else ()
    return await sipp(
        many, "-m", str(count), "-r", str(rate), *length, scenario=scenario, seconds=seconds + 30
    )


async def takes(many: Many, count: int, *lost: str) -> None:
    """Wait until so many callers are taken at once: a process that was passed over just now is one that is asked again."""
    failed: list[int] = []
    for _ in range(10):
        failed.append(await call(many, count))
        if failed[-1] == 0:
            return
        await only_held(many, *lost)
    pytest.fail(f"of {count} calls at once failed each time: {failed}")


async def freeze(pid: int) -> None:
    """Stop a process, and wait until it stands still: its threads run on until one of them has seen the signal."""
    os.kill(pid, signal.SIGSTOP)
    async with asyncio.timeout(20):
        while any(state(each) != "T" for each in Path(f"/proc/{pid}/task").iterdir()):
            await asyncio.sleep(0.01)


def state(task: Path) -> str:
    """Return the state of a thread as the kernel tells it ("T": stopped)."""
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


async def worked_off(many: Many) -> None:
    """Wait until a process that hung has dealt with the calls it was sent meanwhile: nobody is held for two seconds."""
    port, calm = many.exchange.processes[0].sip_port, 0
    async with asyncio.timeout(60):
        while calm < 20:
            is_calm = await answers_options("127.0.0.1", port) and not await calls_by_process(many)
            calm = calm + 1 if is_calm else 0
            await asyncio.sleep(0.1)


async def figures_become(many: Many, expected: dict[str, float]) -> None:
    """Wait until the processes say that they take so many callers."""
    async with asyncio.timeout(30):
        while figures(many) != expected:
            await asyncio.sleep(0.05)


async def missed(many: Many) -> list[str]:
    """Return the numbers that are to be called back since they were missed."""
    callbacks = SqlCallbacks(many.store.database, Seal(secret_file(many.settings.data_dir / "at_rest.key")))
    tasks = await callbacks.open_tasks(limit=100)
    return [task.phone.digits for task in tasks if task.reason is CallbackReason.MISSED]


async def noted(many: Many, *phones: str) -> None:
    """Wait until these numbers are to be called back, each once."""
    async with asyncio.timeout(20):
        while not set(phones) <= set(await missed(many)):
            await asyncio.sleep(0.1)
    found = await missed(many)
    assert [found.count(phone) for phone in phones] == [1] * len(phones)


async def calls_by_process(many: Many) -> dict[str, list[str]]:
    """Return the conversations that each process holds, by its name."""
    async with many.store.database.reading() as connection:
        rows = (await connection.execute(select(held_calls.c.conversation, held_calls.c.process))).all()
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.process.split(":")[1], []).append(row.conversation)
    return found


async def all_held(many: Many) -> list[str]:
    """Return the conversations that are held, by whatever process."""
    return [call for each in (await calls_by_process(many)).values() for call in each]


async def held(many: Many, count: int) -> dict[str, list[str]]:
    """Wait until so many calls are held, and return them by process."""
    found: dict[str, list[str]] = {}
    try:
        async with asyncio.timeout(20):
            while sum(map(len, (found := await calls_by_process(many)).values())) < count:
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"of {count} calls these are held: {found}")
    return found


async def test_calls_are_spread_and_twice_as_many_are_refused_at_once_while_the_first_go_on(
    many: Many,
) -> None:
    # Longer than all that follows takes on a busy machine.
    first = asyncio.create_task(call(many, 6, seconds=15))
    assert {name: len(each) for name, each in (await held(many, 6)).items()} == {"ivr-1": 3, "ivr-2": 3}
    assert await call(many, 6, rate=100, scenario="busy") == 0
    for phone in ("13905390021", "13905390021", "13905390022"):
        assert await refusal(many.port, phone) == 486
    # Nor is anybody lost where a full process hangs, whether it is asked first or last.
    hanging = many.supervisor.pid("ivr-1")
    assert hanging is not None
    await freeze(hanging)
    try:
        both = await asyncio.gather(*(refusal(many.port, phone) for phone in ("13905390023", "13905390024")))
    finally:
        os.kill(hanging, signal.SIGCONT)
    assert both == [486, 486]
    assert await first == 0
    await worked_off(many)
    await noted(many, "13905390021", "13905390022", "13905390023", "13905390024")
    await takes(many, 6)


async def test_strangers_scanners_and_misuse_get_nothing(many: Many) -> None:
    assert await answer_to(OPTIONS, many.port) == "SIP/2.0 200 OK"
    assert await answer_to(OPTIONS, many.port, source="127.0.0.2") == ""
    assert await answer_to(OPTIONS.replace(": trunk", ": friendly-scanner"), many.port) == ""
    register = OPTIONS.replace("OPTIONS", "REGISTER")
    assert await answer_to(register, many.port) == "SIP/2.0 405 Method Not Allowed"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind((OTHER_TRUNK, 0))
        elsewhere.setblocking(False)
        target = f"sip:x@{OTHER_TRUNK}:{elsewhere.getsockname()[1]}"
        route = f"Route: <sip:127.0.0.1:{many.port};lr>\n"
        bye = OPTIONS.replace("OPTIONS sip:12345@127.0.0.1", f"BYE {target}").replace("OPTIONS", "BYE")
        bye = bye.replace("@127.0.0.1>\nCall-ID", "@127.0.0.1>;tag=2\n" + route + "Call-ID")
        assert await answer_to(bye, many.port) == "SIP/2.0 403 Forbidden"
        with pytest.raises(BlockingIOError):
            elsewhere.recv(1)


async def test_a_flood_from_one_address_is_not_answered_and_ends_with_itself(many: Many) -> None:
    assert await answer_to(OPTIONS, many.port, source=OTHER_TRUNK) == "SIP/2.0 200 OK"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flooding:
        flooding.bind((OTHER_TRUNK, 0))
        message = OPTIONS.replace("\n", "\r\n").replace("{own}", f"{OTHER_TRUNK}:{flooding.getsockname()[1]}")
        for number in range(4 * many.settings.sip_messages_per_second):
            flooding.sendto(message.encode(), ("127.0.0.1", many.port))
            if number % 50 == 0:
                await asyncio.sleep(0.01)
    assert await answer_to(OPTIONS, many.port, source=OTHER_TRUNK, seconds=0.3) == ""
    assert await call(many, 2) == 0
    async with asyncio.timeout(30):
        while not await answer_to(OPTIONS, many.port, source=OTHER_TRUNK):
            await asyncio.sleep(1)


async def test_calls_go_to_the_others_while_a_process_hangs(many: Many) -> None:
    frozen = many.supervisor.pid("ivr-1")
    assert frozen is not None
    await freeze(frozen)
    try:
        assert await call(many, 3, rate=1) == 0
    finally:
        os.kill(frozen, signal.SIGCONT)
    await worked_off(many)


async def test_who_calls_when_no_process_is_there_is_refused_and_called_back(
    kamailio: None, tmp_path: Path
) -> None:
    async with many_calls(tmp_path, calls=6, are_there=False) as many:
        assert await refusal(many.port, "13905390041") == 503  # asked in vain
        await noted(many, "13905390041")
        async with asyncio.timeout(30):
            while await answer_to(OPTIONS, many.port) != "SIP/2.0 503 Service Unavailable":
                await asyncio.sleep(0.2)
        assert await refusal(many.port, "13905390042") == 503  # known to be away
        await noted(many, "13905390042")


async def test_calls_go_on_when_kamailio_dies_and_new_ones_are_taken_soon(many: Many) -> None:
    long = asyncio.create_task(call(many, 4, seconds=8))
    await held(many, 4)
    killed = many.supervisor.pid("kamailio")
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    try:
        async with asyncio.timeout(60):
            while many.supervisor.pid("kamailio") in (None, killed):
                await asyncio.sleep(0.02)
            while not await answers_options("127.0.0.1", many.port):
                await asyncio.sleep(0.1)
    except TimeoutError:
        log = many.settings.data_dir / "logs" / "kamailio.log"
        pytest.fail(f"{killed} → {many.supervisor.pid('kamailio')}: {log.read_text()[-2_000:]}")
    await takes(many, 1)
    assert await long == 0
    await takes(many, 6)


async def test_processes_are_renewed_one_after_the_other_and_no_call_is_cut(many: Many) -> None:
    before = {name: many.supervisor.pid(name) for name in ("ivr-1", "ivr-2")}
    long = asyncio.create_task(call(many, 2, seconds=8))
    assert {name: len(each) for name, each in (await held(many, 2)).items()} == {"ivr-1": 1, "ivr-2": 1}
    told: list[str] = []
    renewing = asyncio.create_task(many.machine().renew_call_processes(told.append))
    failures = 0
    while not renewing.done():
        failures += await call(many, 1, phone="13905390031")
    await renewing
    assert await long == 0
    assert failures == 0
    assert "13905390031" not in await missed(many)  # the next process took whom the first one refused
    assert [line.split("：")[0] for line in told] == ["ivr-1", "ivr-1", "ivr-2", "ivr-2"]
    assert all(many.supervisor.pid(name) not in (None, pid) for name, pid in before.items())


async def test_a_process_that_dies_loses_only_its_own_calls_and_keeps_what_was_said(
    many: Many, tmp_path: Path
) -> None:
    assert await all_callers_can_be_taken(many.settings, many.drafts)
    at_once, later = await speech(tmp_path, "a.wav"), await speech(tmp_path, "b.wav", silence_seconds=5.0)
    async with caller(many, UNLUCKY, at_once), AsyncExitStack() as afterwards:
        ((dying, (lost,)),) = (await held(many, 1)).items()
        afterwards.push_async_callback(
            many.drafts.release, lost
        )  # whatever fails, the next test finds nobody
        async with caller(many, "13905390012", at_once, later) as lucky:
            by_process = await held(many, 2)
            ((unharmed,),) = (calls for process, calls in by_process.items() if process != dying)
            await said(many, lost, unharmed)
            killed = many.supervisor.pid(dying)
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            await figures_become(many, {name: each for name, each in BOTH.items() if name != dying})
            report = await lucky.event("report", seconds=60)
        # In the sound that was received: whoever is at another process hears no two seconds of nothing.
        assert [turn["latency_ms"] <= 2_000 for turn in report["turns"]] == [True, True]
        assert report["ended_by"] == "caller"
        await renewed(many, dying, killed)
        await figures_become(many, BOTH)
        await dispatched(many, lost)
        await takes(many, 6, lost)
        await only_held(many, lost)
        (broken,) = await broken_calls(many)
        assert (broken.conversation, broken.phone, broken.order_number) == (lost, PhoneNumber(UNLUCKY), None)
        assert set(broken.words.splitlines()) == {WORDS}
        assert await broken_calls(many) == []
