"""The handling sheet of an order (办理单): its standard fields, the same on the page as on paper."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from desk.front import Front
from desk.paper import Cell, Row, Sheet
from desk.views import unit_name, unit_text
from hotline.domain.accounts import Account
from hotline.domain.co_handling import co_handling
from hotline.domain.deeds import Reply
from hotline.domain.life_cycle import Step
from hotline.domain.work_order import WorkOrder

_TALL_MM: Final = 34.0
_SIGNATURE_MM: Final = 12.0


def order_sheet(front: Front, values: dict[str, Any], by: Account) -> Sheet:
    """Return the sheet of an order, from what its page shows (``desk.pages.orders.order_values``)."""
    order, found, is_hidden = values["order"], values["found"], values["is_hidden"]
    shown = _Shown(front, found)
    secret = "（保密）" if is_hidden else ""
    phone = "经热线转接" if is_hidden else order["phone"] or "未留"
    rows: list[Row] = [
        (Cell("工单编号", order["number"]), Cell("登记时间", order["registered_at"])),
        (Cell("诉求类型", order["kind"] + secret), Cell("诉求分类", order["category"] or "未分类")),
        (Cell("联系电话", phone), Cell("发生时间", order["occurred"] or "未说明")),
        (Cell("事发地点", order["place"] or "未说明"),),
        (Cell("诉求内容", order["text"], _TALL_MM),),
        (Cell("主办单位", order["lead_unit"] or "待派单"), Cell("协办单位", "、".join(order["supporting_units"]) or "无")),
        (Cell("派单依据", order["because"]),),
        (Cell("签收时限", order["sign_by"]), Cell("办结时限", order["due_at"])),
        (Cell("签收时间", shown.time(found.when(Step.SIGN_FOR))), Cell("反馈时间", shown.time(found.when(Step.REPLY)))),
        (Cell("联系诉求人", shown.contact(found.reply)),),
        *([(Cell("协办意见", helped),)] if (helped := shown.helped()) else []),
        (Cell("办理情况", unit_text(found.reply.to_citizen, found) if found.reply else "", _TALL_MM),),
        (Cell("经办人", "", _SIGNATURE_MM), Cell("审核人", "", _SIGNATURE_MM)),
        (Cell("承办单位（章）", "", _SIGNATURE_MM), Cell("日期", "", _SIGNATURE_MM)),
    ]  # fmt: skip
    printed = front.local(front.parts.clock())
    return Sheet(
        f"{front.parts.city.name}12345政务服务便民热线办理单",
        rows,
        f"打印人 {by.name}，{printed}。本单只供办理使用，不得外传。",
    )


class _Shown:
    def __init__(self, front: Front, order: WorkOrder) -> None:
        self._front = front
        self._order = order

    def time(self, at: datetime | None) -> str:
        return f"{at.astimezone(self._front.parts.city.timezone):%Y-%m-%d %H:%M}" if at is not None else ""

    def contact(self, reply: Reply | None) -> str:
        if reply is None:
            return ""
        if reply.contact is not None:
            return f"{self.time(reply.contact.at)}，{reply.contact.how}"
        names = self._front.words["contact_exemptions"]
        return str(names[reply.exemption.value]) if reply.exemption is not None else ""

    def helped(self) -> str:
        city = self._front.parts.city
        return "\n".join(
            f"{unit_name(city, part.unit)}：{unit_text(part.answer, self._order)}"
            for part in co_handling(self._order)
            if part.answer
        )
