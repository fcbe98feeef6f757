"""Whether words are a whole answer, by the city's own list of endings."""

import pytest

from hotline.domain.speech import Expected
from ivr.judgement import is_whole
from ivr.phone_settings import read_endings
from tests.builders import LINYI

ENDINGS = read_endings(LINYI)


@pytest.mark.parametrize(
    ("text", "expect", "expected"),
    [
        ("冬天什么时候来暖气？", Expected.OPEN, True),
        ("我要转人工", Expected.OPEN, True),
        ("请你们赶紧派人看看。", Expected.OPEN, True),
        ("我家暖气不热，然后", Expected.OPEN, False),
        ("我想问一下那个", Expected.OPEN, False),
        ("请问失业金怎么领", Expected.OPEN, True),
        ("喂？", Expected.OPEN, False),  # too short to be a matter
        ("您好,请问冬天什么时候来暖气。", Expected.OPEN, True),
        ("我要反映路灯坏了。", Expected.OPEN, True),  # where, will be asked
        ("我们小区的路灯坏了", Expected.OPEN, False),
        ("我想问什么时候供暖，因为", Expected.OPEN, False),
        ("对", Expected.YES_NO, True),
        ("对的，没错。", Expected.YES_NO, True),
        ("不对，我说的不是兰山区是罗庄区", Expected.YES_NO, False),
        ("不是，我", Expected.YES_NO, False),
        ("兰山区", Expected.PLACE, False),
        ("兰山区金雀山街道银雀山小区", Expected.PLACE, True),
        ("在解放路和沂蒙路交叉口", Expected.PLACE, True),
        ("室内温度标准是多少度啊?", Expected.PLACE, True),
        ("在哪里？", Expected.PLACE, False),  # may go on: 柳青苑
        ("没有了。", Expected.PLACE, True),
        ("对的。", Expected.PLACE, True),
        ("不知道。", Expected.PLACE, False),  # may go on: 叫什么路，在人民医院东边
        ("139 0539 1001", Expected.DIGITS, True),
        ("1390539", Expected.DIGITS, False),
        ("", Expected.OPEN, False),
        ("，。", Expected.YES_NO, False),
    ],
)
def test_words_are_a_whole_answer(text, expect, expected):
    assert is_whole(text, expect, ENDINGS) is expected
