"""How probable each number of a field is before anything is read: an automaton that reads its digits in turn.

Checksums and ranges are both decided by what the digits so far have led to, a remainder and whether they still equal
those of a bound. So all numbers that satisfy them are summed over by a few states at each place, never one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache

import numpy as np

from digits.documents.fields import Field
from digits.errors import UsageError
from digits.shapes import Float64, Integer
from digits.types import CLASSES

VALID = 0.99
"""Probability that what stands on a page satisfies the field's constraints: of a hundred people, one slips or errs.

It is an assumption: a number that fails is what was written where misreading it would be less probable.
"""

_State = tuple[int, bool, bool] | None
"""A remainder, and whether the digits so far are those of the lower and of the upper bound; None: out of range."""


@dataclass(frozen=True, eq=False)
class Automaton:
    """The numbers of one length with the point at one place.

    Attributes
    ----------
    length
        Digits of the numbers.
    decimals
        Digits after the point.
    steps
        For each place which state of the next place a digit leads to; there is one state at first.
    priors
        How probable a number is that leads to each state at the end, in shares of all numbers of this length.
    """

    length: int
    decimals: int
    steps: tuple[Integer[np.ndarray, "_ 10"], ...]
    priors: Float64[np.ndarray, " s"]

    def write(self, digits: str) -> str:
        """Write a number with its point."""
        return f"{digits[: -self.decimals]}.{digits[-self.decimals :]}" if self.decimals else digits


@lru_cache(maxsize=32)
def make_automata(field: Field) -> tuple[Automaton, ...]:
    """Make an automaton for each length of a field and place of its point.

    Numbers with a size are equally probable; others are so within a length, and each length is as probable.
    """
    shapes = list_shapes(field)
    made = [_make(field, length, decimals) for length, decimals in shapes]
    counts = np.array([count for *_, count in made])
    rules = field.constraints
    if not (rules.checksum or rules.is_valued):
        return tuple(
            Automaton(length, decimals, steps, np.full(len(ends), 1 / len(shapes)))
            for (length, decimals), (steps, ends, _) in zip(shapes, made, strict=True)
        )
    possible = counts > 0
    weights = counts if rules.is_valued else possible.astype(float)
    places = [decimals for _, decimals in shapes]
    whole = {place: sum(weights[row] for row, each in enumerate(places) if each == place) for place in places}
    known = sum(value > 0 for value in whole.values())
    automata = []
    for row, ((length, decimals), (steps, ends, count)) in enumerate(zip(shapes, made, strict=True)):
        share = weights[row] / whole[decimals] / known if possible[row] else 0.0
        valid = VALID * share * 10.0**length / count if possible[row] else 0.0
        automata.append(Automaton(length, decimals, steps, valid * ends + (1 - VALID) / len(shapes)))
    return tuple(automata)


def check_possible(field: Field) -> None:
    """Check that a number can satisfy the constraints of a field.

    Raises
    ------
    UsageError
        When none can.
    """
    if not any(_make(field, length, decimals)[2] for length, decimals in list_shapes(field)):
        raise UsageError(
            f"the field {field.name}: no number of {field.digits} satisfies {field.constraints}: correct it"
        )


def list_shapes(field: Field) -> list[tuple[int, int]]:
    """List how many digits the numbers of a field have, and how many of these after the point."""
    decimals = field.constraints.decimals
    if field.low == field.high:
        return [(field.low, decimals)]
    return [(length, after) for after in range(decimals + 1) for length in field.lengths if length > after]


def _make(
    field: Field, length: int, decimals: int
) -> tuple[tuple[Integer[np.ndarray, "_ 10"], ...], Float64[np.ndarray, " s"], float]:
    """Make the steps, which of the last states satisfy the constraints, and how many numbers lead to these."""
    rules = field.constraints
    low = _scale(rules.low, length, decimals, ROUND_CEILING) if rules.low is not None else 0
    high = _scale(rules.high, length, decimals, ROUND_FLOOR) if rules.high is not None else 10**length - 1
    bounds = f"{low:0{length}d}", f"{high:0{length}d}"
    # a number with a size has no zero before it, unless its number of digits is fixed
    is_padded = rules.is_valued and length > max(field.low, decimals + 1)
    added = rules.checksum.add(length) if rules.checksum else np.zeros((length, CLASSES), np.int64)
    modulus, target = (rules.checksum.modulus, rules.checksum.target(length)) if rules.checksum else (1, 0)
    start = (0, rules.low is not None, rules.high is not None) if low <= high < 10**length else None
    states: dict[_State, int] = {start: 0}
    counts: Float64[np.ndarray, " s"] = np.ones(1)
    steps = []
    for place in range(length):
        after: dict[_State, int] = {}
        step = np.zeros((len(states), CLASSES), np.int16)
        for state, row in states.items():
            for digit in range(CLASSES):
                reached = None
                if state and not (is_padded and not place and not digit):
                    remainder = (state[0] + int(added[place, digit])) % modulus
                    reached = _compare(state, digit, int(bounds[0][place]), int(bounds[1][place]), remainder)
                step[row, digit] = after.setdefault(reached, len(after))
        counts = np.bincount(step.ravel(), np.repeat(counts, CLASSES), len(after)).astype(np.float64)
        steps.append(step)
        states = after
    ends = np.array([float(state is not None and state[0] == target) for state in states])
    return tuple(steps), ends, float(counts @ ends)


def _scale(bound: Decimal, length: int, decimals: int, rounding: str) -> int:
    """Give a bound in units of the last digit, within what the digits can write or one more."""
    most: int = 10**length - 1 if rounding == ROUND_FLOOR else 10**length
    return min(int(bound.scaleb(decimals).to_integral_value(rounding)), most)


def _compare(state: tuple[int, bool, bool], digit: int, low: int, high: int, remainder: int) -> _State:
    """Give the state after a digit; None once the number is below the lower or above the upper bound."""
    _, is_low, is_high = state
    if (is_low and digit < low) or (is_high and digit > high):
        return None
    return remainder, is_low and digit == low, is_high and digit == high
