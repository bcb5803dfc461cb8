"""From rules to grids: which rules cross, which of them are one, and what is no table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digits.documents.combs import find_boxes
from digits.documents.grid import Grid, merge_cells
from digits.documents.rule import SAME, Region, Rule, cross
from digits.documents.rules import Votes, find_rules
from digits.shapes import Float64

REACH = 0.6
"""How far beyond its end a rule still meets another, in heights of a digit."""

MIN_PITCH = 0.7
"""Distance of rules, in heights of a digit, below which they are no cells but squared paper."""


BESIDE, MAX_CROSSED = 0.5, 0.5
"""Distance from a rule within which digits stand beside it, in heights of a digit, and the share of these that may be
written across it: half of them are, if rules and writing had nothing to do with each other."""


def find_grids(
    level_votes: Votes, turned: Votes, size: float, region: Region, digits: Float64[np.ndarray, "n 4"]
) -> list[Grid]:
    """Find the grids on a page.

    Parameters
    ----------
    level_votes, turned
        As `digits.documents.rules.find_votes` gives them.
    size
        Height of the usual digit, in pixels.
    region
        Where digits are.
    digits
        Their boxes: x, y, width, height.
    """
    left, top, right, bottom = region
    levels = _drop_crossed(find_rules(level_votes, size, region), digits, size)
    uprights = _drop_crossed(find_rules(turned, size, (top, left, bottom, right)), digits[:, [1, 0, 3, 2]], size)
    crossing = _connect(levels, uprights, size)
    grids = [_build(some_levels, some_uprights, size, level_votes, turned) for some_levels, some_uprights in crossing]
    combs = [Grid(*rules, size) for rules in find_boxes(levels, turned, size)]
    return [*combs, *(grid for grid in grids if grid is not None)]


def _drop_crossed(rules: list[Rule], digits: Float64[np.ndarray, "n 4"], size: float) -> list[Rule]:
    """Drop rules that most of the digits beside them are written across: squares of paper, and strokes in line."""
    kept = []
    middles, half = digits[:, :2] + digits[:, 2:] / 2, digits[:, 2:] / 2
    for rule in rules:
        away = np.abs(rule.at(middles[:, 0]) - middles[:, 1])
        beside = (middles[:, 0] >= rule.start) & (middles[:, 0] <= rule.end) & (away < half[:, 1] + BESIDE * size)
        crossed = beside & (away < half[:, 1] / 2)
        if crossed.sum() < 2 or crossed.sum() < MAX_CROSSED * beside.sum():
            kept.append(rule)
    return kept


def _connect(levels: list[Rule], uprights: list[Rule], size: float) -> list[tuple[list[Rule], list[Rule]]]:
    """Group the rules that cross each other."""
    groups = np.arange(len(levels) + len(uprights))
    for i, level in enumerate(levels):
        for j, upright in enumerate(uprights):
            x, y = cross(level, upright)
            reach = REACH * size
            meets = level.start - reach <= x <= level.end + reach and upright.start - reach <= y <= upright.end + reach
            if meets and groups[i] != groups[len(levels) + j]:
                groups[groups == groups[len(levels) + j]] = groups[i]
    found = []
    for group in np.unique(groups):
        places = np.flatnonzero(groups == group)
        some = (
            [levels[k] for k in places if k < len(levels)],
            [uprights[k - len(levels)] for k in places if k >= len(levels)],
        )
        if some[0] and some[1]:
            found.append(some)
    return found


def _build(levels: list[Rule], uprights: list[Rule], size: float, level_votes: Votes, turned: Votes) -> Grid | None:
    """Make a grid of rules that cross: pieces joined, sides closed, merged cells noted; None for squared paper."""
    levels, uprights = _join(levels, size), _join(uprights, size)
    levels, uprights = _close(levels, uprights, size), _close(uprights, levels, size)
    if len(levels) < 2 or len(uprights) < 2:
        return None
    if _pitch(levels) < MIN_PITCH * size or _pitch(uprights) < MIN_PITCH * size:
        return None
    grid = Grid(_drop_close(levels, size), _drop_close(uprights, size), size)
    if 0 in grid.shape:
        return None
    merge_cells(grid, level_votes, turned)
    return grid


def _middle(rules: Sequence[Rule]) -> float:
    return (min(rule.start for rule in rules) + max(rule.end for rule in rules)) / 2


def _join(rules: list[Rule], size: float) -> list[Rule]:
    """Join the pieces of one rule, and sort rules across their direction."""
    middle = _middle(rules)
    joined = list[Rule]()
    for rule in sorted(rules, key=lambda each: each.place(middle)):
        for place, other in enumerate(joined):
            first, second = sorted((rule, other), key=lambda each: each.start)
            between = (first.end + second.start) / 2
            if second.start > first.end - SAME * size:
                miss = abs(first.place(between) - second.place(between))
            else:
                common = np.linspace(max(first.start, second.start), min(first.end, second.end), 9)
                miss = float(np.abs(first.at(common) - second.at(common)).mean())
            if miss < SAME * size:
                joined[place] = _concatenate(first, second)
                break
        else:
            joined.append(rule)
    return sorted(joined, key=lambda each: each.place(middle))


def _concatenate(first: Rule, second: Rule) -> Rule:
    """Put two rules together; where both are, the longer holds."""
    longer, shorter = (first, second) if first.length >= second.length else (second, first)
    rest = (shorter.along < longer.start) | (shorter.along > longer.end)
    along = np.concatenate((longer.along, shorter.along[rest]))
    across = np.concatenate((longer.across, shorter.across[rest]))
    order = np.argsort(along)
    total = longer.length + shorter.length
    share = (longer.share * longer.length + shorter.share * shorter.length) / max(total, 1e-9)
    return Rule(along[order], across[order], share, longer.slope)


def _close(rules: list[Rule], others: list[Rule], size: float) -> list[Rule]:
    """Add a border through the ends of the others, on each side where they go on beyond the last rule."""
    closed = list(rules)
    for end in (0, -1):
        tips = np.array([(other.across[end], other.along[end]) for other in others])
        border = closed[0] if end == 0 else closed[-1]
        beyond = (tips[:, 1] - border.at(tips[:, 0])) * (-1 if end == 0 else 1)
        if len(tips) < 2 or np.median(beyond) < MIN_PITCH * size:
            continue
        # the tips of most rules are on it; shorter ones belong to merged cells
        far = tips[np.abs(beyond - np.median(beyond)) < max(SAME * size, 0.1 * float(np.median(beyond)))]
        if len(far) >= 2:
            far = far[np.argsort(far[:, 0])]
            line = np.polyfit(far[:, 0], far[:, 1], 1)
            ends = np.array([far[0, 0], far[-1, 0]])
            closed.insert(0 if end == 0 else len(closed), Rule(ends, np.polyval(line, ends), 0.0, float(line[0])))
    return closed


def _pitch(rules: list[Rule]) -> float:
    middle = _middle(rules)
    return float(np.median(np.diff([rule.place(middle) for rule in rules])))


def _drop_close(rules: list[Rule], size: float) -> list[Rule]:
    """Drop the weaker of two rules between which there is no room for a digit."""
    middle, kept = _middle(rules), list(rules)
    while len(kept) > 1:
        gaps = np.diff([rule.place(middle) for rule in kept])
        place = int(gaps.argmin())
        if gaps[place] >= MIN_PITCH * size:
            break
        kept.remove(min(kept[place : place + 2], key=lambda rule: rule.length * rule.share))
    return kept
