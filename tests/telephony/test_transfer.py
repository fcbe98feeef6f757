"""Putting a caller through: bridged and by REFER, with every result the called party can give."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from ivr.line import Gone, TransferResult
from ivr.sip import SipEndpoint, SipLine
from tests.telephony.support import (
    HERE,
    babble,
    free_port,
    hotline,
    listen,
    phones,
    program,
    samples,
    sipp,
    until,
    wholeness,
)

pytestmark = pytest.mark.telephony
CALLER = str(HERE / "baresip_caller.py")


class PutThrough:
    """Transfers every caller at once and keeps what came of it."""

    def __init__(self, address: str, *, ring_seconds: float = 5.0) -> None:
        self.address = address
        self.ring_seconds = ring_seconds
        self.results: list[TransferResult] = []
        self.ends: list[str] = []

    async def hold(self, line: SipLine) -> None:
        following = asyncio.create_task(listen(line))
        self.results.append(await line.transfer(self.address, ring_seconds=self.ring_seconds))
        self.ends += [event.reason for event in (await following)[1] if isinstance(event, Gone)]


def _uri(endpoint: SipEndpoint) -> str:
    return f"sip:12345@127.0.0.1:{endpoint.port}"


async def test_the_two_hear_each_other_until_the_caller_hangs_up(tmp_path: Path) -> None:
    said = babble(3, seed=5)
    (tmp_path / "said.raw").write_bytes(bytes(16_000) + said)
    files = ("--send", str(tmp_path / "said.raw"), "--record", str(tmp_path / "got.raw"))
    async with phones("110", options=("--ring-seconds", "0.3")) as (phone, address):
        through = PutThrough(f"sip:110@{address}")
        async with hotline(through.hold) as endpoint:
            async with program(CALLER, _uri(endpoint), *files, "--seconds", "4.5") as caller:
                ringing = await phone.event("ringing")
                ended = await phone.event("ended")
                assert (await caller.event("ended"))["by"] == "caller"
            await until(lambda: endpoint.calls == 0 and through.ends == ["hung up"])
    assert through.results == [TransferResult.ANSWERED]
    assert (ringing["user"], ringing["caller"]) == ("110", "13905391234")
    assert ended["heard_seconds"] > 2
    got = samples((tmp_path / "got.raw").read_bytes())
    hertz = np.fft.rfftfreq(len(got), 1 / 8_000)[np.abs(np.fft.rfft(got)).argmax()]
    assert hertz == pytest.approx(440, abs=2)  # the stand-in's tone


async def test_a_bridged_call_outlives_the_machine_s_limit_and_has_one_of_its_own() -> None:
    async with phones("110", options=("--ring-seconds", "0.1")) as (phone, address):
        through = PutThrough(f"sip:110@{address}")
        async with (
            hotline(through.hold, max_call_seconds=1.5, max_talk_seconds=4.0) as endpoint,
            program(CALLER, _uri(endpoint), "--seconds", "12") as caller,
        ):
            ended = await phone.event("ended")
            assert (await caller.event("ended"))["by"] == "far_end"
            await until(lambda: endpoint.calls == 0 and len(through.ends) == 1)
    assert ended["seconds"] == pytest.approx(4.0, abs=0.8)


async def test_who_is_let_into_a_call_that_the_hotline_placed_sees_the_number_that_was_called() -> None:
    options = ("--ring-seconds", "0.1")
    async with (
        phones("913905390011", options=options) as (citizen, citizens),
        phones("110", options=options) as (police, address),
        hotline() as endpoint,
    ):
        placed = await endpoint.dial(
            f"sip:913905390011@{citizens}", ring_seconds=5.0, caller="12345", number="13905390011"
        )
        assert placed.line is not None
        assert (await citizen.event("answered"))["caller"] == "12345"
        assert (await placed.line.invite(f"sip:110@{address}", ring_seconds=5.0)).party is not None
        assert (await police.event("answered"))["caller"] == "13905390011"
        await placed.line.hang_up()
        await until(lambda: endpoint.calls == 0)


async def test_the_caller_is_released_when_the_called_party_hangs_up() -> None:
    options = ("--ring-seconds", "0.1", "--talk-seconds", "0.5")
    async with phones("agent", options=options) as (_, address):
        through = PutThrough(f"sip:agent@{address}")
        async with hotline(through.hold) as endpoint:
            async with program(CALLER, _uri(endpoint), "--seconds", "6") as caller:
                assert (await caller.event("ended"))["by"] == "far_end"
            await until(lambda: endpoint.calls == 0 and len(through.ends) == 1)


async def test_a_party_that_does_not_answer_leaves_the_caller_with_the_hotline(tmp_path: Path) -> None:
    prompt = babble(1.0, seed=6)
    results: dict[str, TransferResult] = {}
    async with phones("a=busy", "b=decline", "c=ring") as (phone, address):

        async def hold(line: SipLine) -> None:
            for user in ("a", "b", "c", "unknown"):
                results[user] = await line.transfer(f"sip:{user}@{address}", ring_seconds=1.0)
            line.play(prompt)
            await listen(line)

        got = str(tmp_path / "got.raw")
        async with hotline(hold) as endpoint:
            async with program(CALLER, _uri(endpoint), "--record", got, "--seconds", "3.5") as caller:
                assert (await phone.event("missed"))["user"] == "c"
                assert (await caller.event("ended"))["by"] == "caller"
            await until(lambda: endpoint.calls == 0)
    assert results == {
        "a": TransferResult.BUSY,
        "b": TransferResult.REJECTED,
        "c": TransferResult.NO_ANSWER,
        "unknown": TransferResult.FAILED,
    }
    assert wholeness(samples(prompt), samples(Path(got).read_bytes())) > 0.5


async def test_sound_queued_by_the_hotline_is_heard_while_it_rings(tmp_path: Path) -> None:
    ringing = babble(2, seed=7)
    async with phones("agent=ring") as (_, address):

        async def hold(line: SipLine) -> None:
            line.play(ringing)
            await line.transfer(f"sip:agent@{address}", ring_seconds=2.5)

        got = str(tmp_path / "got.raw")
        options = ("--record", got, "--seconds", "3")
        async with hotline(hold) as endpoint, program(CALLER, _uri(endpoint), *options) as caller:
            await caller.event("ended")
    assert wholeness(samples(ringing), samples(Path(got).read_bytes())) > 0.5


async def test_a_caller_who_gives_up_stops_the_ringing() -> None:
    async with phones("agent=ring") as (phone, address):
        through = PutThrough(f"sip:agent@{address}", ring_seconds=20)
        async with hotline(through.hold) as endpoint:
            async with program(CALLER, _uri(endpoint), "--seconds", "0.6") as caller:
                await phone.event("ringing")
                await caller.event("ended")
            await phone.event("missed")
            await until(lambda: endpoint.calls == 0 and through.ends == ["hung up"])
    assert through.results == [TransferResult.NO_ANSWER]


async def test_a_party_that_gives_no_sign_of_life_is_given_up_soon() -> None:
    through = PutThrough(f"sip:agent@127.0.0.1:{free_port()}", ring_seconds=30)
    async with hotline(through.hold, reach_seconds=0.8) as endpoint:
        assert await sipp(endpoint, "-m", "1", scenario="bye_in_two_seconds") == 0
        await until(lambda: len(through.ends) == 1)
    assert through.results == [TransferResult.FAILED]


async def test_what_is_no_address_is_not_dialled() -> None:
    wrong = ("tel:110", "sip:", "sip:110@127.0.0.1>;x", "sip:110@no-such-host.invalid", "")
    results: list[TransferResult] = []

    async def hold(line: SipLine) -> None:
        for address in wrong:
            results.append(await line.transfer(address, ring_seconds=5.0))  # noqa: PERF401
        await listen(line)

    async with hotline(hold) as endpoint:
        assert await sipp(endpoint, "-m", "1", scenario="bye_later") == 0
        await until(lambda: endpoint.calls == 0)
    assert results == [TransferResult.FAILED] * len(wrong)


async def test_with_every_slot_taken_there_is_no_capacity_for_a_bridge() -> None:
    async with phones("agent") as (_, address):
        through = PutThrough(f"sip:agent@{address}")
        lines: list[SipLine] = []

        async def hold(line: SipLine) -> None:
            lines.append(line)
            if len(lines) == endpoint.capacity:
                await through.hold(line)

        async with hotline(hold) as endpoint:
            calls = str(endpoint.capacity)
            assert await sipp(endpoint, "-m", calls, "-r", "20", scenario="bye_later") == 0
            await until(lambda: len(through.ends) == 1)
    assert through.results == [TransferResult.NO_CAPACITY]


async def test_a_trunk_that_takes_refer_connects_the_caller_itself() -> None:
    async with phones("agent", options=("--ring-seconds", "0.2")) as (phone, address):
        through = PutThrough(f"sip:agent@{address}")
        options = ("--transfers", "auto", "--seconds", "6")
        async with (
            hotline(through.hold, refer=True) as endpoint,
            program(CALLER, _uri(endpoint), *options) as caller,
        ):
            assert (await phone.event("answered"))["caller"] == "13905391234"
            await until(lambda: through.ends == ["hung up"] and endpoint.calls == 0)
            assert (await caller.event("ended"))["transferred"] == 1
            assert (await phone.event("ended"))["seconds"] > 0.5  # without the hotline in between
    assert through.results == [TransferResult.ANSWERED]


REFUSING = {
    "refused": ("-m", "ivr.caller", "--json-lines", "--linger", "9"),
    "accepted, then refused": (CALLER, "--transfers", "reject", "--seconds", "6"),
}


@pytest.mark.parametrize("caller_command", REFUSING.values(), ids=REFUSING.keys())
async def test_a_trunk_that_refuses_refer_is_bridged_instead(caller_command: tuple[str, ...]) -> None:
    options = ("--ring-seconds", "0.1", "--talk-seconds", "0.5")
    async with phones("agent", options=options) as (phone, address):
        through = PutThrough(f"sip:agent@{address}")
        async with hotline(through.hold, refer=True) as endpoint:
            async with program(*caller_command, _uri(endpoint)) as caller:
                await phone.event("answered")
                assert (await caller.event("ended"))["by"] == "far_end"
            await until(lambda: endpoint.calls == 0 and len(through.ends) == 1)
    assert through.results == [TransferResult.ANSWERED]


async def test_a_referred_call_that_finds_the_party_busy_says_so() -> None:
    async with phones("agent=busy") as (_, address):
        through = PutThrough(f"sip:agent@{address}")
        options = ("--transfers", "auto", "--seconds", "1.5")
        async with (
            hotline(through.hold, refer=True) as endpoint,
            program(CALLER, _uri(endpoint), *options) as caller,
        ):
            await until(lambda: len(through.results) == 1)
            await caller.event("ended")
    assert through.results == [TransferResult.BUSY]
