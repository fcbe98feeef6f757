"""The demo: real SIP calls with synthesised callers against a running hotline, and what came of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np

from app.agent_interface import PREFIX as AGENTS
from app.callers import CallFailedError, Hotline, Script, call
from app.city_words import lexicon
from app.machine import running
from app.processes import free_port
from app.reports import latency_figures, printed
from app.settings import Settings
from hotline.city import City, load_city, read_yaml
from hotline.domain.speech import PHONE_BAND
from ivr.sip.sound import write_wav
from tts.engines.kokoro import KokoroSynthesizer, kokoro_worker
from tts.reading import Reading

Tell = Callable[[str], None]

_READY_SECONDS: Final = 20.0
_PAUSE_BYTES: Final = 8_000
_AGENT: Final = "agent"
_SEAT: Final = "8001"  # an agent who signs in, as all do in daily use; ``_AGENT`` is rung while nobody has
_PHONES: Final = ("110", "119", "120", "122", _AGENT, _SEAT)
_ALIVE_SECONDS: Final = 10.0


@dataclass(slots=True)
class StandIns:
    """Stand-in telephones of the emergency lines and of an agent, and what they saw."""

    port: int
    seen: dict[str, dict[str, bool]] = field(
        default_factory=lambda: {user: {"rang": False, "answered": False} for user in _PHONES}
    )

    @property
    def addresses(self) -> dict[str, str]:
        """Where they ring."""
        return {user: f"sip:{user}@127.0.0.1:{self.port}" for user in _PHONES if user != _SEAT}

    @property
    def seats(self) -> str:
        """How the telephones of agents who have signed in are reached."""
        return f"sip:{{agent}}@127.0.0.1:{self.port}"

    def take(self, event: Mapping[str, Any]) -> None:
        """Note one event of theirs."""
        marks = {"ringing": "rang", "answered": "answered"}
        if event.get("event") in marks and event.get("user") in self.seen:
            self.seen[event["user"]][marks[event["event"]]] = True


@asynccontextmanager
async def stand_ins() -> AsyncIterator[StandIns]:
    """Run the stand-in telephones in a process of their own."""
    phones = StandIns(free_port(socket.SOCK_DGRAM))
    users = [part for user in _PHONES for part in ("--user", user)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr.standin", "--listen", f"127.0.0.1:{phones.port}", *users,
        "--ring-seconds", "0.5", "--talk-seconds", "4", "--json-lines",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    ready = asyncio.Event()

    async def read(lines: asyncio.StreamReader) -> None:
        async for line in lines:
            event = json.loads(line)
            if event["event"] == "ready":
                ready.set()
            phones.take(event)

    reader = asyncio.create_task(read(process.stdout))
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await ready.wait()
        yield phones
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        reader.cancel()


@asynccontextmanager
async def signed_in(hotline: Hotline, agent: str) -> AsyncIterator[None]:
    """Sign an agent in over the interface, and keep their desk open."""

    async def stay(http: httpx.AsyncClient) -> None:
        while True:
            await asyncio.sleep(_ALIVE_SECONDS)
            await http.get(f"{AGENTS}/{agent}/handover")

    async with hotline.client() as http:
        (await http.put(f"{AGENTS}/{agent}", json={"name": agent})).raise_for_status()
        desk = asyncio.create_task(stay(http))
        try:
            yield
        finally:
            desk.cancel()


async def render_callers(
    settings: Settings, city: City, rows: list[Mapping[str, Any]], folder: Path, tell: Tell
) -> None:
    """Have the callers' words spoken by voices other than the hotline's, once; 8 kHz files."""
    wanted = [(row["voice"], text) for row in rows for text in row["says"]]
    missing = [(voice, text) for voice, text in wanted if not wav_of(folder, voice, text).exists()]
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    words, file = lexicon(city, "pronunciation")
    async with AsyncExitStack() as stack:
        worker = kokoro_worker(settings.models_dir)
        stack.push_async_callback(worker.close)
        await worker.start()
        for done, (voice, text) in enumerate(missing, 1):
            tell(f"合成来电人的声音 {done}/{len(missing)}")
            speaker = KokoroSynthesizer(
                worker, Reading(words, file=str(file)), voice=voice, timeout_seconds=60
            )
            parts = [part async for part in speaker.synthesize(text, audio=PHONE_BAND)]
            gap = np.zeros(_PAUSE_BYTES // 8, dtype="<i2").tobytes()
            fresh = wav_of(folder, voice, text).with_suffix(".new.wav")
            write_wav(fresh, gap.join(parts))
            fresh.replace(wav_of(folder, voice, text))


def wav_of(folder: Path, voice: str, text: str) -> Path:
    """Return the file that holds ``text`` in ``voice``."""
    return folder / f"{voice}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.wav"


def checked(row: Mapping[str, Any], report: Mapping[str, Any], phones: StandIns) -> list[dict[str, Any]]:
    """Compare what came of a call with what was expected of it."""
    expect = row["expect"]
    order = report["work_order"] or {}
    found = {"outcome": report["outcome"] == expect["outcome"]}
    if "category" in expect and expect["outcome"] == "registered":
        found["category"] = str(order.get("category", "")).startswith(expect["category"])
        found["lead_unit"] = bool(order.get("lead_unit"))
        found["due_at"] = bool(order.get("due_at"))
    if "category" in expect and expect["outcome"] == "answered":
        found["article"] = report["article"] is not None
    if "place" in expect:
        found["place"] = expect["place"] in str(order.get("place", ""))
    if "rating" in expect:
        found["rating"] = report["rating"] == expect["rating"]
    if "stand_in" in expect:
        found["stand_in"] = all(phones.seen[expect["stand_in"]].values())
    return [{"call": row["name"], "check": name, "is_met": is_met} for name, is_met in found.items()]


async def run_demo(settings: Settings, tell: Tell, folder: Path) -> bool:
    """Place the demo's calls, print them, write ``report.json``; True when every call went as expected."""
    city = load_city(settings.city)
    rows = read_yaml(city.folder / "demo.yaml")["calls"]
    sounds = settings.models_dir.parent / "callers"
    await render_callers(settings, city, rows, sounds, tell)
    reports, checks = [], []
    async with stand_ins() as phones:
        settings = settings.model_copy(update={"transfers": phones.addresses, "agent_address": phones.seats})
        async with running(settings, tell) as hotline, signed_in(hotline, _SEAT):
            tell(f"热线已就绪：{hotline.sip}，{hotline.web}/")
            for row in rows:
                tell(f"── 来电：{row['name']}（{row['voice']}）")
                script = Script(
                    row["name"], [wav_of(sounds, row["voice"], text) for text in row["says"]], row["caller"]
                )
                try:
                    report = await call(hotline, script, lambda event: _show(event, tell))
                except CallFailedError as error:
                    tell(f"   {error}")
                    report = {
                        "name": row["name"],
                        "outcome": "failed",
                        "article": None,
                        "work_order": None,
                        "record": None,
                        "rating": None,
                        "turns": [],
                    }
                reports.append(report)
                checks += checked(row, report, phones)
                tell(printed(report))
    folder.mkdir(parents=True, exist_ok=True)
    figures = latency_figures(reports)
    whole = {"calls": reports, "stand_ins": phones.seen, "checks": checks, "figures": figures}
    (folder / "report.json").write_text(
        json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    tell(
        f"说完到听见回答：p50 {figures['latency_p50_ms']} ms，p95 {figures['latency_p95_ms']} ms（{figures['turns']} 轮）"
    )
    for one in checks:
        if not one["is_met"]:
            tell(f"不符合预期：{one['call']}，{one['check']}")
    tell(f"结果写入 {folder / 'report.json'}")
    return all(one["is_met"] for one in checks)


def _show(event: Mapping[str, Any], tell: Tell) -> None:
    body = event.get("body") or {}
    match event.get("name"):
        case "Said":
            tell(f"   诉求人：{body['text']}")
        case "Say":
            tell(f"   热线：{''.join(body['parts'])}")
        case "GiveWayToEmergency":
            tell(f"   [转接 {body['service']}]")
        case "TransferToAgent":
            tell(f"   [转人工：{body['briefing']}]")
        case "AgentJoined":
            tell(f"   [已接通{body.get('agent')}]")
        case _:
            pass
