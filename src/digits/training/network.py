"""The fully connected network, and how a user's own network is found."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor, nn

from digits.spec import CLASSES, PIXEL_MEAN, PIXEL_STD, SIDE, UsageError
from digits.training.config import TrainConfig

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


class Normalize(nn.Module):
    """Pixels 0–255 to floats of mean 0 and deviation 1 over MNIST, inside the network so that no reader can differ."""

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> Float32[Tensor, "n 28 28"]:
        """Normalize a batch."""
        # in place, since the floats are nobody else's
        return images.float().mul_(1 / (255 * PIXEL_STD)).sub_(PIXEL_MEAN / PIXEL_STD)


class Dropout(nn.Dropout):
    """`torch.nn.Dropout` that needs an eighth of the random numbers on a processor: a byte decides, not a draw.

    The share is rounded to whole 256ths, at least one and never all, and what is kept is scaled by the share really
    kept, so that the mean stays. How much time it saves is in docs/recipes.md.
    """

    def forward(self, values: Float32[Tensor, "n units"]) -> Float32[Tensor, "n units"]:
        """Switch off a share `p` of the values in training, none otherwise."""
        if not self.training or values.device.type != "cpu":
            return super().forward(values)
        dropped = min(255, max(1, round(256 * self.p)))
        draws = torch.empty((values.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        keep = draws.view(torch.int8)[: values.numel()].view(values.shape) >= dropped - 128
        return values * keep.to(values.dtype).mul_(256 / (256 - dropped))


class MLP(nn.Module):
    """784-256-128-10 by default: linear layers with an activation and dropout between them.

    Parameters
    ----------
    hidden
        Width of each hidden layer; none at all gives multinomial logistic regression.
    activation
        A name of `digits.training.config.ACTIVATIONS`.
    dropout
        Share of each hidden layer switched off in training (Srivastava et al. 2014).
    """

    def __init__(self, hidden: Sequence[int] = (256, 128), activation: str = "relu", dropout: float = 0.2) -> None:
        super().__init__()
        layers: list[nn.Module] = [Normalize(), nn.Flatten()]
        width = SIDE * SIDE
        for units in hidden:
            layers += [nn.Linear(width, units), _ACTIVATIONS[activation]()]
            layers += [Dropout(dropout)] if dropout else []
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, CLASSES))

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> Float32[Tensor, "n 10"]:
        """Give the logits of a batch of digits."""
        return cast(Tensor, self.layers(images))


def make_network(config: TrainConfig) -> nn.Module:
    """Build the network that a configuration names, with first weights drawn from its seed.

    Raises
    ------
    UsageError
        When a user's own network is not a module or does not turn ``uint8[n, 28, 28]`` into ``float32[n, 10]``.
    """
    torch.manual_seed(config.seed)
    if config.network == "mlp":
        return MLP(config.hidden, config.activation, config.dropout)
    own = load_own(config.network, "network")
    network = own if isinstance(own, nn.Module) else call_own(own, config, "network", config.network)
    if not isinstance(network, nn.Module):
        raise UsageError(f"network {config.network} gave a {type(network).__name__}, not a torch.nn.Module")
    try:
        # not inference_mode: what a network makes and keeps when it first runs has to be trainable later
        with torch.no_grad():
            logits = network.eval()(torch.zeros(2, SIDE, SIDE, dtype=torch.uint8))
    except Exception as error:
        raise UsageError(
            f"network {config.network} does not take uint8[n, {SIDE}, {SIDE}] images: {error}; "
            "start its forward with images.float() / 255"
        ) from error
    if not isinstance(logits, Tensor) or logits.shape != (2, CLASSES) or logits.dtype != torch.float32:
        found = f"{logits.dtype}{list(logits.shape)}" if isinstance(logits, Tensor) else type(logits).__name__
        raise UsageError(f"network {config.network} gave {found} for two digits; float32[2, {CLASSES}] is needed")
    return network


def describe(network: nn.Module) -> str:
    """Name the shape of a network: ``784-256-128-10``, or its class where it is not a plain stack of layers."""
    if not isinstance(network, MLP):
        return type(network).__name__
    linear = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
    return "-".join(str(width) for width in (linear[0].in_features, *(layer.out_features for layer in linear)))


def load_own(reference: str, field: str) -> Any:
    """Import what ``path/to/file.py:Name`` names.

    Raises
    ------
    UsageError
        When there is no such file, it cannot be imported, or it holds no such name.
    """
    path, _, name = reference.rpartition(":")
    file = Path(path).expanduser()
    if not file.is_file():
        raise UsageError(f"{field} {reference}: there is no file {file}")
    specification = importlib.util.spec_from_file_location(f"digits_own_{file.stem}", file)
    if specification is None or specification.loader is None:
        raise UsageError(f"{field} {reference}: {file} is not a Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look up the module they are defined in
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{field} {reference}: {file} failed with {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        raise UsageError(f"{field} {reference}: there is no {name!r} in {file}")
    return getattr(module, name)


def call_own(make: Any, config: TrainConfig, field: str, reference: str) -> Any:
    """Call a user's factory with the configuration if it takes one, else with nothing.

    Raises
    ------
    UsageError
        When it cannot be called so, or fails.
    """
    if not callable(make):
        raise UsageError(f"{field} {reference} is a {type(make).__name__}, which cannot be called")
    try:
        return make(config) if "config" in inspect.signature(make).parameters else make()
    except Exception as error:
        raise UsageError(
            f"{field} {reference} failed with {type(error).__name__}: {error}; "
            "it is called with nothing, or with the TrainConfig where it has a parameter named config"
        ) from error
