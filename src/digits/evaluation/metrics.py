"""Scores from logits and true labels: accuracy with its interval, likelihood, calibration, classes, confusions.

Calibration stands in :mod:`digits.evaluation.calibration`; its functions are found here too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from digits.errors import DataError
from digits.evaluation.calibration import (
    ReliabilityBins,
    check_pairs,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability_bins,
)
from digits.shapes import Float64, Int64, Integer
from digits.types import CLASSES, Labels, Logits, softmax

__all__ = [
    "Confusion",
    "PerClass",
    "ReliabilityBins",
    "Score",
    "accuracy",
    "biggest_confusions",
    "class_names",
    "confusion_matrix",
    "describe",
    "expected_calibration_error",
    "fit_temperature",
    "negative_log_likelihood",
    "per_class",
    "reliability_bins",
    "score",
    "table",
    "wilson_interval",
]

CHOSEN_WITH = ("train", "validation")
"""Sets that learning or choosing saw: an interval about them would promise what it cannot keep."""


class PerClass(NamedTuple):
    """How well each class is read: fractions 0–1 in the order of the labels, and the digits each has."""

    precision: Float64[np.ndarray, "10"]
    recall: Float64[np.ndarray, "10"]
    f1: Float64[np.ndarray, "10"]
    support: Int64[np.ndarray, "10"]


class Confusion(NamedTuple):
    """One way to be wrong: a digit of class ``truth`` was read as ``answer``, so many times."""

    truth: int
    answer: int
    times: int


@dataclass(frozen=True, eq=False)
class Score:
    """How well a network reads one set of digits.

    Attributes
    ----------
    accuracy
        Fraction of the digits read right, 0–1.
    interval95
        Where that fraction would lie for many more digits of this kind (Wilson), 0–1.
    n
        Digits scored.
    nll
        Mean negative log-likelihood in nats, 0 is perfect.
    ece
        Expected calibration error, 0–1, 0 is perfect.
    confusion
        Counts, rows are the truth, columns the answers.
    """

    accuracy: float
    interval95: tuple[float, float]
    n: int
    nll: float
    ece: float
    confusion: Int64[np.ndarray, "10 10"]

    @property
    def per_class(self) -> PerClass:
        """Precision, recall, F1 and support of each class."""
        return per_class(self.confusion)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, as ``results.json`` and ``digits evaluate --json`` show them."""
        return {
            "accuracy": self.accuracy,
            "interval95": list(self.interval95),
            "n": self.n,
            "nll": self.nll,
            "ece": self.ece,
            "per_class": [
                {"class": k, "precision": float(p), "recall": float(r), "f1": float(f), "support": int(s)}
                for k, (p, r, f, s) in enumerate(zip(*self.per_class, strict=True))
            ],
            "confusion": self.confusion.tolist(),
        }


def accuracy(labels: Integer[np.ndarray, "n"], predictions: Integer[np.ndarray, "n"]) -> float:
    """Fraction of the answers that are right, 0–1."""
    _check_answers(labels, predictions)
    return float(np.mean(labels == predictions))


