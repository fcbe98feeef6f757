from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.meaning import FigureKind
from nlu.figures import figures, is_identity_number

LETTERS = {"圈": "Q", "扣": "Q", "诶": "A", "比": "B"}
SPOKEN = {"0": "零", "1": "幺", **dict(zip("23456789", "二三四五六七八九", strict=True))}


def values(text: str) -> list[tuple[str, str]]:
    return [(figure.kind.value, figure.value) for figure in figures(text, LETTERS)]


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("我电话一三八不对一三九零五三九零零零一", "13905390001"),
        ("13905390001，不对是0002", "13905390002"),
        ("不是13905390001，是13905390002", "13905390002"),
        ("139053不对9053 90001", "13905390001"),
        ("一三九 零五三 九三个零一", "13905390001"),
        ("502，13905390001", "13905390001"),
        ("0539 8312345", "05398312345"),
        ("固定电话8312345", "8312345"),
    ],
)
def test_a_telephone_number_is_heard_as_people_say_and_correct_it(text: str, phone: str) -> None:
    assert values(text) == [("phone", phone)]


MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@st.composite
def said_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """A mobile number and one way to say it: any grouping, digits or characters, 幺 or 一, repeats as “三个八”."""
    number = draw(MOBILES)
    said, position = "", 0
    while position < len(number):
        digit = number[position]
        run = len(number[position:]) - len(number[position:].lstrip(digit))
        count = draw(st.integers(1, min(run, 4)))
        word = (
            draw(st.sampled_from((digit, SPOKEN[digit]))) if digit != "1" else draw(st.sampled_from("1幺一"))
        )
        if count > 1 and draw(st.booleans()):
            said += f"{'两三四'[count - 2]}个{word}"
        else:
            said += word * count
        position += count
        if position < len(number):
            said += draw(st.sampled_from(["", "", "，", " ", "-"]))
    return number, said


@given(said_numbers())
def test_a_mobile_number_survives_every_way_of_saying_it(pair: tuple[str, str]) -> None:
    number, said = pair
    assert values(f"我的电话是{said}") == [("phone", number)]


@given(MOBILES, MOBILES, st.sampled_from(["，不对，", "不对是", "，说错了，是", "错了"]))
def test_of_two_numbers_the_corrected_one_counts(first: str, second: str, cue: str) -> None:
    assert values(f"电话{first}{cue}{second}")[-1] == ("phone", second)


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("鲁Q一二三四五", "鲁Q12345"),
        ("鲁圈A8K56乱停车", "鲁QA8K56"),
        ("鲁扣诶八八六六", "鲁QA8866"),
        ("鲁q12345，13905390001", "鲁Q12345"),
        ("鲁QD12345电动车", "鲁QD12345"),
    ],
)
def test_a_plate_is_heard_with_letters_said_as_words(text: str, plate: str) -> None:
    assert values(text)[0] == ("plate", plate)


@pytest.mark.parametrize(
    "text", ["鲁南制药五号楼", "欠了我们两个八百块钱", "这里有三个一样的井盖坏了", "车牌号鲁Q圈", ""]
)
def test_other_words_are_no_numbers(text: str) -> None:
    assert values(text) == []


def identity(first_seventeen: str) -> str:
    """The number with its check digit, by the congruence that GB 11643 states (ISO 7064 MOD 11-2)."""
    remainder = 0
    for digit in first_seventeen:
        remainder = (remainder + int(digit)) * 2 % 11
    check = (12 - remainder) % 11
    return first_seventeen + ("X" if check == 10 else str(check))


SEVENTEEN = st.builds(
    "{:06d}{:04d}{:02d}{:02d}{:03d}".format,
    st.integers(370000, 379999),
    st.integers(1930, 2020),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 999),
)


@given(SEVENTEEN, st.integers(0, 16), st.integers(1, 9))
def test_an_identity_number_with_one_wrong_digit_is_refused(first: str, position: int, by: int) -> None:
    number = identity(first)
    assert is_identity_number(number)
    wrong = number[:position] + str((int(number[position]) + by) % 10) + number[position + 1 :]
    assert not is_identity_number(wrong)


@given(SEVENTEEN)
def test_an_identity_number_is_kept_masked_only(first: str) -> None:
    number = identity(first)
    said = "".join(SPOKEN.get(character, "叉") for character in number)
    (figure,) = figures(f"身份证号{said}", {})
    assert (figure.kind, figure.is_valid) == (FigureKind.IDENTITY, True)
    assert figure.value == figure.said == f"{number[:3]}*************{number[-2:]}"


def test_a_work_orders_number_is_no_telephone() -> None:
    assert values("工单编号26112300012") == [("work_order", "26112300012")]


@given(st.text(max_size=80))
def test_any_text_is_read_without_a_fall(text: str) -> None:
    assert all(figure.value for figure in figures(text, LETTERS))
