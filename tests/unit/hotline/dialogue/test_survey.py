"""What a citizen hears in a revisit call, and what is written down of it."""

from __future__ import annotations

import pytest

from hotline.dialogue.actions import Action, End, GiveWayToEmergency, Listen, Outcome, Say, TransferToAgent
from hotline.dialogue.events import (
    AgentJoined,
    Event,
    FellSilent,
    HearingLost,
    HungUp,
    KeyPressed,
    NoAgentFree,
    PartlySaid,
    Said,
    Started,
    TransferFailed,
)
from hotline.dialogue.survey import SurveySession
from hotline.dialogue.survey_result import Ending, Subject
from hotline.dialogue.talk_events import LeftAlone, TalkSaid
from hotline.domain.appeal import ContactChannel, EmergencyService
from hotline.domain.deeds import Resolution, Revisit, Satisfaction
from tests.builders import NOW
from tests.surveys import NUMBER, SURVEY_PROMPTS, SURVEY_WORDS, a_survey


class Call:
    """A revisit call, driven by what the citizen does."""

    def __init__(self, *, is_secret: bool = False) -> None:
        self.session: SurveySession = a_survey(Subject(NUMBER, "路灯不亮的事", is_secret))
        self.did: list[Action] = []
        self.text = ""
        self.happens(Started(NOW, "revisit-1", ContactChannel.PHONE))

    @property
    def turn(self) -> int:
        """The turn that is open."""
        return max(action.turn for action in self.did if isinstance(action, Say))

    @property
    def heard(self) -> tuple[str, ...]:
        """The prompts that were played last."""
        return next(action.prompts for action in reversed(self.did) if isinstance(action, Say))

    def happens(self, event: Event) -> None:
        """Let ``event`` happen."""
        actions = self.session.handle(event)
        self.did.extend(actions)
        self.text += "".join(action.text for action in actions if isinstance(action, Say))

    def says(self, *texts: str) -> None:
        """Let the citizen say ``texts``, one after another."""
        for text in texts:
            self.happens(Said(NOW, text, text))

    def presses(self, keys: str) -> None:
        """Let the citizen press ``keys``."""
        for key in keys:
            self.happens(KeyPressed(NOW, key))

    def is_silent(self) -> None:
        """Let the time for an answer pass."""
        self.happens(FellSilent(NOW, self.turn))

    @property
    def revisit(self) -> Revisit:
        """What is written down."""
        return self.session.result.revisit(SURVEY_PROMPTS)


def test_a_content_citizen_is_asked_four_questions_and_thanked() -> None:
    call = Call()
    assert call.heard == ("greeting", "ask_person")
    call.says("是我")
    assert call.heard == ("about", "ask_convenient")
    assert "261123 00001" in call.text
    call.says("方便，可以")
    call.says("可以")
    call.says("联系过了", "修好了", "满意", "非常满意")
    assert call.heard == ("thanks",)
    assert call.did[-1] == End(Outcome.ANSWERED)
    assert call.revisit == Revisit(
        is_reached=True,
        how="智能语音电话回访",
        was_contacted=True,
        resolution=Resolution.RESOLVED,
        result=Satisfaction.SATISFIED,
        attitude=Satisfaction.SATISFIED,
        remark="已接通，问完。",
    )


def test_keys_answer_every_question() -> None:
    call = Call()
    call.presses("112" + "323")
    assert call.heard == ("ask_reason",)
    call.presses("1")
    assert call.heard == ("thanks_unhappy",)
    assert (call.session.result.was_contacted, call.session.result.resolution) == (
        False,
        Resolution.UNRESOLVED,
    )
    assert (call.session.result.result, call.session.result.attitude) == (
        Satisfaction.MOSTLY,
        Satisfaction.DISSATISFIED,
    )


def test_a_discontent_citizen_is_asked_why_and_their_words_are_kept() -> None:
    call = Call()
    call.says("是的", "可以", "没有", "没解决", "不满意", "一般")
    assert call.heard == ("ask_reason",)
    call.says("灯还是不亮，来了一趟就走了")
    assert call.revisit.remark == "已接通，问完。诉求人的话：灯还是不亮，来了一趟就走了"
    assert call.revisit.result is Satisfaction.DISSATISFIED


def test_a_reason_that_was_given_already_is_not_asked_for_again() -> None:
    call = Call()
    call.says("是的", "可以", "没有", "根本没解决，路灯到现在还是一个都不亮", "不满意", "不满意")
    assert call.heard == ("thanks_unhappy",)
    assert "路灯到现在还是一个都不亮" in call.revisit.remark


@pytest.mark.parametrize("words", ["打错了", "不是我", "你打错电话了"])
def test_somebody_else_is_told_nothing(words: str) -> None:
    call = Call()
    call.says(words)
    assert call.heard == ("wrong_person",)
    assert call.session.result.ending is Ending.WRONG_PERSON
    assert "路灯" not in call.text
    assert "00001" not in call.text
    assert call.revisit.is_reached is False


