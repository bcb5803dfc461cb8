"""What is minimised, by which rule, at which learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from digits.errors import UsageError
from digits.training.config import TrainConfig
from digits.training.optimizers import Adam, Muon, Optimizer
from digits.training.own import call_own, load_own
from digits.types import CLASSES

Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits ``float32[n, 10]`` and labels ``int64[n]`` to the mean loss of the batch."""


def make_loss(config: TrainConfig) -> Loss:
    """Give the loss that the configuration names.

    ``focal`` is Lin et al. (2017) with γ = 2, ``squared-error`` the Brier score of the probabilities, ``hinge`` the
    multi-class margin of Weston and Watkins (1999).
    """
    if config.loss == "cross-entropy":
        return lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
    if config.loss == "focal":
        return _focal
    if config.loss == "squared-error":
        return _squared_error
    if config.loss == "hinge":
        return F.multi_margin_loss
    own = load_own(config.loss, "loss")
    loss = cast(Loss, call_own(own, config, "loss", config.loss) if isinstance(own, type) else own)
    try:
        tried = loss(torch.zeros(2, CLASSES, requires_grad=True), torch.arange(2))
    except Exception as error:
        raise UsageError(
            f"loss {config.loss} failed with {type(error).__name__}: {error}; "
            f"it is called with logits float32[n, {CLASSES}] and labels int64[n]"
        ) from error
    if not isinstance(tried, Tensor) or tried.ndim or not tried.requires_grad:
        found = f"a tensor of shape {list(tried.shape)}" if isinstance(tried, Tensor) else type(tried).__name__
        raise UsageError(f"loss {config.loss} gave {found}; one number that depends on the logits is needed")
    return loss


def distillation(logits: Tensor, taught: Tensor, softening: float) -> Tensor:
    """Give the mean divergence of a network's softened answers from its teacher's (Hinton et al. 2015, section 2).

    Parameters
    ----------
    logits, taught
        ``float32[n, 10]`` of the network and of the teacher, for the same digits.
    softening
        Temperature of both; the loss is multiplied by its square, so that gradients keep their size.
    """
    target = F.log_softmax(taught / softening, 1)
    answer = F.log_softmax(logits / softening, 1)
    return F.kl_div(answer, target, reduction="batchmean", log_target=True) * softening**2


def _focal(logits: Tensor, labels: Tensor) -> Tensor:
    log_likelihood = -F.cross_entropy(logits, labels, reduction="none")
    return -((1 - log_likelihood.exp()).square() * log_likelihood).mean()


def _squared_error(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.softmax(1) - F.one_hot(labels, CLASSES)).square().sum(1).mean()


def make_optimizer(network: nn.Module, config: TrainConfig) -> Optimizer:
    """Give the optimizer that the configuration names, over all weights of the network."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    if not weights:
        raise UsageError(f"network {config.network} has no weights to train")
    common: dict[str, Any] = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
    match config.optimizer:
        case "adam" | "adamw":
            return Adam(weights, **common, decoupled=config.optimizer == "adamw")
        case "muon":
            dtype = compute_dtype(config.precision, weights[0].device)
            rates = {"lr": config.matrix_rate, "vector_lr": config.learning_rate}
            return Muon(weights, **common | rates, momentum=config.momentum, dtype=dtype)
        case "adagrad":
            return torch.optim.Adagrad(weights, **common)
        case "nadam":
            return torch.optim.NAdam(weights, **common)
        case "radam":
            return torch.optim.RAdam(weights, **common)
        case "adamax":
            return torch.optim.Adamax(weights, **common)
        case "rmsprop":
            return torch.optim.RMSprop(weights, **common, momentum=config.momentum)
        case "sgd":
            nesterov = config.momentum > 0
            return torch.optim.SGD(weights, **common, momentum=config.momentum, nesterov=nesterov, fused=True)
        case own:
            make = load_own(own, "optimizer")
            try:
                optimizer = make(weights, **common)
            except Exception as error:
                raise UsageError(
                    f"optimizer {own} failed with {type(error).__name__}: {error}; "
                    "it is called with the weights, lr and weight_decay"
                ) from error
            if not isinstance(optimizer, torch.optim.Optimizer):
                raise UsageError(f"optimizer {own} gave a {type(optimizer).__name__}, not a torch.optim.Optimizer")
            return optimizer


def compute_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Give the type that training multiplies in.

    ``auto`` is bfloat16 where the device has instructions for it: CUDA devices from compute capability 8, and
    processors with AVX-512 BF16 or AMX. Weights, sums and everything after training are float32 in any case.
    """
    if precision != "auto":
        return torch.float32 if precision == "float32" else torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float32
    # asked by name, since not every version of torch can tell
    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)() if device.type == "cpu" else {}
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else torch.float32


def schedule(config: TrainConfig, progress: float) -> float:
    """Give the share of the highest learning rate at a point of the run.

    A function of the position alone, so that nothing about the schedule has to be stored to resume it.

    Parameters
    ----------
    config
        Names the schedule; ``one-cycle`` rises linearly, then falls linearly to nothing (Smith and Topin 2018).
    progress
        Share of the run's steps made by the middle of this one, above 0 and below 1.
    """
    match config.schedule:
        case "constant":
            return 1.0
        case "step":
            return 0.1 ** ((progress >= 0.6) + (progress >= 0.8))
        case "linear":
            return 1 - progress
        case "cosine":
            return (1 + math.cos(math.pi * progress)) / 2
        case _ if progress < config.warmup:
            return progress / config.warmup
        case _:
            return (1 - progress) / (1 - config.warmup)
