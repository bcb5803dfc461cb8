"""How what two networks see on a page is weighed: fitted on synthetic documents.

The model sees the ink in a digit's box, and the finder the place where it stands. Four questions are answered by
weighted sums of logarithms, whose weights make the right answers most probable, for both shipped models at once: which
class a digit is, whether it is one at all, whether somebody wrote it, and which side of the page is up. They are copied
into `digits.inference.odds`. The score from which on the finder alone takes something for a mark is the one at which
the fewest digits are missed or invented; it is copied into `digits.inference.finder.finder`.

    python -m benchmarks experts
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

import digits
from benchmarks.finding import match
from benchmarks.results import Row
from benchmarks.single_digits import MODELS
from digits.inference import (
    Finder,
    digit_evidence,
    find_page,
    hand_evidence,
    judge_turns,
    load_finder,
    mix,
    seen_by,
)
from digits.synthesis import LAYOUTS, Document, RealDigits, synthesize_documents

DOCUMENTS, SEED = 200, 50_000
"""Documents to fit with: of the layouts and fonts that were learned from, written with digits that were not."""

CLASS_NAMES = ("class: model", "class: finder")
DIGIT_NAMES = ("digit: constant", "digit: score", "digit: confidence", "digit: neighbours' scores")
HAND_NAMES = ("hand: constant", "hand: own probability", "hand: neighbours' probabilities")
TURN_NAMES = ("side: confidence of the model", "side: directions of the finder", "side: as given")
SCORES = np.arange(0.1, 0.6, 0.02)
"""Scores to choose from."""

PENALTY = 1e-4
"""On the squares of the weights: where no document contradicts, they stay finite."""

MIN_VISIBLE, MIN_SIZE = 0.5, 10
"""As in `benchmarks.finding`: what counts as missed."""


def measure() -> Iterator[Row]:
    """Fit the weights, and give one row for each; and how many digits are right by one network, and by both."""
    from digits.data import split

    real = RealDigits(split(digits.load_mnist().train)[1])
    made = synthesize_documents(SEED, real=real, layouts=LAYOUTS, held_out_fonts=False)
    documents = list(islice(made, DOCUMENTS))
    finder = load_finder("finder")
    score, wrong, n = _choose_score(documents, finder)
    yield Row(case="score", metric="threshold", value=round(score, 2), n=n)
    yield Row(case="digits missed or invented at this score", metric="errors", value=wrong / n, unit="share", n=n)
    examples = [seen for name in MODELS for seen in _see(documents, digits.Reader(name, finder=finder))]
    seen, evidence, labels = (np.concatenate(parts) for parts in zip(*examples, strict=True))
    is_digit = labels >= 0
    classes = _fit(seen[is_digit], labels[is_digit])
    yield from _rows(CLASS_NAMES, classes, int(is_digit.sum()))
    for case, mixed in (
        ("the model alone", seen[:, 0]), ("the finder alone", seen[:, 1]),
        ("both", np.tensordot(classes, seen, (0, 1))),
    ):  # fmt: skip
        right = float((mixed.argmax(1) == labels)[is_digit].mean())
        yield Row(case=f"class: {case}", metric="right", value=right, unit="share", n=int(is_digit.sum()))
    for kind, names, (given, truth) in (
        ("digit or not", DIGIT_NAMES, (evidence, is_digit)),
        ("handwritten or printed", HAND_NAMES, _look_at_hands(documents, finder)),
    ):
        weights, right = _fit_yes_or_no(given, truth)
        yield from _rows(names, weights, len(truth))
        yield Row(case=kind, metric="right", value=right, unit="share", n=len(truth))
    judged, turns = _judge(documents, finder)
    weights = _fit(np.moveaxis(judged, 2, 1), turns)
    yield from _rows(TURN_NAMES, weights, len(turns))
    upright = float(((judged @ weights).argmax(1) == turns).mean())
    yield Row(case="side that is up", metric="right", value=upright, unit="share", n=len(turns))


def _rows(names: Sequence[str], weights: np.ndarray, n: int) -> Iterator[Row]:
    for name, value in zip(names, weights, strict=True):
        yield Row(case=name, metric="weight", value=round(float(value), 2), n=n)


def _judge(documents: Sequence[Document], finder: Finder) -> tuple[np.ndarray, np.ndarray]:
    """Give, for every document and model, the evidence for each turn, and how often it is turned, 0–3."""
    evidence, turns = [], []
    models = [digits.load_model(name) for name in MODELS]
    for document in documents:
        directions = document.truth.directions[~document.truth.printed]
        marks = finder.find(document.picture)
        if len(directions) and len(marks):
            x, y = np.cos(directions).mean(), np.sin(directions).mean()
            for model in models:
                evidence.append(judge_turns(document.picture, marks, model))
                turns.append(round(np.arctan2(y, x) / (np.pi / 2)) % 4)
    return np.stack(evidence), np.array(turns)


def _choose_score(documents: Sequence[Document], finder: Finder) -> tuple[float, int, int]:
    """Choose the score with the fewest errors; give also how many they are, and of how many digits."""
    right, invented, n = list[float](), list[float](), 0
    for document in documents:
        truth = document.truth
        marks = finder.find(document.picture, min_score=float(SCORES[0]))
        marks = marks[(marks.labels < 10) & (marks.handwritten >= 0.5)]
        partner = match(marks.boxes, truth.boxes.astype(np.float32))
        is_asked = (truth.labels < 10) & ~truth.printed & (truth.visible >= MIN_VISIBLE)
        is_asked &= truth.boxes[:, 2:].max(1, initial=0) >= MIN_SIZE
        n += int(is_asked.sum())
        right += marks.scores[(partner >= 0) & is_asked[partner]].tolist() if len(truth) else []
        invented += marks.scores[partner < 0].tolist()
    kept, extra = (np.array(each)[:, None] >= SCORES for each in (right, invented))
    errors = n - kept.sum(0) + extra.sum(0)
    best = int(errors.argmin())
    return float(SCORES[best]), int(errors[best]), n


class Seen(NamedTuple):
    """What was seen of the digits that may be on a document, and what is true."""

    log_probabilities: np.ndarray  # [m, 2, 10]: by the model, by the finder
    evidence: np.ndarray  # [m, 4]: whether it is a digit
    labels: np.ndarray  # [m]: class; -1 for what is no digit


def _see(documents: Sequence[Document], reader: digits.Reader) -> Iterator[Seen]:
    """Give, for every document, what both networks see of what may be a digit."""
    for document in documents:
        page = find_page(document.picture, reader.finder, reader.model, upright=True, printed=True)
        truth, is_digit = document.truth, page.marks.labels < 10
        partner = match(page.marks.boxes, truth.boxes.astype(np.float32))[is_digit]
        known = truth.labels.astype(np.int64)[partner.clip(0)] if len(truth) else np.zeros(len(partner), np.int64)
        labels = np.where((partner >= 0) & (known < 10), known, -1)
        if is_digit.any():
            seen = np.stack(seen_by(page, reader.model), axis=1)
            yield Seen(seen, digit_evidence(page.marks, mix(seen[:, 0], seen[:, 1])), labels)


def _look_at_hands(documents: Sequence[Document], finder: Finder) -> tuple[np.ndarray, np.ndarray]:
    """Give, for every mark that is there, the evidence of handwriting, and whether it is."""
    evidence, written = [], []
    for document in documents:
        marks, truth = finder.find(document.picture), document.truth
        if len(marks) and len(truth):
            partner = match(marks.boxes, truth.boxes.astype(np.float32))
            evidence.append(hand_evidence(marks)[partner >= 0])
            written.append(~truth.printed[partner[partner >= 0]])
    return np.concatenate(evidence), np.concatenate(written)


def _fit_yes_or_no(evidence: np.ndarray, is_so: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit the weights of a logistic regression; give also the share of right decisions."""
    # the log-odds of "no" are 0 whatever the weights
    weights = _fit(np.stack((np.zeros_like(evidence), evidence), axis=2), is_so.astype(np.int64))
    return weights, float(((evidence @ weights >= 0) == is_so).mean())


def _fit(seen: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Fit the weight of each kind of evidence, the second axis of `seen`; the third is that of classes."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    def loss(weights: np.ndarray) -> float:
        scores = log_softmax(np.tensordot(weights, seen, (0, 1)), axis=1)
        return PENALTY * float((weights**2).sum()) - float(scores[np.arange(len(labels)), labels].mean())

    fitted: np.ndarray = minimize(loss, np.full(seen.shape[1], 0.5), method="Nelder-Mead").x
    return fitted
