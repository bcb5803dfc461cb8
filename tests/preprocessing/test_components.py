"""Components that may be digits are found, whatever else is on the page."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from digits.preprocessing import find_components
from digits.preprocessing.components import find_runs

PAPER, PEN = 220, 40
ZEROS = [(60, 80), (140, 80), (220, 80), (60, 200), (140, 200)]


def page(pen: int = PEN, places: list[tuple[int, int]] = ZEROS) -> np.ndarray:
    """Draw rings of 40 × 60 pixels on paper."""
    picture = np.full((300, 400), PAPER, np.uint8)
    for place in places:
        cv2.ellipse(picture, place, (20, 30), 0, 0, 360, pen, 5, cv2.LINE_AA)
    return picture


def boxes(picture: np.ndarray) -> list[tuple[int, int, int, int]]:
    components, _, _ = find_components(picture)
    return sorted((each.left, each.top, each.width, each.height) for each in components)


def assert_rings(picture: np.ndarray, places: list[tuple[int, int]] = ZEROS) -> None:
    found = boxes(picture)
    assert len(found) == len(places)
    for (x, y, width, height), (column, row) in zip(found, sorted(places), strict=True):
        assert abs(x + width / 2 - column) < 5
        assert abs(y + height / 2 - row) < 5
        assert 38 < width < 54
        assert 56 < height < 76


def test_every_ring_is_a_component_of_typical_height() -> None:
    assert_rings(page())
    assert 60 <= find_components(page())[2] <= 70


def test_light_ink_on_a_dark_board() -> None:
    assert_rings(255 - page())


def test_a_pale_pencil_beside_a_marker_is_kept() -> None:
    picture = page()
    picture[140:] = page(pen=150)[140:]
    assert_rings(picture)


def test_shadows_with_hard_edges_are_not_ink() -> None:
    light = np.ones((300, 400))
    light[:, 250:] = 0.55
    light[130:] *= 0.7
    assert_rings((page() * light).astype(np.uint8))


def test_printed_lines_are_removed_even_where_writing_crosses_them() -> None:
    ruled = page(places=[])
    for row in (30, 110, 190, 270):
        cv2.line(ruled, (0, row), (399, row + 4), 150, 2)
    assert_rings(np.minimum(ruled, page()))


@pytest.mark.parametrize("length", [30, 31, 64, 99])
@pytest.mark.parametrize("width", [1, 20, 50, 200])
def test_runs_equal_an_opening(length: int, width: int) -> None:
    ink = (np.random.default_rng(0).random((200, width)) > np.linspace(0, 0.2, 200)[:, None]).astype(np.uint8)
    opened = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    assert opened.any()
    assert (find_runs(ink, length) == opened).all()


def test_squared_paper_is_removed() -> None:
    squared = page(places=[])
    for place in range(0, 400, 25):
        cv2.line(squared, (place, 0), (place, 299), 185, 1)
        cv2.line(squared, (0, place), (399, place), 185, 1)
    assert_rings(np.minimum(squared, page()))


def test_specks_and_the_edge_of_the_desk_are_removed() -> None:
    picture = page()
    cv2.circle(picture, (330, 50), 2, PEN, -1)
    picture[:, 385:] = 30
    assert_rings(picture)


@pytest.mark.parametrize("noise", [4, 12, 25])
def test_a_noisy_sensor(noise: float) -> None:
    grain = np.random.default_rng(0).normal(0, noise, (300, 400))
    assert_rings((page() + grain).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_empty_pages_have_no_components(grey: int) -> None:
    assert find_components(np.full((200, 300), grey, np.uint8)) == ([], (200, 300), 0.0)


def test_large_pages_are_shrunk_first() -> None:
    components, shape, height = find_components(cv2.resize(page(), (3200, 2400)))
    assert shape == (1200, 1600)
    assert len(components) == len(ZEROS)
    assert 240 < height < 290


def test_a_component_is_cut_out_with_full_ink() -> None:
    for each in find_components(page())[0]:
        assert (each.ink.dtype, each.ink.max()) == (np.uint8, 255)
        assert each.ink[each.height // 2, each.width // 2] == 0
        assert (each.right, each.bottom) == (each.left + each.width, each.top + each.height)
