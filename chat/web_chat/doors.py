"""What the web chat needs of the rest of the hotline: who a citizen is, how often, from where, guidance, pictures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from chat.web_chat.channel import Visitor
from hotline.service.guidance import Guidance


class Buckets(Protocol):
    """Limits how often something is done (令牌桶)."""

    async def take(self, name: str, *, burst: float, per_second: float) -> bool:
        """Take a token; False when there is none left. Never raises."""


class Boundless:
    """Limits nothing; for tests of other things."""

    async def take(self, name: str, *, burst: float, per_second: float) -> bool:
        """Always give."""
        del name, burst, per_second
        return True


class KeptPictures(Protocol):
    """Knows what was sent along. Raises ``StoreUnavailableError``."""

    async def kind(self, evidence: str, conversation: str) -> str | None:
        """Return the media type of what was sent in a conversation; None when there is no such thing in it."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often, as a burst and a number a second: new connections of an address, and drafts of a page."""

    hello: tuple[float, float] = (40.0, 1.0)
    draft: tuple[float, float] = (6.0, 2.0)


@dataclass(frozen=True, slots=True)
class Doors:
    """Everything that is optional. ``identify`` turns a host app's token into who writes; raises ``HotlineError``.

    ``origins`` are sites that may carry the chat besides the hotline's own. ``unit_name`` gives a unit's name by its code.
    """

    clock: Callable[[], datetime]
    identify: Callable[[str], Awaitable[Visitor]] | None = None
    buckets: Buckets = field(default_factory=Boundless)
    rates: Rates = Rates()
    origins: frozenset[str] = frozenset()
    guidance: Guidance | None = None
    unit_name: Callable[[str], str] = str
    pictures: KeptPictures | None = None

    def admits(self, origin: str | None, host: str | None) -> bool:
        """Tell whether a page of ``origin`` may talk with us; what is no page (an app, a program) has none."""
        if origin is None or origin in self.origins:
            return True
        return host is not None and urlsplit(origin).netloc == host
