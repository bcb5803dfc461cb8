"""Digits are read from any source, with their boxes and doubts."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import digits
from digits.errors import DataError, DataNotFoundError, DigitsError, ModelNotFoundError
from digits.inference import SHIPPED_MODELS, Model, Reader
from digits.types import Dataset

Write = Callable[..., np.ndarray]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def write(mnist: Dataset) -> Write:
    """Write lines with MNIST's first test digits, dark on light: 60 pixels high, spaces 150 wide."""
    images, labels = mnist.test.images, mnist.test.labels

    def ink(line: str) -> np.ndarray:
        glyphs = [
            np.zeros((84, 150), np.uint8)
            if digit == " "
            else cv2.resize(images[np.argmax(labels == int(digit))], (84, 84), interpolation=cv2.INTER_CUBIC)
            for digit in line
        ]
        return np.concatenate(glyphs, 1)

    def page(*lines: str) -> np.ndarray:
        rows = [ink(line) for line in lines]
        wide = max(row.shape[1] for row in rows)
        sheet = np.concatenate([np.pad(row, ((20, 20), (20, 20 + wide - row.shape[1]))) for row in rows])
        return (235 - 0.75 * sheet).astype(np.uint8)

    return page


def test_lines_are_read_in_order_with_their_gaps(reader: Reader, write: Write) -> None:
    reading = reader.read(write("724", "10 95"))
    assert (reading.lines, reading.text, str(reading)) == (("724", "10 95"), "724\n10 95", "724\n10 95")
    assert [digit.value for digit in reading.digits] == [7, 2, 4, 1, 0, 9, 5]


@pytest.mark.parametrize("model", SHIPPED_MODELS)
def test_both_shipped_models_read(model: str, write: Write) -> None:
    assert digits.read(write("72104"), model=model).text == "72104"


