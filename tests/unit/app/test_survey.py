"""A city's files make a revisit call."""

from __future__ import annotations

from app.survey import survey_maker
from hotline.city import load_city
from hotline.dialogue.actions import Say
from hotline.dialogue.events import Said, Started
from hotline.dialogue.survey_result import Subject
from hotline.domain.appeal import ContactChannel
from tests.builders import LINYI, NOW


def test_the_city_calls_back_about_an_order() -> None:
    session = survey_maker(load_city(LINYI))(Subject("26112300001", "供暖", is_secret=False))
    session.handle(Started(NOW, "revisit-1", ContactChannel.PHONE))
    say = session.handle(Said(NOW, "是我", "是我"))[0]
    assert isinstance(say, Say)
    assert say.parts == (
        "关于您反映的供暖问题，",
        "工单编号261123 ",
        "00001，",
        "想用一分钟听听您的意见。",
        "请问您现在方便吗？",
    )
