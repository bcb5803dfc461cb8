"""A reading shows itself: as text, as a sequence of digits, and as a picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.errors import DataNotFoundError, UsageError
from digits.inference import Digit, Reader, Reading
from digits.synthesis import synthesize_page


@pytest.fixture(scope="module")
def page() -> np.ndarray:
    return synthesize_page(45).picture


@pytest.fixture(scope="module")
def reading(page: np.ndarray) -> Reading:
    return Reader().read(page)


def test_a_reading_is_a_sequence_of_its_digits(reading: Reading) -> None:
    assert len(reading) == len(reading.digits) > 3
    assert list(reading) == list(reading.digits)


def test_every_digit_is_boxed_in_the_colour_of_its_verdict(page: np.ndarray, reading: Reading) -> None:
    drawn = np.asarray(reading.plot())
    across, down = drawn.shape[1] / reading.size[0], drawn.shape[0] / reading.size[1]
    for digit in reading:
        x, y, _, height = digit.box
        left, middle = int(x * across - 2), int((y + height / 2) * down)
        colour = tuple(bytes.fromhex(digit.colour[1:]))
        assert (drawn[middle, left - 1 : left + 3] == colour).all(1).any()


def test_rejected_digits_have_another_colour() -> None:
    image, row = np.zeros((28, 28), np.uint8), np.full(10, 0.1, np.float32)
    verdicts = [(True, ()), (True, ("very small",)), (False, ("no ink",))]
    digits = [Digit(0, 0.1, accepted, (0, 0, 9, 9), row, image, doubts) for accepted, doubts in verdicts]
    assert len({digit.colour for digit in digits}) == 3


@pytest.mark.parametrize(("name", "format"), [("out.png", "PNG"), ("new/out.JPG", "JPEG")])
def test_the_picture_is_saved(name: str, format: str, reading: Reading, tmp_path: Path) -> None:  # noqa: A002
    reading.save(tmp_path / name)
    with Image.open(tmp_path / name) as saved:
        assert (saved.format, saved.size) == (format, reading.plot().size)
    with pytest.raises(UsageError, match=r"out.text: name a picture format, such as out.png"):
        reading.save(tmp_path / "out.text")


def test_only_the_path_of_a_file_is_kept(page: np.ndarray, tmp_path: Path) -> None:
    file = tmp_path / "note.png"
    Image.fromarray(page).save(file)
    reading = Reader("mlp").read(file)
    assert reading.source == file
    assert Image.open(io.BytesIO(reading._repr_png_() or b"")).size == reading.plot().size
    file.unlink()
    assert reading._repr_png_() is None
    with pytest.raises(DataNotFoundError, match=r"note\.png"):
        reading.plot()


def test_open_files_and_single_digits_are_drawn_too(page: np.ndarray) -> None:
    buffer = io.BytesIO()
    Image.fromarray(page).save(buffer, "PNG")
    buffer.seek(0)
    reading = Reader("mlp").read(buffer, single=True)
    assert reading.plot().width > 100
    assert Image.open(io.BytesIO(reading.digits[0]._repr_png_())).size == (112, 112)
