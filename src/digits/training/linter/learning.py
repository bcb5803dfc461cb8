"""Does it learn: the first loss, guessing, and whether the network can memorize one batch, at which learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from digits.doctor import Finding
from digits.shapes import Int64, Shaped
from digits.training.engine.losses import Loss
from digits.training.engine.optimizers import Optimizer
from digits.types import CLASSES, Labels

MAX_FIRST_LOSS = 2.0
"""First loss in units of that of ten equal logits. Untrained networks of any shape that see normalized pixels have less
than 1.2; one that sees pixels of 0–255 has 5 or more."""

MEMORIZING_STEPS = 100
"""Steps in which one batch must be memorized; at a good rate, networks of all recipes need less than 20."""

HOPELESS_STEPS, HOPELESS = 25, 0.25
"""Steps after which a learning rate is given up if so small a share of the batch has been memorized."""

MEMORIZED = 0.9
"""Share of a batch that is memorized. Guessing gives a tenth."""

FACTORS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e1, 1e2, 1e3, 1e4, 1e5)
"""Learning rates that are tried, in units of the configured one: it is more often too high than too low. All of them
together cost little more than an epoch of MNIST, and usually a quarter of one."""


def check_first_loss(network: nn.Module, loss: Loss, images: Tensor, labels: Int64[Tensor, " n"]) -> Iterator[Finding]:
    """Find an untrained network that is confident without a reason.

    Parameters
    ----------
    network
        A copy of the untrained network; called once in training mode.
    loss
        Its loss.
    images, labels
        Digits to learn from.
    """
    network.train()
    with torch.no_grad():
        logits = network(images).float()
        first, equal = float(loss(logits, labels)), float(loss(torch.zeros_like(logits), labels))
    if first - equal > (MAX_FIRST_LOSS - 1) * abs(equal) or not math.isfinite(first):
        is_log = abs(equal - math.log(CLASSES)) < 1e-3
        yield Finding(
            "first-loss",
            f"The first loss is {first:.3g}, on {len(labels)} digits before any training; a network that knows nothing "
            f"has {equal:.3g}{', which is ln 10' if is_log else ''}. Its logits reach {float(logits.abs().max()):.3g}.",
            len(labels), len(labels),
            advice="Divide pixels by 255 in forward, or start from smaller weights in the last layer.",
        )  # fmt: skip


def describe_guessing(accuracy: float, labels: Labels) -> str:
    """Say that an accuracy is no better than always giving the most frequent answer; empty if it is better.

    By chance alone, an accuracy exceeds that by two standard deviations in one case of forty.
    """
    counts = np.bincount(labels, minlength=CLASSES)
    share, n = counts.max() / len(labels), len(labels)
    if accuracy > share + 2 * math.sqrt(share * (1 - share) / n):
        return ""
    return (
        f"it reads {accuracy:.1%} of the {n:,} validation digits, and always answering {counts.argmax()} would read "
        f"{share:.1%}"
    )


@dataclass(frozen=True)
class Memorizing:
    """How many of a batch a network memorized, at which share of the configured learning rate."""

    factor: float
    right: int
    total: int

    @property
    def is_done(self) -> bool:
        """Whether it memorized the batch."""
        return self.right >= MEMORIZED * self.total


def memorize(
    make: Callable[[float], tuple[nn.Module, Optimizer]],
    loss: Loss,
    images: Shaped[Tensor, "n ..."],
    labels: Int64[Tensor, " n"],
    factors: Sequence[float] = FACTORS,
) -> list[Memorizing]:
    """Try to memorize one batch at several learning rates, until one is good.

    Parameters
    ----------
    make
        Makes the untrained network and its optimizer, with learning rates multiplied by a factor.
    loss
        The loss.
    images, labels
        The batch.
    factors
        The factors to try.
    """
    tried = []
    for factor in factors:
        network, optimizer = make(factor)
        network.train()
        for module in network.modules():
            if isinstance(module, nn.modules.dropout._DropoutNd):
                module.eval()
        right = 0
        for step in range(MEMORIZING_STEPS):
            with torch.enable_grad():
                logits = network(images).float()
                value = loss(logits, labels)
                optimizer.zero_grad()
                value.backward()
            optimizer.step()
            right = int((logits.detach().argmax(1) == labels).sum())
            is_hopeless = step >= HOPELESS_STEPS and right < HOPELESS * len(labels)
            if right == len(labels) or is_hopeless or not math.isfinite(float(value.detach())):
                break
        tried.append(Memorizing(factor, right, len(labels)))
        if tried[-1].is_done:
            break
    return tried
