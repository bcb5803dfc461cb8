"""Synthetic tables with the place of every number: ruled, as combs of boxes, or in columns without rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from digits.shapes import Int64
from digits.synthesis.documents import parts
from digits.synthesis.documents.hands import RealDigits
from digits.synthesis.documents.layouts import Layout
from digits.synthesis.documents.layouts.forms import fill_comb
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.rules import Cell, Rule, draw_comb, draw_wall, sample_rule
from digits.synthesis.documents.stream import synthesize_documents
from digits.synthesis.documents.truth import CHARACTERS, Document

TABLE_KINDS = {"ruled": 0.6, "comb": 0.2, "columns": 0.2}
MERGED_SHARE = 0.25  # of the ruled tables
MISSING_SHARE = 0.15  # of the ruled tables, for each of inner columns, inner rows and the frame

CONTENTS = {"number": 0.74, "nothing": 0.14, "dash": 0.03, "tick": 0.03, "word": 0.03, "struck": 0.03}
"""What cells hold."""


@dataclass(frozen=True, eq=False)
class TableDocument:
    """A document with one table.

    Attributes
    ----------
    document
        The picture, and every character on it.
    kind
        Of `TABLE_KINDS`.
    rows
        What is written in each cell: of a comb, which is one cell, all its digits; of merged cells, the upper left
        one holds it; empty where no number is.
    places
        Of each of the truth's n characters the row and column of its cell; -1 for those that belong to no number.
    """

    document: Document
    kind: str
    rows: tuple[tuple[str, ...], ...]
    places: Int64[np.ndarray, "n 2"]


def synthesize_tables(seed: int = 0, *, real: RealDigits | None = None) -> Iterator[TableDocument]:
    """Photograph and scan tables without end: the same arguments give the same bytes.

    Parameters
    ----------
    seed
        0 or more.
    real
        Digits of real people to write with, beside those of the synthesizer's glyphs.

    Raises
    ------
    UsageError
        The seed is below 0.
    """
    drawn = list[_Drawn]()

    def layout(page: Page, rng: np.random.Generator) -> None:
        drawn.append(_draw(page, rng))

    for document in synthesize_documents(seed, real=real, layouts={layout: 1.0}):
        table = drawn.pop()
        known = [table.cells.get(int(line), (-1, -1)) for line in document.truth.lines]
        places = np.array(known, np.int64).reshape(len(known), 2)
        places[document.truth.printed | document.truth.struck] = -1
        yield TableDocument(document, table.kind, _write(document, places, table.shape), places)


@dataclass
class _Drawn:
    kind: str
    shape: tuple[int, int]
    cells: dict[int, tuple[int, int]]
    """Row and column of each line of characters."""


def _write(document: Document, places: np.ndarray, shape: tuple[int, int]) -> tuple[tuple[str, ...], ...]:
    """Write down what can be seen in every cell, from left to right."""
    rows = [[""] * shape[1] for _ in range(shape[0])]
    truth = document.truth
    for each in np.lexsort((truth.orders, truth.lines)):
        row, column = places[each]
        if row >= 0:
            rows[row][column] += CHARACTERS[truth.labels[each]]
    return tuple(map(tuple, rows))


def _draw(page: Page, rng: np.random.Generator) -> _Drawn:
    kind = str(rng.choice(list(TABLE_KINDS), p=list(TABLE_KINDS.values())))
    return {"ruled": _draw_ruled, "comb": _draw_combs, "columns": _draw_columns}[kind](page, rng)


def _as_layout(draw: Callable[[Page, np.random.Generator], _Drawn]) -> Layout:
    def layout(page: Page, rng: np.random.Generator) -> None:
        draw(page, rng)

    return layout


def _draw_ruled(page: Page, rng: np.random.Generator) -> _Drawn:
    """Draw a grid, with merged cells or without some of its rules, and fill it in."""
    u = page.fit(7)
    longest = int(rng.integers(1, 6))
    wide, high = u * (0.75 * longest + rng.uniform(0.4, 1.5)), u * rng.uniform(1.25, 2.2)
    n_columns = int(np.clip((page.width - u) / wide, 1, rng.integers(2, 11)))
    n_rows = int(np.clip((page.height - u) / high, 2, rng.integers(3, 21)))
    x, y = (u * 0.4 + rng.uniform(0, 1) * (side - u - n) for side, n in
            ((page.width, wide * n_columns), (page.height, high * n_rows)))  # fmt: skip
    x, y = max(x, 0.3 * u), max(y, 0.3 * u)
    cells = [[Cell(x + c * wide, y + r * high, wide, high) for c in range(n_columns)] for r in range(n_rows)]
    merged = dict[tuple[int, int], int]()  # place of a cell to how many of its row it spans
    if n_columns > 1 and rng.random() < MERGED_SHARE:
        for r in rng.choice(n_rows, min(2, n_rows), replace=False):
            start = int(rng.integers(0, n_columns - 1))
            merged[int(r), start] = int(rng.integers(2, min(3, n_columns - start) + 1))
    lacks_columns, lacks_rows, lacks_frame = (not merged) & (rng.random(3) < MISSING_SHARE)
    lacks_rows &= not lacks_columns
    rule = sample_rule(page, rng)
    for r in range(n_rows + 1):
        if not (lacks_frame if r in (0, n_rows) else lacks_rows):
            draw_wall(page, x, y + r * high, x + n_columns * wide, y + r * high, rule, rng)
    for c in range(n_columns + 1):
        if not (lacks_frame if c in (0, n_columns) else lacks_columns):
            _draw_upright(page, cells, c, merged, rule, rng)
    table = _Drawn("ruled", (n_rows, n_columns), {})
    has_head = rng.random() < 0.4
    for r in range(n_rows):
        free_from = 0
        for c in range(n_columns):
            if c < free_from:
                continue
            span = merged.get((r, c), 1)
            free_from = c + span
            cell = replace(cells[r][c], width=span * wide)
            if has_head and r == 0:
                text = parts.sample_words(1, rng)[0]
                page.print(text[: max(int(cell.width / (0.3 * high)), 1)], cell.x + 0.15 * u, cell.y + 0.65 * high,
                           0.5 * high)  # fmt: skip
            else:
                _fill(page, _inside(cell), longest, (r, c), table, rng)
    return table


def _draw_upright(page: Page, cells: list[list[Cell]], c: int, merged: dict[tuple[int, int], int], rule: Rule,
                  rng: np.random.Generator) -> None:  # fmt: skip
    """Draw the rule left of column c, except through merged cells."""
    is_open = [any(row == r and start < c < start + n for (row, start), n in merged.items()) for r in range(len(cells))]
    x = cells[0][0].x + c * cells[0][0].width
    start = 0
    for r in range(len(cells) + 1):
        if r == len(cells) or is_open[r]:
            if r > start:
                draw_wall(page, x, cells[start][0].y, x, cells[r - 1][0].y + cells[0][0].height, rule, rng)
            start = r + 1


def _draw_combs(page: Page, rng: np.random.Generator) -> _Drawn:
    """Draw one to five combs below each other, each behind a printed word."""
    u = page.fit(9)
    n, high = int(rng.integers(2, 10)), u * rng.uniform(1.15, 1.6)
    wide, size = min(u * rng.uniform(0.9, 1.3), 0.7 * page.width / n), 0.5 * u
    n_rows = int(np.clip((page.height - u) / (2.2 * high), 1, rng.integers(1, 6)))
    x = rng.uniform(0.05, 1) * max(page.width - n * 1.35 * wide - u, 0.1 * u)
    y = 0.5 * u + rng.uniform(0, 1) * max(page.height - 2.2 * high * n_rows - u, 0)
    rule, table = sample_rule(page, rng), _Drawn("comb", (n_rows, 1), {})
    for r in range(n_rows):
        top = y + 2.2 * r * high
        page.print(
            parts.sample_words(1, rng)[0][: max(int((x - 0.3 * u) / (0.5 * size)), 0)], 0.1 * u, top + high, size
        )
        cells = draw_comb(page, x, top, n, (wide, high), rng, rule)
        table.cells[page.lines] = (r, 0)
        fill_comb(page, cells, rng)
    return table


def _draw_columns(page: Page, rng: np.random.Generator) -> _Drawn:
    """Write columns of numbers without rules, each with its left sides, right sides or middles below each other."""
    u = page.fit(7)
    longest = int(rng.integers(1, 6))
    wide, high = u * (0.75 * longest + rng.uniform(1.2, 3)), u * rng.uniform(1.3, 2.2)
    n_columns = int(np.clip((page.width - u) / wide, 1, rng.integers(2, 7)))
    n_rows = int(np.clip((page.height - u) / high, 2, rng.integers(3, 15)))
    table = _Drawn("columns", (n_rows, n_columns), {})
    sides = rng.choice([0.0, 0.5, 1.0], n_columns)
    for r in range(n_rows):
        for c in range(n_columns):
            # a column or row without a number would not be seen
            if rng.random() < 0.1 and 0 < r < n_rows - 1 and 0 < c < n_columns - 1:
                continue
            text = _sample_text(longest, rng)
            free = wide - 1.2 * u - 0.72 * u * len(text)
            x = 0.5 * u + c * wide + max(free, 0) * float(sides[c]) + rng.normal(0, 0.08) * u
            table.cells[page.lines] = (r, c)
            page.write(text, x, 0.4 * u + (r + 0.8 + rng.normal(0, 0.04)) * high, rng, gap=rng.uniform(-0.02, 0.1))
    return table


def _fill(
    page: Page, cell: Cell, longest: int, place: tuple[int, int], table: _Drawn, rng: np.random.Generator
) -> None:
    content = str(rng.choice(list(CONTENTS), p=list(CONTENTS.values())))
    middle = cell.y + 0.5 * cell.height
    if content == "dash":
        parts.underline(page, cell.x + 0.25 * cell.width, cell.x + 0.7 * cell.width, middle, rng)
    elif content == "tick":
        parts.tick(page, cell.x + 0.5 * cell.width, middle, 0.5 * cell.height, rng)
    elif content == "word":
        height = min(0.6 * cell.height, cell.width / 2.2)
        page.write_words(
            "abcehkmn"[rng.integers(5) :][:3], cell.x, cell.y + 0.8 * cell.height, rng, page.hands[0], height
        )
    elif content == "struck":
        half, first = replace(cell, width=0.45 * cell.width), len(page.characters)
        parts.write_in(page, half, str(rng.integers(10, 100)), rng)
        parts.strike(page, first, len(page.characters), rng)
        table.cells[page.lines] = place
        parts.write_in(page, replace(half, x=cell.x + 0.52 * cell.width), str(rng.integers(10, 100)), rng)
    elif content == "number":
        table.cells[page.lines] = place
        parts.write_in(page, cell, _sample_text(longest, rng), rng)


def _sample_text(longest: int, rng: np.random.Generator) -> str:
    """Sample a number, of more than two digits now and then with decimals or a minus sign."""
    text = "".join(map(str, rng.integers(0, 10, int(rng.integers(1, longest + 1)))))
    if len(text) > 2 and rng.random() < 0.25:
        return f"{text[:-2]}{'.,'[rng.integers(2)]}{text[-1]}"
    return f"-{text[1:]}" if len(text) > 1 and rng.random() < 0.05 else text


def _inside(cell: Cell) -> Cell:
    """Leave a little room to the rules, which people mostly do."""
    return Cell(cell.x + 0.06 * cell.width, cell.y, 0.88 * cell.width, cell.height)


TABLE_LAYOUTS: Mapping[Layout, float] = {
    _as_layout(_draw_ruled): TABLE_KINDS["ruled"],
    _as_layout(_draw_combs): TABLE_KINDS["comb"],
    _as_layout(_draw_columns): TABLE_KINDS["columns"],
}
"""The tables of `synthesize_tables` as layouts: layout → share of the pages, up to a factor."""
