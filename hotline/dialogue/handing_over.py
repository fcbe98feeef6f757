"""Handing a conversation over: to an agent, to an emergency line, or to nobody, with a message taken."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from hotline.dialogue.actions import (
    GiveWayToEmergency,
    PlanCallback,
    RegisterAppeal,
    StayHere,
    StopSaying,
    TransferToAgent,
)
from hotline.dialogue.events import CallbackPlanned, CalledBack, TakenOver, WaitsForAgent
from hotline.dialogue.floor import Actions, Floor
from hotline.dialogue.intake import Draft
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.stages import DEAF, Stage
from hotline.dialogue.telling import spoken_window
from hotline.domain.appeal import (
    ContactChannel,
    EmergencyService,
)
from hotline.domain.callbacks import CallbackWindow
from hotline.domain.category import nearest
from hotline.domain.diversion import Diversion, DiversionOutcome
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.speech import Expected

_MOST_WINDOWS: Final = 3  # offered one after the other to who has no time


class HandingOver(Floor):
    """A conversation that can reach people."""

    _agents_are_there = ""  # when, if it was for the hour that nobody came

    _wishes_other_time = False  # than was offered for a call back
    _windows_offered = 1
    _told_when_offered = ""  # what there was to call about
    _was_callback_unclear = False  # the offer was answered with words that say nothing, and put again
    _offered_at: datetime | None = None
    _is_callback = False  # the hotline called: there is a task for it already
    _nuisance_words: tuple[str, ...] = ()  # what was warned of
    _taker: TakenOver | None = None  # who takes over as soon as nothing is being put on record
    _left_at: Stage | None = None  # where an agent has taken over, until they are there

    def _transfer(self, reason: str, *prompts: str, handover: str = "") -> Actions:
        """Put the citizen through to a person; whatever they have said goes along as the briefing."""
        if self._is_understanding or self._stage is Stage.EMERGENCY_CHECK:
            self._draft, self._is_understanding = self._draft.heard(self._heard), False
        if not handover:  # whoever takes over may give the conversation back as it was
            self._draft = self._with_told_beside()
            self._next_matter, self._waiting = "", ()
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage, self._left_at = Stage.TRANSFERRING, None
        self._saying = self._prompts.say(turn, prompts or ("transferring",), is_interruptible=False)
        return (
            *stop,
            self._saying,
            TransferToAgent(turn, reason, self._briefing(), self._skill(reason), handover),
        )

    def _with_told_beside(self) -> Draft:
        """Return the draft with what is still to be taken, for people to read."""
        draft = self._draft
        for matter in self._told_beside:
            draft = draft.heard(matter)
        return draft

    def _taken_over(self, event: TakenOver) -> None:
        """Note who takes over, unless people have the conversation, or are being called to it, already."""
        if self._stage not in (Stage.HANDED_OVER, Stage.TRANSFERRING, Stage.EMERGENCY):
            self._taker = event

    def _hand_to_taker(self, *, is_first: bool) -> Actions:
        """Fall silent and give the conversation up; what is just being put on record is told first (not ``is_first``)."""
        taker = self._taker
        if taker is None or self._stage in DEAF:
            return ()
        self._taker = None
        if self._stage in (Stage.ENDED, Stage.HANDED_OVER):
            return ()
        left_at, stop = self._stage, (StopSaying(),) if is_first and self._saying is not None else ()
        self._saying = None
        actions = self._transfer("taken_over", "taken_over", handover=taker.handover)
        self._left_at = left_at
        return (*stop, *actions)

    def _go_on_alone(self, left_at: Stage) -> Actions:
        """Go on where an agent took over who is not there after all."""
        self._left_at = None
        if self._asked is None or left_at is Stage.OPEN:
            return self._ask(Stage.OPEN, Expected.OPEN, "taken_over_not", "go_ahead")
        self._stage = left_at
        return self._ask_again_after(self._prompts.parts("taken_over_not"), "taken_over_not")

    def _call_back(self, callback: CalledBack) -> Actions:
        """Greet whom the hotline has called and put them through: the agent for it is waiting."""
        self._is_callback, self._draft = True, self._draft.heard(callback.words)
        turn = self._new_turn()
        self._stage = Stage.TRANSFERRING
        self._saying = self._prompts.say(turn, ("callback_greeting",), is_interruptible=False)
        briefing, skill = self._briefing(), self._skill("callback")
        return (self._saying, TransferToAgent(turn, "callback", briefing, skill, handover=callback.handover))

    def _skill(self, reason: str) -> str:
        """Return what the agent should be good at.

        Who is not understood twice may speak a dialect; who needs it slowly is put through to who is patient,
        and who speaks for an enterprise to who knows such matters.
        """
        if reason in ("not_heard", "not_understood", "dialect") and self._is_spoken:
            return "dialect"
        if self._is_slow:
            return "elder"
        return "enterprise" if self._answers.is_of_enterprise(self._draft.text) else "ordinary"

    def _give_way(self, service: EmergencyService, text: str) -> Actions:
        self._draft = self._draft.heard(text)
        self._service, self._gave_way, self._is_understanding = service, True, False
        self._left_at = None
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = Stage.EMERGENCY
        self._saying = self._prompts.say(
            turn, ("emergency",), {"service": service.value}, is_interruptible=False
        )
        return (*stop, self._saying, GiveWayToEmergency(turn, service, self._briefing()))

    def _told_to_wait(self, event: WaitsForAgent) -> Actions:
        """Tell how long it will take, and that nobody needs to wait: key 1 asks to be called back."""
        if self._stage is not Stage.TRANSFERRING:
            return ()
        names, values = ["queue_next"], {"people": str(event.position - 1)}
        if event.position > 1:
            names = ["queue_ahead"]
        if event.wait_seconds is not None:
            values["minutes"] = str(max(1, math.ceil(event.wait_seconds / 60)))
            names.append("queue_wait")
        if self._calling_hours is not None and self._caller is not None:
            self._offered_call_at = event.at
            names.append("queue_callback")
        return (self._prompts.say(self._turn, names, values, is_interruptible=False),)

    def _told_who_rings(self, agent: str) -> Actions:
        if self._stage is not Stage.TRANSFERRING:
            return ()
        number = self._spelled(agent) if agent.isdigit() else agent
        return (self._prompts.say(self._turn, ("agent_rings",), {"agent": number}, is_interruptible=False),)

    def _call_back_instead(self) -> Actions:
        """Stop waiting and offer a time, as it was said while waiting."""
        if self._offered_call_at is None or self._calling_hours is None:
            return ()
        at, self._offered_call_at = self._offered_call_at.astimezone(self._timezone), None
        return (
            StayHere(self._turn),
            *self._offer_callback(self._calling_hours.next_window(at), at, "callback_wished"),
        )

    def _agent_joined(self, agent: str = "") -> Actions:
        was_emergency = self._stage is Stage.EMERGENCY
        self._stage, self._was_handed_over, self._left_at = Stage.HANDED_OVER, True, None
        if was_emergency:
            return self._emergency_record()
        self._next_matter, self._waiting = "", ()  # the agent has read of them
        return () if self._is_spoken else self._say_now("agent_joined", agent=agent)

    def _say_now(self, name: str, **values: str) -> Actions:
        """Say something that nobody is to answer."""
        return (self._prompts.say(self._new_turn(), (name,), values, is_interruptible=False),)

    def _nobody_came(self, at: datetime, *, hours: str = "") -> Actions:
        if self._stage is Stage.EMERGENCY:
            record, service = self._emergency_record(), self._service.value if self._service else ""
            turn = self._new_turn()
            say = self._prompts.say(turn, ("emergency_failed",), {"service": service}, is_interruptible=False)
            if self._channel is not ContactChannel.PHONE:
                return (*record, *self._put(Stage.MORE, say, self._closing_listen(turn)))
            self._stage, self._saying = Stage.TRANSFERRING, say
            return (*record, say, TransferToAgent(turn, "emergency", self._briefing()))
        if self._stage is not Stage.TRANSFERRING:
            return ()
        if self._left_at is not None:
            return self._go_on_alone(self._left_at)
        if self._is_callback:
            return self._goodbye("goodbye_callback")
        self._agents_are_there = hours
        if self._calling_hours is not None and self._caller is not None and not self._was_offered_callback:
            return self._offer_callback(self._calling_hours.next_window(at.astimezone(self._timezone)), at)
        return self._take_message()

    @property
    def _nobody_there(self) -> str:
        """The name of what is said of agents who did not come."""
        return "agents_away" if self._agents_are_there else "agent_busy"

    def _offer_callback(self, window: CallbackWindow, at: datetime, name: str = "") -> Actions:
        """Offer to be called back at a certain time: who says nothing else is not asked to tell it to a machine."""
        self._window, self._was_offered_callback, self._offered_at = window, True, at
        self._told_when_offered = self._told_when_offered or self._draft.text
        told = spoken_window(self._prompts, window, at.astimezone(self._timezone))
        names = (name or self._nobody_there, "callback_offer")
        return self._ask_yes_no(Stage.CALLBACK, *names, window=told, hours=self._agents_are_there)

    def _answer_to_callback(self, text: str) -> Actions:
        """Plan the call, or another; what is neither yes nor no is understood: it may be the matter itself."""
        answer = self._answers.read(text, Answer.NO, Answer.YES)
        if answer is Answer.YES or self._answers.wants_call_back(text):
            return self._plan_callback()
        if answer is Answer.NO or self._answers.wants_no_call(text):
            return self._take_message()
        behind = self._answers.behind_refusal(text)
        if self._answers.only_opens(behind):  # 算了，我跟你说吧
            return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")
        self._wishes_other_time = self._answers.names_time(text)
        if not self._wishes_other_time:
            return self._understand(behind)
        self._draft = self._draft.heard(text)
        return self._offer_next_window() if self._windows_offered < _MOST_WINDOWS else self._plan_callback()

    def _callback_understood(self, meaning: Understanding) -> Actions | None:
        """Return what follows from words that are no plain answer to the offer; None: they are a matter, told instead of one.

        Who told a matter before goes on with it: the words go to whoever calls. Words that say nothing are asked about once.
        """
        is_sure = meaning.category_confidence >= self._policy.category_confidence
        is_matter = is_sure or self._answers.of_orders.begins_matter(meaning.text)
        is_first = not self._draft.text or self._was_callback_unclear
        if meaning.category is not None and is_matter and is_first:
            return None
        self._draft = self._draft.heard(meaning.text)
        if meaning.intent is Intent.DENY:
            return self._take_message()
        if meaning.intent is Intent.AFFIRM or not is_first or self._was_callback_unclear:
            return self._plan_callback()
        self._was_callback_unclear = True  # what was said goes along, if they are called
        return self._ask_again()

    def _offer_next_window(self) -> Actions:
        """Offer the time that comes after the one that does not suit."""
        assert self._window is not None
        assert self._calling_hours is not None
        assert self._offered_at is not None
        self._windows_offered += 1
        window = self._calling_hours.next_window(self._window.end.astimezone(self._timezone))
        return self._offer_callback(window, self._offered_at, "callback_other")

    def _plan_callback(self) -> Actions:
        assert self._window is not None
        assert self._caller is not None
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = Stage.PLANNING_CALLBACK
        return (*stop, PlanCallback(turn, self._caller, self._window, self._draft.text))

    def _callback_planned(self, event: CallbackPlanned) -> Actions:
        if self._stage is not Stage.PLANNING_CALLBACK:
            return ()
        if self._wishes_other_time:  # the task holds their words; nobody can promise it for the agents
            return self._goodbye("callback_wish_noted")
        told = spoken_window(self._prompts, event.window, event.at.astimezone(self._timezone))
        return self._goodbye("callback_planned", window=told)

    def _take_message(self) -> Actions:
        if len(self._draft.text) >= self._policy.min_matter_characters:
            return self._register_message(self._nobody_there)
        names = (self._nobody_there, "leave_message")
        return self._ask(Stage.MESSAGE, Expected.OPEN, *names, hours=self._agents_are_there)

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

    def _briefing(self) -> str:
        category = nearest(self._draft.category, self._categories)
        return self._prompts.text(
            "briefing",
            phone=str(self._draft.phone or ""),
            category=category.name if category else "",
            place=self._draft.place.text if self._draft.place else "",
            text=self._with_told_beside().text,
        )

    def _register_message(self, *prompts: str) -> Actions:
        """Record what was said for a call back, since no person is free."""
        if self._store_failures > 1:
            return self._goodbye("not_recorded", then="message_none")
        self._stage = Stage.RECORDING_MESSAGE
        turn = self._new_turn()
        appeal = self._draft.appeal(self._categories, self._channel, is_confirmed=False)
        if not prompts:
            return (RegisterAppeal(turn, appeal),)
        self._saying = self._prompts.say(turn, prompts, {"hours": self._agents_are_there})
        return (self._saying, RegisterAppeal(turn, appeal))

    def _not_heard(self, name: str) -> Actions:
        if self._is_understanding or self._stage in DEAF or self._stage is Stage.HANDED_OVER:
            return ()
        self._no_matches += 1
        if self._no_matches >= self._most_no_matches:
            return self._transfer("not_heard")
        expect = self._asked[1].expect if self._asked is not None else Expected.OPEN
        asked = self._asked
        actions = self._ask(self._stage, expect, name)
        self._asked = asked
        return actions

    def _no_match(self, name: str) -> Actions:
        if self._is_alarm_denied:  # what was denied (有人落水／没事了) is no matter by itself
            return self._ask(Stage.OPEN, Expected.OPEN, "go_ahead")
        self._no_matches += 1
        if self._no_matches >= self._most_no_matches:
            return self._transfer("not_understood")
        return self._ask(Stage.OPEN, Expected.OPEN, name)

    def _warned(self, text: str) -> Actions:
        """Ask for decent words; who goes on goes to a person, and a person judges (规则49: 不得自动拉黑)."""
        self._nuisances += 1
        self._nuisance_words = (*self._nuisance_words, text)
        if self._nuisances >= self._policy.max_no_match:
            return self._transfer("nuisance")
        return self._ask(Stage.OPEN, Expected.OPEN, "warn_nuisance")
