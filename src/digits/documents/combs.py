"""Combs of boxes between two level rules, whose walls are too short to be found as rules."""

from __future__ import annotations

import numpy as np

from digits.documents.rule import Rule
from digits.documents.rules import MIN_SHARE, Votes
from digits.shapes import Bool, Float64

HEIGHTS = 0.9, 3.0
"""Distance of the rules above and below a row of boxes, in heights of a digit: one fits in, and no second row."""

MIN_WALL = 0.7
"""Share of the way from rule to rule that a wall must cover where writing does not hide it."""

PITCHES = 0.5, 1.6
"""Width of a box, in heights of the comb: it holds one digit, which is higher than wide."""

UNEVEN = 0.3
"""Deviation of a box's width, at most, as a share of the usual one; drawn boxes are uneven."""

LEANS = np.linspace(-0.12, 0.12, 13)
"""Slopes of walls against the normal of their rules: perspective and hands turn them by up to seven degrees."""

STEPS = 24
"""Places between the rules at which a wall is looked for."""


def find_boxes(levels: list[Rule], turned: Votes, size: float) -> list[tuple[list[Rule], list[Rule]]]:
    """Find rows of boxes that are not rows of a table: for each the rules above and below it, and its walls.

    Parameters
    ----------
    levels
        The page's level rules.
    turned
        What `digits.documents.rules.find_votes` finds on the page's transpose.
    size
        Height of the usual digit, in pixels.
    """
    found = []
    for top in levels:
        below = [(gap, rule) for rule in levels if (gap := _gap(top, rule, size)) > 0]
        if below:
            bottom = min(below, key=lambda pair: pair[0])[1]
            walls = _choose_even(_find_walls(top, bottom, turned, size), _gap(top, bottom, size))
            if walls and not _goes_on(walls, top, bottom, turned):
                found.append(([top, bottom], walls))
    return found


def _choose_even(walls: list[Rule], high: float) -> list[Rule]:
    """Choose the longest run of walls at even distances; where one of them is hidden, it is put in."""
    gaps = np.diff([wall.across.mean() for wall in walls])
    wide = [gap for gap in gaps if PITCHES[0] * high <= gap <= PITCHES[1] * high]
    if not wide:
        return []
    pitch = float(np.median(wide))
    runs = [walls[:1]]
    for gap, before, wall in zip(gaps, walls, walls[1:], strict=False):
        boxes = round(gap / pitch)
        if boxes and abs(gap / boxes - pitch) <= UNEVEN * pitch and boxes <= 3:
            shares = np.linspace(0, 1, boxes + 1)[1:-1]
            between = [before.moved(float(share * gap)) for share in shares]
            runs[-1] += [*between, wall]
        else:
            runs.append([wall])
    best = max(runs, key=len)
    return best if len(best) > 2 else []


def _goes_on(walls: list[Rule], top: Rule, bottom: Rule, turned: Votes) -> bool:
    """Whether most of the walls go on above or below, as those of a table do."""
    along = np.array([wall.across[0] for wall in walls])
    lean = float(np.median([wall.slope for wall in walls]))
    high = float(np.mean(bottom.at(along) - top.at(along)))
    shares = [
        _score(along + shift * lean, lean, top.moved(shift), bottom.moved(shift), turned) for shift in (-high, high)
    ]
    return any(float(np.mean(share >= MIN_WALL)) > 0.5 for share in shares)


def _gap(top: Rule, bottom: Rule, size: float) -> float:
    """Return how far a rule lies below another; 0 if it is not its neighbour."""
    first, last = max(top.start, bottom.start), min(top.end, bottom.end)
    if last - first < size:
        return 0.0
    middle = (first + last) / 2
    gap = bottom.place(middle) - top.place(middle)
    return gap if HEIGHTS[0] * size <= gap <= HEIGHTS[1] * size else 0.0


def _find_walls(top: Rule, bottom: Rule, turned: Votes, size: float) -> list[Rule]:
    """Find the walls between two rules."""
    reach = 0.3 * size
    along = np.arange(min(top.start, bottom.start) - reach, max(top.end, bottom.end) + reach)
    scores = np.stack([_score(along, lean, top, bottom, turned) for lean in LEANS])
    strong = np.where(scores >= MIN_WALL, scores, 0).max(0)
    walls = list[Rule]()
    while strong.max() > 0:
        best = np.flatnonzero(strong == strong.max())
        place = int(best[len(best) // 2])
        lean = float(LEANS[int(scores[:, place].argmax())])
        x, y = _follow(along[place : place + 1], lean, top, bottom)
        walls.append(Rule(y[0, [0, -1]], x[0, [0, -1]], float(scores[:, place].max()), lean))
        # boxes apart have two walls between them, which count as one
        strong[np.abs(along - along[place]) < 0.45 * size] = 0
    return sorted(walls, key=lambda wall: float(wall.across.mean()))


def _follow(
    along: Float64[np.ndarray, " n"], lean: float, top: Rule, bottom: Rule
) -> tuple[Float64[np.ndarray, "n k"], Float64[np.ndarray, "n k"]]:
    """Return x and y of points from one rule to another, for walls that begin at places along the upper one."""
    down = np.linspace(0.08, 0.92, STEPS)
    above = top.at(along)[:, None]
    high = (bottom.at(along)[:, None] - above).clip(min=1.0)
    y = above + down * high
    return along[:, None] + (lean - top.slope) * (y - above - high / 2), y


def _score(
    along: Float64[np.ndarray, " n"], lean: float, top: Rule, bottom: Rule, turned: Votes
) -> Float64[np.ndarray, " n"]:
    """Measure how much of a wall is inked at every place along two rules, where it can be seen."""
    x, y = _follow(along, lean, top, bottom)
    height, width = turned.inked.shape
    is_inside = (x >= 0) & (x < height) & (y >= 0) & (y < width)
    rows, columns = x.astype(np.int64).clip(0, height - 1), y.astype(np.int64).clip(0, width - 1)
    is_seen: Bool[np.ndarray, "n k"] = is_inside & (turned.is_hidden[rows, columns] == 0)
    is_inked = is_seen & (turned.inked[rows, columns] >= 255 * MIN_SHARE)
    share: Float64[np.ndarray, " n"] = is_inked.sum(1) / is_seen.sum(1).clip(min=1)
    return np.where(is_seen.sum(1) >= STEPS / 3, share, 0.0)
