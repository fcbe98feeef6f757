"""What an answer tells of where it is: a name, a building, the direction, the place of the matter before."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hotline.dialogue.in_talk import InTalk
from hotline.dialogue.intake import Draft
from hotline.dialogue.stages import Stage
from hotline.domain.appeal import FactKind, Place
from hotline.domain.category import at_level, nearest
from hotline.domain.meaning import Intent, Understanding
from hotline.phonetics import han_only

_LONGEST_ANSWER: Final = 16
"""Characters: who tells a longer story where the place was asked for does not tell another matter by it."""
_ROADS: Final = ("路", "街", "道")
SURELY_A_MATTER: Final = 0.8
_LEAST_NAME: Final = 3  # characters
_PLACE_ALONE: Final = 3  # characters around a place that say nothing of the matter (“就是在…”)


def is_alone(place: Place, text: str) -> bool:
    """Tell whether ``text`` says where it is and nothing else."""
    return len(text) - len(place.said) <= _PLACE_ALONE


def is_nothing_else(place: Place | None, text: str) -> bool:
    """Tell whether ``text`` is the name of ``place``, to the letter."""
    return place is not None and han_only(place.said) == han_only(text) != ""


class PlacesTold(InTalk):
    """A conversation that tells places from matters in what is answered."""

    _last_place: Place | None = None  # of the order that this conversation came to last
    _last_category: str | None = None

    def _named_with_matter(self) -> str:
        """Return the name of a place that came with the matter (人民医院门口堵车), empty where none did."""
        named = (fact.said for fact in self._draft.facts if fact.kind is FactKind.ORGANISATION)
        return next(filter(self._answers.places.is_name, named), "")

    def _is_elsewhere(self, meaning: Understanding) -> bool:
        """Tell whether a class is named that is of another first level than the matter's."""
        named = at_level(meaning.category, 1)
        return named is not None and named != at_level(self._draft.category, 1)

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

    def _is_place_missing(self) -> bool:
        place = self._draft.place
        if place is None:
            return True
        return not (place.is_located or self._answers.places.is_whole_city(place.detail))
