"""Who holds a conversation, by its journal; a call that no process answers for is not taken over and leaves no trace."""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import count

import pytest

from hotline.domain.agents import AgentIsBusyError, DeskRules, Presence, Skill
from hotline.domain.appeal import ContactChannel
from hotline.service import takeovers
from hotline.service.agent_desk import AgentDesk, DeskInMemory, HandoverWish
from hotline.service.signals import SignalsInMemory
from hotline.service.takeovers import TakeoverRefusedError, Takeovers, hand_calls_over, is_with_machine
from tests.builders import NOW

STARTED = {"name": "Started", "body": {"channel": "phone", "phone": {"digits": "13905390001"}}}
PHONE = ContactChannel.PHONE


def rows(*names: str) -> list[dict[str, object]]:
    return [STARTED, *({"name": name, "body": {}} for name in names)]


@pytest.mark.parametrize(
    ("names", "is_held"),
    [
        ((), True),
        (("Say", "Said"), True),
        (("TransferToAgent",), False),
        (("TransferToAgent", "NoAgentFree"), True),
        (("TransferToAgent", "AgentJoined", "TalkSaid"), False),
        (("TransferToAgent", "AgentJoined", "AgentParted"), True),
        (("TransferToAgent", "AgentJoined", "AgentParted", "TransferToAgent"), False),
        (("GiveWayToEmergency",), False),
        (("TransferToAgent", "StayHere"), True),
    ],
)
def test_who_has_a_conversation_is_told_by_its_journal(names: tuple[str, ...], is_held: bool) -> None:
    assert is_with_machine(rows(*names)) is is_held


class Kept:
    """Two calls under way and one that is over."""

    def __init__(self) -> None:
        self.names: dict[str, tuple[str, ...]] = {"c1": (), "c2": ("TransferToAgent",)}

    async def under_way(self, *, since: datetime) -> list[tuple[str, ContactChannel, datetime]]:
        return [(one, PHONE, NOW) for one in self.names if since < NOW]

    async def conversation(self, conversation: str) -> dict[str, object]:
        return {"channel": "phone", "ended_at": None if conversation in self.names else NOW}

    async def rows(self, conversation: str) -> list[dict[str, object]]:
        return rows(*self.names[conversation])


class Office:
    """A desk with one agent, and what they may take over."""

    def __init__(self) -> None:
        self.signals, kept = SignalsInMemory(), Kept()
        self.desk = AgentDesk(
            DeskInMemory(self.signals), DeskRules(), lambda: NOW, iter(f"h{n}" for n in count(1)).__next__
        )
        self.takeovers = Takeovers(self.desk, self.signals, kept, kept.rows, lambda: NOW, chats=None)

    async def opened(self) -> Office:
        await self.desk.sign_in("8001", "赵", frozenset({Skill.ORDINARY}))
        return self

    async def presence(self) -> tuple[Presence, list[str]]:
        desk, _, _ = await self.desk.board()
        return desk.agents["8001"].presence, list(desk.handovers)


async def test_the_process_that_has_the_call_hands_it_over_and_the_agent_is_kept_free() -> None:
    office, told = await Office().opened(), []

    def take(conversation: str, agent: str, handover: str) -> bool:
        told.append((conversation, agent, handover))
        return conversation == "c1"

    handing = asyncio.create_task(hand_calls_over(office.signals, take))
    await asyncio.sleep(0)
    assert await office.takeovers.take("c1", "8001", briefing="接管") is PHONE
    handing.cancel()
    assert told == [("c1", "8001", "h1")]
    assert await office.presence() == (Presence.BUSY, ["h1"])
    call = await office.desk.saw("8001")
    assert call is not None
    assert (call.conversation, call.phone, call.reason) == ("c1", "13905390001", "taken_over")
    assert [one.conversation for one in await office.takeovers.held()] == ["c2"]


async def test_a_call_that_no_process_answers_for_leaves_the_agent_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(takeovers, "_ANSWER_SECONDS", 0.01)
    office = await Office().opened()
    with pytest.raises(TakeoverRefusedError):
        await office.takeovers.take("c1", "8001", briefing="")
    assert await office.presence() == (Presence.READY, [])


@pytest.mark.parametrize("conversation", ["c2", "over"])
async def test_what_people_have_or_is_over_is_not_taken(conversation: str) -> None:
    office = await Office().opened()
    with pytest.raises(TakeoverRefusedError):
        await office.takeovers.take(conversation, "8001", briefing="")
    assert await office.presence() == (Presence.READY, [])


async def test_who_has_a_call_takes_no_other() -> None:
    office = await Office().opened()
    await office.desk.request(HandoverWish("c9", "", Skill.ORDINARY, "asked", ""))
    with pytest.raises(AgentIsBusyError):
        await office.takeovers.take("c1", "8001", briefing="")
    assert await office.presence() == (Presence.BUSY, ["h1"])
