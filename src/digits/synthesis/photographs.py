"""Digits as reading will see them: on paper, photographed, and cut out again by the reader's own normalisation."""

from __future__ import annotations

import logging

import cv2
import numpy as np

from digits.errors import UsageError
from digits.preprocessing import extract_digit
from digits.shapes import UInt8
from digits.synthesis.camera import draw_shot, take
from digits.synthesis.ink import Pens, draw_pens
from digits.synthesis.paper import SCREENS, draw_sheet, put_ink
from digits.types import Images

log = logging.getLogger(__name__)

BOX = 20
"""Pixels of a digit that its ink is long."""

HEIGHTS = (11.0, 90.0)
"""Length of the ink on the sheet, in pixels: people draw digits as small as that; larger ones are shrunk anyway."""

MARGINS = (0.08, 0.6)
"""Room around the ink, over its length, on each side by itself."""

LOST = 0.5
"""Correlation with the digit as it was, below which something else was cut out of the picture."""


def simulate_photos(images: Images, seed: int = 0) -> Images:
    """Write digits on paper, photograph them, and cut them out again.

    Each is enlarged, its line made thinner or thicker, put with another pen on another sheet, and taken by another
    camera. Where the reader then finds something else than the digit, the digit stays as it was.

    Parameters
    ----------
    images
        Digits under the contract, MNIST's or our own.
    seed
        0 or more; the same seed and digits give the same bytes.

    Raises
    ------
    UsageError
        For a seed that cannot be meant.
    """
    if seed < 0:
        raise UsageError(f"seed is {seed}: it must be 0 or more")
    rng = np.random.default_rng(seed)
    pens = draw_pens(len(images), rng)
    taken = np.empty_like(images)
    lost = 0
    for index, image in enumerate(images):
        found = extract_digit(photograph(image, pens[index : index + 1], rng))
        alike = _alike(found, image)
        taken[index] = found if alike else image
        lost += not alike
    if lost:
        log.info(
            "%d of %d photographs showed something else than their digit, which stays as it was", lost, len(images)
        )
    return taken


def photograph(image: UInt8[np.ndarray, "28 28"], pen: Pens, rng: np.random.Generator) -> UInt8[np.ndarray, "_h _w 3"]:
    """Give the picture of a digit on a sheet, before anything is cut out of it."""
    long = float(np.exp(rng.uniform(*np.log(HEIGHTS))))
    ink = _rewritten(image, long, rng)
    above, below, before, after = (int(room) for room in 2 + rng.uniform(*MARGINS, 4) * long)
    ink = cv2.copyMakeBorder(ink, above, below, before, after, cv2.BORDER_CONSTANT)
    sheet = draw_sheet(ink.shape[0], ink.shape[1], rng, line_height=long)
    # pale pens are for paper: on a screen ink is full
    darkness = 1.0 if sheet.kind in SCREENS else float(pen.darkness[0])
    picture = put_ink(sheet, ink, darkness, float(pen.grain[0]))
    if sheet.kind in SCREENS:
        return picture
    picture, _ = take(picture, draw_shot(rng, line_width=0.08 * long), rng)
    return picture


def _rewritten(image: UInt8[np.ndarray, "28 28"], long: float, rng: np.random.Generator) -> UInt8[np.ndarray, "_h _w"]:
    """Enlarge a digit and trace its line with a thinner or thicker pen."""
    left, top, width, height = cv2.boundingRect(image)
    if not width:
        return np.zeros((round(long), round(long)), np.uint8)
    around = cv2.copyMakeBorder(image[top : top + height, left : left + width], 2, 2, 2, 2, cv2.BORDER_CONSTANT)
    scale = long / BOX
    size = round(around.shape[1] * scale), round(around.shape[0] * scale)
    smooth = cv2.GaussianBlur(cv2.resize(around, size, interpolation=cv2.INTER_LINEAR_EXACT), (0, 0), 0.35 * scale)
    # the level at which the slope of an edge is cut decides how wide the line becomes
    level = rng.uniform(50, 150)
    steep = rng.uniform(1.5, 4.0)
    levels = np.rint(127 + steep * (np.arange(256) - level)).clip(0, 255).astype(np.uint8)
    return cv2.LUT(smooth, levels)


def _alike(found: UInt8[np.ndarray, "28 28"], image: UInt8[np.ndarray, "28 28"]) -> bool:
    """Whether two digits are the same but for pen, place and a little turn."""
    a, b = (
        cv2.resize(each, (7, 7), interpolation=cv2.INTER_AREA).astype(np.float64).ravel() for each in (found, image)
    )
    a, b = a - a.mean(), b - b.mean()
    return bool(a @ b > LOST * np.sqrt((a @ a) * (b @ b)))
