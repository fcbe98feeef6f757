"""Models on their shelf: written whole, refused by name when unsound, the last good one stays."""

import os

import pytest

from hotline.domain.errors import ModelRefusedError
from nlu.model_shelf import ModelShelf


def shelf(folder, mark: bytes = b"model-1\n") -> ModelShelf:
    return ModelShelf(folder, "linear", mark)


def test_what_is_put_is_read_again(tmp_path) -> None:
    file = shelf(tmp_path).put("a", b"weights")
    assert file.name == "linear-a.model"
    assert shelf(tmp_path).read(file) == b"weights"
    assert [each.name for each in tmp_path.iterdir()] == ["linear-a.model"]


def test_a_missing_model_is_refused_by_name(tmp_path) -> None:
    with pytest.raises(ModelRefusedError, match=r"linear-a\.model.*没有训练或语料已改变"):
        shelf(tmp_path).read(shelf(tmp_path).file("a"))


@pytest.mark.parametrize("length", [0, 5, 30, 45])
def test_a_half_written_model_is_refused(tmp_path, length) -> None:
    file = shelf(tmp_path).put("a", b"weights that are longer")
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(ModelRefusedError, match=r"linear-a\.model"):
        shelf(tmp_path).read(file)


def test_a_changed_byte_is_noticed(tmp_path) -> None:
    file = shelf(tmp_path).put("a", b"weights")
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelRefusedError, match="损坏"):
        shelf(tmp_path).read(file)


def test_a_model_of_another_version_is_refused(tmp_path) -> None:
    file = shelf(tmp_path, b"model-0\n").put("a", b"weights")
    with pytest.raises(ModelRefusedError, match="别的版本"):
        shelf(tmp_path).read(file)


def test_the_model_wanted_comes_first_and_then_the_newest(tmp_path) -> None:
    for age, name in enumerate(("new", "newer", "newest")):
        os.utime(shelf(tmp_path).put(name, b"x"), (1_000 + age, 1_000 + age))
    names = [file.name for file in shelf(tmp_path).candidates("new")]
    assert names == ["linear-new.model", "linear-newest.model", "linear-newer.model"]


def test_the_oldest_are_forgotten_but_never_the_one_just_put(tmp_path) -> None:
    for age, name in enumerate("abcde"):
        os.utime(shelf(tmp_path).put(name, b"x"), (1_000 + age, 1_000 + age))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "linear-c.model",
        "linear-d.model",
        "linear-e.model",
    ]
