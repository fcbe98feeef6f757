"""The side of the endpoint that touches pjsua2.

Everything here runs on the one SIP thread, but for the two frame callbacks, which run on the library's media thread
and only move bytes.

What the library punishes with a crash or a lost call, and how it is avoided:

- the last reference to a ``pj.Call`` goes inside its DISCONNECTED callback: a later one would hang up the next call
  that was given the same slot;
- places in the conference bridge (``AudioMediaPort``) are reused and freed only when the library is shut down, never
  while the media thread may be inside one;
- transport before account, ports before ``libDestroy``.

Only plain objects and whole numbers leave this module: ``post(key, event)``.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pjsua2 as pj

from ivr.line import FRAME_BYTES, Key, LineEvent
from ivr.sip.addresses import Network, asserted_caller, called_user, is_within, user_of
from ivr.sip.frames import FrameMemory, frame_memory
from ivr.sip.pipe import Pipe
from ivr.sip.settings import BUSY, FORBIDDEN, UNAVAILABLE, Arrival, SipSettings, SipUnavailableError

_SILENCE: Final = bytes(FRAME_BYTES)
_QUIET_CHECK_SECONDS: Final = 2.0
_TRYING: Final = 100
_TOO_MANY_CALLS: Final = 70_010  # PJ_ETOOMANY: the library has no call slot left


@dataclass(frozen=True, slots=True)
class Rang:
    """A call came in and rings."""

    arrival: Arrival
    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Reached:
    """The called party's side gave a sign of life (100 or later)."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The call is answered and carries sound."""

    call_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over; ``code`` is the last SIP status, 200 after an ordinary hang-up."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Referred:
    """News of a REFER: the status of the new call, or of the REFER itself."""

    code: int
    is_final: bool


SwitchEvent = LineEvent | Rang | Reached | Connected | Ended | Referred
Post = Callable[[int, SwitchEvent], None]


class _Port(pj.AudioMediaPort):  # type: ignore[misc]  # pjsua2 has no types
    """A place in the conference bridge, lent to one call after another."""

    def __init__(self, memory: FrameMemory) -> None:
        super().__init__()
        self.memory = memory
        self.pipe: Pipe | None = None

    def onFrameRequested(self, frame: Any) -> None:  # noqa: N802 -- the library's name
        pipe = self.pipe
        self.memory.write(frame, _SILENCE if pipe is None else pipe.outgoing())
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO

    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802 -- the library's name
        if (pipe := self.pipe) is not None:
            is_sound = frame.type == pj.PJMEDIA_FRAME_TYPE_AUDIO and frame.size == FRAME_BYTES
            pipe.heard(self.memory.read(frame.buf) if is_sound else _SILENCE)


class _Call(pj.Call):  # type: ignore[misc]  # pjsua2 has no types
    """Passes the library's callbacks on to the leg."""

    leg: _Leg | None = None

    def onCallState(self, prm: Any) -> None:  # noqa: N802, ARG002 -- the library's name
        if self.leg is not None:
            self.leg.state_changed()

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802, ARG002 -- the library's name
        if self.leg is not None:
            self.leg.media_changed()

    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802 -- the library's name
        transaction = prm.e.body.tsxState.tsx
        if self.leg is not None and transaction.method == "INVITE" and transaction.statusCode >= _TRYING:
            self.leg.reached()

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802 -- the library's name
        if self.leg is not None:
            self.leg.post(Key(prm.digit.upper()))

    def onCallTransferStatus(self, prm: Any) -> None:  # noqa: N802 -- the library's name
        if self.leg is not None:
            self.leg.post(Referred(prm.statusCode, bool(prm.finalNotify)))
        if prm.finalNotify:
            prm.cont = False


