"""The form of an agent's page, filled as it is heard, and the help that goes with it; worked on aside of the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from desk.agents import AgentTools
from desk.front import Front, LiveEvent
from desk.pages.agent.showing import field_rows, map_tiles, unit_rows
from hotline.domain.appeal import Appeal, ContactChannel, PhoneNumber
from hotline.domain.category import at_level
from hotline.domain.errors import HotlineError
from hotline.domain.repeats import PastOrder
from hotline.service.agent_assist import Help
from hotline.service.form_filling import Form, FormFilling
from hotline.service.talk_lines import Line
from hotline.store.agent_forms import AgentForm

_GATHERED: Final = 3
Put = Callable[[tuple[str, Any]], Awaitable[None]]
Begin = Callable[[Coroutine[Any, Any, None]], None]


class FormOnPage:
    """One conversation's form: what was heard goes in, what the agent said stands, and what helps is looked up.

    ``put`` takes ("heard", None), ("help", found) and ("hints", HTML); ``begin`` runs something aside.
    """

    def __init__(self, front: Front, tools: AgentTools, row: AgentForm, put: Put, begin: Begin) -> None:
        """Take what the agent said so far."""
        self._front = front
        self._tools = tools
        self._put = put
        self._begin = begin
        self._unheard: list[str] = []
        self._is_hearing = self._is_helping = self._wants_help = False
        self._is_over = False
        self._help = Help()
        self.row: AgentForm | None = row
        self._filling = self._empty()

    @property
    def form(self) -> Form:
        """The form as it stands."""
        return self._filling.form(self.row.channel) if self.row is not None else self._filling.form()

    def close(self) -> None:
        """Say nothing any more."""
        self._is_over = True

    def start_anew(self, lines: Sequence[Line] = ()) -> None:
        """Forget what was heard, and hear ``lines``."""
        self._filling = self._empty()
        self._unheard, self._is_hearing = [], False
        self._is_helping = self._wants_help = False
        self.hear(*lines)

    def hear(self, *lines: Line) -> None:
        """Understand lines into the form, aside; those of the citizen count."""
        self._unheard += [line.text for line in lines if line.who == "citizen"]
        if self._unheard and not self._is_hearing:
            self._is_hearing = True
            self._begin(self._hear_on(self._filling))

    async def reread(self) -> None:
        """Read what the agent has said; there is no form any more once it was wrapped up."""
        if self.row is not None:
            self.row = await self._tools.forms.get(self.row.conversation)
            self._correct(self._filling)

    def ask_for_help(self) -> None:
        """Look articles and units up for the form as it stands when its turn comes; what is wished until then is one wish."""
        self._wants_help = True
        if not self._is_helping:
            self._is_helping = True
            self._begin(self._help_on(self._filling))

    def took_help(self, found: Help) -> LiveEvent:
        """Return the help as it is shown."""
        self._help = found
        routing = found.routing
        return LiveEvent("help", self._front.text(
            "agent/_help.html", passages=found.passages, conversation=self._conversation, routing=routing,
            units=unit_rows(self._front, routing), answered=self.row.answered_with if self.row is not None else "",
        ))  # fmt: skip

    def event(self) -> LiveEvent:
        """Return the form as it is shown."""
        if self.row is None:
            return LiveEvent("form", "")
        form = self.form
        return LiveEvent("form", self._front.text(
            "agent/_form.html", conversation=self._conversation, rows=field_rows(self._front, form),
            tiles=map_tiles(self._front, form.appeal.place), place=form.appeal.place, form=form,
            corrected=self._filling.corrected,
        ))  # fmt: skip

    # --- inside --------------------------------------------------------------------------------------------

    @property
    def _conversation(self) -> str:
        return self.row.conversation if self.row is not None else ""

    def _empty(self) -> FormFilling:
        caller = PhoneNumber(self.row.phone) if self.row is not None and self.row.phone else None
        is_heard = self.row is not None and self.row.channel is ContactChannel.PHONE
        filling = self._tools.assist.filling(caller, is_heard=is_heard)
        self._correct(filling)
        return filling

    def _correct(self, filling: FormFilling) -> None:
        if self.row is not None:
            spoken_at = self.row.began_at or self._front.parts.clock()
            filling.correct_all(self.row.corrections, self._tools.place, spoken_at)

    async def _hear_on(self, filling: FormFilling) -> None:
        while self._unheard and filling is self._filling:
            text = self._unheard.pop(0)
            async with self._tools.turn:
                is_heard = await self._tools.assist.hear(filling, text)
            if is_heard and not self._is_over:
                await self._put(("heard", None))
        if filling is self._filling:
            self._is_hearing = False

    async def _help_on(self, filling: FormFilling) -> None:
        try:
            while self._wants_help and filling is self._filling:
                await self._help_once(filling)
        finally:
            if filling is self._filling:
                self._is_helping = False

    async def _help_once(self, filling: FormFilling) -> None:
        """Look up what helps; nothing is put while it is this form's turn, for a page that takes nothing holds up no other."""
        async with self._tools.turn:
            self._wants_help = False
            form = self.form
            found = await self._tools.assist.help(filling, form)
        if filling is not self._filling or self._is_over:
            return
        await self._put(("help", found))
        async with self._tools.turn:
            hints = await self._hints(form)
        if not self._is_over:
            await self._put(("hints", self._front.text("agent/_hints.html", hints=hints)))

    async def _hints(self, form: Form) -> list[dict[str, Any]]:
        """Return that it may be a repeat, or one of many."""
        found: list[dict[str, Any]] = []
        appeal, now = form.appeal, self._front.parts.clock()
        with suppress(HotlineError):
            if appeal.phone is not None and appeal.text and self._tools.known is not None:
                repeat = await self._tools.known.repeat_of(appeal, appeal.phone, at=now)
                if repeat is not None and await self._is_hinted_at(repeat.order):
                    found.append({"kind": "repeat", "order": repeat.order, "facts": repeat.new_facts})
        with suppress(HotlineError):
            if (hot := await self._hot(appeal)) is not None:
                found.append(hot)
        return found

    async def _is_hinted_at(self, order: PastOrder) -> bool:
        """Whether a repeat is shown: no secret one, for the telephone may be anybody's, and not what came of this very talk."""
        begun = self.row.number if self.row is not None else ""
        return not order.is_secret and order.number not in (
            begun,
            await self._tools.order_of(self._conversation),
        )

    async def _hot(self, appeal: Appeal) -> dict[str, Any] | None:
        """Return that others have brought the same of late, or None; what is over is no hot issue any more."""
        place, category = appeal.place, at_level(appeal.category)
        kept, settings = self._tools.gatherings, self._tools.hot_issues
        if place is None or place.county_code is None or category is None or kept is None or settings is None:
            return None
        gathering, _ = await kept.gathering(f"{place.county_code}/{category}")
        lately = gathering.lately(self._front.parts.clock(), settings)
        is_burst = bool(lately.bursts.keys() & {place.county_code, place.street_code})
        if not is_burst and len(lately.seen) < _GATHERED:
            return None
        numbers = [seen.number for seen in lately.seen]
        return {
            "kind": "hot", "count": len(numbers), "is_burst": is_burst, "place": place.county, "numbers": numbers[-5:],
        }  # fmt: skip
