"""What a scripted call is worth, on fabricated journals and recordings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.backgrounds import background
from bench.conversation_scores import dead_air, failed, score, summary, table
from bench.conversation_scripts import Expected, NoiseKind, Script, Turn

RATE = 8_000
ORDER = {"category": "0204 路灯", "place": "费县探沂镇", "is_confidential": False}


def script(**expected: Any) -> Script:
    return Script(name="路灯", turns=(Turn(text="路灯坏了"),), expected=Expected(**expected))


def a_turn(**changed: Any) -> dict[str, Any]:
    return {
        "spoken_from": 2.0, "spoken_until": 3.0, "latency_ms": 500.0, "is_over_prompt": False, "stopped_after_ms": None,
    } | changed  # fmt: skip


def row(name: str, **body: Any) -> dict[str, Any]:
    return {"name": name, "body": body}


def sound(*parts: tuple[float, bool]) -> bytes:
    """Return seconds of tone (True) and of silence."""
    pieces = [
        np.sin(np.arange(int(seconds * RATE)) / 4) * 4_000 if is_tone else np.zeros(int(seconds * RATE))
        for seconds, is_tone in parts
    ]
    return np.concatenate(pieces).astype("<i2").tobytes()


def judged(expected: dict[str, Any], **given: Any) -> Any:
    return score(
        script(**expected),
        rows=given.get("rows", [row("AppealRegistered"), row("Say", parts=["您的诉求已受理"])]),
        report={
            "outcome": given.get("outcome", "registered"),
            "work_order": given.get("order", ORDER),
            "article": None,
            "turns": [],
        },
        heard={"turns": given.get("turns", [a_turn()])},
        sound=given.get("sound", sound((8.0, False))),
    )


def test_a_call_is_done_when_outcome_slots_and_orders_are_as_expected() -> None:
    one = judged(
        {
            "outcome": "registered",
            "slots": {"category": "0204", "place": "探沂镇", "secret": False},
            "orders": 1,
        }
    )
    assert (one.is_done, one.slots_right, one.slots, one.wrong_slots) == (True, 3, 3, ())


@pytest.mark.parametrize(
    ("expected", "wrong"),
    [
        ({"outcome": "agent"}, ()),
        ({"outcome": "registered", "orders": 2}, ()),
        ({"outcome": "registered", "slots": {"place": "兰山区"}}, ("place：应为 兰山区，实为 费县探沂镇",)),
        ({"outcome": "registered", "slots": {"secret": True}}, ("secret：应为 True，实为 False",)),
    ],
)
def test_a_call_is_not_done_when_one_of_them_differs(
    expected: dict[str, Any], wrong: tuple[str, ...]
) -> None:
    one = judged(expected)
    assert (one.is_done, one.wrong_slots) == (False, wrong)


def test_more_turns_than_a_good_agent_needs_is_not_done() -> None:
    assert not judged({"outcome": "registered", "most_turns": 1}, turns=[a_turn(), a_turn()]).is_done


def test_accepted_is_said_falsely_where_no_order_was_registered() -> None:
    said = [row("Say", parts=["您的诉求", "已受理"])]
    assert not judged({"outcome": "failed"}, rows=said, outcome="failed").said_truly
    assert judged({"outcome": "registered"}, rows=[*said, row("AppealRegistered")]).said_truly


def test_an_interruption_that_does_not_silence_the_hotline_in_time_is_missed() -> None:
    turns = [
        a_turn(is_over_prompt=True, stopped_after_ms=250.0),
        a_turn(is_over_prompt=True, stopped_after_ms=900.0),
        a_turn(is_over_prompt=True),
        a_turn(is_over_prompt=True, spoken_until=2.3),
    ]
    one = judged({"outcome": "registered"}, turns=turns)
    assert (one.stops_ms, one.missed_interruptions) == ((250.0, 900.0), 2)


def test_a_prompt_stopped_for_nothing_is_a_false_interruption() -> None:
    for_nothing = [row("Say", parts=["请问"]), row("StopSaying"), row("FellSilent")]
    for_words = [row("Say", parts=["请问"]), row("StopSaying"), row("Said"), row("Say", parts=["好的"])]
    assert judged({"outcome": "failed"}, rows=for_nothing).false_interruptions == 1
    assert judged({"outcome": "failed"}, rows=for_words).false_interruptions == 0


def test_dead_air_is_what_the_caller_waits_after_speaking() -> None:
    heard = sound((1.0, True), (4.0, False), (1.0, True), (2.0, False))
    assert dead_air(heard, [a_turn(spoken_from=1.5, spoken_until=2.0)], "registered") == 3.0


def test_dead_air_is_not_counted_after_the_hand_over() -> None:
    heard = sound((1.0, True), (4.0, False), (1.0, True))
    assert dead_air(heard, [a_turn(spoken_from=1.5, spoken_until=2.0)], "agent") == 0.0


def test_the_summary_counts_calls_that_could_not_be_placed() -> None:
    scores = [judged({"outcome": "registered"}), failed(script(outcome="agent"), "没有接通（SIP 503）")]
    figures = summary(scores)
    assert {key: figures[key] for key in ("calls", "done", "task_success", "latency_p50_ms", "errors")} == {
        "calls": 2, "done": 1, "task_success": 0.5, "latency_p50_ms": 500.0, "errors": 1,
    }  # fmt: skip
    assert "✗ 路灯：failed" in table(scores)
    assert "没有接通（SIP 503）" in table(scores)


@pytest.mark.parametrize("kind", ["white", "room", "babble", "television"])
def test_a_background_is_as_loud_as_said_and_the_same_for_the_same_seed(kind: NoiseKind) -> None:
    voice = np.sin(np.arange(RATE) / 5) * 3_000
    made = background(kind, [voice], 250.0, seed=7)
    assert float(np.sqrt(np.mean(made**2))) == pytest.approx(250.0)
    assert np.array_equal(made, background(kind, [voice], 250.0, seed=7))
