"""Ink is found on any ground: dark or light, in light and shadow, through noise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.preprocessing import find_ink
from digits.preprocessing.ink import (
    DARK_GROUND,
    MAX_DIGIT_SIDE,
    MIN_CONTRAST,
    count_levels,
    find_contrast,
    label_components,
)

MASK = np.zeros((100, 90), np.uint8)
cv2.polylines(MASK, [np.array([(25, 20), (60, 20), (38, 80)], np.int32)], False, 255, 7, cv2.LINE_AA)
SEVEN = MASK.astype(float) / 255


def agreement(ink: np.ndarray) -> float:
    """Intersection over union of the ink found and the true ink."""
    found, true = ink > 100, MASK > 100
    return float((found & true).sum() / (found | true).sum())


def picture(paper: np.ndarray | float, pen: float) -> np.ndarray:
    return np.rint(np.clip(paper * (1 - SEVEN) + pen * SEVEN, 0, 255)).astype(np.uint8)


@given(st.integers(0, 255), st.integers(0, 255))
def test_any_two_greys(paper: int, pen: int) -> None:
    ink = find_ink(picture(paper, pen))
    ground = paper if pen < paper else 255 - paper  # light ink is found in the negative
    if abs(paper - pen) >= 12:
        assert agreement(ink) > 0.85
        assert ink.max() == 255
        assert not ink[:10].any()
    elif abs(paper - pen) * 255 // max(ground, DARK_GROUND) < MIN_CONTRAST:
        assert not ink.any()


def test_a_negative_has_the_same_ink() -> None:
    noisy = picture(200, 60).astype(int) + np.random.default_rng(0).normal(0, 4, MASK.shape)
    grey = noisy.clip(0, 255).astype(np.uint8)
    assert np.abs(find_ink(grey).astype(int) - find_ink(255 - grey)).mean() < 1


@pytest.mark.parametrize("pen", [40, 90, 120])
def test_light_that_falls_off_to_half(pen: int) -> None:
    light = np.linspace(1, 0.5, 90) * np.linspace(1, 0.9, 100)[:, None]
    ink = find_ink((picture(220, pen) * light).astype(np.uint8))
    assert agreement(ink) > 0.75


def test_ink_in_a_dark_corner_is_as_wide_as_in_the_light() -> None:
    y, x = np.mgrid[-1:1:100j, -1:1:90j]  # type: ignore[misc]
    light = 1 - 0.7 / (1 + np.exp(-(x + y - 0.5) / 0.15))
    assert agreement(find_ink((picture(220, 60) * light).astype(np.uint8))) > 0.88


def test_a_soft_shadow_is_not_ink() -> None:
    x = np.linspace(0, 1, 90)
    shadow = 1 - 0.3 / (1 + np.exp(-(x - 0.6) / 0.05))
    ink = find_ink((picture(220, 60) * shadow).astype(np.uint8))
    assert agreement(ink) > 0.75


@pytest.mark.parametrize("noise", [3, 8, 14])
def test_noise_is_not_ink(noise: float) -> None:
    grain = np.random.default_rng(1).normal(0, noise, MASK.shape)
    ink = find_ink((picture(200, 60) + grain).clip(0, 255).astype(np.uint8))
    assert agreement(ink) > 0.75
    assert ink[:10].sum() < 255


def test_empty_paper_holds_no_ink() -> None:
    assert not find_ink(np.full((80, 80), 200, np.uint8)).any()
    grain = np.random.default_rng(2).normal(200, 2, (80, 80)).clip(0, 255).astype(np.uint8)
    assert not find_ink(grain).any()


def test_colours_are_read_as_greys() -> None:
    colour = np.stack([picture(230, 30), picture(220, 40), picture(150, 140)], axis=2)
    assert agreement(find_ink(colour)) > 0.85


def test_a_large_picture_is_shrunk() -> None:
    large = cv2.resize(picture(230, 20), (1800, 2000), interpolation=cv2.INTER_LINEAR)
    ink = find_ink(large)
    assert max(ink.shape) == MAX_DIGIT_SIDE
    assert agreement(cv2.resize(ink, (90, 100), interpolation=cv2.INTER_AREA)) > 0.8


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2), (3, 500, 3), (0, 0), (5, 0, 3)])
def test_any_size(shape: tuple[int, ...]) -> None:
    ink = find_ink(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8))
    assert ink.dtype == np.uint8
    assert ink.ndim == 2


def test_contrast_is_relative_to_the_ground() -> None:
    paper, pen = 200, 90
    dark, light = find_contrast(picture(paper, pen), MAX_DIGIT_SIDE)
    assert dark.max() == (paper - pen) * 255 // paper
    assert not light.any()
    dark, _ = find_contrast(picture(60, 10), MAX_DIGIT_SIDE)
    assert dark.max() == (60 - 10) * 255 // DARK_GROUND


@pytest.mark.parametrize("ink", [np.zeros((4, 5), np.uint8), MASK, np.arange(256, dtype=np.uint8).repeat(3)[None]])
def test_levels_are_counted_as_by_numpy(ink: np.ndarray) -> None:
    assert (count_levels(ink) == np.bincount(ink.ravel(), minlength=256)).all()


def test_components_are_labelled_as_by_opencv() -> None:
    rng = np.random.default_rng(3)
    for share in (0.05, 0.2, 0.4, 0.6):
        ink = (rng.random((61, 83)) < share).astype(np.uint8)
        for ours, opencvs in zip(
            label_components(ink), cv2.connectedComponentsWithStats(ink, connectivity=8), strict=True
        ):
            assert np.array_equal(ours, opencvs)
