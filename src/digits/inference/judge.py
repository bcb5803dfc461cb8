"""Which of the marks of a page somebody wrote: a small network judges each by what the finder says of all.

It judges twice. At a glance, before anything is cut out, it knows what the finder says of a mark and of those around
it; most print and most ghosts are left out then. Of the others, it also knows what the model reads. Its weights are
fitted on synthetic documents by ``python -m benchmarks judging``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from digits.inference.finder import Marks
from digits.inference.finder.lines import digit_sizes, pair_marks
from digits.inference.model import SHIPPED_FOLDER
from digits.inference.odds import log_odds, mix
from digits.shapes import Float32, Float64, Int64
from digits.types import CLASSES

JUDGE_FILE = SHIPPED_FOLDER / "judge.json"

NOTHING, WRITTEN, PRINTED = 0, 1, 2
"""What a mark may be: no digit or sign at all, or not of the kind that the finder says; by hand; or in print."""

MIN_GLANCE = 0.05
"""Probability of being wanted from which on a mark is looked at: most print need not be cut out, and few digits are
lost (recipes log)."""

NEIGHBOURS, MAX_RATIO = 5, 2.0
"""The nearest marks that are heard; their sizes differ by at most this factor, so that they may be of the same hand."""

NEARBY = 6.0
"""Sizes of a mark within which others of like size are counted."""

ALONE = 3.0
"""Logarithm of the distance of the nearest neighbour, in sizes, where there is none."""

MOST, FAR = 10.0, 6.0
"""Logarithms beyond `MOST`, and descriptions more than `FAR` standard deviations from the mean, count as these."""

BEST = (3, 10)
"""Marks whose mean score says how sure the finder is of a page."""

SIGNS = 12
"""Kinds of signs that are distinguished: those of the shipped finder."""

LARGE = 32.0
"""Pixels of a mark's longer side from which on its size says no more: the finder chooses the scale it sees best."""

NUMBERS, MORE = 23 + SIGNS, 6
"""Numbers that describe a mark at a glance, and what the model's answer adds."""

PRIOR_MARKS, ROUNDS = 10.0, 8
"""As many marks as the usual share of print counts on a page, and steps until the page's own is found."""

ROWS = 256
"""Marks that are compared with all others at once, which bounds the memory."""

Described = Float32[np.ndarray, "n _k"]
Judged = Float32[np.ndarray, "n 3"]


@dataclass(frozen=True, eq=False)
class Network:
    """Layers of weights and biases, and the mean and deviation of each number of a description."""

    mean: Float32[np.ndarray, " _k"]
    deviation: Float32[np.ndarray, " _k"]
    layers: tuple[tuple[Float32[np.ndarray, "_in _out"], Float32[np.ndarray, " _out"]], ...]

    def __call__(self, described: Described) -> Judged:
        """Compute the probabilities of `NOTHING`, `WRITTEN` and `PRINTED`."""
        x = ((described - self.mean) / self.deviation).clip(-FAR, FAR)
        for place, (weight, bias) in enumerate(self.layers):
            x = (np.maximum(x, 0) if place else x) @ weight + bias
        x = np.exp(x - x.max(1, keepdims=True, initial=-np.inf))
        judged: Judged = (x / x.sum(1, keepdims=True)).astype(np.float32)
        return judged


@dataclass(frozen=True, eq=False)
class Judge:
    """The network that judges at a glance, and the one that also knows the model's answers."""

    glance: Network
    answered: Network
    print_share: float
    """Of the written and printed marks that it learned from, each document counted once."""

    def judge_answers(self, marks: Marks, described: Described, by_model: Float32[np.ndarray, "m 10"]) -> Judged:
        """Judge marks by their descriptions and by the logarithms of what the model says of the m digits among them."""
        return self.answered(describe_answers(marks, described, by_model, self.glance(described)))


@cache
def load_judge() -> Judge:
    """Load the judge that comes with the package."""
    return parse_judge(json.loads(JUDGE_FILE.read_text(encoding="utf-8")))


