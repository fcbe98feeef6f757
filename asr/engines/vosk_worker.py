"""The Vosk worker. Started as ``python -m asr.engines.vosk_worker MODEL_DIR LANES``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import vosk

from asr.engines.streaming import StreamDecoder, serve_streams
from hotline.domain.speech import WIDE_BAND
from hotline.worker_side import WorkerSide

_UNKNOWN: Final = "[unk]"
# What every Vosk model has, in the layout of 0.3 models and in the older flat one.
_NEEDED: Final = (("am/final.mdl", "final.mdl"), ("conf/mfcc.conf", "mfcc.conf"))


class VoskDecoder:
    """One utterance. With a grammar the sound is kept: what does not fit the grammar is decoded again without it."""

    def __init__(self, model: Any, grammar: list[str]) -> None:
        self._model = model
        self._sound = bytearray()
        self._has_grammar = bool(grammar)
        self._parts: list[str] = []
        self._confidences: list[float] = []
        if grammar:
            words = json.dumps(
                [*(_in_words(model, phrase) for phrase in grammar), _UNKNOWN], ensure_ascii=False
            )
            self._recognizer = vosk.KaldiRecognizer(model, WIDE_BAND.sample_rate_hz, words)
        else:
            self._recognizer = vosk.KaldiRecognizer(model, WIDE_BAND.sample_rate_hz)
        self._recognizer.SetWords(True)

    def accept(self, sound: bytes) -> str:
        """Decode on, and return the words heard so far."""
        if self._has_grammar:
            self._sound += sound
        if self._recognizer.AcceptWaveform(sound):
            self._take(json.loads(self._recognizer.Result()))
            return "".join(self._parts).replace(_UNKNOWN, "")
        heard = "".join((*self._parts, _joined(json.loads(self._recognizer.PartialResult())["partial"])))
        return heard.replace(_UNKNOWN, "")

    def finish(self) -> tuple[str, float | None]:
        """Return all words and their mean confidence."""
        self._take(json.loads(self._recognizer.FinalResult()))
        text = "".join(self._parts)
        if self._has_grammar and (not text or _UNKNOWN in text):
            freely = VoskDecoder(self._model, [])
            freely.accept(bytes(self._sound))
            return freely.finish()
        certain = self._confidences
        return text, sum(certain) / len(certain) if certain else None

    def _take(self, result: dict[str, Any]) -> None:
        self._parts.append(_joined(result["text"]))
        self._confidences += [word["conf"] for word in result.get("result", ())]


def _joined(text: str) -> str:
    """Remove the spaces that Vosk puts between words."""
    return text.replace(" ", "")


def _in_words(model: Any, phrase: str) -> str:
    """Return the phrase as words of the model's vocabulary: itself, or its characters."""
    return phrase if model.vosk_model_find_word(phrase) >= 0 else " ".join(phrase)


def main() -> None:
    """Load the model and serve streams."""
    side = WorkerSide()
    model_dir, lanes = Path(sys.argv[1]), int(sys.argv[2])
    for places in _NEEDED:
        if not any((model_dir / place).is_file() for place in places):
            side.refuse("模型文件不存在", file=str(model_dir / places[0]))
            return
    vosk.SetLogLevel(-1)
    try:
        model = vosk.Model(str(model_dir))
    except Exception as error:  # noqa: BLE001 -- vosk raises a bare Exception
        side.refuse(f"模型无法加载，可能已损坏：{error}", file=str(model_dir))
        return

    def open_decoder(grammar: list[str], bias: list[str]) -> StreamDecoder:
        del bias
        return VoskDecoder(model, grammar)

    side.ready()
    serve_streams(side, open_decoder, lanes=lanes)


if __name__ == "__main__":
    main()
