"""Which digit of a page is in which cell: ruled tables, combs of boxes, and columns without rules."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from digits.documents.characters import Character, as_boxes, link_numbers, usual_size
from digits.documents.columns import find_columns, find_rows, measure_tilt, subdivide
from digits.documents.combs import extend, find_combs
from digits.documents.crossings import find_grid
from digits.documents.grid import Grid, drop_outer
from digits.documents.placing import locate
from digits.documents.rule import Region
from digits.documents.rules import as_votes
from digits.documents.unread import find_unread, is_doubtful
from digits.inference import find_walls
from digits.preprocessing.ink import Ink
from digits.shapes import Bool, Float64, Int64

MAX_SIZE = 64
"""Height of the usual digit, in pixels, to which larger pages are shrunk: rules remain visible, and it saves time."""

MAX_SIDE = 2
"""Longer side of a digit, in heights of the usual one, from which on it may be a cell or word taken for one."""

BOX_SHAPE = 1.3
"""Width of a comb's boxes, at most, in heights: they hold one digit, which is higher than wide."""

MAX_UNEVEN = 1.6
"""Ratio of the widest to the narrowest box of a comb; drawn ones are uneven."""


@dataclass(frozen=True)
class Place:
    """A cell with what is in it.

    Attributes
    ----------
    characters
        Rows of the characters in it; of a comb, box by box.
    region
        Where it is, in pixels of the page.
    is_comb
        Whether it is a comb of boxes.
    notes
        What is doubtful about its walls.
    """

    characters: tuple[int, ...]
    region: Region
    is_comb: bool = False
    notes: tuple[str, ...] = ()


Part = list[list[Place]]
"""Rows of cells."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The tables of a page, from top to bottom, and the characters that are in none."""

    parts: list[Part]
    outside: list[int] = field(default_factory=list)


def arrange(grey: Ink, characters: list[Character]) -> Layout:
    """Find out which characters of a page are in which cell.

    Parameters
    ----------
    grey
        The upright page, dark on light.
    characters
        Its digits and signs.
    """
    size = usual_size(characters)
    if not size:
        return Layout([])
    factor = min(MAX_SIZE / size, 1.0)
    if factor < 1:
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        characters, size = [each.scaled(factor) for each in characters], size * factor
    layout = _arrange(grey, characters, size)
    return Layout(
        [[[_scale(place, 1 / factor) for place in row] for row in part] for part in layout.parts], layout.outside
    )


def _scale(place: Place, factor: float) -> Place:
    left, top, right, bottom = (factor * each for each in place.region)
    return Place(place.characters, (left, top, right, bottom), place.is_comb, place.notes)


def _arrange(grey: Ink, characters: list[Character], size: float) -> Layout:
    boxes = as_boxes(characters)
    is_digit = np.array([each.is_digit for each in characters])
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    # signs and whatever was rejected may be parts of rules, or cells
    is_accepted = np.array([each.accepted for each in characters])
    is_usable = is_accepted | (boxes[:, 2:].max(1) < MAX_SIDE * size)
    is_sure = is_digit & is_accepted & (boxes[:, 2:].max(1) < MAX_SIDE * size)
    sure = boxes[is_sure if is_sure.any() else is_digit]
    walls = find_walls(grey, size)
    levels, uprights = as_votes(walls, sure)
    combs = [extend(comb, sure) for comb in find_combs(walls[1], size) if _holds_digits(comb, sure, size)]
    in_combs = np.zeros(len(sure), bool)
    for comb in combs:
        in_combs |= comb.contains(sure[:, :2] + sure[:, 2:] / 2)
    grids = combs
    if in_combs.mean() <= 0.5:
        grid, is_table = find_grid(levels, uprights, size, sure)
        grids = [grid] if grid is not None and (is_table or not combs) else combs
    found, free = list[tuple[Grid, Int64[np.ndarray, " m"]]](), is_usable.copy()
    for grid in sorted(grids, key=_area):
        inside = free & grid.contains(middles, size if grid.shape[0] > 1 else 0.0)
        if grid.shape == (1, 1) or not (inside & is_digit).any():
            continue
        if grid.shape[0] == 1 and not _is_comb(grid, locate(grid, boxes[inside], size)[0]):
            continue  # numbers beside each other need no walls to be told apart
        free &= ~inside
        if grid.shape[0] > 1:
            grid = drop_outer(grid, levels, uprights, grid.locate(middles[inside & is_digit]))
        found.append((grid, np.flatnonzero(inside)))
    level_rules = [rule for grid, _ in found for rule in grid.levels]
    upright_rules = [rule for grid, _ in found for rule in grid.uprights]
    unread = find_unread(grey, boxes[is_accepted], level_rules, upright_rules, size)
    parts = [_fill(grid, inside, boxes, unread, is_digit, size) for grid, inside in found]
    rest = np.flatnonzero(free)
    if (free & is_digit).sum() * 2 > is_digit.sum():
        parts.append(_arrange_freely(rest, boxes, unread, is_digit, size))
        rest = rest[:0]
    return Layout(_gather(sorted(parts, key=lambda part: part[0][0].region[1])), rest[is_digit[rest]].tolist())


