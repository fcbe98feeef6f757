"""What reaches over one turn: second thoughts, alarms before the sentence ends, a second matter, a question in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from hotline.dialogue.actions import (
    AddToOrder,
    End,
    GiveWayToEmergency,
    LookUp,
    MergeIntoOrder,
    RegisterAppeal,
    Say,
    StayHere,
    StopSaying,
    TransferToAgent,
)
from hotline.dialogue.changed_orders import ChangedOrders
from hotline.dialogue.events import (
    AppealRegistered,
    CallbackPlanned,
    Event,
    FactsAdded,
    KeyPressed,
    LocationShared,
    Merged,
    NoProgress,
    ProgressFound,
)
from hotline.dialogue.floor import Actions
from hotline.dialogue.safety_words import Alarm, Emergency
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.stages import ASIDE, DEAF, Stage
from hotline.domain.appeal import AppealKind
from hotline.domain.category import at_level
from hotline.domain.knowledge import Article
from hotline.domain.meaning import Intent, Understanding

_LASTING: Final = (RegisterAppeal, MergeIntoOrder, AddToOrder, TransferToAgent, GiveWayToEmergency, End)
"""Actions that cannot be taken back."""

_SETTLING: Final = (
    AppealRegistered,
    Merged,
    FactsAdded,
    ProgressFound,
    NoProgress,
    CallbackPlanned,
    KeyPressed,
    LocationShared,
)
"""Events that change more than words do: what was said before them is settled."""

_PRESENT: Final = frozenset({"_turn", "_saying", "_before"})
"""What is as it is, whatever is taken back."""

_OF_THE_MATTER: Final = 8  # characters: so short a question says nothing of its own matter
_LEAST_MATTER: Final = 4  # characters: 路灯坏了
SURE_OF_LITTLE: Final = 0.85  # of the class of a few words: 表坏了谁修 is of water as well as of gas


class OverTurns(ChangedOrders):
    """A conversation in which a citizen may go on, change their mind, or think of something else."""

    _before: tuple[str, dict[str, Any]] | None = None
    _draft_before_alarm: Any = None
    _pending_question: Any = None
    _is_behind_done = False  # whether what is understood was said behind “没有了”
    _asked_aside = ""  # what was asked instead of answering it,
    _aside: Understanding | None = (
        None  # and is searched for alone where it is not found of the matter at hand,
    )
    _is_aside_alone = False  # as is done now
    _looked_up = ""  # the question that is being searched for, where it names its matter
    _is_of_several = False  # whether what is understood is one of several matters told in one breath,
    _where = ""  # and where they all are, if that was told behind the last
    _is_heard = False  # whether the last words were recognised from speech,
    _otherwise_heard: Mapping[str, tuple[str, ...]] = MappingProxyType({})  # and what else they may have been

    # --- who goes on after a short pause ---------------------------------------------------------------------

    def _going_on(self, text: str) -> str:
        """Take back what the last words led to, and return them with ``text``: they were half a sentence."""
        if self._before is None or self._stage in DEAF or self._stage is Stage.HANDED_OVER:
            return text
        said, state = self._before
        vars(self).update(state)
        return f"{said.rstrip('，。、')}，{text}"

    def _remember(self, text: str) -> None:
        """Keep how things stand before ``text``, for the case that it was half a sentence.

        What is said while something is being done changes nothing, so there is nothing to take back.
        """
        if self._stage in DEAF:
            self._before = None
        else:
            self._before = (text, {name: value for name, value in vars(self).items() if name not in _PRESENT})

    def _forget_before(self, event: Event, actions: Actions) -> None:
        """Once something has happened or been set going that cannot be taken back, nothing before it can be."""
        if isinstance(event, _SETTLING) or any(isinstance(action, _LASTING) for action in actions):
            self._before = None

    # --- alarms before the sentence ends ---------------------------------------------------------------------

    def _partly_said(self, text: str) -> Actions:
        """Give way to an emergency without waiting for the end of the sentence.

        A false alarm costs little: it is taken back when the sentence is over, before anybody's telephone has rung.
        """
        if self._stage in DEAF or self._stage is Stage.HANDED_OVER:
            return ()
        emergency = self._safety.emergency_in(text, is_spoken=self._is_spoken)
        if emergency is None or emergency.alarm is not Alarm.CERTAIN:
            return ()
        self._alarm_word, draft = emergency.word, self._draft
        actions = self._give_way(emergency.service, text)
        self._draft_before_alarm = draft
        return actions

    def _sentence_after_alarm(self, text: str, emergency: Emergency | None) -> Actions:
        """Take the whole sentence of which a part raised the alarm; if it raises none, ask once instead."""
        draft, self._draft_before_alarm = self._draft_before_alarm, None
        self._draft = draft.heard(text)
        if emergency is not None and emergency.alarm is Alarm.CERTAIN:
            return ()
        assert self._service is not None
        stay = StayHere(self._turn)
        self._gave_way, self._draft, self._heard = False, draft, text
        self._was_asked_about_emergency, self._saying = True, None
        self._is_alarm_heard = emergency is not None
        ask = self._ask_yes_no(Stage.EMERGENCY_CHECK, "emergency_check", service=self._service.value)
        return (StopSaying(), stay, *ask)

    # --- a second matter -------------------------------------------------------------------------------------

    def _matter_of(self, text: str) -> str:
        """Return the first matter of ``text``; others (“还有一件事”) are kept for when the first is settled.

        Words that come instead of the next matter's turn are taken together with it.
        """
        if self._stage is Stage.MATTER:
            return self._first_announced(text) or text
        is_its_turn = bool(self._next_matter) or self._stage is not Stage.OPEN
        if self._told_beside and is_its_turn and not self._is_understanding:
            return f"{self._pop_next_matter()}，{text}"
        if first := self._first_announced(text):
            return first
        first, second = self._answers.two_matters(text)
        if min(len(first), len(second)) < _LEAST_MATTER:
            self._is_another = not first and bool(second)  # 还有个事，村里停电了
            return text
        self._is_another = self._answers.read(first, Answer.DONE, Answer.YES) is not None
        if self._is_another:
            return second  # 我知道了，还有个事，村里停电了
        self._next_matter = second
        return first

    def _first_announced(self, text: str) -> str:
        """Return the first of several matters that are announced (“有三件事，……”); empty where none are. The others wait."""
        parts = self._answers.several.parts(text)
        if parts:
            self._is_another = True
            self._let_wait(parts)
        return parts[0] if parts else ""

    def _let_wait(self, parts: tuple[str, ...]) -> None:
        self._waiting, self._is_of_several = (*parts[1:], *self._waiting), True
        self._where = self._answers.several.where(parts)

    def _second_in_between(self, text: str) -> tuple[str, bool]:
        """Keep a second matter that comes up while the first is taken down; return what was said before it, and whether there was one."""
        if self._stage not in ASIDE or self._asked is None or self._next_matter:
            return text, False
        first, second = self._answers.two_matters(text)
        if len(second) < _LEAST_MATTER:
            return text, False
        self._next_matter = second
        return "" if self._answers.only_leads(first) else first, True

    def _one_of_several(self, meaning: Understanding) -> Actions | None:
        """Take the first of several matters that were told in one breath, and one that tells no place where it was told for all; None: it is all there is."""
        if meaning.halves is not None:
            self._let_wait(meaning.halves)
            return self._understand(meaning.halves[0])
        is_one, self._is_of_several = self._is_of_several, False
        is_located = meaning.slots.place is not None and meaning.slots.place.is_located
        if is_one and is_located and self._shared_place == self._last_place:
            self._shared_place = None  # nothing of the place before is this one's
        is_there = is_one and not is_located and bool(self._where) and self._where not in meaning.text
        return self._understand(f"{meaning.text}，{self._where}") if is_there else None

    def _matter_alone(self, meaning: Understanding) -> str:
        """Return what was said of a matter without the place that was told for several: with it they would sound alike, and be taken for repeats."""
        is_known = meaning.slots.place is not None or self._last_place is not None
        alone = meaning.text.removesuffix(f"，{self._where}") if self._where and is_known else ""
        return alone or meaning.text

    def _take_next_matter(self) -> Actions:
        """Go on with the next matter once the one before has been settled and told."""
        text, self._is_another = self._pop_next_matter(), True
        return self._understand(text)

    def _pop_next_matter(self) -> str:
        """Return the matter that is next; one that was told together with the one before is where that is."""
        if self._next_matter:
            text, self._next_matter = self._next_matter, ""
            return text
        text, self._waiting = self._waiting[0], self._waiting[1:]
        self._shared_place, self._is_of_several = self._last_place or self._shared_place, True
        return text

    # --- a question in between -------------------------------------------------------------------------------

    def _is_aside(self, meaning: Understanding) -> bool:
        """Whether a question of the hotline was answered with a question (“要等几天？”)."""
        text = meaning.text
        is_inquiry = meaning.intent is Intent.APPEAL and meaning.kind is AppealKind.INQUIRY
        is_sure = meaning.category is not None and (
            meaning.category_confidence >= self._policy.category_confidence
        )
        is_question = is_inquiry and self._answers.asks(text)
        if meaning.intent in (Intent.UNKNOWN, Intent.APPEAL) and not is_sure:  # “你这个几天能办”
            asked = text.rstrip("。，！呢")  # 我还在那上班呢
            may_ask = self._answers.may_ask(asked) or self._answers.asks_by_no(text)
            may_ask = may_ask and not self._answers.has_forgotten(text)
            is_question = is_question or may_ask
        is_question = is_question and not meaning.slots.wants_secrecy  # 给我保密啊，我还在村里住呢
        is_question = is_question and not self._answers.places.named_last(text)  # 在哪儿呢，哦，大学对面
        is_question = is_question and self._place_before(meaning) is None  # 就这个小区，不是说了吗
        return (
            self._stage in ASIDE
            and self._asked is not None
            and (
                is_question
                or self._answers.asks_what_to_do(text)
                or self._answers.asks_how_long_it_takes(text)
            )
            and meaning.slots.place is None
            and meaning.slots.phone is None
        )

    def _look_up(self, meaning: Understanding) -> LookUp:
        """Search for what was asked; where the citizen said where, for what holds there."""
        place = meaning.slots.place or self._draft.place
        county = place.county_code if place is not None else None
        self._looked_up = meaning.text
        return LookUp(
            self._new_turn(),
            meaning.text,
            meaning.category,
            county,
            is_heard=self._is_heard,
            others=self._otherwise_heard.get(meaning.text, ()),
        )

    def _look_up_how_long(self, meaning: Understanding) -> LookUp:
        """Search for how long a complaint takes, in the words that its article goes by: in others it may be that of an office."""
        question, category = self._answers.how_long_it_takes
        return self._look_up(replace(meaning, text=question, category=category))

    def _look_up_aside(self, meaning: Understanding) -> Actions:
        self._pending_question, self._asked_aside = self._asked, meaning.text
        self._aside, self._is_aside_alone = None, False
        if self._answers.asks_how_long_it_takes(meaning.text):
            return (self._look_up_how_long(meaning),)
        asks_what_to_do = self._answers.asks_what_to_do(meaning.text)
        is_about_matter = len(meaning.text) <= _OF_THE_MATTER and not self._is_of_own(meaning)  # 丢了怎么补办
        if is_about_matter or asks_what_to_do:
            text, category = self._draft.heard(meaning.text).text, self._draft.category
            # What asks for a sum or an hour and names nothing is of the matter at hand or of none.
            names_nothing = asks_what_to_do or self._answers.follow_ups.names_nothing(meaning.text)
            self._aside = None if names_nothing else meaning
            return (self._look_up(replace(meaning, text=text, category=category)),)
        return (self._look_up(meaning),)

    def _is_of_own(self, meaning: Understanding) -> bool:
        """Whether few words are surely of another class than the matter at hand (“身份证丢了怎么补”)."""
        is_sure = meaning.category_confidence >= SURE_OF_LITTLE
        return is_sure and at_level(meaning.category) != at_level(self._draft.category)

    def _aside_found(self, article: Article | None) -> Actions:
        """Answer what was asked in between; what is not found of the matter at hand is searched for alone."""
        alone, self._aside = self._aside, None
        if article is None and alone is not None:
            self._is_aside_alone = True
            return (self._look_up(alone),)
        if article is not None and self._is_aside_alone:
            is_named = self._answers.follow_ups.names(article, self._asked_aside)
            article = article if is_named else None  # 这三十天从哪天算 finds anything
        return self._answer_aside(article)

    def _answer_aside(self, article: Article | None) -> Actions:
        """Answer, or say that somebody else will, and put the question again that was left open."""
        self._asked, self._pending_question = self._pending_question, None
        if article is None:
            self._draft = self._draft.heard(self._asked_aside)  # so that it is answered with the rest
            lead: tuple[str, ...] = self._prompts.parts("aside_unknown")
            names: tuple[str, ...] = ("aside_unknown",)
        else:
            answer = article.spoken if self._is_spoken else article.full
            lead = (*self._prompts.parts("answer_lead"), answer, *self._prompts.parts("aside_back"))
            names = (article.id, "aside_back")
        return self._ask_again_after(lead, *names)

    def _is_progress_between(self, meaning: Understanding) -> bool:
        """Whether a question of the hotline was answered by asking how an earlier order stands."""
        asks = meaning.intent is Intent.ASK_PROGRESS or self._answers.wants_progress(meaning.text)
        return asks and self._is_asked_for_matter and meaning.slots.place is None

    @property
    def _is_asked_for_matter(self) -> bool:
        return self._stage in ASIDE and self._asked is not None

    def _as_answered(self, meaning: Understanding) -> Understanding:
        """Return ``meaning`` as no question of an earlier order where the matter is asked about and no word tells of one (上个月的事)."""
        is_told = self._answers.of_orders.speaks_of_progress(meaning.text)
        is_told = is_told or bool(meaning.slots.work_order_number)
        is_guess = meaning.intent is Intent.ASK_PROGRESS and not is_told and self._is_asked_for_matter
        return replace(meaning, intent=Intent.UNKNOWN) if is_guess else meaning

    def _put_off_progress(self, text: str) -> Actions:
        """Promise to look once this matter is registered, and put the question again that was left open."""
        self._next_matter = f"{self._next_matter}，{text}" if self._next_matter else text
        return self._ask_again_after(self._prompts.parts("progress_later"), "progress_later")

    # --- slower, please --------------------------------------------------------------------------------------

    def _slow_down(self, text: str) -> Actions | None:
        """Speak slower and wait longer from now on; None when more was said than the wish for it."""
        was_slow, self._is_slow = self._is_slow, True
        if self._asked is None or not self._answers.is_only_slower(text):
            return None
        say, listen = self._asked
        say, turn = self._without_leads(self._alone or say), self._new_turn()
        lead = () if was_slow else self._prompts.parts("slower")
        return self._put(
            self._stage, replace(say, turn=turn, parts=(*lead, *say.parts)), replace(listen, turn=turn)
        )

    def _paced(self, actions: Actions) -> Actions:
        """Give every message and every wait the citizen's pace."""
        if not self._is_slow:
            return actions
        slowness = self._policy.elder_slowness
        return tuple(self._at_pace(action, slowness) for action in actions)

    @staticmethod
    def _at_pace(action: Any, slowness: float) -> Any:
        match action:
            case Say():
                return replace(action, is_slow=True)
            case _ if hasattr(action, "slowness"):
                return replace(action, slowness=slowness, seconds=action.seconds * slowness)
        return action
