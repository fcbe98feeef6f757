"""Self-repairs (口误自纠): part of a place said wrong and put right in the same breath (三号楼不对五号楼二单元)."""

from __future__ import annotations

import re
from typing import Final

_NUMERAL: Final = r"[\dA-Z零〇一二三四五六七八九十百两]+"
_GAP: Final = r"[，,。\s]*(?:[啊哎哦噢呃嗯][，,]?)?"
_PAUSE: Final = r"(?:[，,。\s]+[啊哎哦噢呃嗯]?|[啊哎哦噢呃嗯])[，,]?"
_DENIED: Final = rf"(?:{_GAP}(?:不对|说错了|错了)|{_PAUSE}(?:不是|不))"
"""“二号楼哦不是一号楼” means 一号楼, “五号楼不是三号楼” 五号楼."""
_NUMBER: Final = re.compile(
    rf"{_NUMERAL}(?P<of>号楼|栋|幢|单元|号院|号|室|层|楼)"
    rf"(?:{_DENIED}+{_GAP}(?:不是)?(?:{_NUMERAL}(?P=of){_GAP}(?:应该)?是)?|{_GAP}不是{_NUMERAL}(?P=of){_GAP}(?:应该|而)?是)"
    rf"{_GAP}(?:应该是|应该|而是|是)?(?P<right>{_NUMERAL}(?P=of))"
)
_NAME: Final = re.compile(
    r"(?:那个)?不是(?:那个|在)?[^，。,是不]{1,7}?(?P<end>大道|路|大街|街|小区|花园|家园|社区|街道|镇|村|庄|区|县)[，,]?"
    r"(?:应该是|而是|是)(?:那个|在)?(?P<right>[^，。,是不]{1,7}?(?P=end))"
)


def put_right(text: str) -> str:
    """Return ``text`` with only what is meant of a number or a name that is corrected at once (不是通达路是沂蒙路)."""
    for pattern in (_NUMBER, _NAME):
        text = pattern.sub(lambda found: found["right"], text)
    return text
