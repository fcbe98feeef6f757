"""How citizens word things is learnt of the training utterances once, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.understanding import heard_words
from hotline.city import load_city
from hotline.heard_words import HeardWords
from nlu.engines.heard import HeardUnderstander
from nlu.engines.linear import LinearUnderstander
from tests.builders import LINYI
from tests.trained import trained_models

CITY = load_city(LINYI)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nlu")


@pytest.fixture(scope="module")
def words(folder: Path) -> HeardWords:
    return heard_words(CITY, folder)


def test_what_is_misheard_is_read_as_citizens_say_it(words: HeardWords) -> None:
    read = {
        "我家暖起不热": "我家暖气不热",
        "驾照到七怎么换整": "驾照到期怎么换证",
        "公及金怎么提去？": "公积金怎么提取？",
        "王庄村的李建国把路堵了": "王庄村的李建国把路堵了",  # names stay
    }
    assert {heard: words.within(heard) for heard in read} == read


def test_what_was_learnt_is_kept_and_learnt_anew_when_the_file_is_damaged(
    words: HeardWords, folder: Path
) -> None:
    (file,) = folder.iterdir()
    kept = file.read_text(encoding="utf-8")
    assert kept == words.dumped()
    file.write_text(kept[:1_000], encoding="utf-8")
    assert heard_words(CITY, folder).within("我家暖起不热") == "我家暖气不热"
    assert file.read_text(encoding="utf-8") == kept


async def test_misheard_words_get_the_class_of_what_was_said(words: HeardWords) -> None:
    engine = LinearUnderstander(CITY, trained_models())
    meant = await engine.understand("健身房办的卡不退钱")
    plainly = await engine.understand("健身防办的卡不退前")
    heard = await HeardUnderstander(engine, words).understand("健身防办的卡不退前")
    assert heard.category == meant.category == "070101"
    assert heard.category_confidence > plainly.category_confidence + 0.1
