"""Who speaks (诉求人姓名): a name by what leads to it and by its surname, ended by what cannot belong to a name."""

from __future__ import annotations

import re
from typing import Final

from nlu.lexicon import MeaningWords

_COMPOUND: Final = "欧阳|诸葛|上官|司马|皇甫|尉迟|公孙|东方|夏侯|令狐|慕容|司徒|端木"
_CALLED: Final = r"(?:做|作)?\s*(?:是|叫|写)?\s*[:：]?\s*"
_END: Final = r"(?=$|[，。！？；：,.!?;:、\s]|吧|啊|呢|哈|的(?!名))"
_GOES_ON: Final = r"|反映|投诉|咨询|举报|建议|想|要|我|俺|电话|手机|号码|家|住|今|昨|前天|在|来|是|打|从|有|您|你|他|她|这|那|现|请|希望|麻烦|表扬|感谢)"
"""What may follow a name without a pause, where what leads to it leaves no doubt (我叫李梅反映一下…)."""
_NO_LAST: Final = (
    "人民主户生师工区县镇村乡路街店厂长员客的上下时天年月日里边头心全便常住任料面水意方次个位名号"
)
_ROLES: Final = r"(?<![板人长记任友居师机家])"


class NameFinder:
    """Finds the citizen's name with a city's surnames and cues (我叫、姓名、联系人)."""

    def __init__(self, words: MeaningWords) -> None:
        """Take the surnames and what leads to a name."""
        surname = rf"(?:{_COMPOUND}|[{words.surnames}])"
        cues = "|".join(map(re.escape, words.people))
        weak = "|".join(map(re.escape, words.people_weakly))
        name = rf"(?P<name>{surname}[\u4e00-\u9fff]{{1,2}}?)"
        self._patterns = (
            # 免贵姓宋，叫宋玉梅; 姓陈，陈志强
            re.compile(
                rf"{_ROLES}姓(?P<same>{surname})[，,、\s]*(?:我?叫|名叫)?(?P<name>(?P=same)[\u4e00-\u9fff]{{1,2}}){_END}"
            ),
            re.compile(rf"(?:{cues}){_CALLED}{name}{_END[:-1]}{_GOES_ON}"),
            re.compile(
                rf"(?:{weak})[，,：:\s]*(?:[^，。,！？；]{{2,14}}的)?(?P<name>{surname}[\u4e00-\u9fff]{{1,2}})(?=$|[，。！？；,.!?;\s])"
            ),
            re.compile(rf"{_ROLES}姓(?P<name>{surname})(?=$|[，。！？；,.!?;\s])"),
        )

    def find(self, text: str) -> str | None:
        """Return the citizen's name, the surname alone where no more was said; None where none was."""
        for number, pattern in enumerate(self._patterns):
            for found in pattern.finditer(text):
                name = found["name"]
                if number != 2 or name[-1] not in _NO_LAST:  # the weak cues
                    return name
        return None
