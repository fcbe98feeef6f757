"""What agents have said of the forms of their calls: on every database nobody writes over what another has just said."""

from __future__ import annotations

import asyncio

import pytest

from hotline.store.agent_forms import AgentForm, SqlAgentForms
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.builders import NOW, after
from tests.contracts.conftest import SECRET

CALL = "call-1"
TYPED = {"name": "王建国", "phone": "13905390001", "place": "兰山区银雀山街道", "secrecy": "confidential"}


@pytest.fixture
def forms(store: SqlStore) -> SqlAgentForms:
    return SqlAgentForms(store.database, Seal(SECRET))


async def test_fields_that_are_sent_at_once_are_all_kept(forms: SqlAgentForms) -> None:
    await forms.begin(AgentForm(CALL, "8001"), NOW)
    sent = [forms.correct(CALL, {field: said}, after(1)) for field, said in TYPED.items()]
    await asyncio.gather(*sent, forms.answered(CALL, "heating-fee", after(1)))
    found = await forms.get(CALL)
    assert found is not None
    assert (found.corrections, found.answered_with) == (TYPED, "heating-fee")


async def test_what_is_taken_back_is_gone_and_of_a_form_that_is_gone_nothing_is_kept(
    forms: SqlAgentForms,
) -> None:
    await forms.begin(AgentForm(CALL, "8001", corrections=TYPED), NOW)
    await forms.correct(CALL, {"secrecy": None}, after(1))
    found = await forms.get(CALL)
    assert found is not None
    assert "secrecy" not in found.corrections
    await forms.close(CALL, "8001")
    await forms.correct(CALL, {"name": "李秀英"}, after(2))
    assert await forms.get(CALL) is None


async def test_who_did_not_take_a_call_leaves_the_form_to_who_has_it_now(forms: SqlAgentForms) -> None:
    await forms.begin(AgentForm(CALL, "8001"), NOW)
    await forms.correct(CALL, {"name": "王建国"}, after(1))
    await forms.begin(AgentForm(CALL, "8002"), after(2))
    await forms.close(CALL, "8001")
    found = await forms.get(CALL)
    assert found is not None
    assert (found.agent, found.corrections) == ("8002", {"name": "王建国"})
    await forms.close(CALL, "8002")
    assert await forms.get(CALL) is None
