"""Asking on about an answer (追问): it is told out of the article, or taken down together with the first question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hotline.dialogue.actions import LookUp, Say
from hotline.dialogue.cards import ArticleCard
from hotline.dialogue.floor import Actions
from hotline.dialogue.follow_ups import Aspect, FollowUps
from hotline.dialogue.in_writing import InWriting
from hotline.dialogue.intake import Draft
from hotline.dialogue.over_turns import SURE_OF_LITTLE
from hotline.dialogue.stages import Stage
from hotline.domain.appeal import AppealKind, ContactChannel
from hotline.domain.category import at_level, nearest
from hotline.domain.knowledge import Article, Passage
from hotline.domain.meaning import Understanding

_OTHER: Final = "99"  # the class of what fits in no other
_SHORTEST: Final = 6  # characters: 一个月多少 says nothing of what it is about
_SURE: Final = 0.7  # of the class: 孩子妈妈是外省的 is of any
_LITTLE: Final = 10  # characters: 怎么查是不是表走快了
_FRAGMENT: Final = 4  # characters
_NAME: Final = 3  # characters: 社保卡
_LETTER: Final = 60  # characters
_LEAST_STORY: Final = 4  # characters around a question
_AGAINST: Final = (AppealKind.COMPLAINT, AppealKind.TIP_OFF)
_LEAST_NAME: Final = 2  # characters
_ASKS_ON: Final = 16  # characters: who says more tells what it is about


class AskingOn(InWriting):
    """A conversation in which the answer just given may be asked about."""

    _question = ""  # what was asked that ``_article`` answered
    _in_context = 0  # the turn of a look-up of what is asked on, together with what was asked before
    _otherwise: Article | None = None  # what was found without that
    _clause = ""  # the clause of a story that asks, searched for alone where it names its matter
    _in_story = ""  # the question that is searched for with the beginning of the story around it
    _untold = 0  # the turn of one for what ``_article`` does not tell of itself,
    _aspect: Aspect | None = None  # which is this
    _retold: Article | None = None  # what was answered with again

    def _said_to_answer(self, text: str) -> Actions | None:
        """Do what is asked of the answer just given: to take the matter down, to tell more, or what it rests on; None: nothing such."""
        takes_up = self._answers.takes_up(text)
        if self._article is None:
            if not takes_up:
                return None
            self._draft = replace(self._draft.heard(text), kind=AppealKind.INQUIRY)
            return self._next_question()  # what nobody wrote down is asked of the unit
        has_not_had = self._answers.has_not_had(text)
        if has_not_had or takes_up:
            kind = AppealKind.HELP if has_not_had else None
            return self._taken_up(self._of_question(self._draft).heard(text), kind)
        if self._answers.wants_text(text):
            return self._send_nothing()
        if (told := self._ask_instead(text) or self._follow_up(text)) is not None:
            return told
        source = self._article.legal_basis or self._article.source
        # “去了，人家说不给办” tells of it; who hears otherwise (“人家说不要钱”) doubts it.
        if source and self._answers.doubts_answer(text) and not self._answers.was_turned_down(text):
            first = source.partition("；")[0] if self._is_spoken else source
            return self._tell("answer_doubted", self._prompts.parts("answer_doubted", source=first))
        if (right := self._answers.meant(text)) and len(text) <= _ASKS_ON:
            return self._ask_with(text, right)
        return None

    def _ask_with(self, text: str, right: str) -> Actions:
        """Ask the question again with what was meant: in the place of what was not (“不是身份证，是护照”), or beside it (“不对，是补办”)."""
        wrong = (self._answers.put_right(text) or ("",))[0].partition("，")[0]
        is_name = (
            len(wrong) >= _LEAST_NAME and len(right) <= len(wrong) + 1
        )  # what is longer says more than a name
        if is_name and wrong in self._question:
            return self._understand(self._question.replace(wrong, right))
        return self._ask_in_context(right)

    def _ask_instead(self, text: str) -> Actions | None:
        """Answer what was asked and taken for something else (“不是，我问的是护照怎么换”): alone, where it names its matter; None: nothing such."""
        asked = self._answers.asked_instead(text)
        if not asked or self._article is None:
            return None
        aspect = self._answers.follow_ups.aspect(asked)
        if aspect is None and not self._answers.asks(asked):
            return self._ask_in_context(asked)
        if aspect is None or self._answers.follow_ups.is_beside(self._article, asked, aspect):
            is_own = not self._answers.follow_ups.names_nothing(asked)
            return self._understand(asked) if is_own else self._ask_in_context(asked)
        return self._follow_up(asked) or self._ask_in_context(asked)

    def _ask_in_context(self, asked: str) -> Actions:
        stop = self._stop_saying()
        self._draft = Draft(phone=self._draft.phone, place=self._draft.place).heard(asked)
        return (*stop, self._look_up_in_context())

    def _send_nothing(self) -> Actions:
        """Say that an answer is not sent by SMS, and on the telephone tell it once more, to be noted down."""
        if not self._is_spoken or self._asked is None:
            return self._tell("text_not_sent", self._prompts.parts("text_not_sent"))
        return self._ask_again_after(self._prompts.parts("text_not_sent"), "text_not_sent")

    def _turned_down(self, meaning: Understanding) -> Actions | None:
        """Take down that somebody was refused what was just told how to get (“去了他们不给办，说我有儿子”); None: nothing such."""
        if self._stage is not Stage.ANSWERED or self._article is None:
            return None
        is_other = at_level(meaning.category) not in (None, at_level(self._article.category))
        is_other = is_other and meaning.category_confidence >= _SURE
        if is_other or not self._answers.was_turned_down(meaning.text):
            return None
        told = replace(meaning, kind=None, category=None, choices=())
        draft = self._of_question(Draft(phone=self._draft.phone)).heard(meaning.text)
        kind = meaning.kind if meaning.kind in _AGAINST else AppealKind.HELP
        return self._taken_up(draft.filled(told, self._policy), kind)

    def _follow_up(self, text: str) -> Actions | None:
        """Answer what is asked about the answer that was just given; None where ``text`` is about something else."""
        aspect = self._answers.follow_ups.aspect(text)
        if aspect is None or self._article is None:
            return None
        if self._answers.follow_ups.is_beside(self._article, text, aspect):
            return None  # 低保咋申请, after an answer on passports
        if told := FollowUps.told(self._article, aspect):
            return self._tell(self._article.id, sentences(told))
        actions = self._ask_in_context(text)  # another article may tell it
        self._untold, self._aspect = self._in_context, aspect
        return actions

    def _others_looked_through(self, passages: Sequence[Passage], sure: Article | None) -> Actions:
        """Answer with another article that tells what the last one does not, if there is one."""
        if sure is not None and sure != self._article and self._tells_aspect(sure):
            return self._answered_with(sure)
        matter = at_level(self._article.category) if self._article is not None else None
        for article in (passage.article for passage in passages):
            is_other = article != self._article and at_level(article.category) == matter
            if is_other and self._aspect is not None and FollowUps.is_about(article, self._aspect):
                return self._answered_with(article)
        return self._tell_nothing()

    def _tells_aspect(self, article: Article) -> bool:
        """Whether an article tells what was asked on, as far as words show it: 能代办吗 is not answered with how it is applied for."""
        aspect = self._aspect
        return aspect is None or bool(FollowUps.told(article, aspect)) or FollowUps.is_about(article, aspect)

    def _answered_with(self, article: Article) -> Actions:
        """Answer the question in ``_draft`` with an article."""
        asked = self._draft.text
        self._question = self._with_question(asked) if self._in_context == self._turn else asked
        self._article, self._no_matches, self._retold = article, 0, None
        turn = self._new_turn()
        if self._channel is ContactChannel.PHONE:
            lead, answer = self._prompts.parts("answer_lead"), sentences(article.spoken)
        else:
            lead = ()
            answer = self._prompts.parts("answer_written", title=article.title, answer=article.full)
        say = Say(
            turn,
            (*lead, *answer, *self._prompts.parts(self._closing)),
            prompts=("answer_lead", article.id, self._closing),
            card=None if self._is_spoken else ArticleCard.of(article),
        )
        return self._put(Stage.ANSWERED, say, self._closing_listen(turn))

    def _tell_nothing(self) -> Actions:
        """Say that no article tells it, and whom else to ask."""
        if self._article is not None and (phone := self._article.phone):
            return self._tell("follow_up_ask", self._prompts.parts("follow_up_ask", phone=phone))
        return self._tell("follow_up_untold", self._prompts.parts("follow_up_untold"))

    def _told_more(self, text: str) -> Actions:
        """Answer a question to which the answer just given is found once more: what it says of it, or whom else to ask."""
        assert self._article is not None
        if told := self._told_about(text):
            return told
        if self._retold == self._article:
            return self._tell_nothing()
        self._retold = self._article
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
        if not self._is_about_answer(draft):
            return False
        if self._answers.asks_on(draft.text):
            return True
        if self._answers.offers_choice(draft.text):
            return True
        asks_by_no = self._answers.asks_by_no(draft.text)  # 用现金不: whatever is guessed of it
        asks = asks_by_no or self._answers.asks(draft.text)
        if asks and self._answers.follow_ups.is_empty(draft.text):
            return True
        is_question = asks_by_no or (draft.kind in (None, AppealKind.INQUIRY) and asks)
        # What is guessed of “那不住能不能停” is no matter of its own.
        is_no_matter = at_level(draft.category, 1) in (None, _OTHER) or self._answers.goes_on(draft.text)
        return (is_question and is_no_matter) or self._asks_of_a_guess(draft)

    def _asks_of_a_guess(self, draft: Draft) -> bool:
        """Whether little is asked right after an answer, and its class is only guessed: it goes on from the answer (“表坏了谁换”)."""
        if not self._is_about_answer(draft) or len(draft.text) > _LITTLE or draft.category is None:
            return False
        assert self._article is not None
        if self._answers.follow_ups.names_another(draft.text, beside=self._article):
            return False
        # What is asked of a trouble of the same class (家里不热咋办) is to be taken down.
        is_elsewhere = at_level(draft.category) != at_level(self._article.category)
        is_asked = draft.kind is AppealKind.INQUIRY or (is_elsewhere and self._answers.may_ask(draft.text))
        sure = SURE_OF_LITTLE if len(draft.text) <= _SHORTEST else _SURE
        return is_asked and draft.category_confidence < sure

    def _is_of_another(self, found: Article) -> bool:
        """Whether what was found alone is of another matter than the answer, and the question does not name it (“最多能贷多少”)."""
        assert self._article is not None
        if self._answers.follow_ups.names(found, self._draft.text, beside=self._article):
            return False
        if self._asks_of_a_guess(self._draft):
            return at_level(found.category) != at_level(self._article.category)
        return at_level(found.category, 1) != at_level(self._article.category, 1)

    def _says_whom_it_is_about(self, draft: Draft) -> bool:
        """Whether these few words tell for whom the question was that was just answered (“我一个人过，没儿没女”)."""
        return self._is_about_answer(draft) and self._answers.says_who_one_is(draft.text)

    def _says_only_whom_it_is_about(self, draft: Draft) -> bool:
        """Whether that is all they tell, whatever is guessed of it; “我是王庄的，路灯坏了” is a matter."""
        is_of_class = draft.category is not None and draft.kind is not AppealKind.INQUIRY
        is_of_class = is_of_class and draft.category_confidence >= _SURE
        is_matter = is_of_class and len(draft.text) > _SHORTEST
        return not is_matter and self._says_whom_it_is_about(draft)

    def _asks_what_nobody_wrote(self, draft: Draft) -> bool:
        """Whether few words ask for a number, an hour or an address (“住建局电话多少”), or on about it, or about an order (“能赔吗”)."""
        text = draft.text
        if len(text) > _ASKS_ON:
            return False
        is_on = self._stage is Stage.ANSWERED and self._article is None and self._answers.asks_on(text)
        is_on = is_on or (self._stage is Stage.MORE and len(text) <= _SHORTEST and self._answers.asks(text))
        category = nearest(draft.category, self._categories)
        is_matter = category is not None and category.default_kind is not AppealKind.INQUIRY
        # 水管爆了在哪报修 is to be taken down, whatever it asks.
        return (is_on and category is None) or (not is_matter and self._answers.follow_ups.asks_firmly(text))

    def _names_only_a_topic(self, draft: Draft) -> bool:
        """Whether a word or two name a topic and neither ask nor tell anything of it (社保卡)."""
        if self._stage not in (Stage.OPEN, Stage.MORE) or draft.category is None:
            return False
        # Of a matter that is complained of more is told in as many words (药店卖过期药), but by its mere name (路灯).
        words = draft.text.strip("。，,. ")
        found = (nearest(code, self._categories) for code in (draft.category, at_level(draft.category)))
        classes = [category for category in found if category is not None]
        named = (name for one in classes for name in (one.spoken, one.name, one.covers, *one.keywords))
        is_name = len(words) <= _NAME or any(words in name for name in named)
        is_asked = any(one.default_kind is AppealKind.INQUIRY for one in classes[:1])
        return (is_name or is_asked) and self._answers.is_topic(words)

    def _puts_question(self, draft: Draft) -> bool:
        """Whether something is asked, and not only told, or demanded of somebody (请求查处)."""
        briefs = self._answers.briefs
        is_asked = self._answers.may_ask(draft.text) or briefs.puts_question(draft.text)
        is_asked = is_asked or draft.kind is AppealKind.INQUIRY
        return is_asked and not briefs.only_complains(draft.text)

    def _against_it(self, draft: Draft) -> Draft:
        """Return ``draft`` as the complaint that it is, though it was put as a question (“你说是不是欺负人”, “归谁管，请求查处”)."""
        if draft.kind not in (None, AppealKind.INQUIRY):
            return draft
        category = nearest(draft.category, self._categories)
        is_asked = category is not None and category.default_kind is AppealKind.INQUIRY
        return draft.of_kind(AppealKind.COMPLAINT if is_asked else None)

    def _question_in_story(self) -> LookUp | None:
        """Search for the question alone that is within a story, then for it with what the story began with, and for the clause that asks, each once; None where there is no story around it."""
        text, briefs = self._draft.text, self._answers.briefs
        question, self._in_story = briefs.question_in(text), briefs.beginning_and_question(text)
        if len(question) > len(text) - _LEAST_STORY:
            question = ""
        alone = briefs.clause_asked(text)
        self._clause = "" if self._answers.follow_ups.names_nothing(alone) else alone
        asked = (text, question, briefs.asked_first(text), self._in_story, self._clause)
        ways = [way for way in dict.fromkeys(asked) if way]
        if self._looked_up not in ways[:-1]:
            return None
        question = ways[ways.index(self._looked_up) + 1]
        place = self._draft.place
        county = place.county_code if place is not None else None
        self._looked_up = question
        return LookUp(self._new_turn(), question, self._draft.category, county, is_heard=self._is_heard)

    def _fits_story(self, found: Article) -> bool:
        """Whether an article found by the beginning and the end of a story is of the class of the whole, and one found by a clause alone is named there.

        A long letter that demands that somebody is called to account is registered, whatever is found; one that wishes
        something settled, or asks much, where the article only tells what it says beside (“能不能信息公开”).
        """
        is_same = at_level(found.category) == at_level(self._draft.category)
        if not self._may_close_letter(found.category, is_same=is_same):
            return False
        if self._clause and self._looked_up == self._clause:
            return self._answers.follow_ups.names(found, self._clause)
        if not self._in_story or self._looked_up != self._in_story:
            return True
        return is_same

    def _may_close_letter(self, category: str | None, *, is_same: bool) -> bool:
        """Whether an article of ``category``, the story's own or not, may be all that is said to the story at hand."""
        text, letters = self._draft.text, self._answers.briefs.letters
        is_beside = self._pending_question is not None or self._turn in (self._untold, self._in_context)
        if is_beside or len(text) < _LETTER:
            return True
        if letters.demands(text, strongly=True):
            return False
        if letters.demands(text, strongly=False):
            is_near = (category or "")[:2] == (self._draft.category or "")[:2]
            return is_near and self._draft.kind is AppealKind.INQUIRY
        return is_same or not letters.asks_often(text)

    def _needs_context(self, found: Article | None) -> bool:
        """Whether to search again, together with what was asked before: alone, “有房子能申请吗” finds anything."""
        if self._in_context == self._turn or self._article is None:
            return False
        if self._says_whom_it_is_about(self._draft):
            return True
        if self._asks_on(self._draft):
            is_choice = self._answers.offers_choice(self._draft.text)  # 去派出所还是去政务大厅
            return found is None or is_choice or self._is_of_another(found)
        is_fragment = len(self._draft.text) <= _FRAGMENT and self._draft.category is None  # 丢了
        may_go_on = is_fragment or self._asks_little(self._draft) or self._tells_of_oneself(self._draft)
        return found is None and may_go_on and self._is_about_answer(self._draft)

    def _asks_little(self, draft: Draft) -> bool:
        """Whether so little is asked right after an answer that it names no matter, whatever is guessed of it (“要排多久”)."""
        is_little = len(draft.text) <= _SHORTEST and self._answers.asks(draft.text)
        return is_little and self._is_about_answer(draft)

    def _tells_of_oneself(self, draft: Draft) -> bool:
        """Whether words that name no matter tell how it is with the citizen (“我八十多了走不动”)."""
        is_no_matter = draft.category is None and draft.kind is None and len(draft.text) >= _SHORTEST
        return is_no_matter or self._answers.says_who_one_is(draft.text)

    def _found_otherwise(self, found: Article | None) -> Article | None:
        """Return what was found alone, where it may be the answer if nothing is found together with what was asked before."""
        is_guessed = self._asks_of_a_guess(self._draft) or self._answers.says_who_one_is(self._draft.text)
        return None if is_guessed else found

    def _look_up_in_context(self, *, otherwise: Article | None = None) -> LookUp:
        assert self._article is not None
        self._otherwise = otherwise
        place = self._draft.place
        county = place.county_code if place is not None else None
        self._in_context, question = self._new_turn(), self._with_question(self._draft.text)
        self._looked_up = ""
        return LookUp(self._in_context, question, self._article.category, county, is_heard=self._is_heard)

    def _with_question(self, text: str) -> str:
        """Return what is asked on together with what was asked first."""
        return Draft().heard(self._question).heard(text).text

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
