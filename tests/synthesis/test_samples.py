"""Digits of our own pen: the contract, the same bytes for the same seed, and that they are what they are said to be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from digits.errors import UsageError
from digits.synthesis import samples
from digits.synthesis.samples import draw_strokes, synthesize
from digits.types import Dataset

GOLDEN = {
    (500, 0): "a40ea8b20ae104c4e1b417ab276e85bc3535de4bacabe2e6fe5a3e3c179c1ccb",
    (333, 7): "0cf6329e83fa5cf162b1cd6a5f115b44db9a724b5b7700f8aff1a5d19afafd42",
}
"""SHA-256 of images and labels, by number and seed, with the pinned versions."""


def digest(n: int, seed: int) -> str:
    images, labels = synthesize(n, seed)
    return hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def many() -> tuple[np.ndarray, np.ndarray]:
    return synthesize(3000, 1)


@pytest.mark.parametrize(("n", "seed"), GOLDEN)
def test_the_same_seed_gives_the_same_bytes(n: int, seed: int) -> None:
    assert digest(n, seed) == GOLDEN[n, seed]


def test_an_older_processor_gives_the_same_bytes(on_an_older_processor: Callable[[str], str]) -> None:
    code = (
        "import hashlib; from digits.synthesis import synthesize; images, labels = synthesize(500, 0)\n"
        "print(hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest())"
    )
    assert on_an_older_processor(code) == GOLDEN[500, 0]


def test_digits_keep_the_contract(many: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = many
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
def test_classes_are_as_even_as_can_be(n: int) -> None:
    _, labels = synthesize(n, 2)
    counts = np.bincount(labels, minlength=10)
    assert counts.sum() == n
    assert np.ptp(counts) <= 1


def test_every_seed_has_writers_of_its_own() -> None:
    assert not np.array_equal(synthesize(50, 1)[0], synthesize(50, 2)[0])


def test_no_two_digits_are_the_same(many: tuple[np.ndarray, np.ndarray]) -> None:
    assert len(np.unique(many[0].reshape(3000, -1), axis=0)) == 3000


def test_who_knows_mnist_reads_most_of_them(mnist: Dataset, many: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = many
    train = mnist.train.images[:15000].reshape(-1, 784) / 255
    reader = KNeighborsClassifier(3).fit(train, mnist.train.labels[:15000])
    right = (reader.predict(images[:1000].reshape(-1, 784) / 255) == labels[:1000]).mean()
    assert 0.75 < right < 0.99


def test_who_knows_our_pen_reads_most_of_mnist(mnist: Dataset) -> None:
    images, labels = synthesize(8000, 3)
    reader = KNeighborsClassifier(3).fit(images.reshape(-1, 784) / 255, labels)
    judged = mnist.train.images[:1000].reshape(-1, 784) / 255
    right = (reader.predict(judged) == mnist.train.labels[:1000]).mean()
    assert 0.82 < right < 0.995


@pytest.mark.parametrize(("n", "seed", "sentence"), [(0, 0, "n is 0"), (-3, 0, "n is -3"), (1, -1, "seed is -1")])
def test_what_cannot_be_meant_is_refused(n: int, seed: int, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        synthesize(n, seed)


def test_memory_stays_flat_because_digits_are_written_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    written = samples.write_digits

    def spy(labels: np.ndarray, *arguments: object) -> object:
        sizes.append(len(labels))
        return written(labels, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(samples, "write_digits", spy)
    monkeypatch.setattr(samples, "BLOCK", 40)
    synthesize(83, 0)
    assert sizes == [40, 40, 3]


ELL = [[(0.0, 0.0), (0.0, 100.0), (60.0, 100.0)]]


@given(st.floats(0.01, 1e4), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_strokes_are_drawn_alike_wherever_and_however_large_they_are(scale: float, x: float, y: float) -> None:
    moved = [[(scale * a + x, scale * b + y) for a, b in stroke] for stroke in ELL]
    difference = draw_strokes(moved).astype(int) - draw_strokes(ELL)
    assert np.abs(difference).mean() < 2


def test_strokes_are_drawn_where_they_go() -> None:
    digit = draw_strokes([[(0, 0), (0, 50), (0, 100)], [(30, 50), (60, 50)]])
    rows, columns = np.nonzero(digit > 127)
    assert np.ptp(rows) in (18, 19)
    stem = columns.min() + 1
    assert (digit[rows.min() + 1 : rows.max(), stem] > 200).all()
    middle = (rows.min() + rows.max()) // 2
    assert digit[middle - 1 : middle + 2, columns.max() - 1].max() > 200
    assert not digit[rows.min() : middle - 4, columns.max() - 2 :].any()


def test_a_dot_is_drawn_too() -> None:
    assert draw_strokes([[(5, 5)]]).any()


@pytest.mark.parametrize(
    ("strokes", "width", "sentence"),
    [
        ([], 0.1, "no strokes"),
        ([[1, 2, 3]], 0.1, "a stroke is an array"),
        ([np.zeros((0, 2))], 0.1, "a stroke is an array"),
        ([[(0.0, float("nan"))]], 0.1, "a stroke is an array"),
        (ELL, 0.0, "width is 0"),
        (ELL, 3.0, "width is 3"),
    ],
)
def test_what_is_no_stroke_is_refused(strokes: list[object], width: float, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        draw_strokes(strokes, width)  # type: ignore[arg-type]
