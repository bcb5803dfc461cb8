"""Layouts that no network learns from: documents of other kinds, to measure how it reads what it has not seen."""

from __future__ import annotations

import numpy as np

from digits.synthesis.documents import parts
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.rules import Cell, draw_box, draw_grid, draw_rule, sample_rule


def cheque(page: Page, rng: np.random.Generator) -> None:
    """Fill in cheques: an amount in a box, the same in words, a date, a signature, and a printed number below."""
    u = page.fit(12)
    y = 0.5 * u
    while y < page.height - 6 * u:
        x, wide = 0.7 * u, min(page.width - 1.4 * u, 22 * u)
        rule = sample_rule(page, rng)
        page.print(parts.sample_print(3, rng)[:14], x, y + 0.8 * u, 0.8 * u, page.fonts[1])
        page.write(
            f"{rng.integers(1, 32)}.{rng.integers(1, 13)}.{rng.integers(10, 30)}", x + wide - 5.5 * u, y + u, rng
        )
        draw_rule(page, x, y + 2.7 * u, x + 0.6 * wide, y + 2.7 * u, rule, rng)
        end = x + 0.3 * u
        for word in parts.sample_words(4, rng):
            if len(word) > 2 and end + 0.8 * u * len(word) < x + 0.62 * wide:  # beside the amount, not across it
                end = page.write_words(word, end, y + 2.5 * u, rng, page.hands[0], 0.9 * u)
        amount = Cell(x + 0.68 * wide, y + 1.5 * u, 0.32 * wide, 1.4 * u)
        draw_box(page, amount, rule, rng)
        parts.write_in(page, amount, f"{rng.integers(1, 10000)}{',.'[rng.integers(2)]}{rng.integers(0, 100):02d}", rng)
        parts.sign(page, x + 0.6 * wide, y + 4.4 * u, 0.3 * wide, rng)
        page.print(" ".join(str(rng.integers(10**4, 10**7)) for _ in range(3)), x, y + 5 * u, 0.8 * u, page.fonts[2])
        y += u * rng.uniform(6, 7)


def calendar(page: Page, rng: np.random.Generator) -> None:
    """Write times and counts into the days of a printed month."""
    wide, high = page.width / 7.4, max(page.height / 6.5, 2.2 * page.unit)
    cells = draw_grid(page, 0.2 * wide, 0.3 * high, [wide] * 7, [high] * max(int(page.height / high), 1), rng)
    for day, cell in enumerate(cell for row in cells for cell in row):
        page.print(str(day % 31 + 1), cell.x + 0.06 * wide, cell.y + 0.25 * high, 0.25 * high)
        if rng.random() < 0.5:
            inner = Cell(cell.x + 0.1 * wide, cell.y + 0.4 * high, 0.8 * wide, 0.5 * high)
            time = f"{rng.integers(0, 24)}:{rng.integers(0, 60):02d}"
            parts.write_in(page, inner, time if rng.random() < 0.5 else str(rng.integers(0, 1000)), rng)
        if rng.random() < 0.06:
            parts.tick(page, cell.x + 0.5 * wide, cell.y + 0.5 * high, 0.6 * high, rng)


def envelope(page: Page, rng: np.random.Generator) -> None:
    """Address a letter by hand: words, a house number, a postal code; a stamp, and its postmark."""
    u = page.fit(9)
    x, y = page.width * rng.uniform(0.15, 0.4), page.height * rng.uniform(0.35, 0.5)
    for _ in range(int(rng.integers(2, 4))):
        words = [word for word in parts.sample_words(2, rng) if len(word) > 2]
        end = page.write_words(" ".join(words), x, y, rng, page.hands[0], u) if words else x
        if rng.random() < 0.6:
            page.write(str(rng.integers(1, 400)), end, y, rng)
        y += u * rng.uniform(1.4, 1.8)
    page.write(str(rng.integers(1000, 100000)), x, y, rng, gap=rng.uniform(0.05, 0.4))
    parts.stamp(page, page.width - 7 * u, 0.5 * u, 5 * u, rng)
    parts.bars(page, Cell(0.1 * page.width, page.height - 2 * u, 0.5 * page.width, 1.5 * u), rng)


