"""A line → candidates for single digits: components alone, joined, and cut where digits may touch.

Costs are in nats, as the negative log-confidences that `digits.inference` adds to them. They were found on synthetic
pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from digits.preprocessing.components import Component
from digits.preprocessing.ink import Ink, line_width
from digits.preprocessing.lines import Line

Box = tuple[int, int, int, int]
"""Left, top, width and height."""

# Cuts.
MIN_WIDTH, MIN_ASPECT = 0.7, 0.55  # of a component that is cut: heights of the line's digits, and its own heights
SLANTS = (0.0, -0.25, 0.25, -0.5, 0.5)  # columns to the left per row down
CUT_SIDE = 64  # height in pixels at which cuts are searched
MAX_INK_ON_CUT = 2.6  # line widths
CUT_COST, INK_COST, SLANT_COST = 0.4, 0.35, 0.25  # per cut, per line width of ink on it, per unit of slant
MIN_CUT_DISTANCE = 0.16  # heights

# Joining; in heights of the line's digits.
MAX_SEGMENTS = 6  # in a candidate
MAX_JOINED_WIDTH = 1.5
MAX_GAP, MAX_GAP_OF_SMALL = 0.12, 0.25  # between two components, both large or one small
MIN_LARGE_HEIGHT = 0.6  # of a component that may be a digit of its own
LARGE_COST, GAP_COST = 0.3, 2.0  # of joining two large components, and per height of gap


@dataclass(frozen=True, eq=False)
class Segment:
    """A component, or a part of one between cuts, on the shrunk page."""

    left: int
    top: int
    ink: Ink
    component: int  # its index in the line
    cut_cost: float  # of the cut that separates it from the segment before


@dataclass(frozen=True, eq=False)
class Candidate:
    """Segments side by side, from the first to the last, that may be one digit."""

    first: int
    last: int
    box: Box  # on the shrunk page
    ink: Ink
    cost: float  # of joining its segments
    is_split: bool = False  # whether a cut separates it from the rest of a component


def segment_line(line: Line) -> list[Segment]:
    """Cut the wide components of a line wherever digits may touch; segments come from left to right."""
    segments = []
    for index, component in enumerate(line.components):
        cuts = _find_cuts(component, line.height)
        rows, columns = np.ogrid[: component.height, : component.width]
        part = np.zeros(component.ink.shape, np.uint8)
        for _, column, slant in cuts:
            part += columns + slant * (rows - component.height / 2) >= column
        for number in range(len(cuts) + 1):
            ink = component.ink * (part == number) if cuts else component.ink
            left, top, width, height = cv2.boundingRect(ink)
            if width:
                cost = CUT_COST + cuts[number - 1][0] if number else 0.0
                ink = ink[top : top + height, left : left + width]
                segments.append(Segment(component.left + left, component.top + top, ink, index, cost))
    return segments


def find_candidates(segments: list[Segment], height: float) -> list[Candidate]:
    """List the candidates of a line: every segment, and adjacent segments that are close enough.

    Segments come from left to right, candidates are sorted by their first segment. `height` is that of the line's
    digits, in pixels.
    """
    return [candidate for first in range(len(segments)) for candidate in _join_from(first, segments, height)]


def _join_from(first: int, segments: list[Segment], height: float) -> Iterator[Candidate]:
    cost, left, right, tallest = 0.0, segments[first].left, 0, 0
    for last in range(first, min(first + MAX_SEGMENTS, len(segments))):
        segment = segments[last]
        if last > first and segment.component != segments[last - 1].component:
            gap = max(segment.left - right, 0)
            both_large = min(tallest, segment.ink.shape[0]) > MIN_LARGE_HEIGHT * height
            if gap > (MAX_GAP if both_large else MAX_GAP_OF_SMALL) * height:
                return
            cost += LARGE_COST * both_large + GAP_COST * gap / height
        left, right = min(left, segment.left), max(right, segment.left + segment.ink.shape[1])
        tallest = max(tallest, segment.ink.shape[0])
        if last > first and right - left > MAX_JOINED_WIDTH * height:
            return
        box, ink = _merge(segments[first : last + 1])
        is_split = any(_are_connected(segments, index) for index in (first - 1, last))
        yield Candidate(first, last, box, ink, cost, is_split)


def _are_connected(segments: list[Segment], index: int) -> bool:
    """Whether a segment and the next one are of one component."""
    return 0 <= index < len(segments) - 1 and segments[index].component == segments[index + 1].component


def _merge(segments: list[Segment]) -> tuple[Box, Ink]:
    left, top = min(each.left for each in segments), min(each.top for each in segments)
    right = max(each.left + each.ink.shape[1] for each in segments)
    bottom = max(each.top + each.ink.shape[0] for each in segments)
    ink = np.zeros((bottom - top, right - left), np.uint8)
    for each in segments:
        height, width = each.ink.shape
        y, x = each.top - top, each.left - left
        place = ink[y : y + height, x : x + width]
        np.maximum(place, each.ink, out=place)
    return (left, top, right - left, bottom - top), ink


def _find_cuts(component: Component, height: float) -> list[tuple[float, float, float]]:
    """Find where a component may be cut: cost, column at half the component's height, and slant of each cut."""
    if component.width < max(MIN_WIDTH * height, MIN_ASPECT * component.height):
        return []
    scale = min(1.0, CUT_SIDE / component.height)
    size = max(round(component.width * scale), 4), max(round(component.height * scale), 4)
    ink = cv2.resize(component.ink, size, interpolation=cv2.INTER_AREA) if scale < 1 else component.ink
    rows, columns = np.nonzero(ink > 40)
    if not rows.size:
        return []
    amounts = ink[rows, columns] / 255
    stroke = max(line_width(ink), 1.5)
    high, wide = ink.shape
    margin = max(round(0.18 * high), 3)
    # one row of sums per slant, all at once: each is short
    slants = np.array(SLANTS)[:, None]
    shifted = np.rint(columns + slants * (rows - high / 2)).astype(np.int64) + high
    length = wide + 2 * high
    bins = (shifted + length * np.arange(len(SLANTS))[:, None]).ravel()
    sums = np.bincount(bins, np.tile(amounts, len(SLANTS)), length * len(SLANTS))
    profile = np.convolve(sums, (0.25, 0.5, 0.25), "same").reshape(-1, length)[:, high : high + wide]
    counts = np.bincount(bins, minlength=length * len(SLANTS)).reshape(-1, length)
    share = (counts.cumsum(1) / rows.size)[:, high - 1 : high + wide - 1]  # of the ink, left of each column
    lowest = cv2.erode(profile, np.ones((1, 5), np.uint8), borderType=cv2.BORDER_REPLICATE)
    possible = (profile <= np.minimum(lowest, MAX_INK_ON_CUT * stroke)) & (share > 0.12) & (share < 0.88)
    possible[:, :margin] = possible[:, wide - margin :] = False
    found = []
    for number, column in zip(*np.nonzero(possible), strict=True):
        cost = INK_COST * profile[number, column] / stroke + SLANT_COST * abs(SLANTS[number])
        found.append((float(cost), float(column) / wide * component.width, SLANTS[number]))
    kept = list[tuple[float, float, float]]()
    for cut in sorted(found):
        if all(abs(cut[1] - other[1]) > MIN_CUT_DISTANCE * height for other in kept):
            kept.append(cut)
        if len(kept) >= max(3, round(3 * component.width / height)):
            break
    return sorted(kept, key=lambda cut: cut[1])
