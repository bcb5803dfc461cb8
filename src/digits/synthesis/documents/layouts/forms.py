"""Layouts of forms: print, and cells that people fill in."""

from __future__ import annotations

import numpy as np

from digits.synthesis.documents import parts
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.rules import Cell, Rule, draw_box, draw_comb, draw_grid, draw_rule, sample_rule

CLEAR_LETTERS = "acdehkmnprtuvwyABCDEFHKMNPRTUVW"
"""Letters that look like no digit even if they stand alone."""

GRADES = "ABCEF"


def fields(page: Page, rng: np.random.Generator) -> None:
    """Print questions, each with a comb, a box or a line for the answer."""
    u = page.fit(8)
    size, y = u * rng.uniform(0.45, 0.9), u * rng.uniform(0.5, 2)
    while y < page.height - 1.5 * u:
        x = u * rng.uniform(0.2, 1.5)
        while x < page.width - 4 * u:
            label = parts.sample_print(int(rng.integers(1, 4)), rng)[:14]
            above = rng.random() < 0.25
            end = page.print(label + ":" * (rng.random() < 0.5), x, y + (0 if above else 0.8 * u), size)
            x = (x if above else end) + 0.3 * u
            x = _answer(page, x, y + 0.25 * u * above, rng) + u * rng.uniform(0.4, 3)
        y += u * rng.uniform(1.7, 3.2)


def _answer(page: Page, x: float, y: float, rng: np.random.Generator) -> float:
    """Draw the place for an answer and perhaps fill it in; return where it ends."""
    u, kind = page.unit, rng.random()
    is_filled = rng.random() < 0.75
    if kind < 0.5:
        n = int(rng.integers(1, 10))
        cells = draw_comb(page, x, y, n, (u * rng.uniform(0.75, 1.3), u * rng.uniform(1.0, 1.5)), rng)
        if rng.random() < 0.08:
            _print_in(page, cells, rng)
        elif is_filled:
            fill_comb(page, cells, rng)
        return cells[-1].x + cells[-1].width
    cell = Cell(x, y, u * rng.uniform(1.2, 7), u * rng.uniform(1.1, 1.7))
    rule = sample_rule(page, rng)
    if kind < 0.75:
        draw_box(page, cell, rule, rng)
    else:
        draw_rule(page, x, y + cell.height, x + cell.width, y + cell.height, rule, rng)
    if is_filled:
        _fill(page, cell, rng)
    return cell.x + cell.width


def fill_comb(page: Page, cells: list[Cell], rng: np.random.Generator) -> None:
    """Write one digit into each cell, with a shaky hand now and then, from the left or up to the right end."""
    n = len(cells) if rng.random() < 0.7 else int(rng.integers(1, len(cells) + 1))
    used = cells[:n] if rng.random() < 0.5 else cells[len(cells) - n :]
    line, height = page.new_line(), min(cells[0].height * page.hands[0].sample_share(rng), 1.5 * page.unit)
    shift = rng.normal(0, 0.08) * height
    for order, cell in enumerate(used):
        text = str(rng.integers(10))
        x = cell.x + 0.5 * cell.width - 0.3 * height + rng.normal(0, 0.07) * cell.width
        y = cell.y + 0.5 * (cell.height + height) + shift + rng.normal(0, 0.05) * height
        page.write(text, x, y, rng, height=height, line=line, order=order)


def _print_in(page: Page, cells: list[Cell], rng: np.random.Generator) -> None:
    """Print a digit in the middle of each cell, or the cell's number small in its corner."""
    is_content = rng.random() < 0.6
    share = rng.uniform(0.8, 1.3) if is_content else rng.uniform(0.3, 0.5)
    across, down = (0.25, 0.5 + 0.35 * share) if is_content else (0.05, 0.9 * share)
    for number, cell in enumerate(cells, 1):
        text = str(rng.integers(10)) if is_content else str(number)
        page.print(text, cell.x + across * cell.width, cell.y + down * cell.height, share * cell.height)


