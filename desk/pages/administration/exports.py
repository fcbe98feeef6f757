"""Taking orders out (数据导出): for a reason, masked as for the public, and written down before the first line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final

from fastapi import Form, Request
from fastapi.responses import Response, StreamingResponse

from desk.front import Front
from desk.guard import desk_router, front_of
from desk.pages.administration.machine import log_of
from desk.seat import Seat
from desk.sheets import cell
from hotline.domain.errors import DeedRefusedError
from hotline.domain.life_cycle import Step
from hotline.domain.secrecy import is_hidden, without_identity
from hotline.domain.work_order import WorkOrder
from hotline.masking import masked
from hotline.store.accounts import Audited
from hotline.store.audit_log import AuditFilter

router = desk_router()

MOST_DAYS: Final = 92
_HEAD: Final = (
    "工单编号", "登记时间", "渠道", "类型", "分类", "县区", "地点", "诉求", "主办单位", "协办单位", "状态", "期限",
    "退回次数", "重办次数", "督办级别", "是否保密",
)  # fmt: skip


@router.get("/desk/exports")
async def page(request: Request, seat: Seat) -> Response:
    """Ask what is to be taken out and why; show what one took out before."""
    front = front_of(request)
    mine = await log_of(front).page(AuditFilter(f"staff:{seat.account.login}", "orders.exported"), limit=20)
    taken = [(row.at, json.loads(row.detail)) for row in mine]
    today = front.parts.clock().astimezone(front.parts.city.timezone).date()
    return front.page(
        request, "administration/exports.html", title="数据导出", mine=taken, today=today,
        month_ago=today - timedelta(days=30), most_days=MOST_DAYS,
    )  # fmt: skip


@router.post("/desk/exports")
async def export(
    request: Request,
    seat: Seat,
    since: Annotated[date, Form()],
    until: Annotated[date, Form()],
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Return the orders registered on these days as a file, masked."""
    front = front_of(request)
    if len(reason.strip()) < 5:
        raise DeedRefusedError(missing="导出事由（至少五个字）")
    if not 0 <= (until - since).days < MOST_DAYS:
        return front.fault(request, 422, f"一次最多导出 {MOST_DAYS} 天，开始不晚于结束。")
    zone = front.parts.city.timezone
    start, end = (
        datetime.combine(since, time(), zone),
        datetime.combine(until + timedelta(days=1), time(), zone),
    )
    who, log = f"staff:{seat.account.login}", log_of(front)
    facts = {"since": str(since), "until": str(until), "reason": reason.strip()}
    await log.note("orders", Audited(who, "orders.exported", front.parts.clock(), facts))

    async def lines() -> AsyncIterator[str]:
        yield "\ufeff" + _line(_HEAD)
        count = 0
        async for order in front.parts.records.registered_between(start, end):
            count += 1
            yield _line(_cells(front, order))
        await log.note(
            "orders", Audited(who, "orders.export_ended", front.parts.clock(), {**facts, "orders": count})
        )

    name = f"orders-{since:%Y%m%d}-{until:%Y%m%d}.csv"
    return StreamingResponse(
        lines(), media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _cells(front: Front, order: WorkOrder) -> tuple[str, ...]:
    appeal, words = order.appeal, front.parts.words
    names = [party.name for party in order.citizens]

    def safe(text: str) -> str:
        return masked(without_identity(text, order) if is_hidden(order) else text, names)

    place = appeal.place
    county = front.parts.city.counties.get(place.county_code or "") if place is not None else None
    return (
        order.number,
        order.registered_at.astimezone(front.parts.city.timezone).isoformat(timespec="minutes"),
        appeal.channel.value,
        words["kinds"][appeal.kind.value],
        front.category(appeal.category),
        county.name if county is not None else "",
        safe(place.text) if place is not None else "",
        safe(appeal.text),
        front.unit(order.lead_unit) if order.is_dispatched else "",
        "、".join(front.unit(unit) for unit in order.supporting_units) if order.is_dispatched else "",
        words["statuses"][order.status.value],
        front.local(order.due_at),
        str(order.count(Step.SEND_BACK)),
        str(order.count(Step.REDO)),
        str(order.tier.value) if order.tier is not None else "",
        "是" if is_hidden(order) else "否",
    )


def _line(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([cell(one) for one in cells])
    return out.getvalue()
