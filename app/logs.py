"""Logs: one JSON line an event, values as keywords; personal data only under keys that begin with ``pii_``, masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_KEEP = 2


def mask_personal_data(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave only the length and the last characters of whatever a ``pii_`` key holds."""
    for key, value in event.items():
        if key.startswith("pii_"):
            text = str(value)
            event[key] = f"({len(text)})…{text[-_KEEP:]}" if len(text) > 2 * _KEEP else f"({len(text)})"
    return event


def configure(level: str = "info") -> None:
    """Set logging up, once, for a process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask_personal_data,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper(), logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    for noisy in ("jieba", "httpx", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
