"""What two networks say of each box of a form: whether a digit is in it, and which.

The finder sees the place and the model the ink, as the finder's box cuts it out of the page, and once more without the
printed walls, whose places are known. All weights are fitted on synthetic forms by ``python -m benchmarks
form-experts``, so that probabilities come true there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from digits.documents.alignment import Errors
from digits.documents.forms.sheet import GAP, Comb
from digits.documents.forms.walls import SCALE, widen
from digits.documents.runs import Known
from digits.inference import Model
from digits.inference.page import MIN_PROBABILITY, Page
from digits.inference.writer import revise_page
from digits.preprocessing import cut_out, find_ink_in_box, normalize
from digits.preprocessing.ink import Ink
from digits.shapes import Bool, Float32, Float64, Int64, UInt8
from digits.types import CLASSES, SIDE, Images, Probabilities

CLASS_WEIGHTS = np.array([0.32, 0.46, 0.25])
"""Of the log-probabilities of the classes: by the model, by the finder, and by the model without walls."""

ALONE_WEIGHT = 1.29
"""Of the last of these, if the finder saw nothing."""

PRESENCE_WEIGHTS = np.array([-3.6, 1.6, 3.16, 0.97])
"""Of 1, the logarithm of a box's ink, whether the finder saw something, and its evidence: whether a digit is there."""

ERRORS = Errors(missed=0.0004, invented=1e-6, slips=0.00025, context=0.0)
"""Share of digits in boxes that look empty, and of those about which the networks are certain without reason. What is
in a box belongs to the field, so nothing is invented, and how probably it is a digit needs no context."""

LIKELY = 0.5
"""Probability from which on a digit is read: it is more probable than all else."""

MIN_PRESENCE = 0.01
"""Probability of a digit from which on it counts: less than leaves an answer certain."""

NO_INK = 0.1
"""Square millimetres that are added to ink before its logarithm is taken: a speck."""

WIDER = 0.4
"""Millimetres around a box in which ink is its own, where the finder saw nothing: half of the gap to the next."""


@dataclass(frozen=True, eq=False)
class Opinions:
    """What was seen of the k boxes of a field.

    Attributes
    ----------
    presence
        What `PRESENCE_WEIGHTS` weigh.
    seen
        Whether the finder saw a digit.
    classes
        What `CLASS_WEIGHTS` weigh; without the finder, the last alone.
    """

    presence: Float64[np.ndarray, "k 4"]
    seen: Bool[np.ndarray, " k"]
    classes: Float32[np.ndarray, "k 3 10"]


class Combined(NamedTuple):
    """How probably a digit is in each box, and the probabilities of its classes."""

    presence: Float64[np.ndarray, " k"]
    classes: Probabilities


def find_marks(page: Page, known: Known, comb: Comb) -> list[Int64[np.ndarray, " _m"]]:
    """Find the marks in each box of a comb, first what is most probably a digit; what is nearer to a box is in it."""
    centres = page.marks.centres / SCALE
    if not len(centres):
        return [np.zeros(0, np.int64)] * comb.boxes
    is_level = np.abs(centres[:, 1] - (comb.top + comb.high / 2)) < comb.high / 2 + GAP
    distances = np.abs(centres[:, :1] - (np.array(comb.lefts) + comb.wide / 2))
    is_inside = is_level & (distances.min(1) < (comb.wide + GAP) / 2)
    inside = [np.flatnonzero(is_inside & (distances.argmin(1) == place)) for place in range(comb.boxes)]
    return [here[np.argsort(-known.evidence[here], kind="stable")] for here in inside]


def weigh_presence(
    marks: Sequence[Int64[np.ndarray, " _m"]], known: Known, ink: Sequence[float]
) -> Float64[np.ndarray, "k 4"]:
    """Give what `PRESENCE_WEIGHTS` weigh: of boxes with these marks, and so many square millimetres of ink."""
    evidence = [float(known.evidence[here[0]]) if len(here) else 0.0 for here in marks]
    some = [float(len(here) > 0) for here in marks]
    return np.stack((np.ones(len(ink)), np.log(np.array(ink) + NO_INK), some, evidence), axis=1)


