"""The reader: any picture → digits. Needs no torch."""

from __future__ import annotations

import os
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from digits.errors import DataError
from digits.inference.model import Model, load_model
from digits.inference.page import Found, Page, Segmentation, accepted, read_page
from digits.inference.results import Box, Digit, Reading
from digits.inference.second_pass import read_digits
from digits.preprocessing import Decoded, as_picture, decode, digit_ink, normalize
from digits.preprocessing.components import LONGEST
from digits.preprocessing.decoding import MEGAPIXELS
from digits.preprocessing.ink import Ink, line_width
from digits.shapes import Float32, UInt8
from digits.types import CLASSES

PRETRAINED = Path(__file__).parent.parent / "pretrained"
"""The model files that come with the package."""

DEFAULT = "cnn"

GAP = 1.3
"""Gap between two digits, in heights, above which it may part two numbers."""

WIDER = 2.2
"""And in gaps as they are usual in the line."""

NEAR = 0.2
"""Probability of another answer from which on the two are said to be near."""

HAIR = 1 / 32
"""Width of line, over the longer side, below which a digit is said to be thin."""

SMALL = 12
"""Height in pixels below which a digit is said to be small."""

Source = str | os.PathLike[str] | bytes | BinaryIO | np.ndarray | Any
"""A file's path, its bytes, an open file, or an array (also what numpy can make one of, such as Pillow's pictures)."""


