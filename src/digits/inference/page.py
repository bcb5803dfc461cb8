"""A picture of a page → its lines of digits: every candidate is read, and the most believed ones are the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from digits.inference.lattice import most_believed
from digits.inference.model import Model
from digits.preprocessing import find_lines, find_marks, normalize
from digits.preprocessing.ink import Picture
from digits.preprocessing.pieces import Candidate, find_candidates, find_pieces

SURE = -0.08
"""Mean logarithm of confidence from which on nobody asks whether the page lies on its side."""

UNSURE = 1.3
"""What that mean, which is negative, counts for on a page that was turned: where all is doubtful whichever side is up,
chance decides which mean is higher."""

BETTER = {1: 0.03, 3: 0.03, 2: 0.35}
"""By how much that mean must rise for a page to be turned, by quarter turns counter-clockwise: upside down, many
digits are digits too. Found on synthetic pages."""

NOTHING = 0.05
"""Confidence that counts for all that are below it, lest one blot decides."""

COLUMNS = 3
"""Lines of one digit each from which on a page may lie on its side, however sure the digits are."""

MOST = 4000
"""Candidates on a page, at most; a page with more is covered with something else than digits."""


@dataclass(frozen=True, eq=False)
class Found:
    """What was read in one place of a page that stands upright.

    Attributes
    ----------
    candidate
        Where, and its ink.
    image
        The 28 × 28 the network saw.
    probabilities
        Of each class.
    """

    candidate: Candidate
    image: UInt8[np.ndarray, "28 28"]
    probabilities: Float32[np.ndarray, "10"]


@dataclass(frozen=True, eq=False)
class Page:
    """A page as it was read.

    Attributes
    ----------
    lines
        From top to bottom, with the height of each line's digits.
    shape
        Height and width of the page that boxes are in.
    turned
        Quarter turns counter-clockwise that brought it upright.
    """

    lines: list[tuple[list[Found], float]]
    shape: tuple[int, int]
    turned: int = 0

    @property
    def belief(self) -> float:
        """Mean logarithm of the confidences, large things counting more; -∞ without any."""
        best = ((float(each.probabilities.max()), height) for line, height in self.lines for each in line)
        found = [(max(confidence, NOTHING), height) for confidence, height in best]
        if not found:
            return -np.inf
        confidences, heights = np.array(found).T
        return float(np.average(np.log(confidences), weights=heights))

    @property
    def is_column(self) -> bool:
        """Whether most lines hold one digit, as the digits of a line do on a page that lies on its side."""
        return len(self.lines) >= COLUMNS and sum(len(line) == 1 for line, _ in self.lines) > len(self.lines) / 2


def read_page(picture: Picture, model: Model) -> Page:
    """Read a page, turned as it is believed most.

    Parameters
    ----------
    picture
        Grey or RGB.
    model
        That says what each candidate is, and is unsure of what is no digit.
    """
    upright = read_upright(picture, model)
    if not upright.lines or (upright.belief > SURE and not upright.is_column):
        return upright
    turned = [
        Page(page.lines, page.shape, turns)
        for turns in BETTER
        for page in [read_upright(np.ascontiguousarray(np.rot90(picture, turns)), model)]
    ]
    best = max(turned, key=lambda page: page.belief - BETTER[page.turned])
    return best if UNSURE * best.belief - BETTER[best.turned] > upright.belief else upright


def read_upright(picture: Picture, model: Model) -> Page:
    """Read a page that stands upright."""
    marks, shape, height = find_marks(picture)
    lines = [(line, find_pieces(line)) for line in find_lines(marks, height)]
    listed = [find_candidates(pieces, line.height) for line, pieces in lines]
    candidates = [candidate for each in listed for candidate in each]
    if not candidates or len(candidates) > MOST:
        return Page([], shape)
    images = np.stack([normalize(candidate.ink) for candidate in candidates])
    answers = model.probabilities(images)
    confidences = answers.max(1)
    read, start = [], 0
    for (line, pieces), own in zip(lines, listed, strict=True):
        way = most_believed(pieces, own, confidences[start : start + len(own)], line.height)
        read.append(([Found(own[k], images[start + k], answers[start + k]) for k in way], line.height))
        start += len(own)
    return Page(read, shape)
