"""The process that renders Kokoro's sound: ``python -m tts.engines.kokoro_worker MODEL_DIR VOICES_DIR THREADS``.

A job has text, voice and speed; the reply is 16-bit mono sound at 24 kHz, trimmed and of even loudness.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from misaki import zh

from hotline.worker_process import WorkerSide

_MAX_SYMBOLS: Final = 508
_QUIET: Final = 0.004
_EDGE_SECONDS: Final = 0.04
_RATE: Final = 24_000
_LOUDNESS: Final = 0.1  # -20 dB below full scale
_PEAK: Final = 0.89

Sound = npt.NDArray[np.float32]


class Kokoro:
    """The model, its symbols and its voices."""

    def __init__(self, model: Path, voices: Path, threads: int) -> None:
        """Load everything once."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(model / "model.onnx"), options, ["CPUExecutionProvider"]
        )
        self._inputs = {entry.name: entry.type for entry in self._session.get_inputs()}
        self._symbols: dict[str, int] = json.loads(
            Path(__file__).with_name("kokoro_symbols.json").read_text(encoding="utf-8")
        )
        self._voices = voices
        self._sounds_of = zh.ZHG2P()

    def render(self, text: str, voice: str, speed: float) -> bytes:
        """Return the sound of ``text``; nothing for text without a sound."""
        symbols = [self._symbols[sign] for sign in self._sounds_of(text)[0] if sign in self._symbols]
        pieces = [symbols[start : start + _MAX_SYMBOLS] for start in range(0, len(symbols), _MAX_SYMBOLS)]
        sound = [trimmed(self._speak(piece, voice, speed)) for piece in pieces]
        if not sound:
            return b""
        return (levelled(np.concatenate(sound)) * 32_767).astype("<i2").tobytes()

    def _speak(self, symbols: list[int], voice: str, speed: float) -> Sound:
        ids = np.array([[0, *symbols, 0]], dtype=np.int64)
        style = self._voice(voice)[len(symbols)]
        pace = np.array([speed], dtype=np.float32)
        if self._inputs.get("speed") == "tensor(int32)":
            pace = pace.astype(np.int32)
        given = {"tokens" if "tokens" in self._inputs else "input_ids": ids, "style": style, "speed": pace}
        sound: Sound = np.asarray(self._session.run(None, given)[0], dtype=np.float32).reshape(-1)
        return sound

    @lru_cache(maxsize=16)  # noqa: B019 -- one model a process
    def _voice(self, name: str) -> npt.NDArray[np.float32]:
        table = np.fromfile(self._voices / f"{Path(name).name}.bin", dtype=np.float32)
        return table.reshape(-1, 1, 256)


def trimmed(sound: Sound) -> Sound:
    """Cut silence at both ends, but for an edge, so that the first sound is early."""
    loud = np.flatnonzero(np.abs(sound) > _QUIET)
    if not loud.size:
        return sound[:0]
    edge = round(_EDGE_SECONDS * _RATE)
    return sound[max(0, loud[0] - edge) : loud[-1] + 4 * edge]


def levelled(sound: Sound) -> Sound:
    """Bring speech to an even loudness that suits G.711, without clipping."""
    if not sound.size:
        return sound
    loudness = float(np.sqrt(np.mean(np.square(sound))))
    peak = float(np.max(np.abs(sound)))
    if not loudness or not peak:
        return sound
    return sound * np.float32(min(_LOUDNESS / loudness, _PEAK / peak))


def main() -> None:
    """Serve until the parent is gone."""
    side = WorkerSide()
    model, voices, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    for path in (model / "model.onnx", voices):
        if not path.exists():
            side.refuse(f"文件缺失：{path}")
            return
    try:
        kokoro = Kokoro(model, voices, threads)
    except Exception as error:  # noqa: BLE001 -- onnxruntime's own types are not exported
        side.refuse(f"{model / 'model.onnx'}：模型不能读取（{type(error).__name__}）")
        return
    for voice in sorted(voices.glob("*.bin"))[:1]:
        kokoro.render("您好", voice.stem, 1.0)  # the first run is slow
    side.ready()

    def work(job: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        return {}, kokoro.render(job["text"], job["voice"], job["speed"])

    side.serve(work)


if __name__ == "__main__":
    main()