def wilson_interval(correct: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Score interval of a proportion (Wilson 1927, JASA 22:209–212); holds near 0 and 1 where ± 2 sd does not.

    Parameters
    ----------
    correct
        Digits read right, 0–n.
    n
        Digits tried, at least 1.
    z
        Normal quantile: 1.96 for 95 %.

    Returns
    -------
    Lower and upper limit, 0–1.
    """
    if n < 1:
        raise DataError("an interval needs at least one digit")
    if not 0 <= correct <= n:
        raise DataError(f"{correct} right answers out of {n} cannot be")
    rate = correct / n
    scale = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / scale
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / scale
    # the limits of none and of all are exactly 0 and 1, which rounding would miss by 1e-17
    return (0.0 if correct == 0 else centre - half, 1.0 if correct == n else centre + half)


def confusion_matrix(
    labels: Integer[np.ndarray, "n"], predictions: Integer[np.ndarray, "n"]
) -> Int64[np.ndarray, "10 10"]:
    """Count every pair of truth (rows) and answer (columns)."""
    _check_answers(labels, predictions)
    pairs = labels.astype(np.int64) * CLASSES + predictions.astype(np.int64)
    return np.bincount(pairs, minlength=CLASSES**2).astype(np.int64).reshape(CLASSES, CLASSES)


def per_class(confusion: Int64[np.ndarray, "10 10"]) -> PerClass:
    """Precision, recall, F1 and support of each class; 0.0 where a class has no answers or no digits to divide by."""
    right = np.diagonal(confusion).astype(np.float64)
    support, answered = confusion.sum(axis=1), confusion.sum(axis=0)
    precision = right / np.maximum(answered, 1)
    recall = right / np.maximum(support, 1)
    # F1 is the harmonic mean of the two, written without their division by zero
    return PerClass(precision, recall, 2 * right / np.maximum(support + answered, 1), support)


def biggest_confusions(confusion: Int64[np.ndarray, "10 10"], most: int = 5) -> list[Confusion]:
    """Ways to be wrong that happened, most frequent first; equals in the order of the classes."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    found = [Confusion(int(i) // CLASSES, int(i) % CLASSES, int(wrong.flat[i])) for i in order]
    return [pair for pair in found if pair.times]


def score(logits: Logits, labels: Labels, temperature: float = 1.0) -> Score:
    """Score logits against the truth; the temperature moves ``nll`` and ``ece`` and leaves the answers as they are."""
    check_pairs("logits", logits, labels)
    predictions = logits.argmax(axis=1)
    return Score(
        accuracy=accuracy(labels, predictions),
        interval95=wilson_interval(int(np.sum(predictions == labels)), len(labels)),
        n=len(labels),
        nll=negative_log_likelihood(logits, labels, temperature),
        ece=expected_calibration_error(softmax(logits, temperature), labels),
        confusion=confusion_matrix(labels, predictions),
    )


def class_names(classes: Sequence[str]) -> list[str]:
    """Ten names, the number itself where a data set has fewer classes."""
    return [*classes, *(str(k) for k in range(len(classes), CLASSES))][:CLASSES]


def table(rows: Mapping[str, Score]) -> str:
    """Scores side by side for the terminal, a line per set of digits.

    Parameters
    ----------
    rows
        Scores by name, in the order to show. ``train`` and ``validation`` get no interval: learning and choosing
        saw them.
    """
    lines = [("", "digits", "accuracy", "mistakes", "NLL", "ECE", "95 % interval")]
    for name, row in rows.items():
        low, high = row.interval95
        lines.append(
            (
                name,
                f"{row.n:,}",
                f"{row.accuracy:.2%}",
                f"{row.n - int(np.trace(row.confusion)):,}",
                f"{row.nll:.4f}",
                f"{row.ece:.2%}",
                "" if name in CHOSEN_WITH else f"{low:.2%} to {high:.2%}",
            )
        )
    return _aligned(lines)


def describe(score: Score, classes: Sequence[str]) -> str:
    """Tell a score in full for the terminal: the accuracy, every class, the biggest confusions."""
    low, high = score.interval95
    mistakes = score.n - int(np.trace(score.confusion))
    names = class_names(classes)
    rows = [("class", "precision", "recall", "F1", "digits")]
    for k, (precision, recall, f1, support) in enumerate(zip(*score.per_class, strict=True)):
        if k < len(classes) or support:
            rows.append((names[k], f"{precision:.2%}", f"{recall:.2%}", f"{f1:.2%}", f"{support:,}"))
    confusions = [
        f"  {names[found.truth]} read as {names[found.answer]}: {found.times:,}"
        for found in biggest_confusions(score.confusion)
    ]
    return "\n".join(
        [
            f"accuracy {score.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}): "
            f"{mistakes:,} {'mistake' if mistakes == 1 else 'mistakes'} in {score.n:,} digits",
            f"NLL {score.nll:.4f}, calibration error (ECE) {score.ece:.2%}",
            "",
            _aligned(rows),
            *(["", "most frequent confusions:", *confusions] if confusions else []),
        ]
    )


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _check_answers(labels: Integer[np.ndarray, "n"], predictions: Integer[np.ndarray, "n"]) -> None:
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise DataError(f"{list(predictions.shape)} answers and {list(labels.shape)} labels: give one answer a label")
    if not len(labels):
        raise DataError("no digits to judge: give at least one labelled digit")
    for name, values in (("labels", labels), ("answers", predictions)):
        if values.min() < 0 or values.max() >= CLASSES:
            raise DataError(f"{name} must be 0–{CLASSES - 1}; these reach from {values.min()} to {values.max()}")