def _gather(parts: list[Part]) -> list[Part]:
    """Gather combs that follow each other: the fields of a form are rows of one table."""
    gathered = list[Part]()
    for part in parts:
        is_field = part[0][0].is_comb
        if is_field and gathered and gathered[-1][-1][0].is_comb:
            gathered[-1] = [*gathered[-1], *part]
        else:
            gathered.append(part)
    return gathered


def _area(grid: Grid) -> float:
    left, top, right, bottom = grid.box(0, 0, *grid.shape)
    return (right - left) * (bottom - top)


def _fill(
    grid: Grid,
    inside: Int64[np.ndarray, " m"],
    boxes: Float64[np.ndarray, "n 4"],
    unread: Float64[np.ndarray, "k 4"],
    is_digit: Bool[np.ndarray, " n"],
    size: float,
) -> Part:
    """Put the characters inside of a grid into its cells."""
    cells, crosses = locate(grid, boxes[inside], size)
    rows, columns = grid.shape
    missed = unread[grid.contains(unread[:, :2] + unread[:, 2:] / 2)]
    if rows == 1 and _is_comb(grid, cells):
        order = np.lexsort((boxes[inside, 0], cells[:, 1]))
        notes = _note(crosses, missed, boxes[inside[is_digit[inside]]], size)
        return [[Place(tuple(inside[order].tolist()), grid.box(0, 0, 1, columns), True, notes)]]
    where = grid.locate(missed[:, :2] + missed[:, 2:] / 2)
    if 1 in grid.shape:
        cells = subdivide(grid.shape, cells, boxes[inside], size)
        rows, columns = (cells.max(0) + 1).tolist()
        where = cells[_nearest(missed, boxes[inside])]
    where = np.array([grid.owner((row, column)) for row, column in where.tolist()], np.int64).reshape(-1, 2)
    part = list[list[Place]]()
    for row in range(rows):
        part.append([])
        for column in range(columns):
            owned = (cells == (row, column)).all(1)
            here = inside[owned]
            notes = _note(crosses[owned], missed[(where == (row, column)).all(1)], boxes[here[is_digit[here]]], size)
            part[-1].append(Place(tuple(here.tolist()), _region(grid, row, column, boxes[here]), False, notes))
    return part


def _nearest(points: Float64[np.ndarray, "k 4"], boxes: Float64[np.ndarray, "m 4"]) -> Int64[np.ndarray, " k"]:
    """Return for each box the row of the nearest of others."""
    middles, others = (each[:, :2] + each[:, 2:] / 2 for each in (points, boxes))
    nearest: Int64[np.ndarray, " k"] = np.hypot(*(middles[:, None] - others[None]).transpose(2, 0, 1)).argmin(1)
    return nearest


