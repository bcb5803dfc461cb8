"""A picture of a page → its lines of digits: in each line, the candidates in which the model is most confident."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from digits.inference.model import Model
from digits.inference.viterbi import find_best_path
from digits.preprocessing import find_candidates, find_components, find_lines, normalize, segment_line
from digits.preprocessing.ink import Picture
from digits.preprocessing.segmentation import Candidate, Segment
from digits.shapes import Float32, UInt8
from digits.types import Images, Probabilities

# Orientation. Scores are mean log-confidences; all values were found on synthetic pages.
MIN_UPRIGHT_SCORE = -0.08  # above it, other orientations are not tried
TURNED_WEIGHT = 1.3  # of a turned page's negative score: where all is doubtful, chance decides which is higher
TURN_PENALTIES = {1: 0.03, 3: 0.03, 2: 0.35}  # by quarter turns counter-clockwise; many digits upside down are digits
MIN_CONFIDENCE = 0.05  # lower ones count as this, so that a single blot cannot decide
MIN_COLUMN_LINES = 3  # lines of one digit each that suggest a page on its side, however high its score

# Pages with more candidates are covered with something other than digits.
MAX_CANDIDATES, MAX_TURNED_CANDIDATES = 3000, 1500

# Acceptance.
MIN_SPLIT_CONFIDENCE = 0.8  # of a digit cut out of a component: parts of letters resemble digits too
LARGE_HEIGHT = 0.45  # heights of the line's digits
MIN_DIGIT_SHARE = 0.7  # of a line's large candidates; with fewer, this is probably a word, and each digit needs:
MIN_CONFIDENCE_IN_WORDS = 0.99  # costs no digit of the synthetic pages


@dataclass(frozen=True, eq=False)
class PageDigit:
    """A candidate on the best path of its line, with its image and the probability of each class."""

    candidate: Candidate
    image: UInt8[np.ndarray, "28 28"]
    probabilities: Float32[np.ndarray, "10"]


@dataclass(frozen=True, eq=False)
class PageResult:
    """A page read in one orientation."""

    lines: list[tuple[list[PageDigit], float]]  # from top to bottom, each with the height of its digits
    shape: tuple[int, int]  # height and width of the page that boxes refer to
    quarter_turns: int = 0  # counter-clockwise, that brought it upright
    candidate_count: int = 0

    @property
    def score(self) -> float:
        """Mean logarithm of the confidences, weighted by line height; -∞ without digits."""
        best = [(float(each.probabilities.max()), height) for line, height in self.lines for each in line]
        if not best:
            return -np.inf
        confidences, heights = np.array(best).T
        return float(np.average(np.log(np.maximum(confidences, MIN_CONFIDENCE)), weights=heights))

    @property
    def is_column(self) -> bool:
        """Whether most lines hold a single digit, as on a page that lies on its side."""
        single = sum(len(line) == 1 for line, _ in self.lines)
        return len(self.lines) >= MIN_COLUMN_LINES and single > len(self.lines) / 2


@dataclass(frozen=True, eq=False)
class Segmentation:
    """An upright page split into candidates; the same for every model."""

    lines: list[tuple[float, list[Segment], list[Candidate]]]  # each with the height of its digits first
    shape: tuple[int, int]  # height and width of the shrunk page


def segment_page(picture: Picture) -> Segmentation:
    """Split a page, grey or RGB, into candidates, which is most of the work of reading it."""
    components, shape, height = find_components(picture)
    lines = []
    for line in find_lines(components, height):
        segments = segment_line(line)
        lines.append((line.height, segments, find_candidates(segments, line.height)))
    return Segmentation(lines, shape)


def read_page(picture: Picture, model: Model, *, upright: bool = False, result: PageResult | None = None) -> PageResult:
    """Read a page in the orientation that scores best; one known to be upright in that alone.

    `result` is what `read_upright` gave for this picture, if it was read before.
    """
    result = result or read_upright(segment_page(picture), model)
    is_certain = upright or (result.score > MIN_UPRIGHT_SCORE and not result.is_column)
    if not result.lines or is_certain or result.candidate_count > MAX_TURNED_CANDIDATES:
        return result
    turned = [
        replace(read_upright(segment_page(np.ascontiguousarray(np.rot90(picture, turns))), model), quarter_turns=turns)
        for turns in TURN_PENALTIES
    ]
    best = max(turned, key=lambda page: page.score - TURN_PENALTIES[page.quarter_turns])
    return best if TURNED_WEIGHT * best.score - TURN_PENALTIES[best.quarter_turns] > result.score else result


def read_upright(segmentation: Segmentation, model: Model) -> PageResult:
    """Read a page that is upright."""
    count = sum(len(candidates) for _, _, candidates in segmentation.lines)
    if not count or count > MAX_CANDIDATES:
        return PageResult([], segmentation.shape, candidate_count=count)
    searches = [_LineSearch(*line) for line in segmentation.lines]
    _score_paths(searches, model)
    lines = [([search.scored[k] for k in search.path], search.height) for search in searches]
    return PageResult(lines, segmentation.shape, candidate_count=count)


class _LineSearch:
    """The best path through one line, given the confidences known so far.

    Unscored candidates have confidence 1, an admissible bound: scores only make paths costlier. A path is the best of
    all once every candidate on it is scored.
    """

    def __init__(self, height: float, segments: list[Segment], candidates: list[Candidate]) -> None:
        self.height, self.segments, self.candidates = height, segments, candidates
        self.confidences = np.ones(len(candidates), np.float32)
        self.scored: dict[int, PageDigit] = {}
        self.find_path()

    def find_path(self) -> None:
        """Find the best path, and the candidates on it that are not scored."""
        self.path = find_best_path(self.segments, self.candidates, self.confidences, self.height)
        self.unscored = [k for k in self.path if k not in self.scored]

    def add_scores(self, images: Images, probabilities: Probabilities) -> None:
        """Take the model's answer for each unscored candidate, and find the best path again."""
        self.confidences[self.unscored] = probabilities.max(1)
        for k, image, row in zip(self.unscored, images, probabilities, strict=True):
            self.scored[k] = PageDigit(self.candidates[k], image, row)
        self.find_path()


def _score_paths(searches: list[_LineSearch], model: Model) -> None:
    """Score the candidates on best paths until all of them are scored, the lines of a page in one batch."""
    while unfinished := [search for search in searches if search.unscored]:
        images = np.stack([normalize(each.candidates[k].ink) for each in unfinished for k in each.unscored])
        probabilities = model.calibrate(model.logits(images))
        start = 0
        for search in unfinished:
            part = slice(start, start + len(search.unscored))
            start = part.stop
            search.add_scores(images[part], probabilities[part])


def accept_digits(line: list[PageDigit], height: float, threshold: float) -> list[bool]:
    """Decide for each candidate of a line, whose digits have this height, whether it is a digit.

    `threshold` is the confidence required of a whole component among digits.
    """
    confidences = np.array([each.probabilities.max() for each in line], np.float64)
    is_split = np.array([each.candidate.is_split for each in line], bool)
    is_large = np.array([each.candidate.box[3] for each in line]) > LARGE_HEIGHT * height
    accepted = confidences >= np.where(is_split, max(threshold, MIN_SPLIT_CONFIDENCE), threshold)
    if (is_large & accepted).sum() < MIN_DIGIT_SHARE * is_large.sum():
        accepted &= confidences >= MIN_CONFIDENCE_IN_WORDS
    return [bool(each) for each in accepted]
