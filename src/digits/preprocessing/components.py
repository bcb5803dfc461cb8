"""A page → its marks: pieces of ink that hang together, without printed lines, specks and what the picture cuts off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from digits.preprocessing.ink import LEAST, Ink, Picture, counted, find_contrast, label_components, levels_between
from digits.shapes import Float64, Int64, Integer

LONGEST = 1600
"""Longer side that larger pictures of a page are shrunk to: a digit of a page of 40 lines is still 30 pixels high."""

CALM = 14
"""Contrast of the ground's own noise, 9 in 10 pixels of it, above which a page is smoothed."""

SMOOTHING, SMOOTHEST = 1 / 22, 2.5
"""Standard deviation of that smoothing, in pixels, over the noise; and in pixels, at most."""

ABOVE_NOISE = 1.6
"""Contrast over the noise, below which there is no ink."""

CLEAR = 3.0
"""Contrast over the noise that a mark reaches somewhere."""

FAINT = 0.25
"""Share of a mark's own full ink below which there is none: a page has pens of different darkness."""

SPREAD = 0.5
"""Share of the page's longer side beyond which what hangs together is likely to do so by printed lines, which are
paler than the writing."""

STEP = 1.3
"""By how much the level is raised, again and again, until such a thing falls apart."""

DEEPEST = 8

LONG = 1 / 4
"""Length, over the page's longer side, from which on a straight run is a printed line."""

STEM = 1 / 16
"""Thickness, over that length, from which on it is a stroke: what is drawn large has stems as long as lines are."""

DARKER = 1.35
"""Contrast over that of a printed line, from which on what lies on it is written."""

SPECK = 1 / 160
"""Length, over the page's longer side, below which a mark is nothing; on pages of more than 200 pixels."""

MOST = 1500
"""Marks looked at, at most, the largest first: nobody writes more digits on a page."""


@dataclass(frozen=True, eq=False)
class Component:
    """Ink that hangs together.

    Attributes
    ----------
    left, top
        Where it is on the shrunk page, in pixels.
    ink
        Segmentation out, 255 where it is full.
    contrast
        Of its full ink with the ground, of 255.
    """

    left: int
    top: int
    ink: Ink
    contrast: float

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.ink.shape[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.ink.shape[1])

    @property
    def right(self) -> int:
        """First column after it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row below it."""
        return self.top + self.height

    @property
    def middle(self) -> tuple[float, float]:
        """Column and row of its middle."""
        return self.left + self.width / 2, self.top + self.height / 2


def find_components(picture: Picture) -> tuple[list[Component], tuple[int, int], float]:
    """Find the marks on a page that may be digits or parts of digits.

    Parameters
    ----------
    picture
        Grey or RGB; where its longer side is more than 1,600 pixels it is shrunk to that first.

    Returns
    -------
    The marks; height and width of the shrunk page; and the height that digits on it have, 0 where there are none.

    Raises
    ------
    DataError
        When the picture is not ``uint8[h, w]`` or ``uint8[h, w, 3]``.
    """
    dark, light = find_contrast(picture, LONGEST)
    if not dark.size:
        return [], (0, 0), 0.0
    noise = _noise(light)
    if noise > CALM:
        difference = np.subtract(dark, light, dtype=np.int16)
        smooth = cv2.GaussianBlur(difference, (0, 0), min(noise * SMOOTHING, SMOOTHEST))
        dark, light = smooth.clip(0, 255).astype(np.uint8), (-smooth).clip(0, 255).astype(np.uint8)
        noise = _noise(light)
    level = max(LEAST + 2.0, ABOVE_NOISE * noise)
    shape = dark.shape
    dark = cv2.transpose(_without_lines(cv2.transpose(_without_lines(dark, level)), level))
    least = max(3.0, max(shape) * SPECK) if max(shape) > 200 else 2.0
    marks = _taken_apart(dark, (0, 0), level, (least, SPREAD * max(shape), CLEAR * noise))
    kept, height = _likely(marks, shape)
    return kept, shape, height


