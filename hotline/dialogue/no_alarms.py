"""What is no alarm although the words are there: questions about rules, the news, and figures of speech.

“老房子塌了能翻盖不” asks about rebuilding, “新闻里说着火了” tells the news, and where “地里旱得冒烟了” nothing burns. The lists
are a city's data (``no_alarm`` in ``safety.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.patterns import without

_END: Final = re.compile(r"[\W_]+$")


class NoAlarms:
    """Tells what takes an alarm out of a text."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        """Take ``no_alarm``; a list that is missing is a ``KeyError``."""
        rules, news, idioms, denial = (rows[name] for name in ("rules", "news", "idioms", "denial"))
        self._topics, self._asks = tuple(rules["topics"]), tuple(rules["asks"])
        self._not_topics, self._asks_last = tuple(rules["not_topics"]), tuple(rules["asks_last"])
        self._only_asks = tuple(rows["only_asks"])
        self._particles = "".join(rules["particles"])
        self._helpless, self._hurries = tuple(rules["helpless"]), tuple(rules["unless"])
        self._news, self._not_own, self._own = (tuple(news[name]) for name in ("told_by", "not_own", "own"))
        lead, between, figures = ("|".join(idioms[name]) for name in ("lead", "between", "figures"))
        self._idiom = re.compile(rf"(?:{lead})(?:{between})*(?:{figures})")
        self._denies, self._not_denied = tuple(denial["before"]), tuple(denial["unless"])

    def is_question(self, text: str) -> bool:
        """Tell whether ``text`` ends as a question without 吗 does (外地老人也行不)."""
        return _END.sub("", text).rstrip(self._particles).endswith(self._asks_last)

    def asks_of_rules(self, clause: str, *, is_hurried: bool = False) -> bool:
        """Tell whether ``clause`` asks what is paid, granted or allowed (心梗住院能报多少); who asks what to do does not."""
        if is_hurried or not self._names_rules(clause):
            return False
        clause = without(clause, self._helpless)
        return self.is_question(clause) or any(word in clause for word in self._asks)

    def is_at_a_loss(self, clause: str) -> bool:
        """Tell whether ``clause`` says what such questions are about, and asks what to do (心梗医保咋办)."""
        return self._names_rules(clause) and any(word in clause for word in self._helpless)

    def _names_rules(self, clause: str) -> bool:
        clause = without(clause, self._not_topics)
        return any(topic in clause for topic in self._topics)

    def only_asks(self, text: str) -> bool:
        """Tell whether ``text`` asks about such things or passes on what it was told (我孩子出车祸了，是不是骗子)."""
        return any(word in text for word in self._only_asks)

    def is_hurried(self, text: str) -> bool:
        """Tell whether somebody is to come or be called, whatever is asked beside it."""
        return any(word in text for word in self._hurries)

    def is_news(self, text: str) -> bool:
        """Tell whether ``text`` says what was heard of from the news or a film."""
        return any(word in text for word in self._news)

    def is_own(self, text: str) -> bool:
        """Tell whether ``text`` is about one's own home or people, or about somebody who is seen."""
        text = without(text, self._not_own)
        return any(word in text for word in self._own)

    def without_idioms(self, clause: str) -> str:
        """Return ``clause`` without figures of speech (旱得冒烟, 嗓子都冒烟)."""
        return self._idiom.sub("／", clause)

    def asks_back(self, text: str) -> bool:
        """Tell whether a denial is meant as a question (不是着火了吗)."""
        return any(word in text for word in self._not_denied)

    def is_denied(self, clause: str, start: int) -> bool:
        """Tell whether what begins at ``start`` is said not to be (不是着火)."""
        return clause[:start].endswith(self._denies) and not self.asks_back(clause)
