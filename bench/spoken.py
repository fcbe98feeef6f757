"""What texts become on the telephone (误识): spoken by synthetic voices, through 8 kHz G.711, recognised.

Pairs of what was said and what the engine heard are kept in a file of JSON lines as they are made, so that a run that is
stopped goes on where it was, and so that repair and what stands behind it may be measured again at once.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from rapidfuzz.distance import Levenshtein

from asr.recognizer import Recognizer
from bench.asr import as_heard, comparable, heard_in
from hotline.domain.errors import HotlineError

_SEED: Final = 12345


class PairsFileError(HotlineError):
    """A file of pairs cannot be used; the message says which line and why, in Chinese."""

    code = "bench.spoken_pairs"


@dataclass(frozen=True, slots=True)
class Pair:
    """One text as it was said in a ``voice``, and as ``engine`` heard it, before repair; ``others`` are less likely."""

    said: str
    heard: str
    voice: str
    engine: str
    others: tuple[str, ...] = ()

    @classmethod
    def read(cls, line: str) -> Pair:
        """Return the pair on a line of JSON. Raises ``ValueError`` or ``TypeError``."""
        row = json.loads(line)
        return cls(**{**row, "others": tuple(row.get("others", ()))})


class Pairs:
    """Pairs kept in a file; a last line that was cut off is made anew."""

    def __init__(self, file: Path) -> None:
        """Read ``file`` if it is there; raises ``PairsFileError``."""
        self._file = file
        self._kept: dict[tuple[str, str, str], Pair] = {}
        if not file.exists():
            return
        try:
            lines = file.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise PairsFileError(f"{file}：读不出来（{error}）") from error
        for number, line in enumerate(lines[:-1], 1):
            try:
                self._keep(Pair.read(line))
            except (ValueError, TypeError, AttributeError) as error:
                raise PairsFileError(f"{file} 第{number}行：不是一对说的和听到的（{error}）") from error
        if lines[-1]:
            file.write_text("".join(f"{line}\n" for line in lines[:-1]), encoding="utf-8")

    def find(self, said: str, voice: str, engine: str) -> Pair | None:
        """Return what was heard of a text in that voice by that engine."""
        return self._kept.get((said, voice, engine))

    def add(self, pair: Pair) -> None:
        """Keep one, in the file too."""
        self._keep(pair)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")

    def _keep(self, pair: Pair) -> None:
        self._kept[pair.said, pair.voice, pair.engine] = pair


def voice_for(text: str, voices: Sequence[str]) -> str:
    """Return who says ``text``: the same voice each time, all voices about as often."""
    return voices[zlib.crc32(text.encode()) % len(voices)]


async def heard_by(
    recognizer: Recognizer,
    said: Iterable[tuple[str, str]],
    sound_of: Callable[[str, str], Path],
    kept: Pairs,
    progress: Callable[[int, int], None],
) -> list[Pair]:
    """Return a pair for each (text, voice): from ``kept``, or recognised from the recording ``sound_of(voice, text)``."""
    wanted, random = list(said), np.random.default_rng(_SEED)
    pairs = []
    for done, (text, voice) in enumerate(wanted):
        pair = kept.find(text, voice, recognizer.name)
        if pair is None:
            heard = await heard_in(recognizer, as_heard(sound_of(voice, text), "phone", None, "room", random))
            pair = Pair(text, heard.raw, voice, recognizer.name, heard.others)
            kept.add(pair)
        pairs.append(pair)
        progress(done + 1, len(wanted))
    return pairs


def error_rates(pairs: Sequence[Pair], repaired: Sequence[str]) -> dict[str, Any]:
    """Return the share of characters that are wrong, in percent, heard and repaired, and how many texts are right throughout."""
    meant = [comparable(pair.said) for pair in pairs]
    characters = max(1, sum(map(len, meant)))
    raw, mended = ([comparable(text) for text in texts] for texts in ([one.heard for one in pairs], repaired))
    wrong_raw, wrong = (sum(map(Levenshtein.distance, meant, texts)) for texts in (raw, mended))
    return {
        "cer_raw": round(100 * wrong_raw / characters, 2),
        "cer": round(100 * wrong / characters, 2),
        "right_throughout": sum(map(str.__eq__, meant, mended)),
    }
