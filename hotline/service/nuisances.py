"""Flagging calls that may be malicious, and having people judge them (恶意来电认定)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol

from hotline.city import City, read_yaml
from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import CityConfigError
from hotline.domain.nuisance import Judgement, NuisanceFlag, Suspicion

_MOST_LISTED: Final = 200


class NuisanceStore(Protocol):
    """Keeps flagged calls. All methods raise ``StoreUnavailableError``."""

    async def add(self, flag: NuisanceFlag) -> NuisanceFlag:
        """Keep ``flag``, once for each conversation: returns the one that is kept."""

    async def get(self, flag: str) -> NuisanceFlag | None:
        """Return one, or None."""

    async def listed(self, *, is_open: bool, limit: int) -> Sequence[NuisanceFlag]:
        """Return those that nobody has judged, the oldest first; or those judged, the latest first."""

    async def change(
        self, flag: str, step: Callable[[NuisanceFlag], NuisanceFlag], *, by: str, at: datetime
    ) -> NuisanceFlag:
        """Change one by ``step`` in one transaction with its audit row; raises what ``step`` raises, or ``NoSuchNuisanceError``."""

    async def judged_malicious(self, phone: PhoneNumber) -> int:
        """Return how many calls of a number were judged malicious."""

    async def count_call(self, phone: PhoneNumber, on: date) -> int:
        """Count a call of the day ``on`` and return how many there were."""

    async def calls_on(self, phone: PhoneNumber, on: date) -> int:
        """Return how many calls of a number there were on a day."""


@dataclass(frozen=True, slots=True)
class FlaggedCall:
    """A call that is to be flagged."""

    conversation: str
    phone: PhoneNumber | None
    suspicion: Suspicion
    words: tuple[str, ...] = field(repr=False)
    by: str = "machine"


class Nuisances:
    """Flags calls and keeps what people made of them. ``calls_a_day``: more than so many are shown to a person."""

    def __init__(self, store: NuisanceStore, calls_a_day: int, new_id: Callable[[], str]) -> None:
        """``new_id`` makes an id that nobody guesses."""
        self._store = store
        self._calls_a_day = calls_a_day
        self._new_id = new_id

    async def flag(self, call: FlaggedCall, at: datetime) -> NuisanceFlag:
        """Flag a call of the local time ``at``; a second flag of the same conversation is the first."""
        known = call.phone is not None
        calls = await self._store.calls_on(call.phone, at.date()) if call.phone is not None and known else 0
        return await self._store.add(
            NuisanceFlag(
                self._new_id(), call.conversation, call.phone, call.suspicion, call.words, calls, at, call.by
            )
        )

    async def count(self, phone: PhoneNumber, conversation: str, at: datetime) -> None:
        """Count a call of the local time ``at``; the first that is one too many on a day is shown to a person."""
        calls = await self._store.count_call(phone, at.date())
        if calls == self._calls_a_day + 1:
            await self.flag(FlaggedCall(conversation, phone, Suspicion.FREQUENT, ()), at)

    async def waiting(self) -> Sequence[NuisanceFlag]:
        """Return the calls that nobody has judged, the oldest first."""
        return await self._store.listed(is_open=True, limit=_MOST_LISTED)

    async def judged(self) -> Sequence[NuisanceFlag]:
        """Return the calls that were judged, the latest first."""
        return await self._store.listed(is_open=False, limit=_MOST_LISTED)

    async def get(self, flag: str) -> NuisanceFlag | None:
        """Return one flagged call, or None."""
        return await self._store.get(flag)

    async def judge(self, flag: str, judgement: Judgement) -> NuisanceFlag:
        """Keep a person's judgement, for good."""
        return await self._store.change(
            flag, lambda found: found.judged(judgement), by=judgement.by, at=judgement.at
        )

    async def malicious_before(self, phone: PhoneNumber) -> int:
        """Return how many calls of a number were judged malicious: agents are shown it, and nobody is refused for it."""
        return await self._store.judged_malicious(phone)


def read_calls_a_day(city: City) -> int:
    """Read a city's ``nuisance.yaml``; ``CityConfigError`` says what is wrong with it."""
    file = city.folder / "nuisance.yaml"
    rows = read_yaml(file)
    calls = rows.get("calls_a_day") if isinstance(rows, dict) else None
    if not isinstance(calls, int) or isinstance(calls, bool) or calls < 1:
        raise CityConfigError(file=str(file), row="calls_a_day", reason="calls_a_day 应是正整数")
    return calls
