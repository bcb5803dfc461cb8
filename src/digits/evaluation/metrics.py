"""Scores from logits and labels: accuracy with its interval, likelihood, calibration, figures per class, confusions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from digits.errors import DataError
from digits.evaluation.calibration import check_pairs, expected_calibration_error, negative_log_likelihood
from digits.shapes import Float64, Int64
from digits.types import CLASSES, Labels, Logits, softmax

PARTS_WITHOUT_INTERVAL = ("train", "validation")
"""Parts that training or model selection used: their accuracy is biased, which an interval would hide."""


class PerClass(NamedTuple):
    """Precision, recall and F1 per class, 0–1, and the number of digits of each."""

    precision: Float64[np.ndarray, "10"]
    recall: Float64[np.ndarray, "10"]
    f1: Float64[np.ndarray, "10"]
    support: Int64[np.ndarray, "10"]


class Confusion(NamedTuple):
    """One kind of error: ``n`` digits of class ``truth`` were read as ``predicted``."""

    truth: int
    predicted: int
    n: int


@dataclass(frozen=True, eq=False)
class Score:
    """How well a model reads one set of digits.

    Attributes
    ----------
    accuracy
        Fraction of the digits read correctly, 0–1.
    interval95
        95 % confidence interval of the accuracy (Wilson), 0–1.
    n
        Number of digits scored.
    nll
        Mean negative log-likelihood in nats; 0 is perfect.
    ece
        Expected calibration error, 0–1; 0 is perfect.
    confusion
        Counts; rows are true classes, columns predicted ones.
    """

    accuracy: float
    interval95: tuple[float, float]
    n: int
    nll: float
    ece: float
    confusion: Int64[np.ndarray, "10 10"]

    @property
    def errors(self) -> int:
        """Number of digits read wrongly."""
        return self.n - int(np.trace(self.confusion))

    @property
    def per_class(self) -> PerClass:
        """Precision, recall, F1 and support of each class; 0.0 where a class has no predictions or no digits."""
        correct = np.diagonal(self.confusion).astype(np.float64)
        support, predicted = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        # the harmonic mean of precision and recall, written without their division by zero
        f1 = 2 * correct / np.maximum(support + predicted, 1)
        return PerClass(correct / np.maximum(predicted, 1), correct / np.maximum(support, 1), f1, support)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, as in ``results.json`` and ``digits evaluate --json``."""
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


def wilson_interval(correct: int, n: int) -> tuple[float, float]:
    """Return the limits, 0–1, of the 95 % interval of an accuracy: of ``correct`` among ``n`` digits, at least 1.

    This is the score interval of Wilson 1927, JASA 22:209–212, which holds near 0 and 1 where ± 2 sd does not.
    """
    if n < 1:
        raise DataError("an interval needs at least one digit: n is 0")
    if not 0 <= correct <= n:
        raise DataError(f"correct must be from 0 to {n}, not {correct}")
    z = 1.96  # the normal quantile of 95 %
    rate = correct / n
    scale = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / scale
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / scale
    # exactly 0 and 1 at the ends, which rounding would miss by 1e-17
    return (0.0 if correct == 0 else centre - half, 1.0 if correct == n else centre + half)


def largest_confusions(confusion: Int64[np.ndarray, "10 10"], limit: int = 5) -> list[Confusion]:
    """List the most frequent errors, largest count first; ties in the order of the classes."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    found = [Confusion(int(i) // CLASSES, int(i) % CLASSES, int(wrong.flat[i])) for i in order]
    return [pair for pair in found if pair.n]


def score(logits: Logits, labels: Labels, temperature: float = 1.0) -> Score:
    """Score logits against labels; the temperature affects ``nll`` and ``ece`` but not the predictions."""
    check_pairs("logits", logits, labels)
    pairs = labels.astype(np.int64) * CLASSES + logits.argmax(axis=1)
    confusion = np.bincount(pairs, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    correct, n = int(np.trace(confusion)), len(labels)
    return Score(
        accuracy=correct / n,
        interval95=wilson_interval(correct, n),
        n=n,
        nll=negative_log_likelihood(logits, labels, temperature),
        ece=expected_calibration_error(softmax(logits, temperature), labels),
        confusion=confusion,
    )


def pad_class_names(classes: Sequence[str]) -> list[str]:
    """Return ten names; where a data set has fewer classes, the others are called by their number."""
    return [*classes, *(str(k) for k in range(len(classes), CLASSES))][:CLASSES]


def format_table(rows: Mapping[str, Score]) -> str:
    """Format scores by name for the terminal, one line per set of digits."""
    lines: list[tuple[str, ...]] = [("", "digits", "accuracy", "errors", "NLL", "ECE", "95 % interval")]
    for name, row in rows.items():
        interval = "" if name in PARTS_WITHOUT_INTERVAL else "{:.2%} to {:.2%}".format(*row.interval95)
        figures = f"{row.n:,} {row.accuracy:.2%} {row.errors:,} {row.nll:.4f} {row.ece:.2%}"
        lines.append((name, *figures.split(), interval))
    return align(lines)


def describe(score: Score, classes: Sequence[str]) -> str:
    """Describe a score in full for the terminal: accuracy, figures per class, most frequent confusions."""
    low, high = score.interval95
    names = pad_class_names(classes)
    rows = [("class", "precision", "recall", "F1", "digits")]
    for k, (precision, recall, f1, support) in enumerate(zip(*score.per_class, strict=True)):
        if k < len(classes) or support:
            rows.append((names[k], f"{precision:.2%}", f"{recall:.2%}", f"{f1:.2%}", f"{support:,}"))
    lines = [
        f"accuracy {score.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}): "
        f"{score.errors:,} {'error' if score.errors == 1 else 'errors'} in {score.n:,} digits",
        f"NLL {score.nll:.4f}, calibration error (ECE) {score.ece:.2%}\n\n{align(rows)}",
    ]
    confusions = largest_confusions(score.confusion)
    lines += ["\nmost frequent confusions:"] if confusions else []
    lines += [f"  {names[truth]} read as {names[predicted]}: {n:,}" for truth, predicted, n in confusions]
    return "\n".join(lines)


def align(rows: Sequence[Sequence[str]]) -> str:
    """Align the first column of a table left and the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
    )
