"""Rows or columns of a table whose last cell is the sum of the others: the most probable numbers that add up.

Digits are added as on paper, from the lowest place on. So what all cells together may be is decided by the sum of a
place so far and its carry, and probabilities are exact sums over all numbers (a hidden Markov model; Rabiner 1989).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from digits.documents.alignment import ERRORS
from digits.documents.automaton import VALID
from digits.documents.table import Cell
from digits.documents.text import UNKNOWN
from digits.shapes import Float64
from digits.types import CLASSES

LIKELY, CERTAIN = 0.5, 0.99
"""Probability from which on numbers that add up replace what was read, and from which on nobody needs to look."""

_NUMBER = re.compile(r"[\d?]+(?:[.,][\d?]+)?", re.ASCII)


@dataclass(frozen=True, eq=False)
class Written:
    """A cell, the class probabilities of the digits of its text, from left to right, and what does not concern these.

    Attributes
    ----------
    cell
        The cell as it was read.
    classes
        Ten probabilities for each digit.
    kept
        Those of the cell's notices that stay if its digits are certain.
    """

    cell: Cell
    classes: Float64[np.ndarray, "k 10"]
    kept: tuple[str, ...] = ()

    @property
    def decimals(self) -> int:
        """Digits after the point."""
        return len(self.cell.text) - 1 - self._point if self._point >= 0 else 0

    @property
    def _point(self) -> int:
        return max(self.cell.text.rfind("."), self.cell.text.rfind(","))

    @property
    def is_number(self) -> bool:
        """Whether it is one number from 0 on, of whose digits all is known."""
        return bool(_NUMBER.fullmatch(self.cell.text)) and sum(map(_is_digit, self.cell.text)) == len(self.classes)

    def place(self, power: int) -> Float64[np.ndarray, " 10"] | None:
        """Give the probabilities of the digit that stands for a power of ten; None where there is none."""
        row = len(self.classes) - 1 - self.decimals - power
        return self.classes[row] * (1 - ERRORS.slips) + ERRORS.slips / CLASSES if 0 <= row < len(self.classes) else None

    def write(self, digits: dict[int, int]) -> Cell:
        """Write the digits of powers of ten into the text of the cell."""
        row, text = 0, ""
        for each in self.cell.text:
            text += str(digits[len(self.classes) - 1 - self.decimals - row]) if _is_digit(each) else each
            row += _is_digit(each)
        return replace(self.cell, text=text, read=self.cell.text)


def _is_digit(character: str) -> bool:
    return character.isdecimal() or character == UNKNOWN


@dataclass(frozen=True, eq=False)
class _Step:
    """One digit that is added, or, after all others of its place, the digit of the sum."""

    item: int
    power: int
    classes: Float64[np.ndarray, " 10"]
    is_total: bool


def add_up(items: Sequence[Written], total: Written) -> tuple[list[Cell], float]:
    """Find the most probable numbers that add up.

    Parameters
    ----------
    items
        What is added, one or more.
    total
        Their sum.

    Returns
    -------
    list of Cell, float
        The cells with these numbers, the sum last; and the probability that all of them are right.
    """
    steps = _list_steps([*items, total])
    most = (CLASSES - 1) * len(items) + len(items)  # with the carry
    sums, best = np.zeros(most + 1), np.full(most + 1, -np.inf)
    sums[0], best[0], back = 1.0, 0.0, []
    for step in steps:
        further, reached = np.zeros(most + 1), np.full(most + 1, -np.inf)
        choice = np.zeros((most + 1, 2), np.int64)
        for digit in np.flatnonzero(step.classes).tolist():
            weight, log = step.classes[digit], np.log(step.classes[digit])
            before = np.arange(digit, most + 1, CLASSES) if step.is_total else np.arange(most + 1 - digit)
            after = before // CLASSES if step.is_total else before + digit
            further[after] += weight * sums[before]
            is_better = best[before] + log > reached[after]
            reached[after[is_better]] = best[before[is_better]] + log
            choice[after[is_better]] = np.stack((before[is_better], np.full(is_better.sum(), digit)), axis=1)
        sums, best = further, reached
        back.append(choice)
    written: list[dict[int, int]] = [{} for _ in (*items, total)]
    state = 0
    for step, choice in zip(reversed(steps), reversed(back), strict=True):
        state, digit = choice[state].tolist()
        written[step.item][step.power] = digit
    if not np.isfinite(best[0]):  # the sum has too few digits, whatever they are
        return [each.cell for each in (*items, total)], 0.0
    # numbers that add up leave the digits of the sum no choice, and others leave them all
    prior = VALID * float(CLASSES) ** len(total.classes)
    share = prior * float(np.exp(best[0])) / (prior * float(sums[0]) + 1 - VALID)
    return [each.write(digits) for each, digits in zip((*items, total), written, strict=True)], share


def _list_steps(cells: Sequence[Written]) -> list[_Step]:
    """List the digits that are added, place by place from the lowest, the sum's after the others."""
    low = -max(each.decimals for each in cells)
    high = max(len(each.classes) - each.decimals for each in cells)
    nothing = np.eye(1, CLASSES)[0]
    steps = []
    for power in range(low, high):
        for item, each in enumerate(cells):
            is_total = item == len(cells) - 1
            classes = each.place(power)
            if classes is not None or is_total:
                steps.append(_Step(item, power, nothing if classes is None else classes, is_total))
    return steps


def add_lines(lines: Sequence[Sequence[Written]]) -> list[list[Cell]]:
    """Make the lines of a table add up: the last cell of each is the sum of the others.

    A number that is changed says what was read; where the numbers do not add up, the last cell says so.
    """
    return [_add_line(line) for line in lines]


def _add_line(line: Sequence[Written]) -> list[Cell]:
    cells = [each.cell for each in line]
    filled = [place for place, each in enumerate(line[:-1]) if each.cell.text or each.cell.notices]
    if not filled:
        return cells
    total = line[-1]
    if not total.is_number or not all(line[place].is_number for place in filled):
        cells[-1] = _note(total.cell, "the sum cannot be checked")
        return cells
    found, share = add_up([line[place] for place in filled], total)
    if share < LIKELY:
        cells[-1] = _note(total.cell, _say_sum([line[place] for place in filled]))
        return cells
    for place, cell in zip((*filled, len(line) - 1), found, strict=True):
        before = line[place]
        notices = before.kept if share >= CERTAIN else before.cell.notices
        cells[place] = replace(cell, confidence=share, notices=notices)
        if any(one != other != UNKNOWN for one, other in zip(cell.text, before.cell.text, strict=True)):
            cells[place] = _note(cells[place], f"{before.cell.text} was read")
    if share < CERTAIN:
        cells[-1] = _note(cells[-1], f"adds up with {share:.0%}")
    return cells


def _say_sum(items: Sequence[Written]) -> str:
    """Say what the sum of what was read is, unless a digit was not read."""
    texts = [each.cell.text.replace(",", ".") for each in items]
    if any(UNKNOWN in text for text in texts):
        return "does not add up"
    return f"the others make {sum(map(Decimal, texts))}"


def _note(cell: Cell, notice: str) -> Cell:
    return replace(cell, notices=(*cell.notices, notice))
