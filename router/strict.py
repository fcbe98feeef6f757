"""Reading the city's YAML strictly: an unknown, missing or wrong field is a ``CityConfigError`` that says which."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hotline.domain.errors import CityConfigError

_IN_CHINESE: Final = {
    "missing": "缺少这个字段",
    "extra_forbidden": "不认识这个字段",
    "enum": "取值不在允许的范围内",
    "literal_error": "取值不在允许的范围内",
    "string_type": "应当是文字（编号要加引号）",
    "string_too_short": "不能为空",
    "string_pattern_mismatch": "只能用小写字母、数字和连字符",
    "list_type": "应当是列表",
    "bool_parsing": "应当是 true 或 false",
    "bool_type": "应当是 true 或 false",
    "int_parsing": "应当是整数",
    "int_type": "应当是整数",
    "model_type": "应当是“字段: 值”的形式",
}


class Strict(BaseModel):
    """A model that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def problem_of(error: Mapping[str, Any]) -> str:
    """Return what pydantic says is wrong with a field, in Chinese."""
    return _IN_CHINESE.get(error["type"], str(error["msg"]))


ModelT = TypeVar("ModelT", bound=Strict)


def checked(model: type[ModelT], file: Path, data: Any, *, row: str = "") -> ModelT:
    """Return ``data`` as ``model`` or raise ``CityConfigError`` with the first thing that is wrong."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = problem_of(first)
        raise CityConfigError(
            file=str(file), row=row, reason=f"{where}：{reason}" if where else reason
        ) from error
