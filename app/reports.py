"""What a call or chat was like, in the one form that report.json, ``hotline call`` and ``hotline chat`` print.

docs/report.md describes the form.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

Row = Mapping[str, Any]
"""One row of a journal: ``{"sequence", "at", "name", "body"}``, ``at`` in ISO 8601."""


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """What a caller measured of one turn: when its words were sent, and how long until an answer was heard."""

    spoken_from: datetime
    spoken_until: datetime
    latency_ms: float | None


_WITH_ORDER: Final = ("registered", "emergency")


def conversation_report(
    name: str,
    rows: Iterable[Row],
    *,
    outcome: str,
    article: str | None,
    work_order: Mapping[str, Any] | None,
    rating: str | None = None,
    spoken: Sequence[SpokenTurn] = (),
) -> dict[str, Any]:
    """Merge the hotline's journal with the caller's own measurements.

    Every contact leaves a numbered record (``record``); what was answered or cut off is no work order to handle.
    """
    is_for_handling = work_order is not None and (outcome in _WITH_ORDER or work_order["due_at"] is not None)
    return {
        "name": name,
        "outcome": outcome,
        "article": article,
        "work_order": dict(work_order) if work_order is not None and is_for_handling else None,
        "record": work_order["number"] if work_order is not None else None,
        "rating": rating,
        "turns": _turns(rows, spoken),
    }


def _turns(rows: Iterable[Row], spoken: Sequence[SpokenTurn]) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = [{"heard_raw": "", "heard": "", "said": "", "latency_ms": None}]
    heard_at: list[datetime | None] = [None]
    for row in rows:
        body = row["body"]
        if row["name"] == "Said":
            turns.append({"heard_raw": body["raw"], "heard": body["text"], "said": "", "latency_ms": None})
            heard_at.append(datetime.fromisoformat(row["at"]))
        elif row["name"] == "KeyPressed":
            turns.append({"heard_raw": body["key"], "heard": body["key"], "said": "", "latency_ms": None})
            heard_at.append(datetime.fromisoformat(row["at"]))
        elif row["name"] == "Say":
            turns[-1]["said"] += "".join(body["parts"])
    for index, turn in enumerate(spoken):
        until = (
            spoken[index + 1].spoken_from
            if index + 1 < len(spoken)
            else datetime.max.replace(tzinfo=turn.spoken_from.tzinfo)
        )
        answers = [
            position
            for position, at in enumerate(heard_at)
            if at is not None and turn.spoken_from <= at < until and turns[position]["said"]
        ]
        if answers:
            turns[answers[0]]["latency_ms"] = turn.latency_ms
    return turns if turns[0]["said"] or len(turns) == 1 else turns[1:]


def printed(report: Mapping[str, Any]) -> str:
    """Return a conversation as people read it."""
    lines = [f"── {report['name']} ──"]
    for turn in report["turns"]:
        if turn["heard"]:
            raw = f"（识别原文：{turn['heard_raw']}）" if turn["heard_raw"] != turn["heard"] else ""
            lines.append(f"  诉求人：{turn['heard']}{raw}")
        if turn["said"]:
            latency = f"  [{turn['latency_ms']:.0f} ms]" if turn["latency_ms"] is not None else ""
            lines.append(f"  热线：{turn['said']}{latency}")
    lines.append(
        f"  结果：{report['outcome']}" + (f"，知识条目 {report['article']}" if report["article"] else "")
    )
    if (order := report["work_order"]) is not None:
        lines.append(
            f"  工单：{order['number']}，{order['category']}，{order['place']}，"
            f"主办 {order['lead_unit'] or '待人工派单'}，协办 {'、'.join(order['supporting_units']) or '无'}，期限 {order['due_at']}"
        )
    return "\n".join(lines)


def latency_figures(reports: Iterable[Mapping[str, Any]]) -> dict[str, float | int | None]:
    """Return p50 and p95 over all turns that were measured."""
    found = sorted(
        turn["latency_ms"] for report in reports for turn in report["turns"] if turn["latency_ms"] is not None
    )
    return {
        "turns": len(found),
        "latency_p50_ms": percentile(found, 50),
        "latency_p95_ms": percentile(found, 95),
    }


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return the nearest-rank percentile of sorted values; None of nothing."""
    if not ordered:
        return None
    rank = max(0, math.ceil(percent / 100 * len(ordered)) - 1)
    return round(ordered[rank], 1)
