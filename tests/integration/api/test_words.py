"""Every refusal has its sentence, every code its line in the documents."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from app.faults import Faults
from hotline.domain import errors, refusals, relay
from hotline.domain.errors import IllegalTransitionError
from hotline.domain.life_cycle import Status, Step
from hotline.domain.people import Role
from hotline.service.casework import STILL_LISTED
from hotline.service.self_service import RATED_ALREADY, URGED_LATELY
from tests.integration.api.conftest import WEB_WORDS, WORDS

ERRORS_DOC = Path(__file__).parents[3] / "docs" / "errors.md"


def reasons() -> set[str]:
    """Return every sentence that a function of the module returns; one for each role where the role is filled in."""
    found = {f"not for {role.value}" for role in Role}
    for node in ast.walk(ast.parse(inspect.getsource(refusals))):
        if isinstance(node, ast.Return) and node.value is not None:
            found |= _sentences(node.value)
    return found


def _sentences(value: ast.expr) -> set[str]:
    if isinstance(value, ast.IfExp):
        return _sentences(value.body) | _sentences(value.orelse)
    return {value.value} - {""} if isinstance(value, ast.Constant) and isinstance(value.value, str) else set()


def test_every_reason_has_a_chinese_sentence_and_none_is_left_over() -> None:
    elsewhere = {"no part in this order", STILL_LISTED, URGED_LATELY, RATED_ALREADY}
    assert "no part in this order" in inspect.getsource(relay)
    assert len(reasons()) > 40
    assert set(WORDS["refusals"]) == reasons() | elsewhere


def test_every_state_and_step_has_a_name() -> None:
    faults = Faults(WORDS, WEB_WORDS)
    for status in Status:
        for step in Step:
            error = IllegalTransitionError(number="1", status=status, step=step)
            assert faults.body(error)["text"] == (
                f"工单现在是“{WEB_WORDS['statuses'][status.value]}”，不能“{WEB_WORDS['steps'][step.value]}”。"
            )


def test_what_a_database_or_an_engine_says_is_not_told() -> None:
    faults = Faults(WORDS, WEB_WORDS)
    body = faults.body(errors.StoreUnavailableError("password=hunter2"))
    assert "hunter2" not in str(body)


def test_every_code_of_the_interfaces_is_in_the_documents() -> None:
    documented = ERRORS_DOC.read_text(encoding="utf-8")
    assert [code for code in WORDS["faults"] if f"`{code}`" not in documented] == []
