"""Orders that are changed after they were registered (更正、补充、不要了): in this conversation or in one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from hotline.dialogue.actions import AddToOrder, Listen, Say
from hotline.dialogue.earlier_orders import EarlierOrders
from hotline.dialogue.events import AppealRegistered, NoProgress, ProgressFound
from hotline.dialogue.floor import Actions
from hotline.dialogue.intake import Draft
from hotline.dialogue.short_answers import Answer, first_clause
from hotline.dialogue.stages import INTAKE, Stage
from hotline.domain.appeal import Place
from hotline.domain.category import at_level, nearest
from hotline.domain.meaning import Intent, Understanding

_CHOICES: Final = (Stage.MATTER_CHOICE, Stage.PLACE_CHOICE)
"""Stages in which “第一个” is one of those that were offered."""
_BESIDE: Final = INTAKE | {Stage.RATING, Stage.RATED_BADLY}
"""Stages in which an order that is on record may be spoken of while something else is asked."""
_SHORTEST_NAME: Final = 2
_ASKS_RIGHT: Final = "order_what_is_right"
"""What is said once a fault is added of which it was not told what is right."""
_SURE_OF_ANOTHER: Final = 0.6  # of the class of what names the order's own


@dataclass(frozen=True, slots=True)
class OrderOfTalk:
    """An order that this conversation came to."""

    number: str
    category: str | None
    place: Place | None


class ChangedOrders(EarlierOrders):
    """A conversation that may change what is on record already, where it is sure which order is meant."""

    _orders: tuple[OrderOfTalk, ...] = ()  # that this conversation came to, the first one first
    _to_change: tuple[int, str, bool] | None = None
    """Turn of the look-up for an order to be changed, words, whether an order was spoken of."""

    _wrong_told = ""  # what was said to be wrong, while it is asked what is right
    _put_aside: tuple[int, Stage, tuple[Say, Listen], Draft] | None = None
    """Turn of the addition to an order, and what was asked and taken down before it."""

    def _registered(self, event: AppealRegistered) -> Actions:
        place, category = self._draft.place, self._draft.category
        actions = super()._registered(event)
        self._keep_order(place, category)
        return actions

    def _merged(self, number: str) -> Actions:
        place, category = self._draft.place, self._draft.category
        actions = super()._merged(number)
        self._keep_order(place, category)
        return actions

    def _keep_order(self, place: Place | None, category: str | None) -> None:
        if self._last_order is not None and all(self._last_order != one.number for one in self._orders):
            self._orders = (*self._orders, OrderOfTalk(self._last_order, category, place))

    # --- orders of this conversation -------------------------------------------------------------------------

    def _about_earlier_orders(self, text: str) -> Actions | None:
        is_objection = self._answers.is_dissatisfied_with_result(text)
        changed = self._changes_order(text) if not is_objection else None
        return changed or super()._about_earlier_orders(text)

    def _beside_orders(self, text: str) -> Actions | None:
        """Put right or take back an order that is on record, while something else is asked; None where none is spoken of."""
        return self._changes_order(text) if self._stage in _BESIDE else None

    def _changes_order(self, text: str) -> Actions | None:
        """Put right or take back an order that is on record; None where nothing is to be changed."""
        changes, wrong_told = self._answers.of_changes, self._wrong_told
        self._wrong_told = ""
        if self._stage in _CHOICES:
            return None
        is_earlier = changes.changes_of_another_day(text) or (not self._orders and changes.changes_own(text))
        if is_earlier and self._stage not in _BESIDE:
            return self._change_earlier(text, is_spoken_of=True)
        if not self._orders:
            is_bare = self._stage is Stage.OPEN and self._answers.adds(text)
            return self._change_earlier(text, is_spoken_of=False) if is_bare else None
        if changes.drops(text, is_vague=self._stage is Stage.MORE):
            self._draft = self._draft.heard(text)
            return self._transfer("withdraw", "transferring_withdraw")
        if wrong_told and self._is_right_told(text):
            return self._add_to_order(f"{wrong_told}，{text}")
        return self._put_order_right(text) if self._is_wrong_in_order(text) else None

    def _is_right_told(self, text: str) -> bool:
        """Whether it is told what is right, where that was asked for."""
        short = self._answers.read(text, Answer.YES, Answer.NO, Answer.DONE, Answer.MORE, Answer.UNCLEAR)
        is_other = self._answers.of_orders.begins_matter(text) or self._answers.may_ask(text)
        return short is None and not is_other

    def _is_wrong_in_order(self, text: str) -> bool:
        """Whether something of an order that was registered in this conversation is said to be wrong.

        While another matter is taken down, or an answer was given, it is of that, unless it is said which order is meant.
        """
        changes = self._answers.of_changes
        if self._answers.of_orders.begins_matter(text) and not changes.points_back(text):
            return False
        is_wrong = changes.says_wrong(self._without_name(text))
        if self._stage is Stage.MORE:
            return is_wrong or bool(self._wrong_in_place(text, self._orders))
        is_said_which = changes.which(text) is not None or changes.points_before(text)
        is_of_it = self._stage in (Stage.RATING, Stage.RATED_BADLY) and changes.names_what(text)
        return is_wrong and (is_said_which or is_of_it)

    def _wrong_in_place(self, text: str, orders: Iterable[OrderOfTalk]) -> list[OrderOfTalk]:
        """Return the orders whose place holds what is said to be wrong (“不是人民路，是文化路”)."""
        both = self._answers.put_right(text)
        wrong = self._answers.of_changes.wrong_last(text) or (both[0] if both is not None else "")
        is_name = len(wrong) >= _SHORTEST_NAME
        return [one for one in orders if is_name and one.place is not None and wrong in one.place.text]

    def _put_order_right(self, text: str) -> Actions:
        """Add what is right to the order it is of; where only the fault is told, ask what is right."""
        is_beside = self._stage in INTAKE
        if not self._answers.of_changes.tells_right(self._without_name(text)):
            if is_beside or self._order_meant(text) is None:
                return self._leave_to_person(text)
            actions = self._add_to_order(text)  # kept, should nothing more be said of it
            self._wrong_told, self._added = text, _ASKS_RIGHT
            return actions
        before = self._stage, self._asked, self._draft
        is_aside = is_beside or self._stage is Stage.RATING
        actions = self._add_to_order(text)
        stage, asked, draft = before
        if is_aside and asked is not None and self._stage is Stage.ADDING:
            self._put_aside = self._turn, stage, asked, draft
        return actions

    def _leave_to_person(self, text: str) -> Actions:
        """Put through who speaks of an order that cannot be told; what they say goes along, and what was taken down."""
        self._draft = self._draft.heard(text)
        return self._transfer("asked")

    def _add_to_order(self, text: str, *, wants_secrecy: bool = False, number: str | None = None) -> Actions:
        """Add it to the order that is meant; a person does where that is not sure."""
        number = number or self._order_meant(text)
        if number is None:
            return self._leave_to_person(text)
        return super()._add_to_order(text, wants_secrecy=wants_secrecy, number=number)

    def _order_meant(self, text: str) -> str | None:
        """Return the number of the order of this conversation that words are about: the last, unless they say which; None where that is not sure."""
        changes, orders = self._answers.of_changes, self._orders
        if len(orders) <= 1:
            return self._last_order if not changes.which(text) else None
        if changes.means_all(text):
            return None
        if (which := changes.which(text)) is not None:
            return orders[which].number if which < len(orders) else None
        named = self._wrong_in_place(text, orders) or [
            one for one in orders if self._is_named(one.category, text)
        ]
        if named:
            return named[0].number if len(named) == 1 else None
        return None if changes.points_back(text) else self._last_order

    def _corrects_order(self, meaning: Understanding) -> bool:
        """Whether the order is put right; “营业执照地址写错了” after a lamp is of no order."""
        text, of_orders = meaning.text, self._answers.of_orders
        is_wrong = of_orders.says_wrong(text) and not self._answers.adds(text)
        is_elsewhere = of_orders.is_wrong_elsewhere(text) and not self._is_named(self._last_category, text)
        is_wrong = is_wrong and meaning.intent is not Intent.DENY  # that would be nothing more
        if is_wrong and (is_elsewhere or self._is_of_other_class(meaning)):
            return False
        return super()._corrects_order(meaning) or self._says_meant(meaning)

    def _says_meant(self, meaning: Understanding) -> bool:
        """Whether it is said what was meant in the order (“不是，我是说第二个路口的”)."""
        text = meaning.text
        is_other = self._answers.of_orders.begins_matter(text) or self._answers.may_ask(text)
        return (
            self._stage is Stage.MORE
            and self._last_order is not None
            and self._answers.read(first_clause(text), Answer.NO) is not None
            and self._answers.of_changes.says_meant(text)
            and not (is_other or meaning.halves or self._is_of_other_class(meaning))
        )

    def _is_more_of_order(self, meaning: Understanding) -> bool:
        """Whether it surely tells more of the order; what may be another matter is taken as one, and read back."""
        return not self._may_be_another(meaning) and super()._is_more_of_order(meaning)

    def _may_be_another(self, meaning: Understanding) -> bool:
        """Whether it may be another matter: “还有公厕锁着门” after refuse that nobody collects, a question, another place or class."""
        text, of_orders = meaning.text, self._answers.of_orders
        is_named = self._is_named(self._last_category, text, is_exact=True)
        if (
            self._answers.of_changes.is_besides(text)
            and meaning.category != self._last_category
            and self._is_named(meaning.category, text, is_exact=True)
            and not is_named
        ):
            return True
        if of_orders.asks_afterwards(text) and not self._answers.urges(text):
            return True
        where = self._answers.of_changes.also_at(text)
        if where and (self._last_place is None or where not in self._last_place.text):
            return True
        is_fact = of_orders.begins_fact(text) or of_orders.tells_undone(text)
        return self._is_of_other_class(meaning) and not is_fact

    def _is_of_other_class(self, meaning: Understanding) -> bool:
        """Whether it tells a matter of another class of the third level (“物业还乱收停车费” after a lift that stands still)."""
        of_it, own = self._last_category or "", meaning.category
        is_named = self._is_named(self._last_category, meaning.text, is_exact=True)
        least = _SURE_OF_ANOTHER if is_named else self._policy.category_confidence
        is_fine = own is not None and at_level(own) != own and not own.startswith(of_it)
        return is_fine and meaning.category_confidence >= least

    def _without_name(self, text: str) -> str:
        """Return ``text`` without what an order is about at its beginning (“路灯的位置说错了”)."""
        names = (name for one in self._orders for name in self._names(one.category, at_level(one.category)))
        return text.removeprefix(max((name for name in names if text.startswith(name)), key=len, default=""))

    def _is_named(self, category: str | None, text: str, *, is_exact: bool = False) -> bool:
        """Whether words name what an order is about (路灯); or if ``is_exact``, the class itself and not the one above it."""
        codes = (category,) if is_exact else (category, at_level(category))
        return any(name in text for name in self._names(*codes))

    def _names(self, *codes: str | None) -> Iterator[str]:
        """Yield what classes are called by."""
        for one in (nearest(code, self._categories) for code in codes):
            names = (one.spoken, one.name, *one.keywords) if one is not None else ()
            yield from (name for name in names if len(name) >= _SHORTEST_NAME)

    @property
    def _tells_no_matter(self) -> bool:
        """Whether what is taken down behind an order names no matter that is known."""
        return bool(self._orders) and self._draft.category is None

    def _facts_added(self, number: str) -> Actions:
        if self._stage is not Stage.ADDING:
            return ()
        if self._added == _ASKS_RIGHT:
            self._forget_draft()
            turn = self._new_turn()
            say = self._prompts.say(turn, (_ASKS_RIGHT,))
            return self._put(Stage.MORE, say, self._closing_listen(turn))
        if not self._take_up_again():
            return super()._facts_added(number)
        return self._ask_again_after(
            self._prompts.parts(self._added, number=self._spelled(number)), self._added
        )

    def _take_up_again(self) -> bool:
        """Go back to what was taken down while an order is added to; False where nothing was."""
        if self._put_aside is None or self._put_aside[0] != self._turn:
            return False
        (_, self._stage, self._asked, self._draft), self._put_aside = self._put_aside, None
        return True

    def _takes_back(self, text: str) -> bool:
        """Whether the matter that is being taken down is taken back; who is asked where and says “不说” keeps it."""
        is_where = self._stage in (Stage.PLACE, Stage.PLACE_DETAIL)
        is_refusal = is_where and self._answers.read(text, Answer.NO_PLACE) is not None
        return self._answers.withdraws(text) and not is_refusal

    # --- orders of another day -------------------------------------------------------------------------------

    def _change_earlier(self, text: str, *, is_spoken_of: bool) -> Actions | None:
        """Look for the order of another day that is to be put right or added to; a person is asked where nobody can tell whose it is."""
        if self._caller is None and not self._is_known:
            return self._leave_to_person(text) if is_spoken_of else None
        self._denied, self._asks_progress = "", False
        self._draft = Draft(phone=self._draft.phone).heard(text)
        actions = self._look_up_progress(None)
        self._to_change = self._turn, text, is_spoken_of
        return actions

    def _progress_found(self, event: ProgressFound) -> Actions:
        if self._stage is not Stage.LOOKING_UP or not self._is_change(event.turn):
            return super()._progress_found(event)
        assert self._to_change is not None
        _, text, _ = self._to_change
        # Secret orders are not among these: only one that is named is surely meant.
        named = [order for order in event.orders if self._is_named(order.category, text)]
        if len(named) != 1 or not named[0].is_open:
            return self._no_order_to_change()
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage, self._added, self._to_change = Stage.ADDING, "facts_added", None
        self._told_progress = True
        return (*stop, AddToOrder(turn, named[0].number, text))

    def _no_progress(self, event: NoProgress) -> Actions:
        if self._stage is not Stage.LOOKING_UP or not self._is_change(event.turn):
            return super()._no_progress(event)
        return self._no_order_to_change()

    def _is_change(self, turn: int) -> bool:
        return self._to_change is not None and self._to_change[0] == turn

    def _no_order_to_change(self) -> Actions:
        """Leave it to a person which order is meant; who spoke of none may tell a matter."""
        assert self._to_change is not None
        (_, text, is_spoken_of), self._to_change = self._to_change, None
        self._stage, self._draft = Stage.OPEN, Draft(phone=self._draft.phone)
        if is_spoken_of:
            return self._leave_to_person(text)
        return self._understand(text)
