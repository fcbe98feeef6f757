"""Diversions are proposed and said, secrecy is asked about, and every contact can be recorded."""

from __future__ import annotations

import pytest

from hotline.dialogue.actions import End, Outcome, RegisterAppeal, Say, TransferToAgent
from hotline.dialogue.diversions import DiversionWords
from hotline.dialogue.events import (
    AgentJoined,
    EngineFailed,
    FellSilent,
    HungUp,
    KeyPressed,
    NoAgentFree,
    PassagesFound,
)
from hotline.dialogue.intake import Draft, Missing
from hotline.dialogue.policy import Policy
from hotline.domain.appeal import AppealKind, ContactChannel, EmergencyService, Place, Secrecy
from hotline.domain.diversion import ContactOutcome, Diversion, DiversionOutcome
from hotline.domain.errors import CityConfigError
from hotline.domain.knowledge import Passage
from hotline.domain.meaning import Intent, Understanding
from tests.builders import CATEGORIES, LANSHAN, NOW, a_complaint, a_meaning, a_passage, an_article, prompts
from tests.talking import Conversation, with_a_complaint

FEIXIAN = Place(
    said="费县探沂镇", county_code="371325", county="费县", street_code="371325104", street="探沂镇"
)


def proposed(text: str, **values: object) -> Diversion | None:
    call = Conversation()
    call.says(text, a_complaint(text, **{"place": LANSHAN, **values}))
    while call.heard[-1] in ("ask_place", "ask_place_again"):
        call.says("说不清", a_meaning("说不清", Intent.UNKNOWN))
    call.says("对")
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    return order.diversion


@pytest.mark.parametrize(
    ("text", "word", "told"),
    [
        ("法院判了物业还不退钱", "法院判了",
         "您说的事情涉及诉讼，按规定要通过诉讼程序解决，请向人民法院，诉讼服务热线12368提出。"),
        ("老板欠工资仲裁裁决下来也不给", "仲裁裁决",
         "您说的事情涉及仲裁，按规定要通过仲裁程序解决，请向受理的仲裁机构提出。"),
        ("村主任贪污低保钱", "贪污",
         "您说的事情涉及纪检监察，按规定要通过纪检监察程序解决，请向纪检监察机关，举报电话12388提出。"),
    ],
)  # fmt: skip
def test_a_statutory_channel_is_proposed_with_reason_and_telling(text: str, word: str, told: str) -> None:
    assert proposed(text) == Diversion(DiversionOutcome.STATUTORY_CHANNEL, f"原话提到“{word}”", told)


def test_what_is_diverted_is_registered_all_the_same_and_the_citizen_hears_both() -> None:
    call = Conversation()
    call.says("法院判了物业还不退钱", a_complaint("法院判了物业还不退钱", place=LANSHAN))
    call.says("对")
    call.is_registered(unit=None)
    assert call.said == (
        "您说的事情涉及诉讼，按规定要通过诉讼程序解决，请向人民法院，诉讼服务热线12368提出。已受理，请您记一下工单编号，"
        "261123 00001。您说的情况我已经如实登记，工作人员核实后给您答复。请问还有其他问题吗？"
    )


def test_a_place_in_another_city_is_proposed_for_that_city() -> None:
    found = proposed("我在济南买的健身卡不给退", place=None, category=None)
    assert found == Diversion(
        DiversionOutcome.OTHER_CITY, "原话提到“济南”",
        "您说的事情发生在济南，请拨打当地的12345反映，外地拨打加当地区号。",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("暖气不热", {}),
        ("路灯坏了就在北京路上", {"place": None, "category": None}),
        ("我在济南上班，家里暖气不热", {"place": None, "category": None}),
        ("在济南买的东西坏了", {"place": FEIXIAN}),
        ("行政复议怎么申请", {"kind": AppealKind.INQUIRY, "category": "0303", "place": None}),
    ],
    ids=["nothing of it", "a road named so", "only works there", "the place is ours", "only asks how"],
)
def test_nothing_is_proposed_without_ground(text: str, values: dict[str, object]) -> None:
    appeal = Draft(accounts=(text,), kind=AppealKind.HELP).appeal(
        CATEGORIES, ContactChannel.PHONE, is_confirmed=True
    )
    words = Conversation().session._diversions
    changed = {key: value for key, value in values.items() if key in ("place", "kind", "category")}
    assert words.proposal(type(appeal)(**{**_fields(appeal), **changed}), prompts()) is None


