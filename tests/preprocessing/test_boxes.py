"""The ink in a box is the digit's: turned upright, without its neighbours, and cut off where others touch it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from digits.preprocessing import cut_out, find_ink_in_box, locate_ink, measure_thickness
from digits.preprocessing.boxes import MARGIN, PATCH_SIDE, SLACK

SCALE = PATCH_SIDE / (60 * (1 + 2 * MARGIN))
BOX = np.array([100, 80, 40, 60], np.float32)


def draw(*lines: tuple[int, int, int, int], width: int = 6) -> np.ndarray:
    """Lines from point to point, dark on light paper."""
    page = np.full((240, 260), 230, np.uint8)
    for x0, y0, x1, y1 in lines:
        cv2.line(page, (x0, y0), (x1, y1), 30, width, cv2.LINE_AA)
    return page


def ink_in(page: np.ndarray, box: np.ndarray = BOX, angle: float = 0.0, *, is_light: bool = False) -> np.ndarray:
    return find_ink_in_box(cut_out(page, box, angle), box, angle, is_light=is_light)


STEM = (120, 83, 120, 137)


def test_a_digit_alone_is_all_of_the_ink() -> None:
    ink = ink_in(draw(STEM))
    left, top, width, height = cv2.boundingRect(ink)
    assert height == pytest.approx(60 * SCALE, abs=3)
    assert width == pytest.approx(6 * SCALE, abs=3)
    assert (left + width / 2, top + height / 2) == pytest.approx((PATCH_SIDE / 2, PATCH_SIDE / 2), abs=1.5)
    assert ink.max() == 255
    assert not ink[0].any()


@pytest.mark.parametrize("neighbour", [(154, 83, 154, 137), (88, 60, 88, 150), (60, 72, 200, 72), (60, 150, 200, 150)])
def test_neighbours_rules_and_walls_are_left_out(neighbour: tuple[int, int, int, int]) -> None:
    assert np.abs(ink_in(draw(STEM, neighbour)).astype(int) - ink_in(draw(STEM))).mean() < 1


def test_what_touches_is_cut_off_at_the_box() -> None:
    ink = ink_in(draw(STEM, (120, 110, 230, 110)))
    rows, columns = np.nonzero(ink)
    assert columns.max() <= PATCH_SIDE / 2 + SCALE * (20 + 60 * SLACK) + 1
    assert np.ptp(rows) == pytest.approx(60 * SCALE, abs=4)


def test_light_ink_is_ink_too() -> None:
    assert np.abs(ink_in(255 - draw(STEM), is_light=True).astype(int) - ink_in(draw(STEM))).mean() < 2


@pytest.mark.parametrize("degrees", [-35, -10, 20, 40])
def test_writing_is_turned_upright(degrees: int) -> None:
    page = draw(STEM, (105, 88, 120, 83))
    turn = cv2.getRotationMatrix2D((120, 110), -degrees, 1)
    slanted = cv2.warpAffine(page, turn, page.shape[::-1], borderValue=230)
    angle = np.radians(degrees)
    sides = np.abs([[np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ BOX[2:]
    box = np.concatenate(((120, 110) - sides / 2, sides)).astype(np.float32)
    _, _, width, height = cv2.boundingRect(ink_in(slanted, box, angle))
    _, _, straight_width, straight_height = cv2.boundingRect(ink_in(page))
    assert width / height == pytest.approx(straight_width / straight_height, abs=0.1)


@pytest.mark.parametrize(
    "box", [(-10, -10, 40, 60), (240, 220, 40, 60), (0, 0, 260, 240), (5, 5, 1, 1), (900, 0, 3, 3)]
)
def test_boxes_at_and_beyond_the_border_are_no_trouble(box: tuple[int, ...]) -> None:
    ink = ink_in(draw(STEM), np.array(box, np.float32), 0.3)
    assert ink.shape == (PATCH_SIDE, PATCH_SIDE)


def test_blank_paper_has_no_ink() -> None:
    assert not ink_in(draw()).any()
    assert measure_thickness(ink_in(draw())) == 0


def test_thickness_is_relative_to_the_length() -> None:
    assert measure_thickness(ink_in(draw(STEM))) == pytest.approx(6 / 60, abs=0.03)


def test_a_box_that_is_too_small_does_not_cut_its_digit() -> None:
    short = BOX - np.array([0, 0, 0, 12], np.float32)
    _, _, _, height = cv2.boundingRect(ink_in(draw(STEM), short))
    scale = PATCH_SIDE / (48 * (1 + 2 * MARGIN))
    assert height == pytest.approx(60 * scale, abs=4)


@pytest.mark.parametrize("degrees", [0, 20, -35])
def test_the_box_of_the_ink_is_found_on_the_page(degrees: int) -> None:
    page = draw(STEM, (105, 88, 120, 83))
    turn = cv2.getRotationMatrix2D((120, 110), -degrees, 1)
    slanted = cv2.warpAffine(page, turn, page.shape[::-1], borderValue=230)
    wanted = cv2.boundingRect((slanted < 130).astype(np.uint8))
    loose = np.array(wanted, np.float32) + np.array([-4, 3, 6, 2], np.float32)
    ink = ink_in(slanted, loose, np.radians(degrees))
    assert abs(locate_ink(ink, loose, np.radians(degrees)) - wanted).max() < 3.5


def test_a_box_without_ink_stays() -> None:
    assert np.array_equal(locate_ink(ink_in(draw()), BOX, 0.0), BOX)
