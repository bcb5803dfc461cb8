"""A page as if it lay flat: its lines and places are inverse, and are those of what was drawn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits.documents.flat import Flat, find_flats
from digits.documents.rules import as_votes
from digits.inference import find_walls

SIZE = 24.0


def curled(steep: float = 0.05) -> Flat:
    """Give lines that curl, more so at the lower border."""
    x = np.linspace(20, 380, 10)
    curl = 8 * np.sin(x / 120)
    return Flat(x, (0.0, 300.0), np.stack((curl, curl + steep * (x - 200)), axis=1))


@settings(max_examples=40, deadline=None)
@given(st.floats(-50, 450), st.floats(-20, 330), st.floats(-0.1, 0.1))
def test_height_is_the_inverse_of_the_line(x: float, height: float, steep: float) -> None:
    flat, place = curled(steep), np.array([x])
    y = height + flat.shift(place, np.array([height]))
    assert flat.height(place, y)[0] == pytest.approx(height, abs=0.1)


def test_line_goes_straight_on_beyond_its_knots() -> None:
    flat = curled()
    steps = np.diff(flat.shift(np.array([400.0, 420.0, 440.0]), np.full(3, 150.0)))
    assert steps[0] == pytest.approx(steps[1])
    single = Flat(np.array([50.0]), (0.0, 100.0), np.array([[3.0, 3.0]]))
    assert single.shift(np.array([0.0, 90.0]), np.full(2, 10.0)).tolist() == [3.0, 3.0]


def test_line_as_a_rule() -> None:
    flat = curled()
    rule = flat.line(120.0, 50.0, 350.0, 0.8)
    assert (rule.start, rule.end, rule.share) == (50.0, 350.0, 0.8)
    places = np.array([50.0, 180.0, 350.0])
    assert rule.at(places) == pytest.approx(120 + flat.shift(places, np.full(3, 120.0)), abs=1.0)


def test_flattened_lines_are_level() -> None:
    flat, image = curled(), np.zeros((300, 400), np.uint8)
    x = np.arange(400)
    for height in (80, 200):
        y = np.rint(height + flat.shift(x.astype(np.float64), np.full(400, float(height)))).astype(int)
        image[y.clip(0, 299), x] = 255
    level = cv2.blur(flat.flatten(image), (1, 3)).astype(float)
    assert set(np.argsort(level.sum(1))[-2:].tolist()) <= {79, 80, 81, 199, 200, 201}
    assert np.abs(level[60:100].argmax(0) + 60 - 80).max() <= 2


@pytest.mark.parametrize("degrees", [-6.0, 0.0, 4.0])
def test_lines_of_a_turned_table_are_found(degrees: float) -> None:
    page, slope = np.full((360, 480), 235, np.uint8), float(np.tan(np.radians(degrees)))
    for step in range(6):
        y, x = 60 + 48 * step, 60 + 72 * step
        cv2.line(page, (40, round(y - 200 * slope)), (440, round(y + 200 * slope)), 90, 2)
        cv2.line(page, (round(x + 140 * slope), 40), (round(x - 140 * slope), 320), 90, 2)
    levels, uprights = find_flats(*as_votes(find_walls(page, SIZE), np.zeros((0, 4))), SIZE, 0.0)
    for flat, sign in ((levels, 1), (uprights, -1)):
        ends = flat.shift(np.array([100.0, 300.0]), np.full(2, 180.0))
        assert (ends[1] - ends[0]) / 200 == pytest.approx(sign * slope, abs=0.02)
