"""The training utterances (训练语料): one source, in Rasa's YAML, for every engine.

``nlu/training/dialogue.yml`` holds the intents of a conversation, ``nlu/training/<first level>/<second level>.yml`` what
people bring, labelled with ``c`` and the code of a third-level category. docs/training-data.md tells how to write it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.domain.meaning import Intent

FOLDER: Final = Path(__file__).parent / "training"
INTENTS: Final = frozenset(intent.value for intent in Intent)
ENTITIES: Final = frozenset({"place", "time", "person", "org"})
_MARKUP: Final = re.compile(r"\[([^\]]+)\]\(([^)]*)\)")
_CATEGORY: Final = re.compile(r"c((?:\d\d){2,3})")


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance and its label: a dialogue intent, or ``c`` and the code of a category.

    ``marked`` is the utterance as written, with its entities (``[罗庄区](place)``).
    """

    text: str
    label: str
    marked: str = field(default="", compare=False)
    file: str = field(default="", compare=False)


def read_examples(folder: Path = FOLDER) -> Iterator[Example]:
    """Yield every utterance as it stands in the files; a file of another form is a ``CityConfigError``."""
    for file in training_files(folder):
        data = read_yaml(file)
        try:
            blocks = [(str(block["intent"]), str(block["examples"])) for block in data["nlu"]]
        except (KeyError, TypeError) as error:
            raise CityConfigError(
                file=str(file), reason=f"应当是 nlu 下面一列 intent 和 examples：{error}"
            ) from error
        for label, lines in blocks:
            for line in lines.splitlines():
                marked = line.removeprefix("- ").strip()
                if marked:
                    yield Example(plain(marked), label, marked, str(file))


def load_examples(city: City, folder: Path = FOLDER) -> tuple[Example, ...]:
    """Read all files; an unknown label or an utterance with two labels is a ``CityConfigError``."""
    found: dict[str, Example] = {}
    for example in read_examples(folder):
        if category_of(example.label) not in city.categories and example.label not in INTENTS:
            raise CityConfigError(file=example.file, row=example.label, reason="没有这个意图或分类")
        first = found.setdefault(example.text, example)
        if first.label != example.label:
            reason = f"同一句话有两个标签：{first.label}、{example.label}"
            raise CityConfigError(file=example.file, row=example.text, reason=reason)
    return tuple(found.values())


def category_of(label: str) -> str | None:
    """Return the category's code that a label names, or None for a dialogue intent."""
    match = _CATEGORY.fullmatch(label)
    return match[1] if match else None


SENTENCE: Final = 40  # characters


def intent_examples(examples: Sequence[Example], of_each: int = 3) -> list[Example]:
    """Return what tells a dialogue's intents apart: all dialogue utterances, and of each class some as ``appeal``.

    Those with marked entities first: there are few enough of them. Of the classes no letters: a transformer's time grows
    with the longest of a batch, and that a letter is an appeal is told by its first sentence.
    """
    found: list[Example] = []
    taken: Counter[str] = Counter()
    for example in sorted(examples, key=lambda one: "](" not in one.marked):
        if category_of(example.label) is None:
            found.append(example)
        elif taken[example.label] < of_each and len(example.text) <= SENTENCE:
            taken[example.label] += 1
            found.append(Example(example.text, Intent.APPEAL.value, example.marked))
    return found


def label_at(label: str, level: int) -> str:
    """Return the label with its category cut to ``level``; a dialogue intent stays as it is."""
    return label[: 1 + 2 * level] if category_of(label) is not None else label


def plain(marked: str) -> str:
    """Return an utterance without the entity markup."""
    return _MARKUP.sub(lambda found: found[1], marked).strip()


def entities_of(marked: str) -> tuple[tuple[str, str], ...]:
    """Return what is marked in an utterance: the words and the entity."""
    return tuple((found[1], found[2]) for found in _MARKUP.finditer(marked))


def training_files(folder: Path = FOLDER) -> tuple[Path, ...]:
    """Return all files of utterances, in a fixed order."""
    return tuple(sorted(folder.rglob("*.yml")))


def fingerprint(*parts: bytes | str, folder: Path = FOLDER) -> str:
    """Return a hash of all training files and of whatever else a model depends on."""
    digest = hashlib.sha256()
    for file in training_files(folder):
        digest.update(file.read_bytes())
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()[:16]
