"""Handing appeals over to other lines and taking their answers: the contract of docs/linkage.md, and its use cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.linkage import (
    OURS,
    SETTLED,
    CallRecord,
    Line,
    Linkage,
    LinkageNotFoundError,
    LinkageSettledError,
    LinkageState,
    handover,
)
from hotline.domain.outbox import Message, StoredMessage
from hotline.domain.people import Actor
from hotline.domain.work_order import WorkOrder
from hotline.store.linkage import LinkageStore

Text = Annotated[str, Field(max_length=4_000)]
Short = Annotated[str, Field(min_length=1, max_length=64)]
LineCode = Literal["110", "119", "120", "122", "12368", "12309"]
Platform = Literal["12345", "110", "119", "120", "122", "12368", "12309"]


class Handover(BaseModel):
    """What 12345 sends to another line: an appeal handed over (docs/schemas/linkage-handover.schema.json)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    handover: Short = Field(description="Id of the handover; the same in the answer")
    sender: Platform = Field(alias="from", description="Platform that hands over")
    to: Platform
    number: Short = Field(description="Work order number at the sender")
    at: AwareDatetime = Field(description="When it was handed over")
    first: Platform = Field(description="Platform that received the appeal first")
    reason: Text
    kind: Literal["inquiry", "help", "complaint", "tip_off", "suggestion", "praise"]
    summary: Text
    place: Annotated[str, Field(max_length=512)]
    contact: Annotated[str, Field(pattern=r"^[0-9+*#-]{0,32}$")] = Field(
        description="Number to call back; empty when the law hides it: ask through 12345"
    )
    is_confidential: bool = Field(description="The citizen wants to stay unknown, or tips somebody off")
    if_undecided: Literal["first_platform_accepts"] = Field(description="国办发〔2022〕12号")


class HandoverMessage(BaseModel):
    """The webhook that carries a handover."""

    model_config = ConfigDict(extra="forbid")

    type: str
    timestamp: AwareDatetime
    sequence: int
    data: Handover


class Settled(BaseModel):
    """What became of a handover that 12345 settled, after a three-party call or because nobody could decide."""

    model_config = ConfigDict(extra="forbid")

    handover: Short
    number: Short
    line: LineCode
    state: Literal["accepted", "refused", "accepted_by_first"]
    accepted_by: Platform
    at: AwareDatetime


