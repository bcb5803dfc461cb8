"""Augmentation against independent resampling, and what it must never do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from digits.training.config import AugmentationConfig
from digits.training.engine import augmentation
from digits.training.engine.augmentation import augment

STILL = AugmentationConfig(rotation=0.0, scale=0.0, shear=0.0, shift=0.0, elastic=0.0)
LINEAR = {"order": 1, "mode": "grid-constant"}
"""Makes SciPy interpolate as torch does: linearly, with background beyond the edge."""
FIELDS = {"rotation": 15.0, "scale": 0.2, "shear": 0.3, "shift": 3.0, "elastic": 0.5}


def seeded(images: torch.Tensor, config: AugmentationConfig, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return augment(images, config)


def test_no_distortion_changes_no_pixel() -> None:
    noise = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8))
    assert torch.equal(seeded(noise, STILL), noise)
    assert not STILL.is_active


@pytest.mark.parametrize("field", FIELDS)
def test_each_setting_alone_distorts(digits: torch.Tensor, field: str) -> None:
    config = replace(STILL, **{field: FIELDS[field]})
    assert config.is_active
    changed = (seeded(digits, config) != digits).flatten(1).any(1)
    assert changed.float().mean() > 0.95


def test_seed_determines_the_distortion(digits: torch.Tensor) -> None:
    config = replace(STILL, **FIELDS)
    assert torch.equal(seeded(digits, config, 1), seeded(digits, config, 1))
    assert not torch.equal(seeded(digits, config, 1), seeded(digits, config, 2))


def test_input_is_not_modified(digits: torch.Tensor) -> None:
    before = digits.clone()
    seeded(digits, replace(STILL, **FIELDS))
    assert torch.equal(digits, before)


@pytest.mark.parametrize("field", FIELDS)
def test_digits_of_a_batch_are_distorted_differently(digits: torch.Tensor, field: str) -> None:
    same = digits[:1].repeat(40, 1, 1)
    distorted = seeded(same, replace(STILL, **{field: FIELDS[field]}))
    assert len(distorted.flatten(1).unique(dim=0)) >= 38


@pytest.mark.parametrize("n", [0, 1, 7])
def test_any_batch_size_keeps_shape_and_dtype(digits: torch.Tensor, n: int) -> None:
    distorted = seeded(digits[:n], replace(STILL, **FIELDS))
    assert (distorted.dtype, tuple(distorted.shape)) == (torch.uint8, (n, 28, 28))


def centres(images: torch.Tensor) -> np.ndarray:
    return np.array([ndimage.center_of_mass(image) for image in images.numpy().astype(float)])


def test_shift_moves_the_centre_of_mass_up_to_its_bound(digits: torch.Tensor) -> None:
    moved = centres(seeded(digits, replace(STILL, shift=2.0))) - centres(digits)
    assert np.abs(moved).max() <= 2.02  # 0.02: values are rounded to whole grey levels
    assert np.abs(moved).max() > 1.9
    assert np.abs(moved.mean(0)).max() < 0.3


def test_shift_equals_scipys(monkeypatch: pytest.MonkeyPatch, digits: torch.Tensor) -> None:
    draw(monkeypatch, shift_x=0.25, shift_y=-0.5)
    moved = augment(digits, replace(STILL, shift=2.0)).numpy().astype(float)
    expected = [ndimage.shift(image, (1.0, -0.5), **LINEAR) for image in digits.numpy().astype(float)]
    assert np.abs(moved - np.array(expected)).max() <= 0.51


@pytest.mark.parametrize("degrees", [-15.0, 4.0, 15.0])
def test_rotation_equals_scipys(monkeypatch: pytest.MonkeyPatch, digits: torch.Tensor, degrees: float) -> None:
    draw(monkeypatch, angle=degrees / 15)
    turned = augment(digits, replace(STILL, rotation=15.0)).numpy().astype(float)
    expected = [ndimage.rotate(image, degrees, reshape=False, **LINEAR) for image in digits.numpy().astype(float)]
    assert np.abs(turned - np.array(expected)).max() <= 0.6


@pytest.mark.parametrize(
    ("drawn", "matrix"),
    [
        ({"scale_x": 1.0}, [[1, 0], [0, 1.2]]),
        ({"scale_y": -1.0}, [[0.8, 0], [0, 1]]),
        ({"shear": 1.0}, [[1, 0], [0.3, 1]]),
        ({"shear": -0.5, "scale_x": 0.5, "scale_y": 0.5}, [[1.1, 0], [-0.15 * 1.1, 1.1]]),
    ],
)
def test_scale_and_shear_equal_scipys(
    monkeypatch: pytest.MonkeyPatch, digits: torch.Tensor, drawn: dict[str, float], matrix: list[list[float]]
) -> None:
    draw(monkeypatch, **drawn)
    distorted = augment(digits, replace(STILL, scale=0.2, shear=0.3)).numpy().astype(float)
    middle = np.array([13.5, 13.5])  # rows and columns, as scipy counts them
    offset = middle - np.array(matrix) @ middle
    expected = [ndimage.affine_transform(image, matrix, offset, **LINEAR) for image in digits.numpy().astype(float)]
    assert np.abs(distorted - np.array(expected)).max() <= 0.6


def test_elastic_is_the_root_mean_square_displacement_in_pixels() -> None:
    torch.manual_seed(0)
    config = replace(STILL, elastic=0.7)
    grid = augmentation.draw_coefficients(4000, config, torch.device("cpu")) @ augmentation._basis(torch.device("cpu"))
    still = augmentation.draw_coefficients(1, STILL, torch.device("cpu")) @ augmentation._basis(torch.device("cpu"))
    displacement = (grid - still).view(-1, 28, 28, 2) * 14  # from the grid's -1..1 to pixels
    assert displacement.square().mean().sqrt().item() == pytest.approx(0.7, rel=0.01)
    for axis in (0, 1):
        assert displacement[..., axis].square().mean().sqrt().item() == pytest.approx(0.7, rel=0.02)
    steps = (displacement[:, 1:] - displacement[:, :-1]).square().mean().sqrt()
    assert steps.item() < 0.7 / 4, "smooth, not noise"


@pytest.mark.parametrize(("low", "high"), [(0.05, 0.2), (0.2, 0.8)])
def test_higher_elastic_moves_more_ink(digits: torch.Tensor, low: float, high: float) -> None:
    little, much = (
        (seeded(digits, replace(STILL, elastic=e)).float() - digits.float()).abs().mean() for e in (low, high)
    )
    assert little < much


def draw(monkeypatch: pytest.MonkeyPatch, **drawn: float) -> None:
    """Let the uniform draws from -1 to 1 be these for every digit, and else 0."""
    order = ("angle", "scale_x", "scale_y", "shear", "shift_x", "shift_y")
    values = torch.tensor([(drawn.get(name, 0.0) + 1) / 2 for name in order])
    monkeypatch.setattr(torch, "rand", lambda rows, n, device: values[:, None].repeat(1, n))
