"""What the finder's network minimizes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from digits.shapes import Float32
from digits.training.finder.targets import Targets

WEIGHTS = {
    "centres": 1.0, "small": 0.5, "classes": 1.0, "boxes": 1.0, "links": 0.5, "directions": 0.2, "struck": 0.2,
}  # fmt: skip
"""Weight of each output's loss. All are means per character but for `small`, a mean per cell. Before the first step,
centres, classes and boxes are then 3 each, links 0.9, directions 0.3 and the others less: what is needed to read counts
most, and the rest rides along."""

USUAL = 20.0
"""Characters of a crop, about, on average."""

FOCUS, TOLERANCE = 2.0, 4.0
"""Exponents alpha and beta of the focal loss, as published."""

Maps = Mapping[str, Float32[Tensor, "b _c h w"]]


def finder_losses(maps: Maps, targets: Targets) -> dict[str, Float32[Tensor, ""]]:
    """Compute the weighted loss of each output.

    Parameters
    ----------
    maps
        The network's raw outputs for b pictures.
    targets
        Their targets.
    """
    n = (targets.weights.sum()).clamp(min=1.0)  # characters

    def at(name: str) -> Float32[Tensor, "m _c"]:
        return maps[name].permute(0, 2, 3, 1).flatten(0, 2)[targets.cells]

    def per_character(losses: Float32[Tensor, " m"]) -> Float32[Tensor, ""]:
        return (losses * targets.weights).sum() / n

    small = F.binary_cross_entropy_with_logits(maps["small"][:, 0], targets.small, reduction="none")
    goes_on, links = targets.links[:, 0], at("links")
    going = F.binary_cross_entropy_with_logits(links[:, 0], goes_on.clamp(min=0), reduction="none")
    vector = (links[:, 1:] - targets.links[:, 1:]).abs().sum(1)
    losses = {
        "centres": _focal_loss(maps["centres"], targets.heat, targets.heat_known) / n,
        "small": (small * targets.small_known).mean(),
        "classes": per_character(F.cross_entropy(at("classes"), targets.labels, ignore_index=-1, reduction="none")),
        "boxes": per_character((at("boxes") - targets.boxes).abs().sum(1)),
        "links": per_character(going * (goes_on >= 0) + vector * (goes_on > 0)),
        "directions": per_character((at("directions") - targets.directions).abs().sum(1)),
        "struck": per_character(
            F.binary_cross_entropy_with_logits(at("struck")[:, 0], targets.struck, reduction="none")
        ),
    }
    return {name: WEIGHTS[name] * loss for name, loss in losses.items()}


def weigh(targets: Targets, crops: int) -> Float32[Tensor, ""]:
    """Compute the weight of a step's losses: the root of how many characters it learns from, 1 for the usual number.

    Losses are means per character, whose gradients are the larger the fewer there are. Alone, the ten characters of an
    almost empty batch would turn the network further than a thousand.
    """
    return (targets.weights.sum() / (USUAL * crops)).clamp(min=1 / (USUAL * crops)).sqrt()


def count_right(maps: Maps, targets: Targets, min_score: float) -> Float32[Tensor, "2"]:
    """Count the characters whose own cell has a high enough score and the right class, and all whose class is known."""
    cells = targets.cells[targets.is_centre]
    labels = targets.labels[targets.is_centre]
    scores = maps["centres"].amax(1).flatten()[cells].sigmoid()
    classes = maps["classes"].permute(0, 2, 3, 1).flatten(0, 2)[cells].argmax(1)
    is_known = labels >= 0
    is_right = is_known & (scores >= min_score) & (classes == labels)
    return torch.stack((is_right.sum(), is_known.sum())).float()


def _focal_loss(
    logits: Float32[Tensor, "b 2 h w"], heat: Float32[Tensor, "b 2 h w"], known: Float32[Tensor, "b h w"]
) -> Float32[Tensor, ""]:
    """Compute the penalty-reduced focal loss (Zhou et al. 2019, equation 1), as a sum."""
    p = logits.sigmoid()
    at_centres = (1 - p) ** FOCUS * F.logsigmoid(logits)
    beside = (1 - heat) ** TOLERANCE * p**FOCUS * F.logsigmoid(-logits)
    return -(torch.where(heat == 1, at_centres, beside) * known[:, None]).sum()
