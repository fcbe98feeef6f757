"""A city's sounds of listening, read and checked."""

import pytest

from hotline.domain.errors import CityConfigError
from ivr.judgement import is_backchannel
from ivr.phone_settings import read_backchannels
from tests.builders import LINYI


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("嗯", True),
        ("嗯嗯好的", True),
        ("好的知道了", True),
        ("好冷", False),
        ("不对", False),
        ("对面着火了", False),
    ],
)
def test_sounds_of_listening_are_told_from_words(words, expected):
    assert is_backchannel(words, read_backchannels(LINYI)) is expected


@pytest.mark.parametrize("content", ["", "[]", "backchannels: 嗯", "backchannels: [1]", "backchannels: [嗯"])
def test_a_broken_list_is_refused_with_its_file(tmp_path, content):
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "backchannel.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(CityConfigError, match=r"backchannel\.yaml"):
        read_backchannels(tmp_path)
