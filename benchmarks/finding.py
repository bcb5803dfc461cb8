"""How well digits and signs are found and read on synthetic documents of layouts and fonts that were held out.

The whole reader is asked, so that a digit counts as right only if it is found, accepted and of the right class.

    python -m benchmarks finding
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import numpy as np

import digits
from benchmarks.results import Row
from benchmarks.single_digits import MODELS
from digits.inference import Reading
from digits.synthesis import Document, RealDigits, synthesize_documents

DOCUMENTS = int(os.environ.get("DIGITS_DOCUMENTS", "1000"))
"""Synthetic documents to read; the figures of the documentation are those of 1,000."""

SEED = 40_000
"""Theirs: nothing was trained or chosen on these."""

MIN_SHARED = 0.4
"""Intersection over union from which on a box that was found is that of the truth."""

MIN_VISIBLE, MIN_SIZE = 0.5, 10
"""Share of a digit that must be visible, and pixels of its longer side, to count as missed."""

CHARACTERS = "0123456789.,-/:+=()×%"


@dataclass
class Counts:
    """What was found of the handwritten digits or signs of documents: right, with another class, missed, invented."""

    right: int = 0
    confused: int = 0
    missed: int = 0
    invented: int = 0

    @property
    def n(self) -> int:
        """Number of characters that are there."""
        return self.right + self.confused + self.missed


def measure() -> Iterator[Row]:
    """Read the documents with every model."""
    from digits.data import split

    real = RealDigits(split(digits.load_mnist().train)[1])
    for name in MODELS:
        reader = digits.Reader(name)
        counts = {"digits": Counts(), "signs": Counts()}
        touching = {"pairs": [0, 0], "triples": [0, 0]}
        printed, prints, empty, silent, megapixels, seconds = 0, 0, 0, 0, 0.0, 0.0
        for document in islice(synthesize_documents(SEED, real=real), DOCUMENTS):
            start = time.perf_counter()
            reading = reader.read(document.picture)
            seconds, megapixels = seconds + time.perf_counter() - start, megapixels + document.picture.size / 1e6
            count(document, reading, counts, touching)
            truth = document.truth
            prints += int(truth.printed.sum())
            boxes, _ = what_was_read(reading)
            printed += int((match(boxes, truth.boxes[truth.printed].astype(np.float32)) >= 0).sum())
            if truth.printed.all():
                empty, silent = empty + 1, silent + (not reading.text)
        rows = [
            *_describe(counts, touching),
            _row("printed digits and signs taken for handwriting", printed, prints),
            _row("documents without handwritten digits: read as nothing", silent, empty),
            Row(case="a megapixel", metric="time", value=round(seconds / megapixels, 4), unit="s", n=DOCUMENTS),
        ]
        yield from (replace(row, variant=f"`{name}`") for row in rows)


def count(document: Document, reading: Reading, counts: dict[str, Counts], touching: dict[str, list[int]]) -> None:
    """Add what was found of a document, and how many of its touching pairs and triples are right, and are there."""
    truth = document.truth
    is_mine = ~truth.printed & ~truth.struck
    there, labels = truth.boxes[is_mine].astype(np.float32), truth.labels[is_mine]
    found, read = what_was_read(reading)
    partner = match(found, there)
    is_clear = (truth.visible >= MIN_VISIBLE) & (truth.boxes[:, 2:].max(1, initial=0) >= MIN_SIZE)
    is_asked = (is_clear | (truth.labels >= 10))[is_mine]
    right = np.zeros(len(there), bool)
    for row, label in zip(partner, read, strict=True):
        if row < 0:
            counts["digits" if label < 10 else "signs"].invented += 1
            continue
        kind = counts["digits" if labels[row] < 10 else "signs"]
        right[row] = label == labels[row]
        kind.right, kind.confused = kind.right + bool(right[row]), kind.confused + (not right[row])
    missed = is_asked & ~np.isin(np.arange(len(there)), partner)
    for name, wanted in (("digits", labels < 10), ("signs", labels >= 10)):
        counts[name].missed += int((missed & wanted).sum())
    for group in find_touching(there, labels < 10, truth.lines[is_mine], truth.orders[is_mine]):
        if len(group) in (2, 3) and is_asked[group].all():
            sums = touching["pairs" if len(group) == 2 else "triples"]
            sums[0], sums[1] = sums[0] + bool(right[group].all()), sums[1] + 1


def find_touching(boxes: np.ndarray, is_digit: np.ndarray, lines: np.ndarray, orders: np.ndarray) -> list[list[int]]:
    """Group digits that follow each other in a line and whose boxes overlap."""
    groups = list[list[int]]()
    order = np.lexsort((orders, lines)).tolist()
    for first, second in pairwise(order):
        follows = lines[first] == lines[second] and orders[second] == orders[first] + 1
        low = np.maximum(boxes[first, :2], boxes[second, :2])
        high = np.minimum(boxes[first, :2] + boxes[first, 2:], boxes[second, :2] + boxes[second, 2:])
        if follows and is_digit[[first, second]].all() and (high > low).all():
            if groups and groups[-1][-1] == first:
                groups[-1].append(second)
            else:
                groups.append([first, second])
    return groups


def what_was_read(reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """Give the boxes of the accepted digits and the signs of a reading, and their places in `CHARACTERS`."""
    accepted = [digit for digit in reading.digits if digit.accepted]
    boxes = [digit.box for digit in accepted] + [sign.box for sign in reading.signs]
    labels = [digit.value for digit in accepted] + [CHARACTERS.index(sign.value) for sign in reading.signs]
    return np.array(boxes, np.float32).reshape(len(boxes), 4), np.array(labels, np.int64)


def _describe(counts: dict[str, Counts], touching: dict[str, list[int]]) -> Iterator[Row]:
    for kind, each in counts.items():
        case = f"handwritten {kind}"
        wrong = each.confused + each.missed + each.invented
        for what, value in (
            ("errors", wrong), ("with another class", each.confused), ("missed", each.missed),
            ("invented", each.invented),
        ):  # fmt: skip
            yield _row(f"{case}: {what}", value, each.n)
    for kind, (right, n) in touching.items():
        yield _row(f"touching {kind}: right", right, n)


def _row(case: str, count: int, n: int) -> Row:
    return Row(case=case, metric="share", value=count / max(n, 1), unit="of 100", n=n)


def match(found: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Give for each box that was found the row of the box that it is, or -1: greedily, by intersection over union."""
    partner = np.full(len(found), -1)
    if not len(found) or not len(there):
        return partner
    low = np.maximum(found[:, None, :2], there[None, :, :2])
    high = np.minimum(found[:, None, :2] + found[:, None, 2:], there[None, :, :2] + there[None, :, 2:])
    both = (high - low).clip(0).prod(2)
    shared = both / (found[:, 2:].prod(1)[:, None] + there[:, 2:].prod(1)[None] - both).clip(1e-9)
    for place in np.argsort(-shared, axis=None, kind="stable"):
        row, column = divmod(int(place), len(there))
        if shared[row, column] < MIN_SHARED:
            break
        if partner[row] < 0 and column not in partner:
            partner[row] = column
    return partner
