"""What a scripted call is worth: task done, slots right, latency, dead air, interruptions (docs/bench.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from bench.conversation_scripts import Expected, Script

_RATE: Final = 8_000
_FRAME: Final = 160
_LOUD: Final = 120.0
_GAP_SECONDS: Final = 0.3
_STOP_LIMIT_MS: Final = 600.0
_LEAST_INTERRUPTION_SECONDS: Final = 0.5
_DEAD_AIR_LIMIT_SECONDS: Final = 2.0
_ACCEPTED: Final = "已受理"
_TITLES: Final = {
    "calls": "通话",
    "done": "办成",
    "task_success": "办成率",
    "slot_accuracy": "要素正确率",
    "turns_per_call": "平均轮次",
    "latency_p50_ms": "说完到听见声音 p50（毫秒）",
    "latency_p95_ms": "说完到听见声音 p95（毫秒）",
    "stop_p50_ms": "被打断到停下 p50（毫秒）",
    "stop_p95_ms": "被打断到停下 p95（毫秒）",
    "false_interruptions": "误停",
    "missed_interruptions": "漏停",
    "longest_dead_air_seconds": "最长静默（秒）",
    "said_falsely": "没有工单却说已受理",
    "errors": "没有打成的通话",
}


@dataclass(frozen=True, slots=True)
class Score:
    """One call's figures. ``dead_air_seconds``: the longest silence of the hotline when it was its turn.

    ``false_interruptions``: prompts that were stopped though the caller had said nothing to stop them;
    ``missed_interruptions``: interruptions that did not silence the hotline within 0.6 s, heard at the caller's end.
    ``said_truly``: “已受理” was said if and only if an order was registered.
    """

    name: str
    outcome: str
    is_outcome_right: bool
    slots_right: int
    slots: int
    wrong_slots: tuple[str, ...]
    orders: int
    is_done: bool
    turns: int
    latencies_ms: tuple[float, ...]
    dead_air_seconds: float
    stops_ms: tuple[float, ...]
    false_interruptions: int
    missed_interruptions: int
    said_truly: bool
    transcript: tuple[str, ...] = ()
    error: str = ""


def score(
    script: Script,
    *,
    rows: Sequence[Mapping[str, Any]],
    report: Mapping[str, Any],
    heard: Mapping[str, Any],
    sound: bytes,
) -> Score:
    """Judge one call by the hotline's journal ``rows`` and ``report``, the caller's own report ``heard``, and what it heard."""
    expected = script.expected
    orders = sum(row["name"] == "AppealRegistered" for row in rows)
    wrong = tuple(
        f"{name}：应为 {wanted}，实为 {found}"
        for name, wanted in expected.slots.items()
        if not _agrees(wanted, found := slot(name, report))
    )
    is_right = report["outcome"] in expected.outcome
    has_orders = expected.orders is None or orders == expected.orders
    turns = heard.get("turns", ())
    stops = tuple(
        turn["stopped_after_ms"]
        for turn in turns
        if _interrupts(turn) and turn["stopped_after_ms"] is not None
    )
    said = any(row["name"] == "Say" and _ACCEPTED in "".join(row["body"]["parts"]) for row in rows)
    return Score(
        name=script.name,
        outcome=str(report["outcome"]),
        is_outcome_right=is_right,
        slots_right=len(expected.slots) - len(wrong),
        slots=len(expected.slots),
        wrong_slots=wrong,
        orders=orders,
        is_done=is_right and has_orders and not wrong and _is_brief(expected, turns),
        turns=len(turns),
        latencies_ms=tuple(turn["latency_ms"] for turn in turns if turn["latency_ms"] is not None),
        dead_air_seconds=dead_air(sound, turns, report["outcome"]),
        stops_ms=stops,
        false_interruptions=_false_interruptions(rows),
        missed_interruptions=sum(
            _interrupts(turn)
            and (turn["stopped_after_ms"] is None or turn["stopped_after_ms"] > _STOP_LIMIT_MS)
            for turn in turns
        ),
        transcript=tuple(
            f"{who}：{turn[key]}"
            for turn in report["turns"]
            for who, key in (("诉求人", "heard"), ("热线", "said"))
            if turn[key]
        ),
        said_truly=not said or orders > 0 or any(row["name"] == "Merged" for row in rows),
    )


def failed(script: Script, error: str) -> Score:
    """Return the score of a call that could not be placed."""
    return Score(
        name=script.name, outcome="failed", is_outcome_right=False, slots_right=0, slots=len(script.expected.slots),
        wrong_slots=(), orders=0, is_done=False, turns=0, latencies_ms=(), dead_air_seconds=0.0, stops_ms=(),
        false_interruptions=0, missed_interruptions=0, said_truly=True, error=error,
    )  # fmt: skip


def slot(name: str, report: Mapping[str, Any]) -> Any:
    """Return what the hotline has for the slot ``name`` of a script; empty where it has nothing."""
    if name == "article":
        return report.get("article") or ""
    order = report.get("work_order") or {}
    if name == "supporting_units":
        return "、".join(order.get(name, ()))
    found = order.get({"unit": "lead_unit", "secret": "is_confidential"}.get(name, name))
    return "" if found is None else found


def _agrees(wanted: str | bool, found: Any) -> bool:
    """A category by the beginning of its code or name, other words by being part of what was found."""
    if isinstance(wanted, bool):
        return bool(found) is wanted
    return wanted in str(found)


def _is_brief(expected: Expected, turns: Sequence[Mapping[str, Any]]) -> bool:
    return expected.most_turns is None or len(turns) <= expected.most_turns


def _interrupts(turn: Mapping[str, Any]) -> bool:
    """Whether the caller spoke for a while over the hotline."""
    spoken = (turn["spoken_until"] or turn["spoken_from"]) - turn["spoken_from"]
    return bool(turn.get("is_over_prompt")) and spoken >= _LEAST_INTERRUPTION_SECONDS


def _false_interruptions(rows: Sequence[Mapping[str, Any]]) -> int:
    """Count prompts that were stopped and then nothing that was said came of it before the next prompt."""
    count, is_stopped = 0, False
    for row in rows:
        if row["name"] == "StopSaying":
            is_stopped = True
        elif row["name"] in ("Said", "KeyPressed", "HungUp", "HearingLost"):
            is_stopped = False
        elif row["name"] in ("Say", "FellSilent") and is_stopped:
            count, is_stopped = count + (row["name"] == "FellSilent"), False
    return count


def dead_air(sound: bytes, turns: Sequence[Mapping[str, Any]], outcome: str) -> float:
    """Return the longest silence of the hotline, in seconds, while the caller waited for it.

    Counted from the end of each of the caller's turns to the hotline's next sound; what follows a hand-over is not counted.
    """
    samples = np.frombuffer(sound[: len(sound) // (2 * _FRAME) * 2 * _FRAME], dtype="<i2").astype(np.float64)
    loud = samples.reshape(-1, _FRAME).std(axis=1) > _LOUD if len(samples) else np.zeros(0, dtype=bool)
    longest = 0.0
    spoken = [turn for turn in turns if turn["spoken_until"] is not None]
    for turn, following in pairwise([*spoken, None]):
        assert turn is not None
        if following is None and outcome in ("agent", "emergency"):
            break
        start = int(turn["spoken_until"] / 0.02)
        sounding = np.flatnonzero(loud[start:])
        if len(sounding) and (following is None or start + sounding[0] < following["spoken_from"] / 0.02):
            longest = max(longest, float(sounding[0]) * 0.02)
    return round(longest, 2)


def summary(scores: Iterable[Score]) -> dict[str, Any]:
    """Return the figures of all calls together, as ``--json`` prints them."""
    every = list(scores)
    latencies = sorted(ms for one in every for ms in one.latencies_ms)
    stops = sorted(ms for one in every for ms in one.stops_ms)
    slots = sum(one.slots for one in every)
    return {
        "calls": len(every),
        "done": sum(one.is_done for one in every),
        "task_success": _share(sum(one.is_done for one in every), len(every)),
        "outcome_right": _share(sum(one.is_outcome_right for one in every), len(every)),
        "slot_accuracy": _share(sum(one.slots_right for one in every), slots),
        "slots": slots,
        "turns_per_call": _share(sum(one.turns for one in every), len(every)),
        "latency_p50_ms": _percentile(latencies, 50),
        "latency_p95_ms": _percentile(latencies, 95),
        "stop_p50_ms": _percentile(stops, 50),
        "stop_p95_ms": _percentile(stops, 95),
        "false_interruptions": sum(one.false_interruptions for one in every),
        "missed_interruptions": sum(one.missed_interruptions for one in every),
        "longest_dead_air_seconds": max((one.dead_air_seconds for one in every), default=0.0),
        "calls_with_dead_air": sum(one.dead_air_seconds > _DEAD_AIR_LIMIT_SECONDS for one in every),
        "said_falsely": sum(not one.said_truly for one in every),
        "errors": sum(bool(one.error) for one in every),
    }


def as_row(one: Score) -> dict[str, Any]:
    """Return a call's score as plain JSON."""
    return asdict(one)


def table(scores: Sequence[Score]) -> str:
    """Return the calls and the figures of all as lines for a terminal, in Chinese."""
    lines = [
        f"{'✓' if one.is_done else '✗'} {one.name}：{one.outcome}，工单 {one.orders}，要素 {one.slots_right}/{one.slots}，"
        f"{one.turns} 轮，最长静默 {one.dead_air_seconds:g} 秒，"
        f"误停 {one.false_interruptions}，漏停 {one.missed_interruptions}"
        + "".join(f"；{wrong}" for wrong in (*one.wrong_slots, one.error) if wrong)
        for one in scores
    ]
    total = summary(scores)
    lines += [f"{name}：{'—' if total[key] is None else total[key]}" for key, name in _TITLES.items()]
    return "\n".join(lines)


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 3) if whole else None


def _percentile(ordered: Sequence[float], percent: float) -> float | None:
    if not ordered:
        return None
    return round(float(ordered[max(0, int(np.ceil(percent / 100 * len(ordered))) - 1)]), 1)
