"""One number per page: how many are right with a list, a check digit or a range, and how many wrong ones say so.

The pages are scans of real exams, each with a number of nine digits, and synthetic ones with such a number in a comb
among print and other handwriting, as scanners and phones see them. The list of each is made up: it has the true numbers
and others of the same form. So are the rules: each page has weights with which its number satisfies the check digit, or
fails it, and a range that its number is in.

    python -m benchmarks fields field-errors
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice

import numpy as np

import digits
from benchmarks.handwriting import documents
from benchmarks.results import Row
from digits.documents import (
    ERRORS,
    Checksum,
    Constraints,
    Errors,
    Field,
    FieldRow,
    NumberForm,
    Roster,
    Run,
    decide,
    find_runs,
    gather,
    parse_fields,
    weigh_form,
    weigh_numbers,
)
from digits.preprocessing import MAX_PAGE_SIDE, Decoded, decode
from digits.synthesis import RealDigits, synthesize_numbers

PAGES = int(os.environ.get("DIGITS_FIELD_PAGES", "60"))
"""Synthetic pages; 60 take some minutes on two cores."""

SEED, FIT_SEED = 17_000, 90_000
"""Of the pages that are scored, and lists; and of those that `ERRORS` are fitted on."""

LENGTH, LISTED = 9, 35
"""Digits of a number, and numbers of a list, at least."""

RANGE = 10_000_000
"""Numbers of a range: those of ten years, if the first two digits are the year."""

VARIANT = "`cnn`"
"""The model that reads."""

METRICS = "every digit read", "number right", "number wrong", "flagged", "wrong without a flag"

GRID = {
    "missed": (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12),
    "invented": (0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    "slips": (0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    "context": (0.0, 1.0, 2.0, 3.0, 4.0),
}
"""What is tried for each of `ERRORS`."""

FLOOR = 1e-9
"""Posterior of a number that was not read at all: one of all numbers."""

ROUNDS = 3


def measure() -> Iterator[Row]:
    """Read the numbers of synthetic and real pages."""
    reader = digits.Reader()
    exams = [exam for exam in documents("forms") if exam.is_exam]
    scans = [(exam.lines[0], exam.file.with_suffix(".pdf")) for exam in exams]
    kinds = {
        "synthetic pages": draw_pages(SEED),
        "exam pages": (
            (number, decode(file.read_bytes(), file.name, max_side=MAX_PAGE_SIDE)) for number, file in scans
        ),
    }
    for kind, pages in kinds.items():
        yield from score_kind(kind, pages, reader)


def draw_pages(seed: int) -> Iterator[tuple[str, Decoded]]:
    """Draw pages with a number."""
    from digits.data import split

    real = RealDigits(split(digits.load_mnist().train)[1])
    for page in islice(synthesize_numbers(seed, real=real), PAGES):
        height, width = page.document.picture.shape
        yield page.number, Decoded(page.document.picture, (width, height))


def score_kind(kind: str, pages: Iterator[tuple[str, Decoded]], reader: digits.Reader) -> Iterator[Row]:
    """Read pages, and match them with a list of the true numbers and random ones, with none, and by rules."""
    fields = parse_fields(f"id:{LENGTH}")
    read = [(number, picture, find_runs(reader, picture, LENGTH)) for number, picture in pages]
    if not read:
        return
    truth = [number for number, _, _ in read]
    roster = make_roster(truth)
    for name, numbers in (("without a list", None), (f"with a list of {len(roster.numbers)}", roster)):
        form = NumberForm(numbers) if numbers else None
        found = [
            gather(reader, picture, f"page {row + 1}", fields, [form], found=runs)
            for row, (_, picture, runs) in enumerate(read)
        ]
        yield from score(f"{kind}, {name}", decide(found, fields, [numbers]), truth)
    rng = np.random.default_rng((SEED, 2))
    rules: dict[str, Callable[[str], Constraints]] = {
        "with a check digit (mod 11)": lambda number: make_checksum(number, 11, rng),
        "with two check digits (mod 97)": lambda number: make_checksum(number, 97, rng),
        f"in a range of {RANGE:,}": lambda number: make_range(number, rng),
        "of which the check digit is wrong": lambda number: make_checksum(number, 11, rng, holds=False),
    }
    for name, make in rules.items():
        rows = list[FieldRow]()
        for number, picture, runs in read:
            field = Field("id", LENGTH, LENGTH, make(number))
            page = gather(reader, picture, "page", (field,), [None], found=runs)
            rows += decide([page], (field,), [None]).rows
        yield from score(f"{kind}, {name}", rows, truth)


def make_checksum(number: str, modulus: int, rng: np.random.Generator, *, holds: bool = True) -> Constraints:
    """Make weights with which a number satisfies a checksum of a prime, or fails it; every wrong digit is found."""
    while True:
        checksum = Checksum(modulus, tuple(rng.integers(1, modulus, LENGTH).tolist()))
        if checksum.holds(number) == holds:
            return Constraints(checksum)


def make_range(number: str, rng: np.random.Generator) -> Constraints:
    """Make a range that a number is in."""
    low = max(int(number) - int(rng.integers(RANGE)), 0)
    return Constraints(low=Decimal(low), high=Decimal(low + RANGE - 1))


def make_roster(truth: Sequence[str]) -> Roster:
    """Make a list of the true numbers and random ones, in any order."""
    rng, numbers = np.random.default_rng((SEED, 1)), dict.fromkeys(truth)
    while len(numbers) < max(LISTED, 2 * len(truth)):
        numbers.setdefault("".join(map(str, rng.integers(0, 10, LENGTH))))
    return Roster(tuple(str(number) for number in rng.permutation(list(numbers))))


def score(case: str, found: Iterable[FieldRow], truth: Sequence[str]) -> Iterator[Row]:
    """Count the numbers that are right, the pages that are flagged, and wrong numbers without a flag."""
    counts, n = Counter[str](), len(truth)
    for row, number in zip(found, truth, strict=True):
        answer = row.answers[0]
        is_wrong = answer.number not in ("", number)
        counts["every digit read"] += answer.read == number
        counts["number right"] += answer.number == number
        counts["number wrong"] += is_wrong
        counts["flagged"] += bool(row.flag)
        counts["wrong without a flag"] += not row.flag and is_wrong
    for metric in METRICS:
        yield Row(case=case, variant=VARIANT, metric=metric, value=counts[metric] / n, unit="of 100", n=n)


def measure_errors() -> Iterator[Row]:
    """Fit `ERRORS` so that the true numbers of synthetic pages are most probable, without a list."""
    reader = digits.Reader()
    pages = [(number, find_runs(reader, picture, LENGTH).runs) for number, picture in draw_pages(FIT_SEED)]
    pages = [(number, [run for run in runs if 2 * len(run) >= LENGTH]) for number, runs in pages]
    errors = ERRORS
    for _ in range(ROUNDS):
        for name, values in GRID.items():
            errors = max((errors._replace(**{name: value}) for value in values), key=lambda each: fit(pages, each))
    for name, value in errors._asdict().items():
        yield Row(case=name, metric="fitted", value=value, n=len(pages))
    yield Row(case="", metric="mean log-probability", value=round(fit(pages, errors), 3), n=len(pages))


def fit(pages: Sequence[tuple[str, Sequence[Run]]], errors: Errors) -> float:
    """Compute the mean logarithm of the probability of the true numbers."""
    even = np.full((LENGTH, 10), 0.1)
    logarithms = []
    for number, runs in pages:
        true = np.array([[int(each) for each in number]], np.int64)
        whole = sum(weigh_form(run, even, errors) for run in runs)
        right = sum(float(weigh_numbers(run, true, errors)[0]) for run in runs) / 10**LENGTH
        logarithms.append(np.log(right / whole + FLOOR) if runs else np.log(FLOOR))
    return float(np.mean(logarithms))
