"""The side of the endpoint that touches pjsua2.

Everything here runs on the one SIP thread, but for the two frame callbacks, which run on the library's media thread
and only move bytes.

What the library punishes with a crash or a lost call, and how it is avoided:

- the last reference to a ``pj.Call`` goes inside its DISCONNECTED callback: a later one would hang up the next call
  that was given the same slot;
- places in the conference bridge (``AudioMediaPort``) are reused and never freed: the bridge takes one out later, on its
  own thread, which may be inside it, and one freed after ``libDestroy`` is taken out of a bridge that is no more;
- transport before account.

Only plain objects and whole numbers leave this module: ``post(key, event)``.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import pjsua2 as pj

from ivr.line import PartyLeft
from ivr.sip.addresses import Network, asserted_caller, called_user, calling_user, header, is_within, user_of
from ivr.sip.events import Ended, Post, Rang, Referred, TurnedAway
from ivr.sip.frames import FrameMemory, frame_memory
from ivr.sip.leg import Leg, LibraryCall, Port
from ivr.sip.message_guard import MessageGuard
from ivr.sip.pace import Pace
from ivr.sip.pipe import Pipe
from ivr.sip.settings import (
    BUSY,
    FORBIDDEN,
    LAST_TRY,
    UNAVAILABLE,
    Arrival,
    SipSettings,
    SipUnavailableError,
)

_QUIET_CHECK_SECONDS: Final = 2.0
_SOCKET_REST_SECONDS: Final = 0.6
_MOST_ENDED_CALLS: Final = 16
"""The library gives up a call's two sockets half a second late, has 64 handles for them, and aborts when out of them.