def parse_judge(stored: Mapping[str, Any]) -> Judge:
    """Make a judge of its file: the means, the deviations and the layers of both networks, and the share of print."""
    glance, answered = (
        Network(
            np.array(each["mean"], np.float32),
            np.array(each["deviation"], np.float32),
            tuple((np.array(weight, np.float32), np.array(bias, np.float32)) for weight, bias in each["layers"]),
        )
        for each in (stored["glance"], stored["answered"])
    )
    return Judge(glance, answered, float(stored["print_share"]))


def adapt(judged: Judged, print_share: float, printed: int = 0) -> Judged:
    """Judge again, knowing how much of this page is print: on a printed page, a mark is more likely to be print.

    The share of print is what makes the judgements of all marks agree with it, found by expectation maximization
    (Saerens, Latinne, Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities", 2002).

    Parameters
    ----------
    judged
        Probabilities where a share of `print_share` of the marks is print.
    print_share
        As `Judge` has it.
    printed
        How many more marks are print.
    """
    prior, adapted = print_share / (1 - print_share), judged
    for _ in range(ROUNDS):
        more = printed + float(adapted[:, PRINTED].sum()) + PRIOR_MARKS * print_share
        odds = more / (float(adapted[:, WRITTEN].sum()) + PRIOR_MARKS * (1 - print_share))
        adapted = judged * np.array([1, 1, odds / prior], np.float32)
        adapted /= adapted.sum(1, keepdims=True)
    return adapted


def describe_marks(marks: Marks, shape: tuple[int, ...]) -> Described:
    """Describe each mark by what the finder says of it, of its neighbours, and of the page.

    Parameters
    ----------
    marks
        All that were found.
    shape
        Height and width of the page in pixels.
    """
    n = len(marks)
    if not n:
        return np.zeros((0, NUMBERS), np.float32)
    sizes, sides = digit_sizes(marks).astype(np.float64), marks.boxes[:, 2:].astype(np.float64).clip(1)
    scores, hands = log_odds(marks.scores), log_odds(marks.handwritten)
    said = np.exp(marks.classes.astype(np.float64))
    is_digit = marks.labels < CLASSES
    corners = marks.boxes[:, :2], np.array(shape[::-1]) - marks.boxes[:, :2] - marks.boxes[:, 2:]
    clear = np.median(sizes[marks.scores >= np.median(marks.scores)])
    own = [
        scores,
        log_odds(said.max(1).astype(np.float32)),
        np.log(said[:, :CLASSES].sum(1).clip(np.exp(-MOST), 1)),
        hands,
        marks.struck.clip(-MOST, MOST),
        np.log(sizes / clear),
        np.log(sides.max(1).clip(max=LARGE)),
        np.log(sides[:, 0] / sides[:, 1]),
        (np.minimum(*corners).min(1) / sizes).clip(-0.5, 1),
        is_digit,
        *_describe_links(marks),
        *_describe_page(marks, scores),
    ]
    around = np.concatenate(
        [
            np.concatenate((_near(marks, sizes, scores, hands, rows), _overlap(marks, rows)), axis=1)
            for rows in np.split(np.arange(n), range(ROWS, n, ROWS))
        ]
    )
    signs = (marks.labels[:, None] == CLASSES + np.arange(SIGNS)).astype(np.float64)
    return np.concatenate((np.stack(own, axis=1), around, signs), axis=1).astype(np.float32)


def describe_answers(
    marks: Marks, described: Described, by_model: Float32[np.ndarray, "m 10"], judged: Judged
) -> Described:
    """Add to descriptions what was judged at a glance, and what the model reads in the m digits among the marks."""
    if not len(marks):
        return np.zeros((0, NUMBERS + MORE), np.float32)
    glance = np.log(judged.clip(np.exp(-MOST)))
    sizes, is_digit = digit_sizes(marks).astype(np.float64), marks.labels < CLASSES
    confidence = log_odds(np.exp(marks.classes.max(1)))
    alone, agreed = np.zeros(len(marks)), np.zeros(len(marks))
    mixed = mix(by_model, marks.classes[is_digit, :CLASSES])
    confidence[is_digit] = log_odds(mixed.max(1, initial=0))
    alone[is_digit] = log_odds(np.exp(by_model.max(1, initial=-MOST)))
    agreed[is_digit] = by_model[np.arange(len(mixed)), mixed.argmax(1)] if len(mixed) else 0
    heard = np.zeros(len(marks))
    for rows in np.split(np.arange(len(marks)), range(ROWS, len(marks), ROWS)):
        _, nearest, weights = _find_neighbours(marks, sizes, rows)
        heard[rows] = _average(confidence[nearest], weights)
    answers = np.stack((confidence, alone, agreed.clip(-MOST, 0), heard), axis=1)
    return np.concatenate((described, glance[:, 1:], answers), axis=1).astype(np.float32)


