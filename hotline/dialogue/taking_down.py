"""Taking a matter down: the next question, the read-back, secrecy, and registering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hotline.dialogue.actions import (
    CheckRepeat,
    RegisterAppeal,
)
from hotline.dialogue.cards import FormCard, OrderCard, OrdersCard
from hotline.dialogue.events import (
    AppealRegistered,
)
from hotline.dialogue.floor import Actions
from hotline.dialogue.in_talk import InTalk
from hotline.dialogue.intake import Draft, Missing, merged, spoken_date
from hotline.dialogue.short_answers import Answer, first_clause
from hotline.dialogue.stages import CONFIRMED, Stage
from hotline.domain.appeal import (
    Appeal,
    AppealKind,
    FactKind,
    Place,
)
from hotline.domain.category import at_level, nearest
from hotline.domain.diversion import Diversion
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.speech import Expected
from hotline.phonetics import han_only

_NO_PLACE: Final = (
    Answer.YES, Answer.NO, Answer.DONE, Answer.MORE, Answer.UNCLEAR, Answer.REPEAT, Answer.ANONYMOUS, Answer.OPENLY, Answer.NO_PLACE,
)  # fmt: skip
"""Short answers that are no place, whatever was asked."""


_TELLS_OF_ANOTHER: Final = 6
"""A shorter answer to which of two matters it is (“试试”, misheard) does not make it a third."""
_LONGEST_ANSWER: Final = 16
"""Characters: who tells a longer story where the place was asked for does not tell another matter by it."""
_ROADS: Final = ("路", "街", "道")
SURELY_A_MATTER: Final = 0.8
_LEAST_NAME: Final = 3  # characters
_PLACE_ALONE: Final = 3  # characters around a place that say nothing of the matter (“就是在…”)
_TURNS: Final = (Answer.FIRST, Answer.SECOND, Answer.THIRD)


def is_alone(place: Place, text: str) -> bool:
    """Tell whether ``text`` says where it is and nothing else."""
    return len(text) - len(place.said) <= _PLACE_ALONE


def is_nothing_else(place: Place | None, text: str) -> bool:
    """Tell whether ``text`` is the name of ``place``, to the letter."""
    return place is not None and han_only(place.said) == han_only(text) != ""


def _is_named(place: Place, text: str, among: tuple[Place, ...]) -> bool:
    """Tell whether ``text`` names the place by what tells it from the others."""
    names = (
        name
        for name, others in (
            (place.county, [other.county for other in among]),
            (place.street, [other.street for other in among]),
        )
        if name and others.count(name) == 1
    )
    return any(name in text or name[:2] in text for name in names)


class TakingDown(InTalk):
    """A conversation that can register an appeal."""

    _was_secrecy_waived = False  # at the read-back of this matter
    _was_secrecy_left_open = False  # the question for secrecy was answered with something else

    _offered: tuple[Place, ...] = ()
    _last_order: str | None = None  # the order that this conversation came to last
    _last_place: Place | None = None  # its place
    _last_category: str | None = None  # and class
    _is_another = False  # whether what is understood was announced as another matter
    _last_due: Mapping[str, str] | None = None  # who handles it, and until when, as they are said
    _offered_categories: tuple[str, ...] = ()

    def _next_question(self, *lead: str) -> Actions:
        """Ask for what the form still lacks, or read it back."""
        if self._draft.category is None and self._answers.only_announces(self._draft.text):
            return self._ask_matter(*lead)
        match self._draft.missing(self._categories, self._policy):
            case Missing.MATTER:
                return self._ask_matter(*lead)
            case Missing.MATTER_CHOICE:
                return self._ask_which_matter(*lead)
            case Missing.PLACE_CHOICE:
                return self._ask_which_place(*lead)
            case Missing.PLACE:
                return self._ask_place(*lead)
            case Missing.PLACE_DETAIL:
                return self._ask_place_detail(*lead)
            case Missing.SECRECY:
                self._draft = replace(self._draft, was_asked_secrecy=True)
                name = "ask_secrecy_tip_off" if self._is_tip_off else "ask_secrecy"
                return self._ask_yes_no(Stage.SECRECY, *lead, name)
            case Missing.NOTHING:
                self._draft = self._with_building(self._draft)
                name = "confirm" if self._draft.phone is not None else "confirm_contact"
                matter = self._draft.matter(self._prompts, self._categories, self._answers.briefs)
                return self._with_card(
                    self._ask_yes_no(Stage.CONFIRM, *lead, name, matter=matter), self._form_card()
                )

    def _ask_which_place(self, *lead: str) -> Actions:
        """Ask the one question that tells the places apart that may be meant."""
        places = self._prompts.text("connector_or").join(place.text for place in self._draft.place_choices)
        self._offered = self._draft.place_choices
        self._draft = replace(self._draft, place_choices=(), was_offered_places=True)
        return self._ask(Stage.PLACE_CHOICE, Expected.PLACE, *lead, "place_choice", places=places)

    def _ask_place(self, *lead: str) -> Actions:
        """Ask where it is, unless it was told with the matter that it is in another city."""
        if (city := self._diversions.other_city(self._draft.text)) is not None:
            return self._told_elsewhere(city, *lead)
        name = "ask_place" if self._draft.place_questions == 0 else "ask_place_again"
        was_asked = self._asked is not None and "ask_county" in self._asked[0].prompts
        if self._draft.place is not None and self._draft.place.detail and not was_asked:
            name = "ask_county"  # “临沂北站” was heard, and is not asked for anew
        self._draft = replace(self._draft, place_questions=self._draft.place_questions + 1)
        return self._ask(Stage.PLACE, Expected.PLACE, *lead, name)

    def _told_elsewhere(self, city: str, *lead: str) -> Actions:
        """Take it that it is in another city, of which no county is asked: it is registered, and told whose business it is."""
        detail = self._draft.place.detail if self._draft.place is not None else ""
        place = Place(city, detail=detail if detail.startswith(city) else f"{city}{detail}")
        self._draft = replace(self._draft, place=place, place_questions=self._policy.max_place_questions)
        return self._next_question(*lead)

    def _ask_place_detail(self, *lead: str) -> Actions:
        """Ask where in the county it is, unless a name came with the matter."""
        if self._draft.place is not None and (name := self._named_with_matter()):
            self._draft = replace(self._draft, place=replace(self._draft.place, detail=name))
            return self._next_question(*lead)
        self._draft = replace(self._draft, detail_questions=self._draft.detail_questions + 1)
        return self._ask(Stage.PLACE_DETAIL, Expected.PLACE, *lead, "ask_place_detail")

    def _named_with_matter(self) -> str:
        """Return the name of a place that came with the matter (人民医院门口堵车), empty where none did."""
        named = (fact.said for fact in self._draft.facts if fact.kind is FactKind.ORGANISATION)
        return next(filter(self._answers.places.is_name, named), "")

    def _ask_matter(self, *lead: str) -> Actions:
        """Ask what it is about; who is asked in vain gets a person."""
        if self._stage is Stage.MATTER:
            self._no_matches += 1
            if self._no_matches >= self._most_no_matches:
                return self._transfer("not_understood")
        return self._ask(Stage.MATTER, Expected.OPEN, *lead, "ask_matter")

    @property
    def _is_told(self) -> bool:
        """Whether anything is known of a matter yet: what it is about, or where."""
        return self._draft.category is not None or self._draft.place is not None

    def _no_more_of_matter(self, text: str) -> Actions | None:
        """Go on with what was told where there is nothing to add to it (狗乱叫……没了), let go who leaves without telling anything; None: there is more."""
        if not self._is_told and self._answers.breaks_off(text):
            return self._goodbye("goodbye")
        told = self._draft.text
        is_told = bool(told) and not (self._answers.only_announces(told) or self._answers.only_opens(told))
        if not is_told or self._answers.read(text, Answer.DONE, Answer.YES, Answer.NO) is None:
            return None
        self._draft = replace(self._draft, is_all_told=True)
        return self._next_question()

    @property
    def _is_tip_off(self) -> bool:
        """Whether the matter is a tip-off (举报), which is confidential by law, whatever is wished."""
        category = nearest(self._draft.category, self._categories)
        return self._draft.kind_of(category) is AppealKind.TIP_OFF

    def _ask_which_matter(self, *lead: str) -> Actions:
        """Ask the one question that tells the finer classes apart that may be meant."""
        category = nearest(self._draft.category, self._categories)
        codes = self._draft.category_choices
        self._offered_categories = codes
        self._draft = replace(self._draft, category_choices=(), was_offered_categories=True)
        if category is not None and category.question:
            return self._ask(
                Stage.MATTER_CHOICE, Expected.OPEN, *lead, "matter_question", question=category.question
            )
        matters = self._prompts.text("connector_or").join(self._categories[code].spoken for code in codes)
        return self._ask(Stage.MATTER_CHOICE, Expected.OPEN, *lead, "matter_choice", matters=matters)

    def _answer_to_matter_choice(self, text: str) -> Actions:
        """Take the class that is chosen by its turn or its words; anything else is understood, and nothing asked again."""
        turn = self._answers.read(text, *_TURNS, Answer.OPENLY)
        codes = self._offered_categories
        if turn is Answer.OPENLY and self._asked is not None:  # not what was asked, but said (实名举报)
            self._draft = replace(self._draft, was_asked_secrecy=True)
            return self._ask_again()
        if turn in _TURNS and _TURNS.index(turn) < len(codes):
            self._draft = self._draft.told_apart(codes[_TURNS.index(turn)])
            return self._next_question()
        named = [code for code in codes if self._categories[code].spoken in text]
        if len(named) == 1:
            self._draft = self._draft.heard(text).told_apart(named[0])
            return self._next_question()
        return self._understand(text)

    def _matter_choice_understood(self, meaning: Understanding) -> Actions:
        """Take which class the answer tells of; one that tells of another matter is a correction, others change nothing."""
        if meaning.intent is not Intent.APPEAL:
            return self._next_question()
        is_no = self._answers.opens_with(meaning.text, Answer.NO)
        if is_no:
            self._draft = replace(self._draft, category_confidence=0.0)
        elif len(meaning.text) < _TELLS_OF_ANOTHER and self._is_elsewhere(meaning):
            meaning = replace(meaning, category=None, choices=(), runners_up=())
        self._draft = self._draft.heard(meaning.text).filled(meaning, self._policy)
        said = (meaning.category, *(code for code, _ in meaning.runners_up)) if not meaning.choices else ()
        meant = next((code for code in said if code in self._offered_categories), None)
        if meant is not None:
            self._draft = self._draft.told_apart(meant)
        return self._next_question()

    def _is_elsewhere(self, meaning: Understanding) -> bool:
        """Tell whether a class is named that is of another first level than the matter's."""
        named = at_level(meaning.category, 1)
        return named is not None and named != at_level(self._draft.category, 1)

    def _answer_to_secrecy(self, text: str) -> Actions:
        if (wanted := self._answers.wants_secrecy(text)) is not None:
            return self._secrecy_said(wanted=wanted)
        answer = self._answers.read(text, Answer.OPENLY, Answer.NO, Answer.YES, Answer.ANONYMOUS)
        if answer is None and self._answers.of_orders.waives_secrecy(text):
            answer = Answer.OPENLY
        if answer is None:
            first = first_clause(text)
            wanted = self._answers.wants_secrecy(first)
            if wanted is None and self._answers.read(first, Answer.OPENLY) is not None:
                wanted = False  # “不保密，可以公开我的信息”
            if wanted is not None:
                self._draft = self._draft.heard(text)  # “保密吧，我还在那上班呢”
                return self._secrecy_said(wanted=wanted)
            return self._understand(text)
        return self._secrecy_said(wanted=answer in (Answer.YES, Answer.ANONYMOUS))

    def _secrecy_said(self, *, wanted: bool) -> Actions:
        self._draft = replace(self._draft, wants_secrecy=wanted)
        is_law = not wanted and self._is_tip_off
        return self._next_question(*(("secrecy_by_law",) if is_law else ()))

    def _secrecy_understood(self, meaning: Understanding) -> Actions:
        if meaning.intent in (Intent.AFFIRM, Intent.DENY) and not meaning.slots.wants_secrecy:
            return self._secrecy_said(wanted=meaning.intent is Intent.AFFIRM)
        # What else is said of it there is no other matter (“别跟他说是我说的”).
        meaning = replace(self._with_named_place(meaning), kind=None, category=None, choices=())
        self._draft = self._draft.heard(meaning.text).filled(meaning, self._policy)
        if not (self._was_secrecy_left_open or meaning.slots.wants_secrecy):
            self._was_secrecy_left_open = True  # something else was said: it is asked once more
            self._draft = replace(self._draft, was_asked_secrecy=False)
        return self._next_question()

    def _answer_to_choice(self, text: str) -> Actions:
        """Take the place that is chosen by its turn or its name; anything else is understood as a place."""
        turn = self._answers.read(text, *_TURNS, Answer.YES)
        if turn is None:
            named = [place for place in self._offered if _is_named(place, text, self._offered)]
            if len(named) != 1:
                return self._understand(text)
            self._draft = self._draft.chosen(named[0])
            return self._next_question()
        index = _TURNS.index(turn) if turn in _TURNS else 0
        if index < len(self._offered):
            self._draft = self._draft.chosen(self._offered[index])
        return self._next_question()

    def _place_answered(self, meaning: Understanding) -> Actions:
        if (settled := self._place_settled(meaning)) is not None:
            return settled
        short = self._answers.read(meaning.text, *_NO_PLACE)
        if short is Answer.OPENLY:  # not what was asked, but said
            self._draft = replace(self._draft, was_asked_secrecy=True)
        slots = meaning.slots
        is_forgotten = slots.place is None and self._answers.has_forgotten(meaning.text)  # 不记得楼盘名字了
        if short is not None or is_forgotten or self._answers.takes_up(meaning.text):
            return self._next_question()
        is_matter = self._is_matter(meaning)
        told = meaning if is_matter else replace(meaning, category=None)
        draft = self._draft.heard(meaning.text).filled(told, self._policy)
        if is_matter and self._draft.category is None:
            # The first that is heard of it: where it is, is asked as if for the first time.
            draft = replace(draft, place_questions=0)
        is_who = bool(slots.phone or slots.figures or slots.people)  # not where it is
        is_asked = self._answers.asks(meaning.text) and not self._answers.places.named_last(meaning.text)
        if slots.place is None and not (is_who or is_matter or is_asked):
            if (
                self._stage is Stage.PLACE_DETAIL
                and draft.place is not None
                and self._answers.places.may_tell(meaning.text)
            ):
                name = self._answers.places.called(meaning.text)
                draft = replace(draft, place=replace(draft.place, detail=name))
            elif draft.place is None and self._may_tell_place(meaning.text):
                draft = replace(draft, place=self._unknown_place(meaning))
        draft = self._named_behind(draft, meaning)
        is_new_wish = draft.wants_secrecy and not self._draft.wants_secrecy  # “我怕报复”
        self._draft = draft
        return self._next_question(*(("secrecy_wished",) if is_new_wish else ()))

    def _place_settled(self, meaning: Understanding) -> Actions | None:
        """Take what the question for the place is answered with instead of a place, or for one known or far; None: neither."""
        if self._tells_matter_anew(meaning):
            return self._matter_put_right(meaning)
        if (before := self._place_before(meaning)) is not None:
            self._draft = replace(self._draft.heard(meaning.text), place=before)
            return self._next_question()
        if meaning.slots.place is None and (all_over := self._answers.places.everywhere(meaning.text)):
            return self._all_over(meaning.text, all_over)
        is_here = meaning.slots.place is not None and meaning.slots.place.is_located
        is_told = self._draft.category is not None  # 网上买的 may else be what it is about
        if is_told and not is_here and self._answers.places.is_online(meaning.text):
            draft, most = self._draft.heard(meaning.text), self._policy.max_place_questions
            self._draft = replace(draft, place_questions=most)
            return self._next_question()
        if not is_here and self._diversions.city_named(meaning.text) is not None:
            return self._all_over(meaning.text, meaning.text, is_settled=True)
        return None

    def _tells_matter_anew(self, meaning: Understanding) -> bool:
        """Whether it is the matter that is put right where its place was asked for (“不对，我说错了，是停水”, “刚才是电视，我要反映……”)."""
        text = meaning.text
        is_sure = meaning.category_confidence >= self._policy.category_confidence
        is_other = meaning.category is not None and meaning.category != self._draft.category
        is_told = is_sure and is_other and not self._answers.takes_up(text)  # 那我登记一下 names no matter
        if meaning.slots.place is not None or not is_told:
            return False
        is_announced = self._answers.of_orders.begins_matter(text) and self._is_elsewhere(meaning)
        return self._answers.corrects(text) or is_announced

    def _matter_put_right(self, meaning: Understanding) -> Actions:
        """Take the matter that is meant, and ask where it is as if for the first time."""
        draft = replace(self._draft, category_confidence=0.0, place_questions=0)
        self._draft = draft.heard(meaning.text).filled(meaning, self._policy)
        return self._next_question()

    def _all_over(self, text: str, name: str, *, is_settled: bool = False) -> Actions:
        """Take it that it is no single place (到处都是), or elsewhere; of the whole city (``name``), or if ``is_settled``, nothing more is asked."""
        draft = self._draft.heard(text)
        draft = replace(draft, place=merged(draft.place, Place(text, detail=name)))
        if is_settled or self._answers.places.is_whole_city(name):
            draft = replace(draft, place_questions=self._policy.max_place_questions)
        self._draft = draft
        return self._next_question()

    def _with_building(self, draft: Draft) -> Draft:
        """Return ``draft`` with the building that was told before the estate it is of (6号楼停电了 … 金阳花园)."""
        place, names = draft.place, self._answers.places
        if (
            place is None
            or not place.detail
            or place.detail.endswith(_ROADS)
            or names.has_number(place.detail)
        ):
            return draft
        building = names.building("，".join(draft.accounts))
        return replace(draft, place=replace(place, detail=place.detail + building)) if building else draft

    def _named_behind(self, draft: Draft, meaning: Understanding) -> Draft:
        """Return ``draft`` with the name that follows the place in what was said (罗庄区双月园那个酒店), if no more than a road is known."""
        if meaning.slots.place is None or draft.place is None:
            return draft
        road = draft.place.detail
        if road and not self._answers.places.may_go_on(road):
            turn = self._turn_behind(draft.place, meaning)
            return replace(draft, place=replace(draft.place, detail=f"{road}{turn}"))
        said = meaning.slots.place.said
        name = self._answers.places.behind(said, meaning.text)
        if not (road or name):
            name = self._answers.places.before(said, meaning.text)  # 天泰花园，兰山区
        # Who was asked where the matter is tells a name, unless another matter is very sure.
        least = SURELY_A_MATTER if self._draft.category is not None else self._policy.category_confidence
        is_sure = meaning.category_confidence >= least
        if meaning.category is not None and is_sure and not self._answers.places.is_name(name):
            name = self._answers.places.shop_behind(said, meaning.text)  # 兰山区某某局长受贿 names none
        return replace(draft, place=replace(draft.place, detail=f"{road}{name}"))

    def _with_organisation(self, draft: Draft, meaning: Understanding) -> Draft:
        """Return ``draft`` with the shop or company that was named right behind the road, or the number on it; or else the direction."""
        said, place = meaning.slots.place, draft.place
        if said is None or place is None:
            return draft
        may_go_on = self._answers.places.may_go_on(place.detail)
        name = self._answers.places.shop_behind(said.said, meaning.text) if may_go_on else ""
        name = name or self._turn_behind(place, meaning)
        return replace(draft, place=replace(place, detail=f"{place.detail}{name}")) if name else draft

    def _turn_behind(self, place: Place, meaning: Understanding) -> str:
        """Return the direction that was told right behind ``place`` (交叉口|往东二百米), empty where none was."""
        said = meaning.slots.place
        is_it = said is not None and bool(place.detail) and said.said.endswith(place.detail)
        return self._answers.turns.behind(said.said, meaning.text) if said is not None and is_it else ""

    def _may_tell_place(self, text: str) -> bool:
        """Whether words that name nothing known say where it is; “还是我们小区” does not where no place was said before."""
        places = self._answers.places
        return places.may_tell(text) and (places.is_name(text) or not places.is_same(text))

    def _place_before(self, meaning: Understanding) -> Place | None:
        """Return the place of the matter before, where the question for the place is answered with it or its name (一样的地方, 也是幸福小区); None: another, or none."""
        last, said, places = self._last_place, meaning.slots.place, self._answers.places
        if last is None or self._stage is not Stage.PLACE or (said is not None and said.is_located):
            return None
        name = places.named_again(meaning.text, last.detail)
        if name:
            return replace(last, detail=name if last.detail in name else last.detail)
        is_other = said is not None and bool(said.detail) and not places.is_same(said.detail)
        is_same = places.is_same(meaning.text) or places.points_back(meaning.text, last.detail)
        return last if is_same and not is_other else None

    def _is_there_too(self, meaning: Understanding) -> bool:
        """Whether another matter is told as one of the place of the matter before (还有门口的斑马线也看不清了; 下水道堵了，也是金泰小区)."""
        last, text, places = self._last_place, meaning.text, self._answers.places
        return last is not None and (
            places.is_same(text)
            or places.goes_on_there(text, last.detail)
            or places.is_there_too(text, last.detail)
        )

    def _place_from_before(self, meaning: Understanding, shared: Place | None) -> Place | None:
        """Return what another matter has of the place before it: all of it, the place ``shared`` by several, or only its county."""
        return self._last_place if self._is_there_too(meaning) else shared or self._county_before(meaning)

    def _county_before(self, meaning: Understanding) -> Place | None:
        """Return the county of the matter before, where what it was at is named again (隆山路的井盖也丢了), or it is so elsewhere too (通达路也有占道的)."""
        last, said, places = self._last_place, meaning.slots.place, self._answers.places
        if last is None or last.county is None:
            return None
        county = Place(last.county, county_code=last.county_code, county=last.county)
        road = last.address.road if last.address is not None else ""
        if said is None and road and road in meaning.text:
            return replace(county, detail=road)  # 建设路北头的路灯也不亮
        if said is None or said.is_located or not said.detail:
            return None
        is_alike = at_level(meaning.category, 1) in (None, at_level(self._last_category, 1))
        is_near = is_alike and places.says_too(meaning.text)
        return county if is_near or places.is_within(said.detail, last.detail) else None

    def _unknown_place(self, meaning: Understanding) -> Place:
        """Return the place that an answer tells which names nothing known: a name, or mere words."""
        text, places = meaning.text, self._answers.places
        name = places.named_last(text)  # then only the county is missing
        if not name and meaning.category is None and len(text) >= _LEAST_NAME and places.is_bare(text):
            name = places.called(text)  # 御景湾
        return Place(text, detail=name)

    def _with_named_place(self, meaning: Understanding) -> Understanding:
        """Take a name for which nobody asked (临沂北站, 银座附近) for the place, or for where it is within it, if that is open."""
        known, said = self._draft.place, meaning.text
        is_open = meaning.slots.place is None and not (known and known.detail)
        # Where the street is known a bare name is where on it (香榭丽都); it is read back.
        is_bare = known is not None and bool(known.street) and meaning.intent is Intent.UNKNOWN
        is_bare = is_bare and not (meaning.slots.facts or meaning.slots.people)
        if not is_open or not (
            self._answers.places.is_name(said) or (is_bare and self._answers.places.is_bare(said))
        ):
            return meaning
        return replace(meaning, slots=replace(meaning.slots, place=Place(said, detail=said)))

    def _is_matter(self, meaning: Understanding) -> bool:
        """Whether the question for the place was answered with what it is about (“我家没暖气”), which no name is (鑫达物流公司)."""
        is_open = self._draft.category is None
        is_story = len(meaning.text) > _LONGEST_ANSWER and self._is_elsewhere(meaning)
        return (
            (is_open or (self._stage is Stage.PLACE and not is_story))
            and self._stage in (Stage.PLACE, Stage.PLACE_DETAIL)
            and meaning.slots.place is None
            and meaning.intent is Intent.APPEAL
            and meaning.category is not None
            and meaning.category_confidence >= self._policy.category_confidence
            and not self._answers.places.may_be(meaning.text)
            and not self._answers.places.is_name(meaning.text)
        )

    def _is_place_of_question(self, meaning: Understanding) -> bool:
        """Whether the place was said that an answer has just asked for (“您说出位置，我来登记”)."""
        place = meaning.slots.place
        if self._stage is not Stage.ANSWERED or self._article is None or place is None:
            return False
        category = nearest(self._draft.category or self._article.category, self._categories)
        is_asked = self._answers.asks(meaning.text)  # 那在兰山区租房子的能上公立学校吗
        if is_alone(place, meaning.text) and category is not None and category.needs_place and not is_asked:
            return True
        asked = {at_level(code) for code in (None, self._article.category, self._draft.category)}
        return self._answers.places.is_invited(self._article.spoken) and (
            at_level(meaning.category) in asked
            or meaning.category_confidence < self._policy.category_confidence
        )

    def _place_of_question(self, meaning: Understanding) -> Actions:
        """Make the question that was answered an appeal about the place, of the question's category."""
        told = replace(meaning, category=None, kind=None)
        return self._taken_up(self._draft.heard(meaning.text).filled(told, self._policy), meaning.kind)

    def _taken_up(self, draft: Draft, kind: AppealKind | None) -> Actions:
        """Make the question that was answered an appeal after all, of the answer's category."""
        code = (self._article.category if self._article is not None else None) or draft.category
        category = nearest(code, self._categories)
        usual = category.default_kind if category is not None else AppealKind.HELP
        kind = kind if kind not in (None, AppealKind.INQUIRY) else usual
        needs_place = category is not None and category.needs_place
        if kind is AppealKind.INQUIRY and (draft.place is not None or needs_place):
            kind = AppealKind.HELP  # who says where, or of a place, wants something done there
        self._draft = replace(draft, kind=kind, category=code)
        self._article = None
        return self._next_question()

    def _register(self) -> Actions:
        """Register what was confirmed, after a look at what the calling number has registered before."""
        if self._caller is None:
            return self._now_register()
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage = Stage.CHECKING
        return (*stop, CheckRepeat(turn, self._confirmed_appeal(), self._caller))

    def _now_register(self) -> Actions:
        stop, turn = self._stop_saying(), self._new_turn()
        self._stage, self._is_delayed = Stage.REGISTERING, False
        return (*stop, self._registering(turn))

    def _registering(self, turn: int) -> RegisterAppeal:
        return RegisterAppeal(
            turn, self._confirmed_appeal(), diversion=self._proposal(), linked_to=self._linked_to
        )

    def _confirmed_appeal(self) -> Appeal:
        return self._draft.appeal(self._categories, self._channel, is_confirmed=True)

    def _proposal(self) -> Diversion | None:
        return self._diversions.proposal(self._confirmed_appeal(), self._prompts)

    def _registered(self, event: AppealRegistered) -> Actions:
        if self._stage is Stage.RECORDING_MESSAGE:
            self._was_registered = True
            return self._goodbye("message_registered", number=self._spelled(event.number))
        if self._stage not in (Stage.REGISTERING, Stage.CONFIRM, *CONFIRMED):
            return ()
        self._was_registered, self._last_order, self._last_due = True, event.number, None
        self._last_place, self._last_category = self._draft.place, self._draft.category
        diversion = self._proposal()
        names, values = ["registered"], {"number": self._spelled(event.number)}
        if diversion is not None:
            names.append("divert_review")
        elif event.lead_unit is not None and event.due_at is not None:
            names.append("registered_due")
            due = spoken_date(self._prompts, event.due_at.astimezone(self._timezone))
            self._last_due = {"unit": event.lead_unit, "due": due}
            values.update(self._last_due)
        elif self._is_place_missing():
            names.append("registered_supplement")
        else:
            names.append("registered_manual")
        if self._draft.wants_secrecy:
            names.append("secrecy_noted")
        turn = self._new_turn()
        say = self._prompts.say(turn, (*names, self._closing), values)
        before = self._lead.parts if self._lead is not None else ()
        if diversion is not None:
            before = (*before, diversion.told)
        say = replace(say, parts=(*before, *say.parts), card=self._order_card(event))
        self._forget_draft()
        return self._put(Stage.MORE, say, self._closing_listen(turn))

    def _is_place_missing(self) -> bool:
        place = self._draft.place
        if place is None:
            return True
        return not (place.is_located or self._answers.places.is_whole_city(place.detail))

    def _due_again(self, values: Mapping[str, str]) -> Actions:
        """Say once more who handles the order that was just registered, and until when (“那多久能修好”)."""
        turn = self._new_turn()
        say = self._prompts.say(turn, ("registered_due", self._closing), values)
        return self._put(Stage.MORE, say, self._closing_listen(turn))

    def _order_card(self, event: AppealRegistered) -> OrdersCard | None:
        if self._is_spoken:
            return None
        category = self._draft.category
        return OrdersCard((OrderCard(event.number, None, event.lead_unit, event.due_at, category),))

    def _form_card(self) -> FormCard | None:
        if self._is_spoken:
            return None
        draft = self._draft
        return FormCard(
            kind=draft.kind_of(nearest(draft.category, self._categories)),
            category=draft.category,
            text=draft.text,
            place=draft.place.text if draft.place is not None else "",
            occurred=draft.occurred,
            phone=str(draft.phone or ""),
            wants_secrecy=draft.wants_secrecy,
        )

    def _forget_draft(self) -> None:
        self._draft = Draft(phone=self._draft.phone)
        self._corrections = self._additions = self._no_matches = 0
        self._was_secrecy_waived = False
        self._lead, self._linked_to = None, None
