"""Simulated photographs: digits put on paper, photographed, and extracted again by the reader's own normalization."""

from __future__ import annotations

import logging

import cv2
import numpy as np

from digits.preprocessing import DigitImage, extract_digit
from digits.preprocessing.ink import Ink
from digits.synthesis.camera import ColourPicture, photograph_sheet, sample_shot
from digits.synthesis.digit_images import check_request
from digits.synthesis.paper import SCREENS, apply_ink, sample_sheet
from digits.synthesis.pens import Pens, sample_pens
from digits.types import Images

log = logging.getLogger(__name__)

# Length of the ink in an image and in a photograph, in pixels: people draw digits as small as that; larger ones are
# shrunk anyway.
INK_LENGTH, PHOTO_INK_LENGTHS = 20, (11.0, 90.0)

PHOTO_MARGINS = (0.08, 0.6)  # on each side, over the length of the ink
MIN_CORRELATION = 0.5  # with the original; below, something else than the digit was extracted


def simulate_photos(images: Images, seed: int = 0) -> Images:
    """Put digits on paper, photograph them, and extract them again.

    Each digit is enlarged, its line made thinner or thicker, drawn with another pen on another sheet, and photographed
    by another camera. Where something else than the digit is extracted, the image stays as it was.

    Parameters
    ----------
    images
        Digits as MNIST has them.
    seed
        0 or more; the same seed and images give the same bytes.

    Raises
    ------
    UsageError
        The seed is negative.
    """
    check_request(seed)
    rng = np.random.default_rng(seed)
    pens = sample_pens(len(images), rng)
    photos = images.copy()
    failures = 0
    for index, image in enumerate(images):
        extracted = extract_digit(photograph_digit(image, pens[index : index + 1], rng))
        if _is_same_digit(extracted, image):
            photos[index] = extracted
        else:
            failures += 1
    if failures:
        log.info("%d of %d photographs did not show their digit; these images are unchanged", failures, len(images))
    return photos


def photograph_digit(image: DigitImage, pen: Pens, rng: np.random.Generator) -> ColourPicture:
    """Put a digit on a sheet and photograph it."""
    length = float(np.exp(rng.uniform(*np.log(PHOTO_INK_LENGTHS))))
    ink = redraw(image, length, rng)
    top, bottom, left, right = (int(margin) for margin in 2 + rng.uniform(*PHOTO_MARGINS, 4) * length)
    ink = cv2.copyMakeBorder(ink, top, bottom, left, right, cv2.BORDER_CONSTANT)
    sheet = sample_sheet(ink.shape[0], ink.shape[1], rng, line_height=length)
    # pale pens are for paper: on a screen ink is opaque
    darkness = 1.0 if sheet.kind in SCREENS else float(pen.darkness[0])
    picture = apply_ink(sheet, ink, darkness, float(pen.grain[0]))
    if sheet.kind in SCREENS:
        return picture
    return photograph_sheet(picture, sample_shot(rng, line_width=0.08 * length), rng)[0]


def redraw(image: DigitImage, length: float, rng: np.random.Generator) -> Ink:
    """Enlarge a digit and draw its line with a thinner or thicker pen."""
    if not image.any():
        return np.zeros((round(length), round(length)), np.uint8)
    # the grey level at which an edge is cut decides how wide the line becomes
    return enlarge(image, length / INK_LENGTH, level=rng.uniform(50, 150), steepness=rng.uniform(1.5, 4.0))


def enlarge(image: DigitImage, scale: float, level: float, steepness: float) -> Ink:
    """Enlarge an image's ink `scale` times, with sharp edges: a lower grey `level` makes its line wider."""
    left, top, width, height = cv2.boundingRect(image)
    padded = cv2.copyMakeBorder(image[top : top + height, left : left + width], 2, 2, 2, 2, cv2.BORDER_CONSTANT)
    size = max(round(padded.shape[1] * scale), 1), max(round(padded.shape[0] * scale), 1)
    smooth = cv2.GaussianBlur(cv2.resize(padded, size, interpolation=cv2.INTER_LINEAR_EXACT), (0, 0), 0.35 * scale)
    levels = np.rint(127 + steepness * (np.arange(256) - level)).clip(0, 255).astype(np.uint8)
    return cv2.LUT(smooth, levels)


def _is_same_digit(extracted: DigitImage, image: DigitImage) -> bool:
    """Tell whether two images show the same digit, allowing for another pen, a shift and a slight rotation."""
    pair = [cv2.resize(each, (7, 7), interpolation=cv2.INTER_AREA).astype(np.float64) for each in (extracted, image)]
    a, b = ((each - each.mean()).ravel() for each in pair)
    return bool(a @ b > MIN_CORRELATION * np.sqrt((a @ a) * (b @ b)))
