"""Where the boxes of a field are on a registered page: the walls are looked for near the place that is known."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from digits.documents.forms.sheet import Comb, Rectangle, Sheet
from digits.preprocessing.ink import Ink
from digits.shapes import Float32, Float64

SCALE = 5.0
"""Pixels per millimetre at which a page is read: A4 has the 1,500 pixels of other pages, and a box 35 × 45."""

REACH = 2.5
"""Millimetres by which curled paper may move a field from where the markers put it: less than half of a box."""

SOFTNESS = 0.2
"""Standard deviation, in millimetres, by which a page is blurred before walls are looked for, so that those of curled
paper, which are a little off, are found too."""

WALL_DARK = 0.12
"""Darkness from which on ink may be a wall, as a share of a marker's: a quarter of what is printed, since cameras and
this blur spread thin lines."""

MIN_WALLS = 0.5
"""Share of a field's walls that must be seen: with half of them or more it can be nowhere else."""

NEARER = 0.5
"""Share of walls that a field at the limit of `REACH` must have more than one where the markers put it. Copies lose
thin walls, and writing looks like some: with a tenth of this, 27 of 3,631 digits on 160 synthetic pages were in a wrong
box, with it 11, with twice as much 12."""

WALL = 0.4
"""Millimetres to each side of a wall that may be darkened by it: half of what is printed, blur, and being a little off.
"""


def measure_black(dark: Ink, sheet: Sheet) -> float:
    """Measure the darkness of print, by the markers."""
    return float(np.median([np.quantile(cut_out(dark, each), 0.9) for each in sheet.markers]))


def align(dark: Ink, comb: Comb, black: float, walls: Float32[np.ndarray, "h w"]) -> tuple[Comb, float]:
    """Move a comb to where its walls are; return also which share of them is seen there.

    Parameters
    ----------
    dark
        The page's darkness, of `SCALE` pixels per millimetre.
    comb
        Where the markers, or the print, put it.
    black
        Darkness of print.
    walls
        What is printed there, 0-1.
    """
    if not walls.any():  # nothing is printed there
        return comb, 1.0
    left, top, right, bottom = widen(comb.area, REACH)
    # what is beyond the picture has no walls; pens, which are darker than walls, count as much
    level = max(WALL_DARK * black, 1.0)
    part = cv2.GaussianBlur(_cut_padded(dark, (left, top, right, bottom)), (0, 0), SOFTNESS * SCALE)
    part = np.minimum(part.astype(np.float32) / np.float32(level), np.float32(1))
    scores = cv2.matchTemplate(part, walls / max(float(walls.sum()), 1.0), cv2.TM_CCORR)
    steps = (
        np.arange(scores.shape[0]) - (scores.shape[0] - 1) / 2,
        np.arange(scores.shape[1]) - (scores.shape[1] - 1) / 2,
    )
    # of places that are as good, the nearest
    far = np.hypot(*np.meshgrid(*steps, indexing="ij")) / SCALE / REACH
    row, column = np.unravel_index(int((scores - NEARER * far).argmax()), scores.shape)
    moved = replace(comb, left=comb.left + float(steps[1][column]) / SCALE, top=comb.top + float(steps[0][row]) / SCALE)
    return moved, float(scores[row, column])


def draw_walls(comb: Comb) -> Float32[np.ndarray, "h w"]:
    """Draw the walls of a comb of ours."""
    left, top, right, bottom = comb.area
    picture = np.zeros((round((bottom - top) * SCALE) + 1, round((right - left) * SCALE) + 1), np.float32)
    for each in comb.lefts:
        x = round((each - left) * SCALE)
        cv2.rectangle(picture, (x, 0), (x + round(comb.wide * SCALE), picture.shape[0] - 1), 1.0, 1)
    return picture


def erase_walls(grey: Ink, comb: Comb) -> None:
    """Erase the walls of a comb from a page, in place: what is as light on one side of a wall is ground."""
    _, top, _, bottom = comb.area
    for each in comb.lefts:
        for x in (each, each + comb.wide):
            _erase(grey, x, (top, bottom))
        for y in (top, bottom):
            _erase(grey.T, y, (each, each + comb.wide))


def _erase(grey: Ink, x: float, ends: tuple[float, float]) -> None:
    """Erase an upright wall: a stroke across it is dark on both sides."""
    reach = round(WALL * SCALE)
    middle, first, last = round(x * SCALE), max(round(ends[0] * SCALE) - reach, 0), round(ends[1] * SCALE) + reach + 1
    if reach < middle < grey.shape[1] - reach - 1:
        ground = np.maximum(grey[first:last, middle - reach - 1], grey[first:last, middle + reach + 1])[:, None]
        wall = grey[first:last, middle - reach : middle + reach + 1]
        np.maximum(wall, ground, out=wall)


def _cut_padded(picture: Ink, area: Rectangle) -> Ink:
    """Cut out an area that may go beyond the picture, where there is nothing."""
    left, top, right, bottom = (round(each * SCALE) for each in area)
    padded: Ink = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    rows, columns = slice(max(top, 0), bottom + 1), slice(max(left, 0), right + 1)
    part = picture[rows, columns]
    y, x = rows.start - top, columns.start - left
    padded[y : y + part.shape[0], x : x + part.shape[1]] = part
    return padded


def cut_out(picture: Ink, area: Rectangle) -> Ink:
    """Cut out an area of the page, in millimetres; what lies beyond the picture is left out."""
    rows, columns = slice_out(area)
    return picture[rows, columns]


def slice_out(area: Rectangle) -> tuple[slice, slice]:
    """Give the rows and columns of an area of the page, in millimetres."""
    left, top, right, bottom = (max(round(each * SCALE), 0) for each in area)
    return slice(top, bottom), slice(left, right)


def widen(area: Rectangle, margin: float | int) -> Rectangle:
    """Widen an area to all sides."""
    left, top, right, bottom = area
    return left - margin, top - margin, right + margin, bottom + margin


def list_corners(area: Rectangle) -> Float64[np.ndarray, "4 2"]:
    """List the corners of an area, clockwise."""
    left, top, right, bottom = area
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
