"""What one page says about its fields: how probable every number is, before other pages are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from digits.documents.alignment import ERRORS, Errors, Run, to_array, weigh_form, weigh_numbers
from digits.documents.assignment import MIN_RATIO
from digits.documents.consistent import Candidate, find_numbers
from digits.documents.fields import Field
from digits.documents.roster import Roster
from digits.documents.runs import RunPage, find_runs
from digits.inference import Reader
from digits.inference.page import to_picture
from digits.inference.results import Box
from digits.preprocessing import Decoded
from digits.shapes import Float64
from digits.types import CLASSES

LEAST = 0.5
"""Digits that are expected in a run, at least, as a share of the field's: of less, most would have to be missed."""


@dataclass(frozen=True)
class Place:
    """What was read at a place, and where: a box in pixels of the picture."""

    text: str
    box: Box


@dataclass(frozen=True)
class Evidence:
    """What a page says about one field.

    Attributes
    ----------
    numbers
        Without a roster, the most probable numbers of the right length, in falling order; also some that fail the
        field's constraints.
    odds
        Of the roster's rows, against a number of the same form that is not in it; empty without a roster.
    places
        Where each of them would be read: row of the roster → place; -1 is the most probable place without a roster.
    """

    numbers: tuple[Candidate, ...] = ()
    odds: dict[int, float] | None = None
    places: dict[int, Place] | None = None

    @property
    def is_matched(self) -> bool:
        """Whether a number of the roster is more probable than none of them."""
        return max((self.odds or {}).values(), default=0.0) > 1


@dataclass(frozen=True)
class PageEvidence:
    """What a page says about each field.

    Attributes
    ----------
    page
        The page's name.
    fields
        For each field; none if the page could not be read.
    left_out
        What was left out as printed or struck through, in words.
    is_print
        Whether print was read in the first field too.
    error
        Why the page could not be read.
    """

    page: str
    fields: tuple[Evidence, ...] = ()
    left_out: str = ""
    is_print: bool = False
    error: str = ""


class NumberForm:
    """The numbers of a roster as arrays, by their length, and what a number of the same form looks like."""

    def __init__(self, roster: Roster) -> None:
        lengths = np.array([len(number) for number in roster.numbers])
        self.groups = []
        for length in np.unique(lengths).tolist():
            rows = np.flatnonzero(lengths == length)
            digits = to_array([roster.numbers[row] for row in rows])
            # the rule of succession: the digits that the numbers have at a place, and each other one once more
            seen = np.stack([np.bincount(column, minlength=CLASSES) + 1.0 for column in digits.T])
            share = len(rows) / len(lengths)
            self.groups.append((rows, digits, seen / seen.sum(1, keepdims=True), share))
        self.size = len(lengths)

    def weigh(self, run: Run, errors: Errors = ERRORS) -> tuple[Float64[np.ndarray, " n"], float]:
        """Weigh a run for each number, and for one of the same form."""
        weights, other = np.zeros(self.size), 0.0
        for rows, digits, frequencies, share in self.groups:
            weights[rows] = weigh_numbers(run, digits, errors)
            other += share * weigh_form(run, frequencies, errors)
        return weights, other


def gather(
    reader: Reader,
    decoded: Decoded,
    name: str,
    fields: Sequence[Field],
    forms: Sequence[NumberForm | None],
    *,
    upright: bool = False,
    found: RunPage | None = None,
) -> PageEvidence:
    """Gather what a decoded page says about its fields, as `weigh_page` does.

    Where no number of the first field's roster is among the handwriting, print is read too: it may be printed, or look
    like print.

    Parameters
    ----------
    reader, decoded
        As of `find_runs`.
    name, fields, forms
        As of `weigh_page`.
    upright
        As of `digits.read`.
    found
        The runs of its handwriting, if they are known.
    """
    longest = max(field.high for field in fields)
    found = found or find_runs(reader, decoded, longest, upright=upright)
    page = weigh_page(found, name, fields, forms)
    if not forms[0] or page.fields[0].is_matched or not found.printed:
        return page
    again = find_runs(reader, decoded, longest, upright=upright, printed=True)
    first = weigh_page(again, name, fields[:1], forms[:1]).fields[0]
    return replace(page, fields=(first, *page.fields[1:]), is_print=True) if first.is_matched else page


def weigh_page(
    found: RunPage,
    name: str,
    fields: Sequence[Field],
    forms: Sequence[NumberForm | None],
    errors: Errors = ERRORS,
) -> PageEvidence:
    """Weigh the runs of a page.

    A run is the number of one field only: the first field takes its best one, then the longest of the others.

    Parameters
    ----------
    found
        The runs.
    name
        The page's name.
    fields
        One or more.
    forms
        For each of them that of its roster, if it has one.
    errors
        How often digits go wrong.
    """
    gathered: dict[int, Evidence] = {}
    used = set[int]()
    for place in sorted(range(len(fields)), key=lambda each: (each > 0, -fields[each].low)):
        runs = [
            run for run in found.runs if not used.intersection(run.rows) and _is_possible(run, fields[place], errors)
        ]
        gathered[place], taken = _weigh(runs, fields[place], forms[place], found, errors)
        used.update(taken)
    kinds = ((found.printed, "printed"), (found.page.struck, "struck through"))
    left_out = ", ".join(f"{count} {what}" for count, what in kinds if count)
    return PageEvidence(name, tuple(gathered[place] for place in range(len(fields))), left_out)


def _is_possible(run: Run, field: Field, errors: Errors) -> bool:
    return bool(run.presence(errors).sum() >= LEAST * field.low) and len(run) * LEAST <= field.high


def _weigh(
    runs: list[Run], field: Field, form: NumberForm | None, found: RunPage, errors: Errors
) -> tuple[Evidence, tuple[int, ...]]:
    """Weigh the numbers of a field; also return the marks of the best run."""
    if not runs:
        return Evidence(odds={} if form else None), ()

    def describe(row: int) -> Place:
        left, top, right, bottom = runs[row].region
        page = found.page
        box = np.array((left, top, right - left, bottom - top), np.float32)
        read = runs[row].written if field.constraints.decimals else runs[row].text
        return Place(read, to_picture(box, page.shape, page.quarter_turns, found.size))

    if not form:
        numbers, shares = find_numbers(runs, field, errors)
        best = numbers[0].run if numbers else int(shares.argmax())
        return Evidence(tuple(numbers), None, {-1: describe(best)}), runs[best].rows
    weights, others = zip(*(form.weigh(run, errors) for run in runs), strict=True)
    table = np.stack(weights)
    ratios = table.sum(0) / sum(others)
    kept = np.flatnonzero(ratios >= MIN_RATIO)
    best_runs = table.argmax(0)
    best = int(np.argmax(others)) if not len(kept) or ratios.max() < 1 else int(best_runs[ratios.argmax()])
    places = {int(row): describe(int(best_runs[row])) for row in kept}
    odds = {int(row): float(ratios[row]) for row in kept}
    return Evidence((), odds, {**places, -1: describe(int(np.argmax(others)))}), runs[best].rows
