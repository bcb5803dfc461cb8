"""Corruption of a share of a batch: which digits, by what, and what must never change."""

from __future__ import annotations

import pytest
import torch

from digits.training.config import AugmentationConfig
from digits.training.engine import corruption
from digits.training.engine.augmentation import augment
from digits.training.engine.corruption import corrupt, distort
from digits.training.engine.sampler import Shard

STEPS = [name for name in vars(corruption) if name.endswith("_SHARE")]
"""The probabilities of the steps."""


def seeded(images: torch.Tensor, share: float, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return corrupt(images, share)


def changed(images: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    return (images != before).flatten(1).any(1)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 1.0])
def test_so_large_a_share_is_corrupted_and_the_rest_is_untouched(digits: torch.Tensor, share: float) -> None:
    # a digit may get none of the steps
    assert 0.8 * share <= changed(seeded(digits, share), digits).float().mean() <= share


def test_every_seed_corrupts_other_digits_in_other_ways(digits: torch.Tensor) -> None:
    one, again, other = (seeded(digits, 0.5, seed) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(changed(one, digits), changed(other, digits))
    same = seeded(digits[:1].repeat(100, 1, 1), 1.0)
    assert len(same.flatten(1).unique(dim=0)) > 80


def test_input_is_not_modified(digits: torch.Tensor) -> None:
    before = digits.clone()
    seeded(digits, 1.0)
    assert torch.equal(digits, before)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_any_batch_size_keeps_shape_and_dtype(digits: torch.Tensor, n: int) -> None:
    corrupted = seeded(digits[:n], 1.0)
    assert (corrupted.dtype, tuple(corrupted.shape)) == (torch.uint8, (n, 28, 28))


@pytest.mark.parametrize("name", STEPS)
def test_each_step_alone_changes_digits_but_not_all_of_their_ink(
    digits: torch.Tensor, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for each in STEPS:
        monkeypatch.setattr(corruption, each, float(each == name))
    corrupted = seeded(digits, 1.0)
    assert changed(corrupted, digits).float().mean() > 0.9
    # ten times as often as by chance, the digit's own original resembles it most
    flat, originals = (each.flatten(1).float() for each in (corrupted, digits))
    flat, originals = (each - each.mean(1, keepdim=True) for each in (flat, originals))
    nearest = (flat @ torch.nn.functional.normalize(originals).T).abs().argmax(1)
    assert (nearest == torch.arange(len(digits))).float().mean() > 0.05


def test_no_step_at_all_leaves_every_pixel(digits: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in STEPS:
        monkeypatch.setattr(corruption, each, 0.0)
    assert torch.equal(seeded(digits, 1.0), digits)


def test_processes_corrupt_their_shares_as_one_would(digits: torch.Tensor) -> None:
    whole = seeded(digits, 0.4)
    parts = []
    for start, stop in ((0, 70), (70, 71), (71, 200)):
        torch.manual_seed(0)
        shard = Shard(torch.arange(start, stop), start, len(digits))
        parts.append(corrupt(digits[start:stop], 0.4, shard))
    # products of matrices round differently by their size
    assert (torch.cat(parts).int() - whole.int()).abs().max() <= 1


def test_digits_are_augmented_before_they_are_corrupted(digits: torch.Tensor) -> None:
    config = AugmentationConfig(corruption=0.5)
    torch.manual_seed(0)
    expected = corrupt(augment(digits, config), 0.5)
    torch.manual_seed(0)
    assert torch.equal(distort(digits, config), expected)
    still = AugmentationConfig(rotation=0.0, scale=0.0, shear=0.0, shift=0.0, elastic=0.0, corruption=0.5)
    assert not still.is_active
    torch.manual_seed(0)
    assert 0.4 <= changed(distort(digits, still), digits).float().mean() <= 0.5
