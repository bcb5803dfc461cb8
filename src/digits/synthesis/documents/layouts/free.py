"""Layouts without a form: what people write on empty, ruled or squared paper."""

from __future__ import annotations

import numpy as np

from digits.synthesis.documents import parts
from digits.synthesis.documents.glyphs import SYMBOL, UNLIKE_DIGITS
from digits.synthesis.documents.page import Page


def notes(page: Page, rng: np.random.Generator) -> None:
    """Write lines of numbers one below the other, some struck, ringed or underlined."""
    u = page.fit(5)
    y, pitch, slope = u * rng.uniform(1.1, 3), u * rng.uniform(1.25, 2.6), rng.normal(0, 0.03)
    left, longest, gap = u * rng.uniform(0.2, 3), int(rng.integers(1, 12)), rng.uniform(0.6, 4) * u
    while y < page.height:
        x = left + abs(rng.normal(0, 0.3)) * u
        while x < page.width - 1.5 * u and rng.random() < 0.85:
            first = len(page.characters)
            angle, bow = slope + rng.normal(0, 0.01), rng.normal(0, 0.004)
            start, text = x, parts.sample_number(rng, longest)
            x, end_y = page.write(text, x, y, rng, angle=angle, bow=bow)
            _mark(page, first, start, x, end_y, rng)
            x += gap * rng.uniform(0.7, 1.3)
            if rng.random() < 0.1:
                x = page.write_words(parts.sample_words(1, rng)[0], x, y, rng, page.hands[0], 0.9 * u) + 0.5 * gap
        y += pitch * rng.uniform(0.9, 1.15)


def columns(page: Page, rng: np.random.Generator) -> None:
    """Write columns of numbers, aligned at one side: lists, sums with their result below a line."""
    u = page.fit(9)
    longest = int(rng.integers(1, 6))
    x, wide = u * rng.uniform(0.3, 2), u * (0.8 * longest + rng.uniform(0.8, 3))
    while x < page.width - wide:
        y, n, at = u * rng.uniform(1.2, 4), int(rng.integers(2, 13)), 0
        align_right, is_sum = rng.random(2) < (0.6, 0.35)
        while y < page.height and at < n:
            text = parts.sample_number(rng, longest)
            before = len(page.characters)
            if is_sum and at == n - 2:
                text = "+-"[rng.integers(2)] + text
            start = x + wide - u - 0.75 * u * len(text) if align_right else x
            end, _ = page.write(text, start, y, rng)
            if is_sum and at == n - 2:
                parts.underline(page, min(start, x), end, y + 0.25 * u, rng)
            elif rng.random() < 0.04:
                parts.strike(page, before, len(page.characters), rng)
            elif rng.random() < 0.05:
                parts.tick(page, end + u, y - 0.5 * u, 0.6 * u, rng)
            y += u * rng.uniform(1.25, 1.7)
            at += 1
        x += wide + u * rng.uniform(0.3, 2)


def scattered(page: Page, rng: np.random.Generator) -> None:
    """Write numbers anywhere, in several sizes, directions and hands, where nothing else is."""
    taken: list[tuple[float, float, float]] = []
    for _ in range(60):
        height = page.fit(4) * float(np.exp(rng.normal(0, 0.35)))
        text, angle = parts.sample_number(rng, 5), float(rng.normal(0, 0.3))
        reach = 0.5 * height * max(len(text), 1) + 0.6 * height
        x, y = (
            rng.uniform(reach, max(page.width - reach, reach + 1)),
            rng.uniform(reach, max(page.height - reach, reach + 1)),
        )
        if any(np.hypot(x - a, y - b) < reach + r for a, b, r in taken):
            continue
        taken.append((x, y, reach))
        hand = page.hands[rng.integers(len(page.hands))]
        half = 0.4 * height * len(text)
        start = x - half * np.cos(angle), y + 0.5 * height - half * np.sin(angle)
        page.write(text, *start, rng, hand=hand, height=height, angle=angle)


def slanted(page: Page, rng: np.random.Generator) -> None:
    """Write lines that rise, fall, or bend, up to 40 degrees."""
    u = page.fit(6)
    angle, bow = float(rng.uniform(-0.7, 0.7)), float(rng.normal(0, 0.03))
    pitch = u * rng.uniform(1.5, 2.6)
    across = np.array([-np.sin(angle), np.cos(angle)])
    along = np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([page.width, page.height]) / 2
    reach = np.hypot(*middle)
    for offset in np.arange(-reach, reach, pitch):
        x, y = middle + offset * across - reach * along + rng.uniform(0, 3) * u * along
        for _ in range(40):
            if not (-u < x < page.width and y < page.height + 4 * u):
                if x > 0:
                    break
                x, y = np.array([x, y]) + 2 * u * along
                continue
            x, y = page.write(parts.sample_number(rng, 6), x, y, rng, angle=angle, bow=bow * rng.normal(1, 0.2))
            x, y = np.array([x, y]) + u * rng.uniform(0.8, 2) * along


def tight(page: Page, rng: np.random.Generator) -> None:
    """Write numbers whose digits touch and overlap."""
    u = page.fit(5)
    y, gap = u * rng.uniform(1.2, 2), rng.uniform(-0.16, 0.0)
    while y < page.height:
        x = u * rng.uniform(0.3, 2)
        while x < page.width - 2 * u:
            n = int(rng.integers(2, 6))
            text = "".join(map(str, rng.integers(0, 10, n)))
            x = page.write(text, x, y, rng, gap=gap + rng.normal(0, 0.03))[0] + u * rng.uniform(0.5, 2.5)
        y += u * rng.uniform(1.2, 2.2)


