"""What identifies somebody is found however it is written and said, and what is counted or dated is none of it."""

from __future__ import annotations

import pytest

from hotline.identifiers import identifiers


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("电话13905390001，三号楼", "13905390001"),
        ("电话139 0539 0001", "13905390001"),
        ("打138，5390，0001", "13853900001"),
        ("打138、5390——0001", "13853900001"),
        ("打１３９０５３９０００１", "13905390001"),
        ("电话幺三九零五三九零零零一", "13905390001"),
        ("电话 幺 三 九 零 五 三 九 零 零 零 一", "13905390001"),
        ("幺三九，零五三九，零零零两", "13905390002"),
        ("一三九零五三九三个零一", "13905390001"),
        ("座机0539，8311234", "05398311234"),
        ("座机八三一，一二三四", "8311234"),
        ("座机8311234", "8311234"),
        ("身份证371302，19581203，021X号", "37130219581203021X"),
        ("身份证三七一三零二一九五八一二零三零二一五", "371302195812030215"),
        ("卡号6222 0212 3456 7890 123", "6222021234567890123"),
        ("可发zhang_li.hua@mail.163.com", "zhang_li.hua@mail.163.com"),
        ("可发zhanglihua＠163．com，谢谢", "zhanglihua@163.com"),
        ("发13905390001@qq.com", "13905390001@qq.com"),
    ],
)
def test_a_number_or_mail_address_is_one_however_it_is_parted(text: str, plain: str) -> None:
    (found,) = identifiers(text)
    assert found.plain == plain
    assert (text[found.start : found.end], found.said in text) == (found.said, True)


def test_several_are_told_apart() -> None:
    found = identifiers("13905390001，13905390002，写信a@b.cn，或0539 8311234")
    assert [one.plain for one in found] == ["13905390001", "13905390002", "a@b.cn", "05398311234"]


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-03停水，2024-05-03 08:30恢复",
        "2024-2025采暖季",
        "打过12345，110，都不管",
        "1、3、5、7、9、11、13、15号楼停电",
        "收了3000，5000元",
        "2023，2024年都交了",
        "三、四、五、六单元",
        "一共三千五百户，二〇二四年",
        "银雀山街道3-2-501",
    ],
)
def test_what_is_counted_or_dated_is_nobodys_number(text: str) -> None:
    assert list(identifiers(text)) == []
