"""Simulated captures: pictures of many kinds, read by the reader's own code, and still the same digits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from digits.errors import UsageError
from digits.preprocessing import DigitInk
from digits.synthesis import captures, simulate_captures, synthesize
from digits.synthesis.captures import Captures, capture_digit
from digits.types import Dataset

pytestmark = pytest.mark.slow

N = 400
"""Digits that are captured."""

GOLDEN = "e10b35ba98388764423cb487e2e9b75ac9574add05e791fef3fcebcdd3cc3cad"
"""SHA-256 of 200 simulated captures and their misreadings, with the pinned versions."""

CODE = """
import hashlib
from digits.synthesis import simulate_captures, synthesize
found = simulate_captures(synthesize(200, 4).images, 3)
print(hashlib.sha256(found.images.tobytes() + found.misreadings.tobytes()).hexdigest())
"""


def test_every_processor_makes_the_same_bytes(on_an_older_processor: Callable[[str], str]) -> None:
    found = simulate_captures(synthesize(200, 4).images, 3)
    assert hashlib.sha256(found.images.tobytes() + found.misreadings.tobytes()).hexdigest() == GOLDEN
    assert on_an_older_processor(CODE) == GOLDEN


@pytest.fixture(scope="module")
def found(mnist: Dataset) -> Captures:
    return simulate_captures(mnist.train.images[-N:], 0)


def test_captures_have_the_form_of_digits(found: Captures) -> None:
    assert found.images.shape == (N, 28, 28)
    for images in (found.images, found.misreadings):
        rows, columns = images.any(2).sum(1), images.any(1).sum(1)
        assert np.maximum(rows, columns).max() <= 20
        assert (images.max((1, 2)) > 240).all()


def test_captures_look_different_and_most_keep_their_class(mnist: Dataset, found: Captures) -> None:
    before, labels = mnist.train.images[-N:], mnist.train.labels[-N:]
    assert (found.images != before).any((1, 2)).mean() > 0.7
    train = mnist.train.images[:15000].reshape(-1, 784) / 255
    reader = KNeighborsClassifier(3).fit(train, mnist.train.labels[:15000])
    right = [(reader.predict(images.reshape(-1, 784) / 255) == labels).mean() for images in (before, found.images)]
    assert right[0] - 0.2 < right[1] < right[0]


def test_misreadings_are_unlike_the_digits(mnist: Dataset, found: Captures) -> None:
    assert 5 < len(found.misreadings) < 0.9 * N
    originals = mnist.train.images[-N:].reshape(-1, 784).astype(float)
    flat = found.misreadings.reshape(-1, 784).astype(float)
    flat, originals = ((each - each.mean(1, keepdims=True)) / each.std(1, keepdims=True) for each in (flat, originals))
    captured = found.images.reshape(-1, 784).astype(float)
    captured = (captured - captured.mean(1, keepdims=True)) / captured.std(1, keepdims=True)
    misread, read = ((each @ originals.T / 784).max(1).mean() for each in (flat, captured))
    assert misread < read - 0.15


def test_pictures_are_of_many_kinds(mnist: Dataset) -> None:
    rng = np.random.default_rng(1)
    images = mnist.train.images[:400]
    made = [capture_digit(image, images[0], rng) for image in images]
    shares = {
        "at most 16 pixels": [max(picture.shape) <= 16 for _, picture in made],
        "over 100 pixels": [max(picture.shape) > 100 for _, picture in made],
        "of two greys": [len(np.unique(picture)) == 2 for _, picture in made],
        "coloured": [bool(np.ptp(picture, axis=2).any()) for _, picture in made],
        "pale": [int(np.ptp(picture)) < 120 for _, picture in made],
        "wider than high": [picture.shape[1] > picture.shape[0] for _, picture in made],
    }
    assert {name: share for name, each in shares.items() if not 0.03 < (share := np.mean(each)) < 0.6} == {}


def test_digits_that_are_not_found_stay_unchanged(mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    images = mnist.train.images[:20]
    monkeypatch.setattr(captures, "find_digit_inks", lambda picture: [DigitInk(np.zeros((9, 9), np.uint8))])
    found = simulate_captures(images, 0)
    assert np.array_equal(found.images, images)
    assert found.misreadings.shape == (0, 28, 28)


def test_empty_input_is_accepted() -> None:
    assert simulate_captures(np.zeros((0, 28, 28), np.uint8), 0).images.shape == (0, 28, 28)
    assert not simulate_captures(np.zeros((2, 28, 28), np.uint8), 0).images.any()


def test_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="seed must be 0 or more"):
        simulate_captures(np.zeros((1, 28, 28), np.uint8), -1)
