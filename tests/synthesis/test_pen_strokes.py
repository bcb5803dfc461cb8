"""Pen strokes drawn as digits: the same bytes everywhere, with the shape that was written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.errors import UsageError
from digits.synthesis import draw_pen_strokes, draw_strokes

GOLDEN = "8412d38054a1caf246b83d38dcbb950ee7b1377f91acaf134a3addab6b3c6b9f"
"""SHA-256 of 60 drawn digits, with the pinned versions."""

SEVEN = (np.array([(0.0, 0.0), (60.0, 0.0), (20.0, 100.0)]), np.array([(10.0, 50.0), (50.0, 50.0)]))
ONE = (np.array([(0.0, 0.0), (0.0, 50.0), (2.0, 100.0)]),)
RING = (np.stack((np.cos(np.arange(13) / 2), np.sin(np.arange(13) / 2)), axis=1),)

CODE = """
import hashlib
import numpy as np
from digits.synthesis import draw_pen_strokes
strokes = [np.random.default_rng(0).integers(0, 500, (9, 2)).astype(float)], [np.eye(2), np.eye(2)[::-1] * 9]
print(hashlib.sha256(draw_pen_strokes(strokes * 30, 3).tobytes()).hexdigest())
"""

POINT = st.tuples(*[st.integers(0, 500).map(float)] * 2)
STROKES = st.lists(st.lists(POINT, min_size=1, max_size=70).map(np.array), min_size=1, max_size=5)


@pytest.mark.slow
def test_every_processor_draws_the_same_bytes(on_an_older_processor: Callable[[str], str]) -> None:
    strokes = [np.random.default_rng(0).integers(0, 500, (9, 2)).astype(float)], [np.eye(2), np.eye(2)[::-1] * 9]
    assert hashlib.sha256(draw_pen_strokes(strokes * 30, 3).tobytes()).hexdigest() == GOLDEN
    assert on_an_older_processor(CODE) == GOLDEN


@given(st.lists(STROKES, min_size=1, max_size=4))
def test_any_strokes_give_digits_as_mnist_has_them(digits: list[list[np.ndarray]]) -> None:
    images = draw_pen_strokes(digits, 1)
    assert images.shape == (len(digits), 28, 28)
    rows, columns = images.any(2).sum(1), images.any(1).sum(1)
    assert np.maximum(rows, columns).max() <= 20
    assert (images.max((1, 2)) > 150).all()


def test_different_pens_draw_what_was_written() -> None:
    shapes = (ONE, SEVEN, RING)
    plain = np.stack([draw_strokes(shape) for shape in shapes]).reshape(3, -1).astype(float)
    images = draw_pen_strokes([shape for shape in shapes for _ in range(40)], 0)
    flat = images.reshape(120, -1).astype(float)
    plain, flat = (each - each.mean(1, keepdims=True) for each in (plain, flat))
    nearest = (flat @ (plain / np.linalg.norm(plain, axis=1, keepdims=True)).T).argmax(1)
    assert (nearest == np.repeat(np.arange(3), 40)).mean() > 0.9
    assert len(np.unique(images.reshape(120, -1), axis=0)) == 120
    ink = (images > 127).sum((1, 2)).reshape(3, 40)
    assert (np.percentile(ink, 95, axis=1) > 1.7 * np.percentile(ink, 5, axis=1)).all(), "thin and thick pens"


def test_scale_and_place_do_not_matter() -> None:
    moved = [7 * stroke + (300, -40) for stroke in SEVEN]
    difference = draw_pen_strokes([SEVEN], 5).astype(int) - draw_pen_strokes([moved], 5)
    assert np.abs(difference).max() <= 1


def test_nothing_to_draw_gives_no_images() -> None:
    assert draw_pen_strokes([], 0).shape == (0, 28, 28)


def test_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="seed must be 0 or more"):
        draw_pen_strokes([ONE], -1)
