"""Words that are acted upon without a model: wish for a person, yes and no, by characters and by sound.

The lists are a city's data (``config/<city>/lexicon/``: ``answers.yaml``, ``orders.yaml``, ``letters.yaml``). Recognition errors are mostly homophones, so “专人工”
is 转人工.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from hotline.dialogue.briefs import Briefs
from hotline.dialogue.follow_ups import FollowUps
from hotline.dialogue.order_words import OrderWords
from hotline.dialogue.patterns import any_of, either, without
from hotline.dialogue.place_turns import PlaceTurns
from hotline.dialogue.progress_words import ProgressWords
from hotline.dialogue.question_words import QuestionWords
from hotline.dialogue.short_answers import Answer, clauses
from hotline.dialogue.slips import Slips
from hotline.domain.errors import CityConfigError
from hotline.phonetics import SoundLexicon, han_only, sounds
from hotline.written_forms import in_standard_words

_CLAUSE: Final = re.compile(r"[，。！？；、,.!?;\s]+")
_ADDS_NOTHING: Final = 2  # characters behind “补充” that add nothing yet (“补充一下吧”)
ANSWER_FILES: Final = ("answers", "orders", "letters")
"""The city's files of these lists."""
_LONGEST_CRY: Final = 30  # characters
_SHORT_ANSWER: Final = 8
_LEAST_TOPIC: Final = 2
_LEAST_QUESTION: Final = 3
_LONGEST_TOPIC: Final = 6
_SHORT_QUESTION: Final = 10  # characters: 没有发票行不行
_SHORT_WISH: Final = 16
_SHORT_STORY: Final = 24