def cut_digits(
    cleaned: Ink, page: Page, marks: Sequence[Int64[np.ndarray, " _m"]], comb: Comb
) -> tuple[Images, Bool[np.ndarray, " k"]]:
    """Cut the digit of each box out of a page without walls, where the finder saw one or all; say where it did."""
    images, seen = np.zeros((comb.boxes, SIDE, SIDE), np.uint8), np.zeros(comb.boxes, bool)
    for place, (here, area) in enumerate(zip(marks, comb.areas, strict=True)):
        seen[place] = len(here) > 0 and page.marks.labels[here[0]] < CLASSES
        left, top, right, bottom = (SCALE * each for each in widen(area, WIDER))
        box, angle = np.array((left, top, right - left, bottom - top), np.float32), 0.0
        if seen[place]:
            box, angle = page.marks.boxes[here[0]], float(page.marks.directions[here[0]])
        images[place] = normalize(find_ink_in_box(cut_out(cleaned, box, angle), box, angle, is_light=False))
    return images, seen


def ask(
    model: Model,
    page: Page,
    marks: Sequence[Int64[np.ndarray, " _m"]],
    cut: tuple[Images, Bool[np.ndarray, " k"]],
    by_both: tuple[Float32[np.ndarray, "d 10"], Float32[np.ndarray, "d 10"]],
) -> Float32[np.ndarray, "k 3 10"]:
    """Ask both networks for the log-probabilities of each box's classes.

    Parameters
    ----------
    model
        What reads.
    page, marks
        What the finder saw on the page, and in each box.
    cut
        As `cut_digits` gives it.
    by_both
        What `seen_by` says of the page's d digits.
    """
    images, seen = cut
    # rows of both are those of marks that may be digits
    row_of = np.cumsum(page.marks.labels < CLASSES) - 1
    rows = [int(row_of[here[0]]) for here, is_seen in zip(marks, seen, strict=True) if is_seen]
    opinions = np.zeros((len(images), 3, CLASSES), np.float32)
    opinions[:, 2] = np.log(model.calibrate(model.logits(images)).clip(MIN_PROBABILITY))
    opinions[seen, 0] = by_both[0][rows]
    opinions[seen, 1] = by_both[1][rows].clip(np.log(MIN_PROBABILITY))
    return opinions


def combine(opinions: Opinions) -> Combined:
    """Combine what was seen of boxes to probabilities."""
    weights = np.where(opinions.seen[:, None], CLASS_WEIGHTS, (0.0, 0.0, ALONE_WEIGHT))
    mixed = np.einsum("ke,kec->kc", weights, opinions.classes)
    mixed = np.exp(mixed - mixed.max(1, keepdims=True, initial=-np.inf))
    classes: Probabilities = (mixed / mixed.sum(1, keepdims=True)).astype(np.float32)
    return Combined(1 / (1 + np.exp(-(opinions.presence @ PRESENCE_WEIGHTS))), classes)


def revise_boxes(
    presence: Sequence[Float64[np.ndarray, " _k"]],
    classes: Sequence[Float32[np.ndarray, "_k 10"]],
    images: Sequence[UInt8[np.ndarray, "_k 28 28"]],
) -> list[Float64[np.ndarray, "_k 10"]]:
    """Revise the classes of all fields of a page by each other, as one hand writes them, where digits are likely."""
    if not presence:
        return []
    joined = np.concatenate(classes)
    is_there = np.concatenate(presence) >= LIKELY
    joined[is_there] = revise_page(joined[is_there], np.concatenate(images)[is_there])
    ends = np.cumsum([len(each) for each in presence])[:-1]
    return [each.astype(np.float64) for each in np.split(joined, ends)]


def to_evidence(presence: Float64[np.ndarray, " k"]) -> Float64[np.ndarray, " k"]:
    """Give the logarithm of the odds of probabilities that are not 0."""
    odds: Float64[np.ndarray, " k"] = np.log(presence) - np.log1p(-presence.clip(max=1 - ERRORS.invented))
    return odds
