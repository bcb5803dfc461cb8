"""A picture of a page → its lines of digits and signs: the finder finds them, and the model reads each digit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from digits.inference.finder import Finder, Marks, find_spaces, link_lines
from digits.inference.model import Model
from digits.inference.results import Box
from digits.preprocessing import as_grey, cut_out, find_ink_in_box, measure_thickness, normalize
from digits.preprocessing.ink import Ink, Picture, polarity_evidence, weigh_polarity
from digits.preprocessing.scales import MAX_PAGE_SIDE
from digits.shapes import Bool, Float32, Float64, Int64
from digits.types import CLASSES, SIDE, Images, Probabilities

MAX_JUDGED = 50
"""Digits, at most, whose surroundings decide whether the ink of a page is dark or light."""

MAX_TURNED = 12
"""Digits, at most, that the model reads in all four directions."""

TURN_WEIGHTS, UPRIGHT_ODDS = np.array([4.0, 4.0]), 1.0
"""Logarithms of odds: of what `judge_turns` finds, and of an upright page; fitted by `python -m benchmarks experts`."""

MODEL_WEIGHT, FINDER_WEIGHT = 0.7, 0.5
"""Of the logarithms of both networks' probabilities of a digit's classes; fitted by `python -m benchmarks experts`."""

MIN_PROBABILITY = 1e-6
"""Lower ones count as this, so that no network is infinitely sure."""


@dataclass(frozen=True, eq=False)
class Page:
    """A page and what the finder found on it; the same for every model.

    Attributes
    ----------
    marks
        The n digits and signs that are read, in reading order, in pixels of the upright page.
    lines
        Number of each mark's line.
    is_spaced
        Whether there is a space before it.
    images
        Of each digit as the model receives it; zeros for signs.
    thickness
        Width of each digit's lines, relative to its longer side.
    shape
        Height and width of the upright page.
    classes
        The finder's characters.
    printed, struck
        How many digits and signs were left out because they are printed, or struck through.
    quarter_turns
        Counter-clockwise, that brought the page upright.
    """

    marks: Marks
    lines: Int64[np.ndarray, " n"]
    is_spaced: Bool[np.ndarray, " n"]
    images: Images = field(repr=False)
    thickness: Float32[np.ndarray, " n"]
    shape: tuple[int, int]
    classes: str
    printed: int = 0
    struck: int = 0
    quarter_turns: int = 0


def find_page(picture: Picture, finder: Finder, model: Model, *, upright: bool = False, printed: bool = False) -> Page:
    """Find the digits and signs of a page, grey or RGB, turned upright unless it is known to be.

    Struck digits are left out, and printed ones unless they are wanted. The model helps to decide which side is up.
    """
    grey = as_grey(picture, MAX_PAGE_SIDE)
    marks = finder.find(grey)
    turns = 0 if upright else count_turns(judge_turns(grey, marks, model))
    if turns:
        grey = np.ascontiguousarray(np.rot90(grey, turns))
        marks = finder.find(grey)
    is_printed, is_struck = marks.handwritten < 0.5, marks.struck > 0
    kept = marks[~is_struck & (~is_printed | printed)]
    lines = link_lines(kept)
    order = np.concatenate(lines) if lines else np.zeros(0, np.int64)
    numbers = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    is_spaced = np.concatenate([find_spaces(kept, line) for line in lines]) if lines else np.zeros(0, bool)
    kept = kept[order]
    images, thickness = _cut_digits(grey, kept)
    left_out = int((is_printed & ~is_struck).sum()) * (not printed)
    shape = (int(grey.shape[0]), int(grey.shape[1]))
    return Page(
        kept, numbers, is_spaced, images, thickness, shape, finder.classes, left_out, int(is_struck.sum()), turns
    )


def count_turns(evidence: Float64[np.ndarray, "4 2"]) -> int:
    """Count the quarter turns counter-clockwise that bring a page upright, given what `judge_turns` found."""
    odds = evidence @ TURN_WEIGHTS
    odds[0] += UPRIGHT_ODDS
    return int(odds.argmax())


def judge_turns(grey: Ink, marks: Marks, model: Model) -> Float64[np.ndarray, "4 2"]:
    """Judge how a page would look after 0 to 3 quarter turns.

    Returns
    -------
    float64[4, 2]
        For each number of turns, counter-clockwise: how confident the model is in the best digits (mean logarithm), and
        how well the finder's directions agree with it (mean cosine).
    """
    best = marks[np.argsort(-marks.scores, kind="stable")[:MAX_TURNED]]
    evidence = np.zeros((4, 2))
    if not len(best):
        return evidence
    angles = np.arange(4) * math.pi / 2
    is_light = _is_light([cut_out(grey, box, 0.0) for box in best.boxes])
    images = [
        normalize(find_ink_in_box(cut_out(grey, box, angle), box, angle, is_light=is_light))
        for angle in angles
        for box in best.boxes
    ]
    confidences = model.calibrate(model.logits(np.stack(images))).max(1).reshape(4, -1)
    evidence[:, 0] = np.log(confidences).mean(1)
    evidence[:, 1] = np.cos(marks.directions - angles[:, None]) @ marks.scores / marks.scores.sum()
    return evidence


def read_page(page: Page, model: Model) -> Probabilities:
    """Compute the class probabilities of the digits of a page, in their order, by both networks.

    The product of experts (Hinton 1999) whose weights make up for what both see alike.
    """
    by_model, by_finder = seen_by(page, model)
    mixed = MODEL_WEIGHT * by_model + FINDER_WEIGHT * by_finder
    mixed = np.exp(mixed - mixed.max(1, keepdims=True, initial=-np.inf))
    probabilities: Probabilities = (mixed / mixed.sum(1, keepdims=True)).astype(np.float32)
    return probabilities


def seen_by(page: Page, model: Model) -> tuple[Float32[np.ndarray, "m 10"], Float32[np.ndarray, "m 10"]]:
    """Compute the log-probabilities of each digit's classes: by the model alone, and by the finder alone."""
    is_digit = page.marks.labels < CLASSES
    probabilities = model.calibrate(model.logits(page.images[is_digit]))
    return np.log(probabilities.clip(MIN_PROBABILITY)), page.marks.classes[is_digit, :CLASSES]


