"""Synthetic pages with one number in a comb, as exams have the number of a student, among print and other writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from digits.synthesis.documents import parts
from digits.synthesis.documents.hands import RealDigits
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.rules import Cell, draw_comb
from digits.synthesis.documents.stream import synthesize_documents
from digits.synthesis.documents.truth import Document

LENGTH = 9
"""Digits of a number."""

MIN_VISIBLE = 0.5
"""Share of each digit that can be seen, at least."""


@dataclass(frozen=True, eq=False)
class NumberDocument:
    """A page with a number of nine digits in a comb; all of them can be seen."""

    document: Document
    number: str


def synthesize_numbers(seed: int = 0, *, real: RealDigits | None = None) -> Iterator[NumberDocument]:
    """Photograph and scan pages with a number without end: the same arguments give the same bytes.

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
    drawn = list[tuple[str, int]]()

    def layout(page: Page, rng: np.random.Generator) -> None:
        drawn.append(_draw(page, rng))

    for document in synthesize_documents(seed, real=real, layouts={layout: 1.0}):
        number, line = drawn.pop()
        truth = document.truth
        if int(((truth.lines == line) & (truth.visible >= MIN_VISIBLE)).sum()) == LENGTH:
            yield NumberDocument(document, number)


def _draw(page: Page, rng: np.random.Generator) -> tuple[str, int]:
    """Print text, a square code beside a comb with the number, and questions with marks; return number and line."""
    u = page.fit(LENGTH + 5)
    size, margin, y = 0.55 * u, 0.6 * u, 0.5 * u
    page.print(parts.sample_print(3, rng)[:20], margin, y + size, 1.3 * size)
    above = min(size * rng.uniform(1, 6), 0.25 * page.height)
    parts.print_text(page, Cell(margin, y + 2 * size, page.width - 2 * margin, above), size, rng)
    y, x = y + 2.5 * size + above, margin
    if rng.random() < 0.5:
        parts.code(page, x, y, 2 * u, rng)
        x += 2.6 * u
    wide, high = u * rng.uniform(0.85, 1.15), u * rng.uniform(1.1, 1.5)
    number = "".join(map(str, rng.integers(0, 10, LENGTH)))
    cells = draw_comb(page, x, y + 0.4 * u, LENGTH, (wide, high), rng)
    line = _write(page, cells, number, rng)
    y += high + 1.5 * u
    while y < page.height - 3 * u:
        end = page.print(parts.sample_print(2, rng)[:12] + ":", margin, y + u, size)
        page.write(str(rng.integers(0, 30)), end + 0.4 * u, y + u, rng)
        y += 2.2 * u
    return number, line


def _write(page: Page, cells: Sequence[Cell], number: str, rng: np.random.Generator) -> int:
    """Write one digit into each cell, with a shaky hand; return the number of their line."""
    line, height = page.new_line(), min(cells[0].height * rng.uniform(0.55, 0.95), 1.5 * page.unit)
    for order, (cell, digit) in enumerate(zip(cells, number, strict=True)):
        x = cell.x + 0.5 * cell.width - 0.3 * height + rng.normal(0, 0.06) * cell.width
        y = cell.y + 0.5 * (cell.height + height) + rng.normal(0, 0.05) * height
        page.write(digit, x, y, rng, height=height, line=line, order=order)
    return line
