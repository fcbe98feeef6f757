"""The supervision board: tiers, what is overdue and how far up it went, rates by quarter with the orders behind."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from hotline.domain.accounts import StaffRole
from hotline.domain.appeal import Secrecy
from hotline.domain.deeds import (
    Card,
    Deed,
    Exclude,
    ProposeTier,
    Remind,
    Resolution,
    Revisit,
    Satisfaction,
    SignFor,
    Supervise,
    Tier,
)
from hotline.domain.people import MACHINE, Actor
from hotline.domain.work_order import WorkOrder
from tests.builders import NOW, an_appeal
from tests.consoles_site import ConsolesSite
from tests.integration.consoles.test_orders import looks, words_of
from tests.unit.hotline.domain.test_work_order import REVIEWED
from tests.work_orders import AGENT, LANSHAN_UNIT, REVIEWER, SUPERVISOR, a_decision, an_order, keep

R = StaffRole
DUE = NOW + timedelta(hours=2)
UNHAPPY = Revisit(
    True, "电话", False, Resolution.UNRESOLVED, Satisfaction.DISSATISFIED, Satisfaction.SATISFIED
)
HAPPY = Revisit(True, "电话", True, Resolution.RESOLVED, Satisfaction.SATISFIED, Satisfaction.SATISFIED)


def a_number(index: int) -> str:
    return f"261123{index:05d}"


async def kept(site: ConsolesSite, index: int, *deeds: tuple[Actor, Deed], **appeal: Any) -> WorkOrder:
    order = an_order(a_number(index), appeal=an_appeal(**appeal), routing=a_decision(due_at=DUE))
    for by, deed in deeds:
        order = order.after(deed, by=by, at=order.history[-1].at)
    await keep(site.store, order)
    return order


async def supervised(site: ConsolesSite) -> None:
    """Orders on every rung, and four that the citizen was asked about."""
    red = (MACHINE, Remind(Card.RED, DUE))
    first = (MACHINE, Supervise(Tier.HOTLINE, "overdue"))
    higher = (MACHINE, ProposeTier(Tier.GOVERNMENT, "overdue since the red card"))
    media = (SUPERVISOR, Supervise(Tier.MEDIA, "两次重办仍未解决"))
    signed = (LANSHAN_UNIT, SignFor())
    await kept(site, 1)
    await kept(site, 2, signed, (MACHINE, Remind(Card.YELLOW, DUE)), red, first, higher)
    await kept(site, 3, signed, red, first, media, secrecy=Secrecy.NONE)
    await kept(site, 4, text="李建国举报", citizen_name="李建国", secrecy=Secrecy.CONFIDENTIAL)
    for index in range(5, 8):
        await kept(site, index, *REVIEWED, (AGENT, HAPPY))
    await kept(site, 8, *REVIEWED, (AGENT, UNHAPPY))
    why = Exclude("unreasonable", "超出临沂管辖", "张主任")
    await kept(site, 9, *REVIEWED, (AGENT, UNHAPPY), (REVIEWER, why))
    site.clock.at = NOW + timedelta(days=1)


async def test_what_is_overdue_is_listed_with_its_cards_and_tiers_and_the_look_is_noted(
    site: ConsolesSite,
) -> None:
    await supervised(site)
    async with site.client(await site.account(R.SUPERVISOR, login="du")) as client:
        page = (await client.get("/desk/supervision")).text
    words = words_of(page)
    assert "4 承办单位超期未办 1 热线督办 1 媒体督办 0 政务督办 0 人大政协督办 0 纪委监委督办" in words
    assert re.search(r"26112300002 超 22 小时 督办中 热线督办 建议政务督办 黄牌 红牌", words)
    assert re.search(r"26112300003 超 22 小时 督办中 媒体督办 红牌", words)
    assert "李建国" not in page
    assert "2026-11-23 9" in words
    ((actor, subject, why),) = await looks(site)
    assert (actor, subject, why.startswith('{"why": "supervision, overdue: 26112300001')) == (
        "staff:du",
        "orders",
        True,
    )


async def test_rates_lead_to_the_orders_behind_them_and_exclusions_tell_who_approved(
    site: ConsolesSite,
) -> None:
    await supervised(site)
    async with site.client(await site.account(R.SUPERVISOR)) as client:
        page = (await client.get("/desk/supervision/rates")).text
        before = words_of((await client.get("/desk/supervision/rates?quarter=2026Q3")).text)
        links = [
            link.replace("&amp;", "&") for link in re.findall(r'href="(/desk/supervision/orders[^"]*)"', page)
        ]
        found = [words_of((await client.get(link)).text) for link in links]
        wrong = [(await client.get(f"/desk/supervision/orders?unit=x&{bad}")).status_code for bad in ("which=all&quarter=2026Q4", "which=late&quarter=1")]  # fmt: skip
    assert "兰山区人民政府 8 75.00% 75.00% 75.00% 1" in words_of(page)
    assert before.count("这个季度没有派给这一组的工单。") == 3
    numbers = [sorted(int(each[-2:]) for each in re.findall(r"261123\d{5}", words)) for words in found]
    assert numbers == [[1, 2, 3, 4, 5, 6, 7, 8], [8], [8], [8], [9]]
    assert "超出临沂管辖 张主任" in found[-1]
    assert wrong == [422, 422]
