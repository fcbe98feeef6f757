"""From labels with probabilities to an understanding: named as finely as it is sure."""

from hotline.domain.meaning import Intent
from nlu.calibration import Calibration
from nlu.labels import Ranking, ranking_of, understanding_of

SURE = Calibration(third=0.6, second=0.7)


def meaning(*guesses: tuple[str, float], text: str = "暖气不热", ranking: Ranking | None = None):
    return understanding_of(text, guesses, engine="test", calibration=SURE, ranking=ranking)


def test_a_sure_answer_names_the_finest_class() -> None:
    found = meaning(("c010101", 0.8), ("c010102", 0.1), ("affirm", 0.1))
    assert (found.intent, found.category, found.choices) == (Intent.APPEAL, "010101", ())
    assert round(found.category_confidence, 3) == 0.889
    assert found.runners_up[0][0] == "010102"


def test_an_answer_sure_only_of_the_second_level_names_that_and_what_to_ask() -> None:
    found = meaning(("c010101", 0.45), ("c010102", 0.40), ("c020401", 0.15))
    assert (found.category, found.choices) == ("0101", ("010101", "010102"))
    assert round(found.category_confidence, 3) == 0.85


def test_unlikely_classes_are_not_asked_about() -> None:
    found = meaning(("c010101", 0.5), ("c010102", 0.3), ("c010103", 0.08), ("c020401", 0.12))
    assert found.choices == ("010101", "010102")


def test_where_only_one_finer_class_is_likely_it_is_named_without_a_question() -> None:
    found = meaning(("c010101", 0.55), ("c010102", 0.1), ("c010103", 0.08), ("c020401", 0.27))
    assert (found.category, found.choices) == ("010101", ())
    assert found.category_confidence < 0.6


def test_an_answer_sure_of_nothing_names_no_class_but_its_runners_up() -> None:
    found = meaning(("c010101", 0.4), ("c020401", 0.35), ("c030104", 0.25))
    assert (found.category, found.choices) == (None, ())
    assert [code for code, _ in found.runners_up] == ["010101", "020401", "030104"]


def test_a_dialogue_intent_must_beat_all_matters_together_or_the_best_clearly() -> None:
    assert meaning(("affirm", 0.5), ("c010101", 0.3), ("c010102", 0.2)).intent is Intent.AFFIRM
    assert meaning(("c010102", 0.45), ("affirm", 0.4), ("c010101", 0.15)).intent is Intent.APPEAL
    spread = [("affirm", 0.4), *((f"c01010{number}", 0.12) for number in range(1, 6))]
    assert meaning(*spread).intent is Intent.AFFIRM


def test_who_says_much_tells_of_a_matter() -> None:
    assert meaning(("ask_progress", 0.9), ("c010101", 0.1), text="暖" * 100).intent is Intent.APPEAL


def test_nothing_guessed_is_not_understood() -> None:
    assert meaning().intent is Intent.UNKNOWN
    assert ranking_of([("affirm", 1.0)]) == (Ranking(()), 0.0)


def test_an_appeal_without_a_matter_has_no_class() -> None:
    found = meaning(("appeal", 0.9), ("c010101", 0.1), text="我要投诉")
    assert (found.intent, found.category) == (Intent.APPEAL, None)


def test_a_ranking_of_its_own_gives_the_class_where_the_labels_are_intents_only() -> None:
    ranking = Ranking((("010101", 0.9), ("010102", 0.1)))
    found = meaning(("appeal", 0.7), ("affirm", 0.3), ranking=ranking)
    assert (found.intent, found.category, round(found.confidence, 2)) == (Intent.APPEAL, "010101", 0.7)
    assert meaning(("affirm", 0.7), ("appeal", 0.3), ranking=ranking).intent is Intent.AFFIRM
    assert meaning(("appeal", 0.7), ("affirm", 0.3), ranking=Ranking(())).category is None
    assert meaning(("appeal", 1.0), ranking=ranking).category == "010101"
