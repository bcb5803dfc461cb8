"""Sheets and ink: kinds, colours, printed lines, and the opacity of ink."""

from __future__ import annotations

import numpy as np
import pytest

from digits.synthesis.paper import SCREENS, SHEET_KINDS, Sheet, apply_ink, sample_sheet


def sheets(n: int = 300, side: int = 60) -> list[Sheet]:
    rng = np.random.default_rng(0)
    return [sample_sheet(side, side + 10, rng) for _ in range(n)]


def sheet_of(kind: str) -> Sheet:
    return next(sheet for sheet in sheets() if sheet.kind == kind)


def test_kinds_have_their_shares() -> None:
    kinds = [sheet.kind for sheet in sheets(600, 8)]
    for name, kind in SHEET_KINDS.items():
        assert kinds.count(name) / 600 == pytest.approx(kind.share, abs=0.05)
    assert sum(kind.share for kind in SHEET_KINDS.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", SHEET_KINDS)
def test_sheet_has_a_colour_of_its_kind(kind: str) -> None:
    colour = np.median(sheet_of(kind).picture.reshape(-1, 3), axis=0)
    assert min(np.abs(colour - each).max() for each in SHEET_KINDS[kind].colours) < 16


@pytest.mark.parametrize("kind", SHEET_KINDS)
def test_every_ink_contrasts_with_every_colour_of_its_kind(kind: str) -> None:
    weights = np.array([0.299, 0.587, 0.114])
    for colour in SHEET_KINDS[kind].colours:
        for ink in SHEET_KINDS[kind].inks:
            assert abs(weights @ colour - weights @ ink) > 60


def test_only_screens_are_perfectly_even() -> None:
    for sheet in sheets():
        assert (sheet.picture.std(axis=(0, 1)).max() == 0) == (sheet.kind in SCREENS)


def test_some_paper_has_printed_lines() -> None:
    straight = [sheet.picture.astype(float).mean(2).mean(1).std() for sheet in sheets() if sheet.kind == "paper"]
    assert 0.1 < np.mean(np.array(straight) > 4) < 0.7


def test_full_ink_is_opaque() -> None:
    sheet = sheet_of("paper")
    ink = np.zeros(sheet.picture.shape[:2], np.uint8)
    ink[10:20, 10:20] = 255
    written = apply_ink(sheet, ink, 1.0, 0.0, (10, 200, 30))
    assert np.abs(written[10:20, 10:20].astype(int) - (10, 200, 30)).max() <= 1
    untouched = ink == 0
    assert np.abs(written[untouched].astype(int) - sheet.picture[untouched]).max() <= 1


def test_pale_ink_is_translucent() -> None:
    sheet = sheet_of("white screen")
    ink = np.full(sheet.picture.shape[:2], 255, np.uint8)
    assert apply_ink(sheet, ink, 0.4, 0.0, (0, 0, 0)).mean() == pytest.approx(0.6 * 255, abs=2)


def test_grain_follows_the_texture_of_paper() -> None:
    sheet = sheet_of("paper")
    ink = np.full(sheet.picture.shape[:2], 255, np.uint8)
    smooth, grainy = (apply_ink(sheet, ink, 1.0, grain, (0, 0, 0)).mean(2) for grain in (0.0, 0.6))
    assert grainy.std() > smooth.std() + 10
    assert np.corrcoef(grainy.ravel(), sheet.texture.ravel())[0, 1] < -0.8


def test_ink_is_visible_on_every_sheet() -> None:
    for sheet in sheets(100):
        ink = np.zeros(sheet.picture.shape[:2], np.uint8)
        ink[20:40, 20:40] = 255
        written = apply_ink(sheet, ink, 0.8, 0.0).astype(int)
        assert np.abs(written - sheet.picture)[20:40, 20:40].mean() > 25


def test_sheet_depends_only_on_the_generator() -> None:
    one, same, other = (sample_sheet(50, 60, np.random.default_rng(seed)).picture for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
