"""Taking a matter down: the next question, the read-back, secrecy, and registering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hotline.dialogue.actions import CheckRepeat, RegisterAppeal
from hotline.dialogue.cards import FormCard, OrderCard, OrdersCard
from hotline.dialogue.events import AppealRegistered
from hotline.dialogue.floor import Actions
from hotline.dialogue.intake import Draft, Missing, merged, spoken_date
from hotline.dialogue.places_told import PlacesTold
from hotline.dialogue.short_answers import Answer, first_clause
from hotline.dialogue.stages import CONFIRMED, Stage
from hotline.domain.appeal import Appeal, AppealKind, Place
from hotline.domain.category import nearest
from hotline.domain.diversion import Diversion
from hotline.domain.meaning import Intent, Understanding
from hotline.domain.speech import Expected

_NO_PLACE: Final = (
    Answer.YES, Answer.NO, Answer.DONE, Answer.MORE, Answer.UNCLEAR, Answer.REPEAT, Answer.ANONYMOUS, Answer.OPENLY, Answer.NO_PLACE,
)  # fmt: skip
"""Short answers that are no place, whatever was asked."""

_TELLS_OF_ANOTHER: Final = 6
"""A shorter answer to which of two matters it is (“试试”, misheard) does not make it a third."""
_TURNS: Final = (Answer.FIRST, Answer.SECOND, Answer.THIRD)


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


class TakingDown(PlacesTold):
    """A conversation that can register an appeal."""

    _was_secrecy_waived = False  # at the read-back of this matter
    _was_secrecy_left_open = False  # the question for secrecy was answered with something else

    _offered: tuple[Place, ...] = ()
    _last_order: str | None = None  # the order that this conversation came to last
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
