"""The sherpa-onnx worker. Started as ``python -m asr.engines.sherpa_worker MODEL_DIR LANES``.

What a model directory holds is seen from its files: with a joiner a streaming transducer (zipformer …), encoder and
decoder alone a streaming paraformer, a single model SenseVoice or an offline paraformer.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
import sherpa_onnx

from asr.engines.streaming import StreamDecoder, serve_streams
from hotline.domain.errors import ModelRefusedError
from hotline.domain.speech import WIDE_BAND
from hotline.worker_side import WorkerSide

_RATE: Final = WIDE_BAND.sample_rate_hz
_TAIL_SECONDS: Final = 0.6  # the encoder looks ahead; silence brings the last words out
_THREADS: Final = 1
_PARTS: Final = ("encoder", "decoder", "joiner")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one model; those that it does not have are None."""

    tokens: Path
    encoder: Path | None = None
    decoder: Path | None = None
    joiner: Path | None = None
    whole: Path | None = None

    @property
    def is_streaming(self) -> bool:
        """True for models in parts, which decode while the sound comes."""
        return self.encoder is not None


def find_files(model_dir: Path) -> ModelFiles:
    """Return a model's files, the 8-bit ones where there are both; raises ``ModelRefusedError`` naming what lacks."""
    tokens = model_dir / "tokens.txt"
    if not tokens.is_file():
        raise ModelRefusedError(model="sherpa", file=str(tokens), reason="模型文件不存在")
    parts = {part: _best(model_dir, f"{part}*.onnx") for part in _PARTS}
    if parts["encoder"] is not None or parts["decoder"] is not None or parts["joiner"] is not None:
        for part in ("encoder", "decoder"):
            if parts[part] is None:
                raise ModelRefusedError(
                    model="sherpa", file=str(model_dir / f"{part}.onnx"), reason="模型文件不存在"
                )
        return ModelFiles(tokens, **parts)
    whole = _best(model_dir, "model*.onnx")
    if whole is None:
        raise ModelRefusedError(model="sherpa", file=str(model_dir / "model.onnx"), reason="模型文件不存在")
    return ModelFiles(tokens, whole=whole)


def _best(model_dir: Path, pattern: str) -> Path | None:
    files = sorted(model_dir.glob(pattern))
    small = [file for file in files if ".int8." in file.name]
    return next(iter((*small, *files)), None)


def _metadata(file: Path) -> dict[str, str]:
    """Open a model file with onnxruntime and return what it says of itself; sherpa-onnx would end the process."""
    try:
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = f"模型无法加载，可能已损坏：{type(error).__name__}"
        raise ModelRefusedError(model="sherpa", file=str(file), reason=reason) from error
    return dict(session.get_modelmeta().custom_metadata_map)


class OnlineDecoder:
    """One utterance in a streaming model."""

    def __init__(self, recognizer: Any, hotwords: str) -> None:
        self._recognizer = recognizer
        self._stream = recognizer.create_stream(hotwords) if hotwords else recognizer.create_stream()

    def accept(self, sound: bytes) -> str:
        """Decode on, and return the words heard so far."""
        self._stream.accept_waveform(_RATE, _samples(sound))
        return self._decode()

    def finish(self) -> tuple[str, float | None]:
        """Return all words; these models give no confidence."""
        self._stream.accept_waveform(_RATE, np.zeros(int(_TAIL_SECONDS * _RATE), np.float32))
        self._stream.input_finished()
        return self._decode(), None

    def _decode(self) -> str:
        while self._recognizer.is_ready(self._stream):
            self._recognizer.decode_stream(self._stream)
        return str(self._recognizer.get_result(self._stream)).strip()


class OfflineDecoder:
    """One utterance in a model that decodes it as a whole."""

    def __init__(self, recognizer: Any) -> None:
        self._recognizer = recognizer
        self._sound = bytearray()

    def accept(self, sound: bytes) -> str:
        """Keep the sound; no words yet."""
        self._sound += sound
        return ""

    def finish(self) -> tuple[str, float | None]:
        """Decode the utterance."""
        if not self._sound:
            return "", None
        stream = self._recognizer.create_stream()
        stream.accept_waveform(_RATE, _samples(bytes(self._sound)))
        self._recognizer.decode_stream(stream)
        return str(stream.result.text).strip(), None


def _samples(sound: bytes) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.frombuffer(sound, np.int16).astype(np.float32) / np.float32(32_768)


class SherpaModel:
    """A loaded model of any of the four kinds."""

    def __init__(self, files: ModelFiles) -> None:
        self._takes_hotwords = files.joiner is not None
        self._tokens = frozenset(
            line.split()[0] for line in files.tokens.read_text(encoding="utf-8").splitlines() if line.split()
        )
        self._is_streaming = files.is_streaming
        self._recognizer = _streaming(files) if files.is_streaming else _offline(files)

    def open_decoder(self, grammar: list[str], bias: list[str]) -> StreamDecoder:
        """Make the decoder of one utterance; ``bias`` are its hotwords where the model takes any."""
        del grammar
        if not self._is_streaming:
            return OfflineDecoder(self._recognizer)
        known = [word for word in bias if self._takes_hotwords and self._tokens.issuperset(word)]
        return OnlineDecoder(self._recognizer, "/".join(known))


def _streaming(files: ModelFiles) -> Any:
    assert files.encoder is not None
    assert files.decoder is not None
    described = _metadata(files.encoder)
    _metadata(files.decoder)
    names = {"tokens": str(files.tokens), "encoder": str(files.encoder), "decoder": str(files.decoder)}
    if files.joiner is None:
        return sherpa_onnx.OnlineRecognizer.from_paraformer(**names, num_threads=_THREADS)
    _metadata(files.joiner)
    if "decode_chunk_len" not in described:
        raise ModelRefusedError(
            model="sherpa", file=str(files.encoder), reason="不是流式模型，请换用流式（streaming）版本"
        )
    return sherpa_onnx.OnlineRecognizer.from_transducer(
        **names,
        joiner=str(files.joiner),
        num_threads=_THREADS,
        decoding_method="modified_beam_search",
        modeling_unit="cjkchar",
    )


def _offline(files: ModelFiles) -> Any:
    assert files.whole is not None
    kind = _metadata(files.whole).get("model_type", "")
    if "paraformer" in kind:
        return sherpa_onnx.OfflineRecognizer.from_paraformer(
            paraformer=str(files.whole), tokens=str(files.tokens), num_threads=_THREADS
        )
    if "sense_voice" in kind:
        return sherpa_onnx.OfflineRecognizer.from_sense_voice(
            model=str(files.whole), tokens=str(files.tokens), num_threads=_THREADS, language="auto"
        )
    raise ModelRefusedError(
        model="sherpa", file=str(files.whole), reason=f"不支持的模型类型：{kind or '未标明'}"
    )


def main() -> None:
    """Load the model and serve streams."""
    side = WorkerSide()
    try:
        model = SherpaModel(find_files(Path(sys.argv[1])))
    except ModelRefusedError as error:
        side.refuse(error.reason, file=error.file)
        return
    side.ready()
    serve_streams(side, model.open_decoder, lanes=int(sys.argv[2]))


if __name__ == "__main__":
    main()
