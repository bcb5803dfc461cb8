"""Digit glyphs: they can be drawn, have one size, and include the variants of different countries."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from digits.synthesis.curves import GLYPH_POINTS, parse_glyph
from digits.synthesis.glyphs import DIGIT_GLYPHS
from digits.synthesis.rare_glyphs import RARE_GLYPHS

FREQUENCIES = [frequency for glyphs in DIGIT_GLYPHS for frequency, _ in glyphs.values()]
TEXTS = [text for glyphs in DIGIT_GLYPHS for _, text in glyphs.values()]
RARE_TEXTS = [text for glyphs in RARE_GLYPHS for text in glyphs.values()]


@pytest.mark.parametrize("text", [*TEXTS, *RARE_TEXTS])
def test_every_glyph_has_the_size_of_a_digit(text: str) -> None:
    glyph = parse_glyph(text)
    points = glyph.sharp @ glyph.controls
    width, height = np.ptp(points, axis=0)
    assert 0.88 < height < 1.15
    assert width < 1.1
    assert points.shape == (GLYPH_POINTS, 2)


def test_frequencies_are_positive() -> None:
    assert 0 < min(FREQUENCIES) <= max(FREQUENCIES) <= 10


def test_rare_glyphs_are_others_than_the_usual_ones() -> None:
    assert len({*TEXTS, *RARE_TEXTS}) == len(TEXTS) + len(RARE_TEXTS)


@pytest.mark.parametrize("label", range(10))
def test_every_class_has_many_different_glyphs(label: int) -> None:
    curves = {}
    for name, (_, text) in DIGIT_GLYPHS[label].items():
        glyph = parse_glyph(text)
        points = glyph.sharp @ glyph.controls
        curves[name] = points - points.mean(0)
    assert len(curves) >= 8
    for (one, a), (other, b) in itertools.combinations(curves.items(), 2):
        assert np.linalg.norm(a - b, axis=1).max() > 0.04, (one, other)


@pytest.mark.parametrize(
    ("label", "name", "strokes"),
    [
        (0, "slashed", 2),
        (1, "flag and foot", 2),
        (2, "looped", 1),
        (4, "open", 2),
        (4, "closed", 2),
        (6, "from the loop", 1),
        (7, "crossed", 2),
        (8, "from the middle", 1),
        (9, "straight tail", 1),
        (9, "curled tail", 1),
    ],
)
def test_variants_of_different_countries_are_included(label: int, name: str, strokes: int) -> None:
    assert DIGIT_GLYPHS[label][name][1].count("|") == strokes - 1
