"""Photographed digits: the same bytes everywhere, still digits, still the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from digits.errors import UsageError
from digits.synthesis import photographs, simulate_photos, synthesize
from digits.types import Dataset

GOLDEN = "a7874d657763db894940c5d7bafac0e71f6407b222d5138bd5581dc113372efb"
"""SHA-256 of two hundred photographed digits, with the pinned versions."""

CODE = """
import hashlib
from digits.synthesis import simulate_photos, synthesize
print(hashlib.sha256(simulate_photos(synthesize(200, 4)[0], 3).tobytes()).hexdigest())
"""


def test_the_same_seed_gives_the_same_bytes() -> None:
    images = simulate_photos(synthesize(200, 4)[0], 3)
    assert hashlib.sha256(images.tobytes()).hexdigest() == GOLDEN


def test_an_older_processor_gives_the_same_bytes(on_an_older_processor: Callable[[str], str]) -> None:
    assert on_an_older_processor(CODE) == GOLDEN


@pytest.fixture(scope="module")
def changed(mnist: Dataset) -> np.ndarray:
    return simulate_photos(mnist.test.images[:600], 0)


def test_digits_stay_under_the_contract(changed: np.ndarray) -> None:
    assert changed.dtype == np.uint8
    assert changed.shape == (600, 28, 28)
    rows, columns = changed.any(2).sum(1), changed.any(1).sum(1)
    assert np.maximum(rows, columns).max() <= 20
    assert (changed.max((1, 2)) > 240).all()


def test_they_look_other_than_before_and_are_read_the_same(mnist: Dataset, changed: np.ndarray) -> None:
    before, labels = mnist.test.images[:600], mnist.test.labels[:600]
    assert (changed != before).any((1, 2)).mean() > 0.95
    train = mnist.train.images[:15000].reshape(-1, 784) / 255
    reader = KNeighborsClassifier(3).fit(train, mnist.train.labels[:15000])
    right = [(reader.predict(images.reshape(-1, 784) / 255) == labels).mean() for images in (before, changed)]
    assert right[0] - 0.06 < right[1] < 1


def test_another_seed_is_another_camera(mnist: Dataset) -> None:
    one, other = (simulate_photos(mnist.test.images[:10], seed) for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_what_the_reader_does_not_find_stays_as_it_was_and_is_counted(
    mnist: Dataset, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    images = mnist.test.images[:5]
    monkeypatch.setattr(photographs, "extract_digit", lambda picture: np.zeros((28, 28), np.uint8))
    with caplog.at_level("INFO"):
        assert np.array_equal(simulate_photos(images, 0), images)
    assert caplog.messages == ["5 of 5 photographs showed something else than their digit, which stays as it was"]


def test_nothing_is_photographed_as_nothing() -> None:
    assert simulate_photos(np.zeros((0, 28, 28), np.uint8), 0).shape == (0, 28, 28)
    assert not simulate_photos(np.zeros((2, 28, 28), np.uint8), 0).any()


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="seed is -1"):
        simulate_photos(np.zeros((1, 28, 28), np.uint8), -1)
