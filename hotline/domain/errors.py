"""Errors of the hotline. They carry a code and data; the edge words them for people, in Chinese.

``HotlineError``
 ├ ``CityConfigError``           a file under ``config/`` is wrong: which file, which row, why
 ├ ``EngineUnavailableError``    an engine (recogniser, Rasa, search …) did not answer in time; may be retried
 │  └ ``EngineBusyError``        it is up, but its queue is full
 ├ ``ModelRefusedError``         a model file is missing, damaged or not the one that is pinned
 ├ ``WorkOrderNotFoundError``
 ├ ``StaleWorkOrderError``       two people changed one work order; the second is told
 ├ ``UnknownUnitError``           the city has no handling unit of this code
 ├ ``ConflictOfInterestError``    a tip-off must not reach the unit that it names
 ├ ``DeedRefusedError``           what is to be done to an order lacks something compulsory
 ├ ``IllegalTransitionError``    the step is not allowed in the order's present state
 └ ``StoreUnavailableError``     the database refused or did not answer: nothing was recorded
"""

from __future__ import annotations


class HotlineError(Exception):
    """Any failure the hotline knows by name; ``code`` is stable and documented in docs/errors.md."""

    code = "hotline.error"
    retryable = False


class CityConfigError(HotlineError):
    """A city's configuration cannot be used; ``file`` and ``row`` say where, ``reason`` what, in Chinese."""

    code = "city_config.invalid"

    def __init__(self, *, file: str, reason: str, row: str = "") -> None:
        self.file = file
        self.row = row
        self.reason = reason
        super().__init__(f"{file}{f' [{row}]' if row else ''}: {reason}")


class EngineUnavailableError(HotlineError):
    """An engine is away, broken or late; ``engine`` names it. Trying again may help."""

    code = "engine.unavailable"
    retryable = True

    def __init__(self, engine: str, reason: str = "") -> None:
        self.engine = engine
        self.reason = reason
        super().__init__(f"{engine}: {reason}" if reason else engine)


class EngineBusyError(EngineUnavailableError):
    """The engine is up, but its queue is full."""

    code = "engine.busy"


class ModelRefusedError(HotlineError):
    """A model file is missing, damaged or not the pinned one; nothing of it is used."""

    code = "model.refused"

    def __init__(self, *, model: str, file: str, reason: str) -> None:
        self.model = model
        self.file = file
        self.reason = reason
        super().__init__(f"{model}: {file}: {reason}")


class WorkOrderNotFoundError(HotlineError):
    """No work order has this number."""

    code = "work_order.not_found"

    def __init__(self, number: str) -> None:
        self.number = number
        super().__init__(number)


class RegisteredBeforeError(HotlineError):
    """The same was asked for before and was done then: ``number`` is the order that came of it. Nothing was changed."""

    code = "work_order.registered_before"

    def __init__(self, number: str) -> None:
        self.number = number
        super().__init__(number)


class StaleWorkOrderError(HotlineError):
    """The work order was changed by somebody else since it was read."""

    code = "work_order.stale"
    retryable = True

    def __init__(self, number: str) -> None:
        self.number = number
        super().__init__(number)


class StaleBriefError(HotlineError):
    """The week's brief was kept by somebody else since it was read, or has been issued."""

    code = "brief.stale"
    retryable = True

    def __init__(self, week: str) -> None:
        self.week = week
        super().__init__(week)


class UnknownUnitError(HotlineError):
    """The city has no handling unit of this code."""

    code = "unit.unknown"

    def __init__(self, unit: str) -> None:
        self.unit = unit
        super().__init__(f"没有这个承办单位：{unit}")  # the error's text


class ConflictOfInterestError(HotlineError):
    """A tip-off must not reach the unit that it names (济南条例32); somebody above it handles the matter."""

    code = "work_order.conflict_of_interest"

    def __init__(self, *, number: str, unit: str) -> None:
        self.number = number
        self.unit = unit
        super().__init__(f"{number}: {unit}")


class IllegalTransitionError(HotlineError):
    """``step`` is not allowed while the work order is ``status``; nothing was changed."""

    code = "work_order.illegal_transition"

    def __init__(self, *, number: str, status: str, step: str, reason: str = "") -> None:
        self.number = number
        self.status = status
        self.step = step
        self.reason = reason
        super().__init__(f"{number}: {status} -/-> {step}{f' ({reason})' if reason else ''}")


class DeedRefusedError(HotlineError):
    """What is to be done to an order lacks something that the rules make compulsory; ``missing`` names it in Chinese."""

    code = "work_order.deed_refused"

    def __init__(self, *, missing: str) -> None:
        self.missing = missing
        super().__init__(f"缺少{missing}")  # the error's text


class StoreUnavailableError(HotlineError):
    """The database refused the change or did not answer; nothing was recorded."""

    code = "store.unavailable"
    retryable = True

    def __init__(self, reason: str = "") -> None:
        self.reason = reason
        super().__init__(reason)
