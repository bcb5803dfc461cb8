"""What paper has on it before anybody writes, and what happens to it later: functions of a page and a generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from digits.synthesis.documents import parts
from digits.synthesis.documents.grounds import add_share, cut_texture
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.rules import Cell, Rule, draw_rule

PageEffect = Callable[[Page, np.random.Generator], None]


def ruled(page: Page, rng: np.random.Generator) -> None:
    """Print level lines, perhaps with a margin."""
    rule, pitch = _pale_rule(page, rng), max(page.unit * rng.uniform(1.1, 1.9), 6)
    for y in np.arange(rng.uniform(0, pitch), page.height, pitch):
        draw_rule(page, 0, y, page.width, y, rule, rng)
    if rng.random() < 0.3:
        x = page.width * rng.uniform(0.03, 0.25)
        draw_rule(page, x, 0, x, page.height, rule, rng)


def squared(page: Page, rng: np.random.Generator) -> None:
    """Print squares, or millimetres."""
    rule, pitch = _pale_rule(page, rng), max(page.unit * rng.uniform(0.35, 1.3), 5)
    for y in np.arange(rng.uniform(0, pitch), page.height, pitch):
        draw_rule(page, 0, y, page.width, y, rule, rng)
    for x in np.arange(rng.uniform(0, pitch), page.width, pitch):
        draw_rule(page, x, 0, x, page.height, rule, rng)


def dotted(page: Page, rng: np.random.Generator) -> None:
    """Print a grid of dots."""
    rule, pitch = _pale_rule(page, rng), max(int(page.unit * rng.uniform(0.4, 1.2)), 5)
    for row in range(rule.weight):
        dots = page.picture[pitch // 2 + row :: pitch, pitch // 2 :: pitch]
        dots[:] = page.darker(dots, rule.level)


def shine_through(page: Page, rng: np.random.Generator) -> None:
    """Let print or writing of the other side shine through: mirrored, pale and soft."""
    back = Page(np.full_like(page.picture, 255), page.unit, page.hands[1:], page.fonts, 0.0)
    if rng.random() < 0.6:
        parts.print_text(back, Cell(0, 0, page.width, page.height), page.unit * rng.uniform(0.5, 1.2), rng)
    else:
        for y in np.arange(page.unit, page.height, 2 * page.unit):
            words = " ".join(parts.sample_words(max(int(page.width / page.unit / 4), 1), rng))
            back.write_words(words, 0.0, y, rng, back.hands[0], page.unit)
    pale = cv2.blur(cv2.flip(back.picture, 1), (3, 3))
    share = float(rng.uniform(0.05, 0.22))
    page.picture = add_share(page.picture, pale, share, 255)


def stains(page: Page, rng: np.random.Generator) -> None:
    """Leave rings of a cup and blots."""
    drop = np.zeros_like(page.picture)
    for _ in range(int(rng.integers(1, 4))):
        centre = int(rng.integers(page.width)), int(rng.integers(page.height))
        radius = int(page.unit * rng.uniform(0.4, 3)) + 2
        thickness = -1 if rng.random() < 0.4 else max(radius // 8, 1)
        cv2.circle(drop, centre, radius, int(rng.integers(15, 70)), thickness)
    uneven = cv2.multiply(cv2.blur(drop, (5, 5)), cut_texture("clouds", page.height, page.width, rng), scale=1 / 128)
    page.picture = cv2.subtract(page.picture, uneven)


def folds(page: Page, rng: np.random.Generator) -> None:
    """Fold the sheet and open it again: along each crease a thin line, and light that changes."""
    for _ in range(int(rng.integers(1, 4))):
        is_level = rng.random() < 0.5
        side = page.height if is_level else page.width
        distance = np.arange(side) - rng.uniform(0.1, 0.9) * side
        width = rng.uniform(0.05, 0.3) * side
        light = 255 - rng.uniform(8, 60) * np.where(distance > 0, np.exp(-np.abs(distance) / width), 0)
        light -= rng.uniform(0, 90) * (np.abs(distance) < rng.uniform(0.5, 1.6))
        row = np.rint(light.clip(0, 255)).astype(np.uint8)
        full = np.broadcast_to(row[:, None] if is_level else row[None], page.picture.shape)
        page.picture = cv2.multiply(page.picture, np.ascontiguousarray(full), scale=1 / 255)


def crumpled(page: Page, rng: np.random.Generator) -> None:
    """Crumple the sheet and smooth it out again: facets that catch the light differently."""
    small = max(page.height // 24, 4), max(page.width // 24, 4)
    y, x = np.mgrid[: small[0], : small[1]].astype(np.float64)
    height = np.zeros(small)
    for _ in range(14):
        angle, at = rng.uniform(0, 2 * np.pi), rng.uniform(0, max(small))
        height += rng.uniform(2, 9) * np.sign(np.cos(angle) * x + np.sin(angle) * y - at)
    facets = np.rint(128 + height.clip(-70, 70)).astype(np.uint8)
    full = cv2.resize(facets, (page.width, page.height), interpolation=cv2.INTER_LINEAR_EXACT)
    share = float(rng.uniform(0.1, 0.5))
    page.picture = add_share(page.picture, full, share)


def staple(page: Page, rng: np.random.Generator) -> None:
    """Staple it in a corner: a short bright wire with a dark edge."""
    u = page.unit
    start = np.array([rng.uniform(0.5, 3) * u, rng.uniform(0.5, 3) * u])
    if rng.random() < 0.5:
        start[0] = page.width - start[0]
    along = rng.uniform(0.6, 1.4) * u * np.array([np.cos(angle := rng.uniform(0, np.pi)), np.sin(angle)])
    weight = max(0.1 * u, 1.5)
    page.stroke(np.array([start, start + along]) + weight / 2, weight, 30 if not page.is_dark else 220)
    page.stroke(np.array([start, start + along]), 0.6 * weight, 120)


def holes(page: Page, rng: np.random.Generator) -> None:
    """Punch it, or bind it with a spiral, along one side."""
    is_spiral, side = rng.random() < 0.6, int(rng.integers(4))
    length = page.width if side % 2 else page.height
    pitch = max(page.unit * rng.uniform(0.5, 1.0), 8) if is_spiral else length * rng.uniform(0.2, 0.35)
    radius, depth = max(round(0.22 * pitch), 2) if is_spiral else max(round(0.35 * page.unit), 3), page.unit * 0.8
    across = page.height if side % 2 else page.width
    for along in np.arange(rng.uniform(0.2, 1) * pitch, length, pitch):
        point = (depth, along) if side in (0, 1) else (across - depth, along)
        x, y = (round(v) for v in (point[::-1] if side % 2 else point))
        cv2.circle(page.picture, (x, y), radius, int(rng.integers(0, 60)), -1, cv2.LINE_AA)
        if is_spiral:
            out = -depth if side in (0, 1) else depth
            end = (round(x), round(y + out)) if side % 2 else (round(x + out), round(y))
            level = int(rng.integers(60, 230))
            cv2.line(page.picture, (x, y), end, 40, max(radius // 2, 1) + 2, cv2.LINE_AA)
            cv2.line(page.picture, (x, y), end, level, max(radius // 2, 1), cv2.LINE_AA)


PAPER_EFFECTS: Mapping[PageEffect, float] = {
    ruled: 0.16,
    squared: 0.13,
    dotted: 0.04,
    shine_through: 0.14,
    stains: 0.03,
}
"""What paper has before anybody writes on it: effect → probability."""

WEAR_EFFECTS: Mapping[PageEffect, float] = {folds: 0.14, crumpled: 0.06, staple: 0.03, holes: 0.08}
"""What happens to it afterwards: effect → probability."""


def _pale_rule(page: Page, rng: np.random.Generator) -> Rule:
    ground = float(page.picture[:: page.height // 8, :: page.width // 8].mean())
    level = ground + rng.uniform(0.08, 0.55) * (page.ink - ground)
    kind = str(rng.choice(["solid", "dotted", "dashed"], p=[0.85, 0.1, 0.05]))
    return Rule(kind, 1 if page.unit < 40 else int(rng.integers(1, 3)), level, int(rng.integers(3, 8)))