def large(page: Page, rng: np.random.Generator) -> None:
    """Write one digit or number as large as the page allows."""
    text = parts.sample_number(rng, int(rng.integers(1, 6)))
    height = min(0.8 * page.height, page.width / (0.85 * len(text) + 0.5)) * rng.uniform(0.5, 1)
    x = rng.uniform(0.05, 0.2) * page.width
    page.write(text, x, (page.height + height) / 2, rng, height=height)


def letter(page: Page, rng: np.random.Generator) -> None:
    """Write a letter: words, now and then a number, and a signature."""
    u = page.fit(6)
    y, pitch = u * rng.uniform(1.2, 3), u * rng.uniform(1.4, 2.2)
    share = rng.choice([0.0, 0.08, 0.25])
    while y < page.height:
        x = u * rng.uniform(0.5, 2)
        while x < page.width - 3 * u and rng.random() < 0.95:
            if rng.random() < share:
                x = page.write(parts.sample_number(rng), x, y, rng)[0] + 0.5 * u
            else:
                word = parts.sample_words(1, rng)[0]
                # one letter alone could be a digit
                x = page.write_words(word if len(word) > 2 else "und", x, y, rng, page.hands[0], 0.95 * u)
        y += pitch
    parts.sign(page, page.width * rng.uniform(0.2, 0.5), page.height * rng.uniform(0.5, 0.9), 6 * u, rng)


def algebra(page: Page, rng: np.random.Generator) -> None:
    """Do sums with unknowns: letters and numbers on the same line, each clear by itself."""
    u = page.fit(5)
    y, pitch, letters = u * rng.uniform(1.1, 3), u * rng.uniform(1.4, 2.4), rng.choice([*"aekmnptuvwy"], 2)
    while y < page.height:
        x = u * rng.uniform(0.2, 2)
        while x < page.width - 2 * u and rng.random() < 0.8:
            for part in range(int(rng.integers(2, 6))):
                if part and rng.random() < 0.6:
                    x = page.write("+-=:/"[rng.integers(5)], x, y, rng)[0] + 0.15 * u
                if rng.random() < 0.4:
                    x = page.write_words(str(rng.choice(letters)), x, y, rng, page.hands[0], u)
                else:
                    x = page.write(str(rng.integers(0, 10 ** rng.integers(1, 4))), x, y, rng)[0] + 0.1 * u
            x += u * rng.uniform(0.8, 2)
        y += pitch


def symbols(page: Page, rng: np.random.Generator) -> None:
    """Write symbols and letters that are like no digit, each alone, some in rings; perhaps numbers among them."""
    u = page.fit(5)
    y, gap, share = u * rng.uniform(1.1, 3), u * rng.uniform(0.3, 2), rng.choice([0.0, 0.0, 0.1, 0.3])
    while y < page.height:
        x = u * rng.uniform(0.2, 2)
        while x < page.width - 1.5 * u:
            if rng.random() < share:
                x = page.write(parts.sample_number(rng, 4), x, y, rng)[0] + gap
                continue
            text = SYMBOL if rng.random() < 0.55 else str(rng.choice(UNLIKE_DIGITS))
            height = u * rng.uniform(0.8, 1.2)
            end = page.write_words(text, x, y, rng, page.hands[rng.integers(2)], height, is_clear=True)
            if rng.random() < 0.15:
                parts.ring(page, (x + end - 0.45 * height) / 2, y - 0.45 * height, 0.75 * height, rng)
            x = end + gap * rng.uniform(0.5, 1.5)
        y += u * rng.uniform(1.4, 2.4)


def drawings(page: Page, rng: np.random.Generator) -> None:
    """Draw ticks, crosses, signatures, rings, logos and lines: nothing that is a digit."""
    for _ in range(int(rng.integers(3, 25))):
        x, y = rng.uniform(0, page.width), rng.uniform(0, page.height)
        kind = rng.integers(5)
        if kind == 0:
            parts.tick(page, x, y, page.unit * rng.uniform(0.4, 1.5), rng)
        elif kind == 1:
            parts.sign(page, x, y, page.unit * rng.uniform(2, 6), rng)
        elif kind == 2:
            parts.underline(page, x, x + page.unit * rng.uniform(1, 8), y, rng)
        elif kind == 3:
            word = parts.sample_words(1, rng)[0]
            page.write_words(word if len(word) > 2 else "no", x, y, rng, page.hands[1], page.unit)
        else:
            parts.logo(page, x, y, page.unit * rng.uniform(1, 3), rng)


def _mark(page: Page, first: int, start: float, end: float, y: float, rng: np.random.Generator) -> None:
    choice, last = rng.random(), len(page.characters)
    if last == first:
        return
    if choice < 0.04:
        parts.strike(page, first, last, rng)
    elif choice < 0.08:
        parts.underline(page, start, end, y + 0.2 * page.unit, rng)
    elif choice < 0.11:
        parts.circle(page, first, last, rng)
    elif choice < 0.14:
        parts.tick(page, end + 0.5 * page.unit, y - 0.5 * page.unit, 0.5 * page.unit, rng)
