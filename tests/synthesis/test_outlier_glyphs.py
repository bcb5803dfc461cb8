"""Letters and signs: they can be drawn, fit the size of a digit, and do not look like one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from digits.synthesis.curves import GLYPH_POINTS, Glyph, parse_glyph
from digits.synthesis.digit_images import draw_digits
from digits.synthesis.glyphs import DIGIT_GLYPHS
from digits.synthesis.handwriting import Handwriting, sample_writers, write_glyphs
from digits.synthesis.outlier_glyphs import LETTERS, OUTLIER_GLYPHS, RINGED_GLYPHS, SIGNS, parse_outlier_glyphs
from digits.synthesis.pens import plain_pens
from digits.types import Images

TOO_SIMILAR = 0.88
"""Correlation with a digit from which on a sign could be read as one: 0.89 for B and an 8, 0.91 for S and a 5."""

CURVES = """
import numpy as np
from digits.synthesis.outlier_glyphs import parse_outlier_glyphs
for glyph in parse_outlier_glyphs():
    print(np.abs(glyph.sharp @ glyph.controls).sum().round(6))
"""

PARSED_DIGITS = [parse_glyph(text) for glyphs in DIGIT_GLYPHS for _, text in glyphs.values()]


def draw(glyphs: Sequence[Glyph]) -> Images:
    points = np.stack([glyph.sharp @ glyph.controls for glyph in glyphs])
    writing = Handwriting(points, np.stack([glyph.pen_down for glyph in glyphs]), np.ones(points.shape[:2]))
    return draw_digits(writing, plain_pens(0.1, len(glyphs)))


def highest_correlation(glyphs: Sequence[Glyph]) -> np.ndarray:
    """Compute the correlation of each glyph with the most similar digit."""
    rows = []
    for images in (draw(glyphs), draw(PARSED_DIGITS)):
        flat = np.stack([cv2.GaussianBlur(image.astype(float), (0, 0), 1.2).ravel() for image in images])
        flat -= flat.mean(1, keepdims=True)
        rows.append(flat / np.linalg.norm(flat, axis=1, keepdims=True))
    return (rows[0] @ rows[1].T).max(1)


@pytest.mark.parametrize("name", OUTLIER_GLYPHS)
def test_every_glyph_fits_the_size_of_a_digit(name: str) -> None:
    glyph = parse_glyph(OUTLIER_GLYPHS[name])
    points = glyph.sharp @ glyph.controls
    low, high = points.min(0), points.max(0)
    assert points.shape == (GLYPH_POINTS, 2)
    assert low.min() > -0.1
    assert high[0] < 1.2
    assert high[1] < 1.4
    # a glyph as small as a dot could be anything
    assert np.ptp(points, axis=0).max() > 0.2


def test_glyphs_are_many_and_all_different() -> None:
    assert len(LETTERS) >= 25
    assert len(SIGNS) >= 50
    assert len(OUTLIER_GLYPHS) == len(LETTERS) + len(SIGNS) + len(RINGED_GLYPHS)
    assert len(np.unique(draw(parse_outlier_glyphs()), axis=0)) == len(OUTLIER_GLYPHS)


def test_no_glyph_looks_like_a_digit() -> None:
    likeness = dict(zip(OUTLIER_GLYPHS, highest_correlation(parse_outlier_glyphs()), strict=True))
    assert {name: round(float(most), 2) for name, most in likeness.items() if most >= TOO_SIMILAR} == {}


@pytest.mark.parametrize(
    ("letter", "text"),
    [
        ("O", "45,2 15,15 3,50 15,88 40,99 65,85 72,50 62,15 38,1"),
        ("S", "62,8 30,2 8,22 34,46 62,70 40,98 4,90"),
        ("Z", "4,4 64,4! 4,98! 68,98"),
        ("l", "8,0 8,100"),
        ("b", "8,0 6,98! 40,98 50,70 8,60"),
        ("q", "50,46 20,42 6,66 20,92 48,72 52,46! 52,130"),
    ],
)
def test_glyph_that_looks_like_a_digit_is_detected(letter: str, text: str) -> None:
    assert letter not in OUTLIER_GLYPHS
    assert highest_correlation([parse_glyph(text)])[0] >= TOO_SIMILAR


@pytest.mark.parametrize("name", RINGED_GLYPHS)
def test_ring_surrounds_its_glyph(name: str) -> None:
    glyph = parse_glyph(RINGED_GLYPHS[name])
    points = glyph.sharp @ glyph.controls - 0.5
    first = int(np.flatnonzero(~glyph.pen_down)[0])
    ring, inside = np.linalg.norm(points[: first + 1], axis=1), np.linalg.norm(points[first + 1 :], axis=1)
    assert ring.min() > 0.4
    assert inside.max() < ring.min()


def test_writers_apply_their_style_to_outliers() -> None:
    rng = np.random.default_rng(0)
    n = len(OUTLIER_GLYPHS)
    writing = write_glyphs(parse_outlier_glyphs(), np.arange(n), sample_writers(7, rng)[np.arange(n) % 7], rng)
    assert np.isfinite(writing.points).all()
    assert np.abs(writing.points).max() < 1.5
    assert writing.pen_down.any(1).all()


def test_an_older_processor_draws_the_same_curves(on_an_older_processor: Callable[[str], str]) -> None:
    # of strokes as long as each other, and points halfway between two, the last bit of a sum must not decide
    here = [float(np.abs(glyph.sharp @ glyph.controls).sum().round(6)) for glyph in parse_outlier_glyphs()]
    assert [float(line) for line in on_an_older_processor(CURVES).split()] == here
