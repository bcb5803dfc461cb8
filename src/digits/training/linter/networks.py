"""What is wrong with a network's answers: no logits, not repeatable, or for mirrored digits."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from digits.doctor import Finding
from digits.shapes import Float32, Shaped
from digits.training.linter.probes import answer

TOLERANCE = 1e-3
"""Difference of two equal answers, as a share of the logits' spread: sums in another order make 1e-5 of it on any
device, dropout and other digits a tenth or more."""

MIN_ZEROS = 0.05
"""Share of logits that are exactly zero behind a ReLU, at least; elsewhere there is none."""

FLIP_CALLS, FLIP_DIGITS = 6, 16
"""Calls in training mode, and digits of each: a flip of whole batches by half is missed once in 64 times."""


def check_answers(network: nn.Module, images: Shaped[Tensor, "n ..."]) -> Iterator[Finding]:
    """Find outputs that are no logits, and evaluation that depends on chance or on the other digits.

    Parameters
    ----------
    network
        A copy; it is put into evaluation mode and called three times.
    images
        Digits as it learns them.
    """
    network.eval()
    logits = answer(network, images)
    yield from check_outputs(logits)
    again = answer(network, images)
    scale = max(float(logits.std()), 1e-12)
    difference = float((again - logits).abs().max()) / scale
    n = len(images)
    if difference > TOLERANCE:
        changed = int((again.argmax(1) != logits.argmax(1)).sum())
        on = sum(module.training for module in network.modules())
        yield Finding(
            "random-evaluation",
            f"Dropout, or other chance, is left on in evaluation: read twice, the same {n} digits get logits that "
            f"differ by up to {difference:.2g} of their spread, and {changed} of them another answer"
            + (f"; {on} of its modules ignore eval()." if on else "."),
            changed, n,
            advice="Use nn.Dropout, or F.dropout(…, training=self.training), and augment only if self.training.",
        )  # fmt: skip
        return
    halves = torch.cat([answer(network, part) for part in images.split(n // 2)])
    difference = float((halves - logits).abs().max()) / scale
    if difference > 10 * TOLERANCE:
        changed = int((halves.argmax(1) != logits.argmax(1)).sum())
        yield Finding(
            "batch-dependent",
            f"In evaluation, the answer for a digit depends on the digits beside it: read in two halves, {n} digits "
            f"get logits that differ by up to {difference:.2g} of their spread, and {changed} of them another answer.",
            changed, n,
            advice="Let batch normalization track running statistics, and compute nothing else over the batch.",
        )  # fmt: skip


def check_outputs(logits: Float32[Tensor, "n 10"]) -> Iterator[Finding]:
    """Find probabilities or rectified values where logits should be."""
    n, low, high = len(logits), float(logits.min()), float(logits.max())
    zeros = int((logits == 0).sum())
    is_softmax = low >= 0 and bool(((logits.sum(1) - 1).abs() < TOLERANCE).all())
    is_rectified = low == 0 and zeros >= MIN_ZEROS * logits.numel()
    if is_softmax or (low >= 0 and high <= 1 and not is_rectified):
        name = "softmax" if is_softmax else "sigmoid"
        yield Finding(
            f"{name}-before-loss",
            f"The network ends in {name}: for {n} of {n} digits its outputs lie between {low:.2g} and {high:.2g}"
            + (" and sum to 1" if is_softmax else "")
            + ". Cross-entropy applies softmax itself, so its loss cannot fall below 1.46, and every confidence in the "
            "report is below 24 %.",
            n, n, advice=f"Return the logits: leave the last {name} out.",
        )  # fmt: skip
    elif is_rectified:
        yield Finding(
            "relu-before-loss",
            f"The network ends in ReLU: {zeros} of its {logits.numel()} outputs for {n} digits are exactly 0, and "
            "none is negative, so that half of each answer is lost.",
            zeros, logits.numel(), advice="Return the logits: leave the last activation out.",
        )  # fmt: skip


def check_flips(network: nn.Module, images: Shaped[Tensor, "n ..."]) -> Iterator[Finding]:
    """Find a network that mirrors digits when it trains: its answers are then those for mirrored digits.

    Parameters
    ----------
    network
        A copy; it is called up to seven times. Its dropout and batch normalization are switched off.
    images
        Digits as it learns them.
    """
    images = images[:FLIP_DIGITS]
    network.eval()
    upright, mirrored, flipped = answer(network, torch.cat((images, images.flip(-1), images.flip(-2)))).split(
        len(images)
    )
    network.train()
    for module in network.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd | nn.modules.batchnorm._BatchNorm):
            module.eval()
    limit = TOLERANCE * max(float(upright.std()), 1e-12)
    counts, total = {"left and right": 0, "top and bottom": 0}, 0
    for _ in range(FLIP_CALLS):
        answers = answer(network, images)
        total += len(images)
        is_upright = _is_near(answers, upright, limit)
        for name, turned in (("left and right", mirrored), ("top and bottom", flipped)):
            counts[name] += int((_is_near(answers, turned, limit) & ~is_upright).sum())
    for name, count in counts.items():
        if count:
            yield Finding(
                "flips",
                f"The network swaps {name} of digits in training: {count} of {total} answers are those for the flipped "
                "digit. A flipped digit is another one or none.",
                count, total, advice="Leave flips out; --rotation, --shift and --elastic keep digits what they are.",
            )  # fmt: skip


def _is_near(first: Tensor, second: Tensor, limit: float) -> Tensor:
    return (first - second).abs().amax(1) <= limit
