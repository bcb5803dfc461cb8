"""Splines against scipy's, and what a parsed path promises."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import BSpline, CubicHermiteSpline

from digits.synthesis.strokes import FINE, POINTS, parse, smooth

ZIGZAG = "0,0 40,10 10,50! 60,60 20,100"


def test_the_smooth_curve_is_scipys_hermite_spline() -> None:
    points = np.random.default_rng(0).normal(size=(7, 2))
    corner = np.array([False, False, True, False, False, True, False])
    tangents = np.where(corner[:, None], 0.0, np.gradient(points, axis=0))
    at = np.arange(6 * 5 + 1) / 5
    np.testing.assert_allclose(smooth(points, corner, 5), CubicHermiteSpline(range(7), points, tangents)(at))


def test_the_rounded_curve_is_scipys_uniform_spline() -> None:
    path = parse(ZIGZAG, 400)
    c = path.controls
    around = np.concatenate((2 * c[:1] - c[1:2], c, 2 * c[-1:] - c[-2:-1]))
    spline = BSpline(np.arange(-3, len(around) + 1), around, 3)
    dense = spline(np.linspace(0, len(c) - 1, 5000))
    distances = np.linalg.norm((path.round @ c)[:, None] - dense, axis=2).min(1)
    assert distances.max() < 1e-3


def test_the_sharp_curve_passes_its_controls_and_the_rounded_one_cuts_corners() -> None:
    path = parse(ZIGZAG, 20 * FINE)
    to_sharp, to_round = (
        np.linalg.norm((curve @ path.controls)[:, None] - path.controls, axis=2).min(0)
        for curve in (path.sharp, path.round)
    )
    assert to_sharp.max() < 0.02
    assert to_round[2] > 0.1
    assert to_round[[0, -1]].max() < 1e-9


def test_both_curves_move_with_their_controls() -> None:
    path = parse("0,0 40,10 60,60 | 5,5 20,100 30,90")
    for curve in (path.sharp, path.round):
        np.testing.assert_allclose(curve.sum(1), 1)


def test_the_pen_is_lifted_between_strokes_and_at_the_end() -> None:
    path = parse("0,0 0,100 | 50,0 50,50")
    lifted = np.flatnonzero(~path.drawn)
    assert list(lifted) == [31, POINTS - 1]
    assert list(path.ends) == [True] * 4
    points = path.sharp @ path.controls
    np.testing.assert_allclose(points[[0, 31, 32, -1]], [[0, 0], [0, 1], [0.5, 0], [0.5, 0.5]], atol=1e-9)


def test_points_are_evenly_spaced_along_a_stroke() -> None:
    path = parse("0,0 3,3 50,60 90,100")
    steps = np.linalg.norm(np.diff(path.sharp @ path.controls, axis=0), axis=1)
    assert steps.max() < 1.8 * steps.mean()


@pytest.mark.parametrize("text", ["0,0 100,100", "0,0 100,0 | 0,50 3,50 | 1,1 2,2 | 5,5 90,90"])
def test_every_stroke_has_points_enough_and_all_are_shared_out(text: str) -> None:
    path = parse(text)
    bounds = [0, *np.flatnonzero(~path.drawn) + 1]
    assert bounds[-1] == POINTS
    assert np.diff(bounds).min() >= 3
