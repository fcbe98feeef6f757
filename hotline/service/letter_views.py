"""What citizens are told of their own orders by a letter (短信、微信查进度): all of them, one with its steps, and subscriptions.

The door proves who asks, as for what they do (``hotline.service.letter_orders``); a secret order is told to nobody without a code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from hotline.dialogue.prompts import Prompts
from hotline.domain.citizen_view import OwnOrder, StepSeen
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.letters import Correspondent
from hotline.domain.proofs import NoProofError, Proof
from hotline.domain.relay import RelayMessage
from hotline.service.letter_commands import View
from hotline.service.progress import Progress
from hotline.service.self_service import SelfService

_MOST_LISTED: Final = 6
_MOST_STEPS: Final = 12
_MOST_OF_A_STEP: Final = 120


@dataclass(frozen=True, slots=True)
class OrderNames:
    """A city's names: of states, steps and kinds, by their codes; of categories and units; and its time."""

    statuses: Mapping[str, str]
    steps: Mapping[str, str]
    kinds: Mapping[str, str]
    category: Callable[[str], str]
    unit: Callable[[str], str]
    timezone: tzinfo

    def matter(self, order: OwnOrder) -> str:
        """Return what an order is about in a few words: of what is told on a telephone's screen, as little as serves."""
        return (order.category and self.category(order.category)) or self.kinds[order.kind]


class LetterViews:
    """Answers who asks. Everything raises ``StoreUnavailableError`` when the database is away."""

    def __init__(self, service: SelfService, progress: Progress, words: Prompts, names: OrderNames) -> None:
        """Take who looks up, who subscribes, and the words."""
        self._service = service
        self._progress = progress
        self._words = words
        self._names = names

    async def answer(
        self, view: View, number: str, who: Correspondent, proofs: Sequence[Proof], *, at: datetime
    ) -> str | None:
        """Return what is answered; None: the conversation goes on. Raises ``NoProofError`` for an order that is not proved theirs."""
        match view:
            case View.LIST | View.PROGRESS:
                return await self._list(view, proofs, at)
            case View.STEPS:
                return await self._steps(number, proofs, at)
            case View.SUBSCRIBE:
                return await self._subscribe(number, who, proofs, at)
            case View.SUBSCRIPTIONS:
                kept = await self._progress.of_correspondent(who)
                numbers = "、".join(each.number for each in kept)
                return self._words.text(
                    "own_subscriptions" if kept else "own_no_subscription", numbers=numbers
                )
            case View.UNSUBSCRIBE | View.UNSUBSCRIBE_ALL:
                ended = await self._progress.end_of(who, number=number, at=at)
                name = "own_unsubscribed" if ended else "own_no_subscription"
                return self._words.text(name, numbers="、".join(ended))

    async def _list(self, view: View, proofs: Sequence[Proof], at: datetime) -> str | None:
        found: dict[str, OwnOrder] = {}
        for proof in proofs:
            found |= {each.number: each for each in await self._service.orders_of(proof, at=at)}
        if not found and view is View.PROGRESS:
            return None
        if not found:
            return self._words.text(
                "own_list_none" if self._service.sends_codes else "own_list_none_unproved"
            )
        orders = sorted(found.values(), key=lambda each: (bool(each.may), each.registered_at), reverse=True)
        lines = [self._words.text("own_list", count=str(len(orders)))]
        lines += [
            self._words.text(
                "own_list_row",
                number=order.number,
                matter=self._names.matter(order),
                status=self._names.statuses[order.status.value],
                due=self._due(order),
            )
            for order in orders[:_MOST_LISTED]
        ]
        if len(orders) > _MOST_LISTED:
            lines.append(self._words.text("own_list_more", count=str(len(orders) - _MOST_LISTED)))
        return "\n".join((*lines, self._words.text("own_list_hint")))

    async def _steps(self, number: str, proofs: Sequence[Proof], at: datetime) -> str:
        order, _ = await self._proved(number, proofs, at)
        unit = self._names.unit(order.lead_unit) if order.lead_unit else ""
        head = self._words.text(
            "own_order",
            number=order.number,
            matter=self._names.matter(order),
            status=self._names.statuses[order.status.value],
            unit=self._words.text("own_order_unit", unit=unit) if unit else "",
            due=self._due(order),
        )
        told = [(step.at, self._step(step)) for step in order.steps]
        told += [(each.at, self._from_unit(each)) for each in await self._service.words_of_units(order)]
        told.sort(key=lambda each: each[0])
        lines = [head, *(line for _, line in told[: -_MOST_STEPS - 1 : -1])]
        if len(told) > _MOST_STEPS:
            lines.append(self._words.text("own_steps_more", count=str(len(told) - _MOST_STEPS)))
        return "\n".join(lines)

    async def _subscribe(self, number: str, who: Correspondent, proofs: Sequence[Proof], at: datetime) -> str:
        _, proof = await self._proved(number, proofs, at)
        try:
            await self._progress.subscribe(number, proof, who=who, at=at)
        except IllegalTransitionError:
            return self._words.text("own_over", number=number)
        return self._words.text("own_subscribed", number=number)

    async def _proved(self, number: str, proofs: Sequence[Proof], at: datetime) -> tuple[OwnOrder, Proof]:
        for proof in proofs:
            try:
                return await self._service.order(number, proof, at=at), proof
            except NoProofError:
                continue
        raise NoProofError(number)

    def _step(self, step: StepSeen) -> str:
        name = (
            self._names.steps[step.step.value]
            if step.step is not None
            else self._names.statuses["registered"]
        )
        text = f"{self._names.unit(step.unit)} {step.text}".strip() if step.unit else step.text
        text = text if len(text) <= _MOST_OF_A_STEP else text[: _MOST_OF_A_STEP - 1] + "…"
        text = self._words.text("own_step_text", text=text) if text else ""
        return self._words.text("own_step", at=self._minute(step.at), step=name, text=text)

    def _from_unit(self, message: RelayMessage) -> str:
        return self._words.text("own_from_unit", at=self._minute(message.at), text=message.text)

    def _due(self, order: OwnOrder) -> str:
        if order.due_at is None or not order.may:
            return ""
        day = order.due_at.astimezone(self._names.timezone)
        return self._words.text(
            "own_list_due", due=self._words.text("own_day", month=str(day.month), day=str(day.day))
        )

    def _minute(self, at: datetime) -> str:
        local = at.astimezone(self._names.timezone)
        return self._words.text(
            "own_minute",
            month=str(local.month),
            day=str(local.day),
            hour=str(local.hour),
            minute=f"{local:%M}",
        )
