"""A doubtful cell as people see it: what is in each of its boxes, which box is doubtful, and what a look resolves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from digits.documents.answers import FieldAnswer, FieldTable
from digits.documents.constraints import split_point
from digits.documents.forms.boxes import FieldBoxes
from digits.documents.matching import MIN_CONFIDENCE
from digits.documents.text import UNKNOWN

LIKELY_RIVAL = 0.05
"""Probability from which on a number of one page may be that of another: of rarer ones, deciding resolves little."""


@dataclass(frozen=True)
class ReviewCell:
    """A cell to look at.

    Attributes
    ----------
    id
        Its number in the job.
    page, field
        The names of its page and field.
    read, boxes
        Of each box what was read, and what was made of it or typed: a digit, ``?``, or nothing.
    doubts
        The doubtful boxes, counted from 0, the least certain first.
    decimals
        How many of the boxes are behind the point.
    flag
        Why somebody should look.
    alternatives
        Other numbers, each with its probability.
    is_decided
        Whether somebody has decided.
    picture
        The field as a PNG.
    """

    id: int
    page: str
    field: str
    read: tuple[str, ...]
    boxes: tuple[str, ...]
    doubts: tuple[int, ...]
    decimals: int
    flag: str
    alternatives: tuple[tuple[str, float], ...]
    is_decided: bool
    picture: bytes


@dataclass(frozen=True)
class Spread:
    """What was read in each box of a field, what was made of it, and which boxes are doubtful, least certain first."""

    read: tuple[str, ...]
    made: tuple[str, ...]
    doubts: tuple[int, ...]


def spread(boxes: FieldBoxes, answer: FieldAnswer, count: int) -> Spread:
    """Spread an answer over the `count` boxes of its field."""
    read, certain = list(boxes.read), boxes.sure
    digits = split_point(answer.number)[0]
    places = boxes.filled if len(digits) == len(boxes.filled) else range(count) if len(digits) == count else ()
    made = list(read)
    for place, digit in zip(places, digits, strict=False):
        made[place] = digit
    within = range(boxes.filled[0], boxes.filled[-1]) if boxes.filled else ()
    doubts = [
        place
        for place in range(count)
        if made[place] != read[place]
        or made[place] == UNKNOWN
        or certain[place] < MIN_CONFIDENCE
        or (place in within and not made[place])
    ]
    doubts.sort(key=lambda place: float(certain[place]))
    least = boxes.filled[int(certain[list(boxes.filled)].argmin())] if boxes.filled else 0
    return Spread(tuple(read), tuple(made), tuple(doubts or [least]))


def join(boxes: Sequence[str], decimals: int) -> str:
    """Join what is in the boxes of a field to a number."""
    whole = "".join(boxes[: len(boxes) - decimals])
    behind = "".join(boxes[len(boxes) - decimals :])
    return f"{whole}.{behind}" if behind else whole


def rank(table: FieldTable) -> list[tuple[int, int]]:
    """List row and field of all doubtful cells; first that which resolves most.

    A look settles the chance that the cell is wrong, and of each page that wants the same number, if it can be on one
    page only.
    """
    wanted: Counter[tuple[int, str]] = Counter()
    cells = [
        (row, place, answer)
        for row, each in enumerate(table.rows)
        for place, answer in enumerate(each.answers)
        if answer.notices and not each.error
    ]
    for _, place, answer in cells:
        if table.fields[place].constraints.unique:
            wanted.update((place, number) for number in _list_likely(answer))

    def weigh(cell: tuple[int, int, FieldAnswer]) -> float:
        _, place, answer = cell
        others = sum(wanted[place, number] - 1 for number in _list_likely(answer) if (place, number) in wanted)
        return -(1 - answer.confidence * bool(answer.number)) * (1 + others)

    return [(row, place) for row, place, _ in sorted(cells, key=weigh)]


def _list_likely(answer: FieldAnswer) -> set[str]:
    others = {number for number, share in answer.alternatives if share >= LIKELY_RIVAL}
    return others | {answer.number} if answer.number else others