So no more calls are let end within the rest; a library that holds more at once was built with more handles. Packets
wait in the SIP socket meanwhile; audio goes on.
"""
_MOST_CALLS: Final = 10  # INVITEs in that time, also those that the library refuses unasked
_MOST_PASSED_ON: Final = 200  # calls that it refused lately, and another process was asked for
_TOO_MANY_CALLS: Final = 70_010  # PJ_ETOOMANY: the library has no call slot left


class Switchboard:
    """All calls of the process. Made, used and closed on one thread, which must call ``turn`` for ever."""

    def __init__(self, settings: SipSettings, post: Post) -> None:
        self.post = post
        self._settings = settings
        self._trunks: tuple[Network, ...] = ()
        self._legs: dict[int, Leg] = {}
        self._keys = itertools.count(1)
        self._ports: list[Port] = []
        self._idle_ports: list[Port] = []
        self._pace = Pace(settings.pace)
        self._later: deque[Callable[[], None]] = deque()
        self._ended_at: deque[float] = deque()
        self._next_check = 0.0
        self._account: Any = None
        self._guard: MessageGuard | None = None
        self._endpoint: Any = None
        self._native: Any = None
        self._memory: FrameMemory | None = None
        self._passed_on: dict[str, Arrival] = {}
        self.is_accepting = True
        self.is_filtered = False
        self.port = 0
        self.capacity = 0

    @property
    def calls(self) -> int:
        """Legs in use, in whatever state; may be read from any thread."""
        return len(self._legs)

    def next_key(self) -> int:
        """Return a key for an outgoing leg; safe from any thread."""
        return next(self._keys)

    # --- beginning and end -----------------------------------------------------------------------------------

    def open(self, trunks: tuple[Network, ...]) -> None:
        """Start the library and listen. Raises ``SipUnavailableError``."""
        self._trunks = trunks
        native = ctypes.CDLL(sys.modules["pjsua2._pjsua2"].__file__)
        native.pj_log_set_level(0)  # before any setting is read the library prints to standard output
        self._endpoint = pj.Endpoint()
        failure = ""
        try:
            self._endpoint.libCreate()
            self._endpoint.libInit(self._library_settings())
            self.capacity = int(native.pjsua_call_get_max_count())
            self._native = native
            self._guard = MessageGuard(native, most_calls=max(_MOST_CALLS, self.capacity), came=self._came)
            self._listen()
        except pj.Error as error:
            failure = str(error.reason)
        if failure:
            # Not raised inside the handler: the error's traceback would keep the library's endpoint alive, and a
            # second one made meanwhile ends the process.
            self.close()
            raise SipUnavailableError(
                f"SIP 端口 {self._settings.bind}:{self._settings.port} 无法启用：{failure}"
            )
        self._memory = frame_memory()

    def turn(self) -> None:
        """Let the library work for up to 10 ms; in a flood of short calls let it rest (see ``_SOCKET_REST_SECONDS``)."""
        now = time.monotonic()
        while self._ended_at and now - self._ended_at[0] > _SOCKET_REST_SECONDS:
            self._ended_at.popleft()
        if len(self._ended_at) < max(_MOST_ENDED_CALLS, self.capacity):
            self._endpoint.libHandleEvents(10)
        else:
            time.sleep(0.01)
        while self._later:
            self._later.popleft()()
        if now >= self._next_check:
            self._next_check = now + _QUIET_CHECK_SECONDS
            for leg in tuple(self._legs.values()):
                if leg.has_gone_quiet(at=now, limit_seconds=self._settings.quiet_seconds):
                    self._hang_up(leg, 0)

    def close(self) -> None:
        """Hang everything up and shut the library down; idempotent."""
        if self._endpoint is None:
            return
        self.is_accepting = False
        with contextlib.suppress(pj.Error):
            self._endpoint.hangupAllCalls()
            until = time.monotonic() + 1.0
            while self._legs and time.monotonic() < until:
                self._endpoint.libHandleEvents(10)
        for leg in self._legs.values():
            if leg.call is not None:
                leg.call.leg = None
                leg.call = None
            leg.port = leg.ear = None
        self._legs.clear()
        with contextlib.suppress(pj.Error):
            if self._account is not None:
                self._account.shutdown()
        self._account = None
        for port in self._ports:
            # It outlives this list: the library may be inside it until it is destroyed, below.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(port))
        self._idle_ports.clear()
        self._ports.clear()
        with contextlib.suppress(pj.Error):
            # The calls have ended above; else it would wait a second for answers that nobody needs.
            self._endpoint.libDestroy(pj.PJSUA_DESTROY_NO_RX_MSG)
        self._endpoint = None

    def _library_settings(self) -> Any:
        settings = pj.EpConfig()
        settings.uaConfig.threadCnt = 0
        settings.uaConfig.mainThreadOnly = True
        settings.uaConfig.maxCalls = 512  # as many as it was built for: it lowers this to its own limit
        settings.uaConfig.userAgent = self._settings.user_agent
        settings.medConfig.clockRate = 8_000
        settings.medConfig.sndClockRate = 8_000
        settings.medConfig.audioFramePtime = 20
        settings.medConfig.noVad = (
            True  # silence is sent too: far ends take missing packets for a broken call
        )
        settings.medConfig.ecTailLen = 0
        settings.medConfig.sndAutoCloseTime = -1
        settings.medConfig.maxMediaPorts = 2_048
        settings.logConfig.consoleLevel = 0
        settings.logConfig.level = 5 if self._settings.log_file else 0
        settings.logConfig.msgLogging = 1 if self._settings.log_file else 0
        settings.logConfig.filename = self._settings.log_file
        return settings

    def _listen(self) -> None:
        transport = pj.TransportConfig()
        transport.boundAddress = self._settings.bind
        transport.publicAddress = self._settings.public_address
        transport.port = self._settings.port
        number = self._endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        local = str(self._endpoint.transportGetInfo(number).localAddress)
        self.port = int(local.rsplit(":", 1)[1])
        self._endpoint.audDevManager().setNullDev()
        for codec in self._endpoint.codecEnum2():
            wanted = [name for name in self._settings.codecs if codec.codecId.startswith(f"{name}/")]
            priority = 200 - self._settings.codecs.index(wanted[0]) if wanted else 0
            self._endpoint.codecSetPriority(codec.codecId, priority)
        self._endpoint.libStart()
        account = pj.AccountConfig()
        account.idUri = f"sip:{self._settings.user}@{self._settings.bind}:{self.port}"
        account.natConfig.iceEnabled = False
        account.mediaConfig.srtpUse = (
            pj.PJMEDIA_SRTP_OPTIONAL if self._settings.srtp else pj.PJMEDIA_SRTP_DISABLED
        )
        account.mediaConfig.srtpSecureSignaling = 0
        sound = account.mediaConfig.transportConfig
        sound.boundAddress = self._settings.bind
        sound.publicAddress = self._settings.public_address
        sound.port = self._settings.rtp_first_port
        sound.portRange = self._settings.rtp_last_port - self._settings.rtp_first_port
        self._account = _Account(self)
        self._account.create(account)

    # --- calls -----------------------------------------------------------------------------------------------

    def ring(self, call_id: int, source: str, message: str) -> None:
        """Take an incoming call, or refuse it."""
        leg = Leg(self, next(self._keys), is_called=False)
        leg.adopt(LibraryCall(self._account, call_id))
        self._legs[leg.key] = leg
        assert leg.call is not None
        info = leg.call.getInfo()
        leg.caller = asserted_caller(message) or user_of(info.remoteUri)
        leg.call_id = str(info.callIdString)
        arrival = Arrival(
            call_id=leg.call_id,
            caller=leg.caller,
            called=called_user(message) or user_of(info.localUri),
        )
        if (code := self._refusal(source, leg)) is not None:
            leg.is_refused = True
            self._later.append(lambda: self._hang_up(leg, code))
            is_closing = code == UNAVAILABLE and not self.is_accepting
            if (code == BUSY or is_closing) and not self._is_on_the_line_too_often(leg.caller, leg):
                self._turned_away(arrival, message)
            return
        leg.pipe = self._pipe(leg.key)
        self._answer(leg, 180)
        self.post(leg.key, Rang(arrival, leg.pipe))

    def _turned_away(self, arrival: Arrival, message: str) -> None:
        if not self._settings.is_dispatched or header(message, LAST_TRY):
            self.post(self.next_key(), TurnedAway(arrival))
            return
        self._passed_on[arrival.call_id] = arrival
        if len(self._passed_on) > _MOST_PASSED_ON:
            del self._passed_on[next(iter(self._passed_on))]

    def _came(self, packet: bytes) -> None:
        """Note a call that the library is about to refuse unasked: it has no place left, or has refused it before."""
        is_full = len(self._legs) >= self.capacity and self._native.pjsua_call_get_count() >= self.capacity
        if not (is_full or self._passed_on):
            return
        message = packet.decode("utf-8", "replace")
        call_id = header(message, "Call-ID") or header(message, "i")
        if call_id in self._passed_on and header(message, LAST_TRY):
            self._turned_away(self._passed_on.pop(call_id), message)
        elif is_full and self.is_filtered:  # who sends is not known here: only trunks and whom we called may
            self._came_to_a_full_board(call_id, message)

    def _came_to_a_full_board(self, call_id: str, message: str) -> None:
        is_of_a_call = ";tag=" in (header(message, "To") or header(message, "t"))
        if is_of_a_call or any(leg.call_id == call_id for leg in self._legs.values()):  # or was sent again
            return
        caller = calling_user(message)
        if not self._is_on_the_line_too_often(caller, None):
            self._turned_away(Arrival(call_id, caller, called_user(message)), message)

    def _refusal(self, source: str, ringing: Leg) -> int | None:
        if not is_within(source, self._trunks):
            return FORBIDDEN
        if not self.is_accepting or self._pace.is_too_fast(source.rsplit(":", 1)[0], at=time.monotonic()):
            return UNAVAILABLE
        limit = self.capacity if self._settings.max_calls is None else self._settings.max_calls
        is_full = len(self._others(ringing)) >= limit
        return BUSY if is_full or self._is_on_the_line_too_often(ringing.caller, ringing) else None

    def _others(self, ringing: Leg | None) -> list[Leg]:
        # A transfer's second leg is not counted, a call that the hotline placed is: a leg stays free for emergencies.
        return [
            leg
            for leg in self._legs.values()
            if leg is not ringing and not (leg.host is not None or leg.is_refused)
        ]

    def _is_on_the_line_too_often(self, caller: str, ringing: Leg | None) -> bool:
        same = Counter(leg.caller for leg in self._others(ringing))
        return self._pace.has_too_many(caller, same)

    def answer(self, key: int, code: int) -> None:
        """Answer (200) or refuse (300 and above) the leg that rings."""
        if (leg := self._legs.get(key)) is None or leg.is_confirmed:
            return
        if code >= 300:
            self._hang_up(leg, code)
        else:
            self._answer(leg, code)

    def dial(
        self, key: int, address: str, *, caller: str, number: str, host: int | None, keep_free: int = 0
    ) -> None:
        """Call ``address`` as leg ``key``; when it answers, join it to the talk of the leg ``host``, if given.

        ``caller`` is the number shown; ``number`` is whose telephone it is, empty where nobody else is to see it.
        """
        leg = Leg(self, key, is_called=True)
        if len(self._legs) + keep_free >= self.capacity:
            self.ended(leg, 0, "no free leg")
            return
        self._legs[key] = leg
        if host is None:
            leg.pipe = self._pipe(key)
            self.post(key, Rang(Arrival(call_id="", caller=number, called=user_of(address)), leg.pipe))
        elif (hosting := self._legs.get(host)) is None:
            self.ended(leg, 487, "caller gone")
            return
        else:
            leg.host = hosting
            hosting.guests.append(leg)
        call = LibraryCall(self._account)
        leg.adopt(call)
        options = pj.CallOpParam(True)
        options.opt.audioCount = 1
        options.opt.videoCount = 0
        if caller:
            own = self._settings.public_address or self._settings.bind
            options.txOption.localUri = f"<sip:{quote(caller, safe='+')}@{own}:{self.port}>"
        try:
            call.makeCall(address, options)
        except pj.Error as error:
            # Depending on how far it got the callback has or has not told of the end already.
            if key in self._legs:
                call.leg = None
                leg.call = None
                self.ended(leg, 0 if error.status == _TOO_MANY_CALLS else 400, str(error.reason))

    def refer(self, key: int, address: str) -> None:
        """Ask the far end of leg ``key`` to call ``address`` itself."""
        leg = self._legs.get(key)
        if leg is None or leg.call is None:
            return
        try:
            leg.call.xfer(address, pj.CallOpParam())
        except pj.Error:
            leg.post(Referred(500, is_final=True))

    def hang_up(self, key: int, code: int = 0) -> None:
        """End the leg ``key``, in whatever state it is."""
        if (leg := self._legs.get(key)) is not None:
            self._hang_up(leg, code)

    def hold(self, key: int, *, is_held: bool) -> None:
        """Part the leg ``key`` from its guests, or let it into the talk again."""
        if (leg := self._legs.get(key)) is not None and leg.is_held != is_held:
            leg.guard(leg.hold if is_held else leg.retrieve)

    def stay(self, key: int, *, stays: bool) -> None:
        """Say whether the leg ``key`` outlives its last guest."""
        if (leg := self._legs.get(key)) is not None:
            leg.stays = stays

    def release(self, key: int, guest: int) -> None:
        """End the leg ``guest``, if it is one of the leg ``key``."""
        if (leg := self._legs.get(guest)) is not None and leg.host is self._legs.get(key, leg):
            self._hang_up(leg, 0)

    def press(self, key: int, keys: str) -> None:
        """Send ``keys`` as RFC 4733 events."""
        leg = self._legs.get(key)
        if leg is not None and leg.call is not None:
            with contextlib.suppress(pj.Error):
                leg.call.dialDtmf(keys)

    def ended(self, leg: Leg, code: int, reason: str) -> None:
        """Forget ``leg``; its guests go too, and a host that was left alone, but not for a guest who never answered."""
        self._legs.pop(leg.key, None)
        self._ended_at.append(time.monotonic())
        for port in (leg.port, leg.ear):
            if port is not None:
                port.pipe = None
                self._idle_ports.append(port)
        leg.port = leg.ear = None
        guests, leg.guests = leg.guests, []
        for guest in guests:
            guest.host = None
            self._later.append(partial(self._hang_up, guest, 0))
        host, leg.host = leg.host, None
        if host is not None:
            host.guests.remove(leg)
            if leg.is_connected:
                host.post(PartyLeft(leg.key))
                if not (host.stays or host.present):
                    self._later.append(partial(self._hang_up, host, 0))
        leg.post(Ended(code, reason))

    def give_up(self, leg: Leg) -> None:
        """End ``leg``, which is broken, as soon as the library has returned."""
        self._later.append(lambda: self._hang_up(leg, 0))

    def borrow_port(self) -> Port:
        """Return a free place in the conference bridge."""
        if self._idle_ports:
            return self._idle_ports.pop()
        assert self._memory is not None
        port = Port(self._memory)
        form = pj.MediaFormatAudio()
        form.init(pj.PJMEDIA_FORMAT_PCM, 8_000, 1, 20_000, 16)
        port.createPort(f"line{len(self._ports)}", form)
        self._ports.append(port)
        return port

    def _pipe(self, key: int) -> Pipe:
        return Pipe(lambda event: self.post(key, event))

    def _answer(self, leg: Leg, code: int) -> None:
        answer = pj.CallOpParam()
        answer.statusCode = code
        with contextlib.suppress(pj.Error):  # the caller has hung up meanwhile; the callback tells
            if leg.call is not None:
                leg.call.answer(answer)

    def _hang_up(self, leg: Leg, code: int) -> None:
        end = pj.CallOpParam()
        end.statusCode = code
        if code == UNAVAILABLE:
            later = pj.SipHeader()
            later.hName, later.hValue = "Retry-After", str(self._settings.pace.retry_after_seconds)
            end.txOption.headers.append(later)
        with contextlib.suppress(pj.Error):  # it is ending already
            if leg.call is not None:
                leg.call.hangup(end)


class _Account(pj.Account):  # type: ignore[misc]  # pjsua2 has no types
    """Receives calls."""

    def __init__(self, board: Switchboard) -> None:
        super().__init__()
        self._board = board

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 -- the library's name
        """Take or refuse a call; one that is not taken the library refuses itself."""
        self._board.ring(prm.callId, prm.rdata.srcAddress, prm.rdata.wholeMsg)
