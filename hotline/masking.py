"""Masking for the public (脱敏): what looks like a person in a Chinese text.

The machine proposes a masked text; a person reads and confirms it. What still looks like a person is refused then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from hotline.identifiers import identifiers, without_identifiers

_MASK: Final = "*"
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_ROAD: Final = r"(?:(?<=[^道公马铁]路)|(?<=[街巷弄])|(?<=大道)|(?<=胡同))\s?"
_HOME: Final = r"(?:(?<=[^公儿校]园)|(?<=[苑村庄湾里庭墅寓城])|(?<=[小社]区)|(?<=[大属]院))\s?"
"""Behind a road and behind the name of where people live, a number is a house or a flat."""
_NUMERAL: Final = r"(?:\d+(?:-\d+)?|[一二三四五六七八九十百]+)"
_NO_HOUSE: Final = (
    r"(?:[线文令楼路机桥井泵门站口库闸车杆灯塔坑桩召]|公告|通知|标段|地块|锅炉|换热|变压|厂房|出口|入口)"
)
_OFFICE: Final = (
    r"[（(院]?(?:(?![家住户旁边东西南北])[一-龥]){0,6}?(?:服务中心|服务大厅|办事处|派出所|人民医院)"
)
"""Who has an address for everybody (北京路8号市政务服务中心)."""
_DAY: Final = (
    r"(?:[1-9]|[12]\d|3[01])号"
    r"(?:[早晚起至到停开来去通已就完检维施]|[上下中]午|凌晨|恢复|之?前|之?后)"
)
_COUNTED: Final = r"\s?(?:[点时日号月年天周分秒度℃°%％元块万千百个户人口次米平层楼台辆吨斤公毫级倍岁名期组班套处条件根项份]|小时)"
_PATTERNS: Final = (
    # licence plates; behind the city's letter at most two more are letters (GA 36-2018)
    re.compile(rf"[{_PROVINCES}][A-Z][·.\s-]?(?=(?:[A-Z]*\d){{3}})[A-Z0-9]{{5,6}}", re.IGNORECASE),
    # below a residential community nobody needs to know: building, unit, flat, house number
    re.compile(r"(?<![\d-])\d{1,3}-\d{1,2}-(?!20\d\d)\d{3,4}(?![\d-])"),
    re.compile(rf"(?:{_ROAD}|{_HOME})(?!20\d\d-)\d+(?:-\d+){{1,3}}(?![\d-]|{_COUNTED})"),
    re.compile(rf"(?:{_ROAD}|{_HOME}(?!{_DAY})){_NUMERAL}\s?号(?!{_NO_HOUSE}|{_OFFICE})"),
    re.compile(r"[0-9A-Za-z一二三四五六七八九十百]+(?:号楼|栋|幢|单元|室|户|门牌号)"),
    # “一位先生” is nobody's name
    re.compile(
        r"(?![位名该])[一-龥](?=(?:某某|先生|女士|大爷|大妈|师傅|老师|医生|经理|主任|书记|局长)"
        r"(?:[^一-龥]|$|的|说|称|家|反映|来[电访信函]|打[来电]|致电|拨打|投诉|举报|反馈|表示))"
    ),
)


def masked(text: str, names: Iterable[str] = ()) -> str:
    """Return ``text`` as the machine proposes it for the public: names, numbers, plates, addresses below the community."""
    for name in names:
        if len(name) > 1:
            text = text.replace(name, f"{name[0]}{_MASK * 2}")
    before = ""
    while text != before:  # what was masked may have stood between a pattern and the text behind it
        before = text
        text = without_identifiers(text, lambda found: _stars(found.said))
        for pattern in _PATTERNS:
            text = pattern.sub(lambda found: _stars(found[0]), text)
    return text


def _stars(found: str) -> str:
    return _MASK * min(len(found), 4)


def leaks(text: str, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what in ``text`` still looks personal, masked itself."""
    found = [name[0] + _MASK for name in names if len(name) > 1 and name in text]
    found += [f"{each.said[:2]}{_MASK}" for each in identifiers(text)]
    for pattern in _PATTERNS:
        found += [f"{hit[0].strip()[:2]}{_MASK}" for hit in pattern.finditer(text)]
    return tuple(dict.fromkeys(found))
