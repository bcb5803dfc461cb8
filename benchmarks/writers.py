"""How the digits of a page revise each other, and what that gains.

The three weights (`digits.inference.PageWeights`) make the right answers most probable, for both shipped networks at
once, on synthetic pages of 2 to 20 digits: half of them with all classes alike, half with few, since exercises and
tables repeat digits; every seventh is by as many hands as it has digits. They are copied into
`digits.inference.writer`, and judged on pages of twenty digits: by hands that nothing was fitted on, by the 30 writers
of UCI's pen strokes, and by as many hands as digits (MNIST), where nothing can be gained.

    DIGITS_REAL=FOLDER python -m benchmarks writers
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

import digits
from benchmarks import handwriting
from benchmarks.results import Row, shares
from benchmarks.single_digits import MODELS
from digits.inference import PageWeights, compare_images, revise
from digits.synthesis import synthesize_hands

PAGES, JUDGED_PAGES, LENGTH = 1000, 100, 20
"""Pages that the weights are fitted on, pages for each seed that they are judged on, and their digits, at most."""
SEED, SEEDS = 50_000, 5
MIXED = 7
"""One page of so many is by several hands."""
CONCENTRATION = 0.2
"""Of the Dirichlet distribution of a page's classes, where they are few."""
START = PageWeights(likeness=1.0, steepness=10.0, evenness=10.0)
MIN_PROBABILITY = 1e-6
"""Lower ones count as this: no answer is infinitely wrong."""


class Page(NamedTuple):
    """The digits of a page: what the network says of each alone, how much they differ, and what they are."""

    probabilities: np.ndarray
    distances: np.ndarray
    labels: np.ndarray


def measure() -> Iterator[Row]:
    """Fit the weights, and give a row for each; then count errors, before and after, on pages nothing was fitted on."""
    networks = {name: digits.load_model(name) for name in MODELS}
    pages = [page for network in networks.values() for page in read_pages(network, *_write_pages())]
    weights = PageWeights(*(round(value, 2) for value in fit(pages)))
    for name, value in weights._asdict().items():
        yield Row(case=name, metric="weight", value=value, n=len(pages))
    for case, images, labels, dealt in _judged():
        for name, network in networks.items():
            pages = read_pages(network, images, labels, [rows for each in dealt for rows in each])
            ends = np.cumsum([0, *map(len, dealt)])
            for seed in range(SEEDS):
                for metric, classes in (("error", range(10)), ("error of 1 and 7", (1, 7))):
                    alone, revised, n = count_errors(pages[ends[seed] : ends[seed + 1]], weights, classes)
                    row = Row(case=case, variant=f"`{name}`", seed=seed, metric=metric, **shares(alone, n))
                    yield row
                    yield replace(row, metric=f"{metric}, revised", **shares(revised, n))


def fit(pages: Sequence[Page]) -> PageWeights:
    """Find the weights for which the right answers are most probable."""
    from scipy.optimize import minimize

    def loss(parameters: np.ndarray) -> float:
        weights = PageWeights(parameters[0], *np.exp(parameters[1:]))
        right = [
            revise(page.probabilities, page.distances, weights)[np.arange(len(page.labels)), page.labels]
            for page in pages
        ]
        return -float(np.log(np.maximum(np.concatenate(right), MIN_PROBABILITY)).mean())

    start = [START.likeness, *np.log(START[1:])]
    best = minimize(loss, start, method="Nelder-Mead", options={"xatol": 0.005, "fatol": 1e-7})
    return PageWeights(float(best.x[0]), *np.exp(best.x[1:]).tolist())


def count_errors(pages: Sequence[Page], weights: PageWeights, classes: Sequence[int]) -> tuple[int, int, int]:
    """Count the digits of these classes that are misread alone, those misread after revision, and all of them."""
    labels = np.concatenate([page.labels for page in pages])
    judged = np.isin(labels, classes)
    alone = np.concatenate([page.probabilities.argmax(1) for page in pages])
    revised = np.concatenate([revise(page.probabilities, page.distances, weights).argmax(1) for page in pages])
    wrong, still = (int((answers != labels)[judged].sum()) for answers in (alone, revised))
    return wrong, still, int(judged.sum())


def read_pages(network: digits.Model, images: np.ndarray, labels: np.ndarray, rows: Sequence[np.ndarray]) -> list[Page]:
    """Read digits and put them together to pages, each with the digits that its rows choose."""
    probabilities = network.predict_proba(images)
    return [Page(probabilities[mine], compare_images(images[mine]), labels[mine]) for mine in rows]


def _write_pages() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Write what the weights are fitted on; give images, labels, and the rows of each page."""
    rng = np.random.default_rng(SEED)
    shares_of_classes = [np.full(10, 0.1) if page % 2 else rng.dirichlet([CONCENTRATION] * 10) for page in range(PAGES)]
    labels = np.stack([rng.choice(10, LENGTH, p=each) for each in shares_of_classes])
    own = np.arange(labels.size).reshape(labels.shape)
    anybodys = rng.permutation(own.ravel()).reshape(own.shape)
    pages = np.where(np.arange(PAGES)[:, None] % MIXED, own, anybodys)
    images = synthesize_hands(labels, SEED).reshape(-1, 28, 28)
    return images, labels.ravel(), [page[: rng.integers(2, LENGTH + 1)] for page in pages]


def _judged() -> Iterator[tuple[str, np.ndarray, np.ndarray, list[list[np.ndarray]]]]:
    """Give case, images, labels, and for each seed the rows of each page, that nothing was fitted on."""
    from digits.data import split

    rng = np.random.default_rng(SEED + 1)
    shape = SEEDS * JUDGED_PAGES, LENGTH
    of_any_class, of_one_class = rng.integers(0, 10, shape), np.tile(rng.integers(0, 10, (shape[0], 1)), LENGTH)
    pages = [list(each) for each in np.arange(SEEDS * JUDGED_PAGES * LENGTH).reshape(SEEDS, JUDGED_PAGES, LENGTH)]
    for case, labels in (("synthetic hands", of_any_class), ("synthetic hands, one class a page", of_one_class)):
        yield case, synthesize_hands(labels, SEED + 1).reshape(-1, 28, 28), labels.ravel(), pages
    if strokes := handwriting.pen_strokes(("tra",)):
        labels, writers = np.array([(each.label, each.writer) for each in strokes]).T
        dealt = [_deal(writers, rng) for _ in range(SEEDS)]
        yield "pen strokes of 30 writers", handwriting.draw(strokes), labels, dealt
    _, held_out = split(digits.load_mnist().train)
    labels = held_out.labels.astype(np.int64)
    dealt = [_deal(np.zeros(len(labels), np.int64), rng) for _ in range(SEEDS)]
    yield "MNIST validation, many hands a page", held_out.images, labels, dealt


def _deal(writers: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Distribute each writer's digits over pages at random."""
    pages = list[np.ndarray]()
    for writer in np.unique(writers):
        own = rng.permutation(np.flatnonzero(writers == writer))
        pages += np.split(own, range(LENGTH, len(own), LENGTH))
    return pages
