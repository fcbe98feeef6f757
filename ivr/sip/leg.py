"""One call leg, seen from the SIP thread: the library's call, its callbacks and its place in the conference bridge."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import pjsua2 as pj
import structlog

from ivr.line import FRAME_BYTES, Key
from ivr.sip.events import Connected, Reached, Referred, SwitchEvent
from ivr.sip.frames import FrameMemory
from ivr.sip.pipe import Ear, Pipe

log: Final = structlog.get_logger("sip")

_SILENCE: Final = bytes(FRAME_BYTES)
_TRYING: Final = 100
_DECLINE: Final = 603
_NO_STATUS: Final = 500  # the library ends a call without a status when it breaks within


class Board(Protocol):
    """What a leg needs of the switchboard."""

    def post(self, key: int, event: SwitchEvent) -> None:
        """Tell the asyncio side."""

    def borrow_port(self) -> Port:
        """Return a free place in the conference bridge."""

    def ended(self, leg: Leg, code: int, reason: str) -> None:
        """Forget ``leg``."""

    def give_up(self, leg: Leg) -> None:
        """End ``leg``, which is broken, as soon as the library has returned."""


class Port(pj.AudioMediaPort):  # type: ignore[misc]  # pjsua2 has no types
    """A place in the conference bridge, lent to one call after another."""

    def __init__(self, memory: FrameMemory) -> None:
        super().__init__()
        self.memory = memory
        self.pipe: Pipe | Ear | None = None

    def onFrameRequested(self, frame: Any) -> None:  # noqa: N802 -- the library's name
        """Give the next 20 ms to send."""
        pipe = self.pipe
        self.memory.write(frame, _SILENCE if pipe is None else pipe.outgoing())
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO

    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802 -- the library's name
        """Take 20 ms that came in."""
        if (pipe := self.pipe) is not None:
            is_sound = frame.type == pj.PJMEDIA_FRAME_TYPE_AUDIO and frame.size == FRAME_BYTES
            pipe.heard(self.memory.read(frame.buf) if is_sound else _SILENCE)


class LibraryCall(pj.Call):  # type: ignore[misc]  # pjsua2 has no types
    """Passes the library's callbacks on to the leg. Nothing may be raised into the library: it would abort."""

    leg: Leg | None = None

    def onCallState(self, prm: Any) -> None:  # noqa: N802, ARG002 -- the library's name
        """Note that the call was answered, or is over."""
        if (leg := self.leg) is not None:
            leg.guard(leg.state_changed)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802, ARG002 -- the library's name
        """Note that sound can flow, or can no longer."""
        if (leg := self.leg) is not None:
            leg.guard(leg.media_changed)

    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802 -- the library's name
        """Note the first sign of life of the called party."""
        transaction = prm.e.body.tsxState.tsx
        is_sign = transaction.method == "INVITE" and transaction.statusCode >= _TRYING
        if (leg := self.leg) is not None and is_sign:
            leg.guard(leg.reached)

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802 -- the library's name
        """Pass on a key; its duration is not to be trusted."""
        if self.leg is not None:
            self.leg.post(Key(prm.digit.upper()))

    def onCallTransferStatus(self, prm: Any) -> None:  # noqa: N802 -- the library's name
        """Pass on news of a REFER."""
        if self.leg is not None:
            self.leg.post(Referred(prm.statusCode, bool(prm.finalNotify)))

    def onCallTransferRequest(self, prm: Any) -> None:  # noqa: N802 -- the library's name
        """Refuse: nobody who calls tells the hotline whom to call (REFER)."""
        prm.statusCode = _DECLINE

    def onCallReplaceRequest(self, prm: Any) -> None:  # noqa: N802 -- the library's name
        """Refuse: nobody takes over another's call (INVITE with Replaces)."""
        prm.statusCode = _DECLINE

    def onCallRedirected(self, prm: Any) -> Any:  # noqa: N802, ARG002 -- the library's name
        """Stop: a called party does not choose whom the hotline calls instead (3xx)."""
        return pj.PJSIP_REDIRECT_STOP


