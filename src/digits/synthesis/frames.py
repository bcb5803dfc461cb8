"""The content of a picture of one digit: thick, thin or stretched ink, margins, and marks beside the digit."""

from __future__ import annotations

import cv2
import numpy as np

from digits.preprocessing import DigitImage
from digits.preprocessing.ink import Ink, levels_between

DRAWN_LENGTH = 60  # pixels; a digit is drawn large and shrunk afterwards, as scanners and drawing programs do

# Shares of the pictures:
TIGHT_SHARE = 0.4  # without margins: the ink touches the frame
CORNER_SHARE = 0.15  # on a canvas much larger than the digit
STRETCH_SHARE = 0.25  # with another aspect ratio
SQUARE_SHARE = 0.4  # of these, made square
THICK_SHARE, THIN_SHARE = 0.2, 0.1
FADED_SHARE, BLED_SHARE = 0.12, 0.12  # with ink that is pale in places, or has run into the paper
CUT_SHARE = 0.12  # with a part beyond the frame
LINE_SHARE = 0.12  # with a line at a side, as of a box
MARK_SHARE = 0.06  # with a dot or comma
NEIGHBOUR_SHARE = 0.08  # with a part of another digit

MARGINS = (0.02, 0.5)  # on each side, over the length of the ink, of pictures that are neither tight nor in a corner
CORNER_MARGINS = (0.0, 2.5)  # of pictures in a corner
MAX_CUT = 0.12  # over the length of the ink
STRETCHES = (0.5, 2.2)  # factors on the aspect
FADED_CELLS = 4  # along a side, between which the ink of faded digits is interpolated
LEAST_INK = (0.1, 0.7)  # shares of the ink that the palest place may keep
BLEEDING = (0.015, 0.05)  # standard deviation of the blur by which ink runs, over the length of the ink
BLED_LEVELS = (30, 150)  # grey above which blurred ink is ink, and how much darker full ink is
THICKENING, THINNING = (0.04, 0.14), (0.02, 0.05)  # what a line gains or loses in width, over the length of the ink


