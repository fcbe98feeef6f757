"""Directions (方位) in a place: told behind it (交叉口往东二百米), and put right by themselves (“不对，是路西”)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.patterns import any_of

_GAPS: Final = r"[，,。、\s]*"
_GAP: Final = r"[，,。、\s]+"


class PlaceTurns:
    """Reads directions (``answers.yaml``: ``place_turns``)."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take the content of ``answers.yaml``; a missing list is a ``KeyError``."""
        said = rows["place_turns"]
        toward, road, beside, own, wrong, denies, right, after = (
            any_of(said[name])
            for name in ("toward", "road", "beside", "own", "wrong", "denies", "right", "after")
        )
        way = f"[{''.join(map(re.escape, said['ways']))}]{{1,2}}"
        far = rf"[\d{said['numerals']}]+{any_of(said['units'])}"
        turn = (
            rf"(?:(?P<toward>{toward})(?P<to>{way})(?:{beside})?{any_of(said['goes'])}?"
            rf"|(?P<road>{road})?(?P<by>{way})(?P<beside>{beside})|(?P<along>{road})(?P<on>{way})"
            rf"|(?P<of>{way})(?P<own>{own}))"
        )
        plain = re.sub(r"\?P<\w+>", "?:", turn)
        self._told = re.compile(
            rf"(?:{wrong}{_GAPS})*(?:{denies}{plain}{_GAPS}|{denies}{_GAP})?(?:{right})*"
            rf"(?P<said>{turn}(?P<far>{far})?){after}*"
        )
        # 沂蒙路东关小区 and 东门外大街 are names.
        ends = rf"(?=$|\W|{far}|{any_of(said['behind'])})"
        self._within = re.compile(
            rf"(?:(?P<toward>{toward})(?P<to>{way})(?:{beside})?{any_of(said['goes'])}?(?P<far>{far})?"
            rf"|(?:(?:{road})?(?P<by>{way})(?:{beside})|(?:{road})(?P<on>{way})|(?P<of>{way})(?P<own>{own})){ends})"
        )
        crossed, far_on = any_of(said["crossing"]), rf"{far}(?:{road}{way}(?={_GAP}|$))?"
        self._behind = re.compile(rf"(?:{toward}){way}(?:{any_of(said['goes'])}?{far_on}|(?=\W|$))")
        self._at_crossing = re.compile(rf".*{crossed}")
        self._toward = re.compile(f"(?:{toward}){way}")

    def behind(self, place: str, text: str) -> str:
        """Return the direction that follows ``place`` in an answer (交叉口|往东二百米), empty where none does; of a crossing without how far, too."""
        _, known, rest = text.rpartition(place)
        found = self._behind.match(rest) if known else None
        if found is None and known and self._at_crossing.fullmatch(place):
            found = self._toward.match(rest)
        return found[0] if found is not None else ""

    def put_right(self, text: str, detail: str) -> str:
        """Return ``detail`` with the direction that is all ``text`` tells (“不对，是往西”); empty where it tells none, or the same."""
        told = self._told.fullmatch(text.strip("。. "))
        if told is None or not detail:
            return ""
        way = told["to"] or told["by"] or told["on"] or told["of"]
        old = self._meant(told, detail)
        if old is None:
            return f"{detail}{told['said']}" if told["said"] not in detail else ""
        name = next(name for name in ("to", "by", "on", "of") if old[name])
        begins, ends = old.span(name)
        right = f"{detail[:begins]}{way}{detail[ends:]}"
        if told["far"] and old["far"]:
            right = (
                f"{detail[:begins]}{way}{detail[ends : old.start('far')]}{told['far']}{detail[old.end() :]}"
            )
        return right if right != detail else ""

    def _meant(self, told: re.Match[str], detail: str) -> re.Match[str] | None:
        """Return the direction in ``detail`` that is wrong: the last of its kind (路东 for 路西, 东门 for 西门); None: it is told beside."""
        all_found = list(self._within.finditer(detail))
        if told["own"]:
            alike = [one for one in all_found if one["own"] == told["own"]]
        elif told["along"] or told["road"]:
            alike = [one for one in all_found if one["by"] or one["on"]]
        else:
            alike = [one for one in all_found if not one["own"]]
            same = [one for one in alike if bool(one["toward"]) is bool(told["toward"])]
            alike = same or alike
        return alike[-1] if alike else None
