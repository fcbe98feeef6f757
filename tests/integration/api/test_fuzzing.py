"""Every field of every interface is fed whatever its description allows, and more: no fault of ours, answers as described."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hotline.domain.deeds import AskEnd, AskExtension, ContactExemption, EndGround, Reply, SendBack, SignFor
from tests.builders import after
from tests.integration.api.conftest import HOUSING_CODE, LANSHAN_CODE, OTHER_CODE, STAFF, Site
from tests.work_orders import LANSHAN_UNIT, an_order, change, keep

CHECKS: list[CheckFunction] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance
]  # fmt: skip
SIGNED = [SignFor()]
RETURNED = [SendBack("不在本区", "条例", HOUSING_CODE)]
REPLIED = [SignFor(), Reply("已办", "已办", exemption=ContactExemption.ANONYMOUS)]
ENDING = [SignFor(), AskEnd(EndGround.NOT_TRUE, "经查不属实")]
EXTENDING = [SignFor(), AskExtension(after(9 * 86_400), "管网改造")]
STATES: list[list[Any]] = [[], SIGNED, RETURNED, REPLIED, ENDING, EXTENDING]


async def seeded(site: Site) -> list[str]:
    """Keep orders in many states; return their numbers."""
    numbers = [f"261123{index:05d}" for index in range(1, 4 * len(STATES) + 1)]
    for index, number in enumerate(numbers):
        order = an_order(number)
        await keep(site.store, order)
        for seconds, deed in enumerate(STATES[index % len(STATES)], 1):
            order = await change(site.store, order, deed, by=LANSHAN_UNIT, at=after(seconds))
    site.clock.move(minutes=1)
    return numbers


@pytest.mark.slow
@pytest.mark.timeout(150)
async def test_whatever_is_sent_the_answer_is_as_described(site: Site) -> None:
    numbers = await seeded(site)
    unit = {"Authorization": f"Bearer {await site.key(f'unit:{LANSHAN_CODE}')}"}
    app = await site.key("app:wechat")
    answers = await asyncio.to_thread(_ask_everything, site, numbers, unit, app)
    assert answers.keys() >= {200, 400, 404, 409, 422}
    assert answers[200] > 100
    assert await site.store.audit_break() is None


def _ask_everything(site: Site, numbers: list[str], unit: dict[str, str], app: str) -> Counter[int]:
    schema = schemathesis.openapi.from_asgi("/openapi.json", site.app)
    answers: Counter[int] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in schemathesis.GenerationMode:
            if (
                mode is schemathesis.GenerationMode.NEGATIVE
                and operation.method == "get"
                and not len(operation.query)
            ):
                continue

            @settings(
                max_examples=9, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(
                case=operation.as_strategy(generation_mode=mode),
                number=st.sampled_from([*numbers, None]),
                is_helped=st.booleans(),
            )
            def ask(case: schemathesis.Case, number: str | None, is_helped: bool) -> None:
                if number is not None and "number" in (case.path_parameters or {}):
                    case.path_parameters["number"] = number
                if is_helped and isinstance(case.body, dict):
                    _help(case.body, app)
                headers = unit if "/unit/" in case.path else STAFF
                response = case.call(headers=headers)
                case.validate_response(response, checks=CHECKS, headers=headers)
                answers[response.status_code] += 1
                site.clock.move(seconds=1)

            ask()
    return answers


def _help(body: dict[str, Any], app: str) -> None:
    """Put in what chance does not find: words, a unit, a service, a key."""
    for name, value in (("api_key", app), ("service_code", "0101"), ("unit", OTHER_CODE), ("revision", None)):
        if name in body:
            body[name] = value
    body.update({name: "一" for name, value in body.items() if isinstance(value, str) and not value.strip()})
