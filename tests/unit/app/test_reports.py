"""The report joins what the hotline wrote down with what the caller measured."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.reports import SpokenTurn, conversation_report, latency_figures, percentile
from tests.builders import NOW


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


ROWS = [
    {"sequence": 1, "at": at(0), "name": "Say", "body": {"parts": ["您好，", "请讲。"]}},
    {"sequence": 2, "at": at(9), "name": "Said", "body": {"raw": "暖气 不热", "text": "暖气不热"}},
    {"sequence": 3, "at": at(9.1), "name": "Say", "body": {"parts": ["请问在哪里？"]}},
    {"sequence": 4, "at": at(15), "name": "Said", "body": {"raw": "费县", "text": "费县"}},
    {"sequence": 5, "at": at(15.1), "name": "Say", "body": {"parts": ["对吗？"]}},
]


def test_each_answer_carries_the_latency_that_its_caller_measured() -> None:
    spoken = [
        SpokenTurn(NOW + timedelta(seconds=5), NOW + timedelta(seconds=8), 900.0),
        SpokenTurn(NOW + timedelta(seconds=12), NOW + timedelta(seconds=14), 700.0),
    ]
    report = conversation_report("供暖", ROWS, outcome="failed", article=None, work_order=None, spoken=spoken)
    assert report["turns"] == [
        {"heard_raw": "", "heard": "", "said": "您好，请讲。", "latency_ms": None},
        {"heard_raw": "暖气 不热", "heard": "暖气不热", "said": "请问在哪里？", "latency_ms": 900.0},
        {"heard_raw": "费县", "heard": "费县", "said": "对吗？", "latency_ms": 700.0},
    ]
    assert latency_figures([report]) == {"turns": 2, "latency_p50_ms": 700.0, "latency_p95_ms": 900.0}


def test_a_percentile_of_nothing_is_none() -> None:
    assert percentile([], 50) is None


ORDER = {
    "number": "26112300001",
    "category": "0101 供暖",
    "lead_unit": "兰山区人民政府",
    "due_at": "2026-11-30T17:30:00+08:00",
}
RECORD = {"number": "26112300002", "category": "0101 供暖", "lead_unit": None, "due_at": None}


@pytest.mark.parametrize(
    ("outcome", "kept", "work_order", "record"),
    [
        ("registered", ORDER, ORDER, "26112300001"),
        ("registered", RECORD, RECORD, "26112300002"),  # a person must dispatch it
        ("answered", RECORD, None, "26112300002"),
        ("agent", RECORD, None, "26112300002"),
        ("failed", ORDER, ORDER, "26112300001"),  # cut off, but there is something to handle
        ("failed", None, None, None),
    ],
)
def test_a_contact_that_leaves_nothing_to_handle_has_a_record_but_no_order(
    outcome: str, kept: dict[str, Any] | None, work_order: dict[str, Any] | None, record: str | None
) -> None:
    report = conversation_report("x", ROWS, outcome=outcome, article=None, work_order=kept)
    assert (report["work_order"], report["record"]) == (work_order, record)
