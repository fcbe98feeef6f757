"""Citizens' own orders over HTTP: proved first, shown with every step, acted on; strangers learn nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from hotline.domain.appeal import PhoneNumber, Secrecy
from hotline.domain.deeds import SignFor
from hotline.store.tables import outbox
from tests.builders import PHONE, after, an_appeal
from tests.integration.web.conftest import Site
from tests.work_orders import LANSHAN_UNIT, an_order, change, keep

OURS, SECRET, OTHERS = "26112300001", "26112300002", "26112300003"
STRANGER = PhoneNumber("13905390009")
APP = {"Authorization": f"Bearer app.{PHONE.digits}"}


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    return new_site(has_self_service=True)


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    secret = an_order(SECRET, 5, appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL))
    await keep(site.store, an_order(), secret, an_order(OTHERS, 6, appeal=an_appeal(phone=STRANGER)))
    async with site.client() as client:
        client.base_url = httpx.URL("http://site/api/citizen/v1/")
        yield client


async def asked(
    client: httpx.AsyncClient, path: str, body: Any = None, who: dict[str, str] | None = None
) -> tuple[int, Any]:
    answer = await client.request("GET" if body is None else "POST", path, json=body, headers=who)
    return answer.status_code, answer.json()


async def test_a_code_from_the_telephone_on_record_opens_its_orders(
    client: httpx.AsyncClient, site: Site
) -> None:
    for number in (OURS, "26112399999"):  # that there is no such order is not told
        assert await asked(client, "codes", {"number": number}) == (202, {"minutes": 10})
    async with site.store.database.reading() as connection:
        rows = (await connection.execute(select(outbox).where(outbox.c.kind == "citizen.code"))).all()
    assert len(rows) == 1
    status, fault = await asked(client, "proofs", {"number": OURS, "code": "123456"})
    assert (status, fault["code"]) == (403, "proof.refused")
    status, proof = await asked(client, "proofs", {"number": OURS, "code": "777777"})
    assert status == 200
    who = {"Authorization": f"Bearer {proof['token']}"}
    status, found = await asked(client, "orders", who=who)
    assert (status, [order["number"] for order in found["orders"]]) == (200, [SECRET, OURS])
    status, order = await asked(client, f"orders/{OURS}", who=who)
    assert (order["status_text"], order["unit"]) == ("待签收", "兰山区人民政府")
    assert [step["step_text"] for step in order["steps"]] == ["已登记", "派单"]
    assert "urge" in order["may"]
    assert (await asked(client, f"orders/{OTHERS}", who=who))[0] == 403


@pytest.mark.parametrize("token", ["", "x", "AAAA", "暖".encode().hex(), "a" * 4_000])
async def test_without_a_proof_nothing_is_told(client: httpx.AsyncClient, token: str) -> None:
    who = {"Authorization": f"Bearer {token}"}
    for path in ("orders", f"orders/{OURS}", f"orders/{SECRET}"):
        status, fault = await asked(client, path, who=who)
        assert (status, fault["code"]) == (403, "proof.needed")


async def test_who_comes_by_the_app_acts_on_their_order(client: httpx.AsyncClient, site: Site) -> None:
    status, order = await asked(client, f"orders/{OURS}/urging", {"text": "家里有老人"}, APP)
    assert (status, order["steps"][-1]["step_text"], order["steps"][-1]["text"]) == (
        200,
        "催办",
        "家里有老人",
    )
    status, fault = await asked(client, f"orders/{OURS}/urging", {}, APP)
    assert (status, fault["code"]) == (409, "work_order.illegal_transition")  # urged just now
    status, order = await asked(client, f"orders/{OURS}/facts", {"text": "三楼也不热"}, APP)
    assert order["steps"][-1]["text"] == "三楼也不热"
    assert (await asked(client, f"orders/{OURS}/messages", {"text": "请周末来"}, APP))[0] == 202
    good = {"resolution": "resolved", "result": "satisfied", "attitude": "satisfied"}
    status, fault = await asked(client, f"orders/{OURS}/rating", good, APP)
    assert (status, fault["code"]) == (409, "work_order.illegal_transition")  # nothing was replied yet
    assert (await asked(client, f"orders/{OURS}/objection", {"text": "不同意"}, APP))[0] == 409
    assert (await asked(client, f"orders/{OURS}/supplement", {"text": "三号楼"}, APP))[0] == 409
    status, order = await asked(client, f"orders/{OURS}/withdrawal", {"text": "已经热了"}, APP)
    assert (status, order["status_text"], order["may"]) == (200, "已撤单", [])
    kept = await site.store.get(OURS)
    assert [entry.by.role.value for entry in kept.history[-3:]] == ["citizen"] * 3


async def test_who_knows_a_number_only_sees_how_it_stands_unless_it_is_secret(
    client: httpx.AsyncClient,
) -> None:
    status, news = await asked(client, f"news/{OTHERS}")
    assert (status, news["status_text"], news["unit"]) == (200, "待签收", "兰山区人民政府")
    assert (await asked(client, f"news/{SECRET}"))[0] == 403
    assert (await asked(client, "news/26112399999"))[0] == 403


async def test_numbers_are_not_tried_out(client: httpx.AsyncClient) -> None:
    statuses = {(await asked(client, f"news/{26112300100 + each}"))[0] for each in range(70)}
    assert statuses == {403, 429}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("codes", {"number": "1"}),
        ("codes", {"number": OURS, "more": 1}),
        ("proofs", {"number": OURS, "code": "７７７７"}),
        (f"orders/{OURS}/facts", {"text": "  "}),
        (f"orders/{OURS}/facts", {"text": "x" * 2_001}),
        (f"orders/{OURS}/rating", {"resolution": "yes", "result": "satisfied", "attitude": "satisfied"}),
        ("orders/..%2f1/facts", {"text": "x"}),
    ],
)
async def test_what_is_not_right_is_refused(client: httpx.AsyncClient, path: str, body: Any) -> None:
    status, fault = await asked(client, path, body, APP)
    assert status in (404, 422)
    assert fault["code"] == f"http.{status}"


async def test_a_citizen_subscribes_to_each_step_by_sms_sees_it_and_ends_it(
    client: httpx.AsyncClient, site: Site
) -> None:
    path = f"orders/{OURS}/subscription"
    assert (await client.put(path)).status_code == 403
    subscribed = (await client.put(path, headers=APP)).json()
    assert (subscribed["may_subscribe"], subscribed["subscription"]) == (True, "sms")
    _, found = await asked(client, "orders", who=APP)
    assert {order["number"]: order["subscription"] for order in found["orders"]} == {OURS: "sms", SECRET: ""}
    await change(site.store, await site.store.get(OURS), SignFor(), by=LANSHAN_UNIT, at=after(60))
    async with site.store.database.reading() as connection:
        kinds = (await connection.execute(select(outbox.c.kind))).scalars().all()
    assert "work_order.sign_for" in kinds
    assert (await client.delete(path, headers=APP)).json()["subscription"] == ""
    assert (await client.put(f"orders/{OTHERS}/subscription", headers=APP)).json()["code"] == "proof.needed"
