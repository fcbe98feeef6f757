"""Repair of short commands (短指令纠错): “拽引供” and “吹人工” are 转人工.

Whoever asks for a person says three characters, of which a recogniser of sentences makes anything. So short speech is held
against the commands syllable by syllable, with what each syllable is often heard as (``lexicon/commands.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hotline.city import City, read_yaml
from hotline.domain.errors import CityConfigError
from hotline.phonetics import syllables

_CHARACTERS: Final = re.compile(r"[\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class _Command:
    """``sounds`` are what each syllable may be heard as, as it is meant first; none: as anything."""

    word: str
    sounds: tuple[tuple[str, ...], ...]
    before: int
    least: int

    def is_heard(self, heard: Sequence[str]) -> bool:
        """Tell whether these syllables may be this command."""
        both = list(zip(heard, self.sounds, strict=True))
        may_be = all(not sounds or syllable in sounds for syllable, sounds in both)
        return may_be and sum(syllable == sounds[0] for syllable, sounds in both if sounds) >= self.least


class CommandRepairer:
    """Puts commands right in speech that says nothing else."""

    def __init__(self, city: City) -> None:
        """Read ``lexicon/commands.yaml``; a mistake in it is a ``CityConfigError``."""
        file = city.folder / "lexicon" / "commands.yaml"
        rows = read_yaml(file)
        try:
            sounds = {str(character): tuple(map(str, heard)) for character, heard in rows["sounds"].items()}
            self._commands = tuple(
                _Command(
                    word=str(row["word"]),
                    sounds=tuple(sounds[character] for character in row["heard"]),
                    before=int(row["before"]),
                    least=int(row["least"]),
                )
                for row in rows["commands"]
            )
            self._leads, self._ends = (_longest_first(rows[key]) for key in ("leads", "ends"))
            self._known, self._never = (_longest_first(rows[key]) for key in ("known", "never"))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CityConfigError(
                file=str(file), reason=f"短指令词表缺少内容或写法不对：{error!r}"
            ) from error

    def repair(self, text: str) -> str:
        """Return ``text`` with the command that it likely is."""
        said = _CHARACTERS.findall(text)
        if len(said) != 1 or any(word in text for word in self._known):
            return text
        words = said[0]
        lead = next((lead for lead in self._leads if words.startswith(lead)), "")
        end = next((end for end in self._ends if words.endswith(end)), "")
        core = words[len(lead) : len(words) - len(end)]
        if any(word in core for word in self._never):
            return text
        heard = syllables(core)
        for command in self._commands:
            start = len(core) - len(command.sounds)
            if 0 <= start <= command.before and command.is_heard(heard[start:]):
                return text.replace(words, lead + core[:start] + command.word + end)
        return text


def _longest_first(words: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted(map(str, words), key=len, reverse=True))
