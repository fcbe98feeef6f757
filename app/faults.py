"""What programs are told when something is refused: a status, a stable code (docs/errors.md), a Chinese sentence, and facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel

from hotline.domain.agents import NoSuchAgentError
from hotline.domain.article_life import (
    ArticleNotFoundError,
    ArticleStepRefusedError,
    PublicationBlockedError,
    Refusal,
)
from hotline.domain.callbacks import NoSuchCallbackError
from hotline.domain.corrections import NoSuchCorrectionError, PersonalWordsError, SelfReviewError
from hotline.domain.errors import (
    ConflictOfInterestError,
    DeedRefusedError,
    HotlineError,
    IllegalTransitionError,
    UnknownUnitError,
    WorkOrderNotFoundError,
)
from hotline.domain.golden_check import CheckNotFoundError
from hotline.domain.knowledge_files import KnowledgeFileNotFoundError, KnowledgeFileRefusedError
from hotline.domain.knowledge_tasks import TaskNotFoundError, TaskRefusedError
from hotline.domain.knowledge_use import CandidateNotFoundError, CandidateSettledError
from hotline.domain.linkage import LinkageNotFoundError
from hotline.domain.nuisance import NoSuchNuisanceError
from hotline.domain.talks import UnknownPartyError
from hotline.service.agent_chats import NoSuchChatError

_UNKNOWN: Final = (
    NoSuchChatError,
    ArticleNotFoundError,
    KnowledgeFileNotFoundError,
    CheckNotFoundError,
    TaskNotFoundError,
    CandidateNotFoundError,
    WorkOrderNotFoundError,
    NoSuchCallbackError,
    NoSuchCorrectionError,
    NoSuchAgentError,
    UnknownPartyError,
    LinkageNotFoundError,
    NoSuchNuisanceError,
)


class StepFaultOut(BaseModel):
    """Why a step was not taken: ``code`` for programs, ``text`` for people; then what the code is about."""

    code: str
    text: str
    retryable: bool
    status: str | None = None
    step: str | None = None
    reason: str | None = None
    missing: str | None = None
    unit: str | None = None
    detail: list[dict[str, Any]] | None = None


def step_fault(text: str) -> dict[str, Any]:
    """Return the description of a refusal by ``StepFaultOut``, for the OpenAPI document.

    It is referred to by name, and not given as a model: hundreds of routes would each make a validator of their own for it.
    """
    reference = {"$ref": f"#/components/schemas/{StepFaultOut.__name__}"}
    return {"description": text, "content": {"application/json": {"schema": reference}}}


def describe_step_faults(app: FastAPI) -> None:
    """Add ``StepFaultOut`` to the OpenAPI document of ``app``."""
    document = app.openapi

    def described() -> dict[str, Any]:
        schema = document()
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault(StepFaultOut.__name__, StepFaultOut.model_json_schema())
        return schema

    app.openapi = described  # type: ignore[method-assign]


def status_of(error: HotlineError) -> int:
    """Return the HTTP status of an error: what lacks something is 422, what the order's state or revision forbids is 409."""
    match error:
        case _ if error.code == "host_token.refused":
            return 401
        case _ if isinstance(error, SelfReviewError) or error.code in (
            "recording.locked",
            "evidence.locked",
            "account.not_allowed",
            "proof.needed",
            "proof.refused",
        ):
            return 403
        case _ if isinstance(error, _UNKNOWN) or error.code in ("recording.missing", "evidence.not_found"):
            return 404
        case (
            DeedRefusedError()
            | UnknownUnitError()
            | ConflictOfInterestError()
            | PersonalWordsError()
            | KnowledgeFileRefusedError()
        ):
            return 422
        case ArticleStepRefusedError(refusal=Refusal.INCOMPLETE | Refusal.NO_REASON):
            return 422
        case ArticleStepRefusedError(refusal=Refusal.ROLE | Refusal.OTHER_UNIT | Refusal.OWN_WORK):
            return 403
        case _ if (
            error.code in ("work_order.stale", "article.stale", "article.check_running", "brief.stale")
            or not error.retryable
        ):
            return 409
        case _:
            return 503


class Faults:
    """Words errors for people, from ``prompts/interface.yaml`` and the names of states and steps in ``prompts/web.yaml``."""

    def __init__(self, words: Mapping[str, Any], names: Mapping[str, Any]) -> None:
        """Take the sentences and the names."""
        self._words = words
        self._names = names

    def text(self, code: str) -> str:
        """Return the sentence for a code, the general one if it has none of its own."""
        texts: Mapping[str, str] = self._words["faults"]
        return texts.get(code, texts["http.422"])

    def body(self, error: HotlineError) -> dict[str, Any]:
        """Return the body of the answer to ``error``."""
        # The reason of other errors is what a database or an engine said: that is for the log.
        names = (
            ("status", "step", "reason") if isinstance(error, IllegalTransitionError) else ("missing", "unit")
        )
        facts = {name: str(found) for name in names if (found := getattr(error, name, None))}
        if isinstance(error, ArticleStepRefusedError):
            facts |= {"status": error.status.value, "step": error.step.value}
            if error.refusal is not None:
                facts["reason"] = error.refusal.value
            if error.reasons:
                facts["missing"] = "；".join(error.reasons)
        if isinstance(error, PublicationBlockedError | TaskRefusedError | CandidateSettledError):
            facts["reason"] = str(error)
        return {
            "code": error.code,
            "text": self._sentence(error),
            "retryable": error.retryable,
            **facts,
        }

    def _sentence(self, error: HotlineError) -> str:
        if isinstance(error, IllegalTransitionError) and error.reason:
            refusals: Mapping[str, str] = self._words["refusals"]
            return refusals.get(error.reason, error.reason)
        if isinstance(error, IllegalTransitionError):
            status = self._names["statuses"].get(error.status, error.status)
            step = self._names["steps"].get(error.step, error.step)
            return self.text(error.code).format(status=status, step=step)
        if isinstance(error, DeedRefusedError):
            return self.text(error.code).format(missing=error.missing)
        return self.text(error.code)
