"""A picture of one digit → its probabilities: of all the ways to see it, the one that the model reads best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from digits.inference.model import Model
from digits.preprocessing import find_digit_inks, normalize
from digits.preprocessing.ink import Ink, Picture
from digits.shapes import Float32, Float64, UInt8
from digits.types import CLASSES, Probabilities

# The first way is enough where the model is as confident, and the polarity as certain (logarithm of its odds).
MIN_CONFIDENCE, MIN_POLARITY = 0.95, 1.0

CONFIDENCE_WEIGHT = 0.65  # of the confidence, fitted with `preprocessing.ink.POLARITY_WEIGHTS`
MAX_CONFIDENCE = 1 - 1e-4  # higher ones count as this


class SingleResult(NamedTuple):
    """The ink of the digit, in place; the image that the model received; and the probability of each class."""

    ink: Ink
    image: UInt8[np.ndarray, "28 28"]
    probabilities: Float32[np.ndarray, "10"]


def read_single(picture: Picture, model: Model) -> SingleResult:
    """Read a picture of one digit, grey or RGB; without ink, the image is all zeros and all classes are equal."""
    ways = find_digit_inks(picture)
    first = next(ways)
    image = normalize(first.ink)
    if image.any() and first.odds >= MIN_POLARITY:
        probabilities = model.calibrate(model.logits(image[None]))[0]
        if probabilities.max() >= MIN_CONFIDENCE:
            return SingleResult(first.ink, image, probabilities)
    seen = [(way, shown) for way in [first, *ways] if (shown := normalize(way.ink)).any()]
    if not seen:
        return SingleResult(first.ink, image, np.full(CLASSES, 1 / CLASSES, np.float32))
    read = model.calibrate(model.logits(np.stack([shown for _, shown in seen])))
    best = int((CONFIDENCE_WEIGHT * confidence_odds(read) + [way.odds for way, _ in seen]).argmax())
    return SingleResult(seen[best][0].ink, seen[best][1], read[best])


def confidence_odds(probabilities: Probabilities) -> Float64[np.ndarray, " n"]:
    """Give the logarithm of the odds of each row's confidence."""
    confidence = np.minimum(probabilities.max(1).astype(np.float64), MAX_CONFIDENCE)
    odds: Float64[np.ndarray, " n"] = np.log(confidence / (1 - confidence))
    return odds
