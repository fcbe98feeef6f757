"""Messages that would end the process are dropped before the library's transactions see them.

The library's asserts are compiled in, and three of them are within a sender's reach:

- it finds a transaction by the method in CSeq and then asserts the one in the first line, so an OPTIONS with the CSeq and
  branch of an INVITE that was refused ends the process, with all calls. RFC 3261 §8.1.1.5: the two must be the same;
- every INVITE takes two of its 64 handles, also one that it refuses by itself, and gives them back half a second late.
  INVITEs beyond what the handles bear are dropped; their senders send them again after half a second;
- it asserts that the name of a host, in a URI, Via or session description, has fewer than 254 characters (RFC 1035 allows
  253).

Of every INVITE that is let through the switchboard is told: the library refuses those for which it has no place without a word.

pjsua2 has no way in so early, so a module of the library's own kind is registered through its C interface.
"""

from __future__ import annotations

import ctypes
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import structlog

log: Final = structlog.get_logger("sip")

_BEFORE_TRANSACTIONS: Final = 12  # PJSIP_MOD_PRIORITY_TRANSPORT_LAYER is 8, _TSX_LAYER 16
_REQUEST: Final = 0  # PJSIP_REQUEST_MSG
_LARGEST: Final = (
    4_800  # where in a received message's record its summary may lie; the record holds a 4,000-byte packet
)
_WORD: Final = ctypes.sizeof(ctypes.c_void_p)
_REST_SECONDS: Final = 0.6
_LONG_HOST: Final = re.compile(
    rb"(?:SIP/2\.0/\w+\s+|\bIN\s+IP\w*\s+|sips?:|@|maddr=|received=)[^\s;>/?,@]{254}", re.IGNORECASE
)
_OnReceived: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class _Text(ctypes.Structure):
    """pj_str_t."""

    _fields_ = (("start", ctypes.c_void_p), ("length", ctypes.c_ssize_t))

    def read(self) -> bytes:
        return ctypes.string_at(self.start, self.length) if self.start and self.length > 0 else b""


class _Method(ctypes.Structure):
    """pjsip_method."""

    _fields_ = (("id", ctypes.c_int), ("name", _Text))


class _Message(ctypes.Structure):
    """The beginning of pjsip_msg."""

    _fields_ = (("type", ctypes.c_int), ("method", _Method))


class _CSeq(ctypes.Structure):
    """pjsip_cseq_hdr."""

    _fields_ = (
        ("links", ctypes.c_void_p * 2), ("type", ctypes.c_int), ("name", _Text), ("short_name", _Text),
        ("functions", ctypes.c_void_p), ("number", ctypes.c_int32), ("method", _Method),
    )  # fmt: skip


class _Received(ctypes.Structure):
    """The beginning of pjsip_rx_data's msg_info."""

    _fields_ = (
        ("packet", ctypes.c_void_p), ("length", ctypes.c_int), ("message", ctypes.POINTER(_Message)), ("summary", ctypes.c_void_p), ("call_id", ctypes.c_void_p),
        ("sender", ctypes.c_void_p), ("to", ctypes.c_void_p), ("via", ctypes.c_void_p), ("cseq", ctypes.POINTER(_CSeq)),
    )  # fmt: skip


_SUMMARY: Final = _Received.summary.offset


class _Module(ctypes.Structure):
    """pjsip_module."""

    _fields_ = (
        ("links", ctypes.c_void_p * 2), ("name", _Text), ("id", ctypes.c_int), ("priority", ctypes.c_int),
        ("load", ctypes.c_void_p), ("start", ctypes.c_void_p), ("stop", ctypes.c_void_p), ("unload", ctypes.c_void_p),
        ("on_rx_request", _OnReceived), ("on_rx_response", ctypes.c_void_p), ("on_tx_request", ctypes.c_void_p),
        ("on_tx_response", ctypes.c_void_p), ("on_tsx_state", ctypes.c_void_p),
    )  # fmt: skip


class MessageGuard:
    """Drops such requests; kept as long as the library runs."""

    def __init__(self, native: Any, *, most_calls: int, came: Callable[[bytes], None]) -> None:
        """``native``: the library as ctypes sees it; ``most_calls``: INVITEs let through in 0.6 s; ``came`` is told of each."""
        self._came = came
        self._most_calls = most_calls
        self._calls: deque[float] = deque()
        self._summary_of = native.pjsip_rx_data_get_info
        self._summary_of.argtypes, self._summary_of.restype = [ctypes.c_void_p], ctypes.c_void_p
        self._place = 0
        self._name = ctypes.create_string_buffer(b"mod-message-guard")
        self._module = _Module(
            name=_Text(ctypes.addressof(self._name), len(self._name.value)),
            id=-1, priority=_BEFORE_TRANSACTIONS, on_rx_request=_OnReceived(self._is_dropped),
        )  # fmt: skip
        native.pjsua_get_pjsip_endpt.restype = ctypes.c_void_p
        register = native.pjsip_endpt_register_module
        register.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        self.is_on = register(native.pjsua_get_pjsip_endpt(), ctypes.addressof(self._module)) == 0

    def _is_dropped(self, record: int) -> int:
        """Tell the library (1) that no one else is to see this message."""
        received = self._received(record)
        if received is None or not received.message or not received.cseq:
            return 0
        message, cseq = received.message.contents, received.cseq.contents
        if message.type != _REQUEST:
            return 0
        packet = ctypes.string_at(received.packet, max(0, received.length))
        if _LONG_HOST.search(packet):
            return 1
        method = message.method.name.read()
        if method != cseq.method.name.read():
            return 1
        if method == b"INVITE":
            if self._has_no_handles():
                return 1
            self._tell(packet)
        return 0

    def _tell(self, packet: bytes) -> None:
        try:
            self._came(packet)
        except Exception as error:  # noqa: BLE001 -- nothing may be raised into the library
            log.error("sip.callback_failed", error=type(error).__name__)

    def _has_no_handles(self) -> bool:
        now = time.monotonic()
        while self._calls and now - self._calls[0] > _REST_SECONDS:
            self._calls.popleft()
        if len(self._calls) >= self._most_calls:
            return True
        self._calls.append(now)
        return False

    def _received(self, record: int) -> _Received | None:
        """Find the message's parts by its summary, whose address the library tells: its layout differs by build."""
        summary = self._summary_of(record)
        if not self._place:
            words = (ctypes.c_void_p * (_LARGEST // _WORD)).from_address(record)
            places = [index for index, word in enumerate(words) if word == summary]
            if len(places) != 1:
                return None
            self._place = places[0] * _WORD
        return _Received.from_address(record + self._place - _SUMMARY)
