"""Open311 answers as JSON or XML: the same lists of flat records in both (https://wiki.open311.org/GeoReport_v2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

from fastapi.responses import Response

_TYPES: Final = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Record = Mapping[str, Any]


def format_of(path: str) -> str:
    """Return the format that the end of an address asks for; XML, which every server has, when it asks for none."""
    return "json" if path.endswith(".json") else "xml"


def answer(form: str, root: str, item: str, records: Sequence[Record], *, status: int = 200) -> Response:
    """Return records: a JSON array, or XML elements ``item`` within ``root``."""
    if form == "json":
        text = json.dumps([dict(record) for record in records], ensure_ascii=False)
        return Response(text.encode(), status, media_type=_TYPES["json"])
    top = ET.Element(root)
    for record in records:
        _fill(ET.SubElement(top, item), record)
    return _xml(top, status)


def single(form: str, root: str, record: Record) -> Response:
    """Return one record that is no list: a JSON object, or the XML element ``root``."""
    if form == "json":
        return Response(json.dumps(dict(record), ensure_ascii=False).encode(), media_type=_TYPES["json"])
    top = ET.Element(root)
    _fill(top, record)
    return _xml(top, 200)


def _fill(element: ET.Element, record: Record) -> None:
    """Write a record's fields; a list is an element that holds one of its singular name for each entry."""
    for name, value in record.items():
        field = ET.SubElement(element, name)
        if isinstance(value, list):
            for each in value:
                inner = ET.SubElement(field, name.removesuffix("s"))
                if isinstance(each, Mapping):
                    _fill(inner, each)
                else:
                    inner.text = _text(each)
        else:
            field.text = _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else _NOT_IN_XML.sub("", str(value))


def _xml(top: ET.Element, status: int) -> Response:
    body: bytes = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return Response(body, status, media_type=_TYPES["xml"])
