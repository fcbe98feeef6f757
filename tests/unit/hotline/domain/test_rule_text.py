from __future__ import annotations

from datetime import date

import pytest

from hotline.domain.rule_text import (
    AT_THE_END,
    CatalogueRow,
    CatalogueText,
    ChangeConflictError,
    RowChange,
    RowDifference,
    WordsChange,
    applied,
    differences,
    digest_of,
    with_words,
    words_differences,
)


def a_row(id_: str, group: str = "one", **data: object) -> CatalogueRow:
    return CatalogueRow(group, {"id": id_, **data})


ROWS = (a_row("a", lead="x"), a_row("b"), a_row("c", "two"))


def ids(rows: tuple[CatalogueRow, ...]) -> list[tuple[str, str]]:
    return [(row.group, row.id) for row in rows]


def test_rows_are_changed_added_moved_and_taken_out_each_in_its_place() -> None:
    changes = (
        RowChange("a", {"id": "a", "lead": "x"}, {"id": "a", "lead": "y"}),
        RowChange("new", None, {"id": "new"}, before="b"),
        RowChange("b", {"id": "b"}, {"id": "b"}, before="c"),
        RowChange("c", {"id": "c"}, None),
        RowChange("last", None, {"id": "last"}, before=AT_THE_END),
    )
    found = applied(ROWS, changes)
    assert ids(found) == [("one", "a"), ("one", "new"), ("two", "b"), ("two", "last")]
    assert found[0].data == {"id": "a", "lead": "y"}
    assert ids(applied(ROWS, (RowChange("a", {"id": "a", "lead": "x"}, {"id": "a"}, before=AT_THE_END),))) == [
        ("one", "b"), ("one", "a"), ("two", "c")
    ]  # fmt: skip
    assert ids(applied((), (RowChange("a", None, {"id": "a"}),))) == [("rows", "a")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (RowChange("a", None, {"id": "a"}), "taken"),
        (RowChange("d", {"id": "d"}, None), "gone"),
        (RowChange("a", {"id": "a", "lead": "z"}, None), "other"),
        (RowChange("d", None, {"id": "d"}, before="nowhere"), "anchor"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_by_its_row(change: RowChange, reason: str) -> None:
    with pytest.raises(ChangeConflictError) as refused:
        applied(ROWS, (change,))
    assert (refused.value.row, refused.value.reason) == (change.row, reason)


def test_what_differs_is_told_field_by_field_and_only_the_row_that_moved_has_moved() -> None:
    new = (a_row("c", "two"), a_row("a", lead="y", basis="z"), a_row("b"), a_row("d"))
    assert differences(ROWS, new) == (
        RowDifference("c", "moved", ()),
        RowDifference("a", "changed", (("lead", "x", "y"), ("basis", None, "z"))),
        RowDifference("d", "added", (("id", None, "d"),)),
    )
    assert differences(ROWS, ROWS[1:]) == (
        RowDifference("a", "removed", (("id", "a", None), ("lead", "x", None))),
    )
    assert differences((), ()) == ()


def test_a_text_is_the_same_after_it_was_kept_and_its_digest_holds_for_one_version_only() -> None:
    text = CatalogueText({"version": "v1", "valid_from": date(2026, 1, 1)}, {"topics": {}}, ROWS, {"m": "u"})
    again = CatalogueText.loaded(text.dumped())
    assert again.dumped() == text.dumped()
    assert (again.version, again.valid_from, again.rows, again.expectations) == (
        "v1",
        date(2026, 1, 1),
        ROWS,
        {"m": "u"},
    )
    assert (again.row("b"), again.row("z")) == (ROWS[1], None)
    seals = {digest_of("v1", date(2026, 1, day), text.dumped()) for day in (1, 2)}
    assert len(seals | {digest_of("v2", date(2026, 1, 1), text.dumped())}) == 3


@pytest.mark.parametrize(
    "broken", ["", "{}", "[]", '{"about": {}, "words": {}, "rows": [1], "expectations": {}}']
)
def test_what_is_no_text_is_refused(broken: str) -> None:
    with pytest.raises(ValueError):
        CatalogueText.loaded(broken)


def test_a_word_list_that_somebody_else_changed_is_not_overwritten() -> None:
    words = {"negations": ["不是"], "questions": [], "topics": {"noise": ["太吵"]}}
    louder = WordsChange("noise", ("太吵",), ("太吵", "扰民"))
    changed = with_words(words, [louder, WordsChange("leak", None, ("漏水",))])
    assert changed["topics"] == {"noise": ["太吵", "扰民"], "leak": ["漏水"]}
    assert [(each.name, each.kind, each.added) for each in words_differences(words, changed)] == [
        ("noise", "changed", ("扰民",)),
        ("leak", "added", ("漏水",)),
    ]
    with pytest.raises(ChangeConflictError, match="noise: other"):
        with_words(changed, [louder])
