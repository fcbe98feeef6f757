"""SIP addresses, as far as the hotline needs to read them."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final
from urllib.parse import unquote

Network = IPv4Network | IPv6Network

_ADDRESS: Final = re.compile(
    r"sip:(?:(?P<user>[^@\s<>\"]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>\d{1,5}))?(?:;[^\s<>\"]*)?"
)
_USER: Final = re.compile(r"sips?:([^@\s<>;]+)@|tel:([^\s<>;@]+)", re.IGNORECASE)
_ASSERTED: Final = re.compile(r"^P-Asserted-Identity\s*:(.*)$", re.IGNORECASE | re.MULTILINE)


def user_of(address: str) -> str:
    """Return the user part of an address or header value ("+86539…" from a sip: or tel: address), or ""."""
    found = _USER.search(address)
    if found is None:
        return ""
    return unquote(found[1] or found[2]).split(";")[0]


def host_of(address: str) -> str | None:
    """Return the host of ``sip:user@host:port``; None when this is no plain SIP address."""
    found = _ADDRESS.fullmatch(address)
    return None if found is None else found["host"].strip("[]")


def asserted_caller(message: str) -> str:
    """Return the user part that the trunk vouches for (P-Asserted-Identity, RFC 3325) in an INVITE, or ""."""
    found = _ASSERTED.search(message.split("\r\n\r\n", 1)[0])
    return "" if found is None else user_of(found[1])


def calling_user(message: str) -> str:
    """Return who calls by an INVITE: whom the trunk vouches for, else the user part of From, or ""."""
    return asserted_caller(message) or user_of(header(message, "From") or header(message, "f"))


def header(message: str, name: str) -> str:
    """Return the value of the first header ``name`` of a SIP message, or ""; folded lines are not joined."""
    head = message.split("\r\n\r\n", 1)[0]
    found = re.search(rf"^{re.escape(name)}[ \t]*:[ \t]*(.*?)\s*$", head, re.IGNORECASE | re.MULTILINE)
    return "" if found is None else found[1]


def called_user(message: str) -> str:
    """Return the user part of the Request-URI of ``message``, or ""."""
    return user_of(message.split("\r\n", 1)[0])


def is_within(source: str, networks: tuple[Network, ...]) -> bool:
    """Tell whether ``source`` ("10.0.0.1:5060", "[::1]:5060", "10.0.0.1", "::1") lies in one of ``networks``."""
    has_port = source.count(":") == 1 or source.startswith("[")
    host = source.rsplit(":", 1)[0].strip("[]") if has_port else source
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in networks)
