"""Several matters that are announced in one breath (“有三件事，路灯不亮、垃圾没人收、物业不开发票”), told apart by words alone.

What is only enumerated (“垃圾、污水到处都是”) is one matter: nothing is cut that was not announced as several.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Final

from hotline.dialogue.patterns import any_of
from hotline.dialogue.place_names import PlaceNames
from hotline.phonetics import han_only

_SIGNS: Final = "，。！？；、：,.!?;: "
_PAUSE: Final = re.compile(rf"[{re.escape(_SIGNS)}]+")
_LISTED: Final = re.compile("、+")
_LEAST: Final = 3  # characters: 狗乱叫
_LEAST_NAME: Final = 3  # characters
_LEAST_THING: Final = 2  # characters: 路灯
_SEVERAL: Final = 2


class SeveralMatters:
    """Cuts what announces several matters (``answers.yaml``: ``several``)."""

    def __init__(self, rows: Mapping[str, Any], places: PlaceNames) -> None:
        """Take the content of ``answers.yaml``. Raises ``KeyError`` for a list that is missing."""
        row = rows["several"]
        self._places = places
        self._counts = {str(word): int(count) for count, words in row["counts"].items() for word in words}
        words = {name: any_of(row[name]) for name in ("measures", "nouns", "before", "after", "being")}
        first, later, one = (any_of(row[name]) for name in ("first", "later", "one"))
        numbered, joints = any_of(row["numbered"]), any_of(row["joints"])
        named = f"{words['measures']}(?:{words['nouns']})?"
        not_behind = f"(?!{any_of(row['not_behind'])})"
        pause = f"[{re.escape(_SIGNS)}]"
        alone = f"{any_of(row['alone'])}(?={pause})"
        begun = f"(?:(?:{first}|{one}){named}{words['being']}|{first}{named}{not_behind})"
        turn = (
            f"(?P<begun>(?:{first}|{one}){named}{words['being']}|(?:^|(?<={pause})){first}{named}{not_behind})"
            f"|{later}{named}{words['being']}|{numbered}|(?:^|(?<={pause}))(?:(?:{later}|{one}){named}{not_behind}|{alone})"
        )
        self._announced = re.compile(
            rf"(?P<front>.{{0,30}}?)(?:^|(?<={pause})|{words['before']})"
            rf"(?P<count>{any_of(self._counts)})(?:{words['measures']})?{words['nouns']}"
            rf"(?:{words['after']})*(?:{pause}+|(?={begun}|{numbered}|{one}{words['measures']}))"
        )
        self._opening = re.compile(f"(?:{any_of(row['opening'])}|{pause})*")
        self._begun = re.compile(f"{self._opening.pattern}?(?={begun})")
        self._turn = re.compile(turn)
        self._turn_or_joint = re.compile(rf"{turn}|(?:^|(?<={pause})){joints}")
        self._not_before = tuple(row["not_before"])
        self._goes_on, self._both_at = tuple(row["goes_on"]), tuple(row["both_at"])
        self._of_all = re.compile(
            rf"(?P<last>[^{re.escape(_SIGNS)}]+?){pause}*(?!{any_of(row['both_at'])}){any_of(row['for_all'])}"
        )
        self._own = re.compile(f"^{any_of(row['own'])}+|{any_of(row['of'])}+$")

    def parts(self, text: str) -> tuple[str, ...]:
        """Return the matters of ``text``, each with the place that was told before them all, or as that of both (都在……); empty where not several are announced."""
        text = text.strip(_SIGNS)
        announced = self._announced.match(text)
        if announced is not None and any(word in announced["front"] for word in self._not_before):
            return ()
        if announced is not None:
            count, front, rest = self._counts[announced["count"]], announced["front"], text[announced.end() :]
        elif (begun := self._begun.match(text)) is not None:
            count, front, rest = 0, "", text[begun.end() :]
        else:
            return ()
        first = _PAUSE.split(rest, maxsplit=1)
        if announced is not None and len(first) > 1 and self._is_place(first[0]):
            front, rest = f"{front}，{first[0]}", first[1]  # 我反映两件事，在金阳花园，……
        told, both = self._without_both(rest)
        parts = self._cut(told, count, is_listed=announced is not None)
        return self._with_front(front.strip(_SIGNS), tuple(f"{part}{both}" for part in parts))

    def only_announces(self, text: str) -> bool:
        """Tell whether ``text`` says that there are several matters and nothing of them (我想反映三件事)."""
        announced = self._announced.fullmatch(f"{text.strip(_SIGNS)}，")
        return announced is not None and self._opening.fullmatch(announced["front"]) is not None

    def where(self, parts: tuple[str, ...]) -> str:
        """Return the place that is told behind the last of ``parts``, or all of them; empty where none is, or they have their own there."""
        tails = [self._tail(part) for part in parts]
        return tails[-1] if set(tails[:-1]) <= {"", tails[-1]} else ""

    def _without_both(self, text: str) -> tuple[str, str]:
        """Return ``text`` without the clause that says where all of it is, and that clause."""
        for pause in _PAUSE.finditer(text):
            if text.startswith(self._both_at, pause.end()):
                return text[: pause.start()], f"，{text[pause.end() :]}"
        return text, ""

    def _cut(self, text: str, count: int, *, is_listed: bool) -> tuple[str, ...]:
        """Return the matters in what follows: as many as were announced, if they can be told apart so, else what begins anew."""
        ways = [self._at_turns(self._turn_or_joint, text), self._at_turns(self._turn, text)]
        listed = self._listed(text, count) if is_listed else ()
        found = next((way for way in (*ways, listed) if count and len(way) == count), None)
        parts = found or next((way for way in (*reversed(ways), listed if not count else ()) if way), ())
        return () if self._is_of_all(parts) else parts

    def _is_of_all(self, parts: tuple[str, ...]) -> bool:
        """Tell whether ``parts`` only tell where the same things are, and the last what is wrong with all of them (前门的路灯，后门的路灯，都坏了)."""
        last = self._of_all.match(parts[-1]) if parts else None
        if last is None:
            return False
        named = (*parts[:-1], last["last"])
        alike = zip(*(reversed(name) for name in named), strict=False)
        thing = len(list(takewhile(lambda signs: len(set(signs)) == 1, alike)))
        is_place = any(
            self._is_place(name[:end]) for name in named for end in range(len(name) - _LEAST_THING + 1)
        )
        return thing >= _LEAST_THING and not is_place

    def _at_turns(self, turns: re.Pattern[str], text: str) -> tuple[str, ...]:
        """Return what stands between ``turns``; what is said before the one that begins belongs to the first."""
        found = list(turns.finditer(text))
        if not found:
            return ()
        starts, ends = [one.end() for one in found], [one.start() for one in found[1:]]
        parts = [text[start:end].strip(_SIGNS) for start, end in zip(starts, [*ends, None], strict=True)]
        before = text[: found[0].start()].strip(_SIGNS)
        is_begun = found[0]["begun"] is not None or not before
        if not is_begun:
            parts.insert(0, before)
        elif before:
            parts[0] = f"{before}，{parts[0]}"
        return self._checked(parts)

    def _listed(self, text: str, count: int) -> tuple[str, ...]:
        """Return the clauses of ``text``, each with what goes on from it; where it was not said how many, what is listed with 、."""
        tail = self._tail(text)
        told = text[: text.rindex(tail)] if tail else text
        parts: list[str] = []
        for clause in filter(None, (_PAUSE if count else _LISTED).split(told)):
            begun = self._turn_or_joint.match(clause)
            if parts and clause.startswith(self._goes_on):
                parts[-1] = f"{parts[-1]}，{clause}"
            else:
                parts.append(clause[begun.end() if begun is not None else 0 :].strip(_SIGNS))
        if parts and tail:
            parts[-1] = f"{parts[-1]}，{tail}"
        return self._checked(parts)

    @staticmethod
    def _checked(parts: list[str]) -> tuple[str, ...]:
        is_told = len(parts) >= _SEVERAL and min(len(han_only(part)) for part in parts) >= _LEAST
        return tuple(parts) if is_told else ()

    def _tail(self, text: str) -> str:
        """Return the clauses at the end of ``text`` that only say where it is; empty where there are none, or nothing else."""
        pauses, start = list(_PAUSE.finditer(text)), len(text)
        for pause in reversed(pauses):
            clause = text[pause.end() : start].strip(_SIGNS)
            if clause and not (self._is_place(clause) or clause.startswith(self._both_at)):
                break
            start = pause.end()
        return text[start:].strip(_SIGNS)

    def _is_place(self, clause: str) -> bool:
        name = self._own.sub("", clause)
        is_long = len(name) >= _LEAST_NAME  # 我们小区 names none
        return is_long and (self._places.is_name(name) or self._places.ends_like_one(name))

    def _with_front(self, front: str, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Return ``parts`` with what was said before them: a place goes with each, anything else with the first."""
        if not parts or self._opening.fullmatch(front):
            return parts
        place = next((clause for clause in _PAUSE.split(front) if self._is_place(clause)), "")
        if place:
            name = self._own.sub("", place)
            return tuple(f"{name}，{part}" for part in parts)
        return (f"{front}，{parts[0]}", *parts[1:])
