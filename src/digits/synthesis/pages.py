"""Pages with known answers: what a phone or scanner sees of written lines, and what they say where."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np

from digits.errors import UsageError
from digits.shapes import Float64, Int64, UInt8
from digits.synthesis.camera import STILL, Homography, draw_shot, take
from digits.synthesis.ink import Pens, draw_lines, draw_pens, widths
from digits.synthesis.layout import draw_spacing, draw_text, place, reading_order
from digits.synthesis.others import write_signs
from digits.synthesis.paper import GROUNDS, SCREENS, Sheet, draw_sheet, put_ink
from digits.synthesis.writing import Writers, Writing, draw_writers, write_digits

LARGEST = 1_000_000
"""Pixels of a page whose size was not asked for, at most."""

HEIGHTS = (18.0, 160.0)
"""Height of a digit, in pixels, where there is room for it."""

SMALLEST = 64
"""Least height and width that can be asked for, in pixels."""

MARGINS, WIDE_MARGINS = (0.35, 2.0), (1.0, 12.0)
"""Room around what is written, in heights of a digit, on each side by itself; and where the camera is far away."""

FAR = 0.25
"""Share of the pages that are seen from far away."""

MARKED = 0.3
"""Share of the pages with digits that have underlines, ticks and other signs beside them."""

EMPTY = 0.1
"""Share of the pages without digits on which there is nothing at all."""


@dataclass(frozen=True, eq=False)
class Page:
    """A page and what it says.

    Attributes
    ----------
    picture
        RGB.
    lines
        The digits of every written line, top to bottom, a space between two numbers.
    boxes
        x, y, width, height of each digit's ink, in pixels, in the order of the digits in the lines.
    """

    picture: UInt8[np.ndarray, "h w 3"]
    lines: tuple[str, ...]
    boxes: Int64[np.ndarray, "m 4"]


def synthesize_page(seed: int, *, digits: bool = True, size: tuple[int, int] | None = None) -> Page:
    """Write a page by hand and photograph it: the same seed gives the same bytes.

    Parameters
    ----------
    seed
        0 or more.
    digits
        Whether there are digits on it; if not, there are letters, marks, scribbles, blots, or nothing.
    size
        Height and width in pixels, 64 or more each; by default what the writing needs, up to a megapixel.

    Raises
    ------
    UsageError
        For a seed or a size that cannot be meant.
    """
    if seed < 0:
        raise UsageError(f"seed is {seed}: it must be 0 or more")
    if size is not None and min(size) < SMALLEST:
        raise UsageError(f"size is {size[0]} × {size[1]}: a page has {SMALLEST} pixels or more each way")
    # pages with and without digits have nothing in common, whatever their seeds
    rng = np.random.default_rng((seed, int(digits)))
    lines = draw_text(rng)
    labels = reading_order(lines)
    people = int(rng.integers(2, 4)) if rng.random() < 0.15 else 1
    # another hand, and another pen, begins with a line
    who = np.repeat(rng.integers(people, size=len(lines)), [len(line.replace(" ", "")) for line in lines])
    pens = draw_pens(people, rng)
    hands = draw_writers(people, rng)
    writing = write_digits(labels, who, hands, rng) if digits else write_signs(who, hands, rng)
    points, wide = place(lines, writing, widths(writing, pens[who]), draw_spacing(rng), rng)
    height, width, long, corner = _fitted(points + wide[:, :, None] / 2, size, rng)
    written = Writing(corner + points * long, writing.drawn, wide * long)
    sheet = draw_sheet(height, width, rng, line_height=long)
    if digits and rng.random() < MARKED:
        marks = _beside(_boxes(written, np.eye(3)), long, (height, width), hands, rng)
        sheet = _written(sheet, marks, np.zeros(len(marks.points), np.int64), pens, rng)
    if digits or rng.random() > EMPTY:
        sheet = _written(sheet, written, who, pens, rng)
    if not digits and rng.random() < 0.3:
        sheet = _blotted(sheet, long, rng)
    picture, homography = sheet.picture, np.eye(3)
    if sheet.kind not in SCREENS:
        shot = draw_shot(rng, line_width=float(pens.width.min()) * long)
        picture, homography = take(sheet.picture, shot, rng)
        if not _inside(_boxes(written, homography), height, width):
            picture, homography = take(sheet.picture, dataclasses.replace(shot, corners=STILL), rng)
    boxes = _boxes(written, homography)
    return Page(picture, lines if digits else (), boxes if digits else boxes[:0])


def _beside(
    boxes: Int64[np.ndarray, "n 4"], long: float, size: tuple[int, int], writers: Writers, rng: np.random.Generator
) -> Writing:
    """Write signs where there is room beside the digits; in pixels, the pressure being the line's width."""
    n = int(rng.integers(1, 6))
    signs = write_signs(np.zeros(n, np.int64), writers, rng)
    points = signs.points * long * rng.uniform(0.6, 1.6) + rng.uniform(0, 1, (n, 1, 2)) * (size[1], size[0])
    low, high = points.min(1), points.max(1)
    room = 0.3 * long
    apart = (
        ((low[:, None, :] > boxes[:, :2] + boxes[:, 2:] + room) | (high[:, None, :] < boxes[:, :2] - room))
        .any(2)
        .all(1)
    )
    inside = (low > 0).all(1) & (high < (size[1], size[0])).all(1)
    width = np.full(signs.pressure.shape, max(0.06 * long, 1.0))
    return Writing(points, signs.drawn, width)[apart & inside]


