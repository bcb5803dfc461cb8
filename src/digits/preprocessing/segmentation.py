"""A line's marks → what of them may be one digit: marks apart, marks together, and marks cut where digits may touch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from digits.preprocessing.components import Component
from digits.preprocessing.ink import Ink, line_width
from digits.preprocessing.lines import Line

Box = tuple[int, int, int, int]

WIDE = 0.7, 0.55
"""Width over the height of the line's digits, and over its own height, from which on a mark may be several digits."""

SLANTS = (0.0, -0.25, 0.25, -0.5, 0.5)
"""Slopes of cuts tried: columns to the left for a row down."""

MEASURED = 64
"""Height in pixels at which cuts are looked for."""

THROUGH = 2.6
"""Ink on a cut, in widths of the line, at most."""

CUT, INK_CUT, SLANTED_CUT = 0.4, 0.35, 0.25
"""What a cut costs, what each width of line on it costs, and what its slope does; in nats of believing, as all costs.
Found on synthetic pages."""

APART = 0.16
"""Distance between two cuts, in heights, at least."""

MOST = 6
"""Pieces in a digit, at most."""

WIDEST = 1.5
"""Width of several pieces in one digit, in heights of the line's digits, at most."""

GAPS = 0.12, 0.25
"""Gap between two marks of a digit, in heights, at most: when both are large, and when one is small."""

LARGE = 0.6
"""Height of a mark, over that of the line's digits, from which on it may be a digit of its own."""

BOTH_LARGE, PER_GAP = 0.3, 2.0
"""What it costs that one digit should be two large marks, and what each height of gap between its marks does."""


@dataclass(frozen=True, eq=False)
class Segment:
    """A mark, or what a cut left of it.

    Attributes
    ----------
    left, top
        Where it is on the shrunk page.
    ink
        Segmentation out.
    mark
        Number of its mark in the line.
    cut_cost
        What it costs to cut it from the piece before.
    """

    left: int
    top: int
    ink: Ink
    mark: int
    cut_cost: float


@dataclass(frozen=True, eq=False)
class Candidate:
    """What may be one digit.

    Attributes
    ----------
    first, last
        Numbers of its pieces in the line.
    box
        Left, top, width and height on the shrunk page.
    ink
        Segmentation out.
    cost
        What speaks against it before anybody has looked what it is.
    is_split
        Whether it is only a part of what hangs together.
    """

    first: int
    last: int
    box: Box
    ink: Ink
    cost: float
    is_split: bool = False


def segment_line(line: Line) -> list[Segment]:
    """Segmentation the wide marks of a line wherever digits may touch; from left to right."""
    pieces = []
    for index, mark in enumerate(line.marks):
        cuts = _cuts(mark, line.height)
        rows, columns = np.ogrid[: mark.height, : mark.width]
        part = np.zeros(mark.ink.shape, np.uint8)
        for _, column, slant in cuts:
            part += columns + slant * (rows - mark.height / 2) >= column
        for number in range(len(cuts) + 1):
            ink = mark.ink * (part == number) if cuts else mark.ink
            left, top, width, height = cv2.boundingRect(ink)
            if width:
                cost = CUT + cuts[number - 1][0] if number else 0.0
                cut_out = ink[top : top + height, left : left + width]
                pieces.append(Segment(mark.left + left, mark.top + top, cut_out, index, cost))
    return pieces


def find_candidates(pieces: list[Segment], height: float) -> list[Candidate]:
    """List what of a line may be one digit: every piece, and pieces side by side that are near enough.

    Parameters
    ----------
    pieces
        Of the line, from left to right.
    height
        Of its digits, in pixels.
    """
    return [candidate for first in range(len(pieces)) for candidate in _from(first, pieces, height)]


