"""Layouts of print: most of it without a handwritten digit, all of it what must not be taken for one."""

from __future__ import annotations

import numpy as np

from digits.synthesis.documents import parts
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.rules import Cell, draw_grid, draw_rule, sample_rule


def text(page: Page, rng: np.random.Generator) -> None:
    """Print paragraphs in one or two columns; now and then somebody wrote a number at the side."""
    size, margin = _size(page, rng), page.width * rng.uniform(0.01, 0.1)
    n = 2 if rng.random() < 0.3 else 1
    wide = (page.width - 2 * margin) / n
    for column in range(n):
        y = margin
        while y < page.height:
            high = size * rng.uniform(3, 14)
            if rng.random() < 0.3:
                page.print(parts.sample_print(3, rng)[:18], margin + column * wide, y + size, 1.5 * size, page.fonts[1])
                y += 2 * size
            parts.print_text(page, Cell(margin + column * wide, y, wide - size, high), size, rng)
            y += high + size * rng.uniform(0.5, 2)
    for _ in range(int(rng.integers(0, 3))):
        hand = page.hands[rng.integers(len(page.hands))]
        at = rng.uniform(0.02, 0.8) * page.width, rng.uniform(0.1, 0.95) * page.height
        page.write(parts.sample_number(rng, 4), *at, rng, hand=hand, angle=rng.normal(0, 0.1))


def figures(page: Page, rng: np.random.Generator) -> None:
    """Print a table of numbers: a price list, a statement, a time-table."""
    size = _size(page, rng)
    longest = int(rng.integers(1, 8))
    wide, high = size * (0.6 * longest + 1.5), size * rng.uniform(1.1, 1.8)
    columns = [wide * (3 if rng.random() < 0.15 else 1) for _ in range(max(int(page.width / wide), 1))]
    rows = max(int(page.height / high) - 1, 1)
    for line in draw_grid(page, 0.3 * size, 0.5 * size, columns, [high] * rows, rng):
        for cell in line:
            words = parts.sample_number(rng, longest) if rng.random() < 0.75 else parts.sample_print(1, rng)
            if rng.random() < 0.9:
                page.print(words[: int(cell.width / (0.55 * size))], cell.x + 0.3 * size, cell.y + 0.7 * high, size)


def receipt(page: Page, rng: np.random.Generator) -> None:
    """Print a receipt: a name and a price on each line, a logo, a bar code; perhaps a total by hand."""
    size = _size(page, rng)
    wide = min(size * 22, page.width - size)
    x, y = rng.uniform(0, max(page.width - wide, 1)), size * rng.uniform(1, 4)
    font = page.fonts[rng.integers(len(page.fonts))]
    parts.logo(page, x + 0.4 * wide, y, 3 * size, rng)
    y += 4 * size
    while y < page.height - 4 * size:
        page.print(parts.sample_print(2, rng)[: int(wide / size)], x, y, size, font)
        price = f"{rng.integers(0, 300)}{'.,'[rng.integers(2)]}{rng.integers(0, 100):02d}"
        page.print(price, x + wide - 0.6 * size * len(price), y, size, font)
        y += size * rng.uniform(1.1, 1.4)
        if rng.random() < 0.06:
            draw_rule(page, x, y - 0.5 * size, x + wide, y - 0.5 * size, sample_rule(page, rng), rng)
            y += size
    parts.bars(page, Cell(x + 0.1 * wide, y, 0.8 * wide, 3 * size), rng)
    if rng.random() < 0.3:
        page.write(parts.sample_number(rng, 5), x + 0.1 * wide, page.height * rng.uniform(0.2, 0.9), rng)


def posters(page: Page, rng: np.random.Generator) -> None:
    """Print few and large things: numbers of houses, shirts and buses, words, logos."""
    y = page.height * rng.uniform(0.1, 0.3)
    while y < page.height:
        size = page.fit(6) * float(rng.uniform(1, 4))
        x = page.width * rng.uniform(0, 0.3)
        while x < page.width - size:
            words = parts.sample_number(rng, 4) if rng.random() < 0.6 else parts.sample_print(1, rng)
            font = page.fonts[rng.integers(len(page.fonts))]
            level = page.ink if rng.random() < 0.6 else float(rng.uniform(30, 200))
            x = page.print(words, x, y + 0.7 * size, size, font, level) + size * rng.uniform(0.3, 1)
        y += 1.5 * size


def screen(page: Page, rng: np.random.Generator) -> None:
    """Show a window of a program: bars, buttons, entries with print, and perhaps a number drawn with a mouse."""
    size = _size(page, rng)
    page.picture[: round(1.8 * size)] = int(rng.integers(60, 240))
    page.print(parts.sample_print(4, rng)[:30], size, 1.2 * size, size)
    y = 3 * size
    while y < page.height - 2 * size:
        x = size
        while x < page.width - 4 * size:
            wide = min(size * rng.uniform(3, 10), page.width - x)
            if rng.random() < 0.5:
                top, bottom, left, right = round(y), round(y + 1.6 * size), round(x), round(x + wide)
                level = int(page.picture[top, min(left, page.width - 1)])
                page.picture[top:bottom, left:right] = int(np.clip(level + rng.integers(-50, 50), 0, 255))
            words = parts.sample_print(2, rng)[: int(wide / (0.55 * size))]
            page.print(words, x + 0.3 * size, y + 1.1 * size, size)
            x += wide + size
        y += size * rng.uniform(2, 4)
    if rng.random() < 0.5:
        high, wide = 1.6 * page.unit, min(6 * page.unit, page.width)
        x, y = rng.uniform(0, page.width - wide), rng.uniform(0, max(page.height - high, 1))
        # a field to draw in, which hides what was below it
        page.picture[round(y) : round(y + high), round(x) : round(x + wide)] = 10 if page.is_dark else 250
        page.hide(x, y, x + wide, y + high)
        parts.write_in(page, Cell(x, y, wide, high), parts.sample_number(rng, 5), rng)


def stamped(page: Page, rng: np.random.Generator) -> None:
    """Print codes, stamps, logos, and lines of text between them, as on parcels and tickets."""
    u = page.unit
    for _ in range(int(rng.integers(4, 14))):
        x, y, size = rng.uniform(0, page.width), rng.uniform(0, page.height), u * rng.uniform(1.5, 5)
        kind = rng.integers(6)
        if kind == 0:
            parts.code(page, x, y, size, rng)
        elif kind == 1:
            parts.bars(page, Cell(x, y, 2 * size, size), rng)
        elif kind == 2:
            parts.stamp(page, x, y, 1.6 * size, rng)
        elif kind == 3:
            parts.logo(page, x, y, size, rng)
        elif kind == 4:
            parts.sign(page, x, y, size, rng)
        else:
            page.print(parts.sample_print(4, rng), x, y, u * rng.uniform(0.4, 1.5), page.fonts[rng.integers(3)])


def _size(page: Page, rng: np.random.Generator) -> float:
    """Choose a size of print: smaller than handwriting, but legible if it can be."""
    return max(page.fit(12) * float(rng.uniform(0.4, 1.1)), 9.0)
