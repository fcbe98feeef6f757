"""Open311 GeoReport v2, held against the published specification (https://wiki.open311.org/GeoReport_v2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from hotline.domain.appeal import AppealKind, ContactChannel, EmergencyService, Place, Secrecy, Urgency
from hotline.domain.deeds import (
    Conclude,
    ContactExemption,
    Deed,
    Disclose,
    PassReview,
    Reply,
    Resolution,
    Revisit,
    Satisfaction,
    SignFor,
)
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.people import Actor
from hotline.domain.work_order import WorkOrder
from hotline.service.conversations import Registering
from tests.builders import NOW, an_appeal
from tests.integration.api.conftest import CITY, Site
from tests.work_orders import LANSHAN_UNIT, REVIEWER, an_order, change, keep

NUMBER = "26112300001"
V2 = "/open311/v2"
FORM = {
    "service_code": "0101", "address_string": "兰山区银雀山街道", "description": "家里暖气不热", "first_name": "三丰",
    "last_name": "张", "phone": "13905390001",
}  # fmt: skip

# The field lists of the specification, in its order.
SERVICE = ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"]
REQUEST = [
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address",
    "address_id", "zipcode", "lat", "long", "media_url",
]  # fmt: skip


async def get(site: Site, path: str, **parameters: str) -> httpx.Response:
    async with site.client() as client:
        return await client.get(path, params=parameters)


async def post(site: Site, form: str = "json", **changed: str) -> httpx.Response:
    given = {"api_key": await site.key("app:wechat"), **FORM, **changed}
    async with site.client() as client:
        return await client.post(f"{V2}/requests.{form}", data={k: v for k, v in given.items() if v})


async def concluded(site: Site, number: str = NUMBER, **appeal: Any) -> None:
    """Keep an order whose public version a person has disclosed."""
    order = an_order(number, appeal=an_appeal(**appeal))
    await keep(site.store, order)
    steps: list[tuple[Deed, Actor]] = [
        (SignFor(), LANSHAN_UNIT),
        (Reply("张先生您好，已修好。", "故障已排除", exemption=ContactExemption.NOT_WANTED), LANSHAN_UNIT),
        (PassReview(), REVIEWER),
        (
            Revisit(True, "电话", True, Resolution.RESOLVED, Satisfaction.SATISFIED, Satisfaction.SATISFIED),
            REVIEWER,
        ),
        (Conclude(), REVIEWER),
    ]
    for index, (deed, by) in enumerate(steps, 1):
        order = await change(site.store, order, deed, by=by, at=NOW + timedelta(minutes=index))


def errors(response: httpx.Response) -> list[tuple[str, str]]:
    """Return code and description of every error, from JSON or XML."""
    if response.headers["content-type"].startswith("application/json"):
        return [(str(error["code"]), error["description"]) for error in response.json()]
    root = ET.fromstring(response.content)
    assert root.tag == "errors"
    assert {error.tag for error in root} == {"error"}
    return [(error.findtext("code", ""), error.findtext("description", "")) for error in root]


async def test_services_are_listed_as_json_with_the_specified_fields(site: Site) -> None:
    response = await get(site, f"{V2}/services.json")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    services = response.json()
    assert [one["service_code"] for one in services] == [category.code for category in CITY.categories_at(2)]
    assert all(list(one) == SERVICE for one in services)
    assert services[0]["service_name"] == "供暖"
    assert (services[0]["metadata"], services[0]["type"], services[0]["group"]) == (
        False,
        "realtime",
        "公用事业",
    )


async def test_services_are_listed_as_xml_with_the_specified_elements(site: Site) -> None:
    response = await get(site, f"{V2}/services.xml")
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    assert response.content.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    root = ET.fromstring(response.content)
    assert (root.tag, {one.tag for one in root}) == ("services", {"service"})
    assert [each.tag for each in root[0]] == SERVICE
    assert (root[0].findtext("service_code"), root[0].findtext("metadata")) == ("0101", "false")


async def test_a_service_without_attributes_is_defined_so(site: Site) -> None:
    assert (await get(site, f"{V2}/services/0101.json")).json() == {"service_code": "0101", "attributes": []}
    root = ET.fromstring((await get(site, f"{V2}/services/0101.xml")).content)
    assert (root.tag, [each.tag for each in root]) == ("service_definition", ["service_code", "attributes"])


async def test_discovery_names_endpoint_and_formats(site: Site) -> None:
    found = (await get(site, "/open311/discovery.json")).json()
    assert found["endpoints"][0]["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert found["endpoints"][0]["url"] == "http://site/open311/v2"
    root = ET.fromstring((await get(site, "/open311/discovery.xml")).content)
    assert [each.text for each in root.iter("format")] == ["text/xml", "application/json"]


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_posted_request_is_an_order_before_its_number_is_told(site: Site, form: str) -> None:
    response = await post(site, form)
    assert response.status_code == 200
    if form == "json":
        told = response.json()
        assert list(told[0]) == ["service_request_id", "service_notice", "account_id"]
        number = told[0]["service_request_id"]
    else:
        root = ET.fromstring(response.content)
        assert (root.tag, root[0].tag) == ("service_requests", "request")
        number = root[0].findtext("service_request_id")
    order = await site.store.get(number)
    appeal = order.appeal
    assert (appeal.channel, appeal.category, appeal.text) == (ContactChannel.APP, "0101", "家里暖气不热")
    assert (appeal.phone and appeal.phone.digits, appeal.citizen_name) == ("13905390001", "张三丰")
    assert (appeal.place and appeal.place.street, order.status.value) == ("银雀山街道", "to_sign")


@pytest.mark.parametrize(
    ("changed", "status", "fault"),
    [
        ({"api_key": ""}, 403, "api_key 缺失或者无效。"),
        ({"api_key": "guessed"}, 403, "api_key 缺失或者无效。"),
        ({"service_code": ""}, 400, "没有提供 service_code。"),
        ({"service_code": "0000"}, 404, "没有这个 service_code。"),
        ({"jurisdiction_id": "city.gov"}, 404, "没有这个 jurisdiction_id。"),
        ({"address_string": ""}, 400, "须提供 address_string、address_id，或者同时提供 lat 和 long。"),
        ({"address_string": "", "lat": "35.1"}, 400, "lat 或者 long 不是有效的坐标。"),
        ({"lat": "nan", "long": "118"}, 400, "lat 或者 long 不是有效的坐标。"),
        ({"lat": "35", "long": "1e999"}, 400, "lat 或者 long 不是有效的坐标。"),
        ({"description": "x" * 4001}, 400, "内容太长：description 不超过4000字，其他各项不超过200字。"),
    ],
)
@pytest.mark.parametrize("form", ["json", "xml"])
async def test_what_cannot_be_registered_is_refused_as_specified(
    site: Site, form: str, changed: dict[str, str], status: int, fault: str
) -> None:
    refused = await post(site, form, **changed)
    assert refused.status_code == status
    assert errors(refused) == [(str(status), fault)]
    assert await site.store.recent() == []


async def test_an_emergency_is_diverted_at_once_and_the_notice_says_whom_to_call(site: Site) -> None:
    (told,) = (await post(site, description="三楼着火了，有人困在里面")).json()
    assert told["service_notice"].startswith(
        "情况紧急，请立即拨打 119！本热线不能代为转接。已登记，编号即工单编号"
    )
    order = await site.store.get(told["service_request_id"])
    assert (order.appeal.emergency, order.appeal.urgency, order.status.value) == (
        EmergencyService.FIRE, Urgency.LIFE_SAFETY, "diverted"
    )  # fmt: skip


async def test_of_a_state_secret_only_that_somebody_came_is_kept(site: Site) -> None:
    (told,) = (await post(site, description="营区门口拍到部队番号，属于军事秘密")).json()
    assert told["service_notice"].startswith("内容可能涉及国家秘密，内容没有保存；")
    order = await site.store.get(told["service_request_id"])
    appeal = order.appeal
    assert (appeal.text, appeal.summary, appeal.place, appeal.citizen_name) == ("", "", None, "")
    assert appeal.phone is not None
    assert (appeal.phone.digits, order.status.value) == ("13905390001", "to_dispatch")
    assert "番号" not in repr(order)


async def test_a_units_key_registers_nothing(site: Site) -> None:
    refused = await post(site, api_key=await site.key("unit:county-371302"))
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("兰山区银雀山街道金雀山路1号3单元", "兰山区银雀山街道金雀山路1号3单元"),
        ("银雀山街道 88号院", "兰山区银雀山街道88号院"),
        ("兰山区", "兰山区"),
        ("火星路1号", "火星路1号"),
    ],
)
async def test_nothing_of_an_address_is_lost(site: Site, said: str, place: str) -> None:
    told = (await post(site, address_string=said)).json()
    order = await site.store.get(told[0]["service_request_id"])
    assert order.appeal.place is not None
    assert (order.appeal.place.said, order.appeal.place.text) == (said, place)


async def test_coordinates_alone_are_asked_about(site: Site) -> None:
    told = (await post(site, address_string="", lat="35.1041", long="118.3564")).json()
    order = await site.store.get(told[0]["service_request_id"])
    assert (order.appeal.place and order.appeal.place.said, order.status.value) == (
        "WGS84 35.104100,118.356400", "needs_supplement"
    )  # fmt: skip


class SlowRegistration:
    """Registers only when it is let."""

    def __init__(self, inner: Registering) -> None:
        self._inner = inner
        self.may_go_on = asyncio.Event()

    async def register(self, *args: Any, **values: Any) -> WorkOrder:
        await self.may_go_on.wait()
        return await self._inner.register(*args, **values)


async def test_a_slow_registration_is_answered_with_a_token_that_leads_to_the_number(
    new_site: Callable[..., Site],
) -> None:
    slow = SlowRegistration(new_site().programs.registration)
    site = new_site(registration=slow, patience_seconds=0.01)
    told = (await post(site)).json()
    assert list(told[0]) == ["token", "service_notice", "account_id"]
    assert told[0]["service_notice"].startswith(
        "已收到，正在登记"
    )  # and nothing of what is not committed yet
    token = told[0]["token"]
    early = await get(site, f"{V2}/tokens/{token}.json")
    assert (early.status_code, errors(early)) == (404, [("404", "没有这个 token，或者还没有登记完成。")])
    slow.may_go_on.set()
    async with asyncio.timeout(10):
        while (found := await get(site, f"{V2}/tokens/{token}.json")).status_code == 404:
            await asyncio.sleep(0.01)
    number = found.json()[0]["service_request_id"]
    assert found.json() == [{"service_request_id": number, "token": token}]
    assert (await site.store.get(number)).appeal.text == "家里暖气不热"


class BrokenRegistration:
    async def register(self, *_: Any, **__: Any) -> WorkOrder:
        raise StoreUnavailableError("down")


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_without_the_database_nothing_is_promised(new_site: Callable[..., Site], form: str) -> None:
    refused = await post(new_site(registration=BrokenRegistration()), form)
    assert (refused.status_code, errors(refused)) == (400, [("503", "系统暂时不可用，请稍后再试。")])


async def test_an_order_is_shown_as_json_with_the_specified_fields(site: Site) -> None:
    await keep(site.store, an_order(NUMBER))
    (shown,) = (await get(site, f"{V2}/requests/{NUMBER}.json")).json()
    assert list(shown) == REQUEST
    assert shown == {
        "service_request_id": NUMBER, "status": "open", "status_notes": "办理中", "service_name": "供暖",
        "service_code": "0101", "description": None, "agency_responsible": "兰山区人民政府", "service_notice": None,
        "requested_datetime": "2026-11-23T10:00:00+08:00", "updated_datetime": "2026-11-23T10:00:00+08:00",
        "expected_datetime": "2026-11-30T10:00:00+08:00", "address": "银雀山街道 兰山区 临沂市", "address_id": None,
        "zipcode": None, "lat": None, "long": None, "media_url": None,
    }  # fmt: skip


async def test_an_order_is_shown_as_xml_with_the_specified_elements(site: Site) -> None:
    await keep(site.store, an_order(NUMBER))
    root = ET.fromstring((await get(site, f"{V2}/requests/{NUMBER}.xml")).content)
    assert (root.tag, [each.tag for each in root], [each.tag for each in root[0]]) == (
        "service_requests", ["request"], REQUEST
    )  # fmt: skip
    assert (root[0].findtext("service_code"), root[0].findtext("description")) == ("0101", "")


async def test_what_was_disclosed_with_a_name_and_a_number_is_masked_once_more(site: Site) -> None:
    await concluded(site, citizen_name="李建国")
    overlooked = Disclose("已联系李建国13905390001，阳光花园3-2-501已修好")
    await change(
        site.store, await site.store.get(NUMBER), overlooked, by=REVIEWER, at=NOW + timedelta(hours=1)
    )
    (shown,) = (await get(site, f"{V2}/requests/{NUMBER}.json")).json()
    assert shown["description"] == "已联系李******，阳光花园****已修好"


async def test_a_concluded_order_is_closed_and_its_disclosed_version_shown(site: Site) -> None:
    await concluded(site)
    disclose = Disclose("银雀山街道一处供热故障已排除 <b>&\x0b")
    await change(site.store, await site.store.get(NUMBER), disclose, by=REVIEWER, at=NOW + timedelta(hours=1))
    (shown,) = (await get(site, f"{V2}/requests/{NUMBER}.json")).json()
    assert (shown["status"], shown["description"]) == ("closed", disclose.text)
    root = ET.fromstring((await get(site, f"{V2}/requests/{NUMBER}.xml")).content)
    assert root[0].findtext("description") == "银雀山街道一处供热故障已排除 <b>&"


@pytest.mark.parametrize(
    "hidden",
    [
        {"secrecy": Secrecy.CONFIDENTIAL}, {"kind": AppealKind.TIP_OFF}, {"is_about_minor": True},
        {"kind": AppealKind.NUISANCE}, {"emergency": EmergencyService.FIRE},
    ],
)  # fmt: skip
async def test_what_may_not_be_disclosed_does_not_exist(site: Site, hidden: dict[str, Any]) -> None:
    await keep(site.store, an_order(NUMBER, appeal=an_appeal(**hidden)))
    one = await get(site, f"{V2}/requests/{NUMBER}.json")
    unknown = await get(site, f"{V2}/requests/26112399999.json")
    assert (one.status_code, one.content) == (404, unknown.content)
    assert (await get(site, f"{V2}/requests.json")).json() == []
    assert (await get(site, f"{V2}/requests.json", service_request_id=NUMBER)).json() == []


async def test_nothing_personal_is_on_any_page(site: Site) -> None:
    secrets = ["张三丰", "13905397777", "371302199001011234", "明德花园3号楼", "我邻居王五"]
    place = Place("银雀山街道明德花园3号楼", "371302", "兰山区", "371302002", "银雀山街道", "明德花园3号楼")
    seeded = {"text": "，".join(secrets), "citizen_name": secrets[0], "place": place, "summary": secrets[4]}
    for index, kind in enumerate((AppealKind.HELP, AppealKind.COMPLAINT, AppealKind.INQUIRY), 1):
        await keep(site.store, an_order(f"2611230000{index}", appeal=an_appeal(kind=kind, **seeded)))
    await concluded(site, "26112300004", **seeded)
    token = "0" * 32
    pages = [
        f"{V2}/{path}.{form}"
        for form in ("json", "xml")
        for path in (
            "services", "requests", "services/0101", f"tokens/{token}",
            *(f"requests/2611230000{index}" for index in range(1, 5)),
        )
    ]  # fmt: skip
    shown = "".join([(await get(site, page)).text for page in pages])
    assert shown.count("26112300004") == 4
    assert [secret for secret in secrets if secret in shown] == []


async def test_orders_are_found_by_code_state_time_and_number(site: Site) -> None:
    await concluded(site)
    await keep(site.store, an_order("26112300002", minutes=60, appeal=an_appeal(category="0102")))
    site.clock.move(hours=2)

    async def found(**parameters: str) -> list[str]:
        shown = (await get(site, f"{V2}/requests.json", **parameters)).json()
        return [one["service_request_id"] for one in shown]

    assert await found() == ["26112300002", NUMBER]
    assert await found(status="closed") == [NUMBER]
    assert await found(status="open,closed") == ["26112300002", NUMBER]
    assert await found(service_code="0102") == ["26112300002"]
    assert await found(service_code="0101, 0102", status="open") == ["26112300002"]
    assert await found(start_date="2026-11-23T02:30:00Z") == ["26112300002"]
    assert await found(end_date="2026-11-23T02:30:00Z") == [NUMBER]
    assert await found(service_request_id=f"{NUMBER},99,x") == [NUMBER]
    assert await found(service_request_id="x") == []
    assert await found(status="", service_code="") == ["26112300002", NUMBER]


async def test_orders_older_than_90_days_are_asked_for_by_their_dates(site: Site) -> None:
    await keep(site.store, an_order(NUMBER))
    site.clock.move(days=91)
    assert (await get(site, f"{V2}/requests.json")).json() == []
    dated = await get(site, f"{V2}/requests.json", start_date="2026-11-01T00:00:00+08:00")
    assert [one["service_request_id"] for one in dated.json()] == [NUMBER]


@pytest.mark.parametrize(
    ("path", "parameters", "status", "fault"),
    [
        ("requests.json", {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"}, 400, "dates"),
        ("requests.xml", {"start_date": "2026-11-02T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"}, 400, "dates"),
        ("requests.json", {"start_date": "yesterday"}, 400, "dates"),
        ("requests.json", {"start_date": "2026-11-01T00:00:00"}, 400, "dates"),
        ("requests.json", {"end_date": "0001-01-01T00:00:00+14:00"}, 400, "dates"),
        ("requests.json", {"start_date": "9999-12-31T23:59:59Z"}, 400, "dates"),
        ("requests.json", {"status": "lost"}, 400, "status"),
        ("requests.json", {"service_code": "0000"}, 404, "service_code_unknown"),
        ("requests.json", {"service_request_id": ",".join(f"{n:011d}" for n in range(101))}, 400, "too_many"),
        ("requests.json", {"jurisdiction_id": "city.gov"}, 404, "jurisdiction_unknown"),
        ("requests/x.json", {}, 404, "request_unknown"),
        ("services/0000.xml", {}, 404, "service_code_unknown"),
        ("tokens/x.json", {}, 404, "token_unknown"),
        ("services.pdf", {}, 400, "bad"),
        ("nothing.json", {}, 404, "not_found"),
    ],
)  # fmt: skip
async def test_what_is_asked_wrongly_is_refused_as_specified(
    site: Site, path: str, parameters: dict[str, str], status: int, fault: str
) -> None:
    refused = await get(site, f"{V2}/{path}", **parameters)
    words = site.programs.words["open311"]["faults"]
    assert (refused.status_code, [text for _, text in errors(refused)]) == (status, [words[fault]])


@pytest.mark.parametrize(
    ("content", "type_", "status"),
    [
        (b"description=\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"description=%FF%FE", "application/x-www-form-urlencoded", 400),
        (json.dumps(FORM).encode(), "application/json", 400),
        (b"x=" + b"y" * 300_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"f%d=1" % n for n in range(200)), "application/x-www-form-urlencoded", 400),
    ],
)
async def test_bad_bodies_are_refused_as_specified(
    site: Site, content: bytes, type_: str, status: int
) -> None:
    async with site.client() as client:
        refused = await client.post(f"{V2}/requests.xml", content=content, headers={"content-type": type_})
    assert refused.status_code == status
    assert len(errors(refused)) == 1


async def test_who_asks_too_often_has_to_wait_a_minute(site: Site) -> None:
    async with site.client() as client:
        for _ in range(300):
            assert (await client.get(f"{V2}/services/0101.json")).status_code == 200
        refused = await client.get(f"{V2}/services/0101.json")
        site.clock.move(seconds=61)
        again = await client.get(f"{V2}/services/0101.json")
    assert (refused.status_code, refused.headers["retry-after"], again.status_code) == (429, "60", 200)
    assert errors(refused) == [("429", "请求太频繁，请稍后再试。")]
