"""Outliers have the size of digits and can be distinguished from them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from digits.errors import UsageError
from digits.synthesis import synthesize, synthesize_outliers
from digits.synthesis.curves import GLYPH_POINTS
from digits.synthesis.handwriting import sample_writers
from digits.synthesis.outliers import draw_blots, draw_scribbles, write_pairs, write_signs

GOLDEN = "09cfd029ed0db14dc2c675cb45e3f2d9ab20c52815132457cff050b98463b28d"
"""SHA-256 of 300 outliers, with the pinned versions."""

CODE = """
import hashlib
from digits.synthesis import synthesize_outliers
print(hashlib.sha256(synthesize_outliers(300, 2).tobytes()).hexdigest())
"""


def test_same_seed_gives_the_same_bytes() -> None:
    assert hashlib.sha256(synthesize_outliers(300, 2).tobytes()).hexdigest() == GOLDEN


def test_older_processor_gives_the_same_bytes(on_an_older_processor: Callable[[str], str]) -> None:
    assert on_an_older_processor(CODE) == GOLDEN


def test_outliers_have_the_size_of_digits() -> None:
    images = synthesize_outliers(500, 0)
    assert images.dtype == np.uint8
    assert images.shape == (500, 28, 28)
    rows, columns = images.any(2), images.any(1)
    high = 28 - rows.argmax(1) - rows[:, ::-1].argmax(1)
    wide = 28 - columns.argmax(1) - columns[:, ::-1].argmax(1)
    assert set(np.maximum(high, wide)) == {20}
    assert len(np.unique(images.reshape(500, -1), axis=0)) == 500


@pytest.mark.slow
def test_outliers_can_be_distinguished_from_digits() -> None:
    images = np.concatenate([synthesize(3000, 0).images, synthesize_outliers(3000, 0)]).reshape(6000, -1)
    truth = np.repeat([1, 0], 3000)
    forest = RandomForestClassifier(60, random_state=0, n_jobs=1).fit(images, truth)
    fresh = np.concatenate([synthesize(500, 1).images, synthesize_outliers(500, 1)]).reshape(1000, -1)
    right = (forest.predict(fresh) == np.repeat([1, 0], 500)).mean()
    assert 0.85 < right < 1


def test_digits_of_a_pair_do_not_touch() -> None:
    rng = np.random.default_rng(0)
    pairs = write_pairs(sample_writers(1, rng)[np.zeros(50, int)], np.full(50, 0.1), rng)
    half = pairs.points.shape[1] // 2
    between = pairs.points[:, half:, 0].min(1) - pairs.points[:, :half, 0].max(1)
    assert (between > 0.1).all()
    assert not pairs.pen_down[:, half - 1].any()


@pytest.mark.parametrize("draw", [lambda n, rng: draw_blots(n, rng)[0], draw_scribbles])
@pytest.mark.parametrize("n", [0, 1, 20])
def test_any_number_is_possible(draw: Callable[[int, np.random.Generator], object], n: int) -> None:
    writing = draw(n, np.random.default_rng(0))
    assert writing.points.shape == (n, GLYPH_POINTS, 2)  # type: ignore[attr-defined]


def test_signs_depend_on_the_seed() -> None:
    def sign_points(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return write_signs(sample_writers(3, rng)[np.arange(30) % 3], rng).points

    assert sign_points(1).shape == (30, GLYPH_POINTS, 2)
    assert np.array_equal(sign_points(1), sign_points(1))
    assert not np.array_equal(sign_points(1), sign_points(2))


@pytest.mark.parametrize(("n", "seed", "message"), [(0, 0, "n must be 1 or more"), (1, -1, "seed must be 0 or more")])
def test_invalid_arguments_are_refused(n: int, seed: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        synthesize_outliers(n, seed)
