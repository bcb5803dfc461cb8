"""How probable a number is, given the characters that were found: some digits may be missed, and others invented.

The sums over all alignments are those of a pair hidden Markov model (Durbin, Eddy, Krogh and Mitchison 1998,
chapter 4). All values are likelihoods relative to characters that have nothing to do with the field: any digit is as
probable as any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from digits.documents.constraints import split_point
from digits.shapes import Float64, Int64
from digits.types import CLASSES


class Errors(NamedTuple):
    """How often digits go wrong, and what it says that characters stand beside each other.

    Attributes
    ----------
    missed
        Share of the digits of a number that are not found.
    invented
        Share of what is certainly a digit but none of the number.
    slips
        Share of the found digits about which the class probabilities say nothing: networks are too certain, and pens
        slip.
    context
        Log-odds by which a character of a run is more probably a digit than one elsewhere.
    """

    missed: float
    invented: float
    slips: float
    context: float


ERRORS = Errors(missed=0.005, invented=0.001, slips=0.001, context=1.0)  # fitted by `python -m benchmarks field-errors`


@dataclass(frozen=True, eq=False)
class Run:
    """k characters beside each other, of which some may be digits of one number.

    Attributes
    ----------
    classes
        The probability of each digit, if it is one.
    evidence
        Log-odds that it is a handwritten digit, wherever it stands.
    text
        What was read: accepted digits, and ``?`` for what is a digit but unsure.
    rows
        Which of the page's marks they are.
    region
        x and y of the upper left and lower right corner, in pixels of the page.
    written
        `text` with the points and commas between its digits.
    """

    classes: Float64[np.ndarray, "k 10"]
    evidence: Float64[np.ndarray, " k"]
    text: str
    rows: tuple[int, ...]
    region: tuple[float, float, float, float]
    written: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def decimals(self) -> int:
        """How many digits were read after the last point or comma; 0 without any."""
        return split_point(self.written)[1]

    def presence(self, errors: Errors = ERRORS) -> Float64[np.ndarray, " k"]:
        """Compute the probability of each character to be a digit."""
        shares: Float64[np.ndarray, " k"] = 1 / (1 + np.exp(-(self.evidence + errors.context)))
        return shares.clip(max=1 - errors.invented)

    def ratios(self, slips: float = ERRORS.slips) -> Float64[np.ndarray, "k 10"]:
        """Compute the likelihood of each digit, relative to that of any digit."""
        likelihoods: Float64[np.ndarray, "k 10"] = (1 - slips) * CLASSES * self.classes + slips
        return likelihoods


def weigh_numbers(run: Run, numbers: Int64[np.ndarray, "n l"], errors: Errors = ERRORS) -> Float64[np.ndarray, " n"]:
    """Weigh numbers of equal length: the likelihood of what was found if this number is written there."""
    return _align(run, run.ratios(errors.slips)[:, numbers], errors)


def weigh_form(run: Run, frequencies: Float64[np.ndarray, "l 10"], errors: Errors = ERRORS) -> float:
    """Weigh all numbers of a form, which is the frequency of each digit at each place, as one."""
    return float(_align(run, (run.ratios(errors.slips) @ frequencies.T)[:, None], errors)[0])


def _align(run: Run, factors: Float64[np.ndarray, "k n l"], errors: Errors) -> Float64[np.ndarray, " n"]:
    """Sum over all alignments; `factors` has the likelihood of each character for each place of each number."""
    n, length = factors.shape[1:]
    steps = np.arange(length + 1) - np.arange(length + 1)[:, None]
    # from one place to a later one, all between are missed
    missing = np.where(steps >= 0, errors.missed ** steps.clip(0), 0.0)
    sums = np.zeros((n, length + 1))
    sums[:, 0] = 1.0
    for presence, factor in zip(run.presence(errors), factors, strict=True):
        matched = (sums @ missing)[:, :-1] * (1 - errors.missed) * presence * factor
        sums = sums * (1 - presence)
        sums[:, 1:] += matched
    total: Float64[np.ndarray, " n"] = sums @ missing[:, -1]
    return total


def to_array(numbers: list[str]) -> Int64[np.ndarray, "n l"]:
    """Return numbers of equal length as rows of digits."""
    return np.array([[int(each) for each in number] for number in numbers], np.int64)
