"""The walls of cells are found, and the lines of paper are not."""

from __future__ import annotations

import cv2
import numpy as np

from digits.inference import find_walls

SIZE = 24.0


def draw_table() -> np.ndarray:
    page = np.full((300, 420), 235, np.uint8)
    for step in range(5):
        cv2.line(page, (40, 40 + 50 * step), (360, 40 + 50 * step), 80, 2)
        cv2.line(page, (40 + 80 * step, 40), (40 + 80 * step, 240), 80, 2)
        cv2.putText(page, "47", (50 + 80 * min(step, 3), 80 + 50 * min(step, 3)), cv2.FONT_HERSHEY_PLAIN, 2, 30, 2)
    return page


def test_walls_of_a_table() -> None:
    levels, uprights = find_walls(draw_table(), SIZE)
    between = [50 + 80 * place for place in range(4)]
    assert (
        min(
            np.mean(levels[40 + 50 * row - 2 : 43 + 50 * row, x : x + 50].max(0) > 127)
            for row in range(5)
            for x in between
        )
        > 0.8
    )
    tops = [50 + 50 * place for place in range(4)]
    assert (
        min(np.mean(uprights[y : y + 30, 38 + 80 * c : 43 + 80 * c].max(1) > 127) for c in range(5) for y in tops) > 0.8
    )
    assert np.mean(levels > 127) < 0.1
    assert np.mean(uprights > 127) < 0.1


def test_larger_pages_are_looked_at_smaller() -> None:
    page = cv2.resize(draw_table(), None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR)
    walls = find_walls(page, 3 * SIZE)
    assert walls.shape == (2, *page.shape)
    assert np.mean(walls[0, 118:126, 150:300].max(0) > 127) > 0.8


def test_squared_paper_has_no_walls() -> None:
    page = np.full((320, 320), 245, np.uint8)
    page[::17] = page[:, ::17] = 205
    for row in range(4):
        cv2.putText(page, "3 8 1", (40, 60 + 70 * row), cv2.FONT_HERSHEY_PLAIN, 2, 40, 2)
    walls = find_walls(page, SIZE)
    assert np.mean(walls[:, ::17].max(1) > 127) < 0.3


def test_pages_without_ink_and_of_one_pixel() -> None:
    assert find_walls(np.full((1, 1), 200, np.uint8), SIZE).shape == (2, 1, 1)
    assert np.mean(find_walls(np.full((90, 130), 255, np.uint8), SIZE) > 127) < 0.02
