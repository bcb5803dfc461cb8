"""Splines agree with scipy's, and parsed glyphs have their documented properties."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import BSpline, CubicHermiteSpline

from digits.synthesis.curves import GLYPH_POINTS, STEPS_PER_PIECE, interpolate, parse_glyph

ZIGZAG = "0,0 40,10 10,50! 60,60 20,100"


def test_smooth_curve_agrees_with_scipy() -> None:
    points = np.random.default_rng(0).normal(size=(7, 2))
    corner = np.array([False, False, True, False, False, True, False])
    tangents = np.where(corner[:, None], 0.0, np.gradient(points, axis=0))
    at = np.arange(6 * 5 + 1) / 5
    np.testing.assert_allclose(interpolate(points, corner, 5), CubicHermiteSpline(range(7), points, tangents)(at))


def test_rounded_curve_agrees_with_scipy() -> None:
    glyph = parse_glyph(ZIGZAG, 400)
    c = glyph.controls
    around = np.concatenate((2 * c[:1] - c[1:2], c, 2 * c[-1:] - c[-2:-1]))
    spline = BSpline(np.arange(-3, len(around) + 1), around, 3)
    dense = spline(np.linspace(0, len(c) - 1, 5000))
    distances = np.linalg.norm((glyph.rounded @ c)[:, None] - dense, axis=2).min(1)
    assert distances.max() < 1e-3


def test_sharp_curve_passes_its_controls_and_rounded_curve_cuts_corners() -> None:
    glyph = parse_glyph(ZIGZAG, 20 * STEPS_PER_PIECE)
    to_sharp, to_round = (
        np.linalg.norm((curve @ glyph.controls)[:, None] - glyph.controls, axis=2).min(0)
        for curve in (glyph.sharp, glyph.rounded)
    )
    assert to_sharp.max() < 0.02
    assert to_round[2] > 0.1
    assert to_round[[0, -1]].max() < 1e-9


def test_curves_move_with_their_controls() -> None:
    glyph = parse_glyph("0,0 40,10 60,60 | 5,5 20,100 30,90")
    for curve in (glyph.sharp, glyph.rounded):
        np.testing.assert_allclose(curve.sum(1), 1)


def test_pen_is_lifted_between_strokes_and_at_the_end() -> None:
    glyph = parse_glyph("0,0 0,100 | 50,0 50,50")
    lifted = np.flatnonzero(~glyph.pen_down)
    assert list(lifted) == [31, GLYPH_POINTS - 1]
    assert list(glyph.ends) == [True] * 4
    points = glyph.sharp @ glyph.controls
    np.testing.assert_allclose(points[[0, 31, 32, -1]], [[0, 0], [0, 1], [0.5, 0], [0.5, 0.5]], atol=1e-9)


def test_points_are_evenly_spaced_along_a_stroke() -> None:
    glyph = parse_glyph("0,0 3,3 50,60 90,100")
    steps = np.linalg.norm(np.diff(glyph.sharp @ glyph.controls, axis=0), axis=1)
    assert steps.max() < 1.8 * steps.mean()


@pytest.mark.parametrize("text", ["0,0 100,100", "0,0 100,0 | 0,50 3,50 | 1,1 2,2 | 5,5 90,90"])
def test_strokes_share_all_points_and_each_has_at_least_three(text: str) -> None:
    glyph = parse_glyph(text)
    bounds = [0, *np.flatnonzero(~glyph.pen_down) + 1]
    assert bounds[-1] == GLYPH_POINTS
    assert np.diff(bounds).min() >= 3
