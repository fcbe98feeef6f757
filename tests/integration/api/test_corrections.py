"""Corrections: proposed by who corrects, reviewed by another, exported as training rows; on the API and in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import httpx
import pytest
import yaml

from app.commands_corrections import write_export
from hotline.domain.appeal import PhoneNumber, Place
from hotline.domain.corrections import Correction, CorrectionState, IllegalCorrectionError
from tests.builders import NOW, an_appeal
from tests.integration.api.conftest import STAFF, Site
from tests.work_orders import an_order, keep

AT = "/api/staff/v1/corrections"
NUMBER = "26112300001"


@pytest.fixture
async def http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    appeal = an_appeal(
        text="我叫王建国，电话13905391234，楼下路灯不亮",
        category="0205",
        category_confidence=0.61,
        understood_by="linear",
        citizen_name="王建国",
        phone=PhoneNumber("13905391234"),
        place=Place("兰山区", county_code="371302", county="兰山区"),
    )
    await keep(site.store, an_order(NUMBER, appeal=appeal))
    async with site.client(headers=STAFF) as client:
        yield client


async def proposed(http: httpx.AsyncClient, **values: str) -> httpx.Response:
    return await http.post(
        AT, json={"order_number": NUMBER, "of": "category", "right": "020401", "by": "1024", **values}
    )


async def test_a_correction_keeps_what_was_understood_and_the_words_masked(http: httpx.AsyncClient) -> None:
    answer = await proposed(http, note="路灯")
    assert answer.status_code == 201
    found = answer.json()
    assert (found["understood"], found["right"], found["engine"], found["confidence"]) == (
        "0205",
        "020401",
        "linear",
        0.61,
    )
    assert (found["state"], found["by"], found["note"]) == ("proposed", "1024", "路灯")
    assert "王建国" not in found["text"]
    assert "13905391234" not in found["text"]
    assert [one["id"] for one in (await http.get(AT)).json()] == [found["id"]]


async def test_place_and_unit_are_corrected_too(http: httpx.AsyncClient) -> None:
    unit = (await proposed(http, of="unit", right="county-371311")).json()
    place = (await proposed(http, of="place", right="罗庄区盛庄街道")).json()
    assert (unit["understood"], unit["right"]) == ("county-371302", "county-371311")
    assert (place["understood"], place["right"]) == ("兰山区", "罗庄区盛庄街道")


async def test_a_second_correction_replaces_the_first_until_it_is_reviewed(http: httpx.AsyncClient) -> None:
    await proposed(http)
    second = (await proposed(http, right="020402")).json()
    assert [one["id"] for one in (await http.get(AT)).json()] == [second["id"]]
    await http.post(f"{AT}/{second['id']}/approve", json={"by": "2001", "text": "楼下路灯不亮"})
    third = (await proposed(http, right="020401")).json()
    approved = (await http.get(AT, params={"state": "approved"})).json()
    assert [one["id"] for one in approved] == [second["id"]]
    assert [one["id"] for one in (await http.get(AT)).json()] == [third["id"]]


async def test_another_person_reviews_and_words_that_tell_who_it_is_are_not_learned(
    http: httpx.AsyncClient, site: Site
) -> None:
    at = f"{AT}/{(await proposed(http)).json()['id']}"
    own = await http.post(f"{at}/approve", json={"by": "1024"})
    assert (own.status_code, own.json()["code"]) == (403, "correction.self_review")
    personal = await http.post(f"{at}/approve", json={"by": "2001", "text": "打13905391234，楼下路灯不亮"})
    assert (personal.status_code, personal.json()["code"]) == (422, "correction.personal")
    good = await http.post(f"{at}/approve", json={"by": "2001", "text": "楼下路灯不亮"})
    assert (good.json()["state"], good.json()["text"], good.json()["reviewed_by"]) == (
        "approved",
        "楼下路灯不亮",
        "2001",
    )
    again = await http.post(f"{at}/reject", json={"by": "2001"})
    assert (again.status_code, again.json()["code"]) == (409, "correction.illegal")
    assert await site.store.audit_break() is None


async def test_what_was_rejected_is_not_learned_from(http: httpx.AsyncClient, site: Site) -> None:
    at = f"{AT}/{(await proposed(http)).json()['id']}"
    rejected = (await http.post(f"{at}/reject", json={"by": "2001", "note": "两件事"})).json()
    assert (rejected["state"], rejected["note"]) == ("rejected", "两件事")
    assert site.parts.corrections is not None
    assert await site.parts.corrections.export(nothing, by="2001", at=NOW) == []


def nothing(found: Sequence[Correction]) -> None:
    assert found == []


async def test_what_was_approved_is_exported_once(
    http: httpx.AsyncClient, site: Site, tmp_path: Path
) -> None:
    correction = (await proposed(http)).json()["id"]
    await http.post(f"{AT}/{correction}/approve", json={"by": "2001", "text": "楼下路灯不亮"})
    assert site.parts.corrections is not None
    (exported,) = await site.parts.corrections.export(partial(write_export, tmp_path), by="2001", at=NOW)
    assert exported.state is CorrectionState.EXPORTED
    (block,) = yaml.safe_load((tmp_path / "corrections.yml").read_text(encoding="utf-8"))["nlu"]
    assert block == {"intent": "c020401", "examples": "- 楼下路灯不亮\n"}
    assert await site.parts.corrections.export(nothing, by="2001", at=NOW) == []
    with pytest.raises(IllegalCorrectionError):
        exported.exported()


async def test_what_could_not_be_written_is_exported_the_next_time_and_stands_there_once(
    http: httpx.AsyncClient, site: Site, tmp_path: Path
) -> None:
    correction = (await proposed(http, of="place", right="兰山区银雀山街道")).json()["id"]
    await http.post(f"{AT}/{correction}/approve", json={"by": "2001", "text": "楼下路灯不亮"})
    assert site.parts.corrections is not None

    def written_but_full(found: Sequence[Correction]) -> None:
        write_export(tmp_path, found)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        await site.parts.corrections.export(written_but_full, by="2001", at=NOW)
    assert len(await site.parts.corrections.export(partial(write_export, tmp_path), by="2001", at=NOW)) == 1
    rows = yaml.safe_load((tmp_path / "places.yaml").read_text(encoding="utf-8"))
    assert rows == [{"text": "楼下路灯不亮", "understood": "兰山区", "right": "兰山区银雀山街道", "note": ""}]


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"right": "029999"}, 409, "correction.unknown_value"),
        ({"of": "unit", "right": "body-nobody"}, 409, "correction.unknown_value"),
        ({"of": "place", "right": "  "}, 409, "correction.unknown_value"),
        ({"order_number": "26112300099"}, 404, "work_order.not_found"),
    ],
)
async def test_what_does_not_exist_is_refused(http: httpx.AsyncClient, values, status, code) -> None:
    answer = await proposed(http, **values)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_unknown_correction_is_not_found_and_nobody_without_the_token_gets_in(
    http: httpx.AsyncClient, site: Site
) -> None:
    missing = await http.post(f"{AT}/k99/approve", json={"by": "2001"})
    assert (missing.status_code, missing.json()["code"]) == (404, "correction.unknown")
    async with site.client() as stranger:
        assert (await stranger.get(AT)).status_code == 401