def _fields(appeal: object) -> dict[str, object]:
    return {name: getattr(appeal, name) for name in appeal.__slots__}  # type: ignore[attr-defined]


def test_a_broken_list_says_where() -> None:
    with pytest.raises(CityConfigError, match="分流线索缺少内容"):
        DiversionWords({"statutory_channel": [{"matter": "诉讼"}]}, file="diversions.yaml")


def test_an_emergency_is_recorded_with_its_diversion() -> None:
    call = Conversation()
    call.says("我家着火了")
    (record,) = call.happens(AgentJoined(NOW, call.turn))
    assert isinstance(record, RegisterAppeal)
    assert record.appeal.emergency is EmergencyService.FIRE
    assert record.diversion == Diversion(
        DiversionOutcome.EMERGENCY_LINE, "原话提到“着火了”", "情况紧急，已经为您转接119。"
    )


def test_nuisance_is_warned_of_then_a_person_judges_and_an_emergency_still_gets_through() -> None:
    call = Conversation()
    call.says("骂人的话", a_meaning("骂人的话", Intent.NUISANCE))
    assert call.heard == ("warn_nuisance",)
    assert call.session.contact_outcome is ContactOutcome.NUISANCE
    assert call.session.so_far.text == "骂人的话"
    call.says("还是骂人", a_meaning("还是骂人", Intent.NUISANCE))
    transfer = call.did[-1]
    assert isinstance(transfer, TransferToAgent)
    assert transfer.reason == "nuisance"
    call = Conversation()
    call.says("骂人的话", a_meaning("骂人的话", Intent.NUISANCE))
    call.says("我家着火了")
    assert call.session.contact_outcome is ContactOutcome.EMERGENCY


def test_secrecy_is_not_asked_about_when_it_was_said() -> None:
    call = Conversation()
    call.says(
        "举报工厂偷排，别说是我举报的",
        a_complaint(
            "举报工厂偷排，别说是我举报的", kind=AppealKind.TIP_OFF, place=LANSHAN, wants_secrecy=True
        ),
    )
    assert call.heard == ("confirm",)
    call.says("对")
    call.is_registered()
    assert "您的身份信息会保密，承办单位看不到您的姓名、电话和录音，由热线转达。" in call.said


def test_secrecy_is_asked_for_tip_offs_and_for_complaints_of_the_citys_categories_only() -> None:
    policy = Policy(secrecy_categories=frozenset({"0101"}))
    draft = Draft(accounts=("暖气公司乱收费",), category="0101", place=LANSHAN)
    kinds = (AppealKind.COMPLAINT, AppealKind.TIP_OFF, AppealKind.HELP)
    asked = [
        Draft(accounts=draft.accounts, category="0101", place=LANSHAN, kind=kind).missing(CATEGORIES, policy)
        for kind in kinds
    ]
    assert asked == [Missing.SECRECY, Missing.SECRECY, Missing.NOTHING]
    plain = Draft(accounts=draft.accounts, category="0101", place=LANSHAN, kind=AppealKind.COMPLAINT)
    assert plain.missing(CATEGORIES, Policy()) is Missing.NOTHING


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("需要", None),
        ("匿名", None),
        ("要保密", None),
        ("这要给我保密啊", a_meaning("这要给我保密啊", Intent.UNKNOWN, wants_secrecy=True)),
    ],
)
def test_a_wish_for_secrecy_is_kept_and_said(answer: str, meaning: Understanding | None) -> None:
    call = Conversation()
    call.says("举报工厂偷排", a_complaint("举报工厂偷排", kind=AppealKind.TIP_OFF, place=LANSHAN))
    assert call.heard == ("ask_secrecy_tip_off",)
    call.says(answer, meaning)
    assert call.heard == ("confirm",)
    call.says("对")
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert order.appeal.secrecy is Secrecy.CONFIDENTIAL
    call.is_registered()
    assert "secrecy_noted" in call.heard