@pytest.mark.parametrize(
    "change",
    [
        lambda page: 255 - page,
        lambda page: np.stack([page, page, page // 2], 2),
        lambda page: np.dstack([np.zeros((*page.shape, 3), np.uint8), 255 - page]),
        lambda page: page.astype(np.float64) / 255,
        lambda page: page.astype(np.uint16) * 257,
        lambda page: (page * 0.6).astype(np.uint8),
        lambda page: cv2.warpAffine(
            page, cv2.getRotationMatrix2D((0, 0), 4, 1), page.shape[::-1], borderValue=235, flags=cv2.INTER_LINEAR
        ),
        lambda page: cv2.resize(page, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA),
        lambda page: cv2.resize(page, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC),
    ],
    ids=["inverted", "colour", "alpha", "floats", "16 bits", "darker", "rising", "small", "large"],
)
def test_appearance_does_not_change_the_answer(change: Any, reader: Reader, write: Write) -> None:
    page = np.pad(write("72104"), 40, constant_values=235)
    assert reader.read(change(page)).text == "72104"


def test_any_source_gives_the_same_answer(reader: Reader, write: Write, tmp_path: Path) -> None:
    page, file = write("7210"), tmp_path / "note.png"
    Image.fromarray(page).save(file)
    content = file.read_bytes()
    sources = [file, str(file), content, io.BytesIO(content), page, Image.fromarray(page)]
    assert {json.dumps(reader.read(source).to_dict()["digits"]) for source in sources} == {
        json.dumps(reader.read(page).to_dict()["digits"])
    }
    assert reader.read(file).file == str(file)


def test_boxes_refer_to_the_file_even_when_it_is_shrunk_and_turned(reader: Reader, write: Write) -> None:
    page = cv2.resize(write("7210"), None, fx=8, fy=8, interpolation=cv2.INTER_AREA)
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # shown turned to the right
    Image.fromarray(np.rot90(page)).save(buffer, "JPEG", exif=exif)
    reading = reader.read(buffer.getvalue())
    assert (reading.text, reading.size) == ("7210", page.shape[::-1])
    for index, digit in enumerate(reading.digits):
        x, y, width, height = digit.box
        assert 8 * (20 + 84 * index) <= x < x + width <= 8 * (20 + 84 * (index + 1))
        assert 8 * 20 <= y < y + height <= 8 * 104


def test_touching_digits_are_split(reader: Reader, write: Write) -> None:
    seven, zero = 235 - write("7"), 235 - write("0")
    for apart in range(84, 30, -1):  # pushed together until they touch
        ink = np.maximum(np.pad(seven, ((0, 0), (0, apart))), np.pad(zero, ((0, 0), (apart, 0))))
        if cv2.connectedComponents((ink > 60).astype(np.uint8))[0] == 2:
            break
    assert reader.read(235 - ink).text == "70"


def test_a_single_digit_is_one_entry_accepted_or_not(reader: Reader, write: Write) -> None:
    (seven,) = reader.read(write("7"), single=True).digits
    assert (seven.value, seven.accepted, seven.doubts) == (7, True, ())
    x, y, width, height = seven.box
    assert 20 <= x < x + width <= 104
    assert 20 <= y < y + height <= 104
    empty = reader.read(np.full((80, 80), 240, np.uint8), single=True)
    assert (empty.text, len(empty.digits), empty.digits[0].accepted) == ("", 1, False)
    assert empty.digits[0].confidence < 0.2


@pytest.mark.parametrize("grey", [60, 128, 255])
def test_empty_pages_read_as_nothing(grey: int, reader: Reader) -> None:
    grain = np.random.default_rng(grey).normal(grey, 3, (300, 400)).clip(0, 255).astype(np.uint8)
    for picture in (np.full((300, 400), grey, np.uint8), grain):
        assert reader.read(picture).text == ""
        assert not reader.read(picture, single=True).digits[0].accepted


@pytest.mark.parametrize("size", [(4, 4), (28, 28), (60, 60), (300, 400), (1200, 1600)])
@pytest.mark.parametrize("level", [0, 4, 255])
def test_a_blank_picture_of_any_grey_is_said_to_be_without_ink(
    level: int, size: tuple[int, int], reader: Reader
) -> None:
    grain = np.random.default_rng(1).integers(0, 5, size)  # as under a lens cap, and saturated on white
    for picture in (np.full(size, level, np.uint8), (level + grain).clip(0, 255).astype(np.uint8)):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG")
        for source in (picture, buffer.getvalue()):
            page, one = reader.read(source), reader.read(source, single=True)
            assert (len(page), page.notice) == (0, "no digit read; no ink")
            assert (one.digits[0].doubts, one.notice) == (("no ink",), "no digit read; no ink")


@pytest.mark.parametrize(
    ("first", "second", "notice", "count"),
    [(0.3, 0.28, "no digit read; unsure: 1 or 7", 1), (0.15, 0.1, "no digit read; nothing like a digit", 0)],
)
def test_a_picture_that_the_page_finds_nothing_in_is_not_said_to_be_empty(
    first: float, second: float, notice: str, count: int, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = np.full((1, 10), (1 - first - second) / 8, np.float32)
    row[0, [1, 7]] = first, second
    monkeypatch.setattr(Model, "calibrate", lambda _, logits: np.repeat(row, len(logits), axis=0))
    bar = np.full((16, 16), 250, np.uint8)
    bar[6:11] = 10  # from one side to the other, as a printed line
    reading = reader.read(bar)
    assert (reading.notice, len(reading)) == (notice, count)


def test_pictures_of_zeros_and_ones_are_read(reader: Reader, write: Write) -> None:
    ones = (write("7") < 128).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(ones).save(buffer, "PNG")
    for source in (ones, buffer.getvalue(), np.stack([ones] * 3, axis=2)):
        assert reader.read(source).text == "7"


def test_a_scribble_is_rejected(reader: Reader) -> None:
    picture = np.full((200, 200), 230, np.uint8)
    points = np.random.default_rng(3).integers(20, 180, (30, 2)).astype(np.int32)
    cv2.polylines(picture, [points], False, 40, 4, cv2.LINE_AA)
    (digit,) = reader.read(picture, single=True).digits
    assert not digit.accepted
    assert digit.doubts[0].startswith("probably not a digit, closest match ")


def test_a_digit_at_the_border_is_doubted(reader: Reader, write: Write) -> None:
    (digit,) = reader.read(write("0")[:, 52:], single=True).digits
    assert "touches the border" in digit.doubts


@pytest.mark.slow
def test_alternatives_come_in_falling_order(reader: Reader, mnist: Dataset) -> None:
    for image in mnist.test.images[:200]:
        (digit,) = reader.read(image, single=True).digits
        probabilities = [probability for _, probability in digit.alternatives]
        assert probabilities == sorted(probabilities, reverse=True)
        assert all(probability <= digit.confidence for probability in probabilities)
        assert digit.value not in dict(digit.alternatives)
        assert digit.probabilities.sum() == pytest.approx(1, abs=1e-4)


def test_unreadable_sources_are_named(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=r"there is no file .*none\.png"):
        reader.read(tmp_path / "none.png")
    with pytest.raises(DataError, match="cannot be read"):
        reader.read(tmp_path)
    with pytest.raises(DataError, match="the picture"):
        reader.read(np.zeros(5))
    with pytest.raises(ModelNotFoundError, match="there is no model file none"):
        Reader("none")
    for value, found in (
        (None, "is None"),
        ({}, "of type dict"),
        ([b""], "is empty"),
        (io.StringIO("a.png"), "is open as text"),
    ):
        with pytest.raises(DigitsError, match=f"^the picture .*{found}: (pass|choose|open)"):
            reader.read(value)


def test_a_list_of_pictures_gives_a_list_of_readings(reader: Reader, write: Write) -> None:
    pages = [write("72"), write("104")]
    assert [reading.text for reading in reader.read(pages)] == ["72", "104"]
    assert [reading.text for reading in digits.read(tuple(pages), model=reader.model)] == ["72", "104"]
    assert reader.read(pages[0].tolist()).text == "72"
    assert reader.read([]) == []


def test_reading_needs_neither_torch_nor_matplotlib() -> None:
    code = (
        "import sys, numpy, digits; digits.read(numpy.full((50, 50), 255, 'u1'));"
        "print([name for name in ('torch', 'matplotlib', 'onnx', 'jaxtyping') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
