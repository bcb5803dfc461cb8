"""Which side of a page is up, by what two networks say of it after each quarter turn."""

from __future__ import annotations

import math

import numpy as np

from digits.inference.finder import Finder, Marks
from digits.inference.finder.finder import MIN_CANDIDATE_SCORE
from digits.inference.finder.outputs import decode
from digits.inference.finder.scales import TILE, pad
from digits.inference.finder.suppression import BEST_SIZES
from digits.inference.model import Model
from digits.inference.odds import TURN_WEIGHTS
from digits.preprocessing import cut_out, cut_square, find_ink_in_box, has_light_ink, normalize
from digits.preprocessing.ink import Ink
from digits.shapes import Float64
from digits.types import CLASSES

MAX_TURNED = 12
"""Digits, at most, that the model reads in all four directions."""


def count_turns(grey: Ink, marks: Marks, model: Model, finder: Finder) -> int:
    """Count the quarter turns counter-clockwise that bring a page with one or more marks upright.

    The finder looks again only after turns that could still win if it were certain.
    """
    evidence, part = _judge_marks(grey, marks, model), _cut_densest(grey, marks)
    # a logarithm of 0 is the most that a look can give
    totals, best = evidence @ TURN_WEIGHTS, -np.inf
    for turns in np.argsort(-totals, kind="stable").tolist():
        if totals[turns] > best:
            totals[turns] += TURN_WEIGHTS[2] * _look_again(part, turns, finder)
            best = max(best, float(totals[turns]))
        else:
            totals[turns] = -np.inf
    return int(totals.argmax())


def judge_turns(grey: Ink, marks: Marks, model: Model, finder: Finder) -> Float64[np.ndarray, "4 4"]:
    """Judge how a page with one or more marks would look after 0 to 3 quarter turns.

    Returns
    -------
    float64[4, 4]
        For each number of turns, counter-clockwise: how confident the model is in the best digits (sum of logarithms);
        how well the finder's directions agree with it (mean cosine); how confident the finder is in the classes of what
        it then finds where most digits are (mean logarithm); and 1 for no turn.
    """
    evidence, part = _judge_marks(grey, marks, model), _cut_densest(grey, marks)
    evidence[:, 2] = [_look_again(part, turns, finder) for turns in range(4)]
    return evidence


def _judge_marks(grey: Ink, marks: Marks, model: Model) -> Float64[np.ndarray, "4 4"]:
    """Judge as `judge_turns` does, without another look of the finder: its column is 0."""
    best = marks[np.argsort(-marks.scores, kind="stable")[:MAX_TURNED]]
    evidence = np.zeros((4, 4))
    evidence[0, 3] = 1
    angles = np.arange(4) * math.pi / 2
    is_light = has_light_ink([cut_out(grey, box, 0.0) for box in best.boxes])
    images = [
        normalize(find_ink_in_box(cut_out(grey, box, angle), box, angle, is_light=is_light))
        for angle in angles
        for box in best.boxes
    ]
    confidences = model.calibrate(model.logits(np.stack(images))).max(1).reshape(4, -1)
    evidence[:, 0] = np.log(confidences).sum(1)
    evidence[:, 1] = np.cos(marks.directions - angles[:, None]) @ marks.scores / marks.scores.sum()
    return evidence


def _cut_densest(grey: Ink, marks: Marks) -> Ink:
    """Cut out, as one tile, where most digits are, in the size that the finder reads best."""
    digits = marks[np.flatnonzero(marks.labels < CLASSES)] if (marks.labels < CLASSES).any() else marks
    sizes, weights = digits.boxes[:, 2:].max(1), digits.scores * digits.handwritten
    order = np.argsort(sizes)
    # the median of what is surely there: grain in large digits looks like many small ones, each of them doubtful
    sure = np.cumsum(weights[order])
    size = float(sizes[order[np.searchsorted(sure, sure[-1] / 2)]])
    scale = math.sqrt(BEST_SIZES[0] * BEST_SIZES[1]) / max(size, 1.0)
    around = np.abs(digits.centres[:, None] - digits.centres).max(2) < TILE / scale / 2
    middle = digits.centres[int((around @ weights).argmax())]
    return pad(cut_square(grey, middle, TILE / scale, TILE), (TILE, TILE))


def _look_again(part: Ink, turns: int, finder: Finder) -> float:
    """Return the mean logarithm of the finder's confidence in the classes of digits that it finds after turns."""
    marks = decode(finder.run(np.ascontiguousarray(np.rot90(part, turns))), MIN_CANDIDATE_SCORE)
    weights = marks.scores * marks.handwritten * (marks.labels < CLASSES)
    if not weights.sum():
        return -math.log(CLASSES)  # as unsure as can be
    return float(weights @ marks.classes.max(1) / weights.sum())
