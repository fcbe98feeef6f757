"""Chats on the agents' desk (网上对话): an agent takes one, holds several, passes one on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from hotline.domain.agents import (
    AgentIsBusyError,
    Desk,
    DeskRules,
    Handover,
    HandoverState,
    IllegalHandoverError,
    Medium,
    NoSuchAgentError,
    Presence,
    Skill,
)

_MAY_BE_TAKEN: Final = (HandoverState.REQUESTED, HandoverState.BRIEFING, HandoverState.RINGING)


def take_chat(desk: Desk, chat: str, agent: str, at: datetime, rules: DeskRules) -> Desk:
    """Let an agent take a chat that waits, or that they are offered; one that they hold they hold.

    Raises ``NoSuchAgentError``, ``AgentIsBusyError`` (on a call, or with as many chats as one may have),
    ``IllegalHandoverError`` (somebody else has it, or nobody waits any more).
    """
    held, found = desk.agents.get(agent), desk.handovers.get(chat)
    if held is None:
        raise NoSuchAgentError(agent)
    if found is None or found.medium is not Medium.CHAT or found.agent not in (None, agent):
        raise IllegalHandoverError(f"{chat}: {found.agent if found is not None else None}")
    if found.state is HandoverState.BRIDGED:
        return desk
    if found.state not in _MAY_BE_TAKEN:
        raise IllegalHandoverError(f"{chat}: {found.state}")
    others = [one for one in desk.chats_of(agent) if one.id != chat]
    if held.presence is Presence.BUSY or len(others) >= rules.chats:
        raise AgentIsBusyError(agent)
    return _holding(desk, replace(found, agent=agent, state=HandoverState.BRIDGED, since=at))


def held_chat(desk: Desk, chat: str, agent: str) -> Handover:
    """Return a chat that the agent holds. Raises ``IllegalHandoverError``."""
    found = desk.handovers.get(chat)
    if found is None or found.agent != agent or found.state is not HandoverState.BRIDGED:
        raise IllegalHandoverError(f"{chat}: {found.agent if found is not None else None}")
    return found


def pass_chat_on(desk: Desk, chat: str, agent: str, at: datetime, *, to: str) -> Desk:
    """Let a chat wait for another agent: ``to`` is a number (工号) or a skill; empty for anybody.

    Raises ``IllegalHandoverError``, and ``NoSuchAgentError`` when there is nobody for it.
    """
    found = held_chat(desk, chat, agent)
    others = [one for one in desk.on_duty if one.id != agent]
    if not any(to in ("", one.id) or to in one.skills for one in others):
        raise NoSuchAgentError(to)
    is_skill = to in set(Skill)
    waiting = replace(
        found, agent=None, state=HandoverState.REQUESTED, since=at, requested_at=at,
        refused_by=frozenset({agent}), only=to if to and not is_skill else None,
        skill=Skill(to) if is_skill else found.skill,
    )  # fmt: skip
    return _holding(desk, waiting)


def _holding(desk: Desk, chat: Handover) -> Desk:
    return replace(desk, handovers={**desk.handovers, chat.id: chat})
