"""A picture of a page → its digits and signs: the finder finds them, the model reads each digit, a judge decides."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from digits.inference.finder import Finder, Marks
from digits.inference.finder.finder import MIN_CANDIDATE_SCORE, MIN_SCORE
from digits.inference.judge import MIN_GLANCE, PRINTED, WRITTEN, Judge, adapt, describe_marks, load_judge
from digits.inference.model import Model
from digits.inference.odds import mix
from digits.inference.results import Box
from digits.inference.turns import count_turns
from digits.preprocessing import (
    as_grey,
    cut_out,
    find_ink_in_box,
    has_light_ink,
    locate_ink,
    measure_thickness,
    normalize,
)
from digits.preprocessing.ink import Ink, Picture, polarity_evidence, weigh_polarity
from digits.preprocessing.scales import MAX_PAGE_SIDE
from digits.shapes import Float32
from digits.types import CLASSES, SIDE, Images, Probabilities

MAX_JUDGED = 50
"""Digits, at most, whose surroundings decide whether the ink of a page is dark or light."""

MIN_PROBABILITY = 1e-6
"""Lower ones count as this, so that no network is infinitely sure."""


@dataclass(frozen=True, eq=False)
class Page:
    """A page and what the finder found on it; the same for every model.

    Attributes
    ----------
    marks
        The n digits and signs that may be there, in any order, in pixels of the upright page.
    images
        Of each digit as the model receives it; zeros for signs.
    thickness
        Width of each digit's lines, relative to its longer side.
    described
        What the judge knows of each mark, of those around it, and of the page.
    shape
        Height and width of the upright page.
    classes
        The finder's characters.
    with_print
        Whether printed digits and signs are wanted too.
    printed, struck
        How many digits and signs were left out because they are printed, or struck through.
    quarter_turns
        Counter-clockwise, that brought the page upright.
    """

    marks: Marks
    images: Images = field(repr=False)
    thickness: Float32[np.ndarray, " n"]
    described: Float32[np.ndarray, "n _k"] = field(repr=False)
    shape: tuple[int, int]
    classes: str
    with_print: bool = False
    printed: int = 0
    struck: int = 0
    quarter_turns: int = 0


class Answers(NamedTuple):
    """What a model and the judge say of the n marks of a page, m of which may be digits.

    Attributes
    ----------
    classes
        Class probabilities of the digits.
    wanted
        Probability of each mark that it is a digit or sign that is to be read, 0–1.
    printed
        How many marks are left out because they are printed.
    """

    classes: Probabilities
    wanted: Float32[np.ndarray, " n"]
    printed: int


def find_page(
    picture: Picture,
    finder: Finder,
    model: Model,
    *,
    upright: bool = False,
    printed: bool = False,
    judge: Judge | None = None,
) -> Page:
    """Find the digits and signs of a page, grey or RGB, turned upright unless it is known to be.

    Struck digits are left out, and so are, unless they are wanted, most printed ones. The model helps to decide which
    side is up; the judge is the one that comes with the package, unless another is given.
    """
    grey = as_grey(picture, MAX_PAGE_SIDE)
    if grey.size and weigh_polarity(polarity_evidence(grey)) > 0:
        grey = 255 - grey  # a negative is read as its positive is
    marks = finder.find(grey, min_score=MIN_CANDIDATE_SCORE)
    turns = 0 if upright or not len(marks) else count_turns(grey, marks, model, finder)
    if turns:
        grey = np.ascontiguousarray(np.rot90(grey, turns))
        marks = finder.find(grey, min_score=MIN_CANDIDATE_SCORE)
    is_struck = marks.struck > 0
    struck = int((is_struck & (marks.scores >= MIN_SCORE)).sum())
    marks = marks[~is_struck]
    described = describe_marks(marks, grey.shape)
    judged = (judge or load_judge()).glance(described)
    is_kept = _want(judged, printed) >= MIN_GLANCE
    kept = marks[is_kept]
    boxes, images, thickness = _cut_digits(grey, kept)
    return Page(
        replace(kept, boxes=boxes),
        images,
        thickness,
        described[is_kept],
        shape=(int(grey.shape[0]), int(grey.shape[1])),
        classes=finder.classes,
        with_print=printed,
        printed=int((judged[~is_kept, PRINTED] >= 0.5).sum()),
        struck=struck,
        quarter_turns=turns,
    )


def read_page(page: Page, model: Model, judge: Judge | None = None) -> Answers:
    """Read the digits of a page, and judge which marks are to be read: as likely as not, or more."""
    by_model, by_finder = seen_by(page, model)
    judge = judge or load_judge()
    judged = judge.judge_answers(page.marks, page.described, by_model)
    if not page.with_print:
        judged = adapt(judged, judge.print_share, page.printed)
    wanted = _want(judged, page.with_print)
    printed = page.printed + int(((judged[:, PRINTED] >= 0.5) & (wanted < 0.5)).sum())
    return Answers(mix(by_model, by_finder), wanted, printed)


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


def _want(judged: Float32[np.ndarray, "n 3"], with_print: bool) -> Float32[np.ndarray, " n"]:
    """Give the probability of each mark that it is to be read."""
    wanted: Float32[np.ndarray, " n"] = judged[:, WRITTEN] + with_print * judged[:, PRINTED]
    return wanted


def _cut_digits(grey: Ink, marks: Marks) -> tuple[Float32[np.ndarray, "n 4"], Images, Float32[np.ndarray, " n"]]:
    """Cut the digits out: the boxes of their ink, images, and thickness of their lines; signs keep their boxes."""
    boxes = marks.boxes.copy()
    images = np.zeros((len(marks), SIDE, SIDE), np.uint8)
    thickness = np.zeros(len(marks), np.float32)
    rows: list[int] = np.flatnonzero(marks.labels < CLASSES).tolist()
    angles = marks.directions.astype(np.float64)
    patches = {row: cut_out(grey, marks.boxes[row], angles[row]) for row in rows}
    is_light = has_light_ink([patches[row] for row in rows[:: -(-len(rows) // MAX_JUDGED) or 1]])
    for row in rows:
        ink = find_ink_in_box(patches.pop(row), marks.boxes[row], angles[row], is_light=is_light)
        boxes[row] = locate_ink(ink, marks.boxes[row], angles[row])
        images[row], thickness[row] = normalize(ink), measure_thickness(ink)
    return boxes, images, thickness