class AnswerWords(ProgressWords):
    """Reads what is acted upon without a model: the wish for a person, and how citizens ask, doubt and go on."""

    def __init__(self, rows: Mapping[str, Any], *, file: str = "") -> None:
        """Take the content of ``answers.yaml``."""
        try:
            super().__init__(rows, file=file)
            self._agent, self._agent_inside = tuple(rows["agent"]), tuple(rows["agent_inside"])
            self._slower_lexicon = SoundLexicon(rows["slower_inside"])
            self._dialect_lexicon = SoundLexicon(rows["dialect_inside"])
            self._despair_lexicon = SoundLexicon(rows["despair_inside"])
            self._not_despair = _no_despair(rows["not_despair"])
            self._adds = tuple(rows["adds"])
            self._pages = {str(name): tuple(words) for name, words in rows["pages"].items()}
            self._take_patterns(rows)
            self._take_ways(rows)
            self._who_answers = SoundLexicon(rows["who_answers"])
            self._off_topic = tuple(rows["off_topic_inside"])
            self._waits = tuple(rows["waits"])
            settled = rows["done_and_thanks"]
            self._settled = tuple(tuple(settled[name]) for name in ("done", "thanks", "but"))
            self._beside_settled = tuple(settled["besides"])
            self._says_who = tuple(rows["says_who"])
            self._may_ask = tuple(rows["may_ask"])
            self._after_question = tuple(rows["after_question"])
            self._asks_on, self._asks_on_ends = tuple(rows["asks_on"]), tuple(rows["asks_on_ends"])
            self._next_matter = tuple(sorted(rows["next_matter"], key=len, reverse=True))
            self._who = tuple(sorted(map(str, rows["who_inside"]), key=len, reverse=True))
            complains = rows["who_complains"]
            self._complains_of_who = re.compile(
                rf"{any_of(complains['ends'])}{any_of(complains['particles'])}*\W*$"
            )
            self._tried = tuple(complains["tried"])
            self._who_empty = tuple(sorted(map(str, rows["who_empty"]), key=len, reverse=True))
            self._stops_waiting, self._wants_call = tuple(rows["stops_waiting"]), tuple(rows["wants_call"])
            self.follow_ups = FollowUps(rows, file=file)
            self.of_orders = OrderWords(rows)
            self.slips = Slips(rows)
            self.briefs = Briefs(rows, self.asks)
            self.turns = PlaceTurns(rows)
            self.questions = QuestionWords(rows)
        except KeyError as error:
            raise CityConfigError(file=file, reason=f"简短回答词表缺少 {error}") from error
        self._agent_sounds = {sounds(word) for word in self._agent}
        self._agent_lexicon = SoundLexicon(self._agent_inside)

    def _take_patterns(self, rows: Mapping[str, Any]) -> None:
        """Make patterns of words that follow one another, and take what is grouped."""
        self._secrecy = {name == "wanted": tuple(words) for name, words in rows["secrecy_answers"].items()}
        through = rows["put_through"]
        self._anybody = tuple(through["anybody"])
        first, to, whom = (either(through[name]) for name in ("before", "wants", "whom"))
        self._put_through = re.compile(rf"(?:{first})*(?:{to}).{{0,{int(through['most'])}}}(?:{whom})")

    def _take_ways(self, rows: Mapping[str, Any]) -> None:
        """Take ways of going on: doubts, refusals, another time, nothing more but a word of urging."""
        self._doubts_answer = tuple(rows["doubts_answer"])
        self._rates_later = tuple(rows["rates_later"])
        self._of_rating = tuple(rows["of_rating"])
        self._not_at_topic_end = tuple(rows["not_at_topic_end"])
        self._not_in_topic = frozenset((*rows["not_in_name"], *rows["not_in_topic"]))
        another = rows["another_matter"]
        self._elsewhere_cues, self._elsewhere = tuple(another["cues"]), tuple(another["begins"])
        self._old_lexicon = SoundLexicon(rows["old_inside"])
        self._slower_clauses = tuple(rows["slower_clauses"])
        self._enterprise_lexicon = SoundLexicon(rows["enterprise_inside"])
        self._comes_to_mind = tuple(rows["comes_to_mind"])
        self._not_had = tuple(rows["not_had"])
        refused = rows["turned_down"]
        self._turned_down, self._not_turned_down = tuple(refused["words"]), tuple(refused["but"])
        self._refused_by_others, self._papers = tuple(refused["others"]), tuple(refused["papers"])
        which = rows["offers_choice"]
        self._either_or = re.compile(
            rf"(?P<one>\w{{1,8}}?)(?:{either(which['between'])})(?P<other>\w{{1,8}})"
        )
        self._choice_starts, self._no_choice = tuple(which["starts"]), tuple(which["but"])
        self._never_shared = frozenset(which["empty"])
        self._asks_by_no = tuple(rows["asks_by_no"])
        before, sent, after = (either(rows["wants_text"][name]) for name in ("before", "sent", "after"))
        self._wants_text = re.compile(rf"(?:{before})*(?:{sent})(?:{after})*")
        self._asks_on_alone, self._what_to_do = (
            tuple(rows["asks_on_alone"]),
            frozenset(rows["what_to_do"]),
        )
        self._other_times = tuple(rows["other_time"])

    def wants_agent(self, text: str) -> bool:
        """Tell whether the citizen asks for a person (转人工)."""
        words = han_only(text)
        core = self._core(words)
        if core in self._agent or (len(core) > 2 and sounds(core) in self._agent_sounds):
            return True
        return self._is_found(self._agent_lexicon, words)

    def is_for_somebody(self, text: str) -> bool:
        """Tell whether a short sentence asks for somebody: to be put through (帮我转一下社保局, 我找张主任), or for anybody to come (快来人)."""
        core = self._core(han_only(text))
        is_named = len(core) <= _SHORT_WISH and self._put_through.fullmatch(core) is not None
        return is_named or self._is_one_of(self._anybody, text)

    def asks_who_answers(self, text: str) -> bool:
        """Tell whether the citizen asks whether a person or a machine has answered."""
        return len(han_only(text)) <= _SHORT_WISH and self._is_found(self._who_answers, text)

    def is_in_despair(self, text: str, *, is_spoken: bool = False) -> bool:
        """Tell whether somebody may have lost the will to live (轻生): that is for a person, at once.

        In a long letter such words mostly tell how bad a matter is (46 of 8,621 messages of another city); it is read by
        people anyway. Who says them at the end of a long story ``is_spoken``.
        """
        is_cry = is_spoken or len(han_only(text)) <= _LONGEST_CRY
        text = self._not_despair.sub("／", text)  # 我补货了 sounds like 我不活了
        return is_cry and self._is_found(self._despair_lexicon, text)

    def asks_who(self, text: str) -> bool:
        """Tell whether the citizen asks whose business something is (归谁管)."""
        return any(words in text for words in self._who)

    def without_who(self, text: str) -> str:
        """Return what such a question is about: the words around it."""
        for words in self._who:
            text = text.replace(words, "，")
        parts = (self._without_empty(part.strip()) for part in _CLAUSE.split(text))
        return "，".join(part for part in parts if part)

    def wants_it_done(self, text: str) -> bool:
        """Tell whether who asks whose business it is demands or complains beside it (“物业不管，请问谁来管？请求介入处理”): that is registered."""
        if not self.asks_who(text):
            return False
        letters, rest = self.briefs.letters, self.without_who(text)
        is_demand = any(letters.demands(rest, strongly=strongly) for strongly in (True, False))
        has_tried = len(han_only(text)) >= _SHORT_STORY and any(word in text for word in self._tried)
        return is_demand or has_tried or self._complains_of_who.search(text) is not None

    def _without_empty(self, text: str) -> str:
        """Take words that say nothing off both ends."""
        for words in self._who_empty:
            if text.startswith(words):
                return self._without_empty(text[len(words) :])
            if text.endswith(words):
                return self._without_empty(text[: -len(words)])
        return text

    def stops_waiting(self, text: str) -> bool:
        """Tell whether a citizen who waits for a person, in writing, wants to wait no longer."""
        return self._is_one_of(self._stops_waiting, text)

    def wants_call(self, text: str) -> bool:
        """Tell whether a citizen who waits for a person, in writing, would rather be called."""
        return self._is_one_of(self._wants_call, text)

    def asks_to_wait(self, text: str) -> bool:
        """Tell whether a short sentence asks the hotline to wait (“等会儿，我拿下身份证”), or is said to somebody else."""
        words = self._core(han_only(text))
        return self.slips.speaks_to_others(text) or (
            len(words) <= _SHORT_WISH
            and any(words == wait or words.startswith((f"{wait}我", f"{wait}俺")) for wait in self._waits)
        )

    def is_off_topic(self, text: str) -> bool:
        """Tell whether a short sentence wants what no hotline is for (给我唱个歌)."""
        return len(han_only(text)) <= _SHORT_WISH and any(word in text for word in self._off_topic)

    def thanks_for_what_is_done(self, text: str) -> bool:
        """Tell whether a short sentence only says that a matter is settled, and thanks (“停水那个，现在来水了，谢谢”)."""
        told = without(text, self._beside_settled)
        done, thanks, but = (any(word in told for word in words) for words in self._settled)
        return len(han_only(text)) <= _SHORT_STORY and done and thanks and not but

    def says_who_one_is(self, text: str) -> bool:
        """Tell whether a short sentence says what kind of person a question is about, and asks nothing (“我是退休职工”)."""
        is_short = len(han_only(text)) <= _SHORT_WISH
        return is_short and self._core(text).startswith(self._says_who) and not self.asks(text)

    def doubts_answer(self, text: str) -> bool:
        """Tell whether a short sentence doubts the answer just given (“不对吧，我听说不是”)."""
        return len(han_only(text)) <= _SHORT_STORY and any(words in text for words in self._doubts_answer)

    def rates_later(self, text: str) -> bool:
        """Tell whether somebody will not rate before the matter is settled (“等办好了才满意呢”)."""
        return any(words in text for words in self._rates_later)

    def speaks_of_rating(self, text: str) -> bool:
        """Tell whether ``text`` is about the rating that was asked for (“没什么不满意的”)."""
        return any(words in text for words in self._of_rating)

    def asks_after_thanks(self, text: str) -> str:
        """Return the question behind thanks or a yes (“谢谢，那需要带照片吗”); empty where there is none."""
        first, *others = clauses(text) or [""]
        rest = "，".join(others)
        is_polite = self._read(in_standard_words(first), Answer.DONE, Answer.YES) is not None
        if is_polite and len(others) > 1 and (more := self.asks_after_thanks(rest)):
            return more
        return rest if is_polite and len(han_only(rest)) >= _LEAST_QUESTION and self.asks(rest) else ""

    def offers_choice(self, text: str) -> bool:
        """Tell whether a short question asks which of two it is (“是一次给还是每年给”); “灯还是不亮” asks nothing."""
        found = self._either_or.fullmatch(text.rstrip("。？? "))
        if found is None or found["other"].startswith(self._no_choice):
            return False
        one, other = found["one"], found["other"]
        shared = {*one} & {*other} - self._never_shared
        return bool(shared) or one.startswith(self._choice_starts)

    def asks_by_no(self, text: str) -> bool:
        """Tell whether a few words ask by a no at their end (“用本人去不”)."""
        words = han_only(text)
        return _LEAST_QUESTION <= len(words) <= _SHORT_ANSWER and words.endswith(self._asks_by_no)

    def is_topic(self, text: str) -> bool:
        """Tell whether a word or two only name something (社保卡), and say nothing of it (停水, 没暖气)."""
        words = self._core(han_only(text))
        is_short = (
            _LEAST_TOPIC <= len(words) <= _LONGEST_TOPIC and len(words) >= len(text.strip("。，,. ")) - 1
        )
        tells = text.rstrip("。，,. ").endswith(self._not_at_topic_end)  # 小区进水了
        return is_short and not tells and self._not_in_topic.isdisjoint(words)

    def begins_elsewhere(self, more: str) -> bool:
        """Tell whether what ``more_after_yes`` found begins as another matter (还有我们村的水井)."""
        cue = next((cue for cue in self._elsewhere_cues if more.startswith(cue)), "")
        return more.removeprefix(cue).lstrip("，, ").startswith(self._elsewhere)

    def tells_too(self, text: str) -> bool:
        """Tell whether ``text`` says that something else is wrong too (“还有我们小区电梯坏了”, “路灯也不亮”)."""
        return text.startswith(self._elsewhere_cues) or self.places.says_too(text)

    def more_after_yes(self, text: str) -> str:
        """Return what is told after a yes as something else (“对，还有我们村的水井也塌了”); empty where nothing is."""
        cue = next((cue for cue in self._elsewhere_cues if cue in text), "")
        if not cue:
            return ""
        first, found, rest = text.partition(cue)
        is_yes = self._read(first.strip("，。,. "), Answer.YES) is Answer.YES
        return f"{found}{rest}" if is_yes and len(han_only(rest)) >= _SHORT_QUESTION // 2 else ""

    def names_time(self, text: str) -> bool:
        """Tell whether an answer to a time that was offered names another, or says that it does not suit."""
        return any(words in text for words in self._other_times)

    def wants_secrecy(self, text: str) -> bool | None:
        """Tell whether an answer to the question for secrecy wants it (“最好保密”) or not (“无所谓”); None where it says neither."""
        return next((wanted for wanted, words in self._secrecy.items() if self._is_one_of(words, text)), None)

    def is_of_enterprise(self, text: str) -> bool:
        """Tell whether somebody speaks for an enterprise (企业)."""
        return self._is_found(self._enterprise_lexicon, text)

    def wants_slower(self, text: str) -> bool:
        """Tell whether the citizen asks to be spoken to slowly, or says that they are old or hard of hearing (适老).

        Who says how old they are to ask something else (“俺岁数大了能不能不交”) does not.
        """
        is_clause = any(self._is_one_of(self._slower_clauses, part) for part in clauses(text))
        if is_clause or self._is_found(self._slower_lexicon, text):
            return True
        return self._is_found(self._old_lexicon, text) and not self.may_ask(text)

    def is_only_slower(self, text: str) -> bool:
        """Tell whether that wish is all that ``text`` says."""
        return self.wants_slower(text) and len(han_only(text)) <= _SHORT_WISH

    def speaks_dialect(self, text: str) -> bool:
        """Tell whether the citizen asks for somebody who knows their dialect (方言)."""
        return self._is_found(self._dialect_lexicon, text)

    def has_not_had(self, text: str) -> bool:
        """Tell whether a short sentence says that what was spoken of has not come (“可是没发给俺”)."""
        words = self._core(han_only(text))
        return len(words) <= _SHORT_QUESTION and words.endswith(self._not_had)

    def was_turned_down(self, text: str) -> bool:
        """Tell whether a sentence says that somebody was refused (“镇上不给办，说我有儿子”), and asks nothing."""
        is_short = len(han_only(text)) <= _SHORT_STORY
        is_other = any(word in text for word in (*self._elsewhere_cues, *self._not_turned_down))
        is_for_papers = any(word in text for word in self._papers)
        is_other = is_other or (not is_for_papers and any(word in text for word in self._refused_by_others))
        is_refused = any(word in text for word in self._turned_down)
        return is_short and is_refused and not is_other and not self.asks(text)

    def wants_text(self, text: str) -> bool:
        """Tell whether what was said is asked for in writing (“你把这个发短信给我吧”)."""
        return self._wants_text.fullmatch(han_only(text)) is not None

    def comes_to_mind(self, text: str) -> bool:
        """Tell whether ``text`` begins as what one had forgotten to say (“对了，房东叫李强”)."""
        return text.startswith(self._comes_to_mind)

    def asks_on(self, text: str) -> bool:
        """Tell whether ``text`` asks on about what was just answered (“那……呢”)."""
        words = text.rstrip("？?。")
        if len(words) <= _SHORT_ANSWER and words.endswith("呢"):
            return True
        if len(words) <= _SHORT_WISH and words.endswith(self._asks_on_alone):
            return True
        begins = words.startswith(self._asks_on) and words.endswith(self._asks_on_ends)
        return begins or self.questions.echoes(text)

    def asks_what_to_do(self, text: str) -> bool:
        """Tell whether ``text`` asks what to do, and names nothing (“那我该怎么办”)."""
        return self._core(han_only(text)) in self._what_to_do

    def goes_on(self, text: str) -> bool:
        """Tell whether ``text`` begins like what goes on from what was said before (“那……”)."""
        return text.startswith(self._asks_on)

    def may_ask(self, text: str) -> bool:
        """Tell whether a short sentence may be a question (“你们是不是二十四小时都有人”)."""
        is_short = len(han_only(text)) <= _SHORT_STORY
        return is_short and self._is_asked_by((*self._asks, *self._may_ask), text)

    def two_matters(self, text: str) -> tuple[str, str]:
        """Cut ``text`` where a second matter begins (“还有一件事”); the second is empty when there is none."""
        for cue in self._next_matter:
            before, found, after = text.partition(cue)
            if found:
                return before.strip("，。,. "), after.strip("，。,. ")
        for cue in self._after_question:
            before, found, after = text.partition(cue)
            if found and self.asks(before) and not self.asks(after):
                return before.strip("，。,. "), f"{found}{after}".strip("，。,. ")
        return text, ""

    def adds(self, text: str) -> bool:
        """Tell whether it is announced as an addition (“补充一下，是每天早上”), and something is added."""
        found = next((words for words in self._adds if text.startswith(words)), None)
        return found is not None and len(han_only(text)) > len(found) + _ADDS_NOTHING

    def page_of(self, text: str) -> str | None:
        """Return what a short sentence asks for that pages have: ``own_orders``, ``published``; None: neither."""
        if len(han_only(text)) > _SHORT_WISH or self.of_orders.is_pressed(text):
            return None
        return next((name for name, inside in self._pages.items() if any(w in text for w in inside)), None)


def _no_despair(rows: Mapping[str, Any]) -> re.Pattern[str]:
    """Return the pattern of what only sounds like despair: a figure of speech (吵得俺想死) says how bad a thing is."""
    felt, between, dies, words = (either(rows[name]) for name in ("felt", "between", "dies", "words"))
    return re.compile(rf"{words}|(?:{felt})(?:{between})*(?:{dies})")