def _fitted(
    reach: Float64[np.ndarray, "n p 2"], size: tuple[int, int] | None, rng: np.random.Generator
) -> tuple[int, int, float, Float64[np.ndarray, " 2"]]:
    """Choose height and width of the page, pixels a digit is high, and where the writing's upper left corner is."""
    across, down = reach.max((0, 1))
    left, right, above, below = rng.uniform(*(WIDE_MARGINS if rng.random() < FAR else MARGINS), 4)
    wide, high = across + left + right, down + above + below
    long = float(np.exp(rng.uniform(*np.log(HEIGHTS))))
    if size is None:
        long = min(long, (LARGEST / (wide * high)) ** 0.5)
        height, width = max(round(high * long), SMALLEST), max(round(wide * long), SMALLEST)
    else:
        height, width = size
        long = min(long, height / high, width / wide)
    free = np.array([width - across * long, height - down * long])
    return height, width, long, free * np.array([left / (left + right), above / (above + below)])


def _written(
    sheet: Sheet, written: Writing, who: Int64[np.ndarray, " n"], pens: Pens, rng: np.random.Generator
) -> Sheet:
    """Write on a sheet, pen after pen; `written` is in pixels, its pressure being the line's width."""
    height, width = sheet.picture.shape[:2]
    finer = 4 if height * width < 4 * LARGEST / 16 else 2
    for pen in range(len(pens)):
        mine = who == pen
        if not mine.any():
            continue
        canvas = np.zeros((finer * height, finer * width), np.uint8)
        draw_lines(canvas, written.points[mine] * finer, written.drawn[mine], written.pressure[mine] * finer)
        ink = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
        blur = float(pens.softness[pen]) * float(np.median(written.pressure[mine]))
        if blur > 0.3:
            ink = cv2.GaussianBlur(ink, (0, 0), blur)
        # on a screen ink is full and even
        darkness, grain = (1.0, 0.0) if sheet.kind in SCREENS else (float(pens.darkness[pen]), float(pens.grain[pen]))
        colours = GROUNDS[sheet.kind].inks
        colour = sheet.ink if pen == 0 else colours[rng.integers(len(colours))]
        sheet = dataclasses.replace(sheet, picture=put_ink(sheet, ink, darkness, grain, colour))
    return sheet


def _blotted(sheet: Sheet, long: float, rng: np.random.Generator) -> Sheet:
    """Let ink drop on a sheet."""
    height, width = sheet.picture.shape[:2]
    ink = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        angle = np.linspace(0, 2 * np.pi, 40)
        waves = rng.normal(0, 0.12, (3, 1)) * np.sin(np.array([[2], [3], [5]]) * angle + rng.uniform(0, 6, (3, 1)))
        radius = long * rng.uniform(0.1, 0.7) * (1 + waves.sum(0))
        centre = rng.uniform(0, 1, 2) * (width, height)
        outline = centre + radius[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1)
        cv2.fillPoly(ink, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return dataclasses.replace(sheet, picture=put_ink(sheet, ink, float(rng.uniform(0.6, 1)), 0.0))


def _boxes(written: Writing, homography: Homography) -> Int64[np.ndarray, "n 4"]:
    """Give x, y, width and height of each glyph's ink, as the camera sees it."""
    half = written.pressure[:, :, None] / 2
    around = np.array([(-1, 0), (1, 0), (0, -1), (0, 1), (-0.7, -0.7), (0.7, -0.7), (0.7, 0.7), (-0.7, 0.7)])
    edge = (written.points[:, :, None] + half[:, :, :, None] * around).reshape(len(half), -1, 2) - 0.5
    seen = np.concatenate((edge, np.ones_like(edge[..., :1])), axis=2) @ homography.T
    seen = seen[..., :2] / seen[..., 2:]
    low, high = np.floor(seen.min(1) + 0.5), np.ceil(seen.max(1) + 0.5)
    boxes: Int64[np.ndarray, "n 4"] = np.concatenate((low, high - low), axis=1).astype(np.int64)
    return boxes


def _inside(boxes: Int64[np.ndarray, "n 4"], height: int, width: int) -> bool:
    """Whether all boxes lie in a picture."""
    return bool((boxes[:, :2] >= 0).all() and (boxes[:, :2] + boxes[:, 2:] <= (width, height)).all())