def _describe_links(marks: Marks) -> tuple[Float64[np.ndarray, " n"], ...]:
    """Whether the line goes on, and how sure the marks before and after are; 0 where there is none."""
    following = pair_marks(marks)
    has_next = following >= 0
    scores, before = marks.scores.astype(np.float64), np.zeros(len(marks))
    before[following[has_next]] = scores[has_next]
    return marks.links[:, 0].clip(-MOST, MOST).astype(np.float64), np.where(has_next, scores[following], 0.0), before


def _describe_page(marks: Marks, scores: Float64[np.ndarray, " n"]) -> tuple[Float64[np.ndarray, " n"], ...]:
    """How sure the best marks of the page are; their number, or its size, would say more of the synthesizer."""
    best = -np.sort(-scores)
    return tuple(np.full(len(marks), best[:count].mean()) for count in BEST)


def _find_neighbours(
    marks: Marks, sizes: Float64[np.ndarray, " n"], rows: Int64[np.ndarray, " r"]
) -> tuple[Float64[np.ndarray, "r n"], Int64[np.ndarray, "r _k"], Float64[np.ndarray, "r _k"]]:
    """Give the distances to marks of like size, in sizes, infinite to others; and the nearest with their scores."""
    centres = marks.centres.astype(np.float64)
    distances = np.hypot(*(centres[rows, None] - centres).transpose(2, 0, 1)) / sizes[rows, None]
    ratio = sizes[rows, None] / sizes
    distances[np.maximum(ratio, 1 / ratio) > MAX_RATIO] = np.inf
    distances[np.arange(len(rows)), rows] = np.inf
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :NEIGHBOURS]
    weights = np.where(
        np.isfinite(np.take_along_axis(distances, nearest, 1)), marks.scores.astype(np.float64)[nearest], 0.0
    )
    return distances, nearest, weights


def _average(values: Float64[np.ndarray, "r k"], weights: Float64[np.ndarray, "r k"]) -> Float64[np.ndarray, " r"]:
    average: Float64[np.ndarray, " r"] = (values * weights).sum(1) / weights.sum(1).clip(1e-9)
    return average


def _near(
    marks: Marks,
    sizes: Float64[np.ndarray, " n"],
    scores: Float64[np.ndarray, " n"],
    hands: Float64[np.ndarray, " n"],
    rows: Int64[np.ndarray, " r"],
) -> Float64[np.ndarray, "r 4"]:
    """How sure neighbours of like size are, and by whom; how near the nearest is; and how many there are."""
    distances, nearest, weights = _find_neighbours(marks, sizes, rows)
    first = distances.min(1)
    near = np.where(np.isfinite(first), np.log(np.where(np.isfinite(first), first, 1.0) + 0.1), ALONE)
    count = np.log1p((marks.scores * (distances < NEARBY)).sum(1))
    return np.stack((_average(scores[nearest], weights), _average(hands[nearest], weights), near, count), axis=1)


def _overlap(marks: Marks, rows: Int64[np.ndarray, " r"]) -> Float64[np.ndarray, "r 4"]:
    """Share of a mark within surer ones, within less sure ones and within digits; share of a surer one within it."""
    low, high = marks.boxes[:, :2], marks.boxes[:, :2] + marks.boxes[:, 2:]
    sides = (np.minimum(high[rows, None], high) - np.maximum(low[rows, None], low)).clip(0)
    shared = (sides[..., 0] * sides[..., 1]).astype(np.float64)
    shared[np.arange(len(rows)), rows] = 0
    areas = marks.boxes[:, 2:].astype(np.float64).clip(1).prod(1)
    is_surer, is_digit = marks.scores > marks.scores[rows, None], marks.labels < CLASSES
    within = shared / areas[rows, None]
    parts = within * is_surer, within * ~is_surer, within * is_digit, shared / areas * is_surer
    return np.stack([part.max(1) for part in parts], axis=1)
