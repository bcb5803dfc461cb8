"""The reader: any picture → digits. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from itertools import compress, pairwise
from typing import Any, overload

import numpy as np

from digits.inference.inputs import Source, Sources, decode_source, read_stream, source_name, to_images
from digits.inference.model import SHIPPED_MODELS, Model, load_model, locate_model
from digits.inference.page import (
    PageDigit,
    PageResult,
    Segmentation,
    accept_digits,
    read_page,
    read_upright,
    segment_page,
)
from digits.inference.pages import SourcePages
from digits.inference.results import NO_INK, Digit, Reading, describe_doubt, is_unsure
from digits.inference.second_pass import read_digits
from digits.inference.single_digit import SingleResult, is_one_digit, is_one_figure, read_single
from digits.inference.writer import revise_digits
from digits.preprocessing import Decoded
from digits.preprocessing.ink import Ink, line_width
from digits.preprocessing.segmentation import Box
from digits.shapes import Float32, UInt8
from digits.types import CLASSES, SIDE, Images, Probabilities

DEFAULT_MODEL = SHIPPED_MODELS[0]

AnyModel = str | os.PathLike[str] | Model

# A space is written where a gap exceeds both: heights of a digit, and multiples of the line's median gap.
MIN_SPACE, MIN_SPACE_TO_GAP = 1.3, 2.2

# What raises a doubt, besides probabilities.
MIN_LINE_WIDTH = 1 / 32  # width of a stroke, relative to the longer side
MIN_DIGIT_SIDE = 12  # pixels of the longer side


class Reader:
    """Reads pictures with one model, loaded once.

    Parameters
    ----------
    model
        ``"cnn"``, the more accurate of the shipped models; ``"mlp"``, the classic 784-256-128-10; a model file, a run
        folder, or a loaded `Model`.
    threads
        Processor threads to use; 0: all.

    Raises
    ------
    ModelError
        As `load_model`.
    """

    def __init__(self, model: AnyModel = DEFAULT_MODEL, *, threads: int = 0) -> None:
        self.model = model if isinstance(model, Model) else load_model(model, threads=threads)
        self.threshold = float(self.model.metadata.get("rejection_threshold", 0.5))

    @overload
    def read(self, source: Sources, *, single: bool = ..., upright: bool = ...) -> list[Reading]: ...
    @overload
    def read(self, source: Source, *, single: bool = ..., upright: bool = ..., name: str = ...) -> Reading: ...
    def read(self, source: Any, *, single: bool = False, upright: bool = False, name: str = "") -> Any:
        """Read one picture, or a list of pictures, as `digits.read` does.

        `name` is the picture's name in the reading and in errors; its path by default.
        """
        if isinstance(source, list | tuple) and not (source and isinstance(source[0], list | tuple)):
            return [self.read(each, single=single, upright=upright) for each in source]
        name = name or source_name(source)
        source = read_stream(source, name)
        return self.read_decoded(decode_source(source, name), single=single, upright=upright, name=name, source=source)

    def read_pages(
        self, source: Source, *, single: bool = False, upright: bool = False, name: str = ""
    ) -> Iterator[Reading]:
        """Read every page of one source, as `digits.read_pages` does."""
        name = name or source_name(source)
        pages = SourcePages(read_stream(source, name), name)

        def read_page(page: int) -> Reading:
            decoded, label, origin = pages.decode(page), pages.name(page), pages.source(page)
            return self.read_decoded(decoded, single=single, upright=upright, name=label, source=origin)

        return map(read_page, range(1, len(pages) + 1))

    def read_decoded(
        self,
        decoded: Decoded,
        *,
        name: str,
        single: bool = False,
        upright: bool = False,
        segmentation: Segmentation | None = None,
        source: Source | None = None,
    ) -> Reading:
        """Read a decoded picture; a page can bring its `segmentation`, other parameters are those of `read`."""
        source = decoded.picture if source is None else source
        one = read_single(decoded.picture, self.model)
        if single or is_one_figure(one, self.threshold):
            return self._describe_single(one, decoded, name, source)
        page = read_upright(segmentation or segment_page(decoded.picture), self.model)
        if is_one_digit(one, page, self.threshold):
            return self._describe_single(one, decoded, name, source)
        page = read_page(decoded.picture, self.model, upright=upright, result=page)
        lines, digits = [], []
        for found, height, accepted in self._judge(page):
            row = [self._place(each, good, page, decoded.size) for each, good in zip(found, accepted, strict=True)]
            if any(accepted):
                lines.append(_join([pair for pair in zip(found, row, strict=True) if pair[1].accepted], height))
            digits += row
        if not digits and is_unsure(one.probabilities, self.threshold):
            return self._describe_single(one, decoded, name, source)
        has_ink = page.candidate_count > 0 or bool(one.image.any())
        return Reading(name, tuple(lines), tuple(digits), decoded.size, 90 * page.quarter_turns, source, has_ink)

    def read_digits(self, images: Any) -> Probabilities:
        """Compute class probabilities of 28×28 digits, bright on dark, with a second pass for doubtful ones.

        Shapes, ranges and errors are those of `Model.predict_proba`.
        """
        return read_digits(self.model, to_images(images))

    def describe_digits(self, images: Images) -> list[Digit]:
        """Read 28×28 digits with a second pass for doubtful ones, and describe each; its box is the image."""
        described = []
        for image, row in zip(images, read_digits(self.model, images), strict=True):
            value, accepted = int(row.argmax()), bool(row.max() >= self.threshold)
            doubt = describe_doubt(row, accepted, self.threshold)
            described.append(
                Digit(value, float(row[value]), accepted, (0, 0, SIDE, SIDE), row, image, (doubt,) * bool(doubt))
            )
        return described

    def _describe_single(self, one: SingleResult, decoded: Decoded, name: str, source: Source) -> Reading:
        ink, image, probabilities = one.way.ink, one.image, one.probabilities
        if image.any():
            rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
            inside = (int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
            box = _to_picture(inside, (ink.shape[0], ink.shape[1]), 0, decoded.size)
            accepted = one.confidence >= self.threshold
            digit = self._describe(accepted, probabilities, image, ink, box, decoded.size)
        else:
            digit = Digit(0, 1 / CLASSES, False, (0, 0, *decoded.size), probabilities, image, (NO_INK,))
        lines = (str(digit.value),) if digit.accepted else ()
        return Reading(name, lines, (digit,), decoded.size, source=source, has_ink=bool(image.any()))

    def _judge(self, page: PageResult) -> Iterator[tuple[list[PageDigit], float, list[bool]]]:
        """Give each line of a page and its height: which candidates are digits, and these revised by each other."""
        accepted = [accept_digits(found, height, self.threshold) for found, height in page.lines]
        kept = [each for (found, _), row in zip(page.lines, accepted, strict=True) for each in compress(found, row)]
        revised = iter(revise_digits(kept))
        for (found, height), row in zip(page.lines, accepted, strict=True):
            yield [next(revised) if good else each for each, good in zip(found, row, strict=True)], height, row

    def _place(self, found: PageDigit, accepted: bool, page: PageResult, size: tuple[int, int]) -> Digit:
        box = _to_picture(found.candidate.box, page.shape, page.quarter_turns, size)
        return self._describe(accepted, found.probabilities, found.image, found.candidate.ink, box, size)

    def _describe(
        self,
        accepted: bool,
        probabilities: Float32[np.ndarray, "10"],
        image: UInt8[np.ndarray, "28 28"],
        ink: Ink,
        box: Box,
        size: tuple[int, int],
    ) -> Digit:
        """Make a `Digit`, with the doubts that its probabilities, place and ink raise."""
        value = int(probabilities.argmax())
        doubts = [describe_doubt(probabilities, accepted, self.threshold)]
        left, top, width, height = box
        if left <= 0 or top <= 0 or left + width >= size[0] or top + height >= size[1]:
            doubts.append("touches the border")
        if max(width, height) < MIN_DIGIT_SIDE:
            doubts.append("very small")
        if line_width(ink) < MIN_LINE_WIDTH * max(ink.shape):
            doubts.append("thin strokes")
        raised = tuple(filter(None, doubts))
        return Digit(value, float(probabilities[value]), accepted, box, probabilities, image, raised)


@overload
def read(source: Sources, *, single: bool = ..., upright: bool = ..., model: AnyModel = ...) -> list[Reading]: ...
@overload
def read(source: Source, *, single: bool = ..., upright: bool = ..., model: AnyModel = ...) -> Reading: ...
def read(source: Any, *, single: bool = False, upright: bool = False, model: AnyModel = DEFAULT_MODEL) -> Any:
    """Read the digits in a picture, or in each of a list of pictures.

    Parameters
    ----------
    source
        A path, the bytes of a file, an open file, a Pillow picture, or an array ``[h, w]``, ``[h, w, 3]`` or
        ``[h, w, 4]``; or a list of these, which gives a list of readings. Of a PDF or TIFF of several pages, a path
        names one: ``scan.pdf#3``; `read_pages` reads all.
    single
        Whether the picture is of one digit: the reading has exactly one, accepted or rejected.
    upright
        Whether pages are known to be upright; otherwise doubtful pages are also read turned.
    model
        ``"cnn"``, ``"mlp"``, a model file, a run folder, or a loaded `Model`; files are loaded once per process.

    Raises
    ------
    DataError
        When a picture is missing or cannot be read, with the reason; when a file has several pages and none is named.
    ModelError
        As `load_model`.
    """
    return _find_reader(model).read(source, single=single, upright=upright)


def read_pages(
    source: Source, *, single: bool = False, upright: bool = False, model: AnyModel = DEFAULT_MODEL
) -> Iterator[Reading]:
    """Read the pages of a PDF or TIFF, one after another; a picture is one page.

    Each page is drawn and read when its turn comes. A page that cannot be read raises its error; ``next`` then reads
    the page after it. Pages of a file of several are named after it: ``scan.pdf#1``, ``scan.pdf#2``, …

    Parameters are those of `read`, for one source.

    Raises
    ------
    DataError
        When the file is missing, or is a PDF that is encrypted, damaged or without pages.
    ModelError
        As `load_model`.
    """
    return _find_reader(model).read_pages(source, single=single, upright=upright)


def _find_reader(model: AnyModel) -> Reader:
    return Reader(model) if isinstance(model, Model) else _reader(str(locate_model(model)))


@cache
def _reader(model: str) -> Reader:
    return Reader(model)


def _to_picture(box: Box, shape: tuple[int, int], quarter_turns: int, size: tuple[int, int]) -> Box:
    """Map a box from the shrunk, turned page to the picture as it was given."""
    left, top, width, height = box
    rows, columns = shape
    for _ in range(quarter_turns):  # each back clockwise: the top edge becomes the right one
        left, top, width, height = rows - top - height, left, height, width
        rows, columns = columns, rows
    across, down = size[0] / columns, size[1] / rows
    return int(left * across), int(top * down), max(round(width * across), 1), max(round(height * down), 1)


def _join(row: list[tuple[PageDigit, Digit]], height: float) -> str:
    """Write a line as text, with a space at each wide gap."""
    boxes = [found.candidate.box for found, _ in row]
    gaps = [second[0] - first[0] - first[2] for first, second in pairwise(boxes)]
    median = max(float(np.median(gaps)) if gaps else 0.0, 0.0)
    min_gap = max(MIN_SPACE * height, MIN_SPACE_TO_GAP * median + 0.5 * height)
    text = "".join(str(digit.value) + " " * (gap > min_gap) for (_, digit), gap in zip(row, [*gaps, 0], strict=True))
    return text.strip()
