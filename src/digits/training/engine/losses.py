"""The losses: of labels, of a teacher's predictions, and of outliers."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from digits.errors import UsageError
from digits.training.config import OptimizationConfig
from digits.training.engine.plugins import call_plugin, load_plugin
from digits.types import CLASSES

Loss = Callable[[Tensor, Tensor], Tensor]
"""Maps logits ``float32[n, 10]`` and labels ``int64[n]`` to the mean loss of the batch."""

OUTLIER_WEIGHT = 0.5
"""Weight of the outliers' loss beside that of the digits, as in Hendrycks, Mazeika, Dietterich (2019), section 4."""


def make_loss(config: OptimizationConfig) -> Loss:
    """Return the configured loss.

    ``focal`` is Lin et al. (2017) with γ = 2, ``squared-error`` the Brier score of the probabilities, ``hinge`` the
    multi-class margin of Weston and Watkins (1999).

    Raises
    ------
    UsageError
        When a loss of your own does not return one number that depends on the logits.
    """
    if config.loss == "cross-entropy":
        return lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
    if config.loss == "focal":
        return _focal
    if config.loss == "squared-error":
        return _squared_error
    if config.loss == "hinge":
        return F.multi_margin_loss
    plugin = load_plugin(config.loss, "loss")
    loss = cast(Loss, call_plugin(plugin, config, "loss", config.loss) if isinstance(plugin, type) else plugin)
    try:
        value = loss(torch.zeros(2, CLASSES, requires_grad=True), torch.arange(2))
    except Exception as error:
        raise UsageError(
            f"loss {config.loss} failed with {type(error).__name__}: {error}; "
            f"it is called with logits float32[n, {CLASSES}] and labels int64[n]"
        ) from error
    if not isinstance(value, Tensor) or value.ndim or not value.requires_grad:
        found = f"a tensor of shape {list(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise UsageError(f"loss {config.loss} returned {found}; it must be one number that depends on the logits")
    return loss


def distillation_loss(logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """Return the mean divergence of the student from its teacher (Hinton et al. 2015, section 2).

    Parameters
    ----------
    logits, teacher_logits
        ``float32[n, 10]`` for the same digits.
    temperature
        Divides both; the loss is multiplied by its square, so that gradients keep their size.
    """
    target = F.log_softmax(teacher_logits / temperature, 1)
    prediction = F.log_softmax(logits / temperature, 1)
    return F.kl_div(prediction, target, reduction="batchmean", log_target=True) * temperature**2


def outlier_loss(logits: Tensor) -> Tensor:
    """Return the mean cross-entropy of non-digits from equally likely classes, of logits ``float32[n, 10]``."""
    return -logits.log_softmax(1).mean(1).sum() / max(len(logits), 1)


def _focal(logits: Tensor, labels: Tensor) -> Tensor:
    log_likelihood = -F.cross_entropy(logits, labels, reduction="none")
    return -((1 - log_likelihood.exp()).square() * log_likelihood).mean()


def _squared_error(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.softmax(1) - F.one_hot(labels, CLASSES)).square().sum(1).mean()