def _fill(page: Page, cell: Cell, rng: np.random.Generator) -> None:
    """Fill in a cell: usually a number, sometimes struck; or a count in strokes, dash, tick, word, signature."""
    choice, first = rng.random(), len(page.characters)
    if choice < 0.72:
        parts.write_in(page, cell, parts.sample_number(rng, max(int(cell.width / page.unit * 1.3), 1)), rng)
        if rng.random() < 0.05:
            parts.strike(page, first, len(page.characters), rng)
    elif choice < 0.74:
        parts.count(page, cell, int(rng.integers(2, 13)), rng)
    elif choice < 0.8:
        parts.underline(page, cell.x + 0.2 * cell.width, cell.x + 0.8 * cell.width, cell.y + 0.5 * cell.height, rng)
    elif choice < 0.87:
        parts.tick(page, cell.x + 0.5 * cell.width, cell.y + 0.5 * cell.height, 0.6 * cell.height, rng)
    elif choice < 0.95:
        word = parts.sample_words(1, rng)[0]
        word = word if len(word) > 2 else "ja"
        height = min(0.8 * cell.height, cell.width / (0.5 * len(word)))
        page.write_words(word, cell.x + 0.1 * page.unit, cell.y + 0.85 * cell.height, rng, page.hands[0], height)
    else:
        parts.sign(page, cell.x, cell.y + 0.8 * cell.height, 0.8 * cell.width, rng)


def table(page: Page, rng: np.random.Generator) -> None:
    """Fill in a table: printed heads and first column, and cells of numbers, dashes, ticks and words."""
    u = page.fit(7)
    longest = int(rng.integers(1, 6))
    wide, high = u * (0.75 * longest + rng.uniform(0.3, 1.2)), u * rng.uniform(1.15, 2.0)
    columns = int(np.clip(page.width / wide - rng.uniform(0.5, 3), 1, 14))
    rows = int(np.clip(page.height / high - rng.uniform(0.5, 3), 1, 30))
    widths = [wide * (rng.uniform(1, 2) if rng.random() < 0.15 else 1) for _ in range(columns)]
    x, y = rng.uniform(0.2, 1.5) * u, rng.uniform(0.3, 1.5) * u
    cells = draw_grid(page, x, y, widths, [high] * rows, rng)
    has_head, has_names, density = rng.random() < 0.6, rng.random() < 0.4, rng.uniform(0.3, 1)
    kinds = rng.choice(["number", "any", "grade"], columns, p=[0.76, 0.18, 0.06])
    size, number = 0.5 * high, int(rng.integers(1, 30)) if rng.random() < 0.2 else 0
    for r, row in enumerate(cells):
        for c, cell in enumerate(row):
            if (has_head and r == 0) or (has_names and c == 0):
                text = parts.sample_print(1, rng) if rng.random() < 0.7 else parts.sample_number(rng, 3)
                text = text[: max(int(cell.width / (0.5 * size)), 1)]
                page.print(text, cell.x + 0.15 * u, cell.y + 0.65 * high, size)
                continue
            if number:  # as forms have it whose cells are spoken of
                page.print(str(number), cell.x + 0.05 * high, cell.y + 0.35 * high, 0.4 * high)
                number, cell = number + 1, Cell(cell.x, cell.y + 0.2 * high, cell.width, 0.8 * high)
            if rng.random() < density:
                if kinds[c] == "any":
                    _fill(page, cell, rng)
                elif kinds[c] == "grade":
                    parts.write_letter(page, cell, str(rng.choice([*GRADES])), rng)
                else:
                    text = parts.sample_number(rng, longest) if rng.random() < 0.25 else _digits(rng, longest)
                    first = len(page.characters)
                    parts.write_in(page, cell, text, rng)
                    if rng.random() < 0.02:
                        parts.strike(page, first, len(page.characters), rng)


def marks(page: Page, rng: np.random.Generator) -> None:
    """Fill in score sheets: printed questions and points, and marks by hand below, beside or between them."""
    u = page.fit(7)
    size, y = u * rng.uniform(0.5, 1.3), u * rng.uniform(0.3, 2)
    while y < page.height - 3 * u:
        wide, high = u * rng.uniform(1.3, 2.6), u * rng.uniform(1.1, 1.9)
        x = u * rng.uniform(0.2, 2)
        n, rows = int(np.clip((page.width - x - 3 * u) / wide, 2, 16)), int(rng.integers(2, 5))
        is_upright = rng.random() < 0.4
        columns, lines = ([3 * u, *[wide] * rows], [high] * n) if is_upright else ([3 * u, *[wide] * n], [high] * rows)
        cells = draw_grid(page, x, y, columns, lines, rng)
        cells = [list(each) for each in zip(*cells, strict=True)] if is_upright else cells
        first, has_points = int(rng.integers(1, 20)), rows > 2 and rng.random() < 0.7
        for r, row in enumerate(cells):
            for c, cell in enumerate(row):
                if r == 0:
                    text = f"{first + c}{'.' * (rng.random() < 0.3)}"
                elif c == 0 and not is_upright:
                    text = parts.sample_print(1, rng)[: int(3 * u / (0.5 * size))]
                elif r == 1 and has_points:
                    text = f"{'/' * (rng.random() < 0.3)}{rng.integers(1, 30)}"
                else:
                    if rng.random() < 0.8:
                        parts.write_in(page, cell, sample_mark(rng), rng)
                    continue
                page.print(text, cell.x + 0.15 * u, cell.y + 0.5 * (cell.height + 0.7 * size), size)
        y += sum(lines) + u * rng.uniform(0.5, 2)


