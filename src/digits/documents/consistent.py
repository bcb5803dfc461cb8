"""The most probable numbers of a field, over all runs of a page and all numbers that satisfy the constraints.

The weights are those of `alignment`, summed by the same recursion forwards over the digits of one number and backwards
over all numbers that may follow. Both together are the weight of all numbers with the same first digits, which bounds
that of each: so a best-first search finds the numbers in falling order, and knows the weight of all others exactly.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from digits.documents.alignment import ERRORS, Errors, Run
from digits.documents.automaton import Automaton, make_automata
from digits.documents.fields import Field
from digits.shapes import Float64
from digits.types import CLASSES

MIN_SHARE = 0.01
"""Probability from which on a number is found: what 99 % leave, the confidence from which on nobody needs to look."""

MIN_RUN = 1e-9
"""Weight of a run that is searched, at least, as a share of the best one's. A checksum makes a number at most 97 times
as probable, and one that fails a hundredth, so that what is left out stays below a thousandth; and its weight counts
against the numbers that are found."""

MAX_ELEMENTS, MAX_STATES = 2**22, 2**25
"""Elements of the largest array while all runs are weighed, 32 MB, and of all sums of those that are searched, 256 MB:
two hundred runs for a checksum of mod 97 over twenty digits. Of more, the most probable ones are searched."""


class Candidate(NamedTuple):
    """A number as it is written, its probability, and the run that it is read from."""

    number: str
    share: float
    run: int


@dataclass(frozen=True, eq=False)
class _Runs:
    """R runs, padded to K characters that are certainly none of the number.

    Attributes
    ----------
    skipped
        For each two places of a run how probable it is that all between them are none of the number.
    matched
        How probable each character is one of the number, by its digit, relative to any digit.
    """

    skipped: Float64[np.ndarray, "r k1 k1"]
    matched: Float64[np.ndarray, "r k 10"]

    @classmethod
    def pad(cls, runs: Sequence[Run], errors: Errors) -> _Runs:
        most = max(map(len, runs))
        skips, matched = np.ones((len(runs), most)), np.zeros((len(runs), most, CLASSES))
        for row, run in enumerate(runs):
            presence = run.presence(errors)
            skips[row, : len(run)] = 1 - presence
            matched[row, : len(run)] = (1 - errors.missed) * presence[:, None] * run.ratios(errors.slips)
        skipped = np.zeros((len(runs), most + 1, most + 1))
        for end in range(most + 1):
            skipped[:, end, end] = 1.0
            if end:
                skipped[:, :end, end] = skipped[:, :end, end - 1] * skips[:, None, end - 1]
        return cls(skipped, matched)


def find_numbers(
    runs: Sequence[Run], field: Field, errors: Errors = ERRORS
) -> tuple[list[Candidate], Float64[np.ndarray, " r"]]:
    """Find the numbers of a field that are more probable than `MIN_SHARE`, in falling order.

    Parameters
    ----------
    runs
        One or more.
    field
        Its numbers are as probable before as `make_automata` says.
    errors
        How often digits go wrong.

    Returns
    -------
    list of Candidate, float64[r]
        Numbers, those that fail the constraints too; and how probable it is for each run that it is the number.
    """
    wholes = _weigh_all(runs, field, errors)
    automata = make_automata(field)
    states = sum(len(step) for each in automata for step in each.steps) * (max(map(len, runs)) + 1)
    best = np.argsort(-wholes, kind="stable")[: max(MAX_STATES // states, 1)]
    kept = best[wholes[best] >= MIN_RUN * wholes.max()].tolist()
    chosen = [runs[row] for row in kept]
    searches = [_Search(chosen, each, _weigh_point(chosen, field, each, errors), errors) for each in automata]
    weights = np.sum([each.weights for each in searches], axis=0)
    shares = wholes.copy()
    shares[kept] = weights
    total = float(shares.sum())
    found = []
    for search in searches:
        found += [
            Candidate(number, weight / total, kept[run]) for number, weight, run in search.find(MIN_SHARE * total)
        ]
    return sorted(found, key=lambda each: -each.share), shares / total


def _weigh_point(runs: Sequence[Run], field: Field, automaton: Automaton, errors: Errors) -> Float64[np.ndarray, " r"]:
    """Weigh the point of each run: as it was read, or missed like a digit."""
    decimals = field.constraints.decimals
    if not decimals or field.low == field.high:
        return np.ones(len(runs))
    read = np.array([run.decimals for run in runs])
    return np.where(read == automaton.decimals, 1 - errors.missed, errors.missed / decimals)


def _weigh_all(runs: Sequence[Run], field: Field, errors: Errors) -> Float64[np.ndarray, " r"]:
    """Weigh each run for all numbers of the field's lengths, whatever its constraints."""
    automata = make_automata(Field(field.name, field.low, field.high))
    size = max(MAX_ELEMENTS // (max(map(len, runs)) + 1) ** 2, 1)
    parts = [runs[start : start + size] for start in range(0, len(runs), size)]
    sums = [sum(_Search(part, each, np.ones(len(part)), errors).weights for each in automata) for part in parts]
    wholes: Float64[np.ndarray, " r"] = np.concatenate(sums)
    return wholes


class _Search:
    """The numbers of one automaton in runs, each of which has a factor."""

    def __init__(
        self, runs: Sequence[Run], automaton: Automaton, factors: Float64[np.ndarray, " r"], errors: Errors
    ) -> None:
        self.automaton, self.factors, self.missed = automaton, factors, errors.missed
        self.runs = _Runs.pad(runs, errors)
        self.behind = self._sum_behind()
        self.weights: Float64[np.ndarray, " r"] = factors * self.behind[0][:, 0, 0]

    def _sum_behind(self) -> list[Float64[np.ndarray, "r _ k1"]]:
        """Sum over all that may follow, for each place of a number, by run, state and characters that were used."""
        skipped, matched = self.runs.skipped, self.runs.matched
        before = np.ascontiguousarray(skipped[:, :, :-1].transpose(0, 2, 1))
        sums = skipped[:, None, :, -1] * self.automaton.priors[:, None]
        behind = [sums]
        for step in reversed(self.automaton.steps):
            missing = np.zeros((len(skipped), len(step), skipped.shape[1]))
            found = np.zeros((len(skipped), len(step), matched.shape[1]))
            for digit in range(CLASSES):
                after = sums[:, step[:, digit]]
                missing += after
                found += matched[:, None, :, digit] * after[:, :, 1:]
            sums = (self.missed * missing + found @ before) / CLASSES
            behind.append(sums)
        return behind[::-1]

    def find(self, least: float) -> list[tuple[str, float, int]]:
        """List the numbers of at least some weight, each with its weight and best run, in falling order."""
        start = np.zeros((len(self.factors), self.runs.skipped.shape[1]))
        start[:, 0] = self.factors
        waiting = [(-float(self.weights.sum()), "", 0, start)]
        listed = []
        while waiting:
            weight, prefix, state, ahead = heapq.heappop(waiting)
            place = len(prefix)
            if place == self.automaton.length:
                best = int((ahead * self.behind[place][:, state]).sum(1).argmax())
                listed.append((self.automaton.write(prefix), -weight, best))
                continue
            reached = (ahead[:, None] @ self.runs.skipped[:, :, :-1])[:, 0]
            for digit in range(CLASSES):
                after = int(self.automaton.steps[place][state, digit])
                further = self.missed * ahead / CLASSES
                further[:, 1:] += reached * self.runs.matched[:, :, digit] / CLASSES
                weight = float((further * self.behind[place + 1][:, after]).sum())
                if weight >= least:
                    heapq.heappush(waiting, (-weight, f"{prefix}{digit}", after, further))
        return listed