def test_the_matter_of_a_secret_order_is_never_spoken() -> None:
    call = Call(is_secret=True)
    call.says("是我", "可以", "联系过", "解决了", "满意", "满意")
    assert "路灯" not in call.text
    assert call.revisit.is_reached is True


def test_who_has_no_time_says_when_and_counts_as_not_reached() -> None:
    call = Call()
    call.says("是我", "我在开会")
    assert call.heard == ("ask_when",)
    call.says("明天下午三点吧")
    assert call.heard == ("postponed",)
    assert call.revisit == Revisit(
        is_reached=False, how="智能语音电话回访", remark="本人说现在不方便。希望的时间：明天下午三点吧"
    )


@pytest.mark.parametrize(
    "words", ["您好，您拨打的电话暂时无法接通，请稍后再拨", "请在提示音后留言", "啊" * 40]
)
def test_a_machine_is_left_no_message(words: str) -> None:
    call = Call()
    call.says(words)
    assert call.heard == ("voicemail",)
    assert call.did[-1] == End(Outcome.FAILED)
    assert call.session.result.ending is Ending.VOICEMAIL
    assert "路灯" not in call.text


def test_a_machine_is_known_before_it_has_finished() -> None:
    call = Call()
    call.happens(PartlySaid(NOW, "您拨打的用户正在通话中"))
    assert call.session.result.ending is Ending.VOICEMAIL


def test_nobody_speaking_is_asked_once_more_and_then_left() -> None:
    call = Call()
    call.is_silent()
    assert call.heard == ("ask_person_again",)
    call.is_silent()
    assert call.heard == ("silent",)
    assert call.session.result.ending is Ending.SILENT


def test_a_question_that_is_not_understood_stays_unanswered() -> None:
    call = Call()
    call.says("是我", "可以", "联系过", "解决了", "这个嘛", "随便", "不知道啊")
    assert call.heard == ("ask_attitude",)
    call.says("满意")
    assert call.heard == ("thanks_partly",)
    assert call.revisit == Revisit(
        is_reached=False,
        how="智能语音电话回访",
        was_contacted=True,
        remark="已接通，没有问完。单位联系过、已解决、对过程满意",
    )


def test_who_hangs_up_half_way_has_said_what_they_said() -> None:
    call = Call()
    call.says("是我", "可以", "没联系", "没解决")
    call.happens(HungUp(NOW))
    assert call.revisit.remark == "已接通，没有问完。单位没有联系过、未解决"
    assert call.revisit.is_reached is False


def test_who_hangs_up_at_once_was_not_reached() -> None:
    call = Call()
    call.happens(HungUp(NOW))
    assert call.session.result.ending is Ending.HUNG_UP


@pytest.mark.parametrize("after", [(), ("是我",), ("是我", "可以", "联系过")])
def test_a_person_can_be_asked_for_at_every_moment(after: tuple[str, ...]) -> None:
    by_word, by_key = Call(), Call()
    by_word.says(*after, "转人工")
    by_key.says(*after)
    by_key.presses("0")
    assert isinstance(by_word.did[-1], TransferToAgent)
    assert by_word.did[-1] == by_key.did[-1]
    by_word.happens(AgentJoined(NOW, by_word.turn))
    assert by_word.session.outcome is Outcome.AGENT


def test_no_agent_free_promises_a_call_back() -> None:
    call = Call()
    call.says("转人工")
    call.happens(NoAgentFree(NOW, call.turn))
    assert call.heard == ("agent_busy", "agent_failed")
    assert (call.session.result.ending, call.session.result.wants_agent) == (Ending.AGENT_WANTED, True)


def test_who_is_left_alone_by_the_agents_is_called_back() -> None:
    call = Call()
    call.says("转人工")
    call.happens(AgentJoined(NOW, call.turn, "1024"))
    call.happens(LeftAlone(NOW))
    assert call.heard == ("agent_busy", "agent_failed")
    assert call.did[-1] == End(Outcome.FAILED)
    assert (call.session.result.ending, call.session.result.wants_agent) == (Ending.AGENT_WANTED, True)


@pytest.mark.parametrize(
    "after", [(), ("是", "方便"), ("是", "方便", "联系过", "没解决", "不满意", "不满意")]
)
def test_a_state_secret_ends_the_call_and_no_word_of_it_is_kept(after: tuple[str, ...]) -> None:
    call = Call()
    call.says(*after, "他们把一份绝密文件就扔在路边，我拍下来了")
    assert call.heard == ("secret",)
    assert call.did[-1] == End(Outcome.FAILED)
    assert (call.session.is_secret, call.session.result.words) == (True, ())
    assert "绝密" not in call.revisit.remark


def test_a_state_secret_that_is_told_an_agent_ends_no_talk_and_is_forgotten() -> None:
    call = Call()
    call.says("转人工")
    call.happens(AgentJoined(NOW, call.turn, "1024"))
    before = len(call.did)
    call.happens(TalkSaid(NOW, "citizen", "那是军事秘密", "那是军事秘密"))
    assert (call.session.is_secret, len(call.did)) == (True, before)
    assert call.session.result.ending is Ending.HANDED_OVER


