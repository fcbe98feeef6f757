"""Figures for Prometheus; the processes of one machine share them through files (PROMETHEUS_MULTIPROC_DIR)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from hotline.worker_process import JobFigures

CALLS: Final = Counter("hotline_conversations_total", "Conversations by outcome", ["outcome"])
CALLS_UNDER_WAY: Final = Gauge(
    "hotline_calls_under_way", "Calls that are being held", multiprocess_mode="livesum"
)
CATALOGUE_REFUSED: Final = Gauge(
    "hotline_catalogue_refused",
    "1 while the dispatch catalogue's files are broken and the old one is in force",
    multiprocess_mode="livemax",
)
CALLS_OF_PROCESS: Final = Gauge(
    "hotline_calls_of_process", "Call legs in use, by call process", ["process"], multiprocess_mode="livesum"
)
CALLS_CAPACITY: Final = Gauge(
    "hotline_calls_capacity",
    "Callers that a call process takes at once",
    ["process"],
    multiprocess_mode="livesum",
)
CALLS_DRAINING: Final = Gauge(
    "hotline_calls_draining",
    "1 while a call process takes no new calls and waits for its last",
    ["process"],
    multiprocess_mode="livemax",
)
TURN_SECONDS: Final = Histogram(
    "hotline_turn_seconds",
    "From the end of the caller's speech, by stage",
    ["stage"],
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0),
)

LETTERS: Final = Counter(
    "hotline_letters_total", "Letters that came in, each try counted, by channel", ["channel"]
)
WECHAT_REFUSED: Final = Counter(
    "hotline_wechat_refused_total", "Calls of the WeChat addresses that were refused, by reason", ["reason"]
)

WORKER_JOBS: Final = Counter(
    "hotline_worker_jobs_total",
    "Jobs of recogniser and voice: done, shed, late, failed, dropped",
    ["worker", "outcome"],
)
WORKER_WAIT_SECONDS: Final = Histogram(
    "hotline_worker_wait_seconds",
    "How long a job waited for a lane",
    ["worker"],
    buckets=(0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
WORKER_SECONDS: Final = Histogram(
    "hotline_worker_seconds",
    "How long a worker was at a job that it finished",
    ["worker"],
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 5.0),
)
WORKER_QUEUE: Final = Gauge(
    "hotline_worker_queue", "Jobs that wait for a lane", ["worker"], multiprocess_mode="livesum"
)


def observe_job(job: JobFigures) -> None:
    """Count what became of one job of a worker process."""
    WORKER_JOBS.labels(job.worker, job.outcome).inc()
    WORKER_WAIT_SECONDS.labels(job.worker).observe(job.waited_seconds)
    WORKER_QUEUE.labels(job.worker).set(job.waiting)
    if job.outcome == "done":
        WORKER_SECONDS.labels(job.worker).observe(job.worked_seconds)


def registry() -> CollectorRegistry:
    """Return what ``/metrics`` prints: of all processes where they share, else of this one."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared


def forget_figures(process: int, folder: Path) -> None:
    """Drop the figures of a process that has ended which hold only while it lives."""
    mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]
