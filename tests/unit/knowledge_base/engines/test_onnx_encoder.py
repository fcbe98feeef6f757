"""Any ONNX encoder by its folder: a tiny one made here, and one that is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hotline.domain.errors import ModelRefusedError
from knowledge_base.engines.onnx_encoder import ABOUT, MODEL, TOKENIZER, OnnxEncoder
from knowledge_base.engines.vectors import Vectors
from knowledge_base.wording import load_wording
from tests.articles import a_full_article
from tests.builders import LINYI

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")
WORDS = ["[PAD]", "[UNK]", "暖", "气", "供", "路", "灯"]
# 暖气 and 供 point one way, 路灯 the other.
ROWS = np.array([[0, 0], [0.1, 0.1], [1, 0], [1, 0], [1, 0.1], [0, 1], [0, 1]], np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    words = numpy_helper.from_array(ROWS, "words")
    node = helper.make_node("Gather", ["words", "input_ids"], ["last_hidden_state"])
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"])
        for name in ("input_ids", "attention_mask")
    ]
    out = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["b", "s", 2])
    graph = helper.make_graph([node], "tiny", inputs, [out], [words])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9),
        str(tmp_path / MODEL),
    )
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": False},
        "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: at for at, word in enumerate(WORDS)}, "unk_token": "[UNK]"},
    }  # fmt: skip
    (tmp_path / TOKENIZER).write_text(json.dumps(tokenizer), encoding="utf-8")
    return tmp_path


def test_texts_of_one_meaning_lie_near_each_other_in_one_batch_or_alone(folder: Path) -> None:
    encoder = OnnxEncoder(folder)
    assert encoder.dimensions == 2
    together = encoder.questions(["暖气", "供", "路灯"])
    assert together.shape == (3, 2)
    assert together[0] @ together[1] > 0.99
    assert together[0] @ together[2] < 0.01
    assert np.allclose(encoder.questions(["路灯"])[0], together[2])
    assert encoder.passages([]).shape == (0, 2)


def test_the_first_tokens_vector_may_stand_for_the_text(folder: Path) -> None:
    (folder / ABOUT).write_text(json.dumps({"pooling": "first", "question_prefix": "灯"}), encoding="utf-8")
    encoder = OnnxEncoder(folder)
    assert np.allclose(encoder.questions(["暖气"])[0], [0, 1])
    assert np.allclose(encoder.passages(["暖气"])[0], [1, 0])


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (MODEL, b"half a model"),
        (TOKENIZER, b"{"),
        (ABOUT, b"{"),
        (ABOUT, b"[]"),
        (MODEL, None),
        (TOKENIZER, None),
    ],
)
def test_a_damaged_or_missing_file_is_refused_by_name(folder: Path, file: str, content: bytes | None) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(ModelRefusedError) as error:
        OnnxEncoder(folder)
    assert (error.value.model, error.value.file) == (folder.name, file)


def test_vectors_of_articles_are_made_once_and_found_again(folder: Path, tmp_path: Path) -> None:
    article = a_full_article(title="暖气", questions=("路灯",), spoken="供", full="供", tags=())
    made = Vectors(OnnxEncoder(folder), tmp_path / "kept")
    (kept,) = made.of_articles([article], WORDING)
    rows = made.rows(kept)
    assert rows.shape == (3, 2)
    assert rows[0] @ made.question("暖气") > 0.99
    file = next((tmp_path / "kept").glob("*.sqlite3"))
    written = file.stat().st_mtime_ns
    assert Vectors(OnnxEncoder(folder), tmp_path / "kept").of_articles([article], WORDING) == [kept]
    assert file.stat().st_mtime_ns == written


def test_damaged_kept_vectors_are_made_again(folder: Path, tmp_path: Path) -> None:
    article = a_full_article(title="暖气")
    (kept,) = Vectors(OnnxEncoder(folder), tmp_path / "kept").of_articles([article], WORDING)
    next((tmp_path / "kept").glob("*.sqlite3")).write_bytes(b"no database")
    assert Vectors(OnnxEncoder(folder), tmp_path / "kept").of_articles([article], WORDING) == [kept]
