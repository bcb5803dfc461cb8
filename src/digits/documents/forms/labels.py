"""Whether the labels of a blank form are on a page that was registered by its print.

Two forms of one house may differ in nothing but fields and their labels. A label is what is printed near a field. On a
page of the form it is there as often as any other word; on another one, only by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from digits.documents.forms.blank import Blank
from digits.documents.forms.registration import Registration
from digits.documents.forms.sheet import Comb, Rectangle
from digits.documents.forms.walls import SCALE, widen
from digits.preprocessing.ink import Ink, subtract_ground
from digits.shapes import Bool

NEAR = 12.0
"""Millimetres around a field in which words are its label: two lines of text."""

WRITING = 1.5
"""Millimetres around a field in which writing may hide print."""

SPACE = 1.2
"""Millimetres between the letters of a word, at most."""

HEIGHTS, LENGTH = (1.2, 9.0), 3.0
"""Heights of a word, and its least length, in millimetres: rules are flatter, and pictures higher."""

OFF = 1.5
"""Millimetres by which curled paper may move a word."""

CHANCES = 12
"""Other places of the page with which a word is compared: what it correlates with by chance."""

MANY = 60
"""Words elsewhere, at most, that say how well this picture shows print."""


class Labels(NamedTuple):
    """How many labels there should be and are seen, and which share of other words is seen; 1 without any."""

    printed: int
    seen: int
    elsewhere: float

    @property
    def are_others(self) -> bool:
        """Whether the page is one of another form: less than half as many labels are there as other words."""
        return self.printed > 0 and self.seen < 0.5 * self.elsewhere * self.printed

    @property
    def are_legible(self) -> bool:
        """Whether this picture shows most words well enough to tell."""
        return self.elsewhere >= 0.5


def compare_labels(registration: Registration, grey: Ink, blank: Blank, combs: Sequence[Comb]) -> Labels:
    """Compare the labels of a page's fields, and other words, with the blank form.

    What a word gains is its correlation with its own place, above that with any of other places. It is seen if it gains
    half of what other words usually do, since blur takes as much from all of them.

    Parameters
    ----------
    registration, grey
        Where the page is in a picture.
    blank, combs
        The form and its fields.
    """
    paper = (0.0, 0.0, *blank.size)
    dark = subtract_ground(registration.rectify(grey, paper, SCALE))[0]
    beyond = registration.rectify(np.full_like(grey, 255 * registration.is_negative), paper, SCALE) > 0
    wanted = blank.dark[registration.page - 1]
    here = [comb.area for comb in combs if comb.page == registration.page]
    words = find_words(blank, registration.page, here)
    labels = [word for word in words if any(_touch(word, widen(area, NEAR)) for area in here)]
    others = [word for word in words if word not in labels][:MANY]

    def measure_gain(word: Rectangle) -> float | None:
        """Measure what a word gains; None where the picture ends."""
        own = _correlate(wanted, dark, beyond, word, word)
        step = max(len(words) // CHANCES, 1)
        by_chance = [_correlate(wanted, dark, beyond, word, place) for place in words[::step] if place != word]
        return None if own is None else own - max([each for each in by_chance if each is not None], default=0.0)

    gains = [gain for word in others if (gain := measure_gain(word)) is not None]
    least = 0.5 * float(np.median(gains)) if gains else 0.0
    found = [gain >= max(least, 0) for word in labels if (gain := measure_gain(word)) is not None]
    return Labels(len(found), sum(found), float(np.mean([gain > 0 for gain in gains])) if gains else 1.0)


def find_words(blank: Blank, page: int, areas: Sequence[Rectangle]) -> list[Rectangle]:
    """Find the printed words of a page, in millimetres, from top to bottom, outside of where people write."""
    printed = (blank.find_print(page) > 0).astype(np.uint8)
    for area in areas:
        left, top, right, bottom = (max(round(each * SCALE), 0) for each in widen(area, WRITING))
        printed[top:bottom, left:right] = 0
    joined = cv2.dilate(printed, np.ones((3, 2 * round(SPACE * SCALE / 2) + 1), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    words = list[Rectangle]()
    for x, y, width, height, _ in stats[1:count].tolist():
        if HEIGHTS[0] <= height / SCALE <= HEIGHTS[1] and width / SCALE >= LENGTH:
            words.append((x / SCALE, y / SCALE, (x + width) / SCALE, (y + height) / SCALE))
    return sorted(words, key=lambda word: word[1])


def _correlate(
    wanted: Ink, dark: Ink, beyond: Bool[np.ndarray, "h w"], word: Rectangle, place: Rectangle
) -> float | None:
    """Correlate a word with a place of the page, a little off at most; None where the picture ends."""
    off = round(OFF * SCALE)
    left, top, right, bottom = (round(each * SCALE) for each in word)
    x, y = round(place[0] * SCALE) - off, round(place[1] * SCALE) - off
    rows, columns = slice(y, y + bottom - top + 2 * off), slice(x, x + right - left + 2 * off)
    if min(x, y) < 0 or rows.stop > dark.shape[0] or columns.stop > dark.shape[1] or beyond[rows, columns].any():
        return None
    return float(cv2.matchTemplate(dark[rows, columns], wanted[top:bottom, left:right], cv2.TM_CCOEFF_NORMED).max())


def _touch(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
