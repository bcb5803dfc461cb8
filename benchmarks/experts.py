"""How what two networks see of a digit on a page is weighed: fitted on synthetic documents.

The model sees the ink in a digit's box, and the finder the place where it stands. The probability of a class is the
product of both, each raised to its weight. The weights make the right classes most probable, for both shipped models at
once; they are copied into `digits.inference.page`. So are those of the evidence which side of a page is up: the model's
confidence in some digits after each turn, and the finder's directions. The score from which on something is a mark at
all is the one at which the fewest digits are missed or invented; it is copied into `digits.inference.finder.finder`.

    python -m benchmarks experts
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

import digits
from benchmarks.finding import match
from benchmarks.results import Row
from benchmarks.single_digits import MODELS
from digits.inference import Finder, find_page, judge_turns, load_finder, seen_by
from digits.synthesis import LAYOUTS, Document, RealDigits, synthesize_documents

DOCUMENTS, SEED = 200, 50_000
"""Documents to fit with: of the layouts and fonts that were learned from, written with digits that were not."""

WEIGHTS = ("model", "finder")
TURN_WEIGHTS = ("turned: confidence of the model", "turned: directions of the finder", "turned: upright")
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
    examples = [example for name in MODELS for example in _see(documents, digits.Reader(name, finder=finder))]
    seen, labels = (np.concatenate(parts) for parts in zip(*examples, strict=True))
    weights = _fit(seen, labels)
    for name, value in zip(WEIGHTS, weights, strict=True):
        yield Row(case=name, metric="weight", value=round(value, 2), n=len(labels))
    evidence, turns = _judge(documents, finder)
    turn_weights = _fit(np.moveaxis(evidence, 2, 1), turns)
    for name, value in zip(TURN_WEIGHTS, turn_weights, strict=True):
        yield Row(case=name, metric="weight", value=round(value, 2), n=len(turns))
    upright = float(((evidence @ turn_weights).argmax(1) == turns).mean())
    yield Row(case="pages turned upright", metric="right", value=upright, unit="share", n=len(turns))
    for case, mixed in (
        ("the model alone", seen[:, 0]), ("the finder alone", seen[:, 1]),
        ("both", np.tensordot(weights, seen, (0, 1))),
    ):  # fmt: skip
        right = mixed.argmax(1) == labels
        yield Row(case=case, metric="right", value=float(right.mean()), unit="share", n=len(labels))


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
    upright = np.array([[1.0], [0.0], [0.0], [0.0]])
    return np.stack([np.concatenate((each, upright), 1) for each in evidence]), np.array(turns)


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


def _see(documents: Sequence[Document], reader: digits.Reader) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give, for every document, the log-probabilities by both networks of each digit, and what it is."""
    for document in documents:
        page, truth = find_page(document.picture, reader.finder, reader.model, upright=True), document.truth
        partner = match(page.marks.boxes, truth.boxes.astype(np.float32))[page.marks.labels < 10]
        labels = truth.labels[partner.clip(0)] if len(truth) else np.zeros(len(partner), np.uint8)
        is_known = (partner >= 0) & (labels < 10)
        if is_known.any():
            yield np.stack(seen_by(page, reader.model), axis=1)[is_known], labels[is_known]


def _fit(seen: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Fit the weight of each kind of evidence, the second axis of `seen`; the third is that of classes."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    def loss(weights: np.ndarray) -> float:
        scores = log_softmax(np.tensordot(weights, seen, (0, 1)), axis=1)
        return PENALTY * float((weights**2).sum()) - float(scores[np.arange(len(labels)), labels].mean())

    fitted: np.ndarray = minimize(loss, np.full(seen.shape[1], 0.5), method="Nelder-Mead").x
    return fitted
