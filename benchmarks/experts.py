"""How what two networks see on a page is weighed: fitted on synthetic documents.

The model sees the ink in a digit's box, and the finder the place where it stands. Two questions are answered by
weighted sums of logarithms, whose weights make the right answers most probable, for both shipped models at once: which
class a digit is, and which side of the page is up. They are copied into `digits.inference.odds`. The score from which
on the finder alone takes something for a mark is the one at which the fewest digits are missed or invented; it is
copied into `digits.inference.finder.finder`. Whether a mark is to be read is the judge's to say, see
`benchmarks.judging`.

    python -m benchmarks experts
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np
from PIL import Image

import digits
from benchmarks.finding import match
from benchmarks.results import Row
from benchmarks.single_digits import MODELS
from digits.inference import (
    MIN_CANDIDATE_SCORE,
    Finder,
    Marks,
    Model,
    find_page,
    judge_turns,
    load_finder,
    seen_by,
)
from digits.preprocessing import MAX_PAGE_SIDE, as_grey
from digits.synthesis import (
    LAYOUTS,
    Document,
    RealDigits,
    SyntheticPage,
    Truth,
    synthesize_documents,
    synthesize_page,
)

DOCUMENTS, NOTES, SEED = 200, 200, 50_000
"""Documents and pages of notes to fit with: of layouts and fonts that were learned from, but of other digits."""

CLASS_NAMES = ("class: model", "class: finder")
TURN_NAMES = (
    "side: confidence of the model",
    "side: directions of the finder",
    "side: the finder's confidence after a turn",
    "side: as given",
)
SCORES = np.arange(0.1, 0.6, 0.02)
"""Scores to choose from."""

PENALTY = 1e-4
"""On the squares of the weights: where no document contradicts, they stay finite."""

TURNED_EVERY = 10
"""Of so many documents three are turned: once, twice and three times."""

TURNED_SHARE = 0.1
"""Of people's pictures, as a guess: what turned documents count together."""

MIN_LEGIBLE = 20
"""Pixels of the usual digit of a document to fit with: where digits are hardly legible, confidence says little."""

MIN_VISIBLE, MIN_SIZE = 0.5, 10
"""As in `benchmarks.finding`: what counts as missed."""


def measure() -> Iterator[Row]:
    """Fit the weights, and give one row for each; and how many digits are right by one network, and by both."""
    from digits.data import split

    real = RealDigits(split(digits.load_mnist().train)[1])
    made = map(shrink, synthesize_documents(SEED, real=real, layouts=LAYOUTS, held_out_fonts=False))
    everything = list(islice(filter(is_legible, made), DOCUMENTS))
    # every fifth is of letters only
    everything += [shrink(describe(synthesize_page(SEED + page, digits=page % 5 > 0))) for page in range(NOTES)]
    # readers turn the others before they look at digits
    documents = [document for document in everything if not count_quarters(document)]
    finder = load_finder("finder")
    found = [finder.find(document.picture, min_score=float(SCORES[0])) for document in documents]
    score, wrong = _choose_score(documents, found)
    yield Row(case="score", metric="threshold", value=round(score, 2), n=len(documents))
    case = "digits missed or invented at this score, mean of documents"
    yield Row(case=case, metric="errors", value=wrong, unit="share", n=len(documents))
    models = [digits.load_model(name) for name in MODELS]
    seen, labels, shares = (np.concatenate(parts) for parts in zip(*_see(documents, finder, models), strict=True))
    classes = fit_weights(seen, labels, shares)
    yield from _rows(CLASS_NAMES, classes, len(labels))
    for case, mixed in (
        ("the model alone", seen[:, 0]), ("the finder alone", seen[:, 1]),
        ("both", np.tensordot(classes, seen, (0, 1))),
    ):  # fmt: skip
        right = float(np.average(mixed.argmax(1) == labels, weights=shares))
        yield Row(case=f"class: {case}", metric="right", value=right, unit="share", n=len(labels))
    judged, turns = _judge(everything, finder, models)
    is_turned = turns > 0
    shares = np.where(is_turned, TURNED_SHARE / is_turned.sum(), (1 - TURNED_SHARE) / (~is_turned).sum())
    weights = fit_weights(np.moveaxis(judged, 2, 1), turns, shares)
    yield from _rows(TURN_NAMES, weights, len(turns))
    is_right = (judged @ weights).argmax(1) == turns
    for case, chosen in (("of pages as they are", ~is_turned), ("of turned pages", is_turned)):
        right = float(is_right[chosen].mean())
        yield Row(case=f"side that is up, {case}", metric="right", value=right, unit="share", n=int(chosen.sum()))


def _rows(names: Sequence[str], weights: np.ndarray, n: int) -> Iterator[Row]:
    for name, value in zip(names, weights, strict=True):
        yield Row(case=name, metric="weight", value=round(float(value), 2), n=n)


def _judge(documents: Sequence[Document], finder: Finder, models: Sequence[Model]) -> tuple[np.ndarray, np.ndarray]:
    """Give, for every document and model, the evidence for each turn, and how many there are; most need none."""
    evidence, needed = [], []
    for number, document in enumerate(documents):
        more = number % TURNED_EVERY if number % TURNED_EVERY < 4 else 0
        picture = np.ascontiguousarray(np.rot90(document.picture, -more))
        marks = finder.find(picture, min_score=MIN_CANDIDATE_SCORE)
        if not document.truth.printed.all() and len(marks):
            for model in models:
                evidence.append(judge_turns(picture, marks, model, finder))
                needed.append((count_quarters(document) + more) % 4)
    return np.stack(evidence), np.array(needed)


