"""How well a finder finds: synthetic documents of held-out layouts and fonts, and other people's pages and forms.

Other people's pages were never trained on. Their seen half may be looked at while the finder is built, their blind half
is only ever scored (see `benchmarks.handwriting`).

    DIGITS_FINDER=RUN DIGITS_REAL=FOLDER python -m benchmarks finding
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from PIL import Image

import digits
from benchmarks import handwriting
from benchmarks.reading import count_errors
from benchmarks.results import Row, shares
from digits.inference import Finder, Marks, link_lines, load_finder, write_line
from digits.preprocessing import decode

DOCUMENTS = int(os.environ.get("DIGITS_DOCUMENTS", "1000"))
"""Synthetic documents to search; the figures of the documentation are those of 1,000."""

SEED = 40_000
"""Theirs: nothing was trained or chosen on these."""

MIN_SHARED = 0.4
"""Intersection over union from which on a box that was found is that of the truth."""

MIN_VISIBLE, MIN_SIZE = 0.5, 10
"""Share of a digit that must be visible, and pixels of its longer side, to count as missed."""

MAX_SIDE = 4000
"""Pixels of the longer side of a picture, as the reader decodes it."""


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
    """Score the finder that ``$DIGITS_FINDER`` names."""
    finder = load_finder(os.environ.get("DIGITS_FINDER", "runs/finder"))
    yield from _documents(finder)
    for kind in handwriting.DOCUMENTS:
        for half in handwriting.HALVES:
            yield from _pages(finder, kind, half)


def _documents(finder: Finder) -> Iterator[Row]:
    from digits.data import split
    from digits.synthesis import RealDigits, synthesize_documents

    real = RealDigits(split(digits.load_mnist().train)[1])
    counts = {"digits": Counts(), "signs": Counts()}
    printed, prints, megapixels, seconds = 0, 0, 0.0, 0.0
    for document in islice(synthesize_documents(SEED, real=real), DOCUMENTS):
        start = time.perf_counter()
        marks = finder.find(document.picture)
        seconds, megapixels = seconds + time.perf_counter() - start, megapixels + document.picture.size / 1e6
        truth = document.truth
        labels, is_written = marks.classes.argmax(1), marks.handwritten >= 0.5
        partner = match(marks.boxes[is_written], truth.boxes[~truth.printed].astype(np.float32))
        found, there = labels[is_written], truth.labels[~truth.printed]
        is_clear = (truth.visible >= MIN_VISIBLE) & (truth.boxes[:, 2:].max(1, initial=0) >= MIN_SIZE)
        is_asked = (is_clear | (truth.labels >= 10))[~truth.printed]
        for kind, count in counts.items():
            wanted = (there < 10) == (kind == "digits")
            has = np.isin(np.arange(len(there)), partner)
            count.missed += int((wanted & ~has & is_asked).sum())
            of_kind = (found < 10) == (kind == "digits")
            count.invented += int((of_kind & (partner < 0)).sum())
            pairs = (partner >= 0) & wanted[partner.clip(0)] if len(there) else np.zeros(len(found), bool)
            same = pairs & (found == there[partner.clip(0)]) if len(there) else pairs
            count.right, count.confused = count.right + int(same.sum()), count.confused + int((pairs & ~same).sum())
        prints += int(truth.printed.sum())
        taken = match(marks.boxes[is_written], truth.boxes[truth.printed].astype(np.float32))
        printed += int(((taken >= 0) & (partner < 0)).sum())
    for kind, count in counts.items():
        case = f"handwritten {kind} of synthetic documents"
        yield Row(case=case, metric="found with the right class", **shares(count.right, count.n))
        yield Row(case=case, metric="missed", **shares(count.missed, count.n))
        wrong = count.confused + count.missed + count.invented
        yield Row(case=case, metric="errors", value=wrong / max(count.n, 1), unit="share", n=count.n)
    yield Row(case="printed digits and signs taken for handwriting", metric="errors", **shares(printed, prints))
    yield Row(
        case="a megapixel of a synthetic document", metric="time", value=round(seconds / megapixels, 4), unit="s",
        n=DOCUMENTS,
    )  # fmt: skip


def _pages(finder: Finder, kind: str, half: str) -> Iterator[Row]:
    documents = handwriting.documents(kind, half=half)
    errors, whole, any_order, n = 0, 0, 0, 0
    for document in documents:
        wanted = document.lines
        lines = read_lines(finder, document.file.read_bytes(), document.file.name)
        wrong = count_errors(lines, wanted, any_order=document.in_any_order)
        errors, whole, n = errors + wrong, whole + (not wrong), n + sum(map(len, wanted))
        found, there = Counter("".join(lines)), Counter("".join(wanted))
        any_order += (found - there).total() + (there - found).total()
    if documents:
        case = f"{kind}, {half}"
        yield Row(case=case, metric="digit errors", value=errors / max(n, 1), unit="share", n=n)
        yield Row(case=case, metric="digits missed or invented, in any order", value=any_order / max(n, 1),
                  unit="share", n=n)  # fmt: skip
        yield Row(case=case, metric="pages without an error", **shares(whole, len(documents)))


def read_lines(finder: Finder, content: bytes, name: str) -> list[str]:
    """Read the handwritten digits of a picture, line by line, as the finder alone sees them."""
    picture = np.asarray(Image.fromarray(decode(content, name, max_side=MAX_SIDE).picture).convert("L"))
    marks = finder.find(picture)
    written: Marks = marks[np.flatnonzero(marks.handwritten >= 0.5)]
    texts = (write_line(written, line, finder.classes) for line in link_lines(written))
    lines = ("".join(each for each in text if each.isdecimal()) for text in texts)
    return [line for line in lines if line]


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
