"""How well tables become rows and columns: synthetic ones, whose cells are known, as scanners and phones see them.

Structure is judged apart from reading: first the true boxes of the digits are put into cells, then the whole reader is
asked. Rows and columns are counted from the place that suits most digits, since an empty first row cannot be seen.

    python -m benchmarks cells
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

import digits
from benchmarks.finding import CHARACTERS
from benchmarks.results import Row
from digits.documents import Character, Table, arrange, darken
from digits.synthesis import RealDigits, TableDocument, synthesize_tables

TABLES = int(os.environ.get("DIGITS_TABLES", "60"))
"""Synthetic tables; 60 take a minute on two cores."""

SEED = 42_000
"""Theirs: nothing was trained or chosen on these."""

VARIANT = "`cnn`"
"""The model that reads."""

MIN_VISIBLE = 0.5
"""Share of a digit that must be visible to count."""

Place = tuple[int, int]


def measure() -> Iterator[Row]:
    """Put true boxes into cells, and read the same tables."""
    from digits.data import split

    real = RealDigits(split(digits.load_mnist().train)[1])
    placed, cells, seconds = Counter[str](), Counter[str](), 0.0
    for table in islice(synthesize_tables(SEED, real=real), TABLES):
        right, total = score_structure(table)
        placed.update({table.kind: right, f"{table.kind} n": total})
        start = time.perf_counter()
        read = digits.read_table(table.document.picture)
        seconds += time.perf_counter() - start
        cells.update(score_cells(read, table.rows))
    kinds = {"ruled": "ruled tables", "comb": "combs of boxes", "columns": "columns without rules"}
    for kind, name in kinds.items():
        yield _row(f"{name}: digits in the right row and column, given their boxes", placed[kind], placed[f"{kind} n"])
    filled, empty = cells["filled"], cells["empty"]
    yield _row("cells with a number: read exactly", cells["right"], filled)
    yield _row("cells with a number: wrong, and marked as doubtful", cells["doubtful"], filled)
    yield _row("cells with a number: wrong without a mark", cells["silent"], filled)
    yield _row("cells without a number: read as something", cells["invented"], empty)
    yield Row(
        case="a table", variant=VARIANT, metric="time", value=round(seconds / max(TABLES, 1), 4), unit="s", n=TABLES
    )


def score_structure(table: TableDocument) -> tuple[int, int]:
    """Put the true boxes of digits into cells; return how many are in the right one, and how many there are."""
    truth = table.document.truth
    turns = round(float(np.angle(np.exp(1j * truth.directions).sum())) / (np.pi / 2)) % 4 if len(truth) else 0
    used = (table.places[:, 0] >= 0) & (truth.visible >= MIN_VISIBLE)
    boxes = turn_boxes(truth.boxes[used].astype(np.float64), turns, table.document.picture.shape)
    characters = [
        Character(CHARACTERS[label], (float(x), float(y), float(w), float(h)))
        for label, (x, y, w, h) in zip(truth.labels[used], boxes, strict=True)
    ]
    if not any(each.is_digit for each in characters):
        return 0, 0
    grey = np.ascontiguousarray(np.rot90(table.document.picture, turns))
    found, above = dict[int, Place](), 0
    for part in arrange(darken(grey, characters), characters).parts:
        for row, places in enumerate(part):
            found.update(
                {each: (above + row, column) for column, place in enumerate(places) for each in place.characters}
            )
        above += len(part) + 1
    pairs = [
        (found[each], (int(row), int(column))) if each in found else None
        for each, (row, column) in enumerate(table.places[used])
        if characters[each].is_digit
    ]
    return count_best(pairs), len(pairs)


def turn_boxes(boxes: np.ndarray, turns: int, shape: Sequence[int]) -> np.ndarray:
    """Turn boxes with their picture of a height and width, counter-clockwise by quarters."""
    height, width = shape[:2]
    for _ in range(turns):
        x, y, w, h = boxes.T
        boxes, height, width = np.stack((y, width - x - w, h, w), axis=1), width, height
    return boxes


def count_best(pairs: Sequence[tuple[Place, Place] | None]) -> int:
    """Count the pairs of a place that was found and the true one that have the most frequent difference."""
    differences = Counter((one[0] - other[0], one[1] - other[1]) for pair in pairs if pair for one, other in [pair])
    return max(differences.values(), default=0)


def score_cells(read: Table, rows: Sequence[Sequence[str]]) -> Counter[str]:
    """Compare the cells that were read with the true texts: right, wrong but doubtful, silently wrong, invented."""
    found = {(r, c): cell for r, cells in enumerate(read.rows) for c, cell in enumerate(cells)}
    true = {(r, c): text for r, texts in enumerate(rows) for c, text in enumerate(texts)}
    shifts = Counter(
        (one[0] - other[0], one[1] - other[1])
        for one, cell in found.items()
        for other, text in true.items()
        if text and cell.text == text
    )
    down, across = max(shifts, key=lambda shift: shifts[shift], default=(0, 0))
    counts = Counter[str]()
    for (row, column), text in true.items():
        cell = found.get((row + down, column + across))
        kind = "filled" if any(map(str.isdecimal, text)) else "empty"
        counts[kind] += 1
        said = cell.text if cell else ""
        if kind == "empty":
            counts["invented"] += bool(said)
        else:
            is_doubtful = cell is None or cell.doubtful
            counts["right" if said == text else "doubtful" if is_doubtful else "silent"] += 1
    return counts


def _row(case: str, count: int, n: int) -> Row:
    return Row(case=case, variant=VARIANT, metric="share", value=count / max(n, 1), unit="of 100", n=n)