def sample_mark(rng: np.random.Generator) -> str:
    """Sample points that somebody was given: whole, a half more, or of how many."""
    points = int(rng.integers(0, 31))
    texts = f"{points}", f"{points},5", f"{points}.5", f"{points}/{points + rng.integers(1, 9)}", "-"
    return str(rng.choice(texts, p=[0.7, 0.1, 0.1, 0.07, 0.03]))


def exercises(page: Page, rng: np.random.Generator) -> None:
    """Answer printed, numbered exercises by hand, with numbers, letters or nothing; small print beside the answers."""
    u = page.fit(6)
    size, y, number = u * rng.uniform(0.4, 1.0), u * rng.uniform(1, 2), int(rng.integers(1, 60))
    wide, letters = u * rng.uniform(4, 9), rng.random() < 0.3
    x0, name = u * rng.uniform(0.1, 1), ("{}.", "{})", "({})", "{}:", "{}", "a{}", "Q{}.")[rng.integers(7)]
    rule, has_boxes = sample_rule(page, rng), rng.random() < 0.4
    while y < page.height + u:
        x = x0
        while x < page.width - 2 * u:
            end = page.print(name.format(number), x, y, size) + u * rng.uniform(0.1, 0.6)
            if has_boxes:
                draw_box(page, Cell(end, y - 1.1 * u, min(0.6 * wide, 3 * u), 1.4 * u), rule, rng)
            if letters and rng.random() < 0.9:
                page.write_words(str(rng.choice([*CLEAR_LETTERS])), end + 0.2 * u, y, rng, page.hands[0], u)
            elif not letters and rng.random() < 0.85:
                page.write(parts.sample_number(rng, 3), end + 0.2 * u, y + rng.normal(0, 0.08) * u, rng)
            if rng.random() < 0.15:
                page.print(f"({rng.integers(1, 20)})", x + 0.75 * wide, y, 0.8 * size)
            x, number = x + wide, number + 1
        y += u * rng.uniform(1.5, 2.2)


def tally(page: Page, rng: np.random.Generator) -> None:
    """Fill in a column of votes: three digits at the right end of ruled rows, with dashes to the left of them."""
    u = page.fit(5)
    high, wide = u * rng.uniform(1.0, 1.7), u * rng.uniform(3.5, 8)
    x, y = rng.uniform(-1, max(page.width - wide, 1)), u * rng.uniform(0.2, 3)
    n, filled = int(max((page.height - y) / high, 1)), int(rng.integers(2, 9))
    draw_grid(page, x, y, [wide], [high] * n, rng)
    digits, dashed, gap = int(rng.integers(1, 5)), rng.random() < 0.6, rng.uniform(-0.02, 0.35)
    for row in range(min(n, filled)):
        text, base = _digits(rng, digits, exact=True), y + (row + 0.85 + rng.normal(0, 0.05)) * high
        start = x + wide - (0.7 + gap) * u * digits - u * rng.uniform(0.1, 0.4)
        if dashed:
            # such a dash fills the row; it is no minus
            parts.underline(page, x + rng.uniform(-0.3, 0.4) * u, start - 0.15 * u, base - 0.5 * u, rng)
        page.write(text, start, base, rng, gap=gap)
    if rng.random() < 0.5:
        for row in range(filled, n):
            parts.underline(page, x, x + wide * rng.uniform(0.6, 1), y + (row + 0.5) * high, rng)


