"""Simulated captures: the pictures of one digit that people hand in, read by the reader's own code.

Only some of them are photographs of paper. Others are tight crops, a few pixels wide, binary, stretched, faint, cut off
by the frame, or have a part of a box, a comma or half a neighbour beside the digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from digits.preprocessing import DigitImage, find_digit_inks, normalize
from digits.preprocessing.ink import Ink
from digits.shapes import UInt8
from digits.synthesis.camera import ColourPicture, photograph_sheet, sample_shot
from digits.synthesis.digit_images import check_request
from digits.synthesis.frames import DRAWN_LENGTH, frame_ink, vary_ink
from digits.synthesis.paper import SCREENS, apply_ink, sample_sheet
from digits.synthesis.simulated_photos import redraw
from digits.types import Images

# In pixels:
MIN_PHOTO_LENGTH = 40  # of the ink in a photograph, before it is shrunk
INK_LENGTHS = (14.0, 80.0)  # in the finished picture, the longer side
SMALL_LENGTHS = (7.0, 16.0)

# Shares of the pictures:
SMALL_SHARE = 0.35  # with ink of `SMALL_LENGTHS`
PLAIN_SHARE = 0.6  # on an even background
BINARY_SHARE = 0.15  # of black and white
FAINT_SHARE = 0.15
ENLARGED_SHARE = 0.12  # enlarged again, with visible pixels or without

# Correlation with the ink before capture: above the first, the digit was found; below the second, something else was.
MIN_CORRELATION, MAX_CORRELATION = 0.65, 0.35


@dataclass(frozen=True, eq=False)
class Captures:
    """What the reader finds in simulated captures.

    Attributes
    ----------
    images
        The digits as read, one for each that was captured.
    misreadings
        Non-digits that the reader may see in the same pictures, at most one for each: background taken for ink, or
        surroundings taken for a part of the digit.
    """

    images: Images
    misreadings: UInt8[np.ndarray, "m 28 28"]


def simulate_captures(images: Images, seed: int = 0) -> Captures:
    """Make the picture that somebody could hand in for each digit, and read it in every way that the reader tries.

    Where none of these finds the digit, the image stays as it was. Parameters and errors are those of
    `simulate_photos`.
    """
    check_request(seed)
    rng = np.random.default_rng(seed)
    read = images.copy()
    misread = []
    for index, image in enumerate(images):
        if not image.any():
            continue
        ink, picture = capture_digit(image, images[rng.integers(len(images))], rng)
        expected = normalize(ink)
        found = [normalize(each.ink) for each in find_digit_inks(picture)]
        likeness = np.array([_correlate(each, expected) for each in found])
        if likeness.max() > MIN_CORRELATION:
            read[index] = found[likeness.argmax()]
        wrong = [each for each, like in zip(found, likeness, strict=True) if like < MAX_CORRELATION and each.any()]
        if wrong:
            misread.append(wrong[rng.integers(len(wrong))])
    return Captures(read, np.stack(misread) if misread else images[:0])


def capture_digit(image: DigitImage, neighbour: DigitImage, rng: np.random.Generator) -> tuple[Ink, ColourPicture]:
    """Make a picture of a digit, perhaps with a part of a neighbour; return the digit's ink alone, and the picture."""
    ink = vary_ink(redraw(image, float(DRAWN_LENGTH), rng), rng)
    framed = frame_ink(ink, neighbour, rng)
    length = np.exp(rng.uniform(*np.log(SMALL_LENGTHS if rng.random() < SMALL_SHARE else INK_LENGTHS)))
    scale = float(length) / max(ink.shape)
    capture = _print_plainly if rng.random() < PLAIN_SHARE else _put_on_sheet
    picture = capture(framed, scale, rng)
    if rng.random() < ENLARGED_SHARE:
        factor = int(rng.integers(2, 7))
        way = (cv2.INTER_NEAREST, cv2.INTER_LINEAR_EXACT)[rng.integers(2)]
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=way)
    return ink, picture