def _noise(light: Ink) -> float:
    """Give the contrast that 9 of 10 of the pixels lighter than the ground do not exceed."""
    counts = counted(light)
    counts[0] = 0
    return _value_at(counts, 0.9) if counts.any() else 0.0


def _value_at(counts: Int64[np.ndarray, "256"], share: float) -> float:
    """Give the value that such a share of the counted pixels lies below."""
    summed = counts.cumsum()
    return float(summed.searchsorted(int(share * (summed[-1] - 1)), side="right"))


def _without_lines(dark: Ink, level: float) -> Ink:
    """Take away long, thin, level runs, but for what is written across them: it is darker, or goes on on both sides."""
    height = dark.shape[0]
    ink = _above(dark, level)
    tall = np.ones((3, 1), np.uint8)
    thicker = cv2.dilate(ink, tall)
    length = max(int(max(dark.shape) * LONG), 30)
    runs = level_runs(thicker, length)
    if not cv2.countNonZero(runs):
        return dark
    thick = max(3, height // 60)
    stroke = min(2 * thick, max(int(length * STEM), 3) + 2)  # the two by which runs were made thicker
    fat = cv2.morphologyEx(runs, cv2.MORPH_OPEN, np.ones((stroke, 1), np.uint8))
    runs = cv2.subtract(runs, cv2.dilate(fat, tall))
    runs = cv2.bitwise_and(cv2.dilate(runs, np.ones((3, 3), np.uint8)), thicker)
    rest = cv2.subtract(ink, runs)
    reach = np.ones((3 * thick, 1), np.uint8)
    above = cv2.dilate(rest, reach, anchor=(0, 3 * thick - 1))
    across = cv2.bitwise_and(above, cv2.dilate(rest, reach, anchor=(0, 0)))
    cleared = dark.copy()
    names, boxes = _label(runs)
    for name, (left, top, wide, high, _) in enumerate(boxes.tolist(), 1):
        box = slice(top, top + high), slice(left, left + wide)
        run = names[box] == name
        counts = counted(dark[box] * (run & (ink[box] > 0)))
        counts[0] = 0
        darkness = DARKER * _value_at(counts, 0.75) if counts.any() else 0.0
        cleared[box][run & (dark[box] <= darkness) & (across[box] == 0)] = 0
    return cleared


def level_runs(ink: Ink, length: int) -> Ink:
    """Keep level runs of ink, 1 on 0, that are at least so long, where beyond the edge all is ink.

    What OpenCV's opening gives, but by doubling: its time grows with the length, this one's with the logarithm.
    """
    half, width = length // 2, ink.shape[1]
    for together, beyond in ((cv2.bitwise_and, 1), (cv2.bitwise_or, 0)):
        ink, reach = cv2.copyMakeBorder(ink, 0, 0, half, half, cv2.BORDER_CONSTANT, value=beyond), 1
        while reach < length:  # a pixel stands for those from it on, as far as this
            step = min(reach, length - reach)
            ink, reach = together(ink[:, :-step], ink[:, step:]), reach + step
        ink = ink[:, :width]
        if not cv2.countNonZero(ink):
            break
    return ink


def _above(dark: Ink, level: float) -> Ink:
    """Give 1 where there is more contrast than a level, and 0 elsewhere."""
    return cv2.threshold(dark, level, 1, cv2.THRESH_BINARY)[1]


def _label(ink: Ink) -> tuple[np.ndarray, Integer[np.ndarray, "n 5"]]:
    """Number what of the ink, 1 on 0, hangs together, from 1 on; give left, top, width, height and area of each."""
    count, names = cv2.connectedComponents(ink, connectivity=8)
    if count == 2:  # as often; measuring takes longer than finding
        return ink, np.array([(*cv2.boundingRect(ink), cv2.countNonZero(ink))], np.int32)
    _, names, boxes, _ = label_components(ink)
    return names, boxes[1:]


def _taken_apart(
    dark: Ink, corner: tuple[int, int], level: float, limits: tuple[float, float, float], depth: int = 0
) -> list[Component]:
    """Find what hangs together above a level, and again above a level of its own.

    Parameters
    ----------
    dark
        Contrast with the ground.
    corner
        Where this part of the page begins, left and top.
    level
        Contrast that ink exceeds.
    limits
        The length below which a mark is nothing, the one above which it is doubted, and the contrast it must reach.
    depth
        How often the level was raised.
    """
    least, doubted, clear = limits
    marks = []
    names, boxes = _label(_above(dark, level))
    large = np.flatnonzero(boxes[:, 2:4].max(1) >= least)
    for index in large[(-boxes[large, 4]).argsort(kind="stable")[:MOST]]:
        x, y, width, height, area = boxes[index].tolist()
        part = dark[y : y + height, x : x + width] * (names[y : y + height, x : x + width] == index + 1)
        counts = counted(part)
        counts[0] = 0
        counts[: math.ceil(0.5 * _value_at(counts, 0.98))] = 0
        full = _value_at(counts, 0.6)
        if full < max(2 * LEAST, clear):
            continue
        place, own = (corner[0] + x, corner[1] + y), max(level, FAINT * full)
        spread = max(width, height) > doubted and area < 0.5 * width * height and own * STEP < 0.75 * full
        if depth <= DEEPEST and (spread or own > level + 1):
            own = max(own, level * STEP) if spread else own
            marks += _taken_apart(part, place, own, limits, depth + 1)
        else:
            marks.append(Component(*place, cv2.LUT(part, levels_between(min(level, 0.9 * full), full)), full))
    return marks


def _likely(marks: list[Component], shape: tuple[int, int]) -> tuple[list[Component], float]:
    """Drop what is far paler, smaller or larger than most of the ink, and what the edge of the picture cuts off."""
    likely, height = marks, 0.0
    for _ in range(2):  # the second time, by the height of what remained
        if not likely:
            return [], 0.0
        height = _typical_height(likely)
        sized = [mark for mark in likely if 0.4 * height < mark.height < 2.5 * height]
        amounts = [cv2.sumElems(mark.ink)[0] * mark.contrast for mark in sized]
        contrast = float(np.average([mark.contrast for mark in sized], weights=amounts))
        likely = [mark for mark in marks if _is_likely(mark, shape, height, contrast)]
    return likely, height


def _typical_height(marks: list[Component]) -> float:
    """Give the median height, where dark, large marks count more."""
    heights = np.array([mark.height for mark in marks], np.float64)
    counts = np.array([cv2.sumElems(mark.ink)[0] * mark.height * mark.contrast**2 for mark in marks])
    return weighted_median(heights, counts)


def weighted_median(values: Float64[np.ndarray, " n"], counts: Float64[np.ndarray, " n"]) -> float:
    """Give the value below which half of the counts lie."""
    order = values.argsort()
    summed = counts[order].cumsum()
    return float(values[order][np.searchsorted(summed, summed[-1] / 2)])


def _is_likely(mark: Component, shape: tuple[int, int], height: float, contrast: float) -> bool:
    """Whether a mark may be a digit or a part of one, on a page whose digits have this height and contrast."""
    sides = mark.left == 0 or mark.right == shape[1]
    ends = mark.top == 0 or mark.bottom == shape[0]
    longer = max(mark.width, mark.height)
    filled = cv2.countNonZero(mark.ink) > 0.6 * mark.ink.size
    return not (
        mark.contrast < 0.3 * contrast
        or longer < 0.12 * height
        or min(mark.width, mark.height) < 0.03 * height
        or mark.height > 3 * height
        or mark.width > 12 * height
        or (mark.height < 0.15 * height and mark.width > 1.6 * height)
        or (mark.width < 0.12 * height and mark.height > 1.8 * height)
        or ((sides or ends) and filled and longer > 0.5 * height)
        or (sides and mark.width < 0.3 * mark.height)
        or (ends and mark.height < 0.3 * mark.width)
    )
