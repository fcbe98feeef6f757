"""Staff judge calls that may be malicious: listed without words, looked at on the record, judged with a reason; agents see it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hotline.domain.agents import Skill
from hotline.domain.appeal import ContactChannel
from hotline.domain.nuisance import Suspicion
from hotline.service.agent_desk import HandoverWish
from hotline.service.nuisances import FlaggedCall
from hotline.store.tables import audit
from tests.builders import PHONE
from tests.integration.api.conftest import STAFF, Site
from tests.work_orders import an_order, keep

AT = "/api/staff/v1/nuisances"
WORDS = "你们都是废物"
JUDGED = {"by": "7", "verdict": "malicious", "measure": "police", "reason": "连续三天辱骂话务员"}


async def flagged(site: Site) -> str:
    assert site.parts.nuisances is not None
    call = FlaggedCall("c1", PHONE, Suspicion.ABUSIVE, (WORDS,))
    return (await site.parts.nuisances.flag(call, site.clock())).id


async def test_a_flagged_call_is_listed_looked_at_and_judged_and_the_next_agent_is_told(site: Site) -> None:
    flag = await flagged(site)
    await keep(site.store, an_order(conversation="c1"))
    async with site.client(headers=STAFF) as http:
        (listed,) = (await http.get(AT)).json()
        whole = (await http.get(f"{AT}/{flag}", params={"by": "7"})).json()
        judged = (await http.post(f"{AT}/{flag}/judge", json=JUDGED)).json()
        waiting, past = (await http.get(AT)).json(), (await http.get(AT, params={"judged": True})).json()
        again = await http.post(
            f"{AT}/{flag}/judge", json={**JUDGED, "verdict": "harmless", "measure": "none"}
        )
        await http.put("/api/staff/v1/agents/1024", json={"name": "王敏"})
        await site.desk.request(HandoverWish("c2", PHONE.digits, Skill.ORDINARY, "asked", "暖气不热"))
        offered = (await http.get("/api/staff/v1/agents/1024/handover")).json()
    assert (listed["phone"], listed["words"], listed["suspicion"]) == (str(PHONE), None, "abusive")
    assert whole["words"] == [WORDS]
    assert (judged["judgement"]["verdict"], judged["judgement"]["by"]) == ("malicious", "reviewer:7")
    assert (waiting, [one["id"] for one in past]) == ([], [flag])
    assert (again.status_code, again.json()["code"]) == (409, "nuisance.judged")
    assert offered["malicious_before"] == 1
    async with site.store.database.reading() as connection:
        looks = await connection.execute(select(audit.c.actor).where(audit.c.subject == f"nuisance:{flag}"))
        assert "7" in str(list(looks.scalars()))


async def test_an_agent_flags_a_call_by_hand(site: Site) -> None:
    async with site.client(headers=STAFF) as http:
        given = {"by": "1024", "conversation": "c404", "words": "一直骂人"}
        unknown = await http.post(AT, json=given)
        await keep(site.store, an_order(conversation="c7"))
        await site.store.begin("c7", channel=ContactChannel.PHONE, call_id="x", at=site.clock())
        made = await http.post(AT, json={**given, "conversation": "c7"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "nuisance.unknown")
    assert (made.status_code, made.json()["suspicion"], made.json()["flagged_by"]) == (
        201,
        "agent",
        "agent:1024",
    )


@pytest.mark.parametrize(
    ("given", "status"),
    [({}, 422), ({**JUDGED, "reason": ""}, 422), ({**JUDGED, "verdict": "blocked"}, 422),
     ({**JUDGED, "verdict": "harmless"}, 422)],
)  # fmt: skip
async def test_a_judgement_needs_a_verdict_and_a_reason(
    site: Site, given: dict[str, str], status: int
) -> None:
    flag = await flagged(site)
    async with site.client(headers=STAFF) as http:
        assert (await http.post(f"{AT}/{flag}/judge", json=given)).status_code == status
    async with site.client() as http:
        assert (await http.get(AT)).status_code == 401
