"""The camera maps pixels and truth alike."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.synthesis.documents.camera import Photo, View, describe, take
from digits.synthesis.documents.page import Page

HOMOGRAPHY = np.array([(0.9, -0.2, 60.0), (0.25, 1.1, -30.0), (1e-4, -2e-4, 1.0)])
CURLED = View(HOMOGRAPHY, curl=9.0, waves=(0.02, 0.5))


@given(st.integers(0, 10**6))
def test_there_and_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    view = View(
        HOMOGRAPHY + rng.normal(0, 1e-5, (3, 3)), rng.uniform(0, 20), (rng.uniform(0.001, 0.02), rng.uniform(0, 6))
    )
    x, y = view.onto_page(120, 150)
    row, column = int(rng.integers(120)), int(rng.integers(150))
    back = view.into_picture(np.array([(x[row, column], y[row, column])]))
    assert back[0] == pytest.approx((column, row), abs=1e-6)


@pytest.mark.parametrize("view", [View(HOMOGRAPHY), CURLED], ids=["flat", "curled"])
def test_dots_are_where_the_view_says(make_page: Callable[..., Page], view: View) -> None:
    page = make_page()
    dots = np.array([(90, 150), (200, 170), (180, 300), (260, 330)])
    for x, y in dots:
        cv2.circle(page.picture, (int(x), int(y)), 3, 0, -1)
    photo = take(page, view, (520, 450), False, np.random.default_rng(0))
    for x, y in view.into_picture(dots.astype(np.float64)):
        around = 255 - photo.picture[round(y) - 8 : round(y) + 9, round(x) - 8 : round(x) + 9].astype(float)
        ink = (around - around.min()).clip(20) - 20
        rows, columns = np.mgrid[-8:9, -8:9]
        centre = np.array([(ink * columns).sum(), (ink * rows).sum()]) / ink.sum()
        assert centre + np.array([round(x), round(y)]) == pytest.approx((x, y), abs=0.4)


def test_directions_turn_with_the_picture(make_page: Callable[..., Page]) -> None:
    page = make_page()
    page.write("12345", 60, 200, np.random.default_rng(1))
    for turns in range(4):
        angle = turns * np.pi / 2
        turned = np.array([(np.cos(angle), -np.sin(angle), 0), (np.sin(angle), np.cos(angle), 0), (0, 0, 1)])
        view = View(np.array([(1, 0, 250), (0, 1, 250), (0, 0, 1)]) @ turned @ [(1, 0, -150), (0, 1, -200), (0, 0, 1)])
        truth = describe(take(page, view, (500, 500), False, np.random.default_rng(0)), page, view).truth
        assert len(truth) == 5
        assert np.abs(np.angle(np.exp(1j * (truth.directions - angle)))).max() < 0.01


def shift(x: float, y: float) -> View:
    return View(np.array([(1, 0, x), (0, 1, y), (0, 0, 1.0)]))


def test_what_is_cut_covered_or_hidden_is_less_visible(make_page: Callable[..., Page]) -> None:
    page = make_page(unit=60)
    page.write("8", 100, 200, np.random.default_rng(0))
    x0, x1 = page.characters[0].outline[:, 0].min(), page.characters[0].outline[:, 0].max()

    def photograph(left: float) -> tuple[Photo, View]:
        view = shift(-left, -100)
        return take(page, view, (200, 200), False, np.random.default_rng(0)), view

    photo, view = photograph(50)
    assert describe(photo, page, view).truth.visible.tolist() == [1]
    photo, view = photograph((x0 + x1) / 2)
    half = describe(photo, page, view).truth
    assert half.visible[0] == pytest.approx(0.5, abs=0.03)
    assert half.boxes[0, 0] == 0
    photo, view = photograph(50)
    photo.covered[:, : round(x0 - 50 + 0.25 * (x1 - x0))] = True
    covered = describe(photo, page, view).truth
    assert covered.visible[0] == pytest.approx(0.75, abs=0.05)
    assert not covered.mask[photo.covered].any()
    page.hidden.add(0)
    photo, view = photograph(50)
    assert len(describe(photo, page, view).truth) == 0


def test_erased_character_is_no_truth(make_page: Callable[..., Page]) -> None:
    page = make_page(unit=60)
    page.write("8", 100, 200, np.random.default_rng(0))
    photo = take(page, shift(-50, -100), (200, 200), False, np.random.default_rng(0))
    photo.picture = np.full_like(photo.picture, 255)
    truth = describe(photo, page, shift(-50, -100)).truth
    assert len(truth) == 0
    assert not truth.mask.any()


def test_page_ends_on_its_table(make_page: Callable[..., Page]) -> None:
    page = make_page()
    photo = take(page, shift(100, 100), (700, 600), True, np.random.default_rng(5))
    assert (photo.picture[120:590, 120:490] == 250).all()
    assert np.abs(photo.picture[:60].astype(float) - 250).mean() > 10
