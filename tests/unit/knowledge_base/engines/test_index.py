"""The index on the disk: kept, changed bit by bit, copied, and never opened when it is damaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hotline.domain.knowledge import START, Article, KnowledgePosition
from hotline.heard_words import HeardWords
from knowledge_base.engines.index_folder import IndexFolder
from knowledge_base.engines.tantivy import TantivyRetriever
from knowledge_base.engines.tantivy_index import IndexDamagedError, TantivyIndex
from knowledge_base.wording import load_wording
from tests.builders import LINYI, an_article

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")
ON = date(2026, 11, 23)
HEATING = an_article()
RESIDENCE = an_article(
    id="A0501-09",
    title="居住证怎么办",
    questions=("居住证到期怎么续签",),
    spoken="住满半年可以申领。",
    full="住满半年可以申领。",
    category="0501",
)
AT = KnowledgePosition(7, "seven")


def an_index(folder: Path, articles: Iterable[Article] = (HEATING, RESIDENCE)) -> TantivyIndex:
    folder.mkdir(parents=True)
    return TantivyIndex.create(folder, articles, WORDING, AT)


def found(index: TantivyIndex, question: str) -> list[str]:
    passages = TantivyRetriever(index, WORDING).search(question, on=ON)
    return [passage.article.id for passage in passages]


def test_an_index_is_opened_again_with_its_articles_and_its_position(tmp_path: Path) -> None:
    an_index(tmp_path / "a")
    again = TantivyIndex.open(tmp_path / "a", WORDING)
    assert (again.snapshot.size, again.snapshot.position()) == (2, AT)
    (best, *_) = TantivyRetriever(again, WORDING).search("居住证到期怎么续签", on=ON)
    assert best.article == RESIDENCE


def test_a_changed_article_takes_the_place_of_the_old_one_and_a_removed_one_is_gone(tmp_path: Path) -> None:
    index = an_index(tmp_path / "a")
    changed = replace(RESIDENCE, version=2, title="暂住证怎么办", questions=("暂住证",))
    index.write([changed], ["A0101-01"], KnowledgePosition(9, "nine"))
    assert index.snapshot.position() == KnowledgePosition(9, "nine")
    assert (found(index, "暂住证怎么办"), found(index, "供暖")) == (["A0501-09"], [])
    assert TantivyIndex.open(tmp_path / "a", WORDING).snapshot.size == 1


def test_another_handle_sees_what_was_written_when_it_looks_again(tmp_path: Path) -> None:
    writer = an_index(tmp_path / "a", [HEATING])
    reader = TantivyIndex.open(tmp_path / "a", WORDING)
    writer.write([RESIDENCE], (), AT)
    assert found(reader, "居住证") == []
    reader.refresh()
    assert found(reader, "居住证") == ["A0501-09"]


def test_a_look_that_finds_nothing_new_learns_nothing_anew(tmp_path: Path) -> None:
    index = an_index(tmp_path / "a")
    before = index.snapshot
    index.refresh()
    assert index.snapshot is before


def test_what_was_written_is_found_while_its_wording_is_still_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = an_index(tmp_path / "a", [HEATING])
    reader = TantivyIndex.open(tmp_path / "a", WORDING)
    former = reader.snapshot.heard_words
    writer.write([RESIDENCE], (), AT)
    meanwhile: list[object] = []
    learn = HeardWords.of

    def slowly(texts: Iterable[str]) -> HeardWords:
        meanwhile.extend((found(reader, "居住证"), reader.snapshot.heard_words is former))
        return learn(texts)

    monkeypatch.setattr(HeardWords, "of", slowly)
    reader.refresh()
    assert meanwhile == [["A0501-09"], True]
    assert reader.snapshot.heard_words is not former


def test_what_terms_weigh_is_looked_up_again_before_it_is_asked_for(tmp_path: Path) -> None:
    writer = an_index(tmp_path / "a")
    reader = TantivyIndex.open(tmp_path / "a", WORDING)
    assert found(reader, "居住证到期怎么续签")[0] == "A0501-09"
    asked = {term: reader.snapshot.having(*term) for term in reader.snapshot.looked_up}
    writer.write([replace(RESIDENCE, id="A0501-10")], (), AT)
    reader.refresh()
    known = {term: reader.snapshot.having(*term) for term in reader.snapshot.looked_up}
    assert known.keys() == asked.keys()
    assert known["asked_words", "居住证"] == asked["asked_words", "居住证"] + 1


def test_a_copy_is_changed_without_its_original(tmp_path: Path) -> None:
    index = an_index(tmp_path / "a")
    copy = index.copied(tmp_path / "b")
    copy.write([], ["A0101-01"], START)
    assert (found(copy, "供暖"), found(index, "供暖")) == ([], ["A0101-01"])
    index.check()
    assert TantivyIndex.open(tmp_path / "a", WORDING).snapshot.position() == AT


def put_in_place_of(file: Path, content: bytes) -> None:
    """Put another file in its place: one that somebody still has mapped must not be cut short under them."""
    other = file.with_suffix(".other")
    other.write_bytes(content)
    other.replace(file)


def harm(place: Path, how: str) -> None:
    store = min(place.glob("*.store"))
    match how:
        case "emptied":
            put_in_place_of(store, b"")
        case "overwritten":
            put_in_place_of(store, store.read_bytes()[::-1])
        case "missing":
            store.unlink()
        case "half a manifest":
            (place / "manifest.json").write_text("{", encoding="utf-8")
        case "no manifest":
            (place / "manifest.json").unlink()
        case "a file too many":
            (place / "x.store").write_bytes(b"x")
        case _:
            for file in place.iterdir():
                file.unlink()


HARMS = (
    "emptied", "overwritten", "missing", "half a manifest", "no manifest", "a file too many", "everything lost",
)  # fmt: skip


@pytest.mark.parametrize("how", HARMS)
def test_a_damaged_index_is_not_opened(tmp_path: Path, how: str) -> None:
    an_index(tmp_path / "a")
    harm(tmp_path / "a", how)
    with pytest.raises(IndexDamagedError):
        TantivyIndex.open(tmp_path / "a", WORDING)


@pytest.mark.parametrize("how", HARMS)
def test_damage_to_an_open_index_is_found_and_meanwhile_it_answers(tmp_path: Path, how: str) -> None:
    index = an_index(tmp_path / "a")
    assert found(index, "居住证") == ["A0501-09"]
    index.check()
    harm(tmp_path / "a", how)
    with pytest.raises(IndexDamagedError):
        index.check()
    assert found(index, "居住证") == ["A0501-09"]


def test_the_newest_sound_generation_is_opened(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path, WORDING)
    assert (folder.newest(), folder.open()) == (0, None)
    for articles in ([HEATING], [RESIDENCE]):
        with folder.building() as place:
            assert place is not None
            TantivyIndex.create(place, articles, WORDING, AT)
            folder.adopt(place)
    opened = folder.open()
    assert opened is not None
    assert (opened[0], found(opened[1], "居住证怎么办")) == (2, ["A0501-09"])
    assert [place.name for place in tmp_path.glob("index-*")] == [opened[1].place.name]  # type: ignore[union-attr]


def test_what_was_left_half_built_is_never_opened_and_cleared_away(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path, WORDING)
    (tmp_path / "building-x").mkdir()
    (tmp_path / "building-x" / "meta.json").write_text("{", encoding="utf-8")
    assert folder.open() is None
    with folder.building() as place:
        assert [one for one in tmp_path.glob("building-*") if one.is_dir()] == [place]
    assert [one for one in tmp_path.glob("building-*") if one.is_dir()] == []


def test_one_builds_or_writes_at_a_time(tmp_path: Path) -> None:
    one, other = IndexFolder(tmp_path, WORDING), IndexFolder(tmp_path, WORDING)
    with one.building() as place, other.building() as theirs:
        assert (place is not None, theirs) == (True, None)
    with one.writing() as mine, other.writing() as also:
        assert (mine, also) == (True, False)


def test_an_index_of_other_wording_is_left_alone(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path, WORDING)
    with folder.building() as place:
        assert place is not None
        TantivyIndex.create(place, [HEATING], WORDING, AT)
        folder.adopt(place)
    synonyms = (LINYI / "lexicon" / "synonyms.yaml").read_text(encoding="utf-8")
    (tmp_path / "other.yaml").write_text(synonyms.replace("停暖气", "断暖气"), encoding="utf-8")
    other = IndexFolder(tmp_path, load_wording(tmp_path / "other.yaml"))
    assert other.open() is None
