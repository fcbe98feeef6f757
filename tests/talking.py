"""Talking with a session in tests: what is said, what happens, and what the citizen hears."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hotline.dialogue.actions import Action, CheckRepeat, Say, Understand
from hotline.dialogue.events import AppealRegistered, Event, NoRepeat, Said, Started, Understood
from hotline.dialogue.session import Session
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.callbacks import CallingHours
from hotline.domain.category import Category
from hotline.domain.meaning import Understanding
from tests.builders import LANSHAN, NOW, PHONE, a_complaint, a_session

DUE = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)


class Conversation:
    """A session and all that it did; speaks to it in the hotline's words."""

    def __init__(
        self,
        channel: ContactChannel = ContactChannel.PHONE,
        phone: PhoneNumber | None = PHONE,
        *,
        answers_checks: bool = True,
        calling_hours: CallingHours | None = None,
        asks_rating: bool = False,
        categories: Mapping[str, Category] | None = None,
    ) -> None:
        self._answers_checks = answers_checks
        self.session: Session = a_session(
            channel, calling_hours=calling_hours, asks_rating=asks_rating, categories=categories
        )
        self.did: list[Action] = []
        self.events: list[Event] = []
        self.happens(Started(NOW, "c1", channel, phone))

    def happens(self, event: Event) -> tuple[Action, ...]:
        """Let ``event`` happen; unless it was asked otherwise, there is no earlier order on the matter."""
        self.events.append(event)
        done = self.session.handle(event)
        self.did.extend(done)
        if self._answers_checks and done and isinstance(done[-1], CheckRepeat):
            return (*done, *self.happens(NoRepeat(NOW, done[-1].turn)))
        return done

    def says(self, said: str | Said, meaning: Understanding | None = None) -> tuple[Action, ...]:
        done = self.happens(said if isinstance(said, Said) else Said(NOW, said, said))
        if meaning is None:
            return done
        (asked,) = [action for action in done if isinstance(action, Understand)]
        return self.happens(Understood(NOW, asked.turn, meaning))

    def last(self, kind: type[Action]) -> Action:
        return [action for action in self.did if isinstance(action, kind)][-1]

    @property
    def turn(self) -> int:
        return max(getattr(action, "turn", 0) for action in self.did)

    @property
    def said(self) -> str:
        """The words of the last ``Say``."""
        say = self.last(Say)
        assert isinstance(say, Say)
        return say.text

    @property
    def heard(self) -> tuple[str, ...]:
        """Names of the prompts of the last ``Say``."""
        say = self.last(Say)
        assert isinstance(say, Say)
        return say.prompts

    def is_registered(self, number: str = "26112300001", unit: str | None = "兰山区人民政府") -> None:
        self.happens(AppealRegistered(NOW, self.turn, number, unit, DUE if unit else None))


def with_a_complaint() -> Conversation:
    call = Conversation()
    call.says("兰山区银雀山街道暖气不热", a_complaint("兰山区银雀山街道暖气不热", place=LANSHAN))
    return call