def test_who_wants_no_calls_gets_none() -> None:
    call = Call()
    call.says("是我", "别再打了")
    assert call.heard == ("refused",)
    assert call.session.result.stop is True


def test_an_emergency_is_handed_over_at_once() -> None:
    call = Call()
    call.says("是我", "我家着火了")
    assert call.did[-1] == GiveWayToEmergency(
        call.turn, EmergencyService.FIRE, f"回访工单{NUMBER}。已答：没有回答"
    )
    call.happens(TransferFailed(NOW, call.turn))
    assert call.heard == ("emergency_failed",)
    assert isinstance(call.did[-1], TransferToAgent)


def test_a_possible_emergency_is_asked_about_once_and_the_question_goes_on() -> None:
    call = Call()
    call.says("是我", "可以", "当时着火他们也没来")
    assert call.heard == ("emergency_check",)
    call.says("不是")
    assert call.heard == ("ask_contacted",)


def test_hearing_that_fails_leads_to_keys() -> None:
    call = Call()
    call.says("是我", "可以")
    call.happens(HearingLost(NOW, is_engine_down=True))
    assert call.heard == ("not_understood", "ask_contacted_again")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("满意", Satisfaction.SATISFIED),
        ("挺满意的，谢谢", Satisfaction.SATISFIED),
        ("没意见", Satisfaction.SATISFIED),
        ("不错", Satisfaction.SATISFIED),
        ("不好意思，满意", Satisfaction.SATISFIED),
        ("基本满意吧", Satisfaction.MOSTLY),
        ("还行", Satisfaction.MOSTLY),
        ("不满意", Satisfaction.DISSATISFIED),
        ("部满意", Satisfaction.DISSATISFIED),
        ("一点也不好", Satisfaction.DISSATISFIED),
        ("满意什么呀", None),
        ("怎么可能满意", None),
        ("要是修好了我就满意", None),
        ("没有不满意", None),
        ("还行吧，就是不满意", None),
        ("对", None),
        ("嗯", None),
        ("好的", None),
        ("慢一点", None),
        ("", None),
    ],
)
def test_only_clear_words_say_how_satisfied_somebody_is(text: str, said: Satisfaction | None) -> None:
    assert SURVEY_WORDS.satisfaction(text) is said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("解决了", Resolution.RESOLVED),
        ("是的", Resolution.RESOLVED),
        ("已经修好了", Resolution.RESOLVED),
        ("解决了一部分", Resolution.MOSTLY),
        ("没有完全解决", Resolution.MOSTLY),
        ("没有", Resolution.UNRESOLVED),
        ("还没解决呢", Resolution.UNRESOLVED),
        ("正在办", Resolution.UNRESOLVED),
        ("解决了吗", None),
        ("不知道", None),
    ],
)
def test_only_clear_words_say_whether_a_matter_is_resolved(text: str, said: Resolution | None) -> None:
    assert SURVEY_WORDS.resolution(text) is said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("是我本人", True),
        ("是的", True),
        ("我是", True),
        ("是啊，怎么了", True),
        ("嗯，是的，什么事", True),
        ("不是", False),
        ("我是他儿子", False),
        ("是我爸打的", False),
        ("是我老婆反映的", False),
        ("我是派来的", None),  # “我是他儿子” as the recogniser may hear it
        ("是什么事", None),
        ("是谁啊", None),
        ("你说", None),
    ],
)
def test_only_who_says_so_is_the_citizen(text: str, said: bool | None) -> None:
    assert SURVEY_WORDS.is_person(text) is said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("方便", True),
        ("方便，你说吧", True),
        ("行，你说", True),
        ("可以", True),
        ("放便", True),
        ("方便吗", None),
        ("有事吗", None),
    ],
)
def test_who_can_talk_says_so_in_many_ways(text: str, said: bool | None) -> None:
    assert (SURVEY_WORDS.is_busy(text), SURVEY_WORDS.is_convenient(text)) == (False, said)


@pytest.mark.parametrize("text", ["不方便", "现在不太方便", "我在开车", "没空"])
def test_who_has_no_time_is_not_asked_on(text: str) -> None:
    assert SURVEY_WORDS.is_busy(text)


@pytest.mark.parametrize(
    ("text", "said"), [("来人看了", True), ("打过电话了", True), ("没人来", False), ("没人找过我", False)]
)
def test_whether_the_unit_got_in_touch_is_said_in_many_ways(text: str, said: bool) -> None:
    assert SURVEY_WORDS.is_contacted(text) is said


def test_the_recogniser_leans_to_good_and_bad_answers_alike() -> None:
    session = a_survey()
    session.handle(Started(NOW, "revisit-1", ContactChannel.PHONE))
    leanings = []
    for words in ("是我", "方便", "联系过", "解决了", "满意"):
        actions = session.handle(Said(NOW, words, words))
        leanings += [action.choices for action in actions if isinstance(action, Listen)]
    assert leanings[-1] == ("满意", "基本满意", "不满意")
    assert leanings[2] == ("没解决", "解决了", "基本解决了")
    assert len(leanings) == 5
