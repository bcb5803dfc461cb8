"""The hand-made paths: that they can be drawn, are of one size, and show what people of different countries write."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from digits.synthesis.skeletons import DIGITS
from digits.synthesis.strokes import POINTS, parse

WAYS = [(label, name) for label, ways in enumerate(DIGITS) for name in ways]


@pytest.mark.parametrize(("label", "name"), WAYS)
def test_every_path_is_a_digit_high_and_no_wider_than_two(label: int, name: str) -> None:
    often, text = DIGITS[label][name]
    path = parse(text)
    points = path.sharp @ path.controls
    width, height = np.ptp(points, axis=0)
    assert 0.88 < height < 1.15
    assert width < 1.1
    assert 0 < often <= 10
    assert points.shape == (POINTS, 2)


@pytest.mark.parametrize("label", range(10))
def test_every_class_has_many_ways_that_differ(label: int) -> None:
    curves = {}
    for name, (_, text) in DIGITS[label].items():
        path = parse(text)
        points = path.sharp @ path.controls
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
def test_what_countries_and_pens_differ_in_is_there(label: int, name: str, strokes: int) -> None:
    assert DIGITS[label][name][1].count("|") == strokes - 1
