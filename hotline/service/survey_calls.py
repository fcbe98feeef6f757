"""Holding a revisit call (回访通话): between the citizen's line and the survey that decides."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import structlog

from hotline.dialogue.actions import End
from hotline.dialogue.events import Event, HungUp, PartlySaid, Started
from hotline.dialogue.survey import SurveySession
from hotline.dialogue.survey_result import SurveyResult
from hotline.service.channel import Channel
from hotline.service.journal import Journal

log: Final = structlog.get_logger("survey")

_DRAIN_SECONDS: Final = 60.0


async def hold_survey(
    channel: Channel, session: SurveySession, journal: Journal, *, call_id: str, prefers_slow: bool = False
) -> SurveyResult:
    """Hold one revisit call to its end and return what was answered. The journal is left open.

    ``prefers_slow``: the citizen needed a slower voice before (适老模式).
    """
    started = await channel.receive()
    if not isinstance(started, Started):
        raise TypeError(f"a channel begins with Started, not {type(started).__name__}")
    await journal.begin(started, call_id)
    try:
        await _follow(channel, session, journal, replace(started, prefers_slow=prefers_slow))
    finally:
        await channel.close()
    return session.result


async def _follow(channel: Channel, session: SurveySession, journal: Journal, started: Started) -> None:
    event: Event = started
    try:
        async with asyncio.timeout(None) as drained:
            while True:
                actions = session.handle(event)
                if session.is_secret:
                    journal.conceal()
                if actions or not isinstance(event, PartlySaid):  # half a sentence comes again as a whole
                    journal.add(event)
                for action in actions:
                    journal.add(action)
                    await channel.perform(action)
                    if isinstance(action, End):
                        drained.reschedule(asyncio.get_running_loop().time() + _DRAIN_SECONDS)
                if isinstance(event, HungUp):
                    return
                event = await channel.receive()
    except TimeoutError:
        log.warning("channel.not_drained")
