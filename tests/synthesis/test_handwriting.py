"""Writers: each style is visible, writers are consistent, and the generator decides everything."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from digits.synthesis.curves import parse_glyph
from digits.synthesis.glyphs import DIGIT_GLYPHS
from digits.synthesis.handwriting import Handwriting, Writers, sample_writers, write_digits, write_evenly, write_glyphs
from digits.synthesis.rare_glyphs import RARE_GLYPHS


def plain_writers(n: int = 1, **style: float) -> Writers:
    """Make writers who follow the glyphs exactly, except for the given style."""
    sampled = sample_writers(n, np.random.default_rng(0))
    plain = {field.name: np.zeros_like(getattr(sampled, field.name)) for field in dataclasses.fields(Writers)}
    return Writers(**plain | {name: np.full(n, value) for name, value in style.items()})


def written(text: str, n: int = 400, **style: float) -> Handwriting:
    return write_glyphs([parse_glyph(text)], np.zeros(n, int), plain_writers(n, **style), np.random.default_rng(1))


def width_of(writing: Handwriting) -> float:
    return float(np.ptp(writing.points[..., 0], axis=1).mean())


def test_handwriting_depends_only_on_the_generator() -> None:
    def points(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return write_digits(np.arange(50) % 10, sample_writers(5, rng)[np.arange(50) // 10], rng).points

    assert np.array_equal(points(3), points(3))
    assert not np.array_equal(points(3), points(4))


def test_slant_leans_the_top_to_the_right() -> None:
    for slant in (0.0, 0.4):
        points = written("0,0 0,50 0,100", slant=slant).points
        lean = (points[:, 0, 0] - points[:, -1, 0]).mean()
        assert lean == pytest.approx(slant, abs=0.02)


def test_stretch_widens() -> None:
    plain, wide = (width_of(written("0,0 50,50 0,100", stretch=stretch)) for stretch in (0.0, 0.5))
    assert wide / plain == pytest.approx(np.exp(0.5), rel=0.03)


def test_bow_bends_the_middle_sideways() -> None:
    points = written("0,0 0,50 0,100", bow=0.2).points
    middle = points.shape[1] // 2
    assert (points[:, middle, 0] - points[:, [0, -1], 0].mean(1)).mean() == pytest.approx(0.2, abs=0.02)


def test_taper_and_waist_make_one_loop_larger_than_the_other() -> None:
    eight = DIGIT_GLYPHS[8]["from the middle"][1]

    def head_and_foot(writing: Handwriting) -> tuple[float, float]:
        x, y = writing.points[..., 0], writing.points[..., 1]
        return float(np.where(y < 0, np.abs(x), 0).max(1).mean()), float(np.where(y > 0, np.abs(x), 0).max(1).mean())

    head, foot = head_and_foot(written(eight))
    small_head, large_foot = head_and_foot(written(eight, taper=0.8))
    assert small_head < 0.9 * head
    assert large_foot > 1.1 * foot
    low = written("0,0 0,50 0,100", waist=0.2).points
    assert low[:, low.shape[1] // 2, 1].mean() == pytest.approx(0.2, abs=0.02)


def test_roundness_cuts_corners() -> None:
    zed = "0,0 60,0! 0,100! 60,100"
    sharp, soft = (written(zed, roundness=roundness).points for roundness in (0.0, 1.0))
    assert sharp[..., 0].max(1).mean() > soft[..., 0].max(1).mean() + 0.01


def test_tremor_roughens_the_line() -> None:
    calm, shaky = (
        np.abs(np.diff(written("0,0 0,50 0,100", tremor=tremor).points[..., 0], n=2, axis=1)).mean()
        for tremor in (0.0, 0.01)
    )
    assert shaky > 5 * calm


def test_joins_connect_only_near_strokes() -> None:
    near, far = "0,0 0,60 50,60 | 50,20 50,100", "0,0 0,30 | 90,70 90,100"
    lifts = {
        (text, joins): int((~written(text, joins=joins).pen_down[:, :-1]).sum(1).mean())
        for text in (near, far)
        for joins in (0.0, 1.0)
    }
    assert lifts == {(near, 0.0): 1, (near, 1.0): 0, (far, 0.0): 1, (far, 1.0): 1}


def test_pressure_is_higher_where_the_pen_is_slow() -> None:
    writing = written("0,0 0,100! 60,100", n=200, pressure=0.5)
    corner = np.linalg.norm(writing.points - writing.points[:, [0]], axis=2).argmax(1)
    at_corner = writing.pressure[:, 18:34].max(1)
    assert (at_corner > writing.pressure[:, 4:12].mean(1)).mean() > 0.8
    assert len(corner) == 200
    even = written("0,0 0,100! 60,100", n=50)
    assert np.ptp(even.pressure) == 0


def test_writers_are_consistent() -> None:
    rng = np.random.default_rng(0)
    writers = sample_writers(100, rng)[np.arange(100).repeat(2)]
    glyphs = [parse_glyph(DIGIT_GLYPHS[3]["round"][1])]
    points = write_glyphs(glyphs, np.zeros(200, int), writers, rng).points.reshape(100, 2, -1)
    own = np.linalg.norm(points[:, 0] - points[:, 1], axis=1)
    others = np.linalg.norm(points[:, 0] - np.roll(points[:, 1], 1, axis=0), axis=1)
    assert own.mean() < 0.6 * others.mean()


def test_writers_prefer_different_glyphs() -> None:
    rng = np.random.default_rng(0)
    writers = sample_writers(60, rng)[np.arange(60).repeat(20)]
    lifts = (~write_digits(np.full(1200, 7), writers, rng).pen_down[:, :-1]).any(1).reshape(60, 20).mean(1)
    assert 0.1 < (lifts > 0.5).mean() < 0.5
    assert ((lifts < 0.3) | (lifts > 0.6)).mean() > 0.8


def test_rare_glyphs_are_written_as_often_as_usual_ones() -> None:
    rng = np.random.default_rng(0)
    for label in (0, 7):
        texts = [*(text for _, text in DIGIT_GLYPHS[label].values()), *RARE_GLYPHS[label].values()]
        writers = dataclasses.replace(sample_writers(1500, rng), joins=np.zeros(1500))
        lifted = (~write_evenly(np.full(1500, label), writers, rng).pen_down[:, :-1]).any(1).mean()
        assert lifted == pytest.approx(np.mean(["|" in text for text in texts]), abs=0.04)
