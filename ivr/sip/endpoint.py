"""The SIP endpoint: one per process (the library allows no more). It owns the SIP thread and speaks asyncio.

Everything that happens on the SIP and media threads is put on one deque and taken off it by one callback on the event
loop, however many frames arrived meanwhile.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final, assert_never

import structlog

from ivr.line import Frame, Gone, Invited, Key, PartyLeft, Played, TransferResult
from ivr.sip.addresses import Network, host_of, is_within
from ivr.sip.events import Connected, Ended, Rang, Reached, Referred, SwitchEvent, TurnedAway
from ivr.sip.line import SipLine
from ivr.sip.settings import (
    UNAVAILABLE,
    Arrival,
    Reception,
    Receptionist,
    SipSettings,
    SipUnavailableError,
)
from ivr.sip.switchboard import Switchboard
from ivr.sip.trunk_filter import admit_only

log: Final = structlog.get_logger("sip")

_ALIVE_SECONDS: Final = 2.0
_CLOSE_SECONDS: Final = 10.0
_OK: Final = 200

_RESULTS: Final = {
    0: TransferResult.NO_CAPACITY,
    401: TransferResult.REJECTED,
    403: TransferResult.REJECTED,
    407: TransferResult.REJECTED,
    408: TransferResult.NO_ANSWER,
    480: TransferResult.NO_ANSWER,
    486: TransferResult.BUSY,
    487: TransferResult.NO_ANSWER,
    600: TransferResult.BUSY,
    603: TransferResult.REJECTED,
    608: TransferResult.REJECTED,
}


@dataclass(frozen=True, slots=True)
class Dialled:
    """What came of a call that was placed; ``line`` only when it was answered and is not bridged.

    ``was_reached`` is False when nothing came back at all: then it is the trunk that is away.
    """

    result: TransferResult
    code: int
    line: SipLine | None = None
    was_reached: bool = True


@dataclass(slots=True)
class _Outgoing:
    """A call being placed; ``host`` is the call into which who answers is let."""

    outcome: asyncio.Future[tuple[int, SipLine | None]]
    host: int | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)


class SipEndpoint:
    """Answers and places calls. ``receptionist`` says how each ring is met; without one all are answered.

    ``missed`` is told of rings that ended before they were answered, and of calls for which there was no line. ``start``
    first, ``incoming`` for the calls, ``close`` at the end. Raises ``SipUnavailableError`` for a trunk that is no network.
    """

    def __init__(
        self,
        settings: SipSettings,
        *,
        receptionist: Receptionist | None = None,
        missed: Callable[[Arrival], None] | None = None,
    ) -> None:
        self._settings = settings
        self._receptionist = receptionist or (lambda _: Reception(after_seconds=settings.ring_seconds))
        self._trunks = tuple(_network(trunk) for trunk in settings.trunks)
        self._allowed: tuple[Network, ...] = self._trunks
        self._missed = missed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._started: asyncio.Future[None] | None = None
        self._stopped = asyncio.Event()
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._outbox: deque[tuple[int, SwitchEvent]] = deque()
        self._is_woken = False
        self._is_closing = False
        self._last_turn = 0.0
        self._board = Switchboard(settings, self._post)
        self._arrivals: asyncio.Queue[SipLine | None] = asyncio.Queue()
        self._ringing: dict[int, SipLine] = {}
        self._lines: dict[int, SipLine] = {}
        self._outgoing: dict[int, _Outgoing] = {}
        self._referrals: dict[int, asyncio.Queue[Referred]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._hosts: dict[int, int] = {}

    # --- beginning and end -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen. Raises ``SipUnavailableError`` when the port or the library cannot be had."""
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="sip", daemon=True)
        self._thread.start()
        # A process that ends with the library's threads still calling into Python is aborted.
        atexit.register(self._stop)
        await self._started
        self._board.is_filtered = admit_only(self._allowed, bind=self._settings.bind, port=self.port)
        log.info("sip.listening", port=self.port, capacity=self.capacity, is_filtered=self._board.is_filtered)

    async def close(self) -> None:
        """Hang up every call, stop listening and free the port; idempotent."""
        if self._thread is None:
            return
        self._is_closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._stopped.wait()
        await asyncio.to_thread(self._stop)
        self._thread = None

    def _stop(self) -> None:
        atexit.unregister(self._stop)
        self._is_closing = True
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def refuse_calls(self) -> None:
        """Take no further calls (503: a dispatcher goes elsewhere); those under way go on."""
        self._board.is_accepting = False

    @property
    def port(self) -> int:
        """The UDP port it listens on."""
        return self._board.port

    @property
    def capacity(self) -> int:
        """Call legs that the library can hold at once."""
        return self._board.capacity

    @property
    def calls(self) -> int:
        """Call legs in use, in whatever state."""
        return self._board.calls

    @property
    def is_alive(self) -> bool:
        """True while the SIP thread does its rounds; for health checks."""
        return self._thread is not None and time.monotonic() - self._last_turn < _ALIVE_SECONDS

    # --- calls -----------------------------------------------------------------------------------------------

    async def incoming(self) -> SipLine:
        """Return the next call, answered and carrying sound. Raises ``SipUnavailableError`` after the end."""
        line = await self._arrivals.get()
        if line is None:
            self._arrivals.put_nowait(None)  # for whoever asks next
            raise SipUnavailableError("SIP 话路已关闭")
        return line

    async def dial(self, address: str, *, ring_seconds: float, caller: str = "", number: str = "") -> Dialled:
        """Call ``address``; ``caller`` is shown to the called party as the number that calls.

        ``number`` is the telephone at ``address``, the caller in the eyes of those who are let into the call.
        """
        return (await self._dial(address, ring_seconds, caller, number=number))[0]

    async def put_through(self, line: SipLine, address: str, ring_seconds: float) -> TransferResult:
        """Transfer the caller on ``line`` to ``address``, by REFER where it is set and taken, else by a bridge."""
        if self._settings.refer:
            result = await self._refer(line, address, ring_seconds)
            if result is not None:
                return result
        invited = await self.invite(line, address, ring_seconds, line.caller, 0)
        if invited.result is TransferResult.ANSWERED:
            line.stop()
        return invited.result

    async def invite(
        self, line: SipLine, address: str, ring_seconds: float, caller: str, keep_free: int
    ) -> Invited:
        """Let who answers at ``address`` into the call on ``line``."""
        dialled, key = await self._dial(address, ring_seconds, caller, host=line.key, keep_free=keep_free)
        is_answered = dialled.result is TransferResult.ANSWERED
        return Invited(dialled.result, key if is_answered else None)

    def has_leg(self, keep_free: int) -> bool:
        """Tell whether a leg is free beyond ``keep_free`` others."""
        return self.calls + keep_free < self.capacity

    def release(self, key: int, party: int) -> None:
        """Begin to hang up on ``party``."""
        self._submit(lambda: self._board.release(key, party))

    def hold(self, key: int, *, is_held: bool) -> None:
        """Part the call ``key`` from its parties, or let it into the talk again."""
        self._submit(lambda: self._board.hold(key, is_held=is_held))

    def stay(self, key: int, *, stays: bool) -> None:
        """Say whether the call ``key`` outlives its last party."""
        self._submit(lambda: self._board.stay(key, stays=stays))

    def hang_up(self, key: int) -> None:
        """Begin to end the call ``key``."""
        self._submit(lambda: self._board.hang_up(key))

    def press(self, key: int, keys: str) -> None:
        """Send ``keys`` on the call ``key``."""
        self._submit(lambda: self._board.press(key, keys))

    async def _dial(
        self,
        address: str,
        ring_seconds: float,
        caller: str,
        *,
        number: str = "",
        host: int | None = None,
        keep_free: int = 0,
    ) -> tuple[Dialled, int]:
        assert self._loop is not None
        if self._is_closing or not await self._admit(address):
            return Dialled(TransferResult.FAILED, 400), 0
        key = self._board.next_key()
        outgoing = self._outgoing[key] = _Outgoing(self._loop.create_future(), host)
        self._submit(
            lambda: self._board.dial(
                key, address, caller=caller, number=number, host=host, keep_free=keep_free
            )
        )
        try:
            code, line = await self._outcome(outgoing, ring_seconds)
        except TimeoutError:
            self.hang_up(key)
            code, line = (480 if outgoing.reached.is_set() else 404), None
        except BaseException:
            self.hang_up(key)
            raise
        finally:
            del self._outgoing[key]
        if code == _OK:
            return Dialled(TransferResult.ANSWERED, code, line), key
        result = _RESULTS.get(code, TransferResult.FAILED)
        return Dialled(result, code, was_reached=outgoing.reached.is_set()), key

    async def _outcome(self, outgoing: _Outgoing, ring_seconds: float) -> tuple[int, SipLine | None]:
        async with asyncio.timeout(ring_seconds):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(self._settings.reach_seconds, ring_seconds)):
                    await outgoing.reached.wait()
            if not outgoing.reached.is_set():
                raise TimeoutError
            return await outgoing.outcome

    async def _refer(self, line: SipLine, address: str, ring_seconds: float) -> TransferResult | None:
        """Return what came of a REFER; None when a bridge is still worth trying.

        A far end that takes no REFER says so in its answer, or accepts it and reports a refusal: only a party known to
        be busy or not to answer is not called again.
        """
        if host_of(address) is None:
            return TransferResult.FAILED
        news: asyncio.Queue[Referred] = asyncio.Queue()
        self._referrals[line.key] = news
        self._submit(lambda: self._board.refer(line.key, address))
        is_accepted = False
        try:
            async with asyncio.timeout(ring_seconds):
                while True:
                    latest = await news.get()
                    if latest.is_final or latest.code >= 200:
                        break
                    is_accepted = True
        except TimeoutError:
            return TransferResult.NO_ANSWER if is_accepted else None
        finally:
            del self._referrals[line.key]
        if latest.code in range(200, 300):
            self.hang_up(line.key)
            return TransferResult.ANSWERED
        result = _RESULTS.get(latest.code) if is_accepted else None
        return result if result in (TransferResult.BUSY, TransferResult.NO_ANSWER) else None

    async def _admit(self, address: str) -> bool:
        """Let the party that is to be called be heard through the trunk filter; tell whether ``address`` can be called."""
        assert self._loop is not None
        host = host_of(address)
        if host is None:
            return False
        try:
            found = await self._loop.getaddrinfo(host, None)
        except OSError:
            return False
        strangers = {
            ip_network(host) for entry in found if not is_within(host := str(entry[4][0]), self._allowed)
        }
        if strangers:
            self._allowed = (*self._allowed, *strangers)
            admit_only(self._allowed, bind=self._settings.bind, port=self.port)
        return True

    # --- the SIP thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        assert self._loop is not None
        assert self._started is not None
        started = self._started
        try:
            try:
                self._board.open(self._trunks)
            except SipUnavailableError as error:
                self._tell(lambda failure=error: started.set_exception(failure))  # type: ignore[misc]  # a lambda's default
                return
            self._last_turn = time.monotonic()
            self._tell(lambda: started.set_result(None))
            while not self._is_closing:
                self._board.turn()
                self._last_turn = time.monotonic()
                with contextlib.suppress(queue.Empty):
                    while True:
                        self._commands.get_nowait()()
        except Exception as error:  # noqa: BLE001 -- the process goes on without telephony, and says so
            log.error("sip.broken", error=type(error).__name__)
        finally:
            self._board.close()
            self._tell(self._end)

    def _submit(self, command: Callable[[], None]) -> None:
        self._commands.put(command)

    def _tell(self, callback: Callable[[], None]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(callback)

    def _post(self, key: int, event: SwitchEvent) -> None:
        """Hand ``event`` over to the event loop; called on the SIP and media threads."""
        self._outbox.append((key, event))
        if not self._is_woken:
            self._is_woken = True
            self._tell(self._deliver_all)

    # --- what happened ---------------------------------------------------------------------------------------

    def _deliver_all(self) -> None:
        self._is_woken = False  # before the deque is read: what comes later wakes us again
        while self._outbox:
            key, event = self._outbox.popleft()
            self._deliver(key, event)

    def _deliver(self, key: int, event: SwitchEvent) -> None:  # noqa: C901 -- one case per event
        match event:
            case Frame() | Key() | Played() | PartyLeft() | Gone():
                if (line := self._lines.get(key)) is not None:
                    line.put(event)
            case Rang():
                self._ringing[key] = SipLine(self, key, event.arrival, event.pipe)
                if key not in self._outgoing:
                    self._receive(key, event.arrival)
            case TurnedAway():
                if self._missed is not None:
                    self._missed(event.arrival)
            case Reached():
                if key in self._outgoing:
                    self._outgoing[key].reached.set()
            case Connected():
                self._connected(key, event)
            case Referred():
                if key in self._referrals:
                    self._referrals[key].put_nowait(event)
            case Ended():
                self._ended(key, event)
            case _:
                assert_never(event)

    def _receive(self, key: int, arrival: Arrival) -> None:
        assert self._loop is not None
        reception = self._receptionist(arrival)
        if (code := reception.code) is not None:
            if code >= 300:
                del self._ringing[key]  # refused, not missed
            self._timers[key] = self._loop.call_later(
                reception.after_seconds, self._submit, lambda: self._board.answer(key, code)
            )

    def _connected(self, key: int, event: Connected) -> None:
        outgoing = self._outgoing.get(key)
        line = self._ringing.pop(key, None)
        if line is not None:
            line.connected(event.call_id)
            self._lines[key] = line
            self._limit(key)
        if outgoing is not None:
            if outgoing.host is not None:
                self._hosts[key] = outgoing.host
                self._limit(outgoing.host)
            outgoing.reached.set()
            if not outgoing.outcome.done():
                outgoing.outcome.set_result((_OK, line))
        elif line is not None:
            self._arrivals.put_nowait(line)

    def _ended(self, key: int, event: Ended) -> None:
        self._set_timer(key, None)
        if (host := self._hosts.pop(key, None)) is not None:
            self._limit(host)
        if (
            (ringing := self._ringing.pop(key, None)) is not None
            and key not in self._outgoing
            and self._missed
            and not self._settings.is_dispatched  # what it took too late is with another process by now
        ):
            self._missed(Arrival(ringing.call_id, ringing.caller, ringing.called))
        if (outgoing := self._outgoing.get(key)) is not None:
            outgoing.reached.set()
            if not outgoing.outcome.done():
                outgoing.outcome.set_result((event.code, None))
        if (news := self._referrals.get(key)) is not None:
            news.put_nowait(Referred(487, is_final=True))
        if (line := self._lines.pop(key, None)) is not None:
            line.gone("hung up" if event.code in (0, _OK) else f"{event.code} {event.reason}")

    def _limit(self, key: int) -> None:
        """Bound a call anew: what the machine has of it, or what people talk while others are let into it."""
        assert self._loop is not None
        if key in self._lines:
            is_talk = key in self._hosts.values()
            seconds = self._settings.max_talk_seconds if is_talk else self._settings.max_call_seconds
            self._set_timer(key, self._loop.call_later(seconds, self.hang_up, key))

    def _set_timer(self, key: int, timer: asyncio.TimerHandle | None) -> None:
        if (old := self._timers.pop(key, None)) is not None:
            old.cancel()
        if timer is not None:
            self._timers[key] = timer

    def _end(self) -> None:
        """The SIP thread has ended, on purpose or not."""
        self._deliver_all()
        for key in (*self._lines, *self._outgoing):
            self._ended(key, Ended(UNAVAILABLE, "endpoint closed"))
        self._arrivals.put_nowait(None)
        self._stopped.set()


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise SipUnavailableError(f"中继网段 {text} 无效，应形如 10.1.2.0/24") from None
