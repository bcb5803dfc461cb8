"""A picture of a page → its lines of digits: those candidates that together are believed most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digits.inference.model import Model
from digits.inference.viterbi import find_best_path
from digits.preprocessing import find_components, find_lines, normalize
from digits.preprocessing.ink import Picture
from digits.preprocessing.segmentation import Candidate, Segment, find_candidates, segment_line
from digits.shapes import Float32, UInt8
from digits.types import Probabilities

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

MOST, TURNED = 3000, 1500
"""Candidates on a page, at most, and on one that other sides are tried of: a page with more is covered with something
else than digits."""

PARTED = 0.8
"""Confidence that a digit needs which was cut out of what hangs together: parts of letters are like digits too."""

COMPANY, ALONE = 0.7, 0.99
"""Share of a line's large things that must be digits, and the confidence that each needs where fewer are: in a word,
what looks like a digit is likelier a letter. This costs no digit of the synthetic pages."""

LARGE = 0.45
"""Height of such a thing, in heights of the line's digits, at least."""


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
    candidates
        How many things on it may be digits, all cuts and joins counted.
    """

    lines: list[tuple[list[Found], float]]
    shape: tuple[int, int]
    turned: int = 0
    candidates: int = 0

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


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A page that stands upright, cut into all that may be digits; the same for every model.

    Attributes
    ----------
    lines
        Of each line, the height of its digits, its pieces and its candidates.
    shape
        Height and width of the page, shrunk.
    """

    lines: list[tuple[float, list[Segment], list[Candidate]]]
    shape: tuple[int, int]


def segment_page(picture: Picture) -> Segmentation:
    """Segmentation a page, which is most of the work of reading it.

    Parameters
    ----------
    picture
        Grey or RGB.
    """
    marks, shape, height = find_components(picture)
    lines = []
    for line in find_lines(marks, height):
        pieces = segment_line(line)
        lines.append((line.height, pieces, find_candidates(pieces, line.height)))
    return Segmentation(lines, shape)


def read_page(
    picture: Picture, model: Model, *, stands: bool = False, segmentation: Segmentation | None = None
) -> Page:
    """Read a page, turned as it is believed most.

    Parameters
    ----------
    picture
        Grey or RGB.
    model
        That says what each candidate is, and is unsure of what is no digit.
    stands
        Whether it is known to stand upright.
    segmentation
        What `segment_page` gave of it, if it was asked already.
    """
    upright = read_upright(segmentation or segment_page(picture), model)
    sure = stands or (upright.belief > SURE and not upright.is_column)
    if not upright.lines or sure or upright.candidates > TURNED:
        return upright
    turned = [
        Page(page.lines, page.shape, turns, page.candidates)
        for turns in BETTER
        for page in [read_upright(segment_page(np.ascontiguousarray(np.rot90(picture, turns))), model)]
    ]
    best = max(turned, key=lambda page: page.belief - BETTER[page.turned])
    return best if UNSURE * best.belief - BETTER[best.turned] > upright.belief else upright


def read_upright(cut: Segmentation, model: Model) -> Page:
    """Read a page that stands upright."""
    candidates = sum(len(listed) for _, _, listed in cut.lines)
    if not candidates or candidates > MOST:
        return Page([], cut.shape)
    lattices = [_Lattice(*line) for line in cut.lines]
    _ask(lattices, model)
    read = [([each.answers[k] for k in each.way], each.height) for each in lattices]
    return Page(read, cut.shape, candidates=candidates)


class _Lattice:
    """A line while it is read: the way through its candidates that is believed most, by what was asked so far.

    A candidate that the network was not asked of yet is believed entirely.
    """

    def __init__(self, height: float, pieces: list[Segment], candidates: list[Candidate]) -> None:
        self.height, self.pieces, self.candidates = height, pieces, candidates
        self.confidences = np.ones(len(candidates), np.float32)
        self.answers: dict[int, Found] = {}
        self.choose()

    def choose(self) -> None:
        """Choose the way, and list what of it the network was not asked of."""
        self.way = find_best_path(self.pieces, self.candidates, self.confidences, self.height)
        self.unasked = [k for k in self.way if k not in self.answers]

    def learn(self, images: UInt8[np.ndarray, "n 28 28"], answers: Probabilities) -> None:
        """Take the network's answers to what was not asked, and choose anew."""
        self.confidences[self.unasked] = answers.max(1)
        for k, image, answer in zip(self.unasked, images, answers, strict=True):
            self.answers[k] = Found(self.candidates[k], image, answer)
        self.choose()


def _ask(lattices: list[_Lattice], model: Model) -> None:
    """Ask the network of candidates until it was asked of all that are on the way of their line.

    That is the way which asking of all candidates would give: doubt makes ways cost more, never less.
    """
    while undecided := [lattice for lattice in lattices if lattice.unasked]:
        images = np.stack([normalize(each.candidates[k].ink) for each in undecided for k in each.unasked])
        answers = model.probabilities(images)
        start = 0
        for lattice in undecided:
            own = slice(start, start + len(lattice.unasked))
            start = own.stop
            lattice.learn(images[own], answers[own])


def accepted(line: list[Found], height: float, threshold: float) -> list[bool]:
    """Say of each thing in a line whether it is a digit.

    Parameters
    ----------
    line, height
        As a `Page` has them.
    threshold
        Confidence that a digit needs which stands by itself among digits.
    """
    confidences = [float(found.probabilities.max()) for found in line]
    needed = [max(threshold, PARTED) if found.candidate.parted else threshold for found in line]
    fine = [confidence >= least for confidence, least in zip(confidences, needed, strict=True)]
    large = [each for each, found in zip(fine, line, strict=True) if found.candidate.box[3] > LARGE * height]
    if large and sum(large) < COMPANY * len(large):
        fine = [each and confidence >= ALONE for each, confidence in zip(fine, confidences, strict=True)]
    return fine
