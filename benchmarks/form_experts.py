"""How what two networks see in a box of a form is weighed: fitted on synthetic forms.

Four questions are answered by weighted sums of logarithms: which class a digit is, if the finder saw one, and if it did
not; whether one is there at all; and how often the networks are certain without reason. The weights make the right
answers most probable, and are copied into `digits.documents.forms.opinions`. The last is fitted to probabilities that
the other digits of the page have revised, by the weights of the package: after copying others, run it again.

    python -m benchmarks form-experts
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

import digits
from benchmarks.experts import fit_weights
from benchmarks.forms import fill, read
from benchmarks.results import Row
from digits.documents import MIN_PRESENCE
from digits.synthesis import RealDigits, synthesize_filled

SEEDS, PAGES = (72_000, 73_000), 100
"""Forms to fit with, and filled-in pages of each; those that `benchmarks.forms` reports have another seed."""

CLASS_NAMES = ("class: model", "class: finder", "class: model without walls")
ALONE_NAME = "class: model, where the finder saw nothing"
PRESENCE_NAMES = ("digit: constant", "digit: ink", "digit: seen by the finder", "digit: evidence of the finder")
SLIPS_NAME, MISSED_NAME = "certain without reason", "in a box that looks empty"

CLASSES = 10

MIN_VISIBLE = 0.5
"""Share of a digit that is seen, at least, to fit with it."""

SLIPS = np.arange(1, 41) / 4000
"""What is tried for the share of digits about which the networks are certain without reason."""


class Boxes(NamedTuple):
    """What was seen of m boxes, and the digit in each; -1 without one."""

    presence: np.ndarray  # [m, 4]
    seen: np.ndarray  # [m]
    classes: np.ndarray  # [m, 3, 10]
    revised: np.ndarray  # [m, 10]: class probabilities, revised by the page's other digits; 0 where none may be
    labels: np.ndarray  # [m]


def measure() -> Iterator[Row]:
    """Fit the weights, and give one row for each."""
    boxes = Boxes(*(np.concatenate(parts) for parts in zip(*see_pages(), strict=True)))
    is_digit = boxes.labels >= 0
    both, alone = is_digit & boxes.seen, is_digit & ~boxes.seen
    weights = fit_weights(boxes.classes[both], boxes.labels[both])
    yield from _rows(CLASS_NAMES, weights, int(both.sum()))
    yield from _rows((ALONE_NAME,), fit_weights(boxes.classes[alone, 2:], boxes.labels[alone]), int(alone.sum()))
    for case, mixed in (
        ("the model alone", boxes.classes[both, 0]), ("the finder alone", boxes.classes[both, 1]),
        ("the model without walls alone", boxes.classes[both, 2]),
        ("all", np.tensordot(weights, boxes.classes[both], (0, 1))),
        ("all, revised by the page", boxes.revised[both]),
    ):  # fmt: skip
        right = float((mixed.argmax(1) == boxes.labels[both]).mean())
        yield Row(case=f"class: {case}", metric="right", value=right, unit="share", n=int(both.sum()))
    # the log-odds of "no" are 0 whatever the weights
    asked = np.stack((np.zeros_like(boxes.presence), boxes.presence), axis=2)
    weights = fit_weights(asked, is_digit.astype(np.int64))
    yield from _rows(PRESENCE_NAMES, weights, len(is_digit))
    likely = boxes.presence @ weights
    right = float(((likely > 0) == is_digit).mean())
    yield Row(case="digit or not", metric="right", value=right, unit="share", n=len(is_digit))
    n, missed = int(is_digit.sum()), int((likely < np.log(MIN_PRESENCE / (1 - MIN_PRESENCE)))[is_digit].sum())
    # by Laplace's rule of succession: what was never seen may still be
    yield Row(case=MISSED_NAME, metric="weight", value=round((missed + 1) / (n + 2), 4), n=n)
    known = is_digit & (boxes.revised.max(1) > 0)
    yield Row(
        case=SLIPS_NAME, metric="weight", value=fit_slips(boxes.revised[known], boxes.labels[known]), n=int(known.sum())
    )


def see_pages() -> Iterator[Boxes]:
    """See the boxes of all pages that are found; digits that cannot be seen are left out."""
    from digits.data import split

    real, reader = RealDigits(split(digits.load_mnist().train)[1]), digits.Reader()
    for seed in SEEDS:
        filled = list(fill(seed, PAGES))
        pictures = synthesize_filled(((each.layout.blank, each.texts) for each in filled), seed, real=real)
        for each, picture in zip(filled, pictures, strict=True):
            truth = picture.document.truth
            for place, field in read(each.layout.free, picture, reader).boxes.items():
                opinions, text = field.opinions, each.texts[place]
                labels = np.array([-1 if digit == " " else int(digit) for digit in text])
                seen = {int(box) for box in truth.orders[(truth.lines == place) & (truth.visible >= MIN_VISIBLE)]}
                is_clear = np.array([digit == " " or box in seen for box, digit in enumerate(text)])
                revised = np.zeros((len(text), CLASSES))
                for run in field.found.runs:
                    revised[list(run.rows)] = run.classes
                if opinions:
                    whole = opinions.presence, opinions.seen, opinions.classes, revised, labels
                    yield Boxes(*(part[is_clear] for part in whole))


def fit_slips(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Find the share of digits for which the right answers are most probable, if all of them are equally so there."""
    right = probabilities[np.arange(len(labels)), labels]
    return float(max(SLIPS, key=lambda share: np.log((1 - share) * right + share / CLASSES).sum()))


def _rows(names: Sequence[str], weights: np.ndarray, n: int) -> Iterator[Row]:
    for name, value in zip(names, weights, strict=True):
        yield Row(case=name, metric="weight", value=round(float(value), 2), n=n)