class SettledMessage(BaseModel):
    """The webhook ``linkage.settled``."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["linkage.settled"]
    timestamp: AwareDatetime
    sequence: int
    data: Settled


class LinkageAnswer(BaseModel):
    """What the other line answers (docs/schemas/linkage-answer.schema.json)."""

    model_config = ConfigDict(extra="forbid")

    handover: Short
    decision: Literal["accepted", "refused", "undecided"]
    by: Short = Field(description="Number of the operator who decided, never a name")
    at: AwareDatetime
    reference: Annotated[str, Field(max_length=64)] = Field(
        default="", description="Its number at the answering line"
    )
    note: Annotated[str, Field(max_length=500)] = Field(
        default="", description="Why; compulsory when refused"
    )

    @model_validator(mode="after")
    def say_why(self) -> LinkageAnswer:
        """Refuse a refusal without a reason."""
        if self.decision == "refused" and not self.note.strip():
            raise ValueError("note is compulsory when refused")
        return self


class Orders(Protocol):
    """What is needed of the work order store."""

    async def get(self, number: str) -> WorkOrder:
        """Return the order or raise ``WorkOrderNotFoundError``."""


class Written(Protocol):
    """What is needed of the outbox."""

    async def written(self, destination: str, subject: str) -> Sequence[StoredMessage]:
        """Return all messages to ``destination`` about ``subject``, in order."""


class Linkages:
    """Hands appeals over. The duty officer is told whenever one comes back to 12345."""

    def __init__(self, orders: Orders, store: LinkageStore, outbox: Written) -> None:
        """Take where orders, handovers and messages are kept."""
        self._orders = orders
        self._store = store
        self._outbox = outbox

    async def propose(
        self, number: str, line: Line, *, reason: str, by: Actor, at: datetime, first: str = OURS
    ) -> Linkage:
        """Hand an order over to ``line``; one that was is not handed over again (``LinkageSettledError``)."""
        order = await self._orders.get(number)
        linkage = Linkage(number, line, at, reason, first)
        if (known := await self._known(number, line)) is not None:
            raise LinkageSettledError(handover=known.id, state=known.state)
        body = handover(order, line.value, at=at, reason=reason, first=first)
        message = Message(f"linkage:{line}", "linkage.proposed", number, body, f"{linkage.id}:proposed")
        await self._store.commit(linkage, expected=None, by=str(by), at=at, messages=(message,))
        return linkage

    async def answer(self, line: Line, answer: LinkageAnswer, *, at: datetime) -> Linkage:
        """Keep what ``line`` answered; the same answer again changes nothing."""
        number, _, to = answer.handover.rpartition("-")
        known = await self._known(number, line) if to == line.value else None
        if known is None:
            raise LinkageNotFoundError(answer.handover)
        state = LinkageState(answer.decision)
        changed = known.decided(
            state, by=f"{line}:{answer.by}", at=answer.at, note=answer.note, reference=answer.reference
        )
        return await self._keep(known, changed, by=f"{line}:{answer.by}", at=at)

    async def talked(self, number: str, line: Line, call: CallRecord, *, by: Actor, at: datetime) -> Linkage:
        """Keep a three-party call; without an agreement the first platform accepts."""
        known = await self._known(number, line)
        if known is None:
            raise LinkageNotFoundError(f"{number}-{line}")
        return await self._keep(known, known.talked(call), by=str(by), at=at)

    async def first_accepts(self, number: str, line: Line, *, by: Actor, at: datetime) -> Linkage:
        """Have the first platform accept what stayed undecided."""
        known = await self._known(number, line)
        if known is None:
            raise LinkageNotFoundError(f"{number}-{line}")
        changed = known.decided(LinkageState.ACCEPTED_BY_FIRST, by=str(by), at=at)
        return await self._keep(known, changed, by=str(by), at=at)

    async def of_order(self, number: str) -> Sequence[Linkage]:
        """Return the handovers of an order that somebody answered or proposed by hand."""
        return await self._store.of_order(number)

    async def _known(self, number: str, line: Line) -> Linkage | None:
        """Return the handover as it is kept, or as it follows from an emergency that the dialogue diverted."""
        kept = await self._store.get(f"{number}-{line}")
        if kept is not None:
            return kept
        sent = await self._outbox.written(f"linkage:{line}", number)
        return Linkage(number, line, sent[0].created_at, revision=0) if sent else None

    async def _keep(self, known: Linkage, changed: Linkage, *, by: str, at: datetime) -> Linkage:
        if changed is known:
            return known
        expected = known.revision or None  # revision 0: not kept yet
        await self._store.commit(changed, expected=expected, by=by, at=at, messages=_news(changed, at))
        return changed


def _news(linkage: Linkage, at: datetime) -> tuple[Message, ...]:
    """Tell the duty officer what became of it, and the other line when 12345 settled it."""
    body: dict[str, Any] = {
        "handover": linkage.id,
        "number": linkage.number,
        "line": linkage.line.value,
        "state": linkage.state.value,
        "accepted_by": linkage.accepted_by,
        "at": at.isoformat(),
    }
    key = f"{linkage.id}:{linkage.revision}"
    told = Message("duty", f"linkage.{linkage.state}", linkage.number, body, f"{key}:duty")
    if linkage.state in SETTLED and not linkage.settled_by.startswith(f"{linkage.line}:"):
        line = f"linkage:{linkage.line}"
        return (told, Message(line, "linkage.settled", linkage.number, body, f"{key}:{line}"))
    return (told,)


def load_lines(city: City) -> dict[Line, str]:
    """Return the lines that the city is linked with, and their names, from ``linkage.yaml``."""
    file = city.folder / "linkage.yaml"
    found: dict[Line, str] = {}
    for index, row in enumerate(read_yaml(file)["lines"], start=1):
        try:
            found[Line(row["line"])] = str(row["name"])
        except (KeyError, TypeError, ValueError):
            raise CityConfigError(
                file=str(file), row=f"第{index}条", reason=f"line 应是 {'、'.join(Line)} 之一，name 必填"
            ) from None
    return found


SCHEMAS: Final[dict[str, type[BaseModel]]] = {
    "linkage-handover": HandoverMessage,
    "linkage-settled": SettledMessage,
    "linkage-answer": LinkageAnswer,
}
"""The contract's JSON Schemas in docs/schemas/, by file name."""
