"""What is wrong with a loss: it ignores its target, wants other labels, or applies softmax to logits twice."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from digits.doctor import Finding
from digits.training.engine.losses import Loss
from digits.types import CLASSES

CONFIDENT = 30.0
"""Logit of an answer without any doubt: its cross-entropy is zero in float32."""

TOLERANCE = 1e-3
"""How far a loss may be from a signature; float32 alone is a thousand times closer."""

SIGNATURES = {
    (math.log(math.e + CLASSES - 1) - 1, math.log(math.e + CLASSES - 1)): (
        "softmax-before-loss",
        "applies softmax before cross-entropy, which applies it again",
        "Pass the logits to cross_entropy as they are.",
    ),
    (-1.0, 0.0): (
        "log-missing",
        "passes probabilities to nll_loss, which needs their logarithms",
        "Use cross_entropy on the logits, or log_softmax before nll_loss.",
    ),
    (-CONFIDENT, 0.0): (
        "log-missing",
        "passes logits to nll_loss, which needs log-probabilities, so that it falls without end",
        "Use cross_entropy on the logits, or log_softmax before nll_loss.",
    ),
}
"""Losses of a right and of a wrong answer without any doubt, by which a mistake is recognized."""


FAULTS_OF_LOSSES = ("ignored-target", "reversed-loss", "shifted-labels", "log-missing")
"""Kinds of findings with which no network can learn what the labels say."""


def check_loss(loss: Loss, device: torch.device) -> Iterator[Finding]:
    """Find what a loss does with ten labels, one of each digit.

    Parameters
    ----------
    loss
        Maps logits ``float32[n, 10]`` and labels ``int64[n]`` to one number; called nine times.
    device
        Where the logits are to lie.
    """
    labels = torch.arange(CLASSES, device=device)
    logits = torch.randn(CLASSES, CLASSES, generator=torch.Generator().manual_seed(0)).to(device)
    values = [_value(loss, logits, labels.roll(shift)) for shift in range(3)]
    if max(values) - min(values) <= 1e-6 * max(map(abs, values)):
        yield Finding(
            "ignored-target",
            f"The loss ignores its target: for the same logits it is {values[0]:.4g} whether their labels are right or "
            f"wrong, in {len(values)} of {len(values)} trials.",
            len(values), len(values), advice="Use the labels, its second argument.",
        )  # fmt: skip
        return
    yield from _check_direction(loss, labels)
    right, wrong = (_value(loss, CONFIDENT * torch.eye(CLASSES, device=device)[labels.roll(k)], labels) for k in (0, 1))
    for expected, (kind, words, advice) in SIGNATURES.items():
        if abs(right - expected[0]) < TOLERANCE and abs(wrong - expected[1]) < TOLERANCE:
            yield Finding(
                kind,
                f"The loss {words}: of ten right answers without any doubt it is {right:.2f}, and of ten wrong ones "
                f"{wrong:.2f}.",
                CLASSES, CLASSES, advice=advice,
            )  # fmt: skip
    once, twice = values[0], _value(loss, logits.repeat(2, 1), labels.repeat(2))
    if once and abs(twice / once - 2) < TOLERANCE:
        yield Finding(
            "summed-loss",
            f"The loss sums over the batch: of {CLASSES} digits it is {once:.3g}, and of the same digits twice "
            f"{twice:.3g}, so that the learning rate depends on the batch size.",
            2 * CLASSES, CLASSES, advice="Return the mean over the batch.",
        )  # fmt: skip


def _check_direction(loss: Loss, labels: Tensor) -> Iterator[Finding]:
    """Find which digit the loss makes more probable for each label, by its gradient at equal logits."""
    logits = torch.zeros(CLASSES, CLASSES, device=labels.device, requires_grad=True)
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(loss(logits, labels), logits)
    lowest, highest = slope.min(1), slope.max(1)
    if not (lowest.values < highest.values).all():
        return
    shift = (lowest.indices - labels) % CLASSES
    if (highest.indices == labels).all() and not (lowest.indices == labels).any():
        yield Finding(
            "reversed-loss",
            f"The loss rewards wrong answers: for {CLASSES} of {CLASSES} labels it falls when their digit becomes less "
            "probable.",
            CLASSES, CLASSES, advice="Change its sign.",
        )  # fmt: skip
    elif shift[0] and (shift == shift[0]).all():
        yield Finding(
            "shifted-labels",
            f"The labels are shifted in the loss: for {CLASSES} of {CLASSES} labels it rewards another digit, "
            f"{int(shift[0])} for the label 0, {int(shift[1] + 1) % CLASSES} for the label 1, and so on.",
            CLASSES, CLASSES, advice="Labels are 0 to 9 already: use them as they are.",
        )  # fmt: skip


def _value(loss: Loss, logits: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        return float(loss(logits, labels))