def exam(page: Page, rng: np.random.Generator) -> None:
    """Print an exam page: paragraphs, a square code, and a comb for a number that may be glued on askew."""
    u = page.fit(9)
    size, y = u * rng.uniform(0.45, 0.85), u * rng.uniform(0.3, 1.5)
    margin = u * rng.uniform(0.3, 2)
    width = page.width - 2 * margin
    page.print(parts.sample_print(3, rng)[:20], margin, y + size, 1.4 * size)
    y += 2.2 * size
    while y < page.height:
        above = size * rng.uniform(2, 9)
        parts.print_text(page, Cell(margin, y, width, above), size, rng)
        y += above + size
        x, high = margin, u * rng.uniform(1.0, 1.5)
        if rng.random() < 0.6:
            side = 2.2 * u
            parts.code(page, x, y, side, rng)
            x += side + u
        n = min(int(rng.integers(4, 11)), max(int((page.width - x - margin) / u), 1))
        first = len(page.characters)
        cells = draw_comb(page, x, y + 0.5 * u, n, (u * rng.uniform(0.85, 1.2), high), rng)
        fill_comb(page, cells, rng)
        end = cells[-1].x + cells[-1].width + 0.3 * u
        if rng.random() < 0.5:
            page.tilt(margin - 0.2 * u, y - 0.3 * u, end, y + 0.9 * u + high, first, rng.normal(0, 0.05))
        x = end + 0.7 * u
        if page.width - x - margin > 4 * u:
            parts.print_text(page, Cell(x, y, page.width - x - margin, 2.5 * u), size, rng)
        y += max(high, 2.2 * u) + u


def bubbles(page: Page, rng: np.random.Generator) -> None:
    """Print rows of rings or boxes with a letter or digit in each, some crossed, beside numbered questions."""
    u, font = page.fit(16), page.fonts[0]
    side = u * rng.uniform(0.7, 1.2)
    rule = Rule("solid", max(round(side / 20), 1), page.ink, 1)
    names = "ABCDE" if rng.random() < 0.6 else "0123456789"
    y, number = side * 1.2, int(rng.integers(1, 40))
    while y < page.height - side:
        x = side
        while x < page.width - side * (len(names) + 2):
            x = page.print(f"{number}.", x, y + 0.3 * side, 0.7 * side) + 0.5 * side
            for name in names:
                if rng.random() < 0.5:
                    draw_box(page, Cell(x, y - 0.5 * side, 0.85 * side, 0.85 * side), rule, rng)
                else:
                    ring = 0.43 * side * np.stack([f(np.linspace(0, 2 * np.pi, 17)) for f in (np.cos, np.sin)], axis=1)
                    page.stroke(ring + np.array([x + 0.43 * side, y]), rule.weight, page.ink)
                page.print(name, x + 0.25 * side, y + 0.2 * side, 0.6 * side, font, min(page.ink + 60, 230))
                if rng.random() < 0.2:
                    parts.tick(page, x + 0.43 * side, y, 0.8 * side, rng)
                x += 1.1 * side
            if rng.random() < 0.4:
                x = page.write(_digits(rng, 2), x + 0.3 * side, y + 0.45 * side, rng)[0]
            x, number = x + side, number + 1
        y += 1.3 * side


def worksheet(page: Page, rng: np.random.Generator) -> None:
    """Print sums whose results are filled in by hand, some of them ticked as right."""
    u = page.fit(9)
    size, wide = u * rng.uniform(0.9, 1.5), u * rng.uniform(7, 11)
    y = u * rng.uniform(1.2, 2.5)
    while y < page.height:
        x = u * rng.uniform(0.3, 1)
        while x < page.width - 0.8 * wide:
            a, b = rng.integers(0, 100, 2)
            end = page.print(f"{a} {'+-×:'[rng.integers(4)]} {b} =", x, y, size) + 0.3 * u
            if rng.random() < 0.4:
                draw_rule(page, end, y + 0.1 * u, end + 2.2 * u, y + 0.1 * u, sample_rule(page, rng), rng)
            if rng.random() < 0.85:
                first = len(page.characters)
                end, _ = page.write(_digits(rng, 3), end + 0.2 * u, y + rng.normal(0, 0.05) * u, rng)
                if rng.random() < 0.08:
                    parts.strike(page, first, len(page.characters), rng)
                if rng.random() < 0.2:
                    parts.tick(page, end + 0.5 * u, y - 0.4 * u, 0.6 * u, rng)
            x += wide
        y += u * rng.uniform(1.6, 2.6)


def _digits(rng: np.random.Generator, longest: int, *, exact: bool = False) -> str:
    return "".join(map(str, rng.integers(0, 10, longest if exact else int(rng.integers(1, longest + 1)))))
