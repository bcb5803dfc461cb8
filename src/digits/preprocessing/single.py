"""A picture of one digit → the digit: which of its ink belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from digits.preprocessing.ink import (
    Evidence,
    Ink,
    Picture,
    label_components,
    polarity_evidence,
    prepare_digit,
    quantile,
    stretch_ink,
    subtract_ground,
    subtract_level,
    weigh_polarity,
)
from digits.preprocessing.normalization import DigitImage, normalize

HALF_INK = 127  # grey above which ink is more than an edge
MIN_SHARE = 0.05  # of the main component's score; less is a speck, a digit's own bars and dots are larger
BORDER_WEIGHT = 0.35  # of ink at the border, which is probably the edge of something else
LINE_WEIGHT = 0.1  # of a straight line across the whole picture, which is probably printed

# A frame: rows or columns along the border, this full of ink, no further inside than this share of the picture.
MIN_FRAME_INK, MAX_FRAME_WIDTH = 0.85, 0.15

# Logarithms of odds, fitted by `python -m benchmarks hypotheses`: that one background grey for the whole picture shows
# the digit, that a frame is not a part of it, and that ink as wide as background was overlooked.
LEVEL_ODDS, FRAME_ODDS, OVERLOOKED_WEIGHT = 1.71, -0.74, -2.28


@dataclass(frozen=True, eq=False)
class DigitInk:
    """One interpretation of a picture of one digit.

    Attributes
    ----------
    ink
        The digit's ink, in place.
    is_light
        Whether ink is lighter than the background.
    polarity_evidence
        Evidence for this polarity, as `ink.polarity_evidence` measures it; with opposite signs for dark ink.
    has_level_ground
        Whether one background grey was found for the whole picture, rather than one for each place.
    is_unframed
        Whether a frame was removed.
    overlooked
        Pixels that are background here, but no lighter than the ink is, over the number of inked pixels; at most 1. Of
        a blot wider than the window for the background, only the rim is ink here.
    dropped
        Share of the inked pixels that are left out as specks, borders and lines.
    """

    ink: Ink
    is_light: bool = False
    polarity_evidence: Evidence = (0.0, 0.0, 0.0, 0.0)
    has_level_ground: bool = False
    is_unframed: bool = False
    overlooked: float = 0.0
    dropped: float = 0.0

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the ink."""
        left, top, width, height = cv2.boundingRect(self.ink)
        return left, top, width, height

    @property
    def is_connected(self) -> bool:
        """Whether the ink is one component."""
        return cv2.connectedComponents(self.ink, connectivity=8)[0] == 2

    @property
    def is_as_on_pages(self) -> bool:
        """Whether a page would be read with this polarity: pages go by skewness alone, whatever their border is."""
        wide, narrow, *_ = self.polarity_evidence
        return max(wide, narrow, key=abs) >= 0

    @property
    def polarity_odds(self) -> float:
        """Logarithm of the odds that this polarity is the right one, before anything is read."""
        return weigh_polarity(self.polarity_evidence)

    @property
    def odds(self) -> float:
        """Logarithm of the odds that this interpretation is the right one, before anything is read."""
        return (
            self.polarity_odds
            + LEVEL_ODDS * self.has_level_ground
            + FRAME_ODDS * self.is_unframed
            + OVERLOOKED_WEIGHT * self.overlooked
        )


def extract_digit(picture: Picture) -> DigitImage:
    """Extract the one digit in a picture as MNIST would have it.

    Its main component is large and near the middle; other components of some size, such as the bar of a 5, belong to
    it too.

    Parameters
    ----------
    picture
        Grey or RGB.

    Returns
    -------
    The digit, bright on 0; all zeros when there is no ink.

    Raises
    ------
    DataError
        When the picture is not ``uint8[h, w]`` or ``uint8[h, w, 3]``.
    """
    return normalize(find_digit_ink(picture))


def extract_digit_on_bands(grey: Ink, axis: int) -> DigitImage:
    """Extract the one digit from a banded background, such as striped paper, with dark or light ink on each band.

    `axis` is 0 for vertical bands, 1 for horizontal ones; the median along it is their background.
    """
    ground = np.median(grey, axis=axis, keepdims=True)
    contrast = np.abs(grey - ground).astype(np.uint8)
    return normalize(stretch_ink(contrast, np.zeros_like(contrast)))


