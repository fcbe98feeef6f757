"""The conversation (对话), sans-IO: ``Session.handle(event)`` decides all that a citizen hears next.

A session waits for nothing and reads no clock: to wait is an action, that it is over is an event. Every action that
expects an answer carries the turn number, and an answer to a turn that has passed is dropped: that one rule settles
barge-in, late answers and stale timers. The stages:

    OPEN ─ question → ANSWERED ─ nothing more → (end)
      ├─ how an order stands → LOOKING_UP · PROGRESS_NUMBER · PROGRESS_PROOF → MORE
      └─ anything else → MATTER · PLACE · PLACE_DETAIL · SECRECY → CONFIRM ⇄ CORRECT → CHECKING
    CHECKING ─ an earlier order → REPEAT ─ yes → MERGING → MORE · CLOSED_REPEAT ─ no → MORE
      └─ none, or not to be told → REGISTERING → MORE → (end)
    at any moment: “人工” or 0 → TRANSFERRING → HANDED_OVER, or nobody free → MESSAGE → (end)
    at any moment: emergency → EMERGENCY → HANDED_OVER

Nothing says that something was recorded before ``AppealRegistered``, which comes after the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo
from enum import StrEnum, auto
from typing import Final, assert_never

from hotline.dialogue.actions import (
    Action,
    CheckRepeat,
    End,
    GiveWayToEmergency,
    Listen,
    LookUp,
    LookUpProgress,
    MergeIntoOrder,
    Outcome,
    RegisterAppeal,
    Say,
    StopSaying,
    TransferToAgent,
    Understand,
)
from hotline.dialogue.diversions import DiversionWords
from hotline.dialogue.events import (
    AgentJoined,
    AppealRegistered,
    EngineFailed,
    Event,
    FellSilent,
    HearingLost,
    HungUp,
    KeyPressed,
    LocationShared,
    Merged,
    NoAgentFree,
    NoProgress,
    NoRepeat,
    PassagesFound,
    ProgressFound,
    PromptFinished,
    RepeatFound,
    Said,
    SpeechStarted,
    Started,
    TransferFailed,
    Understood,
)
from hotline.dialogue.intake import Draft, Missing, merged, spoken_date
from hotline.dialogue.policy import Policy
from hotline.dialogue.prompts import Prompts
from hotline.dialogue.telling import Teller, spelled
from hotline.dialogue.words import Alarm, Answer, AnswerWords, SafetyWords
from hotline.domain.appeal import (
    Appeal,
    AppealKind,
    ContactChannel,
    EmergencyService,
    PhoneNumber,
    Place,
)
from hotline.domain.category import Category
from hotline.domain.diversion import ContactOutcome, Diversion, DiversionOutcome
from hotline.domain.knowledge import Article
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.speech import Expected

Actions = tuple[Action, ...]


class Stage(StrEnum):
    """Where the conversation stands: what was asked last, or what is being waited for."""

    OPEN = auto()
    ANSWERED = auto()
    MATTER = auto()
    PLACE = auto()
    PLACE_DETAIL = auto()
    SECRECY = auto()
    CONFIRM = auto()
    CORRECT = auto()
    CHECKING = auto()
    REPEAT = auto()
    CLOSED_REPEAT = auto()
    MERGING = auto()
    REGISTERING = auto()
    LOOKING_UP = auto()
    PROGRESS_NUMBER = auto()
    PROGRESS_PROOF = auto()
    MORE = auto()
    EMERGENCY_CHECK = auto()
    EMERGENCY = auto()
    TRANSFERRING = auto()
    MESSAGE = auto()
    RECORDING_MESSAGE = auto()
    HANDED_OVER = auto()
    ENDED = auto()


_DEAF: Final = frozenset(
    {
        Stage.CHECKING, Stage.MERGING, Stage.REGISTERING, Stage.LOOKING_UP, Stage.TRANSFERRING,
        Stage.RECORDING_MESSAGE, Stage.EMERGENCY,
    }
)  # fmt: skip
"""Stages in which words are kept in the journal but change nothing (only an emergency does)."""

_INTAKE: Final = frozenset(
    {Stage.MATTER, Stage.PLACE, Stage.PLACE_DETAIL, Stage.SECRECY, Stage.CONFIRM, Stage.CORRECT}
)

_CONFIRMED: Final = frozenset({Stage.CHECKING, Stage.REPEAT, Stage.CLOSED_REPEAT})
"""Stages in which the citizen has confirmed what was read back, and it is not registered yet."""

_TOLD_OF_ORDERS: Final = frozenset({Stage.OPEN, Stage.ANSWERED, Stage.MORE})
"""Stages in which a citizen may ask how an order stands."""

_LAST_WORDS: Final = 10


class Session:
    """One conversation with one citizen."""

    def __init__(
        self,
        *,
        prompts: Prompts,
        categories: Mapping[str, Category],
        safety: SafetyWords,
        answers: AnswerWords,
        diversions: DiversionWords,
        policy: Policy,
        timezone: tzinfo,
    ) -> None:
        """Take the city's words and the limits of patience; ``timezone`` is for days that are spoken."""
        self._prompts = prompts
        self._categories = categories
        self._safety = safety
        self._answers = answers
        self._diversions = diversions
        self._teller = Teller(prompts, categories, timezone)
        self._policy = policy
        self._timezone = timezone
        self._channel = ContactChannel.PHONE
        self._stage = Stage.OPEN
        self._turn = 0
        self._draft = Draft()
        self._heard = ""  # words that are being understood
        self._is_understanding = False
        self._saying: Say | None = None
        self._asked: tuple[Say, Listen] | None = None
        self._silences = 0
        self._no_matches = 0
        self._corrections = 0
        self._store_failures = 0
        self._was_asked_about_emergency = False
        self._service: EmergencyService | None = None
        self._article: Article | None = None
        self._was_registered = False
        self._was_handed_over = False
        self._gave_way = False
        self._caller: PhoneNumber | None = (
            None  # the calling number only: a number that was told proves nothing
        )
        self._words: tuple[str, ...] = ()
        self._lead: Say | None = None  # what is to be said together with “已受理”
        self._linked_to: str | None = None
        self._progress_number: str | None = None
        self._progress_questions = 0
        self._told_progress = False
        self._nuisances = 0
        self._alarm_word = ""
        self._was_withdrawn = False

    @property
    def outcome(self) -> Outcome:
        """How the conversation has gone so far."""
        if self._gave_way:
            return Outcome.EMERGENCY
        if self._was_handed_over:
            return Outcome.AGENT
        if self._was_registered:
            return Outcome.REGISTERED
        return Outcome.ANSWERED if self._was_answered else Outcome.FAILED

    @property
    def _was_answered(self) -> bool:
        return self._article is not None or self._told_progress

    @property
    def article(self) -> Article | None:
        """The article that was last answered with."""
        return self._article

    @property
    def so_far(self) -> Appeal:
        """What is known of the matter now, for the record of a conversation that left no order (全量受理)."""
        draft = self._draft if self._draft.text else replace(self._draft, accounts=self._words)
        appeal = draft.appeal(
            self._categories, self._channel, is_confirmed=False, emergency=self._emergency_given
        )
        return appeal if appeal.text else replace(appeal, kind=AppealKind.INVALID)

    @property
    def contact_outcome(self) -> ContactOutcome:
        """How a conversation ended that left no order; what may still need somebody goes to an agent."""
        if self._gave_way:
            return ContactOutcome.EMERGENCY
        if self._was_handed_over:
            return ContactOutcome.TO_AGENT
        if self._was_withdrawn:
            return ContactOutcome.WITHDRAWN
        if self._was_answered:
            return ContactOutcome.ANSWERED
        if self._nuisances:
            return ContactOutcome.NUISANCE
        has_matter = len(self._draft.text) >= self._policy.min_matter_characters
        return ContactOutcome.TO_AGENT if has_matter else ContactOutcome.ABANDONED

    def handle(self, event: Event) -> Actions:
        """Decide what to do about ``event``."""
        if self._stage is Stage.ENDED or self._is_late(event):
            return ()
        match event:
            case Started():
                self._channel, self._caller = event.channel, event.phone
                self._draft = Draft(phone=event.phone)
                return self._ask(Stage.OPEN, Expected.OPEN, "greeting")
            case SpeechStarted():
                return self._stop_saying() if self._stage not in _DEAF else ()
            case Said():
                return self._said(event.text)
            case KeyPressed():
                return self._key(event.key)
            case LocationShared():
                return self._located(event.place)
            case HearingLost():
                return self._not_heard("hearing_down" if event.is_engine_down else "not_heard")
            case FellSilent():
                return self._fell_silent()
            case PromptFinished():
                self._saying = None
                return ()
            case Understood():
                self._is_understanding = False
                return self._understood(event.understanding)
            case PassagesFound():
                return self._passages_found(event)
            case AppealRegistered():
                return self._registered(event)
            case RepeatFound():
                return self._repeat_found(event)
            case NoRepeat():
                self._linked_to = event.linked_to
                return self._now_register() if self._stage is Stage.CHECKING else ()
            case Merged():
                return self._merged(event.number)
            case ProgressFound():
                return self._progress_found(event)
            case NoProgress():
                return self._no_progress(event)
            case EngineFailed():
                return self._engine_failed(event.engine)
            case AgentJoined():
                return self._agent_joined()
            case NoAgentFree() | TransferFailed():
                return self._nobody_came()
            case HungUp():
                return self._hung_up()
            case _:
                assert_never(event)

    def _is_late(self, event: Event) -> bool:
        turn = getattr(event, "turn", self._turn)
        return isinstance(turn, int) and turn != self._turn

    # --- what the citizen does -------------------------------------------------------------------------------

    def _said(self, text: str) -> Actions:
        self._silences = 0
        if self._stage is Stage.HANDED_OVER or not text.strip():
            return ()
        self._words = (*self._words, text.strip("，。 "))[-_LAST_WORDS:]
        emergency = None if self._stage is Stage.EMERGENCY else self._safety.emergency_in(text)
        if emergency is not None:
            self._alarm_word = emergency.word
        if emergency is not None and emergency.alarm is Alarm.CERTAIN:
            return self._give_way(emergency.service, text)
        if self._stage in _DEAF:
            return ()
        if self._answers.wants_agent(text):
            return self._transfer("asked")
        if emergency is not None and not self._was_asked_about_emergency:
            self._was_asked_about_emergency = True
            self._service, self._heard = emergency.service, text
            return self._ask_yes_no(Stage.EMERGENCY_CHECK, "emergency_check", service=emergency.service.value)
        if self._asked is not None and self._answers.read(text, Answer.REPEAT) is not None:
            return self._ask_again()
        return self._answer_to_stage(text)

    def _answer_to_stage(self, text: str) -> Actions:
        read = self._answers.read
        if self._stage is Stage.EMERGENCY_CHECK:
            if read(text, Answer.YES, Answer.NO) is Answer.YES and self._service is not None:
                return self._give_way(self._service, self._heard)
            said, self._stage = self._heard, Stage.OPEN
            return self._understand(said if read(text, Answer.NO) else f"{said}，{text}")
        if self._stage is Stage.CONFIRM:
            return self._answer_to_confirmation(text)
        if self._stage is Stage.SECRECY:
            return self._answer_to_secrecy(text)
        if self._stage in (Stage.REPEAT, Stage.CLOSED_REPEAT):
            return self._answer_to_repeat(text)
        if self._stage in (Stage.PROGRESS_NUMBER, Stage.PROGRESS_PROOF):
            return self._digits_said(text)
        if self._stage in _TOLD_OF_ORDERS and self._answers.wants_progress(text):
            return self._ask_progress(text, self._answers.order_number_in(text))
        if self._stage in (Stage.ANSWERED, Stage.MORE):
            return self._answer_to_anything_more(text)
        if self._stage is Stage.OPEN and not self._is_understanding:
            short = read(text, Answer.MORE, Answer.DONE)
            if short is Answer.MORE:
                return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")
            if short is Answer.DONE and self._is_settled:
                return self._goodbye("goodbye")
        return self._understand(text)

    def _answer_to_confirmation(self, text: str) -> Actions:
        answer = self._answers.read(text, Answer.YES, Answer.NO, Answer.ANONYMOUS)
        if answer in (Answer.YES, Answer.ANONYMOUS):
            return self._register()
        if answer is Answer.NO:
            return self._ask(Stage.CORRECT, Expected.OPEN, "what_is_wrong")
        return self._understand(text)

    def _answer_to_secrecy(self, text: str) -> Actions:
        answer = self._answers.read(text, Answer.NO, Answer.YES, Answer.ANONYMOUS)
        if answer is None:
            return self._understand(text)
        return self._secrecy_said(wanted=answer is not Answer.NO)

    def _secrecy_said(self, *, wanted: bool) -> Actions:
        self._draft = replace(self._draft, wants_secrecy=wanted)
        category = self._categories.get(self._draft.category or "")
        is_law = not wanted and self._draft.kind_of(category) is AppealKind.TIP_OFF
        return self._next_question(*(("secrecy_by_law",) if is_law else ()))

    def _answer_to_repeat(self, text: str) -> Actions:
        """Merge or register; words that are neither yes nor no are more of the matter, so nothing is lost."""
        answer = self._answers.read(text, Answer.YES, Answer.NO)
        if self._stage is Stage.CLOSED_REPEAT and answer is Answer.NO:
            return self._say_and_listen("repeat_closed_kept")
        if self._stage is Stage.REPEAT and answer is Answer.YES:
            return self._merge()
        if answer is None:
            self._draft = self._draft.heard(text)
        return self._now_register()

    def _answer_to_anything_more(self, text: str) -> Actions:
        answer = self._answers.read(text, Answer.DONE, Answer.MORE, Answer.UNCLEAR, Answer.NO, Answer.YES)
        if answer is Answer.MORE:
            return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")
        if answer is Answer.UNCLEAR and self._stage is Stage.ANSWERED:
            self._article = None
            return self._next_question("no_answer_register")
        if answer is not None:
            return self._goodbye("goodbye")
        return self._understand(text)

    def _key(self, key: str) -> Actions:
        self._silences = 0
        if self._stage in _DEAF or self._stage is Stage.HANDED_OVER:
            return ()
        if key == "0":
            return self._transfer("asked")
        if key == "*" and self._asked is not None:
            return self._ask_again()
        if self._stage is Stage.CONFIRM and key == "1":
            return self._register()
        if self._stage is Stage.CONFIRM and key == "2":
            return self._ask(Stage.CORRECT, Expected.OPEN, "what_is_wrong")
        if self._stage is Stage.EMERGENCY_CHECK and key == "1" and self._service is not None:
            return self._give_way(self._service, self._heard)
        if self._stage is Stage.SECRECY and key in "12":
            return self._secrecy_said(wanted=key == "1")
        if self._stage is Stage.REPEAT and key in "12":
            return self._merge() if key == "1" else self._now_register()
        return ()

    def _located(self, place: Place) -> Actions:
        self._draft = replace(self._draft, place=merged(self._draft.place, place))
        return self._next_question() if self._stage in _INTAKE else ()

    def _fell_silent(self) -> Actions:
        if self._is_understanding or self._stage in _DEAF or self._stage is Stage.HANDED_OVER:
            return ()
        if self._stage in (Stage.ANSWERED, Stage.MORE):
            return self._goodbye("goodbye_silent")
        if self._stage is Stage.MESSAGE:
            return self._goodbye("message_none")
        if self._stage in (Stage.REPEAT, Stage.CLOSED_REPEAT):
            return self._now_register()  # confirmed already, and neither answer loses anything
        self._silences += 1
        if self._silences > self._policy.max_silences:
            if self._channel is not ContactChannel.PHONE:
                return self._goodbye("goodbye_silent", *self._keep_unfinished())
            return self._transfer("silent")
        if self._stage is Stage.CONFIRM:
            return self._ask_yes_no(Stage.CONFIRM, "confirm_unclear", keep_silences=True)
        if self._stage is Stage.OPEN:
            name = "reprompt_open" if self._silences == 1 else "reprompt_keys"
            return self._ask(Stage.OPEN, Expected.OPEN, name)
        return self._ask_again()

    def _hung_up(self) -> Actions:
        keep = self._keep_unfinished()
        self._stage = Stage.ENDED
        return (*keep, End(self.outcome))

    def _keep_unfinished(self) -> Actions:
        """Register what was begun but not confirmed, for people to follow up: nothing said is lost (全量受理)."""
        if self._stage in _CONFIRMED:
            return (self._registering(self._new_turn()),)
        if self._is_understanding:
            self._draft = self._draft.heard(self._heard)
        unfinished = (*_INTAKE, Stage.TRANSFERRING, Stage.EMERGENCY_CHECK, Stage.EMERGENCY)
        if (self._stage not in unfinished and not self._is_understanding) or len(
            self._draft.text
        ) < self._policy.min_matter_characters:
            return ()
        appeal = self._draft.appeal(
            self._categories, self._channel, is_confirmed=False, emergency=self._emergency_given
        )
        return (RegisterAppeal(self._new_turn(), appeal),)

    @property
    def _emergency_given(self) -> EmergencyService | None:
        return self._service if self._gave_way else None

    # --- what the engines answer -----------------------------------------------------------------------------

    def _understand(self, text: str) -> Actions:
        """Have ``text`` understood; words that come before the answer are understood together with it."""
        self._heard = f"{self._heard}，{text}" if self._is_understanding else text
        self._is_understanding = True
        return (*self._stop_saying(), Understand(self._new_turn(), self._heard))

    def _understood(self, meaning: Understanding) -> Actions:
        match meaning.intent:
            case Intent.TRANSFER_TO_AGENT:
                return self._transfer("asked")
            case Intent.WAIT if self._asked is not None:
                say, listen = self._asked
                return self._listen_longer(say, listen)
            case Intent.REPEAT if self._asked is not None:
                return self._ask_again()
        if self._stage is Stage.MESSAGE:
            self._draft = self._draft.heard(meaning.text).filled(meaning, self._policy)
            return self._register_message()
        is_withdrawal = meaning.intent is Intent.WITHDRAW
        if (
            is_withdrawal
            and meaning.confidence >= self._policy.withdrawal_confidence
            and self._stage in _INTAKE
        ):
            self._was_withdrawn = True
            return self._say_and_listen("withdrawn")
        if self._stage is Stage.SECRECY:
            return self._secrecy_understood(meaning)
        if self._stage in (Stage.PLACE, Stage.PLACE_DETAIL):
            return self._place_answered(meaning)
        if self._stage is Stage.CONFIRM:
            return self._confirmation_understood(meaning)
        if self._stage in (Stage.CORRECT, Stage.MATTER):
            return self._supplemented(meaning)
        return self._new_matter(meaning)

    def _secrecy_understood(self, meaning: Understanding) -> Actions:
        if meaning.intent in (Intent.AFFIRM, Intent.DENY) and not meaning.slots.wants_secrecy:
            return self._secrecy_said(wanted=meaning.intent is Intent.AFFIRM)
        self._draft = self._draft.heard(meaning.text).filled(meaning, self._policy)
        return self._next_question()

    def _new_matter(self, meaning: Understanding) -> Actions:
        self._was_withdrawn = False
        if self._is_place_of_question(meaning):
            return self._place_of_question(meaning)
        match meaning.intent:
            case Intent.ASK_PROGRESS:
                number = meaning.slots.work_order_number or self._answers.order_number_in(meaning.text)
                return self._ask_progress(meaning.text, number or None)
            case Intent.WITHDRAW:
                return self._transfer("withdraw", "transferring_withdraw")
            case Intent.GREET:
                return self._ask(Stage.OPEN, Expected.OPEN, "invite")
            case Intent.GOODBYE | Intent.THANK | Intent.DENY if self._stage is not Stage.OPEN:
                return self._goodbye("goodbye")
            case Intent.GOODBYE:
                return self._goodbye("goodbye")
            case Intent.NUISANCE:
                return self._warned()
            case Intent.AFFIRM | Intent.DENY | Intent.THANK | Intent.WAIT | Intent.REPEAT:
                return self._no_match("not_understood")
            case Intent.OFF_TOPIC:
                return self._no_match("off_topic")
            case Intent.UNKNOWN if meaning.slots.place is None:
                self._draft = Draft(phone=self._draft.phone).heard(meaning.text)
                return (LookUp(self._new_turn(), meaning.text, meaning.category),)
        draft = Draft(phone=self._draft.phone).heard(meaning.text)
        self._draft = draft.filled(meaning, self._policy)
        self._no_matches = 0
        if self._draft.kind is AppealKind.INQUIRY:
            return (LookUp(self._new_turn(), meaning.text, meaning.category),)
        return self._next_question(*(("calm",) if meaning.is_upset else ()))

    def _is_place_of_question(self, meaning: Understanding) -> bool:
        """Whether the place was said that an answer has just asked for (“您说出位置，我来登记”)."""
        if self._stage is not Stage.ANSWERED or self._article is None or meaning.slots.place is None:
            return False
        asked = (None, self._article.category, self._draft.category)
        return self._answers.invites_place(self._article.spoken) and (
            meaning.category in asked or meaning.category_confidence < self._policy.category_confidence
        )

    def _place_of_question(self, meaning: Understanding) -> Actions:
        """Make the question that was answered an appeal about the place, of the question's category."""
        code = (self._article.category if self._article is not None else None) or self._draft.category
        category = self._categories.get(code or "")
        usual = category.default_kind if category is not None else AppealKind.HELP
        kind = meaning.kind if meaning.kind not in (None, AppealKind.INQUIRY) else usual
        self._draft = replace(
            self._draft.heard(meaning.text).filled(replace(meaning, category=None, kind=None), self._policy),
            kind=AppealKind.HELP if kind is AppealKind.INQUIRY else kind,
            category=code,
        )
        self._article = None
        return self._next_question()

    def _warned(self) -> Actions:
        """Ask for decent words; who goes on goes to a person, and a person judges (规则49: 不得自动拉黑)."""
        self._nuisances += 1
        if self._nuisances >= self._policy.max_no_match:
            return self._transfer("nuisance")
        return self._ask(Stage.OPEN, Expected.OPEN, "warn_nuisance")

    def _supplemented(self, meaning: Understanding) -> Actions:
        """Take more words to the matter: the citizen corrects or completes it."""
        if self._stage in (Stage.CORRECT, Stage.CONFIRM):
            self._corrections += 1
            if self._corrections > self._policy.max_corrections:
                return self._transfer("not_understood")
            self._draft = replace(self._draft, category_confidence=0.0)
        self._draft = self._draft.heard(meaning.text).filled(meaning, self._policy)
        return self._next_question()

    def _confirmation_understood(self, meaning: Understanding) -> Actions:
        if meaning.slots.phone is not None:
            self._draft = replace(self._draft, phone=meaning.slots.phone)
            if meaning.slots.place is None:
                return self._register()
        new_facts = meaning.slots.place is not None or meaning.category is not None
        is_yes = meaning.intent is Intent.AFFIRM or self._answers.opens_with(meaning.text, Answer.YES)
        is_no = meaning.intent is Intent.DENY or self._answers.opens_with(meaning.text, Answer.NO)
        if is_yes and not is_no:
            self._draft = self._draft.heard(meaning.text) if new_facts else self._draft
            return self._register()
        if is_no and not new_facts:
            return self._ask(Stage.CORRECT, Expected.OPEN, "what_is_wrong")
        if not is_no and not new_facts and meaning.intent is not Intent.APPEAL:
            self._no_matches += 1
            if self._no_matches >= self._policy.max_no_match:
                return self._transfer("not_understood")
            self._draft = replace(
                self._draft, wants_secrecy=self._draft.wants_secrecy or meaning.slots.wants_secrecy
            )
            return self._ask_yes_no(Stage.CONFIRM, "confirm_unclear")
        return self._supplemented(meaning)

    def _place_answered(self, meaning: Understanding) -> Actions:
        draft = self._draft.heard(meaning.text).filled(replace(meaning, category=None), self._policy)
        if self._stage is Stage.PLACE_DETAIL and draft.place is not None and meaning.slots.place is None:
            draft = replace(draft, place=replace(draft.place, detail=meaning.text))
        elif draft.place is None:
            draft = replace(draft, place=Place(said=meaning.text))
        self._draft = draft
        return self._next_question()

    def _passages_found(self, event: PassagesFound) -> Actions:
        best = event.passages[0] if event.passages else None
        if best is not None and best.is_confident:
            self._article = best.article
            self._no_matches = 0
            turn = self._new_turn()
            if self._channel is ContactChannel.PHONE:
                lead, answer = self._prompts.parts("answer_lead"), _sentences(best.article.spoken)
            else:
                lead = ()
                answer = self._prompts.parts(
                    "answer_written", title=best.article.title, answer=best.article.full
                )
            more = self._prompts.parts("anything_more")
            say = Say(
                turn, (*lead, *answer, *more), prompts=("answer_lead", best.article.id, "anything_more")
            )
            return self._put(Stage.ANSWERED, say, self._closing_listen(turn))
        if self._draft.kind is None and self._draft.category is None:
            return self._no_match("not_understood")
        return self._next_question("no_answer_register")

    def _registered(self, event: AppealRegistered) -> Actions:
        if self._stage is Stage.RECORDING_MESSAGE:
            self._was_registered = True
            return self._goodbye("message_registered", number=self._spelled(event.number))
        if self._stage not in (Stage.REGISTERING, Stage.CONFIRM, *_CONFIRMED):
            return ()
        self._was_registered = True
        diversion = self._proposal()
        names, values = ["registered"], {"number": self._spelled(event.number)}
        if diversion is not None:
            names.append("divert_review")
        elif event.lead_unit is not None and event.due_at is not None:
            names.append("registered_due")
            due = spoken_date(self._prompts, event.due_at.astimezone(self._timezone))
            values.update(unit=event.lead_unit, due=due)
        elif self._draft.place is None or not self._draft.place.is_located:
            names.append("registered_supplement")
        else:
            names.append("registered_manual")
        if self._draft.wants_secrecy:
            names.append("secrecy_noted")
        turn = self._new_turn()
        say = self._prompts.say(turn, (*names, "anything_more"), values)
        before = self._lead.parts if self._lead is not None else ()
        if diversion is not None:
            before = (*before, diversion.told)
        say = replace(say, parts=(*before, *say.parts))
        self._forget_draft()
        return self._put(Stage.MORE, say, self._closing_listen(turn))

    def _forget_draft(self) -> None:
        self._draft = Draft(phone=self._draft.phone)
        self._corrections = self._no_matches = 0
        self._lead, self._linked_to = None, None

    # --- repeats and progress --------------------------------------------------------------------------------

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

    def _merge(self) -> Actions:
        if self._linked_to is None:
            return self._now_register()
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = Stage.MERGING
        told = self._prompts.text("divert_repeat_merged", number=self._linked_to)
        return (*stop, MergeIntoOrder(turn, self._linked_to, self._confirmed_appeal(), told))

    def _merged(self, number: str) -> Actions:
        if self._stage is not Stage.MERGING:
            return ()
        self._was_registered = True
        self._forget_draft()
        return self._say_and_listen("merged", number=self._spelled(number))

    def _ask_progress(self, text: str, number: str | None) -> Actions:
        self._draft = replace(Draft(phone=self._draft.phone).heard(text), kind=AppealKind.INQUIRY)
        if number is None and self._caller is None:
            return self._ask_number("ask_number")
        return self._look_up_progress(number)

    def _ask_number(self, *names: str) -> Actions:
        self._progress_questions += 1
        return self._ask(Stage.PROGRESS_NUMBER, Expected.DIGITS, *names)

    def _look_up_progress(self, number: str | None, proof: str | None = None) -> Actions:
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage, self._progress_number = Stage.LOOKING_UP, number
        return (*stop, LookUpProgress(turn, number, self._caller, proof))

    def _digits_said(self, text: str) -> Actions:
        """Take the number or the proof that was asked for; what holds no digits is something else."""
        digits = self._answers.digits_in(text)
        if not digits:
            if self._answers.read(text, Answer.NO, Answer.DONE) is not None:
                return self._say_and_listen("go_ahead") if self._is_settled else self._transfer("progress")
            self._stage = Stage.OPEN
            return self._understand(text)
        if self._stage is Stage.PROGRESS_PROOF:
            return self._look_up_progress(self._progress_number, digits)
        number = self._answers.order_number_in(text)
        if number is None and self._progress_questions < self._policy.max_no_match:
            return self._ask_number("ask_number_again")
        return self._look_up_progress(number) if number is not None else self._transfer("progress")

    def _progress_found(self, event: ProgressFound) -> Actions:
        if self._stage is not Stage.LOOKING_UP:
            return ()
        self._told_progress, self._progress_questions, turn = True, 0, self._new_turn()
        count = len(event.orders)
        parts = self._prompts.parts("progress_count", count=str(count)) if count > 1 else ()
        for order in event.orders[: self._policy.max_told_orders]:
            parts = (*parts, *self._teller.parts(order, is_spoken=self._is_spoken))
        parts = (*parts, *self._prompts.parts("anything_more"))
        say = Say(turn, parts, prompts=("progress_order", "anything_more"))
        return self._put(Stage.MORE, say, self._closing_listen(turn))

    def _no_progress(self, event: NoProgress) -> Actions:
        if self._stage is not Stage.LOOKING_UP:
            return ()
        if event.was_refused:
            return self._transfer("progress", "progress_refused")
        if event.needs_proof:
            return self._ask(Stage.PROGRESS_PROOF, Expected.DIGITS, "ask_proof")
        if self._progress_questions >= self._policy.max_no_match:
            return self._transfer("progress", "transferring_progress")
        if self._progress_number is None:
            return self._ask_number("progress_none", "ask_number")
        return self._ask_number("ask_number_again")

    def _engine_failed(self, engine: str) -> Actions:
        if engine in ("repeats", "merge"):  # what cannot be checked or merged is registered
            return self._now_register() if self._stage in (Stage.CHECKING, Stage.MERGING) else ()
        if engine == "progress":
            is_waiting = self._stage is Stage.LOOKING_UP
            return self._transfer("progress", "progress_unavailable") if is_waiting else ()
        if engine == "store":
            self._store_failures += 1
            if self._stage is Stage.REGISTERING:
                return self._transfer("store_failed", "not_recorded", "transferring")
            if self._stage is Stage.RECORDING_MESSAGE:
                return self._goodbye("not_recorded", then="message_none")
            return ()
        self._is_understanding = False
        if engine == "retriever" and (self._draft.kind is not None or self._draft.category is not None):
            return self._next_question("no_answer_register")
        self._draft = self._draft.heard(self._heard)
        return self._transfer("engine_failed")

    # --- people ----------------------------------------------------------------------------------------------

    def _transfer(self, reason: str, *prompts: str) -> Actions:
        """Put the citizen through to a person; whatever they have said goes along as the briefing."""
        if self._is_understanding:
            self._draft, self._is_understanding = self._draft.heard(self._heard), False
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = Stage.TRANSFERRING
        self._saying = self._prompts.say(turn, prompts or ("transferring",), is_interruptible=False)
        return (*stop, self._saying, TransferToAgent(turn, reason, self._briefing(reason)))

    def _give_way(self, service: EmergencyService, text: str) -> Actions:
        self._draft = self._draft.heard(text)
        self._service, self._gave_way, self._is_understanding = service, True, False
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = Stage.EMERGENCY
        self._saying = self._prompts.say(
            turn, ("emergency",), {"service": service.value}, is_interruptible=False
        )
        return (*stop, self._saying, GiveWayToEmergency(turn, service, self._briefing("emergency")))

    def _agent_joined(self) -> Actions:
        was_emergency = self._stage is Stage.EMERGENCY
        self._stage, self._was_handed_over = Stage.HANDED_OVER, True
        return self._emergency_record() if was_emergency else ()

    def _nobody_came(self) -> Actions:
        if self._stage is Stage.EMERGENCY:
            record, service = self._emergency_record(), self._service.value if self._service else ""
            turn = self._new_turn()
            say = self._prompts.say(turn, ("emergency_failed",), {"service": service}, is_interruptible=False)
            if self._channel is not ContactChannel.PHONE:
                return (*record, *self._put(Stage.MORE, say, self._closing_listen(turn)))
            self._stage, self._saying = Stage.TRANSFERRING, say
            return (*record, say, TransferToAgent(turn, "emergency", self._briefing("emergency")))
        if self._stage is not Stage.TRANSFERRING:
            return ()
        if len(self._draft.text) >= self._policy.min_matter_characters:
            return self._register_message("agent_busy")
        return self._ask(Stage.MESSAGE, Expected.OPEN, "agent_busy", "leave_message")

    def _emergency_record(self) -> Actions:
        """Record the emergency after it was handed over (先转接，后建单)."""
        appeal = self._draft.appeal(
            self._categories, self._channel, is_confirmed=False, emergency=self._service
        )
        return (RegisterAppeal(self._turn, appeal, diversion=self._emergency_diversion()),)

    def _emergency_diversion(self) -> Diversion | None:
        if self._service is None:
            return None
        return Diversion(
            DiversionOutcome.EMERGENCY_LINE,
            self._prompts.text("divert_reason", word=self._alarm_word),
            self._prompts.text("divert_emergency_line", service=self._service.value),
        )

    def _briefing(self, reason: str) -> str:
        category = self._categories.get(self._draft.category or "")
        return self._prompts.text(
            "briefing",
            phone=str(self._draft.phone or ""),
            category=category.name if category else "",
            place=self._draft.place.text if self._draft.place else "",
            text=self._draft.text,
            reason=reason,
        )

    # --- taking down -----------------------------------------------------------------------------------------

    def _next_question(self, *lead: str) -> Actions:
        """Ask for what the form still lacks, or read it back."""
        match self._draft.missing(self._categories, self._policy):
            case Missing.MATTER:
                return self._ask(Stage.MATTER, Expected.OPEN, *lead, "ask_matter")
            case Missing.PLACE:
                name = "ask_place" if self._draft.place_questions == 0 else "ask_place_again"
                self._draft = replace(self._draft, place_questions=self._draft.place_questions + 1)
                return self._ask(Stage.PLACE, Expected.PLACE, *lead, name)
            case Missing.PLACE_DETAIL:
                self._draft = replace(self._draft, detail_questions=self._draft.detail_questions + 1)
                return self._ask(Stage.PLACE_DETAIL, Expected.PLACE, *lead, "ask_place_detail")
            case Missing.SECRECY:
                category = self._categories.get(self._draft.category or "")
                is_tip_off = self._draft.kind_of(category) is AppealKind.TIP_OFF
                self._draft = replace(self._draft, was_asked_secrecy=True)
                name = "ask_secrecy_tip_off" if is_tip_off else "ask_secrecy"
                return self._ask_yes_no(Stage.SECRECY, *lead, name)
            case Missing.NOTHING:
                name = "confirm" if self._draft.phone is not None else "confirm_contact"
                matter = self._draft.matter(self._prompts, self._categories)
                return self._ask_yes_no(Stage.CONFIRM, *lead, name, matter=matter)

    def _register(self) -> Actions:
        """Register what was confirmed, after a look at what the calling number has registered before."""
        if self._caller is None:
            return self._now_register()
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = Stage.CHECKING
        return (*stop, CheckRepeat(turn, self._confirmed_appeal(), self._caller))

    def _now_register(self) -> Actions:
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = Stage.REGISTERING
        return (*stop, self._registering(turn))

    def _registering(self, turn: int) -> RegisterAppeal:
        return RegisterAppeal(
            turn, self._confirmed_appeal(), diversion=self._proposal(), linked_to=self._linked_to
        )

    def _confirmed_appeal(self) -> Appeal:
        return self._draft.appeal(self._categories, self._channel, is_confirmed=True)

    def _proposal(self) -> Diversion | None:
        return self._diversions.proposal(self._confirmed_appeal(), self._prompts)

    def _register_message(self, *prompts: str) -> Actions:
        """Record what was said for a call back, since no person is free."""
        if self._store_failures > 1:
            return self._goodbye("not_recorded", then="message_none")
        self._stage = Stage.RECORDING_MESSAGE
        turn = self._new_turn()
        appeal = self._draft.appeal(self._categories, self._channel, is_confirmed=False)
        if not prompts:
            return (RegisterAppeal(turn, appeal),)
        self._saying = self._prompts.say(turn, prompts)
        return (self._saying, RegisterAppeal(turn, appeal))

    # --- saying and asking -----------------------------------------------------------------------------------

    def _ask(self, stage: Stage, expect: Expected, *names: str, **values: str) -> Actions:
        turn = self._new_turn()
        say = self._prompts.say(turn, names, values)
        return self._put(stage, say, Listen(turn, expect, self._policy.silence_seconds[expect]))

    def _ask_yes_no(self, stage: Stage, *names: str, keep_silences: bool = False, **values: str) -> Actions:
        if not keep_silences:
            self._silences = 0
        turn = self._new_turn()
        likely = self._answers.likely(Answer.YES, Answer.NO)
        listen = Listen(turn, Expected.YES_NO, self._policy.silence_seconds[Expected.YES_NO], likely)
        return self._put(stage, self._prompts.say(turn, names, values), listen)

    def _say_and_listen(self, name: str, **values: str) -> Actions:
        """Say how a matter was settled and ask whether there is anything more."""
        turn = self._new_turn()
        say = self._prompts.say(turn, (name, "anything_more"), values)
        return self._put(Stage.MORE, say, self._closing_listen(turn))

    def _closing_listen(self, turn: int) -> Listen:
        likely = self._answers.likely(Answer.DONE, Answer.MORE)
        return Listen(turn, Expected.YES_NO, self._policy.closing_seconds, likely)

    def _ask_again(self) -> Actions:
        assert self._asked is not None
        say, listen = self._asked
        turn = self._new_turn()
        return self._put(self._stage, replace(say, turn=turn), replace(listen, turn=turn))

    def _listen_longer(self, say: Say, listen: Listen) -> Actions:
        turn = self._new_turn()
        wait = self._prompts.say(turn, ("take_your_time",))
        patient = replace(listen, turn=turn, seconds=self._policy.patience_seconds)
        actions = self._put(self._stage, wait, patient)
        self._asked = (say, listen)
        return actions

    def _put(self, stage: Stage, say: Say, listen: Listen) -> Actions:
        stop = self._stop_saying()
        self._stage, self._saying, self._asked = stage, say, (say, listen)
        return (*stop, say, listen)

    def _not_heard(self, name: str) -> Actions:
        if self._is_understanding or self._stage in _DEAF or self._stage is Stage.HANDED_OVER:
            return ()
        self._no_matches += 1
        if self._no_matches >= self._policy.max_no_match:
            return self._transfer("not_heard")
        expect = self._asked[1].expect if self._asked is not None else Expected.OPEN
        asked = self._asked
        actions = self._ask(self._stage, expect, name)
        self._asked = asked
        return actions

    def _no_match(self, name: str) -> Actions:
        self._no_matches += 1
        if self._no_matches >= self._policy.max_no_match:
            return self._transfer("not_understood")
        return self._ask(Stage.OPEN, Expected.OPEN, name)

    def _goodbye(self, name: str, *before: Action, then: str = "goodbye", **values: str) -> Actions:
        stop, turn = self._stop_saying(), self._new_turn()
        names = (name,) if name.startswith("goodbye") else (name, then)
        say = self._prompts.say(turn, names, values, is_interruptible=False)
        self._stage = Stage.ENDED
        return (*stop, *before, say, End(self.outcome))

    @property
    def _is_settled(self) -> bool:
        return self._was_registered or self._was_answered

    def _stop_saying(self) -> Actions:
        if self._saying is None or not self._saying.is_interruptible:
            return ()
        self._saying = None
        return (StopSaying(),)

    def _spelled(self, number: str) -> str:
        return spelled(number, is_spoken=self._is_spoken)

    @property
    def _is_spoken(self) -> bool:
        return self._channel is ContactChannel.PHONE

    def _new_turn(self) -> int:
        self._turn += 1
        return self._turn


def _sentences(text: str) -> tuple[str, ...]:
    """Cut an answer at the end of each sentence, so that the first is heard while the next is rendered."""
    parts, start = [], 0
    for index, character in enumerate(text):
        if character in "。？！；" and index + 1 < len(text):
            parts.append(text[start : index + 1])
            start = index + 1
    parts.append(text[start:])
    return tuple(part for part in parts if part.strip())
