"""What two networks say of a mark on a page, put together: its class; and which side of a page is up.

All weights are fitted on synthetic documents by ``python -m benchmarks experts``.
"""

from __future__ import annotations

import numpy as np

from digits.shapes import Float32, Float64
from digits.types import Probabilities

CLASS_WEIGHTS = np.array([0.32, 0.56])
"""Of the logarithms of the model's and the finder's probabilities of a digit's classes."""

TURN_WEIGHTS = np.array([0.58, -0.04, 5.77, 2.46])
"""Of the model's confidence, the finder's directions, its confidence after a turn, and being as given: which side of a
page is up."""

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
