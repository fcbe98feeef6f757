"""Tiny speech models, written as ONNX by hand: loud sound is 停, faint sound is 水.

They run on the real sherpa-onnx, so that finding, loading, feeding and decoding are proved without a download.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

BLANK, LOUD, FAINT = 0, 1, 2
TOKENS = ("<blk>", "停", "水")
_THRESHOLD = -8.0  # log-mel energy between the two
_FLOAT, _INT32, _INT64 = 1, 6, 7


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, array: np.ndarray) -> bytes:
    kind = {"float32": _FLOAT, "int64": _INT64}[str(array.dtype)]
    dims = b"".join(_field(1, size) for size in array.shape)
    return dims + _field(2, kind) + _field(8, name) + _field(9, array.tobytes())


def _value(name: str, kind: int, shape: tuple[int | str, ...]) -> bytes:
    dims = b"".join(_field(1, _field(1 if isinstance(size, int) else 2, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, dims)))


def _node(kind: str, inputs: tuple[str, ...], output: str, **integers: int) -> bytes:
    attributes = b"".join(
        _field(5, _field(1, name) + _field(3, value) + _field(20, 2)) for name, value in integers.items()
    )
    return b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, kind) + attributes


def _write(
    file: Path,
    nodes: list[bytes],
    weights: dict[str, np.ndarray],
    inputs: list[bytes],
    outputs: list[bytes],
    about: dict[str, object],
) -> None:
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "tiny")
    graph += b"".join(_field(5, _tensor(name, array)) for name, array in weights.items())
    graph += b"".join(_field(11, value) for value in inputs) + b"".join(
        _field(12, value) for value in outputs
    )
    model = _field(1, 8) + _field(7, graph) + _field(8, _field(2, 13))
    model += b"".join(_field(14, _field(1, key) + _field(2, str(value))) for key, value in about.items())
    file.write_bytes(model)


def _loudness(features: int) -> dict[str, np.ndarray]:
    weight = np.zeros((features, 3), np.float32)
    weight[:, LOUD], weight[:, FAINT] = 1 / features, -1 / features
    return {"weight": weight, "bias": np.array([0, -_THRESHOLD, _THRESHOLD], np.float32)}


def write_tokens(folder: Path) -> None:
    lines = [f"{token} {number}" for number, token in enumerate(TOKENS)]
    (folder / "tokens.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_streaming_transducer(folder: Path, *, is_streaming: bool = True) -> None:
    """Write an LSTM-shaped streaming transducer that says a token once when the loudness changes."""
    write_tokens(folder)
    state = (1, "N", 1)
    about = {"model_type": "lstm", "num_encoder_layers": 1, "T": 4, "rnn_hidden_size": 1, "d_model": 1}
    _write(
        folder / "encoder.onnx",
        [
            _node("MatMul", ("x", "weight"), "scaled"),
            _node("Add", ("scaled", "bias"), "encoder_out"),
            _node("Identity", ("h",), "next_h"),
            _node("Identity", ("c",), "next_c"),
        ],
        _loudness(80),
        [_value("x", _FLOAT, ("N", "T", 80)), _value("h", _FLOAT, state), _value("c", _FLOAT, state)],
        [
            _value("encoder_out", _FLOAT, ("N", "T", 3)),
            _value("next_h", _FLOAT, state),
            _value("next_c", _FLOAT, state),
        ],
        {**about, "decode_chunk_len": 4} if is_streaming else about,
    )
    _write(
        folder / "decoder.onnx",
        [_node("Gather", ("once", "y"), "each"), _node("Gather", ("each", "last"), "decoder_out", axis=1)],
        {"once": np.diag([0, -100, -100]).astype(np.float32), "last": np.array(1, np.int64)},
        [_value("y", _INT64, ("N", 2))],
        [_value("decoder_out", _FLOAT, ("N", 3))],
        {"context_size": 2, "vocab_size": 3},
    )
    _write(
        folder / "joiner.onnx",
        [_node("Add", ("encoder_out", "decoder_out"), "logit")],
        {},
        [_value("encoder_out", _FLOAT, ("N", 3)), _value("decoder_out", _FLOAT, ("N", 3))],
        [_value("logit", _FLOAT, ("N", 3))],
        {"joiner_dim": 3},
    )


def write_sense_voice(folder: Path, model_type: str = "sense_voice_ctc") -> None:
    """Write a SenseVoice-shaped model: loud is 停, faint is 水, after four tokens of language and mood that are dropped."""
    write_tokens(folder)
    about = {
        "model_type": model_type,
        "vocab_size": 3,
        "lfr_window_size": 7,
        "lfr_window_shift": 6,
        "normalize_samples": 1,
        "with_itn": 14,
        "without_itn": 15,
        "lang_auto": 0,
        "lang_zh": 3,
        "lang_en": 4,
        "lang_yue": 7,
        "lang_ja": 11,
        "lang_ko": 12,
        "neg_mean": ",".join(["0"] * 560),
        "inv_stddev": ",".join(["1"] * 560),
    }
    _write(
        folder / "model.int8.onnx",
        [
            _node("MatMul", ("x", "weight"), "scaled"),
            _node("Add", ("scaled", "bias"), "heard"),
            _node("Concat", ("head", "heard"), "logits", axis=1),
        ],
        {**_loudness(560), "head": np.eye(3, dtype=np.float32)[[[LOUD, FAINT, LOUD, FAINT]]]},
        [
            _value("x", _FLOAT, ("N", "T", 560)),
            _value("x_length", _INT32, ("N",)),
            _value("language", _INT32, ("N",)),
            _value("text_norm", _INT32, ("N",)),
        ],
        [_value("logits", _FLOAT, ("N", "T", 3))],
        about,
    )
