"""Telling a citizen how an order stands (进度): status in plain words, unit and due date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from hotline.dialogue.intake import spoken_date
from hotline.dialogue.prompts import Prompts
from hotline.domain.callbacks import CallbackWindow
from hotline.domain.category import Category, nearest
from hotline.domain.repeats import OrderNews

_MOBILE_DIGITS: Final = 11
_DAY_DIGITS: Final = 6  # year, month and day


class Teller:
    """Words an order for one channel; ``is_spoken`` groups its number for the ear."""

    def __init__(self, prompts: Prompts, categories: Mapping[str, Category], timezone: tzinfo) -> None:
        """Take the words and the time zone of spoken days."""
        self._prompts = prompts
        self._categories = categories
        self._timezone = timezone

    def parts(self, order: OrderNews, *, is_spoken: bool, name: str = "progress_order") -> tuple[str, ...]:
        """Return the order in parts: what it is about, its number and status, then unit and date where it has them."""
        prompts = self._prompts
        category = nearest(order.category, self._categories)
        said = list(
            prompts.parts(
                name,
                registered=spoken_date(prompts, order.registered_at.astimezone(self._timezone)),
                matter=category.spoken if category is not None else "",
                number=spelled(order.number, is_spoken=is_spoken),
                status=prompts.text(f"status_{order.status.value}"),
            )
        )
        if order.lead_unit_name is not None:
            said.extend(prompts.parts("progress_unit", unit=order.lead_unit_name))
        if order.is_open and order.due_at is not None:
            due = spoken_date(prompts, order.due_at.astimezone(self._timezone))
            said.extend(prompts.parts("progress_due", due=due))
        return tuple(said)


def spelled(number: str, *, is_spoken: bool) -> str:
    """Group a work order number for the ear (261123 00012), to be cut in a prompt: a day's orders begin alike.

    In writing it stays whole, to be copied; so does what is no longer than a day.
    """
    is_grouped = is_spoken and len(number) > _DAY_DIGITS
    return f"{number[:_DAY_DIGITS]} |{number[_DAY_DIGITS:]}" if is_grouped else number


def grouped(digits: str) -> str:
    """Return a telephone number in the groups it is read in: 3-4-4 for a mobile, in fours from the end for others."""
    if len(digits) == _MOBILE_DIGITS and digits.startswith("1"):
        return f"{digits[:3]} {digits[3:7]} {digits[7:]}"
    return " ".join(digits[max(0, end - 4) : end] for end in range(len(digits) % 4 or 4, len(digits) + 1, 4))


def spoken_window(prompts: Prompts, window: CallbackWindow, now: datetime) -> str:
    """Return when somebody is called back, as it is said; ``now`` in local time tells today from another day."""
    start, end = (moment.astimezone(now.tzinfo) for moment in (window.start, window.end))
    if start.date() == now.date():
        day = prompts.text("day_today")
    elif (start.date() - now.date()).days == 1:
        day = prompts.text("day_tomorrow")
    else:
        day = spoken_date(prompts, start)
    return prompts.text("callback_window", day=day, start=_clock(prompts, start), end=_clock(prompts, end))


def _clock(prompts: Prompts, moment: datetime) -> str:
    name = "clock" if moment.minute else "clock_sharp"
    return prompts.text(name, hour=str(moment.hour), minute=str(moment.minute))
