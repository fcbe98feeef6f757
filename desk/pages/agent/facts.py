"""Facts of the matter as agents read and type them (要素): “金额 18000；车牌 鲁Q12345”, “无” for none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from hotline.domain.appeal import Fact, FactKind
from hotline.service.form_filling import NO_FACTS, facts_in_short

_NONE: Final = "无"
_BETWEEN: Final = re.compile(r"[；;\n]+")
_AMOUNT: Final = re.compile(r"\d{1,12}(?:\.\d{1,2})?")


def facts_shown(facts: Iterable[Fact], names: Mapping[str, str]) -> str:
    """Return facts as they may be typed; ``names`` are those of the kinds."""
    return "；".join(f"{names[fact.kind.value]} {fact.value}" for fact in facts)


def facts_typed(text: str, names: Mapping[str, str]) -> str:
    """Return facts that somebody typed as they are kept. Raises ``ValueError`` where a kind or a value is missing."""
    if text.strip() == _NONE:
        return NO_FACTS
    return facts_in_short([_fact(part.strip(), names) for part in _BETWEEN.split(text) if part.strip()])


def _fact(part: str, names: Mapping[str, str]) -> Fact:
    kind = next((FactKind(code) for code, name in names.items() if part.startswith(name)), None)
    if kind is None:
        raise ValueError(part)
    value = part.removeprefix(names[kind.value]).strip(" ：:")
    if kind is FactKind.AMOUNT:
        value = value.removesuffix("元").strip()
    if not value or (kind is FactKind.AMOUNT and not _AMOUNT.fullmatch(value)):
        raise ValueError(part)
    return Fact(kind, value, value)