def find_digit_ink(picture: Picture) -> Ink:
    """Find the ink of the one digit in a picture, in place, without specks, borders and printed lines.

    Shrunk and enlarged as `find_ink` does; otherwise as `extract_digit`.
    """
    return next(find_digit_inks(picture)).ink


def find_digit_inks(picture: Picture) -> Iterator[DigitInk]:
    """Find the ink in every interpretation of a picture of one digit; errors as `extract_digit`.

    Ink may be dark or light; the background local or one grey for all; a frame a part of the digit or not. The first
    interpretation is the most usual one, and `find_digit_ink` returns its ink.
    """
    grey = prepare_digit(picture)
    if not grey.size:
        yield DigitInk(grey)
        return
    light = polarity_evidence(grey)
    is_usually_light = weigh_polarity(light) > 0
    for is_light in (is_usually_light, not is_usually_light):
        evidence = light if is_light else (-light[0], -light[1], -light[2], -light[3])
        for has_level_ground, subtract in enumerate((subtract_ground, subtract_level)):
            turned = 255 - grey if is_light else grey
            ink = stretch_ink(*subtract(turned))
            overlooked = _measure_overlooked(turned, ink)
            unframed = _remove_frame(ink)
            total = max(cv2.countNonZero(ink), 1)
            for is_unframed, part in ((False, ink), (True, unframed))[: 1 + (unframed is not ink)]:
                kept = _choose_components(part)
                dropped = 1 - cv2.countNonZero(kept) / total
                yield DigitInk(kept, is_light, evidence, bool(has_level_ground), is_unframed, overlooked, dropped)


def _measure_overlooked(grey: Ink, ink: Ink) -> float:
    """Measure what `DigitInk.overlooked` is, of dark ink; the median of full ink says how dark ink is."""
    n = cv2.countNonZero(ink)
    if not n:
        return 0.0
    full = (ink > HALF_INK).astype(np.uint8)
    counts = cv2.calcHist([grey], [0], full, [256], [0, 256]).ravel().astype(np.int64)
    return min(np.count_nonzero((grey <= quantile(counts, 0.5)) & (ink == 0)) / n, 1.0)


def _remove_frame(ink: Ink) -> Ink:
    """Remove rows and columns full of ink along the border; the ink itself where there are none."""
    kept = ink
    for side in range(4):
        # rows from the top, columns from the right, rows from the bottom, columns from the left
        rows = (kept, kept.T[::-1], kept[::-1], kept.T)[side]
        if np.count_nonzero(rows[0]) <= MIN_FRAME_INK * rows.shape[1]:
            continue  # as nearly always, and counting all that may be a frame takes long
        full = np.count_nonzero(rows[: round(MAX_FRAME_WIDTH * len(rows)) + 1], axis=1) > MIN_FRAME_INK * rows.shape[1]
        width = 0 if full.all() else int(full.argmin())  # ink that is wider is no frame
        if width:
            kept = kept.copy()
            (kept, kept.T[::-1], kept[::-1], kept.T)[side][:width] = 0
    return kept


def _choose_components(ink: Ink) -> Ink:
    """Keep the main component, large and near the middle, and those that may be parts of it."""
    # usually there is a single component, and counting is faster than measuring
    left, top, width, height = cv2.boundingRect(ink)
    if not width or cv2.connectedComponents(ink[top : top + height, left : left + width], connectivity=8)[0] < 3:
        return ink
    count, labels, boxes, centres = label_components(ink)
    height, width = ink.shape
    x, y, wide, high = (boxes[1:, column] for column in range(4))
    amount = np.bincount(labels.ravel(), ink.ravel(), count)[1:]
    distance = ((centres[1:] / (width, height) - 0.5) ** 2).sum(1)
    at_border = (x == 0) | (y == 0) | (x + wide == width) | (y + high == height)
    is_line = ((wide > 0.9 * width) & (high < 0.12 * height)) | ((high > 0.9 * height) & (wide < 0.06 * width))
    score = amount * np.exp(-4 * distance) * np.where(at_border, BORDER_WEIGHT, 1) * np.where(is_line, LINE_WEIGHT, 1)
    main = score.argmax()
    keep = (score > MIN_SHARE * score[main]) & ~is_line
    keep[main] = True
    kept: Ink = ink * np.concatenate(([False], keep))[labels].astype(np.uint8)
    return kept
