"""The training utterances (训练语料): one source, in Rasa's YAML, for every engine."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.meaning import Intent

FOLDER: Final = Path(__file__).parent / "training"
INTENTS: Final = frozenset(intent.value for intent in Intent)
_MARKUP: Final = re.compile(r"\[([^\]]+)\]\([^)]*\)|\[([^\]]+)\]\{[^}]*\}")
_CATEGORY: Final = re.compile(r"c(\d{4})")


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance and its label: a dialogue intent, or ``c`` and the code of a category."""

    text: str
    label: str


def load_examples(city: City, folder: Path = FOLDER) -> tuple[Example, ...]:
    """Read all files; an unknown label or an utterance with two labels is a ``CityConfigError``."""
    found: dict[str, str] = {}
    for file in sorted(folder.glob("*.yml")):
        for block in read_yaml(file)["nlu"]:
            label = str(block["intent"])
            if category_of(label) not in city.categories and label not in INTENTS:
                raise CityConfigError(file=str(file), row=label, reason="没有这个意图或分类")
            for line in str(block["examples"]).splitlines():
                text = plain(line.removeprefix("- "))
                if not text:
                    continue
                if found.setdefault(text, label) != label:
                    raise CityConfigError(
                        file=str(file), row=text, reason=f"同一句话有两个标签：{found[text]}、{label}"
                    )
    return tuple(Example(text, label) for text, label in found.items())


def category_of(label: str) -> str | None:
    """Return the category's code that a label names, or None for a dialogue intent."""
    match = _CATEGORY.fullmatch(label)
    return match[1] if match else None


def plain(marked: str) -> str:
    """Return an utterance without the entity markup."""
    return _MARKUP.sub(lambda found: found[1] or found[2], marked).strip()


def fingerprint(*parts: bytes | str, folder: Path = FOLDER) -> str:
    """Return a hash of all training files and of whatever else a model depends on."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.yml")):
        digest.update(file.read_bytes())
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()[:16]
