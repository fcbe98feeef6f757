"""What a conversation amounts to so far: for the record that every contact leaves, and for who looks in on it."""

from __future__ import annotations

from dataclasses import replace

from hotline.dialogue.actions import Action, RegisterAppeal
from hotline.dialogue.floor import Actions
from hotline.dialogue.intake import Draft
from hotline.dialogue.over_turns import OverTurns
from hotline.dialogue.stages import COMMITTING, CONFIRMED, INTAKE, Stage
from hotline.domain.appeal import Appeal, AppealKind, EmergencyService
from hotline.domain.diversion import ContactOutcome
from hotline.domain.knowledge import Article


class Standing(OverTurns):
    """A conversation that can be summed up at any moment, and kept when it ends unfinished."""

    @property
    def article(self) -> Article | None:
        """The article that was last answered with."""
        return self._article

    @property
    def has_matter(self) -> bool:
        """Whether a matter is being taken down that is not registered yet."""
        return bool(self._draft.text)

    @property
    def so_far(self) -> Appeal:
        """What is known of the matter now, for the record of a conversation that left no order (全量受理)."""
        if self._is_secret:
            index = Draft(phone=self._caller).appeal(self._categories, self._channel, is_confirmed=False)
            return replace(index, kind=AppealKind.INVALID)
        draft = self._draft if self._draft.text else replace(self._draft, accounts=self._words)
        appeal = draft.appeal(
            self._categories, self._channel, is_confirmed=False, emergency=self._emergency_given
        )
        return appeal if appeal.text else replace(appeal, kind=AppealKind.INVALID)

    @property
    def is_secret(self) -> bool:
        """Whether a state secret may have been said: then nothing of the talk is kept but that it took place (保密)."""
        return self._is_secret

    @property
    def is_slow(self) -> bool:
        """Whether the citizen is spoken to slowly (适老模式)."""
        return self._is_slow

    @property
    def was_abandoned(self) -> bool:
        """Whether the citizen hung up while they waited for a person: they are called back (排队放弃)."""
        return self._was_abandoned

    @property
    def nuisance_words(self) -> tuple[str, ...]:
        """What the citizen was warned of: a person judges whether it was malicious (恶意来电认定)."""
        return self._nuisance_words

    @property
    def contact_outcome(self) -> ContactOutcome:
        """How a conversation ended that left no order; what may still need somebody goes to an agent."""
        if self._gave_way:
            return ContactOutcome.EMERGENCY
        if self._is_secret:
            return ContactOutcome.SECRET
        if self._was_handed_over:
            return ContactOutcome.TO_AGENT
        if self._was_withdrawn:
            return ContactOutcome.WITHDRAWN
        if self._was_answered:
            return ContactOutcome.ANSWERED
        if self._nuisances:
            return ContactOutcome.NUISANCE
        long_enough = len(self._draft.text) >= self._policy.min_matter_characters
        has_matter = long_enough and not self._asks_progress
        return ContactOutcome.TO_AGENT if has_matter else ContactOutcome.ABANDONED

    def _keep_unfinished(self) -> Actions:
        """Register what was begun but not confirmed, for people to follow up: nothing said is lost (全量受理)."""
        if self._is_callback and self._stage is Stage.TRANSFERRING:
            return ()  # what they said before is kept already
        if self._stage is Stage.ADDING:
            self._take_up_again()
        if self._stage in CONFIRMED:
            return (self._registering(self._new_turn()), *self._keep_told_beside())
        if self._stage in COMMITTING:  # the matter itself is kept already
            return self._keep_told_beside()
        if self._is_understanding or self._stage is Stage.EMERGENCY_CHECK:
            self._draft = self._draft.heard(self._heard)
        self._draft = self._with_told_beside()
        unfinished = (
            *INTAKE,
            Stage.TRANSFERRING,
            Stage.CALLBACK,
            Stage.PLANNING_CALLBACK,
            Stage.EMERGENCY_CHECK,
            Stage.EMERGENCY,
        )
        is_begun = self._stage in unfinished or self._is_understanding or bool(self._told_beside)
        is_little = (
            self._draft.category is None and len(self._draft.text) < self._policy.min_matter_characters
        )
        if not is_begun or is_little:
            return ()
        appeal = self._draft.appeal(
            self._categories, self._channel, is_confirmed=False, emergency=self._emergency_given
        )
        return (RegisterAppeal(self._new_turn(), appeal),)

    def _keep_told_beside(self) -> Actions:
        """Register what was told beside a matter and not taken yet, for people to follow up."""
        self._draft = Draft(phone=self._draft.phone)
        self._draft, self._next_matter, self._waiting = self._with_told_beside(), "", ()
        if not self._draft.text:
            return ()
        appeal = self._draft.appeal(self._categories, self._channel, is_confirmed=False)
        return (RegisterAppeal(self._new_turn(), appeal),)

    def _goodbye(self, name: str, *before: Action, then: str = "goodbye", **values: str) -> Actions:
        """End; matters that were told beside another are not lost with it, unless nothing is to be registered."""
        if self._stage is Stage.OPEN:
            self._next_matter = ""  # of which only the topic was told
        is_nothing = self._is_secret or self._was_withdrawn or bool(before) or not self._told_beside
        keep = () if is_nothing else self._keep_told_beside()
        return super()._goodbye(name, *before, *keep, then=then, **values)

    @property
    def _emergency_given(self) -> EmergencyService | None:
        return self._service if self._gave_way else None
