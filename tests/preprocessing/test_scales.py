"""Half a picture: the mean of four pixels, whatever its size."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digits.preprocessing import halve


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_each_pixel_is_the_mean_of_those_it_stands_for(height: int, width: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    even = np.pad(picture, ((0, height % 2), (0, width % 2)), mode="edge").astype(float)
    means = even.reshape(len(even) // 2, 2, -1, 2).mean((1, 3))
    half = halve(picture)
    assert half.shape == means.shape
    assert abs(half - means).max() <= 0.5
