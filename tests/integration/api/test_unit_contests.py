"""Units' programs see what counts against them, contest it with evidence, and are told what was decided."""

from __future__ import annotations

from typing import Any

from hotline.domain.deeds import Conclude
from hotline.domain.people import Actor, Role
from hotline.domain.work_order import WorkOrder
from tests.integration.api.conftest import HOUSING_CODE, LANSHAN_CODE, OTHER_CODE, Site
from tests.integration.api.test_units import looks
from tests.unit.hotline.domain.test_work_order import CONCLUDED, REVIEWED, UNHAPPY, done
from tests.work_orders import AGENT, an_order, keep

DECIDER = Actor(Role.SUPERVISOR, "s-2")
AT = "/api/unit/v1/orders"
ASSESSMENT = "/api/unit/v1/assessment"
ASKED = {"ground": "wrong_record", "reason": "当日已上门", "evidence": [{"id": "photo-1"}], "by": "wang-1"}
CLOSED, CLOSED_TOO, OPEN, CONTENT = (f"2611230000{n}" for n in range(1, 5))


async def counted_against_lanshan(site: Site) -> None:
    """Two closed orders that count against the unit, one that is still open, and one that does not count against it."""
    unhappy = (*REVIEWED, (AGENT, UNHAPPY))
    for number in (CLOSED, CLOSED_TOO):
        await keep(site.store, done(an_order(number), *unhappy, (AGENT, Conclude("解释清楚"))))
    await keep(site.store, done(an_order(OPEN), *unhappy), done(an_order(CONTENT), *CONCLUDED))
    site.clock.move(hours=1)


async def decided(site: Site, number: str, *, is_upheld: bool) -> WorkOrder:
    contests, at = site.programs.contests, site.clock()
    order = await site.store.get(number)
    if is_upheld:
        return await contests.uphold(
            number, "照片属实", order=order, by=DECIDER, at=at, expected=order.revision
        )
    return await contests.reject(number, "照片不是当日", by=DECIDER, at=at, expected=order.revision)


async def test_a_program_finds_what_counts_against_its_unit_contests_it_and_reads_the_outcome(
    site: Site,
) -> None:
    await counted_against_lanshan(site)
    async with site.unit() as client:

        async def assessed() -> dict[str, Any]:
            found = (await client.get(f"{ASSESSMENT}?quarter=2026Q4")).json()
            return {each["number"]: (each["state"], each["exclusion"]) for each in found["orders"]}

        first = (await client.get(ASSESSMENT)).json()
        assert (first["quarter"], first["grounds"]["wrong_record"]) == (
            "2026Q4", "响应、时间或者回访的记录与事实不符"
        )  # fmt: skip
        assert [(each["number"], each["state"], each["against"]) for each in first["orders"][:2]] == [
            (OPEN, "not_closed", ["unresolved", "dissatisfied"]),
            (CLOSED_TOO, "may", ["unresolved", "dissatisfied"]),
        ]
        assert first["orders"][1]["until"] == "2027-01-08T17:30:00+08:00"
        taken = [
            await client.post(f"{AT}/{number}/contest", json=ASKED, headers={"Idempotency-Key": number})
            for number in (CLOSED, CLOSED_TOO, CLOSED)
        ]
        assert [each.status_code for each in taken] == [200, 200, 200]
        assert (taken[2].json(), taken[2].headers["Idempotent-Replayed"]) == (taken[0].json(), "true")
        waiting = (await client.get(f"{AT}/{CLOSED}/contest")).json()
        await decided(site, CLOSED, is_upheld=True)
        await decided(site, CLOSED_TOO, is_upheld=False)
        rejected = (await client.get(f"{AT}/{CLOSED_TOO}/contest")).json()
        outcome = await assessed()
    assert (await site.store.get(CLOSED)).history[-2].by.id == f"{LANSHAN_CODE}/wang-1"
    assert {name: waiting[name] for name in ("state", "ground_text", "reason", "evidence", "decision")} == {
        "state": "open", "ground_text": "响应、时间或者回访的记录与事实不符", "reason": "当日已上门",
        "evidence": ["photo-1"], "decision": None,
    }  # fmt: skip
    assert (rejected["state"], rejected["decision"], rejected["decided_by"]) == (
        "rejected", "照片不是当日", "supervisor"
    )  # fmt: skip
    assert (outcome[CLOSED], outcome[CLOSED_TOO]) == (("upheld", "照片属实"), ("rejected", None))
    assert list(outcome)[-1] == CLOSED  # what does not count comes last
    assert (f"unit:{LANSHAN_CODE}", f"inbox:{LANSHAN_CODE}") in {each[:2] for each in await looks(site)}


async def test_why_an_order_cannot_be_contested_is_told_and_nothing_is_done(site: Site) -> None:
    await counted_against_lanshan(site)
    before = await site.store.get(CLOSED)
    async with site.unit() as client, site.unit(HOUSING_CODE) as helper, site.unit(OTHER_CODE) as other:
        path = f"{AT}/{CLOSED}/contest"
        bare = [
            (await client.post(path, json={**ASKED, **without})).json()
            for without in ({"ground": "unheard_of"}, {"reason": " "}, {"evidence": []})
        ]
        early = await client.post(f"{AT}/{OPEN}/contest", json=ASKED)
        helping = await helper.post(path, json=ASKED)
        stale = await client.post(path, json={**ASKED, "revision": 1})
        strange = [await other.get(path), await other.post(path, json=ASKED)]
        nothing = (await other.get(ASSESSMENT)).json()
        wrong = await client.get(f"{ASSESSMENT}?quarter=2026Q5")
        assert await site.store.get(CLOSED) == before
        await client.post(path, json=ASKED)
        again = await client.post(path, json=ASKED)
        site.clock.move(days=60)
        late = await client.post(f"{AT}/{CLOSED_TOO}/contest", json=ASKED)
        standing = (await client.get(f"{AT}/{CLOSED_TOO}/contest")).json()["state"]
    assert [(each["code"], each["missing"]) for each in bare] == [
        ("work_order.deed_refused", missing) for missing in ("异议情形", "异议理由", "证据材料")
    ]
    refused = [(each.status_code, each.json().get("reason")) for each in (early, helping, again, late)]
    assert refused == [
        (409, None), (409, "only the lead unit may do this"), (409, "its counting was contested already"),
        (409, "the time for contesting its counting is over"),
    ]  # fmt: skip
    assert (stale.status_code, stale.json()["code"]) == (409, "work_order.stale")
    assert [each.status_code for each in strange] == [404, 404]
    assert (nothing["orders"], wrong.status_code, standing) == ([], 422, "late")
