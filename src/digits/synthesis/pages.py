"""Pages with known answers: lines of synthetic handwriting, photographed or scanned, with text and boxes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np

from digits.errors import UsageError
from digits.shapes import Float64, Int64, UInt8
from digits.synthesis.camera import UNMOVED_CORNERS, Homography, photograph_sheet, sample_shot
from digits.synthesis.digit_images import check_request
from digits.synthesis.handwriting import Handwriting, Points, Writers, sample_writers, write_digits
from digits.synthesis.layout import digits_in_order, place_glyphs, sample_spacing, sample_text
from digits.synthesis.outliers import write_signs
from digits.synthesis.paper import SCREENS, SHEET_KINDS, Sheet, apply_ink, sample_sheet
from digits.synthesis.pens import Pens, draw_lines, line_widths, sample_pens

MAX_PAGE_PIXELS = 1_000_000  # where the size is not given
MIN_PAGE_SIDE = 64  # pixels
DIGIT_HEIGHTS = (18.0, 160.0)  # in pixels, if the page has room for them

# Margin on each side of the writing, in heights of a digit; wide where the camera is far away.
MARGINS, WIDE_MARGINS = (0.35, 2.0), (1.0, 12.0)
WIDE_MARGIN_SHARE = 0.25

SIGNS_SHARE = 0.3  # of the pages with digits, that also have underlines, ticks and other signs
EMPTY_SHARE = 0.1  # of the pages without digits, that are empty

Boxes = Int64[np.ndarray, "n 4"]


@dataclass(frozen=True, eq=False)
class SyntheticPage:
    """A page and its content.

    Attributes
    ----------
    picture
        RGB.
    lines
        The digits of every line, top to bottom, with a space between two numbers.
    boxes
        x, y, width, height of each digit's ink, in pixels, in the order of the digits in the lines.
    """

    picture: UInt8[np.ndarray, "h w 3"]
    lines: tuple[str, ...]
    boxes: Int64[np.ndarray, "m 4"]


def synthesize_page(seed: int, *, digits: bool = True, size: tuple[int, int] | None = None) -> SyntheticPage:
    """Write a page by hand and photograph it: the same seed gives the same bytes.

    Parameters
    ----------
    seed
        0 or more.
    digits
        Whether it has digits; if not, it has letters, signs, scribbles, blots, or nothing.
    size
        Height and width in pixels, 64 or more each; by default what the writing needs, up to a megapixel.

    Raises
    ------
    UsageError
        The seed is negative, or the size too small.
    """
    check_request(seed)
    if size is not None and min(size) < MIN_PAGE_SIDE:
        raise UsageError(f"size must be {MIN_PAGE_SIDE} × {MIN_PAGE_SIDE} pixels or more, not {size[0]} × {size[1]}")
    # pages with and without digits have nothing in common, even with the same seed
    rng = np.random.default_rng((seed, int(digits)))
    lines = sample_text(rng)
    labels = digits_in_order(lines)
    n_writers = int(rng.integers(2, 4)) if rng.random() < 0.15 else 1
    # a writer, with a pen, writes whole lines
    line_lengths = [len(line.replace(" ", "")) for line in lines]
    writer_ids = np.repeat(rng.integers(n_writers, size=len(lines)), line_lengths)
    pens = sample_pens(n_writers, rng)
    writers = sample_writers(n_writers, rng)
    mine = writers[writer_ids]
    writing = write_digits(labels, mine, rng) if digits else write_signs(mine, rng)
    points, widths = place_glyphs(lines, writing, line_widths(writing, pens[writer_ids]), sample_spacing(rng), rng)
    height, width, scale, corner = _fit_page(points + widths[:, :, None] / 2, size, rng)
    placed = Handwriting(corner + points * scale, writing.pen_down, widths * scale)
    sheet = sample_sheet(height, width, rng, line_height=scale)
    if digits and rng.random() < SIGNS_SHARE:
        signs = _write_signs_beside(_boxes(placed, np.eye(3)), scale, (height, width), writers, rng)
        sheet = _write_on(sheet, signs, np.zeros(len(signs.points), np.int64), pens, rng)
    if digits or rng.random() > EMPTY_SHARE:
        sheet = _write_on(sheet, placed, writer_ids, pens, rng)
    if not digits and rng.random() < 0.3:
        sheet = _add_blots(sheet, scale, rng)
    picture, homography = sheet.picture, np.eye(3)
    if sheet.kind not in SCREENS:
        shot = sample_shot(rng, line_width=float(pens.width.min()) * scale)
        picture, homography = photograph_sheet(sheet.picture, shot, rng)
        boxes = _boxes(placed, homography)
        if (boxes[:, :2] < 0).any() or (boxes[:, :2] + boxes[:, 2:] > (width, height)).any():
            straight = dataclasses.replace(shot, corners=UNMOVED_CORNERS)
            picture, homography = photograph_sheet(sheet.picture, straight, rng)
    boxes = _boxes(placed, homography)
    return SyntheticPage(picture, lines if digits else (), boxes if digits else boxes[:0])


def _write_signs_beside(
    boxes: Boxes, scale: float, size: tuple[int, int], writers: Writers, rng: np.random.Generator
) -> Handwriting:
    """Write signs where there is room beside the digits; in pixels, with line widths in place of pressure."""
    n = int(rng.integers(1, 6))
    signs = write_signs(writers[np.zeros(n, np.int64)], rng)
    points = signs.points * scale * rng.uniform(0.6, 1.6) + rng.uniform(0, 1, (n, 1, 2)) * (size[1], size[0])
    low, high = points.min(1), points.max(1)
    room = 0.3 * scale
    is_beside = (low[:, None, :] > boxes[:, :2] + boxes[:, 2:] + room) | (high[:, None, :] < boxes[:, :2] - room)
    is_inside = (low > 0).all(1) & (high < (size[1], size[0])).all(1)
    widths = np.full(signs.pressure.shape, max(0.06 * scale, 1.0))
    return Handwriting(points, signs.pen_down, widths)[is_beside.any(2).all(1) & is_inside]


def _fit_page(
    extent: Points, size: tuple[int, int] | None, rng: np.random.Generator
) -> tuple[int, int, float, Float64[np.ndarray, " 2"]]:
    """Choose the page's height and width, a digit's height in pixels, and the upper left corner of the writing."""
    text_width, text_height = extent.max((0, 1))
    margins = WIDE_MARGINS if rng.random() < WIDE_MARGIN_SHARE else MARGINS
    left, right, above, below = rng.uniform(*margins, 4)
    full_width, full_height = text_width + left + right, text_height + above + below
    scale = float(np.exp(rng.uniform(*np.log(DIGIT_HEIGHTS))))
    if size is None:
        scale = min(scale, (MAX_PAGE_PIXELS / (full_width * full_height)) ** 0.5)
        height, width = (max(round(side * scale), MIN_PAGE_SIDE) for side in (full_height, full_width))
    else:
        height, width = size
        scale = min(scale, height / full_height, width / full_width)
    free = np.array([width - text_width * scale, height - text_height * scale])
    return height, width, scale, free * np.array([left / (left + right), above / (above + below)])


def _write_on(
    sheet: Sheet, writing: Handwriting, writer_ids: Int64[np.ndarray, " n"], pens: Pens, rng: np.random.Generator
) -> Sheet:
    """Write on a sheet, one pen after the other; `writing` is in pixels, with line widths in place of pressure."""
    height, width = sheet.picture.shape[:2]
    factor = 4 if height * width < MAX_PAGE_PIXELS / 4 else 2
    for pen in range(len(pens)):
        mine = writing[writer_ids == pen]
        if not len(mine.points):
            continue
        canvas = np.zeros((factor * height, factor * width), np.uint8)
        draw_lines(canvas, mine.points * factor, mine.pen_down, mine.pressure * factor)
        ink = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
        blur = float(pens.softness[pen]) * float(np.median(mine.pressure))
        if blur > 0.3:
            ink = cv2.GaussianBlur(ink, (0, 0), blur)
        # on a screen ink is opaque and even
        darkness, grain = (1.0, 0.0) if sheet.kind in SCREENS else (float(pens.darkness[pen]), float(pens.grain[pen]))
        colours = SHEET_KINDS[sheet.kind].inks
        colour = sheet.ink if pen == 0 else colours[rng.integers(len(colours))]
        sheet = dataclasses.replace(sheet, picture=apply_ink(sheet, ink, darkness, grain, colour))
    return sheet


def _add_blots(sheet: Sheet, scale: float, rng: np.random.Generator) -> Sheet:
    """Drop ink on a sheet."""
    height, width = sheet.picture.shape[:2]
    ink = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        angle = np.linspace(0, 2 * np.pi, 40)
        waves = rng.normal(0, 0.12, (3, 1)) * np.sin(np.array([[2], [3], [5]]) * angle + rng.uniform(0, 6, (3, 1)))
        radius = scale * rng.uniform(0.1, 0.7) * (1 + waves.sum(0))
        centre = rng.uniform(0, 1, 2) * (width, height)
        outline = centre + radius[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1)
        cv2.fillPoly(ink, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return dataclasses.replace(sheet, picture=apply_ink(sheet, ink, float(rng.uniform(0.6, 1)), 0.0))


def _boxes(writing: Handwriting, homography: Homography) -> Boxes:
    """Compute x, y, width and height of each glyph's ink in the photograph."""
    half = writing.pressure[:, :, None] / 2
    around = np.array([(-1, 0), (1, 0), (0, -1), (0, 1), (-0.7, -0.7), (0.7, -0.7), (0.7, 0.7), (-0.7, 0.7)])
    edge = (writing.points[:, :, None] + half[:, :, :, None] * around).reshape(len(half), -1, 2) - 0.5
    mapped = np.concatenate((edge, np.ones_like(edge[..., :1])), axis=2) @ homography.T
    mapped = mapped[..., :2] / mapped[..., 2:]
    low, high = np.floor(mapped.min(1) + 0.5), np.ceil(mapped.max(1) + 0.5)
    return np.concatenate((low, high - low), axis=1).astype(np.int64)
