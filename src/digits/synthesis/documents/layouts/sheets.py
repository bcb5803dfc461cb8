"""Layouts of sheets that people fill in or draw themselves: gaps in sentences, puzzles, lists, charts, and sketches."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from digits.synthesis.documents import parts
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.rules import Cell, Rule, draw_box, draw_rule, draw_wall, sample_rule

UNITS = ("kg", "m", "cm", "€", "$", "°C", "%", "ml", "h", "min", "km/h", "pts", "g", "V")


def captions(page: Page, rng: np.random.Generator) -> None:
    """Fill in boxes of many widths side by side, each with a small printed caption inside, as of taxes and customs."""
    u = page.fit(9)
    size, rule, y = max(u * rng.uniform(0.3, 0.5), 6.0), sample_rule(page, rng), u * rng.uniform(0.2, 1.5)
    margin, shade = u * rng.uniform(0.1, 1.5), rng.random() < 0.3
    while y < page.height - 2 * u:
        x, high = margin, u * rng.uniform(1.5, 2.6)
        while x < page.width - margin - 1.5 * u:
            wide = min(u * rng.uniform(1.5, 9), page.width - margin - x)
            if shade and rng.random() < 0.3:
                _shade(page, Cell(x, y, wide, high), rng)
            draw_box(page, Cell(x, y, wide, high), rule, rng)
            name = f"{rng.integers(1, 40)} " * (rng.random() < 0.6) + parts.sample_print(2, rng)
            page.print(name[: max(int(wide / (0.55 * size)), 1)], x + 0.1 * u, y + 1.1 * size, size)
            inner = Cell(x + 0.15 * u, y + 1.3 * size, wide - 0.3 * u, high - 1.4 * size)
            _fill(page, inner, rng)
            x += wide
        y += high * (1.0 if rng.random() < 0.7 else rng.uniform(1.1, 1.6))


def gaps(page: Page, rng: np.random.Generator) -> None:
    """Fill the gaps of printed sentences with numbers, on lines, dots, in brackets or boxes; units stand behind."""
    u = page.fit(8)
    size, y, pitch = u * rng.uniform(0.6, 1.1), u * rng.uniform(1.2, 2.5), u * rng.uniform(1.5, 2.6)
    rule, kind = sample_rule(page, rng), rng.integers(4)
    while y < page.height:
        x = u * rng.uniform(0.2, 1)
        while x < page.width - 3 * u:
            words = parts.sample_print(int(rng.integers(1, 4)), rng)
            x = page.print(words[:18], x, y, size) + 0.4 * u
            longest = int(rng.integers(1, 6))
            wide = u * (0.75 * longest + rng.uniform(0.2, 1.2))
            if kind == 0:
                draw_rule(page, x, y + 0.15 * u, x + wide, y + 0.15 * u, rule, rng)
            elif kind == 1:
                page.print("." * max(int(wide / (0.3 * size)), 1), x, y, size)
            elif kind == 2:
                draw_box(page, Cell(x, y - 1.1 * u, wide, 1.4 * u), rule, rng)
            else:
                page.print("[", x, y, 1.2 * size)
                page.print("]", x + wide, y, 1.2 * size)
            if rng.random() < 0.8:
                parts.write_in(page, Cell(x, y - 1.05 * u, wide, 1.2 * u), parts.sample_number(rng, longest), rng)
            x += wide + 0.3 * u
            if rng.random() < 0.4:
                x = page.print(str(rng.choice(UNITS)), x, y, size) + 0.5 * u
        y += pitch


def puzzle(page: Page, rng: np.random.Generator) -> None:
    """Solve a number puzzle: a square of cells of one digit, some of which are printed, with guesses in corners."""
    u = page.fit(8)
    n = int(rng.choice([4, 5, 6, 9]))
    side = min(u * rng.uniform(1.2, 2.2), 0.95 * min(page.width, page.height) / n)
    block = {4: 2, 5: 5, 6: 3, 9: 3}[n]
    thin, y = sample_rule(page, rng), rng.uniform(0.1, 1) * side
    thick = Rule("solid", 2 * thin.weight + 1, page.ink, 1)
    given, solved, guessed = rng.uniform(0.1, 0.6), rng.uniform(0.3, 1), rng.random() < 0.3
    while y < page.height - side:
        x = rng.uniform(0.1, 1) * side
        while x < page.width - side:
            for k in range(n + 1):
                rule = thick if k % block == 0 else thin
                draw_wall(page, x + k * side, y, x + k * side, y + n * side, rule, rng)
                draw_wall(page, x, y + k * side, x + n * side, y + k * side, rule, rng)
            for row in range(n):
                for column in range(n):
                    cell = Cell(x + column * side, y + row * side, side, side)
                    if rng.random() < given:
                        text = str(rng.integers(1, 10))
                        page.print(text, cell.x + 0.3 * side, cell.y + 0.8 * side, 0.85 * side)
                    elif rng.random() < solved:
                        parts.write_in(page, cell, str(rng.integers(0, 10)), rng)
                    elif guessed and rng.random() < 0.5 and side > 40:
                        small = Cell(cell.x + 0.05 * side, cell.y + 0.05 * side, 0.5 * side, 0.35 * side)
                        parts.write_in(page, small, str(rng.integers(10, 100)), rng)
            x += (n + rng.uniform(0.5, 2)) * side
        y += (n + rng.uniform(0.5, 2)) * side


def lists(page: Page, rng: np.random.Generator) -> None:
    """Put numbers behind the entries of a printed list, with points that lead to them, boxes to tick, or bullets."""
    u = page.fit(10)
    size, y = u * rng.uniform(0.5, 1.0), u * rng.uniform(1, 3)
    pitch, right = u * rng.uniform(1.2, 2.2), page.width * rng.uniform(0.6, 0.95)
    rule, leaders, boxes, lines = sample_rule(page, rng), rng.random() < 0.3, rng.random() < 0.4, rng.random() < 0.3
    number, numbered, longest = int(rng.integers(1, 30)), rng.random() < 0.5, int(rng.integers(1, 5))
    while y < page.height:
        x = u * rng.uniform(0.3, 0.5)
        if boxes:
            box = Cell(x, y - 0.75 * u, 0.8 * u, 0.8 * u)
            draw_box(page, box, rule, rng)
            if rng.random() < 0.5:
                parts.tick(page, x + 0.4 * u, y - 0.35 * u, 0.8 * u, rng)
            x += 1.2 * u
        name = f"{number}. " * numbered + parts.sample_print(int(rng.integers(1, 4)), rng)
        end = page.print(name[: max(int((right - x - 3 * u) / (0.6 * size)), 2)], x, y, size)
        if leaders and end < right - 2 * u:
            page.print("." * int((right - u - end) / (0.3 * size)), end, y, size)
        if lines:
            draw_rule(page, x, y + 0.3 * pitch, page.width - 0.5 * u, y + 0.3 * pitch, rule, rng)
        if rng.random() < 0.75:
            first = len(page.characters)
            wide = u * (0.8 * longest + 0.5)
            parts.write_in(page, Cell(right - wide, y - u, wide, 1.2 * u), parts.sample_number(rng, longest), rng)
            if rng.random() < 0.06:
                parts.strike(page, first, len(page.characters), rng)
        y, number = y + pitch, number + 1


def chart(page: Page, rng: np.random.Generator) -> None:
    """Print axes with numbers, curves and bars, and write values beside some points."""
    u = page.fit(9)
    size = max(u * rng.uniform(0.4, 0.8), 8.0)
    left, top = rng.uniform(1.5, 4) * u, rng.uniform(0.5, 2) * u
    right, bottom = page.width - rng.uniform(0.3, 2) * u, page.height - rng.uniform(1.5, 3) * u
    weight = float(rng.uniform(1, 3))
    page.stroke(np.array([(left, top), (left, bottom), (right, bottom)]), weight, page.ink)
    n, step = int(rng.integers(3, 9)), int(rng.choice([1, 2, 5, 10, 20, 50, 100]))
    lines = rng.random() < 0.4
    for k in range(n):
        x, y = left + (right - left) * (k + 0.5) / n, bottom - (bottom - top) * k / n
        page.print(str(k * step), left - (0.6 * len(str(k * step)) + 0.3) * size, y + 0.3 * size, size)
        page.print(str(k + 1) if rng.random() < 0.8 else parts.sample_print(1, rng)[:4], x, bottom + size, size)
        page.stroke(np.array([(left - 0.2 * u, y), (right if lines else left, y)]), 1, min(page.ink + 60, 220))
        if rng.random() < 0.4:
            high, wide = (bottom - top) * rng.uniform(0.1, 0.9), 0.3 * (right - left) / n
            corners = [(x - wide, bottom), (x - wide, bottom - high), (x + wide, bottom - high), (x + wide, bottom)]
            page.stroke(np.array(corners), weight, page.ink)
    for _ in range(int(rng.integers(0, 4))):
        wave = np.cumsum(rng.normal(0, 1, 30))
        heights = bottom - (bottom - top) * (0.5 + 0.4 * wave / max(np.abs(wave).max(), 1e-6))
        curve = np.stack((np.linspace(left, right, 30), heights), axis=1)
        page.stroke(curve, weight, float(rng.uniform(min(page.ink, 120), 180)))
    for _ in range(int(rng.integers(0, 10))):
        x, y = rng.uniform(left, max(right - 3 * u, left + 1)), rng.uniform(top + u, max(bottom, top + u + 1))
        page.write(parts.sample_number(rng, 4), x, y, rng, angle=rng.normal(0, 0.08))


def sketch(page: Page, rng: np.random.Generator) -> None:
    """Draw figures by hand, as of geometry and plans, with arrows, and lengths and angles beside their sides."""
    u = page.fit(7)
    hand, level = page.hands[0], page.level_of(page.hands[0])
    for _ in range(int(rng.integers(2, 8))):
        n, reach = int(rng.integers(2, 7)), u * rng.uniform(2, 6)
        x, y = rng.uniform(0, page.width), rng.uniform(0, page.height)
        angle = np.sort(rng.uniform(0, 2 * np.pi, n))
        corners = np.stack((np.cos(angle), np.sin(angle)), axis=1) * reach + np.array([x, y])
        if rng.random() < 0.25:  # a ring
            turn = np.linspace(0, 2 * np.pi, 40)
            corners = np.stack((np.cos(turn), np.sin(turn)), axis=1) * 0.7 * reach + np.array([x, y])
        closed = np.concatenate((corners, corners[:1]))
        page.stroke(closed + rng.normal(0, 0.03 * u, closed.shape), hand.width * u, level, hand.darkness)
        for a, b in pairwise(closed[:7]):
            if np.hypot(*(b - a)) > 1.5 * u and rng.random() < 0.6:
                place = (a + b) / 2 + rng.normal(0, 0.15, 2) * u + 0.35 * u * np.sign((a + b) / 2 - (x, y))
                page.write(parts.sample_number(rng, 3), place[0], place[1] + 0.5 * u, rng, height=0.9 * u)
        if rng.random() < 0.4:
            _arrow(page, corners[0], corners[0] + rng.normal(0, 2, 2) * u, rng)


def _arrow(page: Page, start: np.ndarray, end: np.ndarray, rng: np.random.Generator) -> None:
    hand = page.hands[0]
    way = (end - start) / max(float(np.hypot(*(end - start))), 1.0)
    side, head = np.array([-way[1], way[0]]), 0.5 * page.unit
    tip = end - head * way
    points = np.array([start, end, tip + 0.5 * head * side, end, tip - 0.5 * head * side])
    page.stroke(points, hand.width * page.unit * rng.uniform(0.7, 1.1), page.level_of(hand), hand.darkness)


def _shade(page: Page, cell: Cell, rng: np.random.Generator) -> None:
    """Lay a tone over a cell, as print does."""
    rows, columns = (
        slice(max(round(cell.y), 0), round(cell.y + cell.height)),
        slice(round(cell.x), round(cell.x + cell.width)),
    )
    tone = int(rng.integers(8, 50)) * (1 if page.is_dark else -1)
    page.picture[rows, columns] = np.clip(page.picture[rows, columns].astype(np.int16) + tone, 0, 255)


def _fill(page: Page, cell: Cell, rng: np.random.Generator) -> None:
    """Write a number into a cell, or print one, or leave it empty; now and then with a printed unit behind it."""
    choice, wide = rng.random(), cell.width
    if rng.random() < 0.25 and wide > 3 * page.unit:
        size = 0.5 * cell.height
        page.print(str(rng.choice(UNITS)), cell.x + wide - 1.3 * size, cell.y + 0.8 * cell.height, size)
        wide -= 1.6 * size
    longest = max(int(1.2 * wide / page.unit), 1)
    if choice < 0.65:
        first = len(page.characters)
        parts.write_in(page, Cell(cell.x, cell.y, wide, cell.height), parts.sample_number(rng, min(longest, 8)), rng)
        if rng.random() < 0.04:
            parts.strike(page, first, len(page.characters), rng)
    elif choice < 0.75:
        size = 0.7 * cell.height
        text = parts.sample_number(rng, 6)[: max(int(wide / (0.6 * size)), 1)]
        page.print(text, cell.x, cell.y + 0.8 * cell.height, size)
    elif choice < 0.8:
        word = parts.sample_words(1, rng)[0]
        word = word if len(word) > 2 else "und"
        height = min(0.8 * cell.height, wide / (0.5 * len(word)))
        page.write_words(word, cell.x, cell.y + 0.85 * cell.height, rng, page.hands[0], height)
