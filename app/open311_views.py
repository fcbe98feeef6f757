"""What the public sees of orders: nothing personal; the citizen's words never, a person's disclosed version at most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.city import City
from hotline.domain.category import Category, at_level, nearest
from hotline.domain.disclosure import disclosed
from hotline.domain.work_order import WorkOrder
from hotline.masking import masked


def public_order(order: WorkOrder, city: City, words: Mapping[str, Any]) -> dict[str, Any]:
    """Return an order with the fields of GET Service Requests. The place is no finer than the street (街道)."""
    shown = disclosed(order)
    place = order.appeal.place
    category = nearest(order.appeal.category, city.categories)
    unit = city.units.get(order.lead_unit or "") if order.is_dispatched else None
    status = "closed" if order.is_closed else "open"
    parts = (place.street, place.county, city.name) if place is not None else ()

    return {
        "service_request_id": order.number,
        "status": status,
        "status_notes": words["statuses"][status],
        "service_name": category.name if category is not None else "",
        "service_code": at_level(order.appeal.category) or "",
        "description": masked(shown.text, [party.name for party in order.citizens])
        if shown is not None
        else None,
        "agency_responsible": unit.name if unit is not None else None,
        "service_notice": None,
        "requested_datetime": order.registered_at.astimezone(city.timezone).isoformat(timespec="seconds"),
        "updated_datetime": order.history[-1].at.astimezone(city.timezone).isoformat(timespec="seconds"),
        "expected_datetime": order.due_at.astimezone(city.timezone).isoformat(timespec="seconds")
        if order.due_at is not None
        else None,
        "address": " ".join(part for part in parts if part) or None,
        "address_id": None,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }


def service(category: Category, words: Mapping[str, Any]) -> dict[str, Any]:
    """Return a category with the fields of GET Service List."""
    return {
        "service_code": category.code,
        "service_name": category.name,
        "description": words["description"].format(name=category.name, group=category.group),
        "metadata": False,
        "type": "realtime",
        "keywords": ",".join(category.keywords),
        "group": category.group,
    }
