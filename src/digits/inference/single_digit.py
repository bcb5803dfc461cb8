"""A picture of one digit → its probabilities, in the interpretation that the model reads best.

And whether a picture holds a single digit at all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from digits.inference.finder.finder import MIN_SCORE
from digits.inference.model import Model
from digits.inference.page import Page
from digits.preprocessing import DigitInk, find_digit_inks, normalize
from digits.preprocessing.ink import Picture
from digits.shapes import Float32, Float64, UInt8
from digits.types import CLASSES, Probabilities

# The first way is enough where the model is as confident, and the polarity as certain (logarithm of its odds).
MIN_CONFIDENCE, MIN_POLARITY = 0.95, 1.0

CONFIDENCE_WEIGHT = 0.39  # of the confidence, fitted with `preprocessing.single.LEVEL_ODDS`
MAX_CONFIDENCE = 1 - 1e-4  # higher ones count as this

# Whether a picture is of one digit; found on pictures of one digit, and on lines of two and three.
MAX_DROPPED = 0.02  # share of ink beside the digit
MAX_ASPECT = 1.1  # width over height of a digit
DOTS = ".,"  # signs that may as well be dirt


class SingleResult(NamedTuple):
    """The chosen interpretation, the image that the model received from it, and the probability of each class."""

    way: DigitInk
    image: UInt8[np.ndarray, "28 28"]
    probabilities: Float32[np.ndarray, "10"]

    @property
    def confidence(self) -> float:
        """Probability of the most probable class."""
        return float(self.probabilities.max())


def read_single(picture: Picture, model: Model) -> SingleResult:
    """Read a picture of one digit, grey or RGB; without ink, the image is all zeros and all classes are equal."""
    ways = find_digit_inks(picture)
    first = next(ways)
    image = normalize(first.ink)
    if image.any() and first.odds >= MIN_POLARITY:
        probabilities = model.calibrate(model.logits(image[None]))[0]
        if probabilities.max() >= MIN_CONFIDENCE:
            return SingleResult(first, image, probabilities)
    seen = [(way, shown) for way in [first, *ways] if (shown := normalize(way.ink)).any()]
    if not seen:
        return SingleResult(first, image, np.full(CLASSES, 1 / CLASSES, np.float32))
    read = model.calibrate(model.logits(np.stack([shown for _, shown in seen])))
    best = int((CONFIDENCE_WEIGHT * confidence_odds(read) + [way.odds for way, _ in seen]).argmax())
    return SingleResult(*seen[best], read[best])


def is_one_figure(result: SingleResult, threshold: float) -> bool:
    """Whether a picture clearly holds one digit and nothing else, so that reading it as a page is unnecessary."""
    way = result.way
    if result.confidence < max(threshold, MIN_CONFIDENCE) or way.dropped > MAX_DROPPED:
        return False
    _, _, width, height = way.box
    return way.is_as_on_pages and way.is_connected and width <= MAX_ASPECT * height


def is_figure(result: SingleResult) -> bool:
    """Whether a picture holds one figure and nothing else, digit or not, that does not touch the border."""
    left, top, width, height = result.way.box
    rows, columns = result.way.ink.shape
    is_inside = left > 0 and top > 0 and left + width < columns and top + height < rows
    return bool(width) and is_inside and result.way.is_connected and result.way.dropped <= MAX_DROPPED


def is_one_digit(result: SingleResult, page: Page, threshold: float) -> bool:
    """Whether a picture that was read as one digit is one, given what the finder sees on it.

    It is if the finder sees at most one digit or sign, and that in its place; a dot may be beside it. Several in its
    place are parts of one if its ink is connected and no wider than a digit.
    """
    way = result.way
    if result.confidence < threshold:
        return False
    left, top, width, height = way.box
    rows, columns = way.ink.shape
    low, sides = np.array([left, top]), np.array([width, height])
    is_dot = np.isin(page.marks.labels, [page.classes.index(each) for each in DOTS if each in page.classes])
    scale = np.array([columns / page.shape[1], rows / page.shape[0]])
    centres = scale * page.marks.centres[(page.marks.scores >= MIN_SCORE) & ~is_dot]
    if not ((centres >= low) & (centres <= low + sides)).all():
        return False
    return len(centres) <= 1 or (
        result.confidence >= MIN_CONFIDENCE and width <= MAX_ASPECT * height and way.is_connected
    )


def confidence_odds(probabilities: Probabilities) -> Float64[np.ndarray, " n"]:
    """Give the logarithm of the odds of each row's confidence."""
    confidence = np.minimum(probabilities.max(1).astype(np.float64), MAX_CONFIDENCE)
    odds: Float64[np.ndarray, " n"] = np.log(confidence / (1 - confidence))
    return odds
