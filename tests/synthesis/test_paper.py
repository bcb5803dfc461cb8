"""Sheets and ink: kinds, colours, lines, and that ink covers as much as it is said to."""

from __future__ import annotations

import numpy as np
import pytest

from digits.synthesis.paper import GROUNDS, SCREENS, Sheet, draw_sheet, put_ink


def sheets(n: int = 300, side: int = 60) -> list[Sheet]:
    rng = np.random.default_rng(0)
    return [draw_sheet(side, side + 10, rng) for _ in range(n)]


def of_kind(kind: str) -> Sheet:
    return next(sheet for sheet in sheets() if sheet.kind == kind)


def test_every_kind_of_ground_is_taken_as_often_as_it_says() -> None:
    kinds = [sheet.kind for sheet in sheets(600, 8)]
    for kind, ground in GROUNDS.items():
        assert kinds.count(kind) / 600 == pytest.approx(ground.often, abs=0.05)
    assert sum(ground.often for ground in GROUNDS.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", GROUNDS)
def test_a_sheet_is_of_a_colour_of_its_kind(kind: str) -> None:
    colour = np.median(of_kind(kind).picture.reshape(-1, 3), axis=0)
    assert min(np.abs(colour - each).max() for each in GROUNDS[kind].colours) < 16


@pytest.mark.parametrize("kind", GROUNDS)
def test_every_ink_can_be_told_from_every_colour_it_is_used_on(kind: str) -> None:
    weights = np.array([0.299, 0.587, 0.114])
    for colour in GROUNDS[kind].colours:
        for ink in GROUNDS[kind].inks:
            assert abs(weights @ colour - weights @ ink) > 60


def test_screens_are_perfectly_even_and_paper_is_not() -> None:
    for sheet in sheets():
        assert (sheet.picture.std(axis=(0, 1)).max() == 0) == (sheet.kind in SCREENS)


def test_some_paper_is_lined() -> None:
    straight = [sheet.picture.astype(float).mean(2).mean(1).std() for sheet in sheets() if sheet.kind == "paper"]
    assert 0.1 < np.mean(np.array(straight) > 4) < 0.7


def test_full_ink_covers_and_no_ink_does_not() -> None:
    sheet = of_kind("paper")
    ink = np.zeros(sheet.picture.shape[:2], np.uint8)
    ink[10:20, 10:20] = 255
    written = put_ink(sheet, ink, 1.0, 0.0, (10, 200, 30))
    assert np.abs(written[10:20, 10:20].astype(int) - (10, 200, 30)).max() <= 1
    untouched = ink == 0
    assert np.abs(written[untouched].astype(int) - sheet.picture[untouched]).max() <= 1


def test_pale_ink_lets_the_sheet_through() -> None:
    sheet = of_kind("white screen")
    ink = np.full(sheet.picture.shape[:2], 255, np.uint8)
    assert put_ink(sheet, ink, 0.4, 0.0, (0, 0, 0)).mean() == pytest.approx(0.6 * 255, abs=2)


def test_the_grain_of_a_pencil_follows_the_paper() -> None:
    sheet = of_kind("paper")
    ink = np.full(sheet.picture.shape[:2], 255, np.uint8)
    smooth, grainy = (put_ink(sheet, ink, 1.0, grain, (0, 0, 0)).mean(2) for grain in (0.0, 0.6))
    assert grainy.std() > smooth.std() + 10
    assert np.corrcoef(grainy.ravel(), sheet.texture.ravel())[0, 1] < -0.8


def test_ink_shows_on_every_sheet() -> None:
    for sheet in sheets(100):
        ink = np.zeros(sheet.picture.shape[:2], np.uint8)
        ink[20:40, 20:40] = 255
        written = put_ink(sheet, ink, 0.8, 0.0).astype(int)
        assert np.abs(written - sheet.picture)[20:40, 20:40].mean() > 25


def test_the_generator_alone_decides() -> None:
    one, same, other = (draw_sheet(50, 60, np.random.default_rng(seed)).picture for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