def _correlate(found: DigitImage, expected: DigitImage) -> float:
    """Correlate two images where the second has ink and a little around it: a filled frame resembles no digit there."""
    left, top, width, height = cv2.boundingRect(expected)
    rows, columns = slice(max(top - 3, 0), top + height + 3), slice(max(left - 3, 0), left + width + 3)
    pair = [
        cv2.resize(each[rows, columns], (7, 7), interpolation=cv2.INTER_AREA).astype(int) for each in (found, expected)
    ]
    a, b = (49 * each - each.sum() for each in pair)
    squares = int((a * a).sum()) * int((b * b).sum())
    return int((a * b).sum()) / squares**0.5 if squares else 0.0


def _resize(picture: UInt8[np.ndarray, "..."], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Resize a picture by one of the usual ways."""
    size = max(round(picture.shape[1] * scale), 3), max(round(picture.shape[0] * scale), 3)
    way = rng.choice([cv2.INTER_AREA, cv2.INTER_LINEAR_EXACT, cv2.INTER_NEAREST], p=[0.7, 0.2, 0.1])
    if way == cv2.INTER_NEAREST and scale < 0.3:
        # lines would fall apart
        way = cv2.INTER_AREA
    return cv2.resize(picture, size, interpolation=int(way))


def _print_plainly(framed: Ink, scale: float, rng: np.random.Generator) -> ColourPicture:
    """Print ink on an even background: black on white, white on black, or two greys; sometimes binary or noisy."""
    ink = _resize(framed, scale, rng)
    choice = rng.random()
    if choice < BINARY_SHARE:
        level = float(rng.uniform(60, 170))
        ink = np.where(ink > level, 255, 0).astype(np.uint8) if (ink > level).any() else ink
        contrast = 1.0
    elif choice < BINARY_SHARE + FAINT_SHARE:
        contrast = float(rng.uniform(0.12, 0.5))
    else:
        contrast = float(rng.uniform(0.5, 1.0)) if rng.random() < 0.5 else 1.0
        steps = int(rng.integers(4, 18))
        if rng.random() < 0.3:
            ink = np.rint(np.rint(ink * (steps / 255)) * (255 / steps)).astype(np.uint8)
    if rng.random() < 0.3:
        # gamma of pens and screens
        table = np.rint(255 * (np.arange(256) / 255) ** float(np.exp(rng.uniform(-0.7, 0.7)))).astype(np.uint8)
        ink = cv2.LUT(ink, table)
    ground = 0.0 if contrast == 1 else float(rng.uniform(0, 255 * (1 - contrast)))
    grey = ground + contrast * ink.astype(np.float64)
    if contrast < 1 or rng.random() < 0.3:
        grey = grey + rng.normal(0, rng.uniform(0, 0.06) * 255 * contrast, ink.shape)
    grey = np.rint(grey).clip(0, 255).astype(np.uint8)
    grey = grey if rng.random() < 0.5 else 255 - grey
    if rng.random() < 0.3 and max(ink.shape) > 16:
        _, file = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))])
        grey = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE))
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)


def _put_on_sheet(framed: Ink, scale: float, rng: np.random.Generator) -> ColourPicture:
    """Write ink on a sheet and photograph it; small pictures are shrunk photographs."""
    drawn = max(scale, MIN_PHOTO_LENGTH / DRAWN_LENGTH)
    ink = _resize(framed, drawn, rng)
    length = drawn * DRAWN_LENGTH
    sheet = sample_sheet(ink.shape[0], ink.shape[1], rng, line_height=length)
    darkness = 1.0 if sheet.kind in SCREENS else float(rng.uniform(0.5, 1.0))
    picture = apply_ink(sheet, ink, darkness, float(rng.uniform(0, 0.5) * (rng.random() < 0.4)))
    if sheet.kind not in SCREENS:
        picture = photograph_sheet(picture, sample_shot(rng, line_width=0.08 * length), rng)[0]
    return picture if scale == drawn else _resize(picture, scale / drawn, rng)
