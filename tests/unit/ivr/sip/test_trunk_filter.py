from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Network, ip_network

import pytest

from ivr.sip.trunk_filter import admit_only, program


def _runs(networks: list[IPv4Network], sender: int) -> int:
    """Do what the kernel does with the filter; return how many bytes of the packet it keeps."""
    steps = [
        struct.unpack_from("HBBI", program(networks), offset)
        for offset in range(0, len(program(networks)), 8)
    ]
    at, value = 0, 0
    while True:
        code, jump_true, jump_false, constant = steps[at]
        at += 1
        if code == 0x20:
            assert constant == 0xFFF0000C
            value = sender
        elif code == 0x54:
            value &= constant
        elif code == 0x15:
            at += jump_true if value == constant else jump_false
        else:
            assert code == 0x06
            return constant


@pytest.mark.parametrize(
    ("sender", "is_kept"),
    [("10.1.2.3", True), ("192.168.0.7", True), ("192.168.0.8", False), ("11.1.2.3", False)],
)
def test_the_filter_keeps_packets_of_the_networks_only(sender: str, is_kept: bool) -> None:
    networks = [IPv4Network("10.0.0.0/8"), IPv4Network("192.168.0.7/32")]
    number = int.from_bytes(socket.inet_aton(sender), "big")
    assert (_runs(networks, number) > 0) is is_kept


def test_without_networks_nothing_is_kept() -> None:
    assert _runs([], 0x7F000001) == 0


def test_a_socket_with_a_filter_hears_its_networks_only() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as friend,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2)
        friend.bind(("127.0.0.3", 0))
        stranger.bind(("127.0.0.2", 0))
        port = receiver.getsockname()[1]
        assert admit_only((ip_network("127.0.0.3/32"),), bind="127.0.0.1", port=port)
        stranger.sendto(b"stranger", ("127.0.0.1", port))
        friend.sendto(b"friend", ("127.0.0.1", port))
        assert receiver.recv(100) == b"friend"


def test_what_the_kernel_cannot_do_is_said() -> None:
    everything = (ip_network("0.0.0.0/0"),)
    assert not admit_only(everything, bind="::1", port=5060)
    assert not admit_only(everything * 1_001, bind="127.0.0.1", port=5060)
    assert not admit_only(everything, bind="127.0.0.1", port=1)