def to_picture(box: Float32[np.ndarray, "4"], shape: tuple[int, int], quarter_turns: int, size: tuple[int, int]) -> Box:
    """Map a box from the shrunk, turned page to the picture as it was given."""
    left, top, width, height = box.tolist()
    rows, columns = shape
    for _ in range(quarter_turns):  # each back clockwise: the top edge becomes the right one
        left, top, width, height = rows - top - height, left, height, width
        rows, columns = columns, rows
    across, down = size[0] / columns, size[1] / rows
    x, y = max(int(left * across), 0), max(int(top * down), 0)
    right, bottom = min(round((left + width) * across), size[0]), min(round((top + height) * down), size[1])
    return x, y, max(right - x, 1), max(bottom - y, 1)


def _cut_digits(grey: Ink, marks: Marks) -> tuple[Images, Float32[np.ndarray, " n"]]:
    images = np.zeros((len(marks), SIDE, SIDE), np.uint8)
    thickness = np.zeros(len(marks), np.float32)
    rows: list[int] = np.flatnonzero(marks.labels < CLASSES).tolist()
    angles = marks.directions.astype(np.float64)
    patches = {row: cut_out(grey, marks.boxes[row], angles[row]) for row in rows}
    is_light = _is_light([patches[row] for row in rows[:: -(-len(rows) // MAX_JUDGED) or 1]])
    for row in rows:
        ink = find_ink_in_box(patches.pop(row), marks.boxes[row], angles[row], is_light=is_light)
        images[row], thickness[row] = normalize(ink), measure_thickness(ink)
    return images, thickness


def _is_light(patches: list[Ink]) -> bool:
    """Whether the ink of a page is lighter than its ground, by some of its digits and what is around them."""
    return sum(weigh_polarity(polarity_evidence(patch)) for patch in patches) > 0
