"""What a question is searched by counts otherwise when it was heard than when it was written."""

from __future__ import annotations

import pytest

from knowledge_base.likeness import Asked
from knowledge_base.querying import MOST_POSTINGS, weighed
from knowledge_base.weights import HEARD, WRITTEN, Weights, weights_for
from knowledge_base.wording import load_wording
from tests.builders import LINYI

ASKED = Asked.of("医保", load_wording(LINYI / "lexicon" / "synonyms.yaml"))


def boosts(weights: Weights, *, rarity: float) -> dict[str, float]:
    """Return what the rarest kind of term counts in each field that ways of asking are searched by."""
    terms, _ = weighed(ASKED, lambda field, term: rarity, weights)
    return {field: boost for field, term, boost in terms if term in ("医保", "yi-bao")}


@pytest.mark.parametrize(("weights", "times"), [(WRITTEN, 2.0), (HEARD, 0.5)], ids=["written", "heard"])
def test_a_rare_term_counts_more_where_it_was_written_and_less_where_it_was_heard(
    weights: Weights, times: float
) -> None:
    common, rare = boosts(weights, rarity=1.0), boosts(weights, rarity=4.0)
    assert rare == {field: times * boost for field, boost in common.items()}


def test_sounds_count_more_than_words_of_what_was_heard() -> None:
    written, heard = (boosts(weights_for(is_heard=is_heard), rarity=1.0) for is_heard in (False, True))
    assert written["asked_words"] > written["asked_sounds"]
    assert heard["asked_words"] < heard["asked_sounds"]


def test_terms_that_most_articles_have_are_left_out_where_the_index_is_too_large_to_go_through() -> None:
    def search(words: float, others: float) -> tuple[set[str], float]:
        having = lambda field, term: words if field.endswith("words") else others  # noqa: E731
        terms, most = weighed(ASKED, lambda field, term: 1.0, WRITTEN, having)
        return {field for field, _, _ in terms}, most

    every, most = search(10, 10)
    assert every == set(WRITTEN.fields)
    assert most == pytest.approx(sum(boost for _, _, boost in weighed(ASKED, lambda *_: 1.0, WRITTEN)[0]))
    rare, most_of_rare = search(10, MOST_POSTINGS)
    assert rare == {"asked_words", "body_words"}
    assert most_of_rare == pytest.approx(WRITTEN.fields["asked_words"] + WRITTEN.fields["body_words"])
    assert len(weighed(ASKED, lambda *_: 1.0, WRITTEN, lambda *_: 2.0 * MOST_POSTINGS)[0]) == 1