class _Leg:
    """One call. ``peer`` is the leg it is, or is to be, bridged with; the called one (``is_called``) has no pipe then."""

    def __init__(self, board: Switchboard, key: int, *, is_called: bool) -> None:
        self.board = board
        self.key = key
        self.is_called = is_called
        self.is_refused = False
        self.call: _Call | None = None
        self.pipe: Pipe | None = None
        self.port: _Port | None = None
        self.peer: _Leg | None = None
        self.is_confirmed = False
        self.is_connected = False
        self._is_reached = False
        self._packets = -1
        self._last_packet_at = 0.0

    def post(self, event: SwitchEvent) -> None:
        if not self.is_refused:
            self.board.post(self.key, event)

    def adopt(self, call: _Call) -> None:
        self.call = call
        call.leg = self

    def reached(self) -> None:
        if self.is_called and not self._is_reached:
            self._is_reached = True
            self.post(Reached())

    def state_changed(self) -> None:
        if self.call is None:
            return
        info = self.call.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.is_confirmed = True
            self._connect()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.call.leg = None
            self.call = None
            self.board.ended(self, int(info.lastStatusCode) or 500, str(info.lastReason))

    def media_changed(self) -> None:
        sound = self.sound()
        if sound is None:
            return
        if self.pipe is not None:
            if self.port is None:
                self.port = self.board.borrow_port()
            self.port.pipe = self.pipe
            sound.startTransmit(self.port)
            self.port.startTransmit(sound)
        if self.peer is not None and self.is_connected and self.peer.is_connected:
            self.board.join(self, self.peer)
        self._connect()

    def sound(self) -> Any:
        """Return the call's active audio, or None."""
        if self.call is None or self.is_refused:
            return None
        info = self.call.getInfo()  # kept by name: its media list dies with it
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                return self.call.getAudioMedia(index)
        return None

    def has_gone_quiet(self, *, at: float, limit_seconds: float) -> bool:
        """Tell whether no sound packet has come for ``limit_seconds``."""
        if self.call is None or not self.is_connected:
            return False
        try:
            statistics = self.call.getStreamStat(0)
            packets = int(statistics.rtcp.rxStat.pkt)
        except pj.Error:
            return False  # on hold, or between two media states
        if packets != self._packets:
            self._packets, self._last_packet_at = packets, at
        return at - self._last_packet_at > limit_seconds

    def _connect(self) -> None:
        if self.is_connected or not self.is_confirmed or self.call is None or self.sound() is None:
            return
        self.is_connected = True
        self._last_packet_at = time.monotonic()
        if self.peer is not None:
            self.board.join(self, self.peer)
        self.post(Connected(str(self.call.getInfo().callIdString)))


