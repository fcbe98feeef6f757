"""A form that a citizen filled in and sent as a whole (登记表单)."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.domain.appeal import AppealKind, PhoneNumber, Place


@dataclass(frozen=True, slots=True)
class ReportForm:
    """What the citizen wrote and chose. ``category`` None: nobody chose one, it is understood from ``text``.

    A form that was sent needs no read-back: the citizen had it before their eyes.
    """

    text: str
    kind: AppealKind | None = None
    category: str | None = None
    place: Place | None = None
    occurred: str = ""
    phone: PhoneNumber | None = None
    name: str = ""
    wants_secrecy: bool = False
