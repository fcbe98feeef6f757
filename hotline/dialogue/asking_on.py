"""Asking on about an answer (追问): it is told out of the article, or taken down together with the first question."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hotline.dialogue.actions import Say
from hotline.dialogue.floor import Actions
from hotline.dialogue.follow_ups import FollowUps
from hotline.dialogue.in_writing import InWriting
from hotline.dialogue.intake import Draft
from hotline.dialogue.stages import Stage
from hotline.domain.appeal import AppealKind

_ASKS_ON: Final = 16  # characters: who says more tells what it is about


class AskingOn(InWriting):
    """A conversation in which the answer just given may be asked about."""

    _question = ""  # what was asked that ``_article`` answered

    def _follow_up(self, text: str) -> Actions | None:
        """Answer what is asked about the answer that was just given; None where ``text`` is about something else."""
        aspect = self._answers.follow_ups.aspect(text)
        if aspect is None or self._article is None:
            return None
        if told := FollowUps.told(self._article, aspect):
            return self._tell(self._article.id, sentences(told))
        if phone := self._article.phone:
            return self._tell("follow_up_ask", self._prompts.parts("follow_up_ask", phone=phone))
        return self._tell("follow_up_untold", self._prompts.parts("follow_up_untold"))

    def _told_more(self, text: str) -> Actions:
        """Answer a question to which the answer just given is found once more: what it says of it, or whom else to ask."""
        assert self._article is not None
        if told := self._told_about(text):
            return told
        again = self._article.spoken if self._is_spoken else self._article.full
        return self._tell(self._article.id, (*sentences(again), *self._prompts.parts("follow_up_else")))

    def _told_about(self, text: str) -> Actions | None:
        """Tell what the article says of what ``text`` names (“老人免票不”), or None where it says nothing of it."""
        assert self._article is not None
        told = self._answers.follow_ups.told_about(self._article, text)
        return self._tell(self._article.id, sentences(told)) if told else None

    def _tell(self, name: str, parts: tuple[str, ...]) -> Actions:
        turn = self._new_turn()
        say = Say(turn, (*parts, *self._prompts.parts(self._closing)), prompts=(name, self._closing))
        return self._put(Stage.ANSWERED, say, self._closing_listen(turn))

    def _is_about_answer(self, draft: Draft) -> bool:
        """Whether these few words may ask about what was just answered."""
        is_short = len(draft.text) <= _ASKS_ON
        return self._stage is Stage.ANSWERED and self._article is not None and is_short

    def _asks_on(self, draft: Draft) -> bool:
        """Whether words that name no matter ask on about the one that was just answered (“那外地户口呢”)."""
        return self._is_about_answer(draft) and (
            self._answers.asks_on(draft.text) or (draft.category is None and self._answers.asks(draft.text))
        )

    def _of_question(self, draft: Draft) -> Draft:
        """Make it an inquiry of the matter that was answered, with what was asked first."""
        assert self._article is not None
        asked = Draft(phone=draft.phone, place=draft.place).heard(self._question).heard(draft.text)
        return replace(asked, kind=AppealKind.INQUIRY, category=self._article.category)


def sentences(text: str) -> tuple[str, ...]:
    """Cut an answer at the end of each sentence, so that the first is heard while the next is rendered."""
    parts, start = [], 0
    for index, character in enumerate(text):
        if character in "。？！；" and index + 1 < len(text):
            parts.append(text[start : index + 1])
            start = index + 1
    parts.append(text[start:])
    return tuple(part for part in parts if part.strip())
