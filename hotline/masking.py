"""Masking for the public (脱敏): what looks like a person in a Chinese text.

The machine proposes a masked text; a person reads and confirms it. What still looks like a person is refused then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_MASK: Final = "*"
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PATTERNS: Final = (
    re.compile(r"\d(?:[ -]?\d){6,}[Xx]?"),  # telephone, identity card, bank card
    re.compile(rf"[{_PROVINCES}][A-Z][·.\s]?[A-Z0-9]{{5,6}}"),  # licence plates
    re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"),
    # below a residential community nobody needs to know: building, unit, flat, house number
    re.compile(r"[0-9A-Za-z一二三四五六七八九十百]+(?:号楼|栋|幢|单元|室|户|门牌号)"),
    re.compile(
        r"[一-龥](?=(?:某某|先生|女士|大爷|大妈|师傅|老师|医生|经理|主任|书记|局长)(?:[^一-龥]|$|的|说|称|家|反映))"
    ),
)


def masked(text: str, names: Iterable[str] = ()) -> str:
    """Return ``text`` as the machine proposes it for the public: names, numbers, plates, addresses below the community."""
    for name in names:
        if len(name) > 1:
            text = text.replace(name, f"{name[0]}{_MASK * 2}")
    for pattern in _PATTERNS:
        text = pattern.sub(lambda found: _MASK * min(len(found[0]), 4), text)
    return text


def leaks(text: str, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what in ``text`` still looks personal, masked itself."""
    found = [name[0] + _MASK for name in names if len(name) > 1 and name in text]
    for pattern in _PATTERNS:
        found += [f"{hit[0][:2]}{_MASK}" for hit in pattern.finditer(text)]
    return tuple(found)
