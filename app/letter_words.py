"""The words of correspondence, made of a city's files: prompts, short answers, the account's menu and scenes, notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field

from app.city_words import load_answer_words, load_diversion_words, load_safety_words
from hotline.city import City, read_yaml
from hotline.dialogue.diversions import DiversionWords
from hotline.dialogue.prompts import Prompts
from hotline.dialogue.safety_words import SafetyWords
from hotline.dialogue.short_answers import Answer
from hotline.dialogue.words import AnswerWords
from hotline.domain.errors import CityConfigError
from hotline.domain.life_cycle import Status
from hotline.service.citizen_notices import NOTICES, NoticeWords
from hotline.service.letter_parts import NAMES
from router.strict import Strict, checked

_MENU_KEY: Final = "says"
_MOST_TOP: Final = 3
_MOST_BELOW: Final = 5


class ShortAnswers:
    """Reads plain answers, alarms and secrets by the city's word lists."""

    def __init__(self, answers: AnswerWords, safety: SafetyWords, diversions: DiversionWords) -> None:
        """Take the lists."""
        self._answers = answers
        self._safety = safety
        self._diversions = diversions

    def yes_or_no(self, text: str) -> bool | None:
        """Return whether it is a plain yes or no."""
        read = self._answers.read(text, Answer.YES, Answer.NO)
        return None if read is None else read is Answer.YES

    def is_alarm(self, text: str) -> bool:
        """Tell whether it speaks of an emergency."""
        return self._safety.emergency_in(text, is_spoken=False) is not None

    def may_be_state_secret(self, text: str) -> bool:
        """Tell whether it says that it is about a state secret."""
        return self._diversions.may_be_state_secret(text)


class _Entry(Strict):
    name: Annotated[str, Field(min_length=1, max_length=16)]
    says: str = ""
    url: str = ""
    entries: list[_Entry] = Field(default_factory=list)


class _WeChat(Strict):
    menu: Annotated[list[_Entry], Field(max_length=_MOST_TOP)] = Field(default_factory=list)
    scenes: dict[str, str] = Field(default_factory=dict)
    progress_fields: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WeChatWords:
    """``menu`` as WeChat takes it, ``says`` what each of its keys stands for, ``scenes`` greetings by QR code.

    ``progress_fields``: what is filled into the fields of the progress template.
    """

    menu: Mapping[str, Any]
    says: Mapping[str, str]
    scenes: Mapping[str, str]
    progress_fields: Mapping[str, str]


def load_short_answers(city: City) -> ShortAnswers:
    """Read the lists that the dialogue uses, too."""
    return ShortAnswers(load_answer_words(city), load_safety_words(city), load_diversion_words(city))


def load_letter_prompts(city: City) -> Prompts:
    """Read ``correspondence.yaml``."""
    file = city.folder / "prompts" / "correspondence.yaml"
    return Prompts(read_yaml(file), file=str(file), names=NAMES)


def load_notice_words(city: City) -> NoticeWords:
    """Read ``notices.yaml``."""
    file = city.folder / "prompts" / "notices.yaml"
    rows = dict(read_yaml(file))
    statuses = rows.pop("statuses", {})
    for status in Status:
        if status.value not in statuses:
            raise CityConfigError(file=str(file), row=f"statuses.{status.value}", reason="缺少这个状态的说法")
    steps = read_yaml(city.folder / "prompts" / "web.yaml")["steps"]
    return NoticeWords(Prompts(rows, file=str(file), names=NOTICES), statuses, steps, city.timezone)


def load_wechat_words(city: City) -> WeChatWords:
    """Read ``wechat.yaml``; a mistake is a ``CityConfigError``."""
    file = city.folder / "wechat.yaml"
    given = checked(_WeChat, file, read_yaml(file))
    says: dict[str, str] = {}
    buttons = [_button(entry, says, str(file)) for entry in given.menu]
    return WeChatWords({"button": buttons}, says, given.scenes, given.progress_fields)


def _button(entry: _Entry, says: dict[str, str], file: str) -> dict[str, Any]:
    kinds = (bool(entry.says), bool(entry.url), bool(entry.entries))
    if sum(kinds) != 1:
        raise CityConfigError(file=file, row=entry.name, reason="says、url、entries 应当恰好有一个")
    if entry.entries:
        return {"name": entry.name, "sub_button": _below(entry.entries, says, file)}
    if entry.url:
        return {"type": "view", "name": entry.name, "url": entry.url}
    key = f"{_MENU_KEY}{len(says) + 1}"
    says[key] = entry.says
    return {"type": "click", "name": entry.name, "key": key}


def _below(entries: Sequence[_Entry], says: dict[str, str], file: str) -> list[dict[str, Any]]:
    for entry in entries:
        if entry.entries or len(entries) > _MOST_BELOW:
            raise CityConfigError(file=file, row=entry.name, reason="二级菜单至多五个，下面不能再有菜单")
    return [_button(entry, says, file) for entry in entries]
