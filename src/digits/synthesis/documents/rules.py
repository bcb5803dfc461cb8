"""Rules, boxes, combs and grids: solid, dashed, dotted or drawn by hand, 1 to 6 pixels wide, dark or pale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digits.shapes import Float64
from digits.synthesis.documents.page import Page, Pixels
from digits.synthesis.documents.truth import WALL_POINTS

KINDS = {"solid": 0.68, "dashed": 0.1, "dotted": 0.12, "by hand": 0.1}


@dataclass(frozen=True)
class Rule:
    """How lines are drawn."""

    kind: str  # of `KINDS`
    weight: int  # pixels
    level: float | int  # grey
    period: int  # pixels from one dash or dot to the next


@dataclass(frozen=True)
class Cell:
    """A place to write in, in pixels."""

    x: Pixels
    y: Pixels
    width: Pixels
    height: Pixels


def sample_rule(page: Page, rng: np.random.Generator) -> Rule:
    """Sample a rule that suits the page: thick only where digits are large, and visible on its ground."""
    weight = int(min(rng.choice([1, 2, 3, 4, 6], p=[0.4, 0.3, 0.15, 0.1, 0.05]), max(page.unit / 8, 1)))
    ground = float(page.picture[:: page.height // 8, :: page.width // 8].mean())
    # a third of the rules are pale, as of coloured forms
    strength = rng.uniform(0.15, 0.5) if rng.random() < 0.35 else rng.uniform(0.6, 1.0)
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    level = ground + strength * (page.ink - ground)
    return Rule(kind, weight, level, weight * int(rng.integers(2, 5)) + int(rng.integers(1, 4)))


def draw_wall(page: Page, x0: Pixels, y0: Pixels, x1: Pixels, y1: Pixels, rule: Rule, rng: np.random.Generator) -> None:
    """Draw a level or upright line between two points, which parts cells."""
    is_level, half = bool(abs(x1 - x0) >= abs(y1 - y0)), rule.weight / 2 if rule.kind != "by hand" else 0.0
    right, down = half * (not is_level), half * is_level
    page.wall(_divide(x0 + right, y0 + down, x1 + right, y1 + down), is_level=is_level)
    draw_rule(page, x0, y0, x1, y1, rule, rng)


def draw_rule(page: Page, x0: Pixels, y0: Pixels, x1: Pixels, y1: Pixels, rule: Rule, rng: np.random.Generator) -> None:
    """Draw a level or upright line between two points."""
    if rule.kind == "by hand":
        points = _divide(x0, y0, x1, y1)
        points = points + rng.normal(0, 0.012 * page.unit + 0.3, points.shape).cumsum(0) * 0.5
        page.stroke(points, max(page.hands[0].width * page.unit, rule.weight), page.level_of(page.hands[0]))
        return
    is_level = abs(x1 - x0) >= abs(y1 - y0)
    across, start, end = (y0, x0, x1) if is_level else (x0, y0, y1)
    picture = page.picture if is_level else page.picture.T
    top, left, right = max(round(across), 0), max(round(min(start, end)), 0), round(max(start, end)) + rule.weight
    region = picture[top : top + rule.weight, left : max(right, 0)]
    if rule.kind != "solid":
        on = rule.weight if rule.kind == "dotted" else 0.6 * rule.period
        shown = np.arange(region.shape[1]) % rule.period < on
        region[:, shown] = page.darker(region[:, shown], rule.level)
    else:
        region[:] = page.darker(region, rule.level)


def _divide(x0: Pixels, y0: Pixels, x1: Pixels, y1: Pixels) -> Float64[np.ndarray, "9 2"]:
    """Divide the way between two points."""
    along = np.linspace(0, 1, WALL_POINTS)[:, None]
    points: Float64[np.ndarray, "9 2"] = np.array([(x0, y0)]) + along * np.array([(x1 - x0, y1 - y0)])
    return points


def draw_box(page: Page, cell: Cell, rule: Rule, rng: np.random.Generator) -> None:
    """Draw the four sides of a cell."""
    right, bottom = cell.x + cell.width, cell.y + cell.height
    for y in (cell.y, bottom):
        draw_wall(page, cell.x, y, right, y, rule, rng)
    for x in (cell.x, right):
        draw_wall(page, x, cell.y, x, bottom, rule, rng)


def draw_comb(
    page: Page,
    x: Pixels,
    y: Pixels,
    n: int,
    side: tuple[float, float],
    rng: np.random.Generator,
    rule: Rule | None = None,
) -> list[Cell]:
    """Draw n cells in a row, of a width and height: boxes that touch, boxes apart, or teeth on a base line."""
    rule = rule or sample_rule(page, rng)
    wide, high = side
    kind = rng.choice(["boxes", "apart", "teeth"], p=[0.6, 0.25, 0.15])
    gap = wide * rng.uniform(0.08, 0.35) if kind == "apart" else 0.0
    cells = [Cell(x + place * (wide + gap), y, wide, high) for place in range(n)]
    for place, cell in enumerate(cells):
        if kind == "apart":
            draw_box(page, cell, rule, rng)
        elif place:
            draw_wall(page, cell.x, y + (0.6 * high if kind == "teeth" else 0), cell.x, y + high, rule, rng)
    whole = Cell(x, y, n * wide, high)
    if kind == "boxes":
        draw_box(page, whole, rule, rng)
    elif kind == "teeth":
        draw_wall(page, x, y + high, x + whole.width, y + high, rule, rng)
    return cells


def draw_grid(
    page: Page, x: Pixels, y: Pixels, columns: list[float], rows: list[float], rng: np.random.Generator
) -> list[list[Cell]]:
    """Draw a table of columns and rows of the given widths and heights; some tables have only some of their rules."""
    rule = sample_rule(page, rng)
    right, bottom = x + sum(columns), y + sum(rows)
    has_columns, has_rows, has_frame = rng.random(3) < (0.85, 0.9, 0.85)
    lefts, tops = x + np.cumsum([0.0, *columns]), y + np.cumsum([0.0, *rows])
    for place, left in enumerate(lefts):
        if has_frame if place in (0, len(columns)) else has_columns:
            draw_wall(page, left, y, left, bottom, rule, rng)
    for place, top in enumerate(tops):
        if has_frame if place in (0, len(rows)) else has_rows:
            draw_wall(page, x, top, right, top, rule, rng)
    return [
        [Cell(float(lefts[c]), float(tops[r]), columns[c], rows[r]) for c in range(len(columns))]
        for r in range(len(rows))
    ]