def _choose_score(documents: Sequence[Document], found: Sequence[Marks]) -> tuple[float, float]:
    """Choose the score with the fewest errors; give also their share of a document's digits, on average."""
    errors = np.zeros(len(SCORES))
    for document, marks in zip(documents, found, strict=True):
        truth = document.truth
        marks = marks[(marks.labels < 10) & (marks.handwritten >= 0.5)]
        partner = match(marks.boxes, truth.boxes.astype(np.float32))
        is_asked = (truth.labels < 10) & ~truth.printed & (truth.visible >= MIN_VISIBLE)
        is_asked &= truth.boxes[:, 2:].max(1, initial=0) >= MIN_SIZE
        n = int(is_asked.sum())
        right = marks.scores[(partner >= 0) & is_asked[partner]] if len(truth) else marks.scores[:0]
        kept, extra = ((each[:, None] >= SCORES).sum(0) for each in (right, marks.scores[partner < 0]))
        # a page of errors counts once, however many it has
        errors += np.minimum((n - kept + extra) / max(n, 1), 1) / len(documents)
    best = int(errors.argmin())
    return float(SCORES[best]), float(errors[best])


def describe(page: SyntheticPage) -> Document:
    """Describe a page of notes as a document."""
    n = len(page.boxes)
    lines = [line.replace(" ", "") for line in page.lines]
    truth = Truth(
        labels=np.array([int(each) for line in lines for each in line], np.uint8),
        boxes=np.asarray(page.boxes, np.int64).reshape(n, 4),
        lines=np.repeat(np.arange(len(lines)), [len(line) for line in lines]),
        orders=np.array([place for line in lines for place in range(len(line))], np.int64),
        directions=np.zeros(n, np.float32),
        printed=np.zeros(n, bool),
        struck=np.zeros(n, bool),
        visible=np.ones(n, np.float32),
        mask=np.zeros((0, 0), np.uint16),
    )
    return Document(np.asarray(Image.fromarray(page.picture).convert("L")), truth)


def shrink(document: Document) -> Document:
    """Give a document in the size in which a page is read, so that the boxes that are found are in its pixels."""
    picture = as_grey(document.picture, MAX_PAGE_SIDE)
    scale = np.tile(np.array(picture.shape[::-1]) / document.picture.shape[::-1], 2)
    boxes = np.rint(document.truth.boxes * scale).astype(np.int64)
    return Document(picture, replace(document.truth, boxes=boxes))


def is_legible(document: Document) -> bool:
    """Whether the digits of a document, if there are any, are as large as in most people's pictures."""
    sides = document.truth.boxes[document.truth.labels < 10, 2:].max(1, initial=0)
    return not len(sides) or float(np.median(sides)) >= MIN_LEGIBLE


def count_quarters(document: Document) -> int:
    """Count the quarter turns counter-clockwise that bring the handwriting of a document upright; 0 without any."""
    directions = document.truth.directions[~document.truth.printed]
    return round(float(np.arctan2(np.sin(directions).sum(), np.cos(directions).sum())) / (np.pi / 2)) % 4


class Seen(NamedTuple):
    """What was seen of the digits of a document, and what is true."""

    log_probabilities: np.ndarray  # [m, 2, 10]: by the model, by the finder
    labels: np.ndarray  # [m]: class
    shares: np.ndarray  # [m]: of the document, so that pages of tiny digits do not decide alone


def _see(documents: Sequence[Document], finder: Finder, models: Sequence[Model]) -> Iterator[Seen]:
    """Give, for every document and model, what both networks see of the digits that were found."""
    for document in documents:
        # which model is asked for a page that is upright makes no difference
        page = find_page(document.picture, finder, models[0], upright=True, printed=True)
        truth, is_digit = document.truth, page.marks.labels < 10
        partner = match(page.marks.boxes, truth.boxes.astype(np.float32))[is_digit]
        known = truth.labels.astype(np.int64)[partner.clip(0)] if len(truth) else np.zeros(len(partner), np.int64)
        is_known = (partner >= 0) & (known < 10)
        for model in models if is_known.any() else ():
            seen = np.stack(seen_by(page, model), axis=1)
            yield Seen(seen[is_known], known[is_known], np.full(is_known.sum(), 1 / len(is_known)))


def fit_weights(seen: np.ndarray, labels: np.ndarray, shares: np.ndarray | None = None) -> np.ndarray:
    """Fit the weight of each kind of evidence, the second axis of `seen`; the third is that of classes."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    def loss(weights: np.ndarray) -> float:
        scores = log_softmax(np.tensordot(weights, seen, (0, 1)), axis=1)
        return PENALTY * float((weights**2).sum()) - float(
            np.average(scores[np.arange(len(labels)), labels], weights=shares)
        )

    fitted: np.ndarray = minimize(loss, np.full(seen.shape[1], 0.5), method="Nelder-Mead").x
    return fitted
