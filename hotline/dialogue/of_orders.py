"""What is asked about an order (关于工单的话): its number again, whose it is, what it says, its unit's telephone; urging by number."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Final

from hotline.dialogue.actions import Say
from hotline.dialogue.events import AppealRegistered, NoProgress, ProgressFound
from hotline.dialogue.floor import Actions
from hotline.dialogue.intake import Draft
from hotline.dialogue.short_answers import Answer, clauses
from hotline.dialogue.stages import TOLD_OF_ORDERS, Stage
from hotline.dialogue.who_handles import WhoHandles

_BARE_URGE: Final = 6  # characters: 帮我催一下


class OfOrders(WhoHandles):
    """A conversation in which citizens ask on about the order that was registered, or told, last."""

    _told_here: tuple[str, ...] = ()  # numbers of orders of other days that were told last
    _written = ""  # what the order that was registered last says, as it was read back
    _to_check = ""  # the open order that was told by its number, which anybody may know,
    _pressed = ""  # and who urges it is looked for
    _unfound = ""  # what reminded of an answer, to be a matter where no order is found

    def _registered(self, event: AppealRegistered) -> Actions:
        written = self._draft.matter(self._prompts, self._categories, self._answers.briefs)
        actions = super()._registered(event)
        if actions and self._last_order == event.number:
            self._is_at_hand(written)
        return actions

    def _merged(self, number: str) -> Actions:
        written = self._draft.matter(self._prompts, self._categories, self._answers.briefs)
        actions = super()._merged(number)
        if actions:
            self._is_at_hand(written)
        return actions

    @property
    def _registered_here(self) -> tuple[str, ...]:
        """The numbers of the orders that this conversation came to, the last one last."""
        numbers = [one.number for one in self._orders]
        return tuple(sorted(numbers, key=lambda number: number == self._last_order))

    def _is_at_hand(self, written: str) -> None:
        """Keep of which order is spoken from now on."""
        self._written, self._told_here, self._to_check = written, (), ""

    def _asked_of_order(self, text: str) -> Actions | None:
        """Answer what is asked about the order at hand, also instead of a rating; None where nothing of the kind is."""
        asked = self._answers.order_questions
        is_at_hand = self._stage in (Stage.MORE, Stage.RATING) and bool(
            self._registered_here or self._told_here
        )
        is_later = self._stage is Stage.ANSWERED and asked.asks_number(text, is_plain=True)
        if (is_at_hand or (is_later and self._registered_here)) and asked.asks_number(text):
            return self._number_again(text)
        if is_at_hand and (told := self._told_of_order_at_hand(text)) is not None:
            return told
        if self._stage not in (*TOLD_OF_ORDERS, Stage.RATING):
            return None
        if asked.asks_unit_phone(text, is_at_hand=is_at_hand):
            return self._tell_of_order("unit_phone")
        is_looked_up = asked.looks_up(text) and self._stage in TOLD_OF_ORDERS
        is_content = self._is_spoken and asked.asks_content(text) and asked.names_order(text)
        if is_looked_up or (is_content and self._stage is Stage.OPEN):
            return self._ask_progress(text, self._answers.order_number_in(text))
        return None

    def _told_of_order_at_hand(self, text: str) -> Actions | None:
        """Answer what else may be asked of the order at hand, or said to its number."""
        asked = self._answers.order_questions
        if (rest := asked.behind_note(text)) is not None:
            return self._number_noted(rest)
        if (doubted := self._asked_of_answer(text)) is not None:
            return doubted
        if self._wants_it_sent(text):
            return self._number_again(text)
        if self._written and asked.asks_content(text):
            return self._tell_of_order("order_written", matter=self._written)
        is_whose = asked.asks_whose(text) or self._asks_who_alone(text)
        if is_whose or (asked.reminds(text) and self._last_due):
            return self._unit_again()
        if self._told_here and asked.points_at(text):
            return self._tell_of_order()
        is_urged = asked.urges_alone(text) and not self._answers.of_orders.begins_matter(text)
        return self._urge_told(text) if is_urged and self._stage is Stage.MORE else None

    def _asked_of_answer(self, text: str) -> Actions | None:
        """Say whose the order at hand is where it is asked who will answer, how long it takes at the rating, and what if nothing is done."""
        if self._answers.order_questions.asks_if_undone(text):
            return self._unit_again("order_undone")
        is_of_it = self._answers.of_orders.asks_of_reply(text)
        is_of_it = is_of_it or (self._stage is Stage.RATING and self._asks_of_order(text))
        return self._unit_again() if is_of_it else None

    def _asks_of_order(self, text: str) -> bool:
        """Whether it is asked how long the last order takes, whether it is on record, or who will answer."""
        of_orders = self._answers.of_orders
        is_of_it = of_orders.asks_if_noted(text) or of_orders.asks_of_reply(text)
        is_of_it = is_of_it or self._answers.asks_how_long_it_takes(text)
        return is_of_it or self._answers.follow_ups.asks_how_long(text)

    def _number_noted(self, rest: str) -> Actions | None:
        """Go on where the number was only acknowledged; None where there is more to it."""
        is_done = self._answers.read(rest, Answer.DONE, Answer.NO) is not None
        if not rest:
            return self._tell_of_order()
        if self._stage is Stage.RATING:
            assert self._ratings is not None
            is_answer = is_done or self._ratings.satisfaction(rest) is not None
            return self._answer_to_rating(rest) if is_answer else None
        return self._rate_or_goodbye() if is_done else None

    def _number_again(self, text: str) -> Actions:
        """Say the number of the order slowly, to be written down; of several that which is asked for, or all."""
        numbers = self._told_here[:1] or self._registered_here
        lead = ("number_not_sent",) if self._is_spoken and self._wants_it_sent(text) else ()
        first, second, every = self._answers.order_questions.which_numbers(text)
        if len(numbers) > 1 and (first or every):
            names = ["number_first", *("number_next" for _ in numbers[1:] if every)]
        else:
            names, numbers = ["number_again"], (numbers[1] if second and len(numbers) > 1 else numbers[-1],)
        told = (
            self._prompts.parts(name, number=self._spelled(one))
            for name, one in zip(names, numbers, strict=False)
        )
        parts = tuple(chain(*map(self._prompts.parts, lead), *told))
        return self._then_ask_on(parts, *lead, *names, is_slow=self._is_spoken)

    def _wants_it_sent(self, text: str) -> bool:
        """Whether the number is asked for in a text message (“我眼花看不清，你发个短信吧”)."""
        is_later = self._answers.of_orders.is_for_when_done(text)
        return not is_later and any(map(self._answers.wants_text, clauses(text)))

    def _unit_again(self, *names: str) -> Actions | None:
        """Say whose the order at hand is and until when, and ``names`` behind it."""
        if self._last_due:
            return self._tell_of_order("registered_due", *names, **self._last_due)
        return self._tell_of_order("registered_manual", *names) if self._registered_here else None

    def _tell_of_order(self, *names: str, **values: str) -> Actions:
        parts = tuple(part for name in names for part in self._prompts.parts(name, **values))
        return self._then_ask_on(parts, *names)

    def _then_ask_on(self, parts: tuple[str, ...], *names: str, is_slow: bool = False) -> Actions:
        """Say ``parts`` (of the prompts ``names``), and put the question after them that was open."""
        if self._stage is Stage.RATING:
            actions = self._ask_again_after(parts, *names)
        else:
            turn = self._new_turn()
            say = Say(turn, (*parts, *self._prompts.parts(self._closing)), prompts=(*names, self._closing))
            actions = self._put(Stage.MORE, say, self._closing_listen(turn))
        if not is_slow:
            return actions
        return tuple(replace(one, is_slow=True) if isinstance(one, Say) else one for one in actions)

    # --- urging what was told by its number, and reminders ----------------------------------------------------

    def _urge_told(self, text: str) -> Actions | None:
        """Urge the order that was told; one that was told by its number only for who filed it (催办)."""
        if self._to_urge is not None:
            to_urge, self._to_urge = self._to_urge, None
            return self._urge(to_urge, text)
        if not self._to_check:
            return self._unit_again() if len(text) <= _BARE_URGE and self._last_due else None
        self._pressed, self._to_check = self._to_check, ""
        if self._caller is None and not self._is_known:
            self._pressed = ""
            return self._urged_by_others()
        self._draft = Draft(phone=self._draft.phone).heard(text)
        return self._look_up_progress(None)

    def _urged_by_others(self) -> Actions:
        """Say who may urge an order."""
        self._stage = Stage.MORE
        return self._tell_of_order("urged_by_others")

    def _about_earlier_orders(self, text: str) -> Actions | None:
        told = super()._about_earlier_orders(text)
        if told is not None or not self._answers.order_questions.reminds(text):
            return told
        actions = self._ask_progress(text, self._answers.order_number_in(text))
        self._unfound = text if self._stage is Stage.LOOKING_UP else ""
        return actions

    def _progress_found(self, event: ProgressFound) -> Actions:
        pressed, self._pressed, self._unfound = self._pressed, "", ""
        if pressed and self._stage is Stage.LOOKING_UP:
            is_theirs = any(order.number == pressed and order.is_open for order in event.orders)
            return self._urge(pressed, self._draft.text) if is_theirs else self._urged_by_others()
        number, told_before = self._progress_number, self._told_progress
        self._told_progress = False
        actions = super()._progress_found(event)
        if self._told_progress:
            self._told_here = tuple(order.number for order in event.orders)
            first = event.orders[0]
            self._to_check = first.number if number is not None and first.is_open else ""
        self._told_progress = self._told_progress or told_before
        return actions

    def _no_progress(self, event: NoProgress) -> Actions:
        if self._stage is not Stage.LOOKING_UP:
            return ()
        if self._pressed:
            self._pressed = ""
            return self._urged_by_others()
        text, self._unfound = self._unfound, ""
        if text and not (event.was_refused or event.needs_proof):
            self._stage = Stage.OPEN
            return self._understand(text)
        return super()._no_progress(event)