class Switchboard:
    """All calls of the process. Made, used and closed on one thread, which must call ``turn`` for ever."""

    def __init__(self, settings: SipSettings, post: Post) -> None:
        self.post = post
        self._settings = settings
        self._trunks: tuple[Network, ...] = ()
        self._legs: dict[int, _Leg] = {}
        self._keys = itertools.count(1)
        self._ports: list[_Port] = []
        self._idle_ports: list[_Port] = []
        self._later: deque[Callable[[], None]] = deque()
        self._next_check = 0.0
        self._account: Any = None
        self._endpoint: Any = None
        self._memory: FrameMemory | None = None
        self.is_accepting = True
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
        try:
            self._endpoint.libCreate()
            self._endpoint.libInit(self._library_settings())
            self.capacity = int(native.pjsua_call_get_max_count())
            self._listen()
        except pj.Error as error:
            self.close()
            raise SipUnavailableError(
                f"SIP 端口 {self._settings.bind}:{self._settings.port} 无法启用：{error.reason}"
            ) from None
        self._memory = frame_memory()

    def turn(self) -> None:
        """Let the library work for up to 10 ms."""
        self._endpoint.libHandleEvents(10)
        while self._later:
            self._later.popleft()()
        now = time.monotonic()
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
            leg.port = None
        self._legs.clear()
        with contextlib.suppress(pj.Error):
            if self._account is not None:
                self._account.shutdown()
        self._account = None
        self._idle_ports.clear()
        self._ports.clear()
        with contextlib.suppress(pj.Error):
            self._endpoint.libDestroy()
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
        leg = _Leg(self, next(self._keys), is_called=False)
        leg.adopt(_Call(self._account, call_id))
        self._legs[leg.key] = leg
        if (code := self._refusal(source)) is not None:
            leg.is_refused = True
            self._later.append(lambda: self._hang_up(leg, code))
            return
        assert leg.call is not None
        info = leg.call.getInfo()
        arrival = Arrival(
            call_id=str(info.callIdString),
            caller=asserted_caller(message) or user_of(info.remoteUri),
            called=called_user(message) or user_of(info.localUri),
        )
        leg.pipe = self._pipe(leg.key)
        self._answer(leg, 180)
        self.post(leg.key, Rang(arrival, leg.pipe))

    def _refusal(self, source: str) -> int | None:
        if not is_within(source, self._trunks):
            return FORBIDDEN
        if not self.is_accepting:
            return UNAVAILABLE
        callers = sum(1 for leg in self._legs.values() if not (leg.is_called or leg.is_refused))
        limit = self.capacity if self._settings.max_calls is None else self._settings.max_calls
        return BUSY if callers > limit else None  # the one that rings is among them

    def answer(self, key: int, code: int) -> None:
        """Answer (200) or refuse (300 and above) the leg that rings."""
        if (leg := self._legs.get(key)) is None or leg.is_confirmed:
            return
        if code >= 300:
            self._hang_up(leg, code)
        else:
            self._answer(leg, code)

    def dial(self, key: int, address: str, *, caller: str, bridge_with: int | None) -> None:
        """Call ``address`` as leg ``key``; when it answers, join it to the leg ``bridge_with``, if given."""
        leg = _Leg(self, key, is_called=True)
        self._legs[key] = leg
        if bridge_with is None:
            leg.pipe = self._pipe(key)
            self.post(key, Rang(Arrival(call_id="", caller="", called=user_of(address)), leg.pipe))
        elif (peer := self._legs.get(bridge_with)) is None:
            self.ended(leg, 487, "caller gone")
            return
        else:
            leg.peer, peer.peer = peer, leg
        call = _Call(self._account)
        leg.adopt(call)
        options = pj.CallOpParam(True)
        options.opt.audioCount = 1
        options.opt.videoCount = 0
        if caller:
            host = self._settings.public_address or self._settings.bind
            options.txOption.localUri = f"<sip:{caller}@{host}:{self.port}>"
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
        except pj.Error as error:
            leg.post(Referred(500, is_final=True))
            del error

    def hang_up(self, key: int, code: int = 0) -> None:
        """End the leg ``key``, in whatever state it is."""
        if (leg := self._legs.get(key)) is not None:
            self._hang_up(leg, code)

    def press(self, key: int, keys: str) -> None:
        """Send ``keys`` as RFC 4733 events."""
        leg = self._legs.get(key)
        if leg is not None and leg.call is not None:
            with contextlib.suppress(pj.Error):
                leg.call.dialDtmf(keys)

    def join(self, one: _Leg, other: _Leg) -> None:
        """Let two legs hear each other."""
        first, second = one.sound(), other.sound()
        if first is not None and second is not None:
            first.startTransmit(second)
            second.startTransmit(first)

    def ended(self, leg: _Leg, code: int, reason: str) -> None:
        """Forget ``leg``; whoever is bridged with it goes too, but a caller outlives a party that never answered."""
        self._legs.pop(leg.key, None)
        if leg.port is not None:
            leg.port.pipe = None
            self._idle_ports.append(leg.port)
            leg.port = None
        peer, leg.peer = leg.peer, None
        if peer is not None:
            peer.peer = None
            if leg.is_connected or not leg.is_called:
                self._later.append(lambda: self._hang_up(peer, 0))
        leg.post(Ended(code, reason))

    def borrow_port(self) -> _Port:
        """Return a free place in the conference bridge."""
        if self._idle_ports:
            return self._idle_ports.pop()
        assert self._memory is not None
        port = _Port(self._memory)
        form = pj.MediaFormatAudio()
        form.init(pj.PJMEDIA_FORMAT_PCM, 8_000, 1, 20_000, 16)
        port.createPort(f"line{len(self._ports)}", form)
        self._ports.append(port)
        return port

    def _pipe(self, key: int) -> Pipe:
        return Pipe(lambda event: self.post(key, event))

    def _answer(self, leg: _Leg, code: int) -> None:
        answer = pj.CallOpParam()
        answer.statusCode = code
        with contextlib.suppress(pj.Error):  # the caller has hung up meanwhile; the callback tells
            if leg.call is not None:
                leg.call.answer(answer)

    def _hang_up(self, leg: _Leg, code: int) -> None:
        end = pj.CallOpParam()
        end.statusCode = code
        with contextlib.suppress(pj.Error):  # it is ending already
            if leg.call is not None:
                leg.call.hangup(end)


class _Account(pj.Account):  # type: ignore[misc]  # pjsua2 has no types
    """Receives calls."""

    def __init__(self, board: Switchboard) -> None:
        super().__init__()
        self._board = board

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 -- the library's name
        self._board.ring(prm.callId, prm.rdata.srcAddress, prm.rdata.wholeMsg)
