"""Pictures of any size, digits of any size: all are found, and only what may hold something is looked at closely."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.finder_documents import describe, see_rectangles

from digits.inference.finder.marks import Marks
from digits.inference.finder.outputs import MULTIPLE, outputs
from digits.inference.finder.scales import (
    EDGE,
    MAX_TILES,
    TILE,
    WHOLE_PIXELS,
    Rectangle,
    find_at_all_scales,
    find_rectangles,
)

Maps = dict[str, np.ndarray]


class Watched:
    """A network that remembers the shapes of what it has seen."""

    def __init__(self, network: Callable[[np.ndarray], Maps]) -> None:
        self.network, self.shapes = network, list[tuple[int, ...]]()

    def __call__(self, picture: np.ndarray) -> Maps:
        self.shapes.append(picture.shape)
        assert not any(side % MULTIPLE for side in picture.shape)
        return self.network(picture)

    @property
    def pixels(self) -> int:
        return sum(height * width for height, width in self.shapes)


def see_nothing(picture: np.ndarray) -> Maps:
    height, width = (side // 4 for side in picture.shape)
    return {name: np.zeros((channels, height, width), np.float32) for name, channels in outputs(12).items()}


def see_small_everywhere(picture: np.ndarray) -> Maps:
    maps = see_nothing(picture)
    return maps | {"small": np.ones_like(maps["small"])}


def by_place(marks: Marks) -> np.ndarray:
    return marks.boxes[np.lexsort(marks.centres.T)]


@pytest.mark.parametrize("height", [9, 13, 20, 32, 57, 90, 130, 200, 400])
def test_digits_of_every_size_are_found_where_they_are(height: int) -> None:
    width = height // 2
    places = [(37, 41), (37 + 2 * height, 41), (900, 700), (1900 - width, 1400 - height)]
    boxes = np.array([(x, y, width, height) for x, y in places])
    document = describe((1400, 1900), boxes.tolist(), [0, 3, 5, 9])
    marks = find_at_all_scales(document.picture, see_rectangles, 0.5)
    assert len(marks) == len(boxes)
    wanted = boxes[np.lexsort((boxes[:, :2] + boxes[:, 2:] / 2).T)]
    # a scale that shows the digit at 25 pixels may add one of them on each side
    assert abs(by_place(marks) - wanted).max() <= max(2, height / 8)
    assert sorted(marks.classes.argmax(1)) == [0, 3, 5, 9]


def test_a_small_picture_is_seen_enlarged_where_its_digits_are_tiny() -> None:
    boxes = [(20, 31, 3, 6), (28, 31, 4, 7), (200, 90, 4, 6)]
    network = Watched(see_rectangles)
    marks = find_at_all_scales(describe((120, 300), boxes, [1, 4, 7]).picture, network, 0.5)
    assert sorted(marks.labels) == [1, 4, 7]
    assert abs(by_place(marks) - np.array(boxes)).max() <= 1.1
    assert max(width for _, width in network.shapes) >= 512


@given(st.data())
@settings(max_examples=15)
def test_digits_of_all_sizes_are_found_together(data: st.DataObject) -> None:
    boxes = []
    for place in range(6):
        height = data.draw(st.integers(12, 300))
        x, y = (data.draw(st.integers(0, 400 - side)) for side in (height // 2, height))
        # so far apart, and from the edges, that no scale melts two into one: a picture whose last column is mostly ink
        # is continued with ink
        boxes.append((place % 3 * 480 + x, place // 3 * 480 + y, height // 2, height))
    marks = find_at_all_scales(describe((960, 1440), boxes).picture, see_rectangles, 0.5)
    centres = np.array(boxes)[:, :2] + np.array(boxes)[:, 2:] / 2
    nearest = abs(marks.centres[:, None] - centres).max(2).argmin(1)
    assert sorted(nearest) == list(range(6))


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (1, 30_000), (30_000, 1), (33, 65), (700, 999), (2339, 1654)])
def test_pictures_of_any_size_are_seen(size: tuple[int, int]) -> None:
    network = Watched(see_nothing)
    assert len(find_at_all_scales(np.zeros(size, np.uint8), network, 0.5)) == 0
    # the whole picture small, and all halves of that
    assert network.pixels <= 2 * WHOLE_PIXELS


@pytest.mark.parametrize("size", [(28, 28), (1, 30_000), (1500, 2100)])
def test_looking_everywhere_is_bounded(size: tuple[int, int]) -> None:
    network = Watched(see_small_everywhere)
    find_at_all_scales(np.zeros(size, np.uint8), network, 0.5)
    assert max(height * width for height, width in network.shapes) <= MAX_TILES * (TILE + 2 * EDGE + MULTIPLE) ** 2
    padded = (2 * size[0] + TILE) * (2 * size[1] + TILE)
    assert network.pixels < 4 * padded


def test_only_where_digits_are_small_is_looked_at_closely() -> None:
    alone, full = Watched(see_rectangles), Watched(see_rectangles)
    size = (2000, 3000)
    find_at_all_scales(describe(size, [(40, 40, 10, 20)]).picture, alone, 0.5)
    many = [(x, y, 10, 20) for x in range(40, 2950, 200) for y in range(40, 1950, 200)]
    marks = find_at_all_scales(describe(size, many).picture, full, 0.5)
    assert len(marks) == len(many)
    assert alone.pixels < full.pixels / 6


def test_no_digit_is_found_twice_where_rectangles_meet() -> None:
    # rectangles of the finest level meet at multiples of 256 pixels
    boxes = [(x - 10, y - 10, 14 + x % 5, 20) for x in range(256, 2000, 256) for y in range(128, 1500, 64)]
    marks = find_at_all_scales(describe((1500, 2000), boxes).picture, see_rectangles, 0.5)
    assert len(marks) == len(boxes)


@given(st.integers(1, 9), st.integers(1, 40), st.data())
def test_rectangles_cover_each_wanted_tile_once(rows: int, columns: int, data: st.DataObject) -> None:
    bits = data.draw(st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns))
    wanted = np.array(bits).reshape(rows, columns)
    covered = np.zeros((rows, columns), int)
    for each in find_rectangles(wanted):
        covered[each.top : each.bottom, each.left : each.right] += 1
        assert (each.bottom - each.top) * (each.right - each.left) <= MAX_TILES
    assert (covered == wanted).all()


def test_a_full_block_is_one_rectangle() -> None:
    wanted = np.zeros((5, 6), bool)
    wanted[1:4, 2:6] = True
    assert list(find_rectangles(wanted)) == [Rectangle(1, 2, 4, 6)]
