"""Of several marks that are one, keep that of the scale which shows it best."""

from __future__ import annotations

import numpy as np

from digits.inference.finder.marks import Marks
from digits.shapes import Float32
from digits.types import CLASSES

BEST_SIZES = (20.0, 64.0)
"""Pixels of a digit's longer side that the network reads best; with these, the fewest were missed on synthetic
documents, and each size is within them at one or two scales of a picture."""

MAX_SHARED = 0.4
"""Intersection over union above which two boxes are one mark; two digits that touch share less."""

MAX_WITHIN = 0.75
"""Share of the smaller of two digits that lies within the other, above which it is a part of it."""

WHOLE = 1.2
"""By how much the weight of a digit must exceed that of a larger one that it lies in, not to be a part of it: the parts
of a large digit look like digits, and no digit is written within another."""

MAX_MARKS = 3000
"""Marks of a picture, at most: the best ones. Hardly a page has more digits, and each costs time to read."""


def rate_sizes(marks: Marks) -> Float32[np.ndarray, " _n"]:
    """Rate how well the scale at which marks were found suits digits of their size, 0–1; it suits all signs."""
    longer = marks.boxes[:, 2:].max(1, initial=1e-9)
    rates = np.minimum(longer / BEST_SIZES[0], BEST_SIZES[1] / longer).clip(0, 1)
    result: Float32[np.ndarray, " _n"] = np.where(marks.labels < CLASSES, rates, 1).astype(np.float32)
    return result


def suppress(marks: Marks, weights: Float32[np.ndarray, " _n"]) -> Marks:
    """Keep of all marks that overlap too much the one of the highest weight (greedily, from the best to the worst)."""
    order = np.argsort(-weights, kind="stable")[:MAX_MARKS]
    marks, weights = marks[order], weights[order]
    low, high = marks.boxes[:, :2], marks.boxes[:, :2] + marks.boxes[:, 2:]
    areas = marks.boxes[:, 2:].prod(1)
    is_digit = marks.labels < CLASSES
    is_left = np.ones(len(marks), bool)
    for row in np.flatnonzero(is_digit).tolist():
        sides = np.minimum(high[row], high) - np.maximum(low[row], low)
        is_within = (sides.clip(0).prod(1) > MAX_WITHIN * areas) & (areas < areas[row] * MAX_SHARED) & is_digit
        is_left[is_within & (weights < WHOLE * weights[row])] = False
    for row in range(len(marks)):
        if not is_left[row]:
            continue
        rest = row + 1 + np.flatnonzero(is_left[row + 1 :])
        sides = np.minimum(high[row], high[rest]) - np.maximum(low[row], low[rest])
        shared = sides.clip(0).prod(1)
        is_same = shared > MAX_SHARED * (areas[row] + areas[rest] - shared)
        is_part = (shared > MAX_WITHIN * np.minimum(areas[row], areas[rest])) & is_digit[row] & is_digit[rest]
        is_left[rest[is_same | is_part]] = False
    return marks[is_left]
