"""Every step of a reading is drawn, and those to one digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.inference import Reader, explain
from digits.inference.explain import crop_digit
from digits.inference.inputs import decode_source
from digits.synthesis import synthesize_page

pytestmark = pytest.mark.slow

PICTURES = {
    "page": synthesize_page(95).picture,
    "on its side": np.rot90(synthesize_page(105).picture),
    "nothing": np.full((120, 300), 240, np.uint8),
    "tall": np.full((900, 40), 240, np.uint8),
}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("name", PICTURES)
def test_every_step_is_shown(name: str, reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "new" / "why.png"
    explain(reader.read(PICTURES[name]), path)
    with Image.open(path) as picture:
        assert (picture.format, picture.mode, picture.width) == ("PNG", "RGB", 1200)
        assert 200 < picture.height < 3000
    assert [file.name for file in path.parent.iterdir()] == ["why.png"]


def test_a_page_of_many_digits_is_drawn_at_bounded_size(reader: Reader, tmp_path: Path) -> None:
    page = np.tile(synthesize_page(48, size=(240, 240)).picture, (5, 5, 1))
    reading = reader.read(page)
    assert len(reading.digits) > 120
    explain(reading, tmp_path / "why.png")
    with Image.open(tmp_path / "why.png") as picture:
        assert picture.height < 8000


def test_a_single_digit_is_explained(reader: Reader, tmp_path: Path) -> None:
    picture = synthesize_page(9).picture[:, :150]
    explain(reader.read(picture, single=True), tmp_path / "why.png")
    assert (tmp_path / "why.png").stat().st_size > 5000


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_a_digit_is_cropped_upright(turns: int) -> None:
    page = synthesize_page(2)
    decoded = decode_source(np.rot90(page.picture, turns), "page")
    reading = Reader().read_decoded(decoded, name="page")
    assert reading.turned == 360 * bool(turns) - 90 * turns
    digit = max(reading.digits, key=lambda each: each.confidence)
    seen, ink = crop_digit(decoded.picture, reading, digit)
    width, height = digit.box[2:] if turns == 0 else digit.box[:1:-1]
    assert seen.shape[:2] == ink.shape
    assert width <= ink.shape[1] <= 3 * max(width, height)
    assert height <= ink.shape[0] <= 3 * max(width, height)
    assert ink.max() > 200


def test_a_digit_at_the_border_is_cropped_to_it() -> None:
    picture = np.full((60, 40), 255, np.uint8)
    picture[0:60, 15:22] = 0
    decoded = decode_source(picture, "edge")
    reading = Reader().read_decoded(decoded, single=True, name="edge")
    seen, _ = crop_digit(decoded.picture, reading, reading.digits[0])
    assert seen.shape[0] == 60
    assert seen.shape[1] <= 40
