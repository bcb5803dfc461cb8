"""Where to look at which scale: the whole picture small, and closer wherever the network says that there is more.

Level 0 is the picture itself, level k + 1 has half the size of level k, and level -1 twice that of the picture.
Every level from the first of at most `WHOLE_PIXELS` on is seen as a whole, from level 0 down to the smallest. Where
handwritten digits are too small for one, the finer level is seen there, in rectangles of tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from digits.inference.finder.marks import Marks, join
from digits.inference.finder.outputs import MULTIPLE, STRIDE, decode
from digits.inference.finder.suppression import rate_sizes, suppress
from digits.preprocessing import double, halve
from digits.shapes import Bool, Float32, UInt8

WHOLE_PIXELS = 400_000
"""An A4 page of this size has 530 × 750 pixels: digits of 5 mm are 13, enough to see where they are."""

SMALLEST_SIDE = 64
"""Pixels of the longer side up to which a picture is not halved again: a digit that fills it can be found."""

FINEST = -1
"""The finest level: twice the picture's size, since the network sees a digit of 15 pixels better in 30."""

TILE = 256
"""Side of a tile in pixels: smaller ones waste time at their edges, larger ones on what is empty."""

EDGE = 48
"""Pixels around a rectangle that are seen too, since a digit at its edge needs what is beside it."""

MAX_TILES = 12
"""Tiles of a rectangle, at most, which bounds its memory."""

SMALL_SCORE = 0.15
"""From this score on, a place is looked at closer: less than even odds, since a look too many costs milliseconds, and
one too few a digit."""

Picture = UInt8[np.ndarray, "_h _w"]
Maps = Mapping[str, Float32[np.ndarray, "_c _h _w"]]
Network = Callable[[Picture], Maps]


