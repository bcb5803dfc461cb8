"""Half a picture is the mean of four pixels, whatever its size, and twice a picture shows the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digits.preprocessing import double, halve


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_each_pixel_is_the_mean_of_those_it_stands_for(height: int, width: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    even = np.pad(picture, ((0, height % 2), (0, width % 2)), mode="edge").astype(float)
    means = even.reshape(len(even) // 2, 2, -1, 2).mean((1, 3))
    half = halve(picture)
    assert half.shape == means.shape
    assert abs(half - means).max() <= 0.5


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_half_of_twice_a_smooth_picture_is_the_picture(height: int, width: int, seed: int) -> None:
    slope = np.random.default_rng(seed).integers(0, 6)
    picture = (slope * (np.arange(height)[:, None] + np.arange(width))).astype(np.uint8)
    large = double(picture)
    assert large.shape == (2 * height, 2 * width)
    assert abs(halve(large).astype(int) - picture).max() <= slope
