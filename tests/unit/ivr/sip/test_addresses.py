from __future__ import annotations

from ipaddress import ip_network

import pytest

from ivr.sip.addresses import asserted_caller, called_user, calling_user, header, host_of, is_within, user_of


@pytest.mark.parametrize(
    ("address", "user"),
    [
        ("sip:13905390001@10.0.0.1:5060", "13905390001"),
        ('"Wang" <sip:+8613905390001@trunk.example;user=phone>;tag=1', "+8613905390001"),
        ("<tel:+86-539-12345;phone-context=x>", "+86-539-12345"),
        ("<SIPS:110@10.0.0.1>", "110"),
        ("sip:a%40b@10.0.0.1", "a@b"),
        ("sip:10.0.0.1", ""),
        ("", ""),
    ],
)
def test_the_user_part_is_read_from_any_form_of_address(address: str, user: str) -> None:
    assert user_of(address) == user


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("sip:110@127.0.0.1:5080", "127.0.0.1"),
        ("sip:agent@[::1]:5060", "::1"),
        ("sip:pbx.example", "pbx.example"),
        ("sip:110@10.0.0.1;transport=udp", "10.0.0.1"),
        ("tel:110", None),
        ("sip:110@10.0.0.1>\r\nX: y", None),
        ("sip:1 1@10.0.0.1", None),
        ("", None),
    ],
)
def test_only_a_plain_sip_address_has_a_host(address: str, host: str | None) -> None:
    assert host_of(address) == host


def test_the_trunk_vouches_for_the_caller_in_a_header() -> None:
    invite = "INVITE sip:12345@10.0.0.1 SIP/2.0\r\nFrom: <sip:anonymous@x>\r\np-asserted-identity: <tel:13905390001>\r\n\r\n"
    assert asserted_caller(invite) == "13905390001"
    assert called_user(invite) == "12345"


def test_who_calls_is_read_from_from_where_the_trunk_vouches_for_nobody() -> None:
    head = "INVITE sip:12345@x SIP/2.0\r\n"
    assert calling_user(f"{head}f : <sip:13905390001@x>;tag=1\r\n\r\n") == "13905390001"
    both = f"{head}From: <sip:1@x>\r\nP-Asserted-Identity: <sip:2@x>\r\n\r\n"
    assert (calling_user(both), header(both, "from"), header(both, "X")) == ("2", "<sip:1@x>", "")


def test_a_body_vouches_for_nobody() -> None:
    assert asserted_caller("INVITE sip:1@x SIP/2.0\r\n\r\nP-Asserted-Identity: <tel:110>\r\n") == ""


def test_a_sender_is_within_the_networks_or_not() -> None:
    networks = (ip_network("10.1.0.0/16"), ip_network("::1/128"))
    sources = ("10.1.2.3:5060", "10.2.0.1:5060", "[::1]:5060", "::1", "10.1.9.9", "trunk.example:5060", "")
    assert [is_within(source, networks) for source in sources] == [
        True,
        False,
        True,
        True,
        True,
        False,
        False,
    ]