def _from(first: int, pieces: list[Segment], height: float) -> Iterator[Candidate]:
    cost, left, right, tallest = 0.0, pieces[first].left, 0, 0
    for last in range(first, min(first + MOST, len(pieces))):
        piece = pieces[last]
        if last > first and piece.mark != pieces[last - 1].mark:
            gap = max(piece.left - right, 0)
            large = min(tallest, piece.ink.shape[0]) > LARGE * height
            if gap > GAPS[not large] * height:
                return
            cost += BOTH_LARGE * large + PER_GAP * gap / height
        left, right = min(left, piece.left), max(right, piece.left + piece.ink.shape[1])
        tallest = max(tallest, piece.ink.shape[0])
        if last > first and right - left > WIDEST * height:
            return
        box, ink = _together(pieces[first : last + 1])
        is_split = any(_hang_together(pieces, before) for before in (first - 1, last))
        yield Candidate(first, last, box, ink, cost, is_split)


def _hang_together(pieces: list[Segment], before: int) -> bool:
    """Whether a piece and the one after it are of one mark."""
    return 0 <= before < len(pieces) - 1 and pieces[before].mark == pieces[before + 1].mark


def _together(pieces: list[Segment]) -> tuple[Box, Ink]:
    left, top = min(piece.left for piece in pieces), min(piece.top for piece in pieces)
    right = max(piece.left + piece.ink.shape[1] for piece in pieces)
    bottom = max(piece.top + piece.ink.shape[0] for piece in pieces)
    ink = np.zeros((bottom - top, right - left), np.uint8)
    for piece in pieces:
        height, width = piece.ink.shape
        y, x = piece.top - top, piece.left - left
        place = ink[y : y + height, x : x + width]
        np.maximum(place, piece.ink, out=place)
    return (left, top, right - left, bottom - top), ink


def _cuts(mark: Component, height: float) -> list[tuple[float, float, float]]:
    """Find where a mark may be cut: what each cut costs, its column at half the mark's height, and its slope."""
    if mark.width < max(WIDE[0] * height, WIDE[1] * mark.height):
        return []
    scale = min(1.0, MEASURED / mark.height)
    size = max(round(mark.width * scale), 4), max(round(mark.height * scale), 4)
    ink = cv2.resize(mark.ink, size, interpolation=cv2.INTER_AREA) if scale < 1 else mark.ink
    rows, columns = np.nonzero(ink > 40)
    if not rows.size:
        return []
    amounts = ink[rows, columns] / 255
    width = max(line_width(ink), 1.5)
    high, wide = ink.shape
    margin = max(round(0.18 * high), 3)
    # a row for each slant, all of them in one go: the sums of a mark are short
    slants = np.array(SLANTS)[:, None]
    across = np.rint(columns + slants * (rows - high / 2)).astype(np.int64) + high
    long = wide + 2 * high
    places = (across + long * np.arange(len(SLANTS))[:, None]).ravel()
    size = long * len(SLANTS)
    sums = np.bincount(places, np.tile(amounts, len(SLANTS)), size)
    profile = np.convolve(sums, (0.25, 0.5, 0.25), "same").reshape(-1, long)[:, high : high + wide]
    counts = np.bincount(places, minlength=size).reshape(-1, long)
    share = (counts.cumsum(1) / rows.size)[:, high - 1 : high + wide - 1]
    lowest = cv2.erode(profile, np.ones((1, 5), np.uint8), borderType=cv2.BORDER_REPLICATE)
    fine = (profile <= np.minimum(lowest, THROUGH * width)) & (share > 0.12) & (share < 0.88)
    fine[:, :margin] = fine[:, wide - margin :] = False
    found = []
    for number, column in zip(*np.nonzero(fine), strict=True):
        cost = INK_CUT * profile[number, column] / width + SLANTED_CUT * abs(SLANTS[number])
        found.append((float(cost), float(column) / wide * mark.width, SLANTS[number]))
    kept = list[tuple[float, float, float]]()
    for cut in sorted(found):
        if all(abs(cut[1] - other[1]) > APART * height for other in kept):
            kept.append(cut)
        if len(kept) >= max(3, round(3 * mark.width / height)):
            break
    return sorted(kept, key=lambda cut: cut[1])