class Reader:
    """Reads pictures with one model.

    Parameters
    ----------
    model
        ``"cnn"``, the more accurate of the two that come with the package; ``"mlp"``, the classic 784-256-128-10; or
        a model file or run folder of your own.
    threads
        Threads of the processor to use; 0: all.

    Raises
    ------
    ModelError
        When the model file is missing, broken, not ours or changed.
    """

    def __init__(self, model: str | os.PathLike[str] | Model = DEFAULT, *, threads: int = 0) -> None:
        self.model = model if isinstance(model, Model) else load_model(model_path(model), threads=threads)
        self.threshold = float(self.model.metadata.get("rejection_threshold", 0.5))

    def read(self, source: Source, *, single: bool = False, upright: bool = False, name: str = "") -> Reading:
        """Read a picture.

        Parameters
        ----------
        source
            A file's path, its bytes, an open file, or an array: ``[h, w]``, ``[h, w, 3]`` or ``[h, w, 4]``.
        single
            Whether the picture is one digit; then exactly one is given, accepted or not.
        upright
            Whether a page is known to stand upright; else its other sides are tried if it is doubtful.
        name
            What the answer and errors call it; by default the file's path.

        Raises
        ------
        DataError
            When it is no picture that can be read, with the reason.
        """
        name = name or _name(source)
        return self.read_decoded(decoded_source(source, name), single=single, upright=upright, name=name)

    def read_decoded(
        self,
        decoded: Decoded,
        *,
        single: bool = False,
        upright: bool = False,
        name: str,
        segmentation: Segmentation | None = None,
    ) -> Reading:
        """Read a picture that is decoded already, and cut as `segment_page` does; other parameters as of `read`."""
        if single:
            return self._single(decoded, name)
        return self._page(
            decoded, read_page(decoded.picture, self.model, stands=upright, segmentation=segmentation), name
        )

    def read_digits(self, images: UInt8[np.ndarray, "n 28 28"]) -> Float32[np.ndarray, "n 10"]:
        """Give the probability of every class for digits of a data set, 28 × 28 and bright on dark."""
        return read_digits(self.model, images)

    def _page(self, decoded: Decoded, page: Page, name: str) -> Reading:
        lines, digits = [], []
        for found, height in page.lines:
            fine = accepted(found, height, self.threshold)
            row = [self._digit(each, good, page, decoded) for each, good in zip(found, fine, strict=True)]
            if any(fine):
                lines.append(_spaced([pair for pair in zip(found, row, strict=True) if pair[1].accepted], height))
            digits += row
        return Reading(name, tuple(lines), tuple(digits), decoded.size, 90 * page.turned)

    def _digit(self, found: Found, fine: bool, page: Page, decoded: Decoded) -> Digit:
        box = _in_picture(found.candidate.box, page.shape, page.turned, decoded.size)
        return _judged(fine, found.probabilities, found.image, found.candidate.ink, box, decoded.size)

    def _single(self, decoded: Decoded, name: str) -> Reading:
        ink = digit_ink(decoded.picture)
        image = normalize(ink)
        if image.any():
            rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
            inside = (int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
            box = _in_picture(inside, (ink.shape[0], ink.shape[1]), 0, decoded.size)
            believed = self.model.probabilities(image[None])[0]
            fine = float(believed.max()) >= self.threshold
            digit = _judged(fine, believed, image, ink, box, decoded.size)
        else:
            even = np.full(CLASSES, 1 / CLASSES, np.float32)
            digit = Digit(0, 1 / CLASSES, False, (0, 0, *decoded.size), even, image, ("no ink",))
        text = (str(digit.value),) if digit.accepted else ()
        return Reading(name, text, (digit,), decoded.size)


def read(
    source: Source, *, single: bool = False, upright: bool = False, model: str | os.PathLike[str] = DEFAULT
) -> Reading:
    """Read the digits in a picture: a page of them, or a single one.

    Parameters
    ----------
    source
        A file's path, its bytes, an open file, or an array: ``[h, w]``, ``[h, w, 3]`` or ``[h, w, 4]``.
    single
        Whether the picture is one digit; then exactly one is given, accepted or not.
    upright
        Whether a page is known to stand upright; else its other sides are tried if it is doubtful.
    model
        ``"cnn"``, ``"mlp"``, or a model file or run folder of your own; loaded once.

    Raises
    ------
    DataError
        When it is no picture that can be read, with the reason.
    ModelError
        When the model file is missing, broken, not ours or changed.
    """
    return _reader(str(os.fspath(model))).read(source, single=single, upright=upright)


@cache
def _reader(model: str) -> Reader:
    return Reader(model)


def model_path(model: str | os.PathLike[str]) -> Path:
    """Give the file of a model that comes with the package, by its name; a path stays as it is."""
    shipped = PRETRAINED / f"{os.fspath(model)}.onnx"
    return shipped if os.fspath(model) in shipped_models() else Path(model)


def shipped_models() -> tuple[str, ...]:
    """List the models that come with the package, the default first."""
    names = sorted(path.stem for path in PRETRAINED.glob("*.onnx"))
    return tuple(sorted(names, key=lambda name: name != DEFAULT))


def _name(source: Source) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return str(getattr(source, "name", "the picture"))


def decoded_source(source: Source, name: str, *, megapixels: int = MEGAPIXELS) -> Decoded:
    """Decode whatever `Reader.read` takes; a file of no more than so many megapixels."""
    if isinstance(source, str | os.PathLike):
        source = read_bytes(Path(source))
    elif hasattr(source, "read"):
        source = source.read()
    if isinstance(source, bytes | bytearray | memoryview):
        return decode(bytes(source), name, largest=LONGEST, megapixels=megapixels)
    picture = as_picture(np.asarray(source), name)
    return Decoded(picture, (picture.shape[1], picture.shape[0]))


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises
    ------
    DataError
        When it is not there or may not be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def _judged(
    fine: bool,
    probabilities: Float32[np.ndarray, "10"],
    image: UInt8[np.ndarray, "28 28"],
    ink: Ink,
    box: Box,
    size: tuple[int, int],
) -> Digit:
    """Say what was read in one place, and why to look again; `fine` says whether it is a digit."""
    value = int(probabilities.argmax())
    if fine:
        doubts = [f"nearly as much a {i}" for i in np.flatnonzero(probabilities >= NEAR) if i != value]
    else:
        doubts = ["unlike any digit"]
    left, top, width, height = box
    if left <= 0 or top <= 0 or left + width >= size[0] or top + height >= size[1]:
        doubts.append("touches the edge")
    if max(width, height) < SMALL:
        doubts.append("very small")
    if line_width(ink) < HAIR * max(ink.shape):
        doubts.append("very thin")
    return Digit(value, float(probabilities[value]), fine, box, probabilities, image, tuple(doubts))


def _in_picture(box: Box, shape: tuple[int, int], turns: int, size: tuple[int, int]) -> Box:
    """Bring a box from a page that was shrunk and turned to the picture as it was given."""
    left, top, width, height = box
    rows, columns = shape
    for _ in range(turns):  # back by a quarter turn clockwise: the top edge becomes the right one
        left, top, width, height = rows - top - height, left, height, width
        rows, columns = columns, rows
    across, down = size[0] / columns, size[1] / rows
    x, y = int(left * across), int(top * down)
    return x, y, max(round(width * across), 1), max(round(height * down), 1)


def _spaced(row: list[tuple[Found, Digit]], height: float) -> str:
    """Write a line, with a space where the gap is far wider than usual."""
    gaps = [
        second.candidate.box[0] - first.candidate.box[0] - first.candidate.box[2]
        for (first, _), (second, _) in pairwise(row)
    ]
    usual = max(float(np.median(gaps)) if gaps else 0.0, 0.0)
    text = "".join(
        str(digit.value) + " " * (gap > max(GAP * height, WIDER * usual + 0.5 * height))
        for (_, digit), gap in zip(row, [*gaps, 0], strict=False)
    )
    return text.strip()
