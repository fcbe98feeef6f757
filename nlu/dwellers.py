"""Who lives at a place (住户): the place ends before them, and who says to be one has named it (润和紫郡的业主, 贺家岭组的村民)."""

from __future__ import annotations

import re
from typing import Final

from nlu.lexicon import MeaningWords
from nlu.named_places import NOT_IN_NAME, TOLD

_SAYS_FROM: Final = re.compile("(?:是|住|在|来自|作为|我们|俺们)(?:山东省?)?(?:临沂市?)?$")
_OF: Final = "的(?:一[名个位])?"
_NO_LETTERS: Final = frozenset(NOT_IN_NAME + TOLD) - {"和"}
"""What the name of a home does not hold (润和紫郡 does)."""
_SHORTEST: Final = 2
_LONGEST: Final = 14


class Dwellers:
    """Finds them by a city's words (``understanding.yaml``: ``place``, ``dwellers``)."""

    def __init__(self, words: MeaningWords) -> None:
        """Take the city's words."""
        self._none = (*words.place_dwellers.none, *words.place_first.none)
        who = "|".join(map(re.escape, words.place_dwellers.who))
        villagers = "|".join(map(re.escape, words.place_dwellers.villagers))
        self._who = re.compile(
            rf"(?:{_OF}(?P<of>{villagers}|{who})|(?<=[村组区])(?:{villagers})|(?<=[村组区庄园苑城寓])(?:{who}))(?![楼委点小])"
        )

    def before(self, clause: str) -> str:
        """Return ``clause`` as far as those who live there: 李家村村民 is in 李家村, and no village 李家村村."""
        found = self._who.search(clause)
        return clause if found is None else clause[: found.start()]

    def home(self, said: str, clause: str) -> str:
        """Return where who speaks lives, whatever the name ends in; ``said`` is what comes before the county. Empty where it is told otherwise."""
        found = self._who.search(clause)
        if found is None or found["of"] is None or _SAYS_FROM.search(said) is None:
            return ""
        name = clause[: found.start()]
        is_name = _SHORTEST <= len(name) <= _LONGEST and name.isalnum() and name[0] != "和"
        is_other = not _NO_LETTERS.isdisjoint(name) or any(word in name for word in self._none)
        return name if is_name and not is_other else ""
