"""Outbound calls, made of a city's files and the settings (外呼)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.callback_calls import CallbackErrands
from app.outlook import callback_rules, open_book
from app.recordings import BookWithoutSecrets, Recordings
from app.revisits import RevisitErrands
from app.settings import Settings
from app.survey import load_survey_prompts, survey_maker
from app.wiring import World
from hotline.city import City
from hotline.domain.appeal import PhoneNumber
from hotline.domain.errors import StoreUnavailableError
from hotline.service.channel import Channel
from hotline.service.conversations import Conversations
from hotline.service.nuisances import Nuisances
from hotline.service.outbound import load_outbound_rules
from hotline.service.outbound_book import OutboundBook
from hotline.service.revisit_calls import RevisitCalls
from ivr.line import Line
from ivr.outbound import Dialler, Dialling, DialSettings

log: Final = structlog.get_logger("outbound")

_CALLBACK_POLL_SECONDS: Final = 2.0  # an agent who says “call now” is looking at the screen
_MARGIN: Final = timedelta(minutes=2)


def dial_settings(settings: Settings) -> DialSettings:
    """Return how calls are placed."""
    longest = settings.outbound_ring_seconds + settings.max_call_seconds
    return DialSettings(
        address=settings.outbound_address,
        caller=settings.outbound_caller,
        process=settings.call_process,
        ring_seconds=settings.outbound_ring_seconds,
        poll_seconds=settings.outbound_poll_seconds,
        lease=timedelta(seconds=longest) + _MARGIN,
    )


def open_dialler(
    settings: Settings,
    city: City,
    world: World,
    phone: Dialling,
    *,
    channel: Callable[[Line, str], Channel],
    recordings: Recordings | None,
) -> Dialler | None:
    """Return what places outbound calls on ``phone``, None where they are switched off."""
    if not settings.outbound_address:
        return None
    book, clock = open_book(settings, world.store), world.surroundings.clock
    log_book = world.surroundings.log_book
    errands = RevisitErrands(
        world.store,
        book,
        RevisitCalls(world.casework, load_survey_prompts(city)),
        survey_maker(city),
        categories=city.categories,
        channel=channel,
        log_book=log_book if recordings is None else BookWithoutSecrets(log_book, recordings),
        recordings=recordings,
        callbacks=world.callbacks,
        slow_callers=world.surroundings.slow_callers,
        clock=clock,
    )
    return Dialler(
        phone,
        book,
        errands,
        rules=load_outbound_rules(city),
        calendar=lambda: world.router.holder.current.limits.calendar,
        settings=dial_settings(settings),
        clock=clock,
    )


def open_callback_dialler(
    settings: Settings,
    city: City,
    world: World,
    phone: Dialling,
    conversations: Conversations,
    *,
    channel: Callable[[Line, str], Channel],
    recordings: Recordings | None,
) -> Dialler | None:
    """Return what places callbacks on ``phone``; None where nothing is placed, or no agents sign in."""
    if not settings.outbound_address or not settings.agent_address or world.desk is None:
        return None
    clock = world.surroundings.clock
    errands = CallbackErrands(
        world.store,
        world.callbacks,
        world.desk,
        conversations,
        channel=channel,
        recordings=recordings,
        clock=clock,
    )
    return Dialler(
        phone,
        open_book(settings, world.store),
        errands,
        rules=callback_rules(city),
        calendar=lambda: world.router.holder.current.limits.calendar,
        settings=replace(dial_settings(settings), poll_seconds=_CALLBACK_POLL_SECONDS),
        clock=clock,
    )


async def note_contact(
    book: OutboundBook, nuisances: Nuisances, caller: str, conversation: str, at: datetime
) -> None:
    """Note who calls, so that they may be called, and how often; a database that is away costs a citizen nothing but that.

    ``at`` is the city's local time.
    """
    digits = caller.removeprefix("+86")
    if not digits.isdigit():
        return
    try:
        await book.note_contact(PhoneNumber(digits), at=at)
        await nuisances.count(PhoneNumber(digits), conversation, at)
    except StoreUnavailableError as error:
        log.warning("contact.not_noted", error=type(error).__name__)
