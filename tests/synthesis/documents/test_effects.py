"""Every layout draws and every effect does what it is there for, without spoiling the truth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from digits.synthesis.documents import HELD_OUT_LAYOUTS, LAYOUTS
from digits.synthesis.documents.camera import Photo, View, take
from digits.synthesis.documents.effects import CAPTURE_SHARES, CAPTURES, Effect, contrast, finger, invert
from digits.synthesis.documents.layouts import Layout, free, prints
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.papers import PAPER_EFFECTS, WEAR_EFFECTS, PageEffect

pytestmark = pytest.mark.slow

EFFECTS = sorted({effect for effects in CAPTURES.values() for effect in effects}, key=lambda each: each.__name__)
PAGE_EFFECTS = [*PAPER_EFFECTS, *WEAR_EFFECTS]
ALL_LAYOUTS = [*LAYOUTS, *HELD_OUT_LAYOUTS]
NO_HANDWRITTEN_DIGITS = (free.drawings, prints.figures, prints.posters, prints.stamped)
MAY_LACK_DIGITS = (free.letter, free.symbols, prints.text, prints.receipt, prints.screen)


def name(function: Callable[..., object]) -> str:
    return function.__name__


@pytest.fixture
def photo(make_page: Callable[..., Page]) -> Photo:
    page = make_page(unit=34)
    page.write("135792", 20, 120, np.random.default_rng(0))
    page.write("2468", 20, 240, np.random.default_rng(1))
    return take(page, View(np.eye(3)), (320, 300), True, np.random.default_rng(0))


@pytest.mark.parametrize("layout", ALL_LAYOUTS, ids=name)
def test_layout_fills_its_page(make_page: Callable[..., Page], layout: Layout) -> None:
    handwritten = 0
    for seed, unit in enumerate((14.0, 24.0, 24.0, 60.0, 130.0)):
        page = make_page(unit=unit, seed=seed)
        layout(page, np.random.default_rng(seed))
        assert (page.picture != 250).any()
        assert page.picture.shape == (500, 400)
        handwritten += sum(not each.printed for each in page.characters)
    if layout in NO_HANDWRITTEN_DIGITS:
        assert handwritten == 0
    elif layout not in MAY_LACK_DIGITS:
        assert handwritten > 8


@pytest.mark.parametrize("effect", PAGE_EFFECTS, ids=name)
def test_paper_changes_but_not_its_truth(make_page: Callable[..., Page], effect: PageEffect) -> None:
    for unit in (12.0, 80.0):
        page = make_page(unit=unit)
        page.write("123", 60, 250, np.random.default_rng(0))
        before, mask, n = page.picture.copy(), page.mask.copy(), len(page.characters)
        effect(page, np.random.default_rng(3))
        assert (page.picture != before).any()
        assert page.picture.shape == before.shape
        assert (page.mask == mask).all()
        assert len(page.characters) == n


@pytest.mark.parametrize("effect", EFFECTS, ids=name)
def test_effect_changes_the_picture_and_leaves_it_legible(photo: Photo, effect: Effect) -> None:
    before, mask = photo.picture.copy(), photo.mask.copy()
    changed = 0
    for seed in range(6):
        photo.picture = before.copy()
        photo.covered[:] = False
        effect(photo, np.random.default_rng(seed))
        changed += bool((photo.picture != before).any())
        assert photo.picture.dtype == np.uint8
        assert photo.picture.shape == before.shape
        assert (photo.mask == mask).all()
        if not photo.covered.any():
            assert contrast(photo) > 20
    assert changed >= 4


@pytest.mark.parametrize("effect", EFFECTS, ids=name)
def test_effect_works_on_small_dark_and_empty_pictures(photo: Photo, effect: Effect) -> None:
    for level, is_dark in ((0, True), (255, False), (128, False)):
        small = Photo(np.full((64, 64), level, np.uint8), 9.0, np.zeros((64, 64), np.uint16), is_dark)
        effect(small, np.random.default_rng(0))
        assert small.picture.shape == (64, 64)
    large = Photo(
        np.repeat(np.repeat(photo.picture, 2, 0), 2, 1), 400.0, np.repeat(np.repeat(photo.mask, 2, 0), 2, 1), False
    )
    effect(large, np.random.default_rng(0))
    assert large.picture.shape == (640, 600)


def test_fingers_cover(photo: Photo) -> None:
    before = photo.picture.copy()
    finger(photo, np.random.default_rng(1))
    assert 0.01 < photo.covered.mean() < 0.7
    assert (photo.picture != before)[photo.covered].mean() > 0.9


def test_negative_turns_dark_into_light(photo: Photo) -> None:
    invert(photo, np.random.default_rng(0))
    assert photo.is_dark
    assert photo.picture[photo.mask > 0].mean() > photo.picture.mean() + 50


def test_every_capture_has_a_share() -> None:
    assert set(CAPTURES) == set(CAPTURE_SHARES)
    assert sum(CAPTURE_SHARES.values()) == pytest.approx(1)