def test_the_keys_answer_the_question_of_secrecy() -> None:
    for key, heard in (("1", ("confirm",)), ("2", ("secrecy_by_law", "confirm"))):
        call = Conversation()
        call.says("举报工厂偷排", a_complaint("举报工厂偷排", kind=AppealKind.TIP_OFF, place=LANSHAN))
        call.happens(KeyPressed(NOW, key))
        assert call.heard == heard


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("不用保密", None),
        ("不需要", None),
        ("没那个必要", a_meaning("没那个必要", Intent.DENY)),
    ],
)
def test_who_waives_secrecy_for_a_tip_off_is_told_that_the_law_keeps_it(
    answer: str, meaning: Understanding | None
) -> None:
    call = Conversation()
    call.says("举报工厂偷排", a_complaint("举报工厂偷排", kind=AppealKind.TIP_OFF, place=LANSHAN))
    call.says(answer, meaning)
    assert call.heard == ("secrecy_by_law", "confirm")
    assert call.session.so_far.secrecy is Secrecy.CONFIDENTIAL


def test_what_is_said_instead_of_an_answer_about_secrecy_is_added_to_the_matter() -> None:
    call = Conversation()
    call.says("举报工厂偷排", a_complaint("举报工厂偷排", kind=AppealKind.TIP_OFF, place=LANSHAN))
    call.says("都是半夜排的", a_complaint("都是半夜排的", kind=AppealKind.TIP_OFF))
    assert call.heard == ("ask_secrecy_tip_off",)
    call.says("不用")
    assert call.heard == ("secrecy_by_law", "confirm")
    assert call.session.so_far.text == "举报工厂偷排，都是半夜排的"


# --- after an answer that asks for a place ---------------------------------------------------------------------


def asked_about_a_lamp() -> Conversation:
    article = an_article(spoken="路灯由城管维修。您说出位置，我来登记。", category="0101")
    call = Conversation()
    call.says("路灯坏了归谁管", a_complaint("路灯坏了归谁管", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (Passage(article, 0.9, is_confident=True),)))
    return call


def test_a_place_said_after_an_answer_that_asks_for_it_becomes_an_appeal_of_the_questions_category() -> None:
    call = asked_about_a_lamp()
    call.says("在费县探沂镇", a_meaning("在费县探沂镇", Intent.UNKNOWN, place=FEIXIAN))
    assert call.heard == ("confirm",)
    call.says("对")
    order = call.last(RegisterAppeal)
    assert isinstance(order, RegisterAppeal)
    assert (order.appeal.category, order.appeal.place, order.appeal.kind, order.appeal.text) == (
        "0101", FEIXIAN, AppealKind.HELP, "路灯坏了归谁管，在费县探沂镇",
    )  # fmt: skip


def test_a_new_question_after_such_an_answer_stays_a_question() -> None:
    call = asked_about_a_lamp()
    call.says(
        "费县公积金怎么提取",
        a_complaint("费县公积金怎么提取", kind=AppealKind.INQUIRY, category="0303", place=FEIXIAN),
    )
    assert [type(action).__name__ for action in call.did[-1:]] == ["LookUp"]


def test_more_than_a_place_after_an_answer_that_does_not_ask_for_one_is_a_new_matter() -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.says("在费县探沂镇路灯坏了", a_meaning("在费县探沂镇路灯坏了", Intent.APPEAL, place=FEIXIAN))
    assert call.session.so_far.text == "在费县探沂镇路灯坏了"


# --- every contact can be recorded -------------------------------------------------------------------------------


def test_who_takes_the_matter_back_is_heard_and_it_is_recorded_as_withdrawn() -> None:
    call = with_a_complaint()
    call.says("算了不投诉了")
    assert call.heard == ("withdrawn", "anything_more")
    assert call.says("没有了")[-1] == End(Outcome.FAILED)
    assert call.session.contact_outcome is ContactOutcome.WITHDRAWN
    assert call.session.so_far.text == "兰山区银雀山街道暖气不热"


@pytest.mark.parametrize("text", ["算了，我不反应了，不用登记了", "不投诉了"])
def test_who_takes_the_matter_back_in_so_many_words_is_heard_whatever_the_model_makes_of_them(
    text: str,
) -> None:
    call = Conversation()
    call.says("我家暖气不热", a_complaint("我家暖气不热"))
    call.says(text)
    assert call.heard == ("withdrawn", "anything_more")
    assert call.session.contact_outcome is ContactOutcome.WITHDRAWN


def test_who_tells_of_somebody_who_took_a_matter_back_takes_nothing_back() -> None:
    text = "邻居说他们单位答应修了他就不投诉了，可是到现在也没有人来修"
    call = with_a_complaint()
    call.says(text, a_complaint(text))
    assert call.heard == ("facts_noted", "confirm_short")


