"""What is no alarm although the words are there: questions about rules, the news, and figures of speech.

“老房子塌了能翻盖不” asks about rebuilding, “新闻里说着火了” tells the news, and where “地里旱得冒烟了” nothing burns. The lists
are a city's data (``no_alarm`` in ``safety.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.patterns import any_of, without

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
        not_after = "".join(f"(?<!{word})" for word in idioms["not_after"])
        whole = rf"{not_after}{any_of(idioms['whole'])}"
        self._idiom = re.compile(rf"(?:{lead})(?:{between})*(?:{figures})|{whole}")
        self._turn, self._threat, self._fear = _turns(rows["turns"]), _threats(rows["threats"]), _fears(rows)
        self._threat_begins = tuple(rows["threats"]["begins"])
        habits, supposed, self._contact = rows["habits"], rows["supposed"], _contact(rows["contact"])
        event = any_of(habits["events"])
        between = rf"(?:(?!{any_of(habits['not_between'])}).){{0,{int(habits['most'])}}}?"
        self._event = re.compile(event)
        self._habit = re.compile(
            rf"{any_of(habits['often'])}{between}{event}|{event}.{{0,2}}?{any_of(habits['behind'])}"
        )
        self._anew = tuple(habits["anew"])
        self._supposes = re.compile(any_of(supposed["begins"]))
        self._polite, self._own_events = tuple(supposed["polite"]), tuple(supposed["own"])
        self._happened = tuple(supposed["happened"])
        self._dated, self._dated_apart = _dates(rows["dated"])
        self._of_thing = str(rows["dated"]["of_thing"])
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
        """Return ``clause`` without figures of speech (旱得冒烟, 嗓子都冒烟) and other words with those characters (跳楼价)."""
        return self._idiom.sub("／", clause)

    def without_contact(self, text: str) -> str:
        """Return ``text`` without the telephone that somebody is to be reached at (就留我的电话, 就打我这个电话)."""
        return self._contact.sub("／", text)

    def is_anew(self, text: str) -> bool:
        """Tell whether ``text`` says that it has happened once more, or that help is to come."""
        return any(word in text for word in self._anew)

    def without_habits(self, clause: str) -> str:
        """Return ``clause`` without the accidents that happen again and again (多次发生交通事故)."""
        return self._habit.sub("／", clause)

    def supposes(self, clause: str) -> bool:
        """Tell whether ``clause`` supposes something (如果货车自燃); who says 如果方便 is only polite."""
        return self._supposes.search(without(clause, self._polite)) is not None

    def without_supposed(self, clause: str, *, is_supposed: bool) -> str:
        """Return ``clause`` without the accidents that are only supposed, in it or, ``is_supposed``, before it.

        What has happened to somebody there (我家着火了) is not supposed, whatever was before.
        """
        begins = self._supposes.search(clause) if self.supposes(clause) else None
        if begins is not None:
            return clause[: begins.end()] + self._event.sub("／", clause[begins.end() :])
        is_real = clause.endswith(self._happened) or any(word in clause for word in self._own_events)
        return self._event.sub("／", clause) if is_supposed and not is_real else clause

    def with_dates(self, text: str) -> str:
        """Return ``text`` with each date put to the clause that follows it (2018年10月，弱电井起火)."""
        return self._dated_apart.sub(r"\1", text)

    def with_turns(self, text: str) -> str:
        """Return ``text`` cut where it turns from what was to what is now (去年就说墙要倒，今天真倒了)."""
        return self._turn.sub(r"\g<was>，\g<now>", text)

    def since_turn(self, text: str) -> str:
        """Return what follows the last such turn; the whole of a ``text`` that has none."""
        turns = list(self._turn.finditer(text))
        return text[turns[-1].start("now") :] if turns else text

    def without_pleas(self, clause: str) -> str:
        """Return ``clause`` without the 如果 of a threat or plea (如果没人管我就跳下去) and the fear that somebody feels (我害怕).

        Neither supposes what is told beside it; 如果着火, 我怕着火 do.
        """
        clause = self._fear.sub("／", clause)
        return without(clause, self._threat_begins) if self._threat.search(clause) else clause

    def is_dated(self, clause: str, start: int) -> bool:
        """Tell whether year and month are told before ``start``, and not of a thing (2018年10月买的车着火了)."""
        date = self._dated.search(clause, 0, start)
        return date is not None and self._of_thing not in clause[date.end() : start]

    def asks_back(self, text: str) -> bool:
        """Tell whether a denial is meant as a question (不是着火了吗)."""
        return any(word in text for word in self._not_denied)

    def is_denied(self, clause: str, start: int) -> bool:
        """Tell whether what begins at ``start`` is said not to be (不是着火)."""
        return clause[:start].endswith(self._denies) and not self.asks_back(clause)


def _turns(rows: Mapping[str, Any]) -> re.Pattern[str]:
    was, now = (any_of(rows[name]) for name in ("was", "now"))
    return re.compile(rf"(?P<was>{was}.{{0,{int(rows['most'])}}}?)(?P<now>{now})")


def _threats(rows: Mapping[str, Any]) -> re.Pattern[str]:
    between = rf".{{0,{int(rows['most'])}}}?"
    return re.compile(between.join(any_of(rows[name]) for name in ("begins", "undone", "then")))


def _fears(rows: Mapping[str, Any]) -> re.Pattern[str]:
    """Return the pattern of a fear of nothing named: of 我怕着火 the rest is what is feared."""
    who, how, fear, after, then = (
        any_of(rows["fears"][name]) for name in ("who", "how", "fear", "after", "then")
    )
    return re.compile(rf"{who}{how}*{fear}{after}*(?=$|{then})")


def _contact(rows: Mapping[str, Any]) -> re.Pattern[str]:
    """Return the pattern of where somebody is to be reached; of 打我老婆电话 it is not sure."""
    acts, whose, own, of, what = (any_of(rows[name]) for name in ("acts", "whose", "own", "of", "what"))
    return re.compile(rf"{acts}(?:{whose}{of}?|{own}{of}){what}")


def _dates(rows: Mapping[str, Any]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a year with its month, and of such a date with a comma behind it."""
    year, month, figures = (str(rows[name]) for name in ("year", "month", "figures"))
    date = rf"(?:(?:19|20)\d\d|[{figures}]{{4}}){year}(?:\d{{1,2}}|[{figures}]{{1,2}}){month}"
    day = rf"(?:\d{{1,2}}{any_of(rows['days'])})?{any_of(rows['hours'])}?"
    return re.compile(date), re.compile(rf"({date}{day}){any_of(rows['commas'])}")
