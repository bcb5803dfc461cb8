"""A picture of one digit → its probabilities, in the interpretation that the model reads best.

And whether a picture holds a single digit at all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from digits.inference.model import Model
from digits.inference.page import PageResult, accept_digits
from digits.preprocessing import DigitInk, find_digit_inks, normalize
from digits.preprocessing.ink import Picture
from digits.shapes import Float32, Float64, UInt8
from digits.types import CLASSES, Probabilities

# The first way is enough where the model is as confident, and the polarity as certain (logarithm of its odds).
MIN_CONFIDENCE, MIN_POLARITY = 0.95, 1.0

CONFIDENCE_WEIGHT = 0.65  # of the confidence, fitted with `preprocessing.ink.POLARITY_WEIGHTS`
MAX_CONFIDENCE = 1 - 1e-4  # higher ones count as this

# Whether a picture is of one digit; found on pictures of one digit, and on lines of two and three.
MAX_DROPPED = 0.02  # share of ink beside the digit
MAX_ASPECT, MAX_ASPECT_ALONE = 1.1, 0.6  # width over height of a digit, and of what is too narrow for two
MIN_INSIDE = 0.5  # share of a candidate's box inside the digit's, above which it is part of the digit
MIN_LARGE_HEIGHT = 0.45  # of a candidate outside the digit: heights of the digit


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
    if result.confidence < threshold or way.dropped > MAX_DROPPED:
        return False
    _, _, width, height = way.box
    if not way.is_as_on_pages or not way.is_connected:
        return False
    is_narrow = width <= MAX_ASPECT_ALONE * height
    return is_narrow or (result.confidence >= MIN_CONFIDENCE and width <= MAX_ASPECT * height)


def is_one_digit(result: SingleResult, page: PageResult, threshold: float) -> bool:
    """Whether a picture that was read as one digit and as an upright page is one of a digit.

    It is if the page has at most one digit in its place, nothing else nearly as large, and at most one other small
    candidate, which may be a dot. Where the model is not certain of the digit, its ink must be connected: rejected
    parts may be a page on its side. Several digits of the page are parts of one if their ink is connected, and the
    model is more confident in the whole than in the parts.
    """
    way, confidence = result.way, result.confidence
    if confidence < threshold:
        return False
    left, top, width, height = way.box
    rows, columns = way.ink.shape
    scales = np.array([columns / page.shape[1], rows / page.shape[0]] * 2)
    parts, others = list[float](), 0
    for line, line_height in page.lines:
        for found, accepted in zip(line, accept_digits(line, line_height, threshold), strict=True):
            x, y, wide, high = (scales * found.candidate.box).tolist()
            across = min(x + wide, left + width) - max(x, left)
            down = min(y + high, top + height) - max(y, top)
            if max(across, 0) * max(down, 0) < MIN_INSIDE * wide * high:
                # a line of a form may look like a digit, but the border cuts it off
                is_cut = x < 1 or y < 1 or x + wide > columns - 1 or y + high > rows - 1
                if is_cut and confidence >= MIN_CONFIDENCE:
                    continue
                others += accepted
                if high > MIN_LARGE_HEIGHT * height or others > 1:
                    return False
            elif accepted:
                parts.append(float(found.probabilities.max()))
    is_best, is_high = confidence >= min(parts, default=0.0), width <= MAX_ASPECT * height
    is_certain = confidence >= MIN_CONFIDENCE
    if len(parts) <= 1:
        return is_certain or (way.is_connected and (is_best or is_high))
    return is_certain and is_best and is_high and way.is_as_on_pages and way.is_connected


def confidence_odds(probabilities: Probabilities) -> Float64[np.ndarray, " n"]:
    """Give the logarithm of the odds of each row's confidence."""
    confidence = np.minimum(probabilities.max(1).astype(np.float64), MAX_CONFIDENCE)
    odds: Float64[np.ndarray, " n"] = np.log(confidence / (1 - confidence))
    return odds
