"""Weights that learn nothing: without a gradient, or with one that is zero."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from digits.doctor import Finding

MAX_NAMES = 3
"""Names of parameters in a sentence; the first ones show where it is."""


def check_gradients(network: nn.Module) -> Iterator[Finding]:
    """Find parameters that the last step left without a gradient.

    An optimizer may have deleted all of them; then nothing is said.
    """
    trained = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
    missing = [name for name, weight in trained if weight.grad is None]
    if len(missing) == len(trained):
        return
    n_weights = {name: weight.numel() for name, weight in trained}
    still = [name for name, weight in trained if weight.grad is not None and not weight.grad.any()]
    for kind, names, words, advice in (
        (
            "no-gradient", missing, "get no gradient, and stay as they were drawn",
            "Look for .detach(), .item(), torch.no_grad(), or a layer that forward does not use.",
        ),
        (
            "zero-gradient", still, "had a gradient of exactly 0 in the last step",
            "Look for a factor of 0, for ReLUs that are never active, or for pixels that were not divided by 255.",
        ),
    ):  # fmt: skip
        if names:
            listed = ", ".join(names[:MAX_NAMES]) + (" …" if len(names) > MAX_NAMES else "")
            yield Finding(
                kind,
                f"{len(names)} of {len(trained)} parameters {words}: {listed}, "
                f"{sum(n_weights[name] for name in names):,} of {sum(n_weights.values()):,} weights.",
                len(names), len(trained), advice=advice,
            )  # fmt: skip
