"""What an agent is helped with: what is heard and what is written are understood each in its own way."""

from __future__ import annotations

import pytest

from hotline.city import load_city
from hotline.domain.meaning import Understanding
from hotline.service.agent_assist import AgentAssist
from tests.builders import LINYI, NOW, PHONE, a_complaint
from tests.consoles_site import FixedRouter
from tests.fakes import FakeRetriever


class Understands:
    """Understands everything as one category."""

    def __init__(self, category: str) -> None:
        self._category = category

    async def understand(self, text: str) -> Understanding:
        return a_complaint(text, category=self._category)


@pytest.mark.parametrize(("is_heard", "category"), [(True, "0204"), (False, "0101")])
async def test_a_call_is_understood_as_heard_and_a_chat_as_written(is_heard: bool, category: str) -> None:
    assist = AgentAssist(
        Understands("0101"),
        FakeRetriever(),
        FixedRouter(),
        city=load_city(LINYI),
        clock=lambda: NOW,
        hears=Understands("0204"),
    )
    filling = assist.filling(PHONE, is_heard=is_heard)
    assert await assist.hear(filling, "路登不亮")
    assert filling.form().appeal.category == category
