"""A page → its components: connected ink, without printed lines, specks, and ink cut off by the border."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from digits.preprocessing.ink import (
    MIN_CONTRAST,
    NEIGHBOURS,
    Ink,
    Picture,
    count_levels,
    find_contrast,
    label_components,
    levels_between,
)
from digits.shapes import Float64, Int64, Integer

MAX_PAGE_SIDE = 1600  # pixels to which larger pages are shrunk; a digit on a page of 40 lines is still 30 high

# Noise is the contrast that 90 % of the background's noise does not exceed.
MAX_NOISE = 14  # above it, a page is blurred
BLUR_TO_NOISE, MAX_BLUR = 1 / 22, 2.5  # standard deviation of the blur: over the noise, and in pixels
MIN_INK_TO_NOISE = 1.6  # contrast of ink
MIN_PEAK_TO_NOISE = 3.0  # full contrast of a component

MIN_INK = 0.25  # of a component's own full contrast, since a page has pens of different darkness

# A component this long, over the page's longer side, is probably connected by printed lines, which are paler than
# writing. The level above which contrast is ink rises until it falls apart.
SPREAD_SIDE = 0.5
LEVEL_STEP = 1.3
MAX_DEPTH = 8

# Printed lines.
MIN_LINE_LENGTH = 1 / 4  # over the page's longer side
MIN_STROKE_TO_LENGTH = 1 / 16  # thickness above which a long run is a stroke: large digits have stems as long as lines
MIN_WRITING_TO_LINE = 1.35  # contrast of writing over that of the line it crosses

MIN_SIDE = 1 / 160  # of a component, over the page's longer side; on pages of more than 200 pixels
MAX_COMPONENTS = 1500  # the largest ones; no page has more digits


@dataclass(frozen=True, eq=False)
class Component:
    """Connected ink, cut out of the shrunk page; lengths are in pixels."""

    left: int
    top: int
    ink: Ink  # full ink is 255
    contrast: float  # of full ink with the background, 0–255

    @property
    def height(self) -> int:
        """Height of its box."""
        return int(self.ink.shape[0])

    @property
    def width(self) -> int:
        """Width of its box."""
        return int(self.ink.shape[1])

    @property
    def right(self) -> int:
        """The first column after it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.top + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Column and row of the middle of its box."""
        return self.left + self.width / 2, self.top + self.height / 2


def find_components(picture: Picture) -> tuple[list[Component], tuple[int, int], float]:
    """Find the components on a page that may be digits or parts of digits.

    Parameters
    ----------
    picture
        Grey or RGB; larger pictures are shrunk to 1,600 pixels on the longer side.

    Returns
    -------
    The components; height and width of the shrunk page; and the typical height of its digits, 0 where there are none.
    """
    dark, light = find_contrast(picture, MAX_PAGE_SIDE)
    if not dark.size:
        return [], (0, 0), 0.0
    noise = _measure_noise(light)
    if noise > MAX_NOISE:
        difference = np.subtract(dark, light, dtype=np.int16)
        smooth = cv2.GaussianBlur(difference, (0, 0), min(noise * BLUR_TO_NOISE, MAX_BLUR))
        dark, light = smooth.clip(0, 255).astype(np.uint8), (-smooth).clip(0, 255).astype(np.uint8)
        noise = _measure_noise(light)
    level = max(MIN_CONTRAST + 2.0, MIN_INK_TO_NOISE * noise)
    shape = dark.shape
    dark = cv2.transpose(_remove_lines(cv2.transpose(_remove_lines(dark, level)), level))
    smallest = max(3.0, max(shape) * MIN_SIDE) if max(shape) > 200 else 2.0
    components = _split(dark, (0, 0), level, (smallest, SPREAD_SIDE * max(shape), MIN_PEAK_TO_NOISE * noise))
    kept, height = _filter(components, shape)
    return kept, shape, height


def _measure_noise(light: Ink) -> float:
    """Measure the contrast that 90 % of the pixels lighter than the background do not exceed."""
    counts = count_levels(light)
    counts[0] = 0
    return _quantile_above(counts, 0.9) if counts.any() else 0.0


def _quantile_above(counts: Int64[np.ndarray, "256"], share: float) -> float:
    """Find the level that such a share of the counted pixels lies below; `ink.quantile` rounds the other way."""
    cumulative = counts.cumsum()
    return float(cumulative.searchsorted(int(share * (cumulative[-1] - 1)), side="right"))


def _remove_lines(dark: Ink, level: float) -> Ink:
    """Remove printed horizontal lines, except where writing crosses them: it is darker, or continues on both sides."""
    height = dark.shape[0]
    ink = _threshold(dark, level)
    column = np.ones((3, 1), np.uint8)
    thicker = cv2.dilate(ink, column)
    length = max(int(max(dark.shape) * MIN_LINE_LENGTH), 30)
    runs = find_runs(thicker, length)
    if not cv2.countNonZero(runs):
        return dark
    thickness = max(3, height // 60)
    stroke = min(2 * thickness, max(int(length * MIN_STROKE_TO_LENGTH), 3) + 2)  # + 2 for the dilation
    strokes = cv2.morphologyEx(runs, cv2.MORPH_OPEN, np.ones((stroke, 1), np.uint8))
    runs = cv2.subtract(runs, cv2.dilate(strokes, column))
    runs = cv2.bitwise_and(cv2.dilate(runs, NEIGHBOURS), thicker)
    rest = cv2.subtract(ink, runs)
    reach = np.ones((3 * thickness, 1), np.uint8)
    above = cv2.dilate(rest, reach, anchor=(0, 3 * thickness - 1))
    crossing = cv2.bitwise_and(above, cv2.dilate(rest, reach, anchor=(0, 0)))
    cleared = dark.copy()
    labels, boxes = _label(runs)
    for label, (left, top, run_width, run_height, _) in enumerate(boxes.tolist(), 1):
        box = slice(top, top + run_height), slice(left, left + run_width)
        run = labels[box] == label
        counts = count_levels(dark[box] * (run & (ink[box] > 0)))
        counts[0] = 0
        printed = MIN_WRITING_TO_LINE * _quantile_above(counts, 0.75) if counts.any() else 0.0
        cleared[box][run & (dark[box] <= printed) & (crossing[box] == 0)] = 0
    return cleared


def find_runs(ink: Ink, length: int) -> Ink:
    """Keep horizontal runs of ink, 1 on 0, of at least `length` pixels; everything outside the border is ink.

    Equals OpenCV's opening, whose time grows with the length; doubling makes it grow with the logarithm.
    """
    half, width = length // 2, ink.shape[1]
    for combine, outside in ((cv2.bitwise_and, 1), (cv2.bitwise_or, 0)):
        ink, reach = cv2.copyMakeBorder(ink, 0, 0, half, half, cv2.BORDER_CONSTANT, value=outside), 1
        while reach < length:  # each pixel combines `reach` pixels from it on
            step = min(reach, length - reach)
            ink, reach = combine(ink[:, :-step], ink[:, step:]), reach + step
        ink = ink[:, :width]
        if not cv2.countNonZero(ink):
            break
    return ink


def _threshold(dark: Ink, level: float) -> Ink:
    """Give 1 where the contrast is above a level, and 0 elsewhere."""
    return cv2.threshold(dark, level, 1, cv2.THRESH_BINARY)[1]


def _label(ink: Ink) -> tuple[np.ndarray, Integer[np.ndarray, "n 5"]]:
    """Label components of ink, 1 on 0, from 1 on; and measure left, top, width, height and area of each."""
    count, _ = cv2.connectedComponents(ink, connectivity=8)
    if count == 2:  # frequent; measuring takes longer than finding
        return ink, np.array([(*cv2.boundingRect(ink), cv2.countNonZero(ink))], np.int32)
    _, labels, boxes, _ = label_components(ink)
    return labels, boxes[1:]


def _split(
    dark: Ink, corner: tuple[int, int], level: float, limits: tuple[float, float, float], depth: int = 0
) -> list[Component]:
    """Find the components of `dark` above a level, and split each again above a level of its own.

    `corner` is the left and top of this part of the page. `limits` are the smallest longer side of a component, the
    one above which it is split further, and the lowest contrast of its full ink.
    """
    smallest, spread_side, min_full = limits
    components = []
    labels, boxes = _label(_threshold(dark, level))
    large = np.flatnonzero(boxes[:, 2:4].max(1) >= smallest)
    for index in large[(-boxes[large, 4]).argsort(kind="stable")[:MAX_COMPONENTS]]:
        x, y, width, height, area = boxes[index].tolist()
        part = dark[y : y + height, x : x + width] * (labels[y : y + height, x : x + width] == index + 1)
        counts = count_levels(part)
        counts[0] = 0
        counts[: math.ceil(0.5 * _quantile_above(counts, 0.98))] = 0
        full = _quantile_above(counts, 0.6)
        if full < max(2 * MIN_CONTRAST, min_full):
            continue
        position, own_level = (corner[0] + x, corner[1] + y), max(level, MIN_INK * full)
        is_spread = (
            max(width, height) > spread_side and area < 0.5 * width * height and own_level * LEVEL_STEP < 0.75 * full
        )
        if depth <= MAX_DEPTH and (is_spread or own_level > level + 1):
            own_level = max(own_level, level * LEVEL_STEP) if is_spread else own_level
            components += _split(part, position, own_level, limits, depth + 1)
        else:
            ink = cv2.LUT(part, levels_between(min(level, 0.9 * full), full))
            components.append(Component(*position, ink, full))
    return components


def _filter(components: list[Component], shape: tuple[int, int]) -> tuple[list[Component], float]:
    """Drop components much paler, smaller or larger than most of the ink, or cut off by the border."""
    kept, height = components, 0.0
    for _ in range(2):  # the second time, by the height of those kept
        if not kept:
            return [], 0.0
        height = _typical_height(kept)
        typical = [each for each in kept if 0.4 * height < each.height < 2.5 * height]
        weights = [cv2.sumElems(each.ink)[0] * each.contrast for each in typical]
        contrast = float(np.average([each.contrast for each in typical], weights=weights))
        kept = [each for each in components if _may_be_digit(each, shape, height, contrast)]
    return kept, height


def _typical_height(components: list[Component]) -> float:
    """Compute the median height, weighted by darkness and size."""
    heights = np.array([each.height for each in components], np.float64)
    weights = np.array([cv2.sumElems(each.ink)[0] * each.height * each.contrast**2 for each in components])
    return weighted_median(heights, weights)


def weighted_median(values: Float64[np.ndarray, " n"], weights: Float64[np.ndarray, " n"]) -> float:
    """Find the value below which half of the weight lies."""
    order = values.argsort()
    cumulative = weights[order].cumsum()
    return float(values[order][np.searchsorted(cumulative, cumulative[-1] / 2)])


def _may_be_digit(component: Component, shape: tuple[int, int], height: float, contrast: float) -> bool:
    """Whether a component may be a digit or part of one, on a page whose digits have this height and contrast."""
    at_side = component.left == 0 or component.right == shape[1]
    at_end = component.top == 0 or component.bottom == shape[0]
    wide, high = component.width, component.height
    filled = cv2.countNonZero(component.ink) > 0.6 * component.ink.size
    return not (
        component.contrast < 0.3 * contrast
        or max(wide, high) < 0.12 * height
        or min(wide, high) < 0.03 * height
        or high > 3 * height
        or wide > 12 * height
        or (high < 0.15 * height and wide > 1.6 * height)
        or (wide < 0.12 * height and high > 1.8 * height)
        or ((at_side or at_end) and filled and max(wide, high) > 0.5 * height)
        or (at_side and wide < 0.3 * high)
        or (at_end and high < 0.3 * wide)
    )
