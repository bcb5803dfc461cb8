"""Any input gives a valid reading, or a `DigitsError` that says why not."""

from __future__ import annotations

import io
import math
import warnings

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from digits.errors import DigitsError
from digits.inference import Reader, Reading
from digits.synthesis import synthesize_page

pytestmark = pytest.mark.slow

KINDS = (np.bool_, np.uint8, np.int8, np.uint16, np.int32, np.int64, np.float16, np.float32, np.float64)
OTHER_KINDS = ("complex64", "U3", "S2", "datetime64[s]", "timedelta64[s]", "O")

FORMATS = {
    "PNG": {},
    "JPEG": {"quality": 70},
    "WEBP": {"lossless": True, "method": 0},
    "TIFF": {"compression": "tiff_lzw"},
    "BMP": {},
    "GIF": {},
    "PPM": {},
    "PDF": {},
}

few = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=1)


def attempt(reader: Reader, content: object, *, single: bool) -> Reading | None:
    """Read; None where a proper error refuses the input."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return reader.read(content, single=single, printed=True, name="it")
        except DigitsError as error:
            message = str(error)
    assert message.startswith("it ")
    assert "\n" not in message
    return None


def check(reading: Reading, *, single: bool) -> None:
    """Check that a reading agrees with itself and with its picture."""
    width, height = reading.size
    assert len(reading.digits) == 1 or not single
    for digit in reading.digits:
        left, top, wide, high = digit.box
        assert 0 <= left < width
        assert 0 <= top < height
        assert wide >= 1
        assert high >= 1
        # corner and side are rounded independently
        assert left + wide <= width + 1
        assert top + high <= height + 1
        assert digit.value in range(10)
        assert digit.value == digit.probabilities.argmax()
        assert digit.confidence == digit.probabilities[digit.value]
        assert digit.probabilities.min() >= 0
        assert math.isclose(digit.probabilities.sum(), 1, abs_tol=1e-5)
        assert digit.image.shape == (28, 28)
    accepted = "".join(str(digit.value) for digit in reading.digits if digit.accepted)
    assert "".join("".join(reading.digit_lines).split()) == accepted
    signs = {sign.value for sign in reading.signs}
    assert {*"".join(reading.text.split())} <= {*"0123456789", *signs}
    assert reading.text == "\n".join(reading.lines)
    assert all(line == line.strip() != "" for line in reading.lines)
    assert reading.turned in (0, 90, 180, 270)


def read(reader: Reader, content: object, *, single: bool) -> None:
    reading = attempt(reader, content, single=single)
    if reading is not None:
        check(reading, single=single)


def speckled(seed: int, height: int, width: int, grain: float) -> np.ndarray:
    """Noise of any grain, which has many components."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(height, width)), (0, 0), grain)
    return np.where(noise > 1.3 * noise.std(), 40, 220).astype(np.uint8)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """A page of digits in every format."""
    picture = Image.fromarray(synthesize_page(3, size=(80, 100)).picture)
    made = {}
    for name, choices in FORMATS.items():
        content = io.BytesIO()
        picture.save(content, name, **choices)
        made[name] = content.getvalue()
    return made


@few
@given(content=st.binary(max_size=300), single=st.booleans())
def test_any_bytes_are_read_or_refused(reader: Reader, content: bytes, single: bool) -> None:
    read(reader, content, single=single)


@few
@given(
    name=st.sampled_from(sorted(FORMATS)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 20), st.binary(max_size=8)), max_size=5),
    single=st.booleans(),
)
def test_damaged_files_are_read_or_refused(
    reader: Reader, files: dict[str, bytes], name: str, changes: list[tuple[float, int, bytes]], single: bool
) -> None:
    spoilt = bytearray(files[name])
    for share, length, new in changes:
        # cubed, since most of a file's structure is at its beginning
        start = int(share**3 * len(spoilt))
        spoilt[start : start + length] = new
    read(reader, bytes(spoilt), single=single)


@settings(few, max_examples=120)
@given(
    array=hnp.arrays(
        st.sampled_from(KINDS),
        st.one_of(
            st.tuples(st.integers(4, 80), st.integers(4, 80)),
            st.tuples(st.integers(4, 80), st.integers(4, 80), st.sampled_from([1, 3, 4])),
        ),
    ),
    single=st.booleans(),
)
def test_any_picture_of_numbers_is_read_or_refused(reader: Reader, array: np.ndarray, single: bool) -> None:
    read(reader, array, single=single)


@few
@given(
    array=hnp.arrays(
        st.one_of(st.sampled_from(KINDS), st.sampled_from(OTHER_KINDS)), hnp.array_shapes(min_dims=0, max_side=6)
    ),
    single=st.booleans(),
)
def test_any_array_is_read_or_refused(reader: Reader, array: np.ndarray, single: bool) -> None:
    read(reader, array, single=single)


@settings(few, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(4, 40),
    width=st.integers(4, 40),
    grain=st.floats(0.3, 6),
    upside_down=st.booleans(),
    single=st.booleans(),
)
def test_any_speckles_are_read(
    reader: Reader, seed: int, height: int, width: int, grain: float, upside_down: bool, single: bool
) -> None:
    speckles = speckled(seed, height, width, grain)
    reading = attempt(reader, 255 - speckles if upside_down else speckles, single=single)
    assert reading is not None
    assert reading.size == (width, height)
    check(reading, single=single)


@few
@given(
    height=st.integers(4, 80),
    width=st.integers(4, 80),
    ground=st.integers(10, 255),
    dots=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 255)), max_size=9),
    single=st.booleans(),
)
def test_any_dots_of_one_pixel_are_read(
    reader: Reader, height: int, width: int, ground: int, dots: list[tuple[float, float, int]], single: bool
) -> None:
    picture = np.full((height, width), ground, np.uint8)
    for down, across, level in dots:
        picture[int(down * (height - 1)), int(across * (width - 1))] = level
    assume(picture.max() >= 10)
    assume(max(height, width) <= 40 * min(height, width))
    reading = attempt(reader, picture, single=single)
    assert reading is not None
    check(reading, single=single)
    if not dots:
        assert reading.text == ""


@settings(few, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_readings_of_pages_are_valid(reader: Reader, seed: int) -> None:
    picture = synthesize_page(seed, size=(120, 150)).picture
    reading = attempt(reader, picture, single=False)
    assert reading is not None
    assert reading.size == (150, 120)
    check(reading, single=False)


@settings(few, max_examples=40)
@given(
    text=st.text("0123456789", min_size=1, max_size=5),
    size=st.integers(24, 60),
    paper=st.integers(200, 255),
    ink=st.integers(0, 60),
    thick=st.integers(2, 4),
)
def test_a_clean_page_and_its_negative_are_read_alike(
    reader: Reader, text: str, size: int, paper: int, ink: int, thick: int
) -> None:
    scale = size / 22  # OpenCV draws digits 22 pixels high
    (wide, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    page = np.full((3 * size, wide + 2 * size), paper, np.uint8)
    cv2.putText(page, text, (size, 2 * size), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thick, cv2.LINE_AA)
    reading = attempt(reader, page, single=False)
    negative = attempt(reader, 255 - page, single=False)
    assert reading is not None
    assert negative is not None
    assert reading.text != ""
    assert negative.text == reading.text
