"""Synthetic digits: their form, the same bytes for the same seed, and that they look like their class."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from digits.errors import UsageError
from digits.synthesis import digit_images
from digits.synthesis.digit_images import draw_strokes, synthesize, synthesize_evenly, synthesize_hands
from digits.types import Dataset, LabelledDigits

pytestmark = pytest.mark.slow

GOLDEN = {
    (500, 0): "129bb11224f1c601d16088ca4c3415fbc8acf9604822668b9ce6ae55967c3d52",
    (333, 7): "269e424d5f80cd6a294e13b7100e71af6604da91aadfdc4780e5b30102decae3",
}
"""SHA-256 of images and labels, by number and seed, with the pinned versions."""


def digest(n: int, seed: int) -> str:
    digits = synthesize(n, seed)
    return hashlib.sha256(digits.images.tobytes() + digits.labels.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def many() -> LabelledDigits:
    return synthesize(3000, 1)


@pytest.mark.parametrize(("n", "seed"), GOLDEN)
def test_same_seed_gives_the_same_bytes(n: int, seed: int) -> None:
    assert digest(n, seed) == GOLDEN[n, seed]


def test_each_row_is_by_another_hand() -> None:
    """Digits of a class look more alike within a row than between rows."""
    images = synthesize_hands(np.full((30, 6), 7), 3)
    assert images.shape == (30, 6, 28, 28)
    assert np.array_equal(images, synthesize_hands(np.full((30, 6), 7), 3))
    vectors = images.reshape(30, 6, -1) / np.linalg.norm(images.reshape(30, 6, -1), axis=2, keepdims=True)
    within = np.einsum("wkp,wlp->wkl", vectors, vectors)[:, ~np.eye(6, dtype=bool)].mean()
    between = np.einsum("wp,vp->wv", vectors[:, 0], vectors[:, 1])[~np.eye(30, dtype=bool)].mean()
    assert within > between + 0.05


def test_hands_write_what_they_are_told() -> None:
    labels = np.random.default_rng(0).integers(0, 10, (50, 20))
    written = synthesize(3000, 2)
    classifier = KNeighborsClassifier(3).fit(written.images.reshape(3000, -1), written.labels)
    read = classifier.predict(synthesize_hands(labels, 4).reshape(labels.size, -1))
    assert (read == labels.ravel()).mean() > 0.8


def test_hands_need_something_to_write() -> None:
    with pytest.raises(UsageError, match="n must be 1 or more, not 0"):
        synthesize_hands(np.empty((0, 5), np.int64))


def test_older_processor_gives_the_same_bytes(on_an_older_processor: Callable[[str], str]) -> None:
    code = (
        "import hashlib; from digits.synthesis import synthesize; digits = synthesize(500, 0)\n"
        "print(hashlib.sha256(digits.images.tobytes() + digits.labels.tobytes()).hexdigest())"
    )
    assert on_an_older_processor(code) == GOLDEN[500, 0]


def test_digits_have_the_form_of_mnist(many: LabelledDigits) -> None:
    images, labels = many.images, many.labels
    assert images.dtype == labels.dtype == np.uint8
    assert images.shape == (3000, 28, 28)
    rows, columns = images.any(2), images.any(1)
    height = rows.shape[1] - rows.argmax(1) - rows[:, ::-1].argmax(1)
    width = columns.shape[1] - columns.argmax(1) - columns[:, ::-1].argmax(1)
    assert set(np.maximum(height, width)) == {20}
    weight = images.sum((1, 2), dtype=float)
    at = np.arange(28)
    for axis in (1, 2):
        centre = (images.sum(axis, dtype=float) * at).sum(1) / weight
        # some digits are so long on one side that the border stops them
        assert (np.abs(centre - 14) < 0.51).mean() > 0.98
    assert np.median(images.max((1, 2))) == 255
    assert np.bincount(labels).tolist() == [300] * 10


@pytest.mark.parametrize("n", [1, 9, 10, 11, 101])
@pytest.mark.parametrize("write", [synthesize, synthesize_evenly])
def test_classes_are_even(n: int, write: Callable[[int, int], LabelledDigits]) -> None:
    counts = np.bincount(write(n, 2).labels, minlength=10)
    assert counts.sum() == n
    assert np.ptp(counts) <= 1


def test_different_seeds_give_different_digits() -> None:
    assert not np.array_equal(synthesize(50, 1).images, synthesize(50, 2).images)


def test_all_digits_differ(many: LabelledDigits) -> None:
    assert len(np.unique(many.images.reshape(3000, -1), axis=0)) == 3000


def test_classifier_trained_on_mnist_reads_synthetic_digits(mnist: Dataset, many: LabelledDigits) -> None:
    images, labels = many.images, many.labels
    train = mnist.train.images[:15000].reshape(-1, 784) / 255
    reader = KNeighborsClassifier(3).fit(train, mnist.train.labels[:15000])
    right = (reader.predict(images[:1000].reshape(-1, 784) / 255) == labels[:1000]).mean()
    assert 0.75 < right < 0.99


def test_classifier_trained_on_synthetic_digits_reads_mnist(mnist: Dataset) -> None:
    digits = synthesize(8000, 3)
    reader = KNeighborsClassifier(3).fit(digits.images.reshape(-1, 784) / 255, digits.labels)
    test = mnist.train.images[:1000].reshape(-1, 784) / 255
    right = (reader.predict(test) == mnist.train.labels[:1000]).mean()
    assert 0.82 < right < 0.995


@pytest.mark.parametrize(
    ("n", "seed", "message"),
    [(0, 0, "n must be 1"), (-3, 0, "n must be 1"), (1, -1, "seed must be 0")],
)
def test_invalid_arguments_are_refused(n: int, seed: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        synthesize(n, seed)


def test_digits_are_written_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    written = digit_images.write_digits

    def spy(labels: np.ndarray, *arguments: object) -> object:
        sizes.append(len(labels))
        return written(labels, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(digit_images, "write_digits", spy)
    monkeypatch.setattr(digit_images, "BLOCK_SIZE", 40)
    synthesize(83, 0)
    assert sizes == [40, 40, 3]


ELL = [[(0.0, 0.0), (0.0, 100.0), (60.0, 100.0)]]


@given(st.floats(0.01, 1e4), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_drawing_strokes_ignores_position_and_scale(scale: float, x: float, y: float) -> None:
    moved = [[(scale * a + x, scale * b + y) for a, b in stroke] for stroke in ELL]
    difference = draw_strokes(moved).astype(int) - draw_strokes(ELL)
    assert np.abs(difference).mean() < 2


def test_strokes_are_drawn_at_their_positions() -> None:
    digit = draw_strokes([[(0, 0), (0, 50), (0, 100)], [(30, 50), (60, 50)]])
    rows, columns = np.nonzero(digit > 127)
    assert np.ptp(rows) in (18, 19)
    stem = columns.min() + 1
    assert (digit[rows.min() + 1 : rows.max(), stem] > 200).all()
    middle = (rows.min() + rows.max()) // 2
    assert digit[middle - 1 : middle + 2, columns.max() - 1].max() > 200
    assert not digit[rows.min() : middle - 4, columns.max() - 2 :].any()


def test_single_point_draws_a_dot() -> None:
    assert draw_strokes([[(5, 5)]]).any()


@pytest.mark.parametrize(
    ("strokes", "width", "message"),
    [
        ([], 0.1, "no strokes"),
        ([[1, 2, 3]], 0.1, "must be an array"),
        ([np.zeros((0, 2))], 0.1, "must be an array"),
        ([[(0.0, float("nan"))]], 0.1, "must be an array"),
        (ELL, 0.0, "width must be .*not 0"),
        (ELL, 3.0, "width must be .*not 3"),
    ],
)
def test_invalid_strokes_are_refused(strokes: list[object], width: float, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        draw_strokes(strokes, width)  # type: ignore[arg-type]
