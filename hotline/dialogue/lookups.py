"""What a conversation asked of the knowledge base and what came of it, read from its events and actions as they pass.

Whether an answer helped is what the citizen made of it: who then says “没听懂” or has the matter registered was not
helped, who has nothing more to ask was. A hang-up says nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hotline.dialogue.actions import Action, LookUp, RegisterAppeal, Say
from hotline.dialogue.events import Event, PassagesFound
from hotline.domain.knowledge import AnsweredWith
from hotline.domain.knowledge_use import Lookup

_NOT_HELPED: Final = "no_answer_register"
_GOODBYES: Final = frozenset({"goodbye", "ask_rating"})


class LookupTrail:
    """Watches one conversation; ``lookups`` are its look-ups so far."""

    def __init__(self) -> None:
        self._asked: LookUp | None = None
        self._lookups: list[Lookup] = []
        self._open: int | None = None
        self._is_unused = False  # nothing has been said since the last one

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        """All look-ups that were answered by the search, in order."""
        return tuple(self._lookups)

    @property
    def answered_with(self) -> AnsweredWith | None:
        """The article that was last answered with, or None."""
        for one in reversed(self._lookups):
            if one.is_answered and one.article is not None and one.version is not None:
                return AnsweredWith(one.article, one.version, one.score or 0.0)
        return None

    def saw(self, entry: Event | Action) -> None:
        """Take note of an event or an action, in the order of the journal."""
        match entry:
            case LookUp():
                if self._is_unused:
                    self._lookups.pop()  # the same question, asked once more with what was asked before
                self._asked, self._is_unused = entry, False
                self._open = None  # whoever asks something else says nothing of the last answer
            case PassagesFound() if self._asked is not None and entry.turn == self._asked.turn:
                self._found(entry, self._asked)
                self._asked = None
            case Say():
                self._said(entry)
            case RegisterAppeal():
                self._helped(helped=False)
            case _:
                return

    def _found(self, found: PassagesFound, asked: LookUp) -> None:
        best = found.passages[0] if found.passages else None
        self._is_unused = True
        self._lookups.append(
            Lookup(
                turn=asked.turn,
                at=found.at,
                question=asked.question,
                category=asked.category,
                article=best.article.id if best is not None else None,
                version=best.article.version if best is not None else None,
                score=best.score if best is not None else None,
            )
        )

    def _said(self, say: Say) -> None:
        self._is_unused = False
        if not self._lookups:
            return
        last = len(self._lookups) - 1
        if self._lookups[last].article in say.prompts and not self._lookups[last].is_answered:
            self._lookups[last] = replace(self._lookups[last], is_answered=True)
            self._open = last
        elif _NOT_HELPED in say.prompts:
            self._helped(helped=False)
        elif not _GOODBYES.isdisjoint(say.prompts):
            self._helped(helped=True)

    def _helped(self, *, helped: bool) -> None:
        if self._open is not None:
            self._lookups[self._open] = replace(self._lookups[self._open], helped=helped)
            self._open = None