class Leg:
    """One call. ``guests`` are the legs it was, or is to be, put through to; a guest has a ``host`` and no pipe.

    A host that ``stays`` outlives its last guest; one that ``is_held`` hears its pipe only.
    """

    def __init__(self, board: Board, key: int, *, is_called: bool) -> None:
        self.board = board
        self.key = key
        self.is_called = is_called
        self.is_refused = False
        self.caller = ""
        self.call_id = ""
        self.call: LibraryCall | None = None
        self.pipe: Pipe | None = None
        self.port: Port | None = None
        self.ear: Port | None = None
        self.host: Leg | None = None
        self.guests: list[Leg] = []
        self.is_held = False
        self.stays = False
        self.is_confirmed = False
        self.is_connected = False
        self._is_reached = False
        self._packets = -1
        self._last_packet_at = 0.0

    def guard(self, step: Callable[[], None]) -> None:
        """Do ``step``; a call for which it fails is ended."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 -- raised into the library it would end the process, with all calls
            log.error("sip.callback_failed", error=type(error).__name__)
            self.board.give_up(self)

    def post(self, event: SwitchEvent) -> None:
        """Tell the asyncio side, unless it never heard of this leg."""
        if not self.is_refused:
            self.board.post(self.key, event)

    def adopt(self, call: LibraryCall) -> None:
        """Take ``call`` as the library's side of this leg."""
        self.call = call
        call.leg = self

    def reached(self) -> None:
        """Report the first sign of life."""
        if self.is_called and not self._is_reached:
            self._is_reached = True
            self.post(Reached())

    def state_changed(self) -> None:
        """Follow the call's state; the library's call is let go in the very callback that says it is over."""
        if self.call is None:
            return
        info = self.call.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.is_confirmed = True
            self._connect()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.call.leg = None
            self.call = None
            self.board.ended(self, int(info.lastStatusCode) or _NO_STATUS, str(info.lastReason))

    def media_changed(self) -> None:
        """Connect the call's sound, also after a re-INVITE."""
        sound = self.sound()
        if sound is None:
            return
        if self.pipe is not None:
            if self.port is None:
                self.port = self.board.borrow_port()
            self.port.pipe = self.pipe
            sound.startTransmit(self.port)
            self.port.startTransmit(sound)
        if self.is_connected:
            (self.host or self).mix()
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

    @property
    def present(self) -> list[Leg]:
        """Guests who have answered."""
        return [guest for guest in self.guests if guest.is_connected]

    def mix(self) -> None:
        """Let all of a talk hear one another; what is connected already stays so."""
        sounds = [sound for guest in self.present if (sound := guest.sound()) is not None]
        for index, sound in enumerate(sounds):
            for other in sounds[index + 1 :]:
                _join(sound, other)
            self._listen_to(sound)
        own = self.sound()
        if own is None or self.is_held:
            return
        for sound in sounds:
            _join(own, sound)
            if self.port is not None:
                self.port.startTransmit(sound)

    def hold(self) -> None:
        """Part the caller from the others; the pipe goes on."""
        self.is_held = True
        own = self.sound()
        for guest in self.present:
            sound = guest.sound()
            if own is None or sound is None:
                continue
            for source, sink in ((own, sound), (sound, own), (self.port, sound)):
                with contextlib.suppress(pj.Error):  # was not connected
                    if source is not None:
                        source.stopTransmit(sink)

    def retrieve(self) -> None:
        """Let the caller into the talk again."""
        self.is_held = False
        self.mix()

    def _listen_to(self, sound: Any) -> None:
        """Have the parties that this leg is put through to recorded with it, where it is recorded."""
        if self.pipe is None or not self.pipe.has_listeners:
            return
        if self.ear is None:
            self.ear = self.board.borrow_port()
            self.ear.pipe = Ear(self.pipe)
        sound.startTransmit(self.ear)

    def _connect(self) -> None:
        if self.is_connected or not self.is_confirmed or self.call is None or self.sound() is None:
            return
        self.is_connected = True
        self._last_packet_at = time.monotonic()
        (self.host or self).mix()
        self.post(Connected(str(self.call.getInfo().callIdString)))


def _join(one: Any, other: Any) -> None:
    """Let two hear each other."""
    one.startTransmit(other)
    other.startTransmit(one)
