"""The read-back (核对): what was taken down is confirmed, completed or corrected before it is registered."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hotline.dialogue.floor import Actions
from hotline.dialogue.intake import Draft, Missing
from hotline.dialogue.places_told import SURELY_A_MATTER, is_alone
from hotline.dialogue.short_answers import Answer, first_clause
from hotline.dialogue.stages import Stage
from hotline.dialogue.taking_down import TakingDown
from hotline.dialogue.telling import grouped
from hotline.domain.appeal import AppealKind, PhoneNumber, Place
from hotline.domain.category import at_level, nearest, within
from hotline.domain.meaning import Intent, Slots, Understanding
from hotline.domain.speech import Expected
from hotline.phonetics import han_only

_BARE_YES: Final = 6  # characters: 对的没错
_LONGEST_LABEL: Final = 12  # characters around a number that say no more than whose it is (我姓赵，联系电话…)
_LONGEST_NAME: Final = 14  # characters
_ALIKE: Final = 2  # characters at the end of two names
_AGAINST: Final = (AppealKind.COMPLAINT, AppealKind.TIP_OFF)
LEAST_FACT: Final = 5  # characters: less than that is as likely something misheard


def _only_when_and_who(meaning: Understanding) -> Understanding:
    """Return what a yes adds to what was confirmed: nothing that would have to be read back again."""
    slots = Slots(
        occurred=meaning.slots.occurred, interval=meaning.slots.interval, people=meaning.slots.people
    )
    return replace(meaning, kind=None, category=None, choices=(), slots=slots)


class Confirming(TakingDown):
    """A conversation that reads back what it registers."""

    def _answer_to_confirmation(self, text: str) -> Actions:
        text = self._answers.slips.denial_heard(text)
        answer = self._answers.read(text, Answer.YES, Answer.DONE, Answer.OPENLY, Answer.NO, Answer.ANONYMOUS)
        is_yes = answer is Answer.DONE and self._answers.opens_with(text, Answer.YES)  # “好的，没有了”
        is_yes = is_yes or self._answers.agrees_politely(text) or self._answers.leaves_as_it_is(text)
        is_yes = is_yes or self._answers.registers_it(text)  # 那登记一下吧
        if answer in (Answer.YES, Answer.ANONYMOUS) or is_yes:
            return self._register()
        if answer is Answer.DONE:  # “没有了”: nothing to add, or not right?
            return self._ask_yes_no(Stage.CONFIRM, "confirm_unclear")
        is_waived = answer is None and self._answers.of_orders.waives_secrecy(text)
        if answer is Answer.OPENLY or is_waived:  # says nothing of what was read back
            return self._secrecy_waived()
        if answer is Answer.NO:
            return self._ask(Stage.CORRECT, Expected.OPEN, "what_is_wrong")
        return self._put_right(text)

    def _secrecy_waived(self) -> Actions:
        """Take a wish for secrecy back, and ask anew; who says only that once more hears all that is to be confirmed, then gets a person."""
        self._draft = replace(self._draft, wants_secrecy=False, was_asked_secrecy=True)
        if not self._was_secrecy_waived:
            self._was_secrecy_waived = True
            lead = "secrecy_by_law" if self._is_tip_off else "secrecy_waived"
            return self._confirm_after(lead) if self._is_spoken else self._next_question(lead)
        self._no_matches += 1
        if self._no_matches >= self._most_no_matches:
            return self._transfer("not_understood")
        matter = self._draft.matter(self._prompts, self._categories, self._answers.briefs)
        return self._with_card(
            self._ask_yes_no(Stage.CONFIRM, "confirm_whole", matter=matter), self._form_card()
        )

    def _put_right(self, text: str) -> Actions:
        """Take what is right where the citizen says what is wrong as well: a name in the place, or what it is about."""
        if (done := self._slip_in_place(text) or self._turned(text)) is not None:
            return done
        text = self._answers.said_wrong(text)
        both = self._answers.put_right(text)
        if both is None:
            return self._understand(text)
        is_yes = self._answers.read(first_clause(text), Answer.YES) is not None
        if is_yes and self._answers.slips.is_oneself(both[0]):
            self._draft = self._draft.heard(text)  # 对，不是我，是俺邻居
            return self._register()
        return self._understand(self._answers.denied(both[1]))

    def _slip_in_place(self, text: str) -> Actions | None:
        """Put right the part of the place that is said to be wrong, whatever stands for it ends in; None where none is."""
        place, both = self._draft.place, self._answers.put_right(text)
        if place is None:
            return None
        right, wrong = self._answers.slips.right_first(text) if both is None else (both[1], both[0])
        right = first_clause(right)
        is_part = len(wrong) > 1 and wrong in place.detail and len(right) <= _LONGEST_NAME
        return self._place_put_right(place, wrong, right, text) if is_part else None

    def _turned(self, text: str) -> Actions | None:
        """Put right, or add, the direction that is all that is said (“不对，是往西”); None where none is."""
        place = self._draft.place
        right = self._answers.turns.put_right(text, place.detail) if place is not None else ""
        return (
            self._place_put_right(place, place.detail, right, text) if place is not None and right else None
        )

    def _place_put_right(self, place: Place, wrong: str, right: str, text: str) -> Actions:
        if self._has_changed_enough(text):
            return self._transfer("not_understood")
        before, _, after = place.detail.partition(wrong)
        if after and right.endswith(after[0]):  # 刘家店子|村, 小河南村
            after = after[1:]
        place = replace(place, detail=f"{before}{right}{after}", address=None)
        self._draft = replace(self._draft.heard(text), place=place)
        return self._next_question()

    def _named_right(self, meaning: Understanding) -> Actions | None:
        """Put a road, a house number or another name in the place of what was read back; None where none is said to be right.

        What names a county or a street as well (“不对，是罗庄区盛庄街道龙潭社区”) is another place.
        """
        place, said = self._draft.place, meaning.slots.place
        right = self._right_told(meaning)
        if not right or place is None or (said is not None and said.is_located):
            return None
        wrong = self._named_wrongly(place, right)
        if not wrong and place.detail and self._answers.places.is_number(right):  # 不对，是5号楼
            wrong, right = place.detail, f"{place.detail}{right}"
        return self._place_put_right(place, wrong, right, meaning.text) if wrong else None

    def _right_told(self, meaning: Understanding) -> str:
        """Return what is said to be right; who was asked what is wrong may tell a bare name (“是后寨子”), unless it surely is a matter."""
        text, names = meaning.text, self._answers.places
        right = first_clause(self._answers.right_alone(text))
        if self._stage is Stage.CONFIRM:
            return right or (text if names.is_number(text) else "")  # 6号楼
        right = right or (text if names.is_name(text) else "")
        is_sure = meaning.category_confidence >= self._policy.category_confidence
        is_matter = meaning.category is not None and is_sure
        is_name = names.is_name(right) or (names.is_bare(right) and not is_matter)
        return right if is_name or names.is_number(right) else ""

    def _named_wrongly(self, place: Place, right: str) -> str:
        """Return what a name that is said to be right stands for: another road, another house number, what is on the road, else the whole of where it is."""
        if self._answers.places.is_number(right):
            return self._answers.places.number_like(right, place.detail)
        is_alike = len(right) > _ALIKE and right[-_ALIKE:] in place.detail  # 后寨子, 前寨子村
        if self._stage is Stage.CONFIRM and not (is_alike or self._answers.places.is_name(right)):
            return ""
        road = place.address.road if place.address is not None else ""
        if place.address is not None and place.address.crossing and road and right.count(road[-1]) > 1:
            return place.detail  # 不对，是沂蒙路和银雀山路
        if road and road[-1] == right[-1]:
            return road
        on_it = place.detail.partition(road)[2] if road else ""
        return on_it if len(on_it) > 1 else place.detail  # 启阳路|如家酒店

    def _confirmation_understood(self, meaning: Understanding) -> Actions:
        meaning = self._with_named_place(meaning)
        slots = meaning.slots
        if slots.phone is not None and (told := self._phone_told(meaning, slots.phone)) is not None:
            return told
        is_dated_or_named = bool(slots.occurred or slots.people)  # “不对，是上周三”
        new_facts = slots.place is not None or meaning.category is not None or is_dated_or_named
        is_yes = meaning.intent is Intent.AFFIRM or self._answers.opens_with(meaning.text, Answer.YES)
        is_no = meaning.intent is Intent.DENY or self._answers.opens_with(meaning.text, Answer.NO)
        is_no = is_no and not self._answers.is_plain_yes(
            meaning.text
        )  # a model may misread what was misheard
        if is_yes and not is_no:
            return self._confirmed_and_more(meaning, has_facts=new_facts)
        is_figure = self._answers.has_figure(self._answers.right_alone(meaning.text))
        if is_no and not new_facts and not is_figure:
            return self._ask(Stage.CORRECT, Expected.OPEN, "what_is_wrong")
        if not new_facts and (is_figure if is_no else self._tells_more(meaning)):
            return self._noted(meaning)  # 不对，八千三
        if not is_no and not new_facts and meaning.intent is not Intent.APPEAL:
            self._no_matches += 1
            if self._no_matches >= self._most_no_matches:
                return self._transfer("not_understood")
            return self._ask_yes_no(Stage.CONFIRM, "confirm_unclear")
        if not is_no and self._is_beside_question(meaning):
            return self._kept_for_later(meaning.text)
        return self._supplemented(meaning)

    def _is_beside_question(self, meaning: Understanding) -> bool:
        """Whether something else is complained of where a question was read back (我们小区电梯也坏了; 我要投诉……): it is no part of what was asked."""
        known, told, text = self._draft.category, meaning.category, meaning.text
        asked, other = (nearest(code, self._categories) for code in (known, told))
        default = asked.default_kind if asked is not None else None
        is_question = AppealKind.INQUIRY in (self._draft.kind, default)
        is_sure = meaning.category_confidence >= SURELY_A_MATTER
        if not (is_question and is_sure) or other is None or told is None or known is None:
            return False
        is_asked = AppealKind.INQUIRY in (meaning.kind, other.default_kind) or self._answers.asks(text)
        if is_asked or self._answers.corrects(text):
            return False
        is_against = meaning.kind in _AGAINST and self._answers.of_orders.begins_matter(text)
        is_other = not (within(told, {known}) or within(known, {told}))
        return (is_against and is_other) or (self._is_elsewhere(meaning) and self._answers.tells_too(text))

    def _kept_for_later(self, text: str) -> Actions:
        """Keep another matter until this one is registered, and put the question again that was left open."""
        if self._next_matter:
            self._waiting = (*self._waiting, text)
        else:
            self._next_matter = text
        return self._ask_again_after(self._prompts.parts("matter_later"), "matter_later")

    def _phone_told(self, meaning: Understanding, phone: PhoneNumber) -> Actions | None:
        """Take a number to be called at, and read it back; None where something is put right beside it.

        In writing a number that was asked for together with the read-back takes the rest as it is, and so does a yes before it.
        """
        is_yes = self._draft.phone is None or self._answers.opens_with(meaning.text, Answer.YES)
        self._draft = replace(self._draft, phone=phone)
        is_no = self._answers.opens_with(meaning.text, Answer.NO)
        rest = len(han_only(meaning.text))
        is_more = is_no and (meaning.category is not None or rest > _LONGEST_LABEL)
        if meaning.slots.place is not None or is_more:
            return None
        self._draft = self._draft.filled(_only_when_and_who(meaning), self._policy)
        if is_yes and not (self._is_spoken or is_no) and rest <= _LONGEST_LABEL:
            return self._register()
        if rest > _LONGEST_LABEL:
            self._draft = self._draft.heard(meaning.text)
        return self._ask_yes_no(Stage.CONFIRM, "confirm_phone", phone=grouped(phone.digits))

    def _confirmed_and_more(self, meaning: Understanding, *, has_facts: bool) -> Actions:
        """Register what a yes confirms, with what was said beside it: a wish for secrecy, a fact, or another matter for later."""
        more, other = self._answers.more_after_yes(meaning.text), meaning.category
        is_sure = meaning.category_confidence >= self._policy.category_confidence
        is_other = other is not None and is_sure and at_level(other) != at_level(self._draft.category)
        if more and (is_other or self._answers.begins_elsewhere(more)):
            self._waiting = (more, *self._waiting)
            return self._register()
        is_bare = not (has_facts or more) and len(meaning.text) <= _BARE_YES
        draft = self._draft if is_bare else self._draft.heard(meaning.text)
        draft = draft.filled(_only_when_and_who(meaning), self._policy)
        is_secret = draft.wants_secrecy or meaning.slots.wants_secrecy
        self._draft = replace(draft, wants_secrecy=is_secret)
        return self._register()

    def _noted(self, meaning: Understanding) -> Actions:
        """Take down what was added, and ask anew."""
        if self._has_changed_enough(meaning.text):
            return self._transfer("not_understood")
        if self._is_same_place(self._draft, meaning):
            return self._next_question()
        self._draft = self._draft.heard(meaning.text).filled(meaning, self._policy)
        return self._confirm_after("secrecy_wished" if meaning.slots.wants_secrecy else "facts_noted")

    def _has_changed_enough(self, text: str) -> bool:
        """Count one more correction, or addition, and tell whether a person had better take over."""
        if self._stage is Stage.CORRECT or self._answers.corrects(text):
            self._corrections += 1
        else:
            self._additions += 1
        is_wrong_again = self._corrections > self._policy.max_corrections
        return is_wrong_again or self._additions > self._policy.max_additions

    def _tells_more(self, meaning: Understanding) -> bool:
        """Whether words that answer nothing add to the matter (“花了1899块”, “就是村东头那条路”): none are lost."""
        is_bare = meaning.intent is Intent.UNKNOWN and len(meaning.text) >= LEAST_FACT
        return bool(meaning.slots.facts) or meaning.slots.wants_secrecy or is_bare

    def _confirm_after(self, lead: str) -> Actions:
        """Ask anew whether it is right: by voice without reading it all back, in writing with the form as it is now."""
        return self._with_card(self._ask_yes_no(Stage.CONFIRM, lead, "confirm_short"), self._form_card())

    def _supplemented(self, meaning: Understanding) -> Actions:
        """Take more words to the matter: the citizen corrects or completes it."""
        if self._stage in (Stage.CORRECT, Stage.CONFIRM):
            if self._has_changed_enough(meaning.text):
                return self._transfer("not_understood")
            if self._stage is Stage.CORRECT or self._answers.corrects(meaning.text):
                self._draft = replace(self._draft, category_confidence=0.0)
        place = meaning.slots.place
        if place is not None and is_alone(place, meaning.text):
            meaning = replace(meaning, kind=None, category=None, choices=())  # 城建花园 is no matter
        elif self._stage is Stage.CONFIRM and not self._corrects_matter(meaning):
            meaning = replace(meaning, category=None, choices=())  # “公司叫鑫达物流”, “车牌记不住”
        before, self._draft = self._draft, self._draft.heard(meaning.text).filled(meaning, self._policy)
        if self._stage is Stage.CONFIRM and self._is_same_place(before, meaning):
            self._draft = before
            return self._next_question()
        if meaning.category is None:
            self._draft = self._named_behind(self._draft, meaning)
        if self._stage is Stage.CONFIRM and self._sounds_as(before):
            # The same words again would sound as if it were lost.
            is_new_wish = self._draft.wants_secrecy and not before.wants_secrecy
            return self._confirm_after("secrecy_wished" if is_new_wish else "facts_noted")
        return self._next_question()

    def _is_same_place(self, before: Draft, meaning: Understanding) -> bool:
        """Whether only the place that was read back is said once more: nothing is added, and all is read back."""
        said, known = meaning.slots.place, before.place
        if said is None and known is not None:
            name = han_only(meaning.text)
            return len(name) > _ALIKE and name in han_only(known.detail)  # 开元小区, of 开元小区3号楼
        if said is None or known is None or not is_alone(said, meaning.text):
            return False
        is_more = meaning.slots.wants_secrecy and not before.wants_secrecy
        is_there = said.county_code in (None, known.county_code) and said.detail in known.detail
        is_there = is_there and said.street_code in (None, known.street_code)
        return is_there and not is_more and not self._answers.corrects(meaning.text)

    def _sounds_as(self, before: Draft) -> bool:
        """Whether the draft is complete, and read back word for word as ``before``, though it holds more (“车牌号是……”)."""
        if len(self._draft.accounts) == len(before.accounts):
            return False
        is_complete = self._draft.missing(self._categories, self._policy) is Missing.NOTHING
        was, now = (
            draft.matter(self._prompts, self._categories, self._answers.briefs)
            for draft in (before, self._draft)
        )
        return is_complete and was == now

    def _corrects_matter(self, meaning: Understanding) -> bool:
        """Whether the class that was read back is to change: it was said to be wrong, or is told more finely."""
        known = self._draft.category
        is_finer = known is None or within(meaning.category, {known})
        return is_finer or self._answers.corrects(meaning.text)
