"""The process that renders Kokoro's sound: ``python -m tts.engines.kokoro_worker MODEL_DIR VOICES_DIR THREADS``.

A job has text (as it is to be read), voice, speed and rate; the reply is 16-bit mono sound at that rate, trimmed and of
even loudness.
"""

from __future__ import annotations

import json
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from misaki import zh

from hotline.worker_side import Reply, WorkerSide
from tts.sound import Sound, levelled, samples_of, trimmed

_MAX_SYMBOLS: Final = 508
_RATE_HZ: Final = 24_000
_STYLE_BYTES: Final = 510 * 256 * 4
_STOP: Final = re.compile(r"[。！？；!?;]\W*$")
_STOP_SECONDS: Final = 0.25
_COMMA_SECONDS: Final = 0.12


class Kokoro:
    """The model, its symbols and its voices."""

    def __init__(self, model: Path, voices: Path, threads: int) -> None:
        """Load the model; voices are loaded when first used."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Idle threads must not spin: that costs the other processes a core and wins nothing.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(model / "model.onnx"), options, ["CPUExecutionProvider"]
        )
        self._symbols: dict[str, int] = json.loads(
            Path(__file__).with_name("kokoro_symbols.json").read_text(encoding="utf-8")
        )
        self._voices = voices
        self._voice = lru_cache(maxsize=16)(self._load_voice)
        self._sounds_of = zh.ZHG2P()

    def render(self, text: str, voice: str, speed: float, rate_hz: int) -> bytes:
        """Return the sound of ``text``; nothing for text without a sound."""
        symbols = [self._symbols[sign] for sign in self._sounds_of(text)[0] if sign in self._symbols]
        pieces = [symbols[start : start + _MAX_SYMBOLS] for start in range(0, len(symbols), _MAX_SYMBOLS)]
        if not pieces:
            return b""
        style = self._voice(voice)
        sound = np.concatenate([self._speak(piece, style, speed) for piece in pieces])
        tail = _STOP_SECONDS if _STOP.search(text) else _COMMA_SECONDS
        return samples_of(levelled(trimmed(sound, _RATE_HZ, tail_seconds=tail), _RATE_HZ), _RATE_HZ, rate_hz)

    def _speak(self, symbols: list[int], style: npt.NDArray[np.float32], speed: float) -> Sound:
        given = {
            "tokens": np.array([[0, *symbols, 0]], dtype=np.int64),
            "style": style[len(symbols)],
            "speed": np.array([speed], dtype=np.float32),
        }
        return np.asarray(self._session.run(None, given)[0], dtype=np.float32).reshape(-1)

    def _load_voice(self, name: str) -> npt.NDArray[np.float32]:
        file = self._voices / f"{Path(name).name}.bin"
        if not file.is_file() or file.stat().st_size != _STYLE_BYTES:
            raise ValueError(f"没有音色 {name}（{file}）")
        return np.fromfile(file, dtype=np.float32).reshape(-1, 1, 256)


def main() -> None:
    """Serve until the parent is gone."""
    side = WorkerSide()
    model, voices, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    file = model / "model.onnx"
    installed = sorted(voices.glob("*.bin"))
    if not file.is_file():
        side.refuse("文件缺失，请运行 hotline models fetch", file=str(file))
        return
    if not installed:
        side.refuse("没有音色文件，请运行 hotline models fetch", file=str(voices))
        return
    try:
        kokoro = Kokoro(model, voices, threads)
        kokoro.render("您好", installed[0].stem, 1.0, _RATE_HZ)  # the first run is slow
    except Exception as error:  # noqa: BLE001 -- onnxruntime's own types are not exported
        side.refuse(f"模型不能使用，可能已损坏：{type(error).__name__}", file=str(file))
        return
    side.ready()

    def work(job: dict[str, Any], _: bytes) -> Reply:
        return {}, kokoro.render(job["text"], job["voice"], job["speed"], job["rate"])

    side.serve(work)


if __name__ == "__main__":
    main()
