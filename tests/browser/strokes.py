"""Handwriting in the browser: strokes of people and of the synthesizer, drawn with real events."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from playwright.sync_api import Page

from digits.data import load_pen_strokes
from digits.synthesis.curves import parse_glyph
from digits.synthesis.glyphs import DIGIT_GLYPHS

Strokes = list[list[tuple[float, float]]]

STEP = 0.05
"""Smallest distance between two mouse events, in heights of the digit."""

SCRIBBLE: Strokes = [[(0.1 + (i * 53 % 150) / 200, 0.1 + (i * 37 % 110) / 150) for i in range(60)]]
"""A non-digit."""


def glyph_strokes(digit: int) -> Strokes:
    """Strokes of the synthesizer's first glyph of a digit, in heights of the digit."""
    path = parse_glyph(next(iter(DIGIT_GLYPHS[digit].values()))[1])
    points = path.sharp @ path.controls
    ends = np.flatnonzero(~path.pen_down) + 1
    return [[(float(x), float(y)) for x, y in part] for part in np.split(points, ends) if len(part)]


def recorded_strokes(per_class: int) -> list[tuple[int, Strokes]]:
    """Return digits of UCI's pen strokes, so many per class, each by a different writer."""
    chosen: dict[int, dict[int, Strokes]] = defaultdict(dict)
    for digit in load_pen_strokes():
        written = chosen[digit.label]
        if len(written) < per_class and digit.writer not in written:
            written[digit.writer] = _normalize(digit.strokes)
    return [(label, strokes) for label in sorted(chosen) for strokes in chosen[label].values()]


def _normalize(strokes: Sequence[np.ndarray]) -> Strokes:
    """Scale strokes to heights of the digit, from its upper left corner; never wider than high."""
    points = np.concatenate(strokes)
    corner, size = points.min(0), float(np.ptp(points, axis=0).max())
    return [[(float(x), float(y)) for x, y in (stroke - corner) / size] for stroke in strokes]


def draw(page: Page, digits: Sequence[Strokes], height: float = 0.5, *, frames: bool = False) -> None:
    """Draw digits side by side with the mouse; `height` is a share of the sheet; with `frames`, one point per frame."""
    for stroke in _place_on_sheet(page, digits, height):
        page.mouse.move(*stroke[0])
        page.mouse.down()
        for point in stroke[1:] or stroke:
            page.mouse.move(*point)
            if frames:
                page.evaluate("new Promise(requestAnimationFrame)")
        page.mouse.up()


def touch(page: Page, digits: Sequence[Strokes], height: float = 0.5) -> None:
    """Draw the same with a finger."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    for stroke in _place_on_sheet(page, digits, height):
        send("touchStart", stroke[0])
        for point in stroke[1:]:
            send("touchMove", point)
        send("touchEnd")


def _place_on_sheet(page: Page, digits: Sequence[Strokes], height: float) -> Strokes:
    sheet = page.locator("#sheet")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box is not None
    size = box["height"] * height
    step = box["width"] / len(digits)
    top = box["y"] + (box["height"] - size) / 2
    placed = []
    for number, strokes in enumerate(digits):
        width = max(x for stroke in strokes for x, _ in stroke) * size
        left = box["x"] + step * (number + 0.5) - width / 2
        placed += [[(left + x * size, top + y * size) for x, y in _thin(stroke)] for stroke in strokes]
    return placed


def _thin(stroke: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out points that hardly move the pen, as browsers do."""
    kept = list(stroke[:1])
    for point in stroke[1:-1]:
        if math.dist(kept[-1], point) > STEP:
            kept.append(point)
    return [*kept, *stroke[1:][-1:]]


def wait_for_answer(page: Page) -> None:
    """Wait until the answer to the newest drawing or picture is shown."""
    page.locator("#answer[aria-busy=false]").wait_for()


def read_text(page: Page) -> str:
    """The text on the page, with a dash for a non-digit."""
    wait_for_answer(page)
    texts = page.locator("#numerals .numeral").all_inner_texts()
    return "".join(text if text.isdigit() else "–" for text in texts)
