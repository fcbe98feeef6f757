from __future__ import annotations

from prometheus_client import REGISTRY

from app.metrics import observe_job
from hotline.worker_process import JobFigures


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"worker": "test engine", **labels}) or 0.0


def test_the_jobs_of_a_worker_are_counted_by_their_outcome_with_wait_work_and_queue() -> None:
    for outcome, waited, worked, waiting in (
        ("done", 0.25, 0.5, 2),
        ("done", 0.0, 0.4, 1),
        ("shed", 0.0, 0.0, 8),
    ):
        observe_job(JobFigures("test engine", outcome, waited, worked, waiting))

    assert (
        figure("hotline_worker_jobs_total", outcome="done"),
        figure("hotline_worker_jobs_total", outcome="shed"),
        figure("hotline_worker_jobs_total", outcome="late"),
    ) == (2, 1, 0)
    assert figure("hotline_worker_wait_seconds_sum") == 0.25
    assert (figure("hotline_worker_seconds_count"), figure("hotline_worker_seconds_sum")) == (2, 0.9)
    assert figure("hotline_worker_queue") == 8
