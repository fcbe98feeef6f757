"""What has changed between two versions of an article."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hotline.domain.knowledge import Attachment
from knowledge_base.differences import FieldChange, Mark, MarkedField, differences, marked
from tests.articles import a_full_article

OLD = a_full_article(full="采暖期为11月10日至次年3月20日。遇特殊天气可以提前。", tags=("供暖", "时间"))


def test_the_same_article_has_no_differences_whatever_its_version() -> None:
    assert differences(OLD, replace(OLD, version=7)) == ()


def test_a_text_is_compared_by_parts_of_sentences() -> None:
    new = replace(OLD, full="采暖期为11月15日至次年3月20日。遇特殊天气可以提前。")
    assert differences(OLD, new) == (
        FieldChange("full", ("采暖期为11月10日至次年3月20日。",), ("采暖期为11月15日至次年3月20日。",)),
    )


def test_lists_days_truths_and_attachments_are_compared_by_entry() -> None:
    new = replace(
        OLD,
        questions=(*OLD.questions[1:], "多咱来暖气"),
        valid_until=date(2027, 3, 1),
        is_confirmed=True,
        attachments=(Attachment("表", "a.pdf"),),
    )
    assert differences(OLD, new) == (
        FieldChange("questions", ("暖气哪天来",), ("多咱来暖气",)),
        FieldChange("valid_until", (), ("2027-03-01",)),
        FieldChange("is_confirmed", ("False",), ("True",)),
        FieldChange("attachments", (), ("表 a.pdf",)),
    )


def test_a_changed_field_is_shown_whole_with_what_became_of_each_part() -> None:
    new = replace(OLD, full="采暖期为11月15日至次年3月20日。遇特殊天气可以提前。", tags=("供暖",))
    assert marked(OLD, new) == (
        MarkedField(
            "full",
            (
                (Mark.REMOVED, "采暖期为11月10日至次年3月20日。"),
                (Mark.ADDED, "采暖期为11月15日至次年3月20日。"),
                (Mark.SAME, "遇特殊天气可以提前。"),
            ),
            is_list=False,
        ),
        MarkedField("tags", ((Mark.SAME, "供暖"), (Mark.REMOVED, "时间")), is_list=True),
    )
