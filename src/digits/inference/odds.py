"""What two networks say of a mark on a page, put together: its class, whether it is a digit, and whose.

All weights are fitted on synthetic documents by ``python -m benchmarks experts``.
"""

from __future__ import annotations

import numpy as np

from digits.inference.finder import Marks
from digits.inference.finder.finder import MIN_SCORE
from digits.inference.finder.lines import digit_sizes
from digits.shapes import Bool, Float32, Float64
from digits.types import CLASSES, Probabilities

CLASS_WEIGHTS = np.array([0.32, 0.42])
"""Of the logarithms of the model's and the finder's probabilities of a digit's classes."""

DIGIT_WEIGHTS = np.array([-1.06, 1.57, 0.23, 0.13])
"""Of 1, a mark's score, the confidence in its class, and its neighbours' scores: whether it is a digit."""

HAND_WEIGHTS = np.array([0.1, 2.23, 1.12])
"""Of 1, a mark's probability of being handwritten, and its neighbours': whether it is."""

TURN_WEIGHTS = np.array([0.73, 0.14, 4.05, 2.1])
"""Of the model's confidence, the finder's directions, its confidence after a turn, and being as given: which side of a
page is up."""

MIN_SIGN_SCORE = 0.58
"""Score from which on a sign is read, where the fewest are missed or invented."""

NEIGHBOURS, MAX_RATIO = 3, 2.0
"""The nearest clear marks whose sizes differ by at most this factor: probably by the same hand or printer."""

MAX_ODDS = 7.0
"""Logarithms beyond this count as this, so that no network is infinitely sure."""


def log_odds(probabilities: Float32[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Compute the logarithm of the odds, at most `MAX_ODDS`."""
    with np.errstate(divide="ignore"):
        values = np.log(probabilities.astype(np.float64)) - np.log1p(-probabilities.astype(np.float64))
    odds: Float64[np.ndarray, " n"] = values.clip(-MAX_ODDS, MAX_ODDS)
    return odds


def mix(by_model: Float32[np.ndarray, "m 10"], by_finder: Float32[np.ndarray, "m 10"]) -> Probabilities:
    """Combine the log-probabilities of both networks, as a product of experts (Hinton 1999).

    The weights make up for what both see alike.
    """
    mixed = CLASS_WEIGHTS[0] * by_model + CLASS_WEIGHTS[1] * by_finder
    mixed = np.exp(mixed - mixed.max(1, keepdims=True, initial=-np.inf))
    probabilities: Probabilities = (mixed / mixed.sum(1, keepdims=True)).astype(np.float32)
    return probabilities


def digit_evidence(marks: Marks, probabilities: Probabilities) -> Float64[np.ndarray, "m 4"]:
    """Give what `DIGIT_WEIGHTS` weigh, for each digit among the marks, given its class probabilities."""
    scores = log_odds(marks.scores)
    nearby = _mean_of_neighbours(marks, scores)
    rows = np.flatnonzero(marks.labels < CLASSES)
    confidence = log_odds(probabilities.max(1, initial=0))
    return np.stack((np.ones(len(rows)), scores[rows], confidence, nearby[rows]), axis=1)


def hand_evidence(marks: Marks) -> Float64[np.ndarray, "n 3"]:
    """Give what `HAND_WEIGHTS` weigh, for each mark."""
    mine = log_odds(marks.handwritten)
    return np.stack((np.ones(len(marks)), mine, _mean_of_neighbours(marks, mine)), axis=1)


def is_print(marks: Marks) -> Bool[np.ndarray, " n"]:
    """Say which marks are more probably printed than handwritten."""
    printed: Bool[np.ndarray, " n"] = hand_evidence(marks) @ HAND_WEIGHTS < 0
    return printed


def _mean_of_neighbours(marks: Marks, values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Average values over each mark's neighbours, by their scores; 0 for one that is alone."""
    if len(marks) < 2:
        return np.zeros(len(marks))
    sizes, centres = digit_sizes(marks).astype(np.float64), marks.centres.astype(np.float64)
    is_unclear, means = marks.scores < MIN_SCORE, np.zeros(len(marks))
    for row in range(len(marks)):
        distances = np.hypot(*(centres - centres[row]).T)
        distances[np.maximum(sizes, sizes[row]) > MAX_RATIO * np.minimum(sizes, sizes[row])] = np.inf
        distances[is_unclear] = distances[row] = np.inf
        nearest = np.argsort(distances, kind="stable")[:NEIGHBOURS]
        nearest = nearest[np.isfinite(distances[nearest])]
        if len(nearest):
            means[row] = np.average(values[nearest], weights=marks.scores[nearest])
    return means
