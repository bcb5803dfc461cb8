"""A layout of layouts: a page divided at random, each part of which is drawn as a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from digits.synthesis.documents.layouts import forms, free, prints, sheets
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.rules import draw_rule, sample_rule

PARTS = (
    free.notes, free.notes, free.columns, free.scattered, free.tight, free.letter, free.algebra, free.symbols,
    forms.fields, forms.fields, forms.table, forms.tally, forms.marks, forms.exercises, forms.exam, forms.bubbles,
    forms.worksheet, prints.text, prints.text, prints.figures, prints.receipt, prints.posters, prints.stamped,
    sheets.captions, sheets.captions, sheets.gaps, sheets.gaps, sheets.puzzle, sheets.lists, sheets.chart,
    sheets.sketch,
)  # fmt: skip
"""What parts are drawn as; some twice as often as others."""

LEAST = 7
"""Height and width of a part, at least, in usual digits."""


def mixed(page: Page, rng: np.random.Generator) -> None:
    """Divide the page, and draw each part with a layout, size and writer of its own; frame or tone some of them."""
    same_hand = rng.random() < 0.7
    for left, top, right, bottom in _divide(0, 0, page.width, page.height, LEAST * page.unit, 0, rng):
        unit = page.unit * float(np.exp(rng.normal(0, 0.15)))
        layout = PARTS[rng.integers(len(PARTS))]
        frame = rng.random()
        if frame < 0.15:
            tone = int(rng.integers(5, 45)) * (1 if page.is_dark else -1)
            part = page.picture[top:bottom, left:right]
            part[:] = np.clip(part.astype(np.int16) + tone, 0, 255)
        draw_part(page, (left, top, right, bottom), unit, same_hand, layout, rng)
        if 0.15 < frame < 0.4:
            rule = sample_rule(page, rng)
            for y in (top, bottom - rule.weight):
                draw_rule(page, left, y, right, y, rule, rng)
            for x in (left, right - rule.weight):
                draw_rule(page, x, top, x, bottom, rule, rng)


def draw_part(
    page: Page,
    place: tuple[int, int, int, int],
    unit: float,
    same_hand: bool,
    draw: Callable[[Page, np.random.Generator], None],
    rng: np.random.Generator,
) -> None:
    """Draw a part, from left, top to right, bottom, as a page of its own, whose usual digit is `unit` pixels high."""
    left, top, right, bottom = place
    fonts = page.fonts[int(rng.integers(len(page.fonts))) :] + page.fonts
    hands = page.hands if same_hand else page.hands[int(rng.integers(len(page.hands))) :] + page.hands
    picture = page.picture[top:bottom, left:right]  # what is drawn on it is on the page
    part = Page(picture, unit, hands[: len(page.hands)], fonts[: len(page.fonts)], page.ink, page.is_dark)
    draw(part, rng)
    first, offset = len(page.characters), np.array([left, top], np.float32)
    page.characters += [
        replace(each, outline=each.outline + offset, line=each.line + page.lines) for each in part.characters
    ]
    page.lines += part.lines
    page.struck |= {first + each for each in part.struck}
    page.hidden |= {first + each for each in part.hidden}
    page.walls += [(points + offset, is_level) for points, is_level in part.walls]
    written = part.mask > 0
    page.mask[top:bottom, left:right][written] = part.mask[written] + np.uint16(first)


def _divide(
    left: int, top: int, right: int, bottom: int, least: float, depth: int, rng: np.random.Generator
) -> list[tuple[int, int, int, int]]:
    """Cut a part in two, usually across its longer side, until parts are small or it is enough."""
    wide, high = right - left, bottom - top
    across = (wide > high) == (rng.random() < 0.8)
    length = wide if across else high
    if length < 2 * least or (depth and rng.random() < 0.2 * depth):
        return [(left, top, right, bottom)]
    cut = round(rng.uniform(least, length - least))
    gap = round(rng.uniform(0, 0.12) * least)
    if across:
        halves = (left, top, left + cut, bottom), (left + cut + gap, top, right, bottom)
    else:
        halves = (left, top, right, top + cut), (left, top + cut + gap, right, bottom)
    return [each for half in halves for each in _divide(*half, least, depth + 1, rng)]
