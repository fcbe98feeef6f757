"""Reading a city's YAML files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from hotline.domain.errors import CityConfigError

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C is ten times as fast; a city has 100 files."""


def read_yaml(file: Path) -> Any:
    """Read one YAML file; a missing or broken one is a ``CityConfigError`` with the line."""
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 -- both are safe loaders
    except FileNotFoundError:
        raise CityConfigError(file=str(file), reason="文件不存在") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise CityConfigError(
            file=str(file), row=f"第{mark.line + 1}行" if mark else "", reason=f"不是有效的YAML：{error}"
        ) from error


def read_lists(folder: Path, names: Iterable[str]) -> dict[str, Any]:
    """Read the lists of several files of ``folder`` as one; a file that is no mapping, or a list that is in two of them is a ``CityConfigError``."""
    lists: dict[str, Any] = {}
    for name in names:
        file = folder / f"{name}.yaml"
        rows = read_yaml(file)
        if not isinstance(rows, dict):
            raise CityConfigError(file=str(file), reason="应是一张张词表，每张有名字")
        if twice := lists.keys() & rows.keys():
            raise CityConfigError(file=str(file), row=min(twice), reason="另一个文件里已经有了")
        lists |= rows
    return lists
