"""The runs of digits on a page that may be the number of a field, with all that is known of each digit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from digits.documents.alignment import Run
from digits.documents.characters import Character
from digits.documents.layout import arrange
from digits.documents.reading import darken
from digits.documents.text import UNKNOWN
from digits.inference import Reader
from digits.inference.finder import find_spaces, link_lines
from digits.inference.odds import log_odds
from digits.inference.page import Page, find_page, read_page
from digits.inference.writer import revise_page
from digits.preprocessing import MAX_PAGE_SIDE, Decoded, as_grey
from digits.shapes import Bool, Float64, Int64
from digits.types import CLASSES

MOST = 2
"""Characters of a run, at most, in digits of the field: of more, half would have to be invented."""

POINTS = ".,"
"""Signs between the digits of a number with decimals."""


@dataclass(frozen=True, eq=False)
class RunPage:
    """The runs of a page, the width and height of its picture in pixels, and how many marks are left out as print."""

    runs: list[Run]
    page: Page
    size: tuple[int, int]
    printed: int = 0


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of the n marks of a page, and how many others are left out as print."""

    classes: Float64[np.ndarray, "n 10"]
    evidence: Float64[np.ndarray, " n"]
    accepted: Bool[np.ndarray, " n"]
    shown: Bool[np.ndarray, " n"]
    printed: int


def find_runs(
    reader: Reader, decoded: Decoded, longest: int, *, upright: bool = False, printed: bool = False
) -> RunPage:
    """Find the runs of a decoded page: what stands in boxes and cells, and in lines and parts of lines.

    Parameters
    ----------
    reader
        What finds and reads digits.
    decoded
        The page.
    longest
        Digits of the longest field.
    upright, printed
        As of `digits.read`.
    """
    page = find_page(decoded.picture, reader.finder, reader.model, upright=upright, printed=printed)
    known = read_marks(page, reader)
    found: dict[tuple[int, ...], Run] = {}
    for rows in (*_in_cells(page, known, decoded), *_in_lines(page, known, MOST * longest)):
        if rows and len(rows) <= MOST * longest:
            found.setdefault(rows, _make_run(page, known, rows))
    return RunPage(list(found.values()), page, decoded.size, known.printed)


def read_marks(page: Page, reader: Reader) -> Known:
    """Read all marks of a page as `digits.read` does, and keep what it leaves out."""
    marks, n = page.marks, len(page.marks)
    is_digit = marks.labels < CLASSES
    alone, wanted, printed = read_page(page, reader.model)
    accepted = np.zeros(n, bool)
    accepted[is_digit] = (wanted[is_digit] >= 0.5) & (alone.max(1, initial=0) >= reader.threshold)
    # a sign may be a digit too; only the finder has looked at it
    finder_says = np.exp(marks.classes[:, :CLASSES].astype(np.float64))
    classes = finder_says / finder_says.sum(1, keepdims=True).clip(1e-30)
    classes[is_digit] = alone
    classes[accepted] = revise_page(alone[accepted[is_digit]], page.images[accepted])
    # what is no sign may still be a digit that the finder took for one
    likely = np.where(is_digit, wanted, marks.scores * finder_says.sum(1).clip(max=1.0))
    return Known(classes, log_odds(likely.astype(np.float32)), accepted, wanted >= 0.5, printed)


def _in_cells(page: Page, known: Known, decoded: Decoded) -> Iterator[tuple[int, ...]]:
    """List the marks of each box comb and table cell, from left to right."""
    marks = page.marks
    shown = np.flatnonzero(known.shown)
    characters = [
        Character(
            str(known.classes[row].argmax()) if marks.labels[row] < CLASSES else page.classes[marks.labels[row]],
            (float(x), float(y), float(width), float(height)),
            float(known.classes[row].max()),
            bool(known.accepted[row] or marks.labels[row] >= CLASSES),
        )
        for row, (x, y, width, height) in zip(shown.tolist(), marks.boxes[shown].tolist(), strict=True)
    ]
    grey = np.ascontiguousarray(np.rot90(as_grey(decoded.picture, MAX_PAGE_SIDE), page.quarter_turns))
    centres = marks.centres
    for place in (
        place for part in arrange(darken(grey, characters), characters).parts for row in part for place in row
    ):
        if place.characters:
            left, top, right, bottom = place.region
            inside = ((centres > (left, top)) & (centres < (right, bottom))).all(1)
            rows = np.union1d(np.flatnonzero(inside), shown[list(place.characters)])
            yield tuple(rows[np.argsort(centres[rows, 0], kind="stable")].tolist())


def _in_lines(page: Page, known: Known, longest: int) -> Iterator[tuple[int, ...]]:
    """List the marks between any two spaces of a line: of those that are read, and of all that were found."""
    marks = page.marks
    for rows in (np.flatnonzero(known.shown), np.arange(len(marks))):
        for line in link_lines(marks[rows]):
            spaces = np.flatnonzero(find_spaces(marks[rows], line))
            yield from _join(rows[line], [0, *spaces.tolist(), len(line)], longest)


def _join(line: Int64[np.ndarray, " m"], ends: list[int], longest: int) -> Iterable[tuple[int, ...]]:
    for first, start in enumerate(ends[:-1]):
        for end in ends[first + 1 :]:
            if end - start > longest:
                break
            yield tuple(line[start:end].tolist())


def _make_run(page: Page, known: Known, rows: tuple[int, ...]) -> Run:
    where = list(rows)
    written = "".join(_write(page, known, row) for row in rows).strip(POINTS)
    text = "".join(each for each in written if each not in POINTS)
    boxes = page.marks.boxes[where]
    (left, top), (right, bottom) = boxes[:, :2].min(0), (boxes[:, :2] + boxes[:, 2:]).max(0)
    region = float(left), float(top), float(right), float(bottom)
    return Run(known.classes[where], known.evidence[where], text, rows, region, written)


def _write(page: Page, known: Known, row: int) -> str:
    """Write what was read at a mark: a digit, one that is unsure, a point, or nothing."""
    if known.accepted[row]:
        return str(known.classes[row].argmax())
    if known.evidence[row] >= 0:
        return UNKNOWN
    sign = page.classes[page.marks.labels[row]]
    return sign if known.shown[row] and sign in POINTS else ""
