"""Ink is scaled and placed as MNIST's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.errors import DataError
from digits.preprocessing import normalize
from digits.types import Dataset


def ring(side: int, thickness: int) -> np.ndarray:
    ink = np.zeros((side, side), np.uint8)
    cv2.ellipse(ink, (side // 2, side // 2), (side // 4, side // 3), 20, 0, 300, 255, thickness)
    return ink


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference over mean ink."""
    return float(np.abs(one.astype(int) - other).mean() / one.mean())


def test_mnist_is_unchanged(mnist: Dataset) -> None:
    """Of the 70,000 all but 18 do: 16 are 19 pixels long, two lie a pixel off."""
    images = mnist.test.images
    same = np.mean([np.array_equal(normalize(image), image) for image in images])
    assert same >= 0.999


def test_no_ink_gives_an_empty_digit() -> None:
    assert not normalize(np.zeros((40, 30), np.uint8)).any()
    assert not normalize(np.zeros((0, 0), np.uint8)).any()


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_margins_change_nothing(above: int, below: int, before: int, after: int) -> None:
    ink = ring(90, 9)
    roomy = np.pad(ink, ((above, below), (before, after)))
    assert np.array_equal(normalize(roomy), normalize(ink))


@pytest.mark.parametrize("side", [60, 150, 300, 900, 2500])
def test_size_changes_little(side: int) -> None:
    assert apart(normalize(ring(120, 12)), normalize(ring(side, side // 10))) < 0.12


@pytest.mark.parametrize(("shape", "long"), [((500, 1), (20, 2)), ((1, 500), (2, 20)), ((1, 1), (20, 20))])
def test_extreme_shapes(shape: tuple[int, int], long: tuple[int, int]) -> None:
    rows, columns = np.nonzero(normalize(np.full(shape, 255, np.uint8)))
    assert abs(np.ptp(rows) + 1 - long[0]) <= 1
    assert abs(np.ptp(columns) + 1 - long[1]) <= 1


@pytest.mark.parametrize("side", [200, 600, 2000])
def test_the_thinnest_line_stays_visible(side: int) -> None:
    digit = normalize(ring(side, 1))
    covered = np.count_nonzero(digit > 100)
    assert digit.max() >= 250
    assert covered > 0.8 * np.count_nonzero(normalize(ring(side, side // 12)) > 100) / 2


def test_faint_thin_lines_survive_shrinking() -> None:
    thin = ring(2000, 1)
    assert apart(normalize(thin), normalize(thin // 16)) < 0.05


def test_shrinking_averages() -> None:
    """Ink five times too large becomes the mean of its 5×5 blocks."""
    ink = np.zeros((100, 100), np.uint8)
    cv2.fillPoly(ink, [np.array([(0, 0), (99, 31), (68, 99), (20, 77)], np.int32)], 255)
    blocks = ink.reshape(20, 5, 20, 5).mean(axis=(1, 3))
    rows, columns = np.nonzero(digit := normalize(ink))
    assert np.abs(digit[rows.min() :, columns.min() :][:20, :20] - blocks).max() <= 1


@pytest.mark.parametrize("peak", [40, 128, 255])
def test_faint_ink_becomes_full(peak: int) -> None:
    faint = (ring(100, 10).astype(int) * peak // 255).astype(np.uint8)
    assert normalize(faint).max() >= 250
    assert apart(normalize(ring(100, 10)), normalize(faint)) < 0.05


def test_unbalanced_ink_stays_whole() -> None:
    ink = np.zeros((100, 100), np.uint8)
    ink[:12, :12] = 255
    ink[99, 99] = 255
    ink[99, 97] = 255
    digit = normalize(ink)
    rows, columns = np.nonzero(digit)
    assert np.ptp(rows) == np.ptp(columns) == 19


@pytest.mark.parametrize("ink", [np.zeros((5, 5)), np.zeros((5, 5, 3), np.uint8), np.zeros(5, np.uint8)])
def test_other_arrays_are_refused(ink: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"ink must be uint8\[h, w\]; this is"):
        normalize.__wrapped__(ink) if hasattr(normalize, "__wrapped__") else normalize(ink)