def meters(page: Page, rng: np.random.Generator) -> None:
    """Write down meters: a printed name, five digits, a comma and decimals in a marked cell."""
    u = page.fit(15)
    y = 1.5 * u
    while y < page.height - 2 * u:
        x = page.print(parts.sample_print(2, rng)[:12], u, y, 0.8 * u) + u
        rule, whole = sample_rule(page, rng), int(rng.integers(3, 7))
        draw_box(page, Cell(x, y - 1.2 * u, 0.85 * u * whole, 1.5 * u), rule, rng)
        draw_box(page, Cell(x + 0.85 * u * whole + 0.3 * u, y - 1.2 * u, 1.7 * u, 1.5 * u), rule, rng)
        line = page.new_line()
        text = "".join(map(str, rng.integers(0, 10, whole))) + "," + "".join(map(str, rng.integers(0, 10, 2)))
        for order, character in enumerate(text):
            left = x + 0.85 * u * (order - 0.6 * (order > whole)) + 0.15 * u
            page.write(character, left, y + rng.normal(0, 0.05) * u, rng, height=0.95 * u, line=line, order=order)
        y += u * rng.uniform(2.2, 3.5)


def scores(page: Page, rng: np.random.Generator) -> None:
    """Keep the score of a game: names above, columns of points with sums, some struck through."""
    u = page.fit(5)
    n = max(int(page.width / (4 * u)), 1)
    wide = page.width / n
    for column in range(n):
        x, y = (column + 0.15) * wide, 1.3 * u
        word = parts.sample_words(1, rng)[0].capitalize()
        page.write_words(word if len(word) > 2 else "Ida", x, y, rng, page.hands[1], 0.9 * u)
        parts.underline(page, x, x + 0.7 * wide, y + 0.3 * u, rng)
        while y < page.height - 2 * u and rng.random() < 0.9:
            y += 1.4 * u
            first = len(page.characters)
            page.write(
                ("-" * (rng.random() < 0.15)) + str(rng.integers(0, 300)),
                x + 0.2 * u,
                y,
                rng,
                hand=page.hands[column % 2],
            )
            if rng.random() < 0.3:
                parts.strike(page, first, len(page.characters), rng)
    for column in range(1, n):
        parts.underline(page, column * wide, column * wide + 1, 0.5 * u, rng)
        draw_rule(page, column * wide, 0, column * wide, page.height, sample_rule(page, rng), rng)


def delivery(page: Page, rng: np.random.Generator) -> None:
    """Check a printed delivery note: counts corrected by hand, ticks, a stamp, a signature."""
    u = page.fit(14)
    size = 0.75 * u
    parts.logo(page, u, 0.5 * u, 2.5 * u, rng)
    page.print(parts.sample_print(4, rng)[:26], 5 * u, 1.5 * u, size)
    widths = [0.42 * page.width, 0.14 * page.width, 0.14 * page.width, 0.22 * page.width]
    rows = max(int((page.height - 9 * u) / (1.5 * u)), 1)
    for cells in draw_grid(page, 0.04 * page.width, 4 * u, widths, [1.5 * u] * rows, rng):
        page.print(parts.sample_print(2, rng)[: int(widths[0] / size)], cells[0].x + 0.2 * u, cells[0].y + u, size)
        page.print(str(rng.integers(1, 500)), cells[1].x + 0.2 * u, cells[1].y + u, size)
        if rng.random() < 0.7:
            parts.write_in(page, cells[2], str(rng.integers(0, 500)), rng)
        if rng.random() < 0.5:
            parts.tick(page, cells[3].x + 0.5 * widths[3], cells[3].y + 0.7 * u, 0.8 * u, rng)
    parts.stamp(page, 0.1 * page.width, page.height - 5 * u, 4.5 * u, rng)
    parts.sign(page, 0.55 * page.width, page.height - 1.5 * u, 6 * u, rng)
