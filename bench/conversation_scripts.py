"""Scripts of calls (通话脚本): who calls, what they say and when, behind which noise, and what is to come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hotline.domain.errors import HotlineError

NoiseKind = Literal["white", "room", "babble", "television"]
BreakablePart = Literal["recognizer", "voice", "redis", "rasa"]
OUTCOMES = ("answered", "registered", "emergency", "agent", "failed")
_REASONS = {
    "extra_forbidden": "没有这个字段",
    "missing": "缺少这个字段",
    "model_type": "应是一个脚本（字段和值）",
    "string_pattern_mismatch": "写法不对",
    "greater_than": "数值太小",
    "greater_than_equal": "数值太小",
    "less_than_equal": "数值太大",
    "literal_error": "没有这个选项",
}


class ScriptError(HotlineError):
    """A script cannot be used; ``file``, ``where`` and ``reason`` (Chinese) say which and why."""

    code = "conversation_script.invalid"

    def __init__(self, file: str, where: str, reason: str) -> None:
        self.file = file
        self.where = where
        self.reason = reason
        super().__init__(f"{file}：{where + '：' if where else ''}{reason}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Turn(_Strict):
    """One thing the caller does, when the hotline has finished speaking unless ``barge_in`` says otherwise.

    ``text`` is synthesised, ``wav`` is a file beside the script. ``pauses``: seconds of silence after each piece of
    ``text`` that ends with “|”. ``barge_in``: so many seconds after the hotline began to speak. ``wait``: say nothing.
    ``breaks``: the part of the hotline that is killed as the caller begins to speak.
    """

    text: str | None = None
    wav: Path | None = None
    keys: str | None = Field(default=None, pattern=r"^[0-9*#]+$")
    wait: float | None = Field(default=None, gt=0, le=120)
    hang_up: Literal[True] | None = None
    barge_in: float | None = Field(default=None, ge=0, le=60)
    pauses: float = Field(default=1.2, ge=0.1, le=10)
    breaks: BreakablePart | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Turn:
        if sum(given is not None for given in (self.text, self.wav, self.keys, self.wait, self.hang_up)) != 1:
            raise ValueError("每一轮只能写 text、wav、keys、wait、hang_up 中的一个")
        return self


class Noise(_Strict):
    """What sounds behind the caller all the time, ``snr_db`` below their voice."""

    kind: NoiseKind = "room"
    snr_db: float = Field(default=15, ge=-5, le=60)


class Expected(_Strict):
    """What is to come of the call. ``outcome``: one or several that are right; ``slots`` of the last order, see docs/bench.md.

    ``orders``: how many are to be registered. ``most_turns``: so often may the caller have to speak.
    """

    outcome: tuple[str, ...]
    slots: dict[str, str | bool] = Field(default_factory=dict)
    orders: int | None = Field(default=None, ge=0)
    most_turns: int | None = Field(default=None, ge=1)

    @field_validator("outcome", mode="before")
    @classmethod
    def _listed(cls, given: Any) -> Any:
        outcomes = (given,) if isinstance(given, str) else tuple(given or ())
        for outcome in outcomes or ("",):
            if outcome not in OUTCOMES:
                raise ValueError(f"outcome 只能是 {'、'.join(OUTCOMES)}")
        return outcomes


class Script(_Strict):
    """One call."""

    name: str
    caller: str = Field(default="13905390000", pattern=r"^\+?[0-9]{3,15}$")
    voice: str = "zf_xiaoyi"
    speed: float = Field(default=1.0, ge=0.5, le=1.6)
    noise: Noise | None = None
    turns: Annotated[tuple[Turn, ...], Field(min_length=1)]
    expected: Expected

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, given: Any) -> Any:
        """Take the short forms: a turn that is only words, ``expect`` for ``expected``, ``outcome`` and ``slots`` beside."""
        if not isinstance(given, dict):
            return given
        rows = dict(given)
        if isinstance(turns := rows.get("turns"), list):
            rows["turns"] = [{"text": turn} if isinstance(turn, str) else turn for turn in turns]
        if "expect" in rows:
            rows["expected"] = rows.pop("expect")
        if "expected" not in rows and "outcome" in rows:
            rows["expected"] = {key: rows.pop(key) for key in ("outcome", "slots", "orders") if key in rows}
        if isinstance(rows.get("expected"), str):
            rows["expected"] = {"outcome": rows["expected"]}
        return rows


def read_scripts(folder: Path) -> tuple[list[Script], list[ScriptError]]:
    """Read every ``*.yaml`` and ``*.yml`` under ``folder``: the scripts, and what is wrong with those that are refused.

    A file holds one script, a list of them, or ``{"calls": […]}``. ``wav`` is found beside its file.
    """
    scripts: list[Script] = []
    errors: list[ScriptError] = []
    files = sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]) if folder.is_dir() else []
    if not files:
        raise ScriptError(str(folder), "", "目录不存在，或者里面没有 .yaml 脚本")
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            content, lines = yaml.safe_load(text), _lines(text)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            errors.append(ScriptError(str(file), _line(error), "不是有效的 YAML"))
            continue
        rows = content.get("calls", [content]) if isinstance(content, dict) else content
        if not isinstance(rows, list) or not rows:
            errors.append(ScriptError(str(file), "", "应是一个脚本，或者脚本的列表"))
            continue
        for number, row in enumerate(rows, 1):
            try:
                scripts.append(_read(row, file, lines[number - 1]))
            except ScriptError as error:
                errors.append(error)
    return _distinct(scripts, errors), errors


def _lines(text: str) -> list[int]:
    """Return the line on which each script of a file begins."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(node, yaml.MappingNode):
        calls = [value for key, value in node.value if key.value == "calls"]
        node = calls[0] if calls else node
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [item.start_mark.line + 1 for item in items if item is not None]


def _read(row: Any, file: Path, line: int) -> Script:
    named = f"第 {line} 行"
    if isinstance(row, dict):
        row = {"name": file.stem if line == 1 else f"{file.stem} {line}", **row}
        named += f"“{row['name']}”"
    try:
        script = Script.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = _REASONS.get(first["type"], str(first["msg"]).removeprefix("Value error, "))
        raise ScriptError(str(file), f"{named} {where}".strip(), reason) from None
    turns = []
    for turn in script.turns:
        found = turn
        if turn.wav is not None:
            wav = turn.wav if turn.wav.is_absolute() else file.parent / turn.wav
            if not wav.is_file():
                raise ScriptError(str(file), named, f"没有录音文件 {turn.wav}")
            found = turn.model_copy(update={"wav": wav})
        turns.append(found)
    return script.model_copy(update={"turns": tuple(turns)})


def _distinct(scripts: list[Script], errors: list[ScriptError]) -> list[Script]:
    seen: dict[str, Script] = {}
    for script in scripts:
        if script.name in seen:
            errors.append(ScriptError(script.name, "", "脚本的名字重复"))
        else:
            seen[script.name] = script
    return list(seen.values())


def _line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"第 {mark.line + 1} 行" if mark is not None else ""