def vary_ink(ink: Ink, rng: np.random.Generator) -> Ink:
    """Cut ink out, make its line thicker or thinner, stretch it, and let it fade or bleed."""
    ink = _crop(ink)
    choice = rng.random()
    if choice < THICK_SHARE:
        width = max(round(rng.uniform(*THICKENING) * DRAWN_LENGTH), 2)
        ink = cv2.copyMakeBorder(ink, width, width, width, width, cv2.BORDER_CONSTANT)
        ink = _crop(cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))))
    elif choice < THICK_SHARE + THIN_SHARE:
        width = max(round(rng.uniform(*THINNING) * DRAWN_LENGTH), 2)
        thinner = cv2.erode(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
        # where little is left, the line was thin already
        if int(thinner.sum(dtype=np.int64)) * 3 > int(ink.sum(dtype=np.int64)):
            ink = _crop(thinner)
    if rng.random() < STRETCH_SHARE:
        height, width = ink.shape
        if rng.random() < SQUARE_SHARE:
            width = height = DRAWN_LENGTH
        else:
            width = max(round(width * float(np.exp(rng.uniform(*np.log(STRETCHES))))), 4)
        ink = cv2.resize(ink, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    choice = rng.random()
    if choice < FADED_SHARE:
        ink = _fade(ink, rng)
    elif choice < FADED_SHARE + BLED_SHARE:
        ink = _bleed(ink, rng)
    return ink


def frame_ink(ink: Ink, neighbour: DigitImage, rng: np.random.Generator) -> Ink:
    """Give ink its margins, and perhaps something else within the frame."""
    length = max(ink.shape)
    choice = rng.random()
    if choice < TIGHT_SHARE:
        margins = np.zeros(4)
    elif choice < TIGHT_SHARE + CORNER_SHARE:
        margins = rng.uniform(*CORNER_MARGINS, 4) * length
    else:
        margins = rng.uniform(*MARGINS, 4) * length
    margins = margins.astype(int)
    top, bottom, left, right = (int(each) for each in margins)
    framed: Ink = cv2.copyMakeBorder(ink, top, bottom, left, right, cv2.BORDER_CONSTANT)
    choice = rng.random()
    if choice < CUT_SHARE:
        framed = _cut(framed, margins, length, rng)
    elif choice < CUT_SHARE + LINE_SHARE:
        framed = _draw_box(framed, length, rng)
    elif choice < CUT_SHARE + LINE_SHARE + MARK_SHARE:
        framed = _write_mark(framed, length, rng)
    elif choice < CUT_SHARE + LINE_SHARE + MARK_SHARE + NEIGHBOUR_SHARE:
        framed = _write_neighbour(framed, neighbour, length, rng)
    return framed


def _fade(ink: Ink, rng: np.random.Generator) -> Ink:
    """Make ink pale in places, as of a pen that runs dry, or of old ink."""
    least = rng.uniform(*LEAST_INK)
    cells = np.rint(255 * rng.uniform(least, 1, (FADED_CELLS, FADED_CELLS))).astype(np.uint8)
    height, width = ink.shape
    kept = cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    faded: Ink = (ink.astype(np.uint16) * kept // 255).astype(np.uint8)
    return _crop(faded) if faded.any() else ink


def _bleed(ink: Ink, rng: np.random.Generator) -> Ink:
    """Let ink run into the paper: corners and small loops fill up."""
    margin = 4 * round(BLEEDING[1] * DRAWN_LENGTH)
    ink = cv2.copyMakeBorder(ink, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    blurred = cv2.GaussianBlur(ink, (0, 0), rng.uniform(*BLEEDING) * DRAWN_LENGTH)
    low, range_ = BLED_LEVELS
    return _crop(cv2.LUT(blurred, levels_between(rng.uniform(0, low), low + rng.uniform(0.3, 1) * range_)))


def _cut(framed: Ink, margins: np.ndarray, length: int, rng: np.random.Generator) -> Ink:
    """Move the frame on one side into the digit."""
    side = int(rng.integers(4))
    height, width = framed.shape
    depth = int(margins[side]) + max(round(rng.uniform(0.02, MAX_CUT) * length), 1)
    top, bottom, left, right = (depth if each == side else 0 for each in range(4))
    kept: Ink = framed[top : height - bottom, left : width - right]
    return kept if kept.any() else framed


def _draw_box(framed: Ink, length: int, rng: np.random.Generator) -> Ink:
    """Draw lines along one to four sides of the frame, with a little background between them and the digit."""
    gap = max(round(rng.uniform(0.04, 0.2) * length), 2)
    weight = max(round(rng.uniform(0.015, 0.06) * length), 1)
    sides = rng.random(4) < rng.uniform(0.3, 1)
    top, bottom, left, right = ((gap + weight) * bool(side) for side in sides)
    framed = cv2.copyMakeBorder(framed, top, bottom, left, right, cv2.BORDER_CONSTANT)
    height, width = framed.shape
    shade = int(rng.integers(100, 256))
    for side, rows, columns in zip(
        sides,
        (slice(0, weight), slice(height - weight, height), slice(0, height), slice(0, height)),
        (slice(0, width), slice(0, width), slice(0, weight), slice(width - weight, width)),
        strict=True,
    ):
        if side:
            framed[rows, columns] = shade
    return framed


def _write_mark(framed: Ink, length: int, rng: np.random.Generator) -> Ink:
    """Write a dot or a comma to the lower right."""
    size = max(round(rng.uniform(0.06, 0.12) * length), 2)
    gap = max(round(rng.uniform(0.1, 0.3) * length), 3)
    left, top, width, height = cv2.boundingRect(framed)
    right = max(gap + 3 * size - (framed.shape[1] - left - width), 0)
    bottom = max(2 * size - (framed.shape[0] - top - height), 0)
    framed = cv2.copyMakeBorder(framed, 0, bottom, 0, right, cv2.BORDER_CONSTANT)
    x, y = left + width + gap + size // 2, top + height - size // 2
    end = (x - size, y + 2 * size) if rng.random() < 0.5 else (x, y)
    cv2.line(framed, (x, y), end, 255, size)
    return framed


def _write_neighbour(framed: Ink, neighbour: DigitImage, length: int, rng: np.random.Generator) -> Ink:
    """Let a part of another digit reach into the frame from the left or the right."""
    other = _crop(neighbour)
    if not other.size:
        return framed
    other = cv2.resize(other, None, fx=length / 20, fy=length / 20, interpolation=cv2.INTER_LINEAR_EXACT)
    part = max(round(rng.uniform(0.08, 0.3) * other.shape[1]), 2)
    gap = max(round(rng.uniform(0.1, 0.3) * length), 3)
    is_left = rng.random() < 0.5
    piece = other[:, -part:] if is_left else other[:, :part]
    height = max(framed.shape[0], piece.shape[0])
    framed = cv2.copyMakeBorder(
        framed, 0, height - framed.shape[0], (part + gap) * is_left, (part + gap) * (not is_left), cv2.BORDER_CONSTANT
    )
    row = int(rng.integers(height - piece.shape[0] + 1))
    columns = slice(0, part) if is_left else slice(framed.shape[1] - part, framed.shape[1])
    framed[row : row + piece.shape[0], columns] = piece
    return framed


def _crop(ink: Ink) -> Ink:
    left, top, width, height = cv2.boundingRect(ink)
    return ink[top : top + height, left : left + width]
