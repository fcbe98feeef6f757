"""The pages of citizens, where the orders' old addresses lead, and what is said when something is wrong."""

from __future__ import annotations

import re

import pytest

from tests.integration.web.conftest import Site


@pytest.mark.parametrize(
    ("path", "to"), [("/orders", "/desk/orders"), ("/orders/26112300001", "/desk/orders/26112300001")]
)
async def test_whoever_kept_an_orders_old_address_is_led_on(site: Site, path: str, to: str) -> None:
    async with site.client() as client:
        page = await client.get(path)
    assert (page.status_code, page.headers["location"]) == (308, to)


async def test_a_page_that_is_not_there_says_why(site: Site) -> None:
    async with site.client() as client:
        page = await client.get("/nothing")
    assert page.status_code == 404
    assert "没有找到这个页面或者工单。" in page.text


@pytest.mark.parametrize("path", ["/", "/nothing"])
async def test_pages_load_nothing_from_elsewhere_and_are_not_kept(site: Site, path: str) -> None:
    async with site.client() as client:
        page = await client.get(path)
        loaded = re.findall(r'(?:src|href|action)="([^"]*)"', page.text)
        assert [address for address in loaded if not re.match(r"/(?!/)", address)] == []
        for address in loaded:
            if address.startswith("/static/"):
                assert (await client.get(address)).status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_the_chat_page_can_be_heard_and_enlarged(site: Site) -> None:
    async with site.client() as client:
        page = (await client.get("/")).text
    assert 'lang="zh-CN"' in page
    assert 'role="log" aria-live="polite"' in page
    assert '<label class="hidden" for="text">' in page
    assert 'id="larger" aria-pressed="false"' in page
    assert "紧急情况请直接拨打 110、119、120" in page
