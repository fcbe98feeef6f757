"""Earlier orders in a conversation: repeats that may be merged, and how an order stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hotline.dialogue.actions import (
    AddToOrder,
    Listen,
    LookUpProgress,
    MergeIntoOrder,
    Say,
)
from hotline.dialogue.cards import OrderCard, OrdersCard
from hotline.dialogue.confirming import LEAST_FACT, Confirming
from hotline.dialogue.events import (
    NoProgress,
    ProgressFound,
    RepeatFound,
)
from hotline.dialogue.floor import Actions
from hotline.dialogue.intake import Draft, spoken_date
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.stages import INTAKE, REPEATS, SETTLED, Stage
from hotline.domain.appeal import (
    AppealKind,
)
from hotline.domain.category import at_level
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.repeats import PROOF_DIGITS
from hotline.domain.speech import Expected

_NUMBER_DIGITS: Final = 11
_MORE_OF_ORDER: Final = 24  # characters: who says more tells another matter
_TELLS_MORE: Final = frozenset({Intent.APPEAL, Intent.UNKNOWN, Intent.AFFIRM})
_NEARLY_A_NUMBER: Final = 8  # digits: a number was told, and one of them misheard
_FEWEST_DIGITS: Final = 4  # those of a proof; a number may be told in parts
_WISH: Final = 14  # characters: who says more than that they want secrecy tells of something
_PHONE_ALONE: Final = 22  # characters: “我换个电话，联系我13905390001”
_WHO: Final = 30  # “对了，房东叫李强，电话……”


class EarlierOrders(Confirming):
    """A conversation that knows of earlier orders."""

    _is_known = False
    """Whether the channel tells whose orders are theirs, without a telephone."""
    _denied = ""  # what was said of a matter that is called settled, while it is looked for
    _is_pressing = False  # whether who asked how an order stands urged it
    _news: tuple[str, ...] = ()  # what is told of an order before what was done about it
    _keyed = ""  # digits of a number that is being keyed
    _to_urge: str | None = None  # the open order that was told last, if it is theirs
    _added = "facts_added"  # what is said once the order has what was added to it

    def _repeat_found(self, event: RepeatFound) -> Actions:
        """Tell how the earlier order stands and offer to merge; new facts become an order of their own (规则7)."""
        if self._stage is not Stage.CHECKING:
            return ()
        order, turn = event.order, self._new_turn()
        self._linked_to = order.number
        news = self._teller.parts(order, is_spoken=self._is_spoken, name="repeat_found")
        if event.has_new_facts:
            parts = (*news, *self._prompts.parts("repeat_new_facts"))
            self._lead = Say(turn, parts, prompts=("repeat_found", "repeat_new_facts"))
            return self._now_register()
        offer, stage = "repeat_offer", Stage.REPEAT
        if not order.is_open:
            offer, stage = "repeat_closed_offer", Stage.CLOSED_REPEAT
        say = Say(turn, (*news, *self._prompts.parts(offer)), prompts=("repeat_found", offer))
        self._silences = 0
        likely = self._answers.likely(Answer.YES, Answer.NO)
        seconds = self._policy.silence_seconds[Expected.YES_NO]
        return self._put(stage, say, Listen(turn, Expected.YES_NO, seconds, likely))

    def _answer_to_repeat(self, text: str) -> Actions:
        """Merge or register; words that are neither yes nor no are more of the matter, so nothing is lost."""
        answer = self._answers.read(text, Answer.MERGE, Answer.YES, Answer.NO)
        if self._stage is Stage.CLOSED_REPEAT and answer is Answer.NO:
            return self._say_and_listen("repeat_closed_kept")
        if self._stage is Stage.REPEAT and answer in (Answer.MERGE, Answer.YES):
            return self._merge()
        if answer is None:
            self._draft = self._draft.heard(text)
        return self._now_register()

    def _merge(self) -> Actions:
        assert self._linked_to is not None
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = Stage.MERGING
        told = self._prompts.text("divert_repeat_merged", number=self._linked_to)
        return (*stop, MergeIntoOrder(turn, self._linked_to, self._confirmed_appeal(), told))

    def _merged(self, number: str) -> Actions:
        if self._stage is not Stage.MERGING:
            return ()
        self._was_registered, self._last_order, self._last_place = True, number, self._draft.place
        self._last_category = self._draft.category
        self._last_due = None
        self._forget_draft()
        return self._say_and_listen("merged", number=self._spelled(number))

    def _corrects_order(self, meaning: Understanding) -> bool:
        """Whether the order that was just registered is being corrected (“不对，位置是……”) or added to, not another matter brought."""
        if self._stage is not Stage.MORE or self._last_order is None:
            return False
        if self._answers.adds(meaning.text) or self._answers.of_orders.says_wrong(meaning.text):
            return True
        slots = meaning.slots
        is_who = bool(slots.people) or self._answers.comes_to_mind(meaning.text)
        is_other = meaning.category_confidence >= self._policy.category_confidence
        is_long = len(meaning.text) > (_WHO if is_who or not is_other else _PHONE_ALONE)
        if slots.phone is not None and not is_long:
            return True
        has_facts = slots.place is not None or slots.phone is not None or bool(slots.occurred)
        return has_facts and not is_other and self._answers.opens_with(meaning.text, Answer.NO)

    def _about_last_order(self, meaning: Understanding) -> Actions | None:
        """Do what is asked about the order that was just registered: correct it, keep it secret or not, take it back; None: nothing."""
        text = meaning.text
        if self._stage is not Stage.MORE or self._last_order is None:
            return None
        is_other = meaning.category_confidence >= self._policy.category_confidence
        is_short = len(text) <= _WISH and not self._answers.of_orders.begins_matter(text)
        is_about_it = (not is_other or is_short) and not self._is_another
        if is_about_it and self._answers.of_orders.waives_secrecy(text):
            return self._add_to_order(text)
        if is_about_it and meaning.slots.wants_secrecy:
            return self._add_to_order(text, wants_secrecy=True)
        if self._answers.withdraws(text):
            return self._transfer("withdraw", "transferring_withdraw")
        if self._corrects_order(meaning):
            return self._add_to_order(text)
        if not self._is_more_of_order(meaning):
            return None
        if self._last_due and self._answers.urges(text):
            return self._due_again(self._last_due)
        return self._add_to_order(text)

    def _is_more_of_order(self, meaning: Understanding) -> bool:
        """Whether a short sentence that names no matter of its own tells more of the one just registered (“大概坏了有一个月了”)."""
        text, slots = meaning.text, meaning.slots
        is_fact = self._answers.of_orders.begins_fact(text)
        is_own = meaning.category_confidence >= self._policy.category_confidence
        is_own = is_own and at_level(meaning.category) not in (None, at_level(self._last_category))
        is_own = is_own and not is_fact
        is_elsewhere = slots.place is not None and (slots.place.is_located or is_own)
        return (
            meaning.intent in _TELLS_MORE
            and (is_fact or len(text) >= LEAST_FACT)
            and len(text) <= _MORE_OF_ORDER
            and not (self._is_another or is_own or is_elsewhere or bool(meaning.halves))
            and not (self._answers.may_ask(text) and not self._answers.urges(text))
            and not self._answers.of_orders.begins_matter(text)
            and not self._answers.opens_with(text, Answer.NO)
        )

    def _about_earlier_orders(self, text: str) -> Actions | None:
        """Do what is asked about an order of another day: how it stands, that it is not settled, or to be taken back; None: nothing."""
        if self._answers.is_dissatisfied_with_result(text) or self._answers.of_orders.is_pressed(text):
            self._draft = self._draft.heard(text)  # the agent sees what was said
            return self._transfer("dissatisfied")
        if self._answers.of_orders.withdraws_order(text):
            self._draft = self._draft.heard(text)
            return self._transfer("withdraw", "transferring_withdraw")
        if self._answers.of_orders.keeps_secret_later(text):
            self._draft = self._draft.heard(text)
            return self._transfer("asked")
        if self._answers.wants_progress(text) or self._answers.urges_earlier(text):
            if self._to_urge is not None and self._answers.urges(text):
                to_urge, self._to_urge = self._to_urge, None
                return self._urge(to_urge, text)
            return self._ask_progress(text, self._answers.order_number_in(text))
        if self._answers.of_orders.denies_done(text) and self._caller is not None:
            # Of who has an order it is an objection to how that was settled, of anybody else a matter.
            self._draft, self._denied = Draft(phone=self._draft.phone).heard(text), text
            return self._look_up_progress(None)
        return None

    def _add_to_order(self, text: str, *, wants_secrecy: bool = False, number: str | None = None) -> Actions:
        number = number or self._last_order
        assert number is not None
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage, self._draft = Stage.ADDING, self._draft.heard(text)
        self._added = "secrecy_added" if wants_secrecy else "facts_added"
        return (*stop, AddToOrder(turn, number, text, wants_secrecy=wants_secrecy))

    def _wants_secrecy(self, text: str) -> Actions | None:
        """Keep secret who the citizen is, at whatever moment they ask for it; None where there is no matter to keep it for."""
        if self._stage is Stage.CONFIRM:
            self._draft = replace(self._draft.heard(text), wants_secrecy=True)
            return self._confirm_after("secrecy_wished")
        if self._stage is Stage.SECRECY:
            return self._secrecy_said(wanted=True)
        if self._stage in INTAKE | REPEATS:
            self._draft = replace(self._draft.heard(text), wants_secrecy=True)
            return self._ask_again_after(self._prompts.parts("secrecy_wished"), "secrecy_wished")
        if self._stage in SETTLED and self._last_order is not None:
            return self._add_to_order(text, wants_secrecy=True)
        return None

    def _urge(self, number: str, text: str) -> Actions:
        """Note that the citizen urges the order that they were just told of (催办)."""
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage, self._added = Stage.ADDING, "urged"
        return (*stop, AddToOrder(turn, number, text, urges=True))

    def _facts_added(self, number: str) -> Actions:
        if self._stage is not Stage.ADDING:
            return ()
        self._forget_draft()
        news, self._news = self._news, ()
        actions = self._say_and_listen(self._added, number=self._spelled(number))
        return tuple(
            replace(one, parts=(*news, *one.parts)) if isinstance(one, Say) else one for one in actions
        )

    def _ask_progress(self, text: str, number: str | None) -> Actions:
        self._draft = replace(Draft(phone=self._draft.phone).heard(text), kind=AppealKind.INQUIRY)
        self._asks_progress = True
        self._denied, self._is_pressing = "", self._answers.of_orders.presses(text)
        is_misread = number is None and len(self._answers.digits_in(text)) >= _NEARLY_A_NUMBER
        if is_misread:
            return self._ask_number("ask_number_again")
        is_nobodys = self._caller is None and not self._is_known
        if number is None and (is_nobodys or self._answers.of_orders.is_order_of_another(text)):
            return self._ask_number("ask_number")
        return self._look_up_progress(number)

    def _ask_number(self, *names: str) -> Actions:
        self._progress_questions += 1
        return self._ask(Stage.PROGRESS_NUMBER, Expected.DIGITS, *names)

    def _look_up_progress(self, number: str | None, proof: str | None = None) -> Actions:
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage, self._progress_number = Stage.LOOKING_UP, number
        return (*stop, LookUpProgress(turn, number, self._caller, proof))

    def _digit_keyed(self, key: str) -> Actions:
        """Take the number or the proof by keys; it is complete with its last digit or with #."""
        digits = self._keyed + key.removesuffix("#")
        self._keyed = digits
        whole = _NUMBER_DIGITS if self._stage is Stage.PROGRESS_NUMBER else PROOF_DIGITS
        if digits and (key == "#" or len(digits) == whole):
            self._keyed = ""
            return self._digits_said(digits)
        return self._stop_saying()

    def _digits_said(self, text: str) -> Actions:
        """Take the number or the proof that was asked for; what holds no digits is something else."""
        digits = self._answers.digits_in(text)
        if not self._is_number(text, digits):
            if self._answers.read(text, Answer.NO, Answer.DONE) is not None:
                return self._say_and_listen("go_ahead") if self._is_settled else self._transfer("progress")
            if self._answers.has_forgotten(text):
                return self._transfer("progress", "transferring_progress")
            is_yes = self._answers.read(text, Answer.YES) is not None  # there is one: which?
            if is_yes:
                self._progress_questions += 1
                is_last = self._progress_questions > self._policy.max_no_match
                return self._transfer("progress") if is_last else self._ask_again()
            self._stage = Stage.OPEN
            return self._understand(text)
        if self._stage is Stage.PROGRESS_PROOF:
            return self._look_up_progress(self._progress_number, digits)
        number = self._answers.order_number_in(text)
        if number is None and self._progress_questions < self._policy.max_no_match:
            return self._ask_number("ask_number_again")
        return self._look_up_progress(number) if number is not None else self._transfer("progress")

    @staticmethod
    def _is_number(text: str, digits: str) -> bool:
        """Whether ``text`` tells a number: a few digits among many words (“路灯坏了一个月”) are none."""
        return len(digits) >= _FEWEST_DIGITS or len(digits) > len(text) // 2

    def _progress_found(self, event: ProgressFound) -> Actions:
        if self._stage is not Stage.LOOKING_UP:
            return ()
        if self._denied:
            self._denied = ""
            return self._transfer("dissatisfied")
        self._told_progress, self._progress_questions, turn = True, 0, self._new_turn()
        # Found by who they are, and not by a number that anybody may know.
        is_theirs = self._progress_number is None
        first = next((order for order in event.orders if order.is_open), None)
        self._to_urge = first.number if first is not None and is_theirs else None
        self._last_due = None
        if first is not None and first.lead_unit_name is not None and first.due_at is not None:
            due = spoken_date(self._prompts, first.due_at.astimezone(self._timezone))
            self._last_due = {"unit": first.lead_unit_name, "due": due}
        count = len(event.orders)
        parts = self._prompts.parts("progress_lead")
        if count > 1:
            parts = (*parts, *self._prompts.parts("progress_count", count=str(count)))
        for order in event.orders[: self._policy.max_told_orders]:
            parts = (*parts, *self._teller.parts(order, is_spoken=self._is_spoken))
        is_only_one = sum(order.is_open for order in event.orders) == 1
        if self._is_pressing and is_only_one and self._to_urge is not None:
            self._news, self._is_pressing = parts, False
            return self._urge(self._to_urge, self._draft.text)
        parts = (*parts, *self._prompts.parts(self._closing))
        told = tuple(OrderCard.of(order) for order in event.orders)
        card = None if self._is_spoken else OrdersCard(told)
        say = Say(turn, parts, prompts=("progress_order", self._closing), card=card)
        return self._put(Stage.MORE, say, self._closing_listen(turn))

    def _no_progress(self, event: NoProgress) -> Actions:
        if self._stage is not Stage.LOOKING_UP:
            return ()
        if self._denied:
            text, self._denied, self._stage = self._denied, "", Stage.OPEN
            return self._understand(text)
        if event.was_refused:
            return self._transfer("progress", "progress_refused")
        if event.needs_proof:
            return self._ask(Stage.PROGRESS_PROOF, Expected.DIGITS, "ask_proof")
        if self._progress_questions >= self._policy.max_no_match:
            return self._transfer("progress", "transferring_progress")
        if self._progress_number is None:
            return self._ask_number("progress_none", "ask_number")
        return self._ask_number("ask_number_again")