class Levels:
    """A picture at all its scales."""

    def __init__(self, picture: Picture) -> None:
        self._pictures = [picture]
        while max(self._pictures[-1].shape) > SMALLEST_SIDE:
            self._pictures.append(halve(self._pictures[-1]))

    @property
    def count(self) -> int:
        """Number of levels from the picture itself on."""
        return len(self._pictures)

    def shape(self, level: int) -> tuple[int, int]:
        """Return a level's height and width in pixels."""
        height, width = self._pictures[max(level, 0)].shape
        return (height, width) if level >= 0 else (2 * height, 2 * width)

    def cut(self, level: int, rows: slice, columns: slice) -> Picture:
        """Cut out rows and columns of a level; of level -1, those from an even number on to before an even one."""
        if level >= 0:
            return self._pictures[level][rows, columns]
        return double(self._pictures[0][tuple(slice(each.start // 2, each.stop // 2) for each in (rows, columns))])


@dataclass(frozen=True)
class Rectangle:
    """Tiles of a level: rows and columns, the last ones excluded."""

    top: int
    left: int
    bottom: int
    right: int


def find_at_all_scales(picture: Picture, network: Network, min_score: float) -> Marks:
    """Find the marks of a picture, in its pixels.

    Parameters
    ----------
    picture
        Grey, of any size.
    network
        Computes the outputs for a picture whose sides are multiples of `MULTIPLE`.
    min_score
        Score from which on something is a mark, 0–1.
    """
    levels = Levels(picture)
    found, weights = list[Marks](), list[Float32[np.ndarray, " _n"]]()
    wanted = np.zeros((0, 0), bool)
    for level in range(levels.count - 1, FINEST - 1, -1):
        shape = levels.shape(level)
        is_whole = level >= 0 and _padded_pixels(shape) <= WHOLE_PIXELS
        tiles = _tiles(shape)
        small = np.zeros([-(-side // STRIDE) for side in shape], np.float32)
        for rectangle in [Rectangle(0, 0, *tiles)] if is_whole else find_rectangles(wanted):
            marks, seen, top, left = _look(levels, level, rectangle, network, min_score)
            rows, columns = seen.shape[0], seen.shape[1]
            place = small[top : top + rows, left : left + columns]
            np.maximum(place, seen[: place.shape[0], : place.shape[1]], out=place)
            weights.append(marks.scores * rate_sizes(marks))
            found.append(marks.scaled(2.0**level))
        if level > FINEST:
            wanted = _find_wanted(small, _tiles(levels.shape(level - 1)))
    return suppress(join(found), np.concatenate(weights))


def find_rectangles(wanted: Bool[np.ndarray, "_rows _columns"]) -> Iterator[Rectangle]:
    """Cover the wanted tiles, and no others, with rectangles of at most `MAX_TILES`, which do not overlap."""
    left_over = wanted.copy()
    for row, column in np.argwhere(wanted):
        if not left_over[row, column]:
            continue
        right = column
        while right < wanted.shape[1] and left_over[row, right] and right - column < MAX_TILES:
            right += 1
        bottom = row + 1
        while (
            bottom < wanted.shape[0]
            and left_over[bottom, column:right].all()
            and (bottom + 1 - row) * (right - column) <= MAX_TILES
        ):
            bottom += 1
        left_over[row:bottom, column:right] = False
        yield Rectangle(int(row), int(column), int(bottom), int(right))


def _look(
    levels: Levels, level: int, rectangle: Rectangle, network: Network, min_score: float
) -> tuple[Marks, Float32[np.ndarray, "_h _w"], int, int]:
    """Find the marks of a rectangle, in pixels of its level.

    Returns
    -------
    The marks; how likely each cell has digits that are too small; and the first row and column of these cells.
    """
    height, width = levels.shape(level)
    y, x = (max(TILE * side - EDGE, 0) for side in (rectangle.top, rectangle.left))
    sides = (TILE * rectangle.bottom + EDGE - y, TILE * rectangle.right + EDGE - x)
    high, wide = (-(-side // MULTIPLE) * MULTIPLE for side in sides)
    maps = network(pad(levels.cut(level, slice(y, y + high), slice(x, x + wide))))
    marks = decode(maps, min_score).moved(x, y)
    low = np.array((TILE * rectangle.left, TILE * rectangle.top))
    end = np.minimum((TILE * rectangle.right, TILE * rectangle.bottom), (width, height))
    inside = np.flatnonzero(((marks.centres >= low) & (marks.centres < end)).all(1))
    return marks[inside], maps["small"][0], y // STRIDE, x // STRIDE


def pad(picture: Picture, sides: tuple[int, int] | None = None) -> Picture:
    """Add ground to the right and below: up to a height and width, or until both are multiples of `MULTIPLE`.

    Repeating the last pixels would lengthen what is written up to the edge.
    """
    height, width = picture.shape
    padded = sides or (-(-height // MULTIPLE) * MULTIPLE, -(-width // MULTIPLE) * MULTIPLE)
    if padded == (height, width):
        return picture
    result = np.full(padded, int(np.median(picture)), np.uint8)
    result[:height, :width] = picture
    result[:height, width:] = int(np.median(picture[:, -1]))
    result[height:, :width] = int(np.median(picture[-1]))
    return result


def _find_wanted(small: Float32[np.ndarray, "_h _w"], tiles: tuple[int, int]) -> Bool[np.ndarray, "_r _c"]:
    """Return which tiles of the next finer level have digits that are too small for this one."""
    side = TILE // STRIDE // 2
    rows, columns = tiles
    cells = np.zeros((rows * side, columns * side), np.float32)
    height, width = (min(sides) for sides in zip(small.shape, cells.shape, strict=True))
    cells[:height, :width] = small[:height, :width]
    wanted: Bool[np.ndarray, "_r _c"] = cells.reshape(rows, side, columns, side).max((1, 3)) >= SMALL_SCORE
    return wanted


def _tiles(shape: tuple[int, ...]) -> tuple[int, int]:
    height, width = shape
    return -(-height // TILE), -(-width // TILE)


def _padded_pixels(shape: tuple[int, int]) -> int:
    height, width = (-(-side // MULTIPLE) * MULTIPLE for side in shape)
    return int(height * width)
