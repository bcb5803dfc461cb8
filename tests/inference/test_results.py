"""A reading shows itself: as text, as a sequence of digits, and as a picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.errors import DataNotFoundError, UsageError
from digits.inference import Digit, Reader, Reading
from digits.inference.results import describe_doubt
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


def probabilities_of(shares: dict[int, float]) -> np.ndarray:
    row = np.full(10, (1 - sum(shares.values())) / (10 - len(shares)), np.float32)
    row[list(shares)] = list(shares.values())
    return row


@pytest.mark.parametrize(
    ("shares", "accepted", "says"),
    [
        ({1: 0.9}, True, ""),
        ({1: 0.6, 7: 0.3}, True, "could also be a 7"),
        ({3: 0.5, 8: 0.3}, True, "could also be an 8"),
        ({3: 0.4, 8: 0.25, 5: 0.25}, True, "could also be a 5 or an 8"),
        ({1: 0.45, 7: 0.4}, False, "unsure: 1 or 7"),
        ({7: 0.45, 1: 0.4}, False, "unsure: 7 or 1"),
        ({7: 0.2, 1: 0.15}, False, "probably not a digit, closest match 7"),
        ({7: 0.9}, False, "probably not a digit, closest match 7"),  # a letter in a word
    ],
)
def test_doubts_are_said_in_words(shares: dict[int, float], accepted: bool, says: str) -> None:
    assert describe_doubt(probabilities_of(shares), accepted, 0.5) == says


def reading_of(*doubts: str, has_ink: bool = True) -> Reading:
    """Make a reading of a digit per doubt; without one, it is accepted."""
    image, row = np.zeros((28, 28), np.uint8), np.full(10, 0.1, np.float32)
    found = [Digit(3, 0.1, not doubt, (0, 0, 9, 9), row, image, (doubt,) if doubt else ()) for doubt in doubts]
    return Reading("", ("3",) * any(digit.accepted for digit in found), tuple(found), has_ink=has_ink)


NOT_ONE, UNSURE = "probably not a digit, closest match 3", "unsure: 1 or 7"


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        (reading_of("", ""), ""),
        (reading_of(has_ink=False), "no digit read; no ink"),
        (reading_of(), "no digit read; nothing like a digit"),
        (reading_of("no ink", has_ink=False), "no digit read; no ink"),
        (reading_of(UNSURE), f"no digit read; {UNSURE}"),
        (reading_of("", NOT_ONE), f"1 of 2 rejected; {NOT_ONE}"),
        (reading_of(NOT_ONE, NOT_ONE), "no digit read; 2 probable non-digits"),
        (reading_of("", UNSURE, NOT_ONE), f"2 of 3 rejected; {UNSURE}; 1 probable non-digit"),
        (reading_of("", *[UNSURE] * 5, NOT_ONE, NOT_ONE), "; ".join(
            ["7 of 8 rejected", *[UNSURE] * 3, "2 more unsure", "2 probable non-digits"]
        )),
    ],
)  # fmt: skip
def test_the_notice_says_what_was_rejected(reading: Reading, says: str) -> None:
    assert reading.notice == reading.to_dict()["notice"] == says
