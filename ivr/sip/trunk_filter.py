"""Packets from strangers are dropped by the kernel, before a parser sees them (Linux, IPv4).

A classic BPF program on the SIP socket compares the sender's address with the networks allowed. What it cannot do
(another system, IPv6) the endpoint makes up for by refusing the call.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import stat
import struct
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

from ivr.sip.addresses import Network

_SO_ATTACH_FILTER: Final = 26
_LOAD_WORD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_JUMP_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_SENDER: Final = 0x1_0000_0000 - 0x10_0000 + 12  # SKF_NET_OFF + the source address in an IPv4 header
_WHOLE_PACKET: Final = 0xFFFF
_MOST_NETWORKS: Final = 1_000  # a program has at most 4,096 steps


def program(networks: Sequence[IPv4Network]) -> bytes:
    """Return the filter that lets through packets sent from ``networks``, as an array of ``struct sock_filter``."""
    steps: list[tuple[int, int, int, int]] = []
    for network in networks:
        steps += [
            (_LOAD_WORD, 0, 0, _SENDER),
            (_AND, 0, 0, int(network.netmask)),
            (_JUMP_IF_EQUAL, 0, 1, int(network.network_address)),
            (_RETURN, 0, 0, _WHOLE_PACKET),
        ]
    steps.append((_RETURN, 0, 0, 0))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def admit_only(networks: Sequence[Network], *, bind: str, port: int) -> bool:
    """Let the SIP socket at ``bind``:``port`` of this process hear ``networks`` only; tell whether that was possible."""
    own = [network for network in networks if isinstance(network, IPv4Network)]
    if ":" in bind or len(own) > _MOST_NETWORKS:
        return False
    code = program(own)
    memory = ctypes.create_string_buffer(code, len(code))
    argument = struct.pack("HL", len(code) // 8, ctypes.addressof(memory))
    for descriptor in _own_sockets():
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as found:
            if found.type == socket.SOCK_DGRAM and found.getsockname()[:2] == (bind, port):
                found.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, argument)
                return True
    return False


def _own_sockets() -> Iterator[int]:
    """Yield the file descriptors of this process that are sockets; none where there is no /proc."""
    with contextlib.suppress(OSError):
        for entry in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(os.fstat(int(entry.name)).st_mode):
                    yield int(entry.name)
