"""The rules of a page: straight or slightly bent lines, printed or drawn, whole, dashed or dotted.

A network says which pixels are evidence of a level or an upright rule that parts cells. These votes are summed along
all straight lines through strips of the page, by the fast Hough transform (Götz and Druck, 1995), which says how rules
run. Upright rules are level ones on the page's transpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from digits.documents.rule import Rule
from digits.preprocessing.ink import Ink
from digits.shapes import Bool, Float32, Float64, UInt8

MAX_SLOPE = 0.36
"""Steepest rule: 20 degrees, beyond which a reader of upright pages finds no digits."""

MIN_SHARE = 0.3
"""Share of a strip that a rule must cover: dots with gaps of twice their size cover a third."""

GAP = 0.3
"""Gaps in a rule that do not count, in heights of a digit: they are wider than those of dashes and dots, and than the
strokes that cross it, and narrower than those between the strokes of neighbouring letters."""

SAME = 0.35
"""Rules closer than this, in heights of a digit, are one: no digit would fit between them."""


@dataclass(frozen=True, eq=False)
class Votes:
    """Evidence of level rules on a page; of a transposed one, for upright rules.

    Attributes
    ----------
    inked
        How much each pixel looks like part of a rule, 0–255; 0 under writing.
    is_hidden
        255 under writing, where nobody can tell.
    """

    inked: Ink
    is_hidden: Ink

    def follow(
        self, rule: Rule, places: Float64[np.ndarray, " n"]
    ) -> tuple[Float64[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
        """Say for places along a rule how much ink is there, 0–1, a pixel beside it included, and what is hidden."""
        height, width = self.inked.shape
        rows, columns = np.rint(rule.at(places)).astype(np.int64), places.astype(np.int64).clip(0, width - 1)
        near = [self.inked[(rows + shift).clip(0, height - 1), columns] for shift in (-1, 0, 1)]
        inked: Float64[np.ndarray, " n"] = np.where((rows < 0) | (rows >= height), 0, np.max(near, axis=0)) / 255
        return inked, self.is_hidden[rows.clip(0, height - 1), columns] > 0


def as_votes(walls: UInt8[np.ndarray, "2 h w"], writing: Float64[np.ndarray, "n 4"]) -> tuple[Votes, Votes]:
    """Give the evidence of level rules on a page, and of those on its transpose.

    Parameters
    ----------
    walls
        As `digits.inference.find_walls` gives them.
    writing
        Boxes of digits: x, y, width, height. Their strokes in line would look like rules.
    """
    hidden = np.zeros_like(walls[0])
    corners = np.rint(np.hstack((writing[:, :2], writing[:, :2] + writing[:, 2:]))).astype(np.int64).clip(0)
    for left, top, right, bottom in corners.tolist():
        hidden[top:bottom, left:right] = 255
    levels, uprights = (cv2.subtract(each, hidden) for each in walls)
    return Votes(levels, hidden), Votes(np.ascontiguousarray(uprights.T), np.ascontiguousarray(hidden.T))


def find_slopes(votes: Votes, size: float) -> Float64[np.ndarray, "m 4"]:
    """Find pieces of level rules in strips of a page: x and y of the middle, slope and share that is inked."""
    strip = int(np.clip(2 ** round(np.log2(2 * size)), 16, 128))
    found = []
    for number, sums in enumerate(_sum_lines(votes.inked, strip)):
        row, fall, share = _find_peaks(sums, strip, max(round(0.5 * SAME * size), 2)).T.astype(np.float64)
        found.append(np.stack(((number + 0.5) * strip + 0 * row, row + fall / 2, fall / strip, share), axis=1))
    return np.concatenate(found)


def _sum_lines(inked: Ink, strip: int) -> list[np.ndarray]:
    """Sum votes along lines through each strip: by slope, from the steepest rise to the steepest fall, and row."""
    height, width = inked.shape
    most = int(MAX_SLOPE * strip) + 1
    padded = np.zeros((-(-width // strip) * strip, height + 2 * most), np.uint16)
    padded[:width, most : most + height] = inked.T
    falling = _transform(padded, strip, most)
    rising = _transform(padded[:, ::-1], strip, most)[:, :0:-1, ::-1]
    return [each[:, most : most + height] for each in np.concatenate((rising, falling), axis=1)]


def _transform(columns: np.ndarray, strip: int, most: int) -> np.ndarray:
    """Sum along lines that fall by 0 to `most` rows through a strip; the last axis is the row where they begin."""
    sums, side = columns[:, None], 1
    while side < strip:
        side *= 2
        n = most + 1 if side == strip else min(side, most * side // strip + 2)
        merged = np.zeros((len(sums) // 2, n, columns.shape[1]), np.uint16)
        for fall in range(n):
            half, shift = min(fall // 2, sums.shape[1] - 1), (fall + 1) // 2
            merged[:, fall] = sums[::2, half]
            merged[:, fall, : columns.shape[1] - shift] += sums[1::2, half, shift:]
        sums = merged
    return sums


def _find_peaks(sums: np.ndarray, strip: int, reach: int) -> Float32[np.ndarray, "_n 3"]:
    """Return the row, fall and share of the lines through a strip that are better than those next to them."""
    best, falls = sums.max(0), sums.argmax(0) - len(sums) // 2
    # on noise and texture, the best of many lines is no rule
    enough = max(255 * strip * MIN_SHARE, 2 * float(np.median(best)))
    # of the rows of a thick rule, which are as good, the middle one
    smooth = cv2.GaussianBlur(best.astype(np.float32)[None], (1 + 2 * reach, 1), 0)[0]
    around = cv2.dilate(smooth[None], np.ones((1, 1 + 2 * reach), np.uint8))[0]
    rows = np.flatnonzero((smooth >= around) & (best >= enough))
    return np.stack((rows, falls[rows], best[rows] / (255 * strip)), axis=1).astype(np.float32)


def fill_gaps(mask: Bool[np.ndarray, " n"], window: int) -> Bool[np.ndarray, " n"]:
    """Fill the gaps of a mask that are shorter than a window."""
    kernel = np.ones((1, window), np.uint8)
    filled: Bool[np.ndarray, " n"] = cv2.morphologyEx(mask.astype(np.uint8)[None], cv2.MORPH_CLOSE, kernel)[0] > 0
    return filled
