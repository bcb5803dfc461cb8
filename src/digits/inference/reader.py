"""The reader: any picture → digits. No torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from typing import Any, overload

import numpy as np

from digits.inference.finder import Finder, find_spaces, link_lines, load_finder
from digits.inference.inputs import Source, Sources, decode_source, read_stream, source_name, to_images
from digits.inference.model import FINDER, SHIPPED_MODELS, Model, load_model, locate_model
from digits.inference.page import Page, find_page, read_page, to_picture
from digits.inference.pages import SourcePages
from digits.inference.results import NO_INK, Box, Digit, Reading, Sign, describe_doubt, is_unsure
from digits.inference.second_pass import read_digits
from digits.inference.single_digit import SingleResult, is_figure, is_one_digit, is_one_figure, read_single
from digits.inference.writer import revise_page
from digits.preprocessing import Decoded, measure_thickness
from digits.shapes import Float32, UInt8
from digits.types import CLASSES, SIDE, Images, Probabilities

DEFAULT_MODEL = SHIPPED_MODELS[0]

AnyModel = str | os.PathLike[str] | Model
AnyFinder = str | os.PathLike[str] | Finder

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
    finder
        What finds digits on pages: the one that comes with the package, a finder's file or run folder, or a loaded
        `Finder`. It is loaded with the first page.

    Raises
    ------
    ModelError
        As `load_model`.
    """

    def __init__(self, model: AnyModel = DEFAULT_MODEL, *, threads: int = 0, finder: AnyFinder = FINDER) -> None:
        self.model = model if isinstance(model, Model) else load_model(model, threads=threads)
        self._finder, self._threads = finder, threads
        self.threshold = float(self.model.metadata.get("rejection_threshold", 0.5))

    @cached_property
    def finder(self) -> Finder:
        """The finder, loaded on first use; readers share the one of the package."""
        if isinstance(self._finder, Finder):
            return self._finder
        if self._finder == FINDER:
            return _shipped_finder(self._threads)
        return load_finder(self._finder, threads=self._threads)

    @overload
    def read(
        self, source: Sources, *, single: bool = ..., upright: bool = ..., printed: bool = ...
    ) -> list[Reading]: ...
    @overload
    def read(
        self, source: Source, *, single: bool = ..., upright: bool = ..., printed: bool = ..., name: str = ...
    ) -> Reading: ...
    def read(
        self, source: Any, *, single: bool = False, upright: bool = False, printed: bool = False, name: str = ""
    ) -> Any:
        """Read one picture, or a list of pictures, as `digits.read` does.

        `name` is the picture's name in the reading and in errors; its path by default.
        """
        if isinstance(source, list | tuple) and not (source and isinstance(source[0], list | tuple)):
            return [self.read(each, single=single, upright=upright, printed=printed) for each in source]
        name = name or source_name(source)
        source = read_stream(source, name)
        decoded = decode_source(source, name)
        return self.read_decoded(decoded, single=single, upright=upright, printed=printed, name=name, source=source)

    def read_pages(
        self, source: Source, *, single: bool = False, upright: bool = False, printed: bool = False, name: str = ""
    ) -> Iterator[Reading]:
        """Read every page of one source, as `digits.read_pages` does."""
        name = name or source_name(source)
        pages = SourcePages(read_stream(source, name), name)

        def read_page(page: int) -> Reading:
            decoded, label, origin = pages.decode(page), pages.name(page), pages.source(page)
            return self.read_decoded(
                decoded, single=single, upright=upright, printed=printed, name=label, source=origin
            )

        return map(read_page, range(1, len(pages) + 1))

    def read_decoded(
        self,
        decoded: Decoded,
        *,
        name: str,
        single: bool = False,
        upright: bool = False,
        printed: bool = False,
        find: Callable[[], Page] | None = None,
        source: Source | None = None,
    ) -> Reading:
        """Read a decoded picture; other parameters are those of `read`.

        `find` finds its page, where several models read the same; by default the reader does.
        """
        source = decoded.picture if source is None else source
        one = read_single(decoded.picture, self.model)
        if single or is_one_figure(one, self.threshold):
            return self._describe_single(one, decoded, name, source)
        page = find() if find else find_page(decoded.picture, self.finder, self.model, upright=upright, printed=printed)
        if is_one_digit(one, page, self.threshold):
            return self._describe_single(one, decoded, name, source)
        has_ink = bool(one.image.any()) or len(page.marks) > 0
        reading = self._describe_page(page, decoded.size, name, source, has_ink)
        if not reading.digits and (is_unsure(one.probabilities, self.threshold) or is_figure(one)):
            return self._describe_single(one, decoded, name, source)
        return reading

    def read_digits(self, images: Any) -> Probabilities:
        """Compute class probabilities of 28×28 digits, bright on dark, with a second pass for doubtful ones.

        Shapes, ranges and errors are those of `Model.predict_proba`.
        """
        return read_digits(self.model, to_images(images))

    def describe_digits(self, images: Images) -> list[Digit]:
        """Read 28×28 digits with a second pass for doubtful ones, and describe each; its box is the image."""
        rows = read_digits(self.model, images)
        return [self.describe_digit(image, row) for image, row in zip(images, rows, strict=True)]

    def describe_digit(self, image: UInt8[np.ndarray, "28 28"], probabilities: Float32[np.ndarray, "10"]) -> Digit:
        """Describe a 28×28 digit of which the model has said how probable each class is; its box is the image."""
        value, accepted = int(probabilities.argmax()), bool(probabilities.max() >= self.threshold)
        doubt = describe_doubt(probabilities, accepted, self.threshold)
        box, doubts = (0, 0, SIDE, SIDE), (doubt,) * bool(doubt)
        return Digit(value, float(probabilities[value]), accepted, box, probabilities, image, doubts)

    def _describe_single(self, one: SingleResult, decoded: Decoded, name: str, source: Source) -> Reading:
        ink, image, probabilities = one.way.ink, one.image, one.probabilities
        if image.any():
            rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
            inside = (int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
            box = to_picture(np.array(inside, np.float32), (ink.shape[0], ink.shape[1]), 0, decoded.size)
            accepted = one.confidence >= self.threshold
            digit = self._describe(accepted, probabilities, image, measure_thickness(ink), box, decoded.size)
        else:
            digit = Digit(0, 1 / CLASSES, False, (0, 0, *decoded.size), probabilities, image, (NO_INK,))
        lines = (str(digit.value),) if digit.accepted else ()
        return Reading(
            name, lines, (digit,), decoded.size, source=source, has_ink=bool(image.any()), model=self.model.name
        )

    def _describe_page(self, page: Page, size: tuple[int, int], name: str, source: Source, has_ink: bool) -> Reading:
        marks, labels = page.marks, page.marks.labels
        alone, wanted, printed = read_page(page, self.model)
        rows = np.flatnonzero(labels < CLASSES)
        # a digit of which no class is likely enough is shown, and rejected
        is_shown = wanted >= 0.5
        accepted = is_shown[rows] & (alone.max(1, initial=0) >= self.threshold)
        revised = alone.copy()
        revised[accepted] = revise_page(alone[accepted], page.images[rows][accepted])
        answers = dict(zip(rows.tolist(), zip(revised, accepted.tolist(), strict=True), strict=True))
        shown = np.flatnonzero(is_shown)
        digits, signs, lines = list[Digit](), list[Sign](), list[str]()
        for line in link_lines(marks[shown]):
            text = ""
            for row, is_spaced in zip(shown[line].tolist(), find_spaces(marks[shown], line), strict=True):
                place = to_picture(marks.boxes[row], page.shape, page.quarter_turns, size)
                text += " " * bool(is_spaced)
                if row in answers:
                    probabilities, good = answers[row]
                    thickness = float(page.thickness[row])
                    digits.append(self._describe(good, probabilities, page.images[row], thickness, place, size))
                    text += str(digits[-1].value) if good else ""
                else:
                    signs.append(Sign(page.classes[labels[row]], float(np.exp(marks.classes[row].max())), place))
                    text += signs[-1].value
            lines.append(text.strip())
        kept = tuple(line for line in lines if any(map(str.isdecimal, line)))
        turned, rest = 90 * page.quarter_turns, (tuple(signs), printed, page.struck, self.model.name)
        return Reading(name, kept, tuple(digits), size, turned, source, has_ink, *rest)

    def _describe(
        self,
        accepted: bool,
        probabilities: Float32[np.ndarray, "10"],
        image: UInt8[np.ndarray, "28 28"],
        thickness: float,
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
        if thickness < MIN_LINE_WIDTH:
            doubts.append("thin strokes")
        raised = tuple(filter(None, doubts))
        return Digit(value, float(probabilities[value]), accepted, box, probabilities, image, raised)


@overload
def read(
    source: Sources, *, single: bool = ..., upright: bool = ..., printed: bool = ..., model: AnyModel = ...
) -> list[Reading]: ...
@overload
def read(
    source: Source, *, single: bool = ..., upright: bool = ..., printed: bool = ..., model: AnyModel = ...
) -> Reading: ...
def read(
    source: Any, *, single: bool = False, upright: bool = False, printed: bool = False, model: AnyModel = DEFAULT_MODEL
) -> Any:
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
        Whether pages are known to be upright; otherwise the side that reads best is up.
    printed
        Whether printed digits are read too; otherwise only handwriting is.
    model
        ``"cnn"``, ``"mlp"``, a model file, a run folder, or a loaded `Model`; files are loaded once per process.

    Raises
    ------
    DataError
        When a picture is missing or cannot be read, with the reason; when a file has several pages and none is named.
    ModelError
        As `load_model`.
    """
    return find_reader(model).read(source, single=single, upright=upright, printed=printed)


def read_pages(
    source: Source,
    *,
    single: bool = False,
    upright: bool = False,
    printed: bool = False,
    model: AnyModel = DEFAULT_MODEL,
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
    return find_reader(model).read_pages(source, single=single, upright=upright, printed=printed)


def find_reader(model: AnyModel) -> Reader:
    """Return the reader of a model; models that are named are loaded once per process."""
    return Reader(model) if isinstance(model, Model) else _reader(str(locate_model(model)))


@cache
def _reader(model: str) -> Reader:
    return Reader(model)


@cache
def _shipped_finder(threads: int) -> Finder:
    return load_finder(FINDER, threads=threads)
