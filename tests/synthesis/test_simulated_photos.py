"""Simulated photographs: the same bytes everywhere, and still the same digits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from digits.errors import UsageError
from digits.synthesis import simulate_photos, simulated_photos, synthesize
from digits.types import Dataset

pytestmark = pytest.mark.slow

GOLDEN = "d72a88699ecae0ffea8950c2741d1813aab5fb29d1a9fc35e65b9a26ec706041"
"""SHA-256 of 200 simulated photographs, with the pinned versions."""

CODE = """
import hashlib
from digits.synthesis import simulate_photos, synthesize
print(hashlib.sha256(simulate_photos(synthesize(200, 4).images, 3).tobytes()).hexdigest())
"""


def test_same_seed_gives_the_same_bytes() -> None:
    images = simulate_photos(synthesize(200, 4).images, 3)
    assert hashlib.sha256(images.tobytes()).hexdigest() == GOLDEN


def test_older_processor_gives_the_same_bytes(on_an_older_processor: Callable[[str], str]) -> None:
    assert on_an_older_processor(CODE) == GOLDEN


@pytest.fixture(scope="module")
def photos(mnist: Dataset) -> np.ndarray:
    return simulate_photos(mnist.test.images[:600], 0)


def test_photos_have_the_form_of_digits(photos: np.ndarray) -> None:
    assert photos.dtype == np.uint8
    assert photos.shape == (600, 28, 28)
    rows, columns = photos.any(2).sum(1), photos.any(1).sum(1)
    assert np.maximum(rows, columns).max() <= 20
    assert (photos.max((1, 2)) > 240).all()


def test_photos_look_different_and_keep_their_class(mnist: Dataset, photos: np.ndarray) -> None:
    before, labels = mnist.test.images[:600], mnist.test.labels[:600]
    assert (photos != before).any((1, 2)).mean() > 0.95
    train = mnist.train.images[:15000].reshape(-1, 784) / 255
    reader = KNeighborsClassifier(3).fit(train, mnist.train.labels[:15000])
    right = [(reader.predict(images.reshape(-1, 784) / 255) == labels).mean() for images in (before, photos)]
    assert right[0] - 0.06 < right[1] < 1


def test_different_seeds_give_different_photos(mnist: Dataset) -> None:
    one, other = (simulate_photos(mnist.test.images[:10], seed) for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_digits_that_are_not_found_stay_unchanged_and_are_counted(
    mnist: Dataset, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    images = mnist.test.images[:5]
    monkeypatch.setattr(simulated_photos, "extract_digit", lambda picture: np.zeros((28, 28), np.uint8))
    with caplog.at_level("INFO"):
        assert np.array_equal(simulate_photos(images, 0), images)
    assert caplog.messages == ["5 of 5 photographs did not show their digit; these images are unchanged"]


def test_empty_input_is_accepted() -> None:
    assert simulate_photos(np.zeros((0, 28, 28), np.uint8), 0).shape == (0, 28, 28)
    assert not simulate_photos(np.zeros((2, 28, 28), np.uint8), 0).any()


def test_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="seed must be 0 or more"):
        simulate_photos(np.zeros((1, 28, 28), np.uint8), -1)
