"""Calibration: how well confidence matches accuracy.

A network is calibrated when, of all digits it reads with 90 % confidence, 90 % are correct. The measures and
temperature scaling follow Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from digits.errors import DataError, UsageError
from digits.shapes import Float32, Float64, Int64
from digits.types import CLASSES, Labels, Logits, Probabilities, log_softmax

TEMPERATURE_RANGE = (0.05, 20.0)
"""Bounds of the search; outside, the network is not miscalibrated but broken."""


@dataclass(frozen=True, eq=False)
class ReliabilityBins:
    """Digits grouped by confidence into bins of equal width.

    Attributes
    ----------
    edges
        Edges of the bins, 0–1; bin ``i`` holds confidences in ``(edges[i], edges[i + 1]]``.
    count
        Number of digits in each bin.
    confidence, accuracy
        Mean of each bin, 0–1; 0 where the bin is empty.
    """

    edges: Float64[np.ndarray, "edges"]
    count: Int64[np.ndarray, "bins"]
    confidence: Float64[np.ndarray, "bins"]
    accuracy: Float64[np.ndarray, "bins"]


def negative_log_likelihood(logits: Logits, labels: Labels, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood of the true classes (cross-entropy) in nats; 0 is perfect, 2.3 is chance."""
    check_pairs("logits", logits, labels)
    return float(-log_softmax(logits, temperature)[np.arange(len(labels)), labels].mean())


def reliability_bins(probabilities: Probabilities, labels: Labels, bins: int = 15) -> ReliabilityBins:
    """Group digits by confidence, the largest probability, into bins of equal width (Guo et al. 2017, section 2)."""
    check_pairs("probabilities", probabilities, labels)
    if bins < 1:
        raise UsageError(f"a reliability diagram needs at least 1 bin, not {bins}")
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    index = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    filled = np.maximum(count, 1)
    return ReliabilityBins(
        edges=edges,
        count=count.astype(np.int64),
        confidence=np.bincount(index, confidence, minlength=bins) / filled,
        accuracy=np.bincount(index, correct, minlength=bins) / filled,
    )


def expected_calibration_error(probabilities: Probabilities, labels: Labels, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over bins of equal width, 0–1 (Guo et al. 2017, equation 3)."""
    found = reliability_bins(probabilities, labels, bins)
    return float(np.sum(found.count * np.abs(found.accuracy - found.confidence)) / len(labels))


def fit_temperature(logits: Logits, labels: Labels) -> float:
    """Find the temperature with the lowest negative log-likelihood (Guo et al. 2017, section 4.2).

    The negative log-likelihood is convex in 1/T, so it has a single minimum in log T, which golden-section search
    (Kiefer 1953) finds within 0.05–20. Fit it on validation digits, never on the test set. It is 1 where every
    prediction is correct, since ever smaller temperatures would fit ever better, and where none improves on 1.
    """
    check_pairs("logits", logits, labels)
    if np.all(logits.argmax(axis=1) == labels):
        return 1.0

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(logits, labels, math.exp(log_temperature))

    ratio = (math.sqrt(5) - 1) / 2
    low, high = (math.log(limit) for limit in TEMPERATURE_RANGE)
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    loss_left, loss_right = loss(left), loss(right)
    while high - low > 1e-5:
        if loss_left <= loss_right:
            high, right, loss_right = right, left, loss_left
            left = high - ratio * (high - low)
            loss_left = loss(left)
        else:
            low, left, loss_left = left, right, loss_right
            right = low + ratio * (high - low)
            loss_right = loss(right)
    best = (low + high) / 2
    return math.exp(best) if loss(best) < loss(0.0) else 1.0


def check_pairs(name: str, rows: Float32[np.ndarray, "n 10"], labels: Labels) -> None:
    """Raise `DataError` unless there are digits, each with a row of ten finite numbers and a label."""
    if rows.ndim != 2 or rows.shape[1] != CLASSES:
        raise DataError(f"{name} must be [n, {CLASSES}], one row per digit, not {list(rows.shape)}")
    if len(rows) != len(labels):
        raise DataError(f"{len(rows)} rows of {name} but {len(labels)} labels: pass one label per row")
    if not len(rows):
        raise DataError("no digits to score: pass at least one labelled digit")
    if not np.isfinite(rows).all():
        raise DataError(f"{name} hold values that are not finite: the network is broken, train it again")
    if labels.max() >= CLASSES:
        raise DataError(f"labels must be 0–{CLASSES - 1}; the largest is {labels.max()}")