def test_who_begins_anew_after_taking_back_is_no_longer_withdrawn() -> None:
    call = with_a_complaint()
    call.says("算了不投诉了")
    call.says("路灯坏了没人修", a_complaint("路灯坏了没人修"))
    assert call.session.contact_outcome is ContactOutcome.TO_AGENT


def test_a_call_without_a_word_is_abandoned_and_recorded_as_invalid() -> None:
    call = Conversation()
    assert call.happens(HungUp(NOW)) == (End(Outcome.FAILED),)
    assert call.session.contact_outcome is ContactOutcome.ABANDONED
    assert (call.session.so_far.kind, call.session.so_far.text) == (AppealKind.INVALID, "")


def test_a_call_handed_to_a_person_is_recorded_for_them() -> None:
    call = Conversation()
    call.says("转人工")
    call.happens(AgentJoined(NOW, call.turn))
    assert call.session.contact_outcome is ContactOutcome.TO_AGENT
    assert call.session.so_far.text == "转人工"


def test_an_answered_question_is_recorded_as_answered_with_its_words() -> None:
    call = Conversation()
    call.says("什么时候供暖", a_complaint("什么时候供暖", kind=AppealKind.INQUIRY))
    call.happens(PassagesFound(NOW, call.turn, (a_passage(),)))
    call.happens(FellSilent(NOW, call.turn))
    record = call.session.so_far
    assert (call.session.contact_outcome, record.kind, record.text, record.category) == (
        ContactOutcome.ANSWERED, AppealKind.INQUIRY, "什么时候供暖", "0101",
    )  # fmt: skip


def test_a_matter_that_could_not_be_registered_is_recorded_for_a_person() -> None:
    call = with_a_complaint()
    call.says("对")
    call.happens(EngineFailed(NOW, call.turn, "store"))
    call.happens(NoAgentFree(NOW, call.turn))
    call.happens(EngineFailed(NOW, call.turn, "store"))
    assert call.session.contact_outcome is ContactOutcome.TO_AGENT
    assert call.session.so_far.text == "兰山区银雀山街道暖气不热"


def test_every_diversion_has_words_for_phone_and_chat() -> None:
    blanks = dict.fromkeys(("service", "matter", "to", "number", "place"), "某")
    for channel in (ContactChannel.PHONE, ContactChannel.WEB_CHAT):
        for outcome in DiversionOutcome:
            assert len(prompts(channel).text(f"divert_{outcome.value}", **blanks)) > 10


def test_nothing_is_said_of_an_order_before_it_exists() -> None:
    call = Conversation()
    call.says("法院判了物业还不退钱", a_complaint("法院判了物业还不退钱", place=LANSHAN))
    call.says("对")
    assert "已受理" not in "".join(action.text for action in call.did if isinstance(action, Say))


@pytest.mark.parametrize("text", ["我这里有份绝密文件要反映", "单位泄露国家秘密", "隔壁就是某部队番号的营区"])
def test_what_may_be_a_state_secret_ends_the_talk_and_is_not_kept(text: str) -> None:
    call = Conversation()
    call.says("我要举报", a_complaint("我要举报", kind=AppealKind.TIP_OFF))
    call.says(text)
    assert "divert_secret" in call.heard
    assert isinstance(call.last(End), End)
    assert call.session.is_secret
    assert call.session.contact_outcome is ContactOutcome.SECRET
    assert (call.session.so_far.text, call.session.so_far.kind) == ("", AppealKind.INVALID)


@pytest.mark.parametrize("text", ["什么是国家秘密", "这不涉及国家秘密", "请给我保密"])
def test_who_only_speaks_of_secrecy_is_heard(text: str) -> None:
    call = Conversation()
    call.says(text)
    assert not call.session.is_secret


def test_an_emergency_comes_before_any_secret() -> None:
    call = Conversation()
    call.says("绝密文件库着火了快来人")
    assert not call.session.is_secret
    assert call.session.contact_outcome is ContactOutcome.EMERGENCY


@pytest.mark.parametrize(
    ("text", "is_proposed"),
    [
        ("信访事项：兰山区银雀山街道路灯不亮", False),
        ("您好，信访件：路灯不亮", False),
        ("信访件半年了没答复", True),
        ("信访事项：路灯不亮，信访复查也没结果", True),
    ],
)
def test_the_heading_of_a_letter_is_no_procedure(text: str, is_proposed: bool) -> None:
    assert (proposed(text) is not None) is is_proposed