def _region(grid: Grid, row: int, column: int, boxes: Float64[np.ndarray, "m 4"]) -> Region:
    """Return the region of a cell; where rules do not part the cells, that of what is in it."""
    rows, columns = grid.shape
    if row >= rows or column >= columns or 1 in grid.shape:
        if not len(boxes):
            return (0.0, 0.0, 0.0, 0.0)
        (left, top), (right, bottom) = boxes[:, :2].min(0), (boxes[:, :2] + boxes[:, 2:]).max(0)
        return float(left), float(top), float(right), float(bottom)
    return grid.box(row, column, *grid.span((row, column)))


def _note(
    crosses: Bool[np.ndarray, " m"],
    unread: Float64[np.ndarray, "k 4"],
    written: Float64[np.ndarray, "n 4"],
    size: float,
) -> tuple[str, ...]:
    notes = ["a digit lies across a wall"] * bool(crosses.any())
    notes += ["something in it was not read"] * bool(is_doubtful(unread, written, size).any())
    return tuple(notes)


def _holds_digits(comb: Grid, digits: Float64[np.ndarray, "n 4"], size: float) -> bool:
    """Whether a comb holds digits, in one row."""
    inside = digits[comb.contains(digits[:, :2] + digits[:, 2:] / 2)]
    return bool(len(inside)) and _is_comb(comb, locate(comb, inside, size)[0])


def _is_comb(grid: Grid, cells: Int64[np.ndarray, "m 2"]) -> bool:
    """Whether a row of cells is a comb: boxes of one width, hardly wider than high, each with one digit at most.

    Digits stray: boxes that are higher than wide need only be as many as the digits.
    """
    columns = grid.shape[1]
    sides = np.array([grid.box(0, column) for column in range(columns)])
    wide, high = sides[:, 2] - sides[:, 0], sides[:, 3] - sides[:, 1]
    counts = np.bincount(cells[:, 1], minlength=columns)
    is_even = wide.max() <= MAX_UNEVEN * wide.min() and np.median(wide) <= BOX_SHAPE * np.median(high)
    are_enough = len(cells) <= columns and np.median(wide) <= np.median(high)
    return bool(columns > 1 and is_even and (are_enough or np.mean(counts > 1) <= 0.2))


def _arrange_freely(
    rest: Int64[np.ndarray, " m"],
    boxes: Float64[np.ndarray, "n 4"],
    unread: Float64[np.ndarray, "k 4"],
    is_digit: Bool[np.ndarray, " n"],
    size: float,
) -> Part:
    """Arrange numbers that no rules part."""
    numbers = [rest[each] for each in link_numbers(boxes[rest], size)]
    numbers = [each for each in numbers if is_digit[each].any()]
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    tilt = measure_tilt(middles[np.concatenate(numbers)], size)
    down = middles[:, 1] * np.cos(tilt) - middles[:, 0] * np.sin(tilt)
    across = middles[:, 0] * np.cos(tilt) + middles[:, 1] * np.sin(tilt)
    half = boxes[:, 2] / 2
    rows = find_rows(np.array([down[each[is_digit[each]]].mean() for each in numbers]), size)
    spans = np.array([((across - half)[each].min(), (across + half)[each].max()) for each in numbers])
    columns = find_columns(spans, rows)
    part = [
        [Place((), (0.0, 0.0, 0.0, 0.0)) for _ in range(int(columns.max()) + 1)] for _ in range(int(rows.max()) + 1)
    ]
    for number, row, column in zip(numbers, rows.tolist(), columns.tolist(), strict=True):
        (left, top), (right, bottom) = boxes[number, :2].min(0), (boxes[number, :2] + boxes[number, 2:]).max(0)
        middles = unread[:, :2] + unread[:, 2:] / 2
        # what is as near as the next digit of the number would be
        near = ((middles > (left - size, top - size / 4)) & (middles < (right + size, bottom + size / 4))).all(1)
        notes = _note(np.zeros(0, bool), unread[near], boxes[number[is_digit[number]]], size)
        region = float(left), float(top), float(right), float(bottom)
        part[row][column] = Place(tuple(number.tolist()), region, False, notes)
    return part
