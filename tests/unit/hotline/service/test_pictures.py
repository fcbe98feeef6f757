"""Pictures are drawn anew: nothing of what a file hides is kept, and nothing that is no picture is opened."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hotline.domain.appeal import Datum
from hotline.service.pictures import MOST_BYTES, redrawn
from tests.media import a_photo, a_sound


def test_where_a_photo_was_taken_is_read_once_and_not_kept() -> None:
    picture = redrawn(a_photo(gps=(35.0519, 118.3421)))
    assert picture is not None
    assert picture.position is not None
    assert (picture.position.latitude, picture.position.longitude) == pytest.approx(
        (35.0519, 118.3421), abs=1e-5
    )
    assert picture.position.datum is Datum.WGS84
    with Image.open(io.BytesIO(picture.jpeg)) as again:
        assert again.format == "JPEG"
        assert dict(again.getexif()) == {}
    for secret in (b"HUAWEI", b"NOH-AN00-SECRET", b"Exif", b"GPS"):
        assert secret not in picture.jpeg


def test_a_photo_without_a_place_has_none() -> None:
    picture = redrawn(a_photo())
    assert picture is not None
    assert picture.position is None
    zero = redrawn(a_photo(gps=(0.0, 0.0)))
    assert zero is not None
    assert zero.position is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_kinds_that_people_send_are_taken(kind: str) -> None:
    picture = redrawn(a_photo(kind=kind))
    assert picture is not None
    assert (picture.width, picture.height) == (640, 480)
    with Image.open(io.BytesIO(picture.jpeg)) as again:
        red, green, blue = again.getpixel((10, 10))  # type: ignore[misc]
        assert red > 200 > 60 > max(green, blue)


def test_a_photo_taken_upright_stays_upright() -> None:
    picture = redrawn(a_photo(orientation=6))
    assert picture is not None
    assert (picture.width, picture.height) == (480, 640)


def test_what_is_transparent_becomes_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(out, "PNG")
    picture = redrawn(out.getvalue())
    assert picture is not None
    with Image.open(io.BytesIO(picture.jpeg)) as again:
        assert again.getpixel((25, 25)) == (255, 255, 255)


def test_a_big_photo_is_made_smaller() -> None:
    picture = redrawn(a_photo(size=(6_000, 3_000)))
    assert picture is not None
    assert (picture.width, picture.height) == (2_560, 1_280)


@pytest.mark.parametrize(
    "body", [b"", b"hello", a_sound(), b"GIF89a", b"\xff\xd8\xff", bytes(MOST_BYTES + 1), b"<svg/>"]
)
def test_what_is_no_picture_is_none(body: bytes) -> None:
    assert redrawn(body) is None


def test_a_picture_that_would_fill_the_memory_is_none() -> None:
    out = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, "PNG")
    assert len(out.getvalue()) < 200_000
    assert redrawn(out.getvalue()) is None


@given(st.binary(max_size=200), st.integers(0, 900))
def test_a_damaged_picture_is_a_picture_or_none(noise: bytes, at: int) -> None:
    whole = a_photo(gps=(35.0, 118.0), size=(64, 48))
    picture = redrawn(whole[:at] + noise + whole[at + len(noise) :])
    assert picture is None or picture.jpeg.startswith(b"\xff\xd8")
