"""A city's words for what citizens do with their own orders by letter (``self_service.yaml``); pure but for reading the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hotline.city import City, read_yaml
from hotline.domain.citizen_view import CitizenDeed
from hotline.domain.deeds import Resolution, Satisfaction
from hotline.domain.errors import CityConfigError
from hotline.service.self_service import Rating

_NUMBER: Final = r"[\s：:#]*([0-9]{11,12})[\s，,。：:]*(.*)"
_ENDS: Final = " 。！!？?，,"


class View(StrEnum):
    """What a citizen wants to see of their orders, or be told of them."""

    LIST = "list"  # 我的工单
    PROGRESS = "progress"  # 查进度: all orders where there are any; else the conversation asks for a number
    STEPS = "steps"  # 进度 编号
    SUBSCRIBE = "subscribe"  # 订阅进度 编号
    SUBSCRIPTIONS = "subscriptions"  # 订阅进度
    UNSUBSCRIBE = "unsubscribe"  # 取消订阅 编号
    UNSUBSCRIBE_ALL = "unsubscribe_all"  # 取消订阅


@dataclass(frozen=True, slots=True)
class LetterCommands:
    """A city's words: for what is done, for proving, and for a rating's three parts (是否解决、对结果、对态度).

    ``views``: for what is looked at as a whole text; ``views_of_one``: followed by an order's number.
    """

    deeds: Mapping[str, CitizenDeed]
    resolutions: Mapping[str, Resolution]
    grades: Mapping[str, Satisfaction]
    proving: str
    views: Mapping[str, View] = field(default_factory=dict)
    views_of_one: Mapping[str, View] = field(default_factory=dict)

    def read(self, text: str) -> tuple[str, CitizenDeed, str, str] | None:
        """Return the command's word, what is to be done, the order's number and the rest; None for any other text."""
        for word, deed in self.deeds.items():
            found = re.fullmatch(re.escape(word) + _NUMBER, text.strip(), re.DOTALL)
            if found is not None:
                return word, deed, found[1], found[2].strip()
        return None

    def view(self, text: str) -> tuple[View, str] | None:
        """Return what is to be looked at, with the order's number where it is one order; None for any other text."""
        for word, view in self.views_of_one.items():
            found = re.fullmatch(re.escape(word) + _NUMBER, text.strip(), re.DOTALL)
            if found is not None and not found[2].strip():
                return view, found[1]
        whole = self.views.get(text.strip().rstrip(_ENDS))
        return None if whole is None else (whole, "")

    def code(self, text: str) -> tuple[str, str] | None:
        """Return the order's number and the code of “验证码 number [code]”; the code is empty when one is asked for."""
        found = re.fullmatch(re.escape(self.proving) + _NUMBER, text.strip(), re.DOTALL)
        return None if found is None else (found[1], re.sub(r"\s", "", found[2]))

    def rating(self, text: str) -> Rating | None:
        """Return a rating of three words; None when it is not one."""
        parts = re.split(r"[\s，,、]+", text)
        if len(parts) < 3 or parts[0] not in self.resolutions or not {*parts[1:3]} <= {*self.grades}:
            return None
        return Rating(
            self.resolutions[parts[0]],
            self.grades[parts[1]],
            self.grades[parts[2]],
            remark=" ".join(parts[3:]),
        )


def load_letter_commands(city: City) -> LetterCommands:
    """Read the words for letters of ``self_service.yaml``; ``CityConfigError`` says what is wrong with them."""
    file = city.folder / "self_service.yaml"
    rows = read_yaml(file)
    try:
        return LetterCommands(
            {word: CitizenDeed(deed) for word, deed in rows["commands"].items()},
            {word: Resolution(value) for word, value in rows["resolutions"].items()},
            {word: Satisfaction(value) for word, value in rows["grades"].items()},
            str(rows["proving"]),
            {word: View(view) for word, view in rows["views"].items()},
            {word: View(view) for word, view in rows["views_of_one"].items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CityConfigError(
            file=str(file), row="commands", reason=f"缺少内容或写法不对：{error!r}"
        ) from error
