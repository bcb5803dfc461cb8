"""`lint_loop`: the linter for a network, a loss and batches of a training loop of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from digits.doctor import Finding
from digits.shapes import Shaped
from digits.training.engine.optimizers import Adam
from digits.training.linter.batches import (
    Batches,
    as_images,
    check_copies,
    check_digits,
    check_labels,
    check_order,
    collect,
)
from digits.training.linter.gradients import check_gradients
from digits.training.linter.learning import MEMORIZING_STEPS, check_first_loss, memorize
from digits.training.linter.losses import check_loss
from digits.training.linter.networks import check_answers, check_flips
from digits.training.linter.probes import PROBED_DIGITS, duplicate, undisturbed
from digits.types import LabelledDigits

LR = 1e-3
"""Adam's usual learning rate, at which one batch is to be memorized, or at ten times more or less."""


def lint_loop(
    network: nn.Module,
    batches: Batches,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    *,
    test_batches: Batches | None = None,
) -> list[Finding]:
    """Find mistakes in a training loop of your own, before it trains.

    Copies are called and random generators are put back, so nothing changes but the position of an iterator.

    Parameters
    ----------
    network
        Untrained. Maps the images of a batch to logits ``float32[n, 10]``.
    batches
        Pairs of images and labels, such as a ``DataLoader``; the first 2,000 digits are looked at, in up to three
        passes.
    loss
        Maps logits and labels ``int64[n]`` to one number.
    test_batches
        Likewise; its digits must not be among those learned.

    Returns
    -------
    What was found, each with a sentence and its number; empty if all is well.

    Raises
    ------
    UsageError
        When a batch is no pair of tensors, or there is none.
    """
    device = next(network.parameters()).device
    with undisturbed(device):
        found = dict[str, Finding]()
        for finding in _check(network, batches, loss, test_batches, device):
            found.setdefault(finding.kind, finding)
        return list(found.values())


def _check(
    network: nn.Module,
    batches: Batches,
    loss: Callable[[Tensor, Tensor], Tensor],
    test_batches: Batches | None,
    device: torch.device,
) -> Iterator[Finding]:
    images, labels = collect(batches)
    yield from check_order(batches, labels)
    out_of_range = list(check_labels(labels))
    yield from out_of_range
    if not out_of_range:
        low, high = float(images.min()), float(images.max())
        pictures = as_images(images, low, high)
        if pictures is not None:
            yield from check_digits(LabelledDigits(pictures, labels.cpu().numpy().astype(np.uint8)))
            learned = as_images(collect(test_batches, 10_000)[0], low, high) if test_batches is not None else None
            if learned is not None:
                yield from check_copies(pictures, learned)
        chosen = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))[:PROBED_DIGITS]
        yield from _check_parts(network, loss, images[chosen].to(device), labels[chosen].long().to(device))


def _check_parts(
    network: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], images: Shaped[Tensor, "n ..."], labels: Tensor
) -> Iterator[Finding]:
    yield from check_loss(duplicate(loss), images.device)
    yield from check_first_loss(duplicate(network), duplicate(loss), images, labels)
    yield from check_answers(duplicate(network), images)
    yield from check_flips(duplicate(network), images)
    trained = duplicate(network).train()
    with torch.enable_grad():
        loss(trained(images).float(), labels).backward()
    yield from check_gradients(trained)

    def make(factor: float) -> tuple[nn.Module, Adam]:
        each = duplicate(network)
        return each, Adam([weight for weight in each.parameters() if weight.requires_grad], lr=LR * factor)

    tried = memorize(make, duplicate(loss), images, labels, (1.0, 10.0, 0.1))
    if not tried[-1].is_done:
        best = max(tried, key=lambda each: each.right)
        yield Finding(
            "cannot-memorize",
            f"The network cannot memorize one batch: of {best.total} digits it reads {best.right} after "
            f"{MEMORIZING_STEPS} steps of Adam, at the best of three learning rates.",
            best.right, best.total, advice="Look at what forward returns, and at the loss.",
        )  # fmt: skip
