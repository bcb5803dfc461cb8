"""The networks: fully connected, convolutional, an ensemble of either, or a user's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from digits.errors import UsageError
from digits.shapes import Float, Float32, UInt8
from digits.training.config import TrainConfig
from digits.training.distributed import BatchNorm
from digits.training.own import call_own, load_own
from digits.types import CLASSES, PIXEL_MEAN, PIXEL_STD, SIDE

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}

SEEN = slice(2, 25)
"""Rows and columns of a digit that the cnn looks at: those that its first convolution reaches in steps of two."""


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

    def forward(self, values: Float[Tensor, "n units"]) -> Float[Tensor, "n units"]:
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

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> Float[Tensor, "n 10"]:
        """Give the logits of a batch of digits; float32, but where training multiplies in lower precision."""
        return cast(Tensor, self.layers(images))


class Crop(nn.Module):
    """Leave out the outermost pixels, which hardly ever hold ink: a quarter of all work for nothing lost."""

    def forward(self, images: Float32[Tensor, "n 28 28"]) -> Float32[Tensor, "n 1 23 23"]:
        """Crop a batch and give it its one channel."""
        return images[:, None, SEEN, SEEN]


class CNN(nn.Module):
    """A small convolutional network: a 5×5 convolution of stride 2, then pairs of 3×3 convolutions.

    Between the pairs the map is halved by its maxima; at the end each channel's maximum goes into a linear layer, so
    that where on the map something was seen no longer counts. Batch normalisation (Ioffe and Szegedy 2015) follows
    every convolution.

    Parameters
    ----------
    channels
        Of the first convolution, then of each pair, on maps of 10×10, 5×5 and 2×2.
    activation
        A name of `digits.training.config.ACTIVATIONS`.
    dropout
        Share of the last channels switched off in training.
    """

    def __init__(self, channels: Sequence[int] = (16, 32, 64), activation: str = "relu", dropout: float = 0.0) -> None:
        super().__init__()
        make = _ACTIVATIONS[activation]
        width = channels[0]
        layers: list[nn.Module] = [Normalize(), Crop()]
        layers += [nn.Conv2d(1, width, 5, stride=2, bias=False), BatchNorm(width), make()]
        for stage, following in enumerate(channels[1:]):
            layers += [nn.MaxPool2d(2)] if stage else []
            for _ in range(2):
                layers += [nn.Conv2d(width, following, 3, padding=1, bias=False), BatchNorm(following), make()]
                width = following
        layers += [nn.AdaptiveMaxPool2d(1), nn.Flatten(), *([Dropout(dropout)] if dropout else [])]
        self.layers = nn.Sequential(*layers, nn.Linear(width, CLASSES))
        # the order in memory that convolutions of few channels are fastest in
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # missing in torch's stub

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> Float[Tensor, "n 10"]:
        """Give the logits of a batch of digits; float32, but where training multiplies in lower precision."""
        return cast(Tensor, self.layers(images))


class Ensemble(nn.Module):
    """Several networks as one: its probabilities are the means of theirs (Lakshminarayanan et al. 2017).

    Parameters
    ----------
    members
        The networks.
    sure
        Probability from which on the answer of the first is taken as it is, and the others are not asked; 1: never.
    """

    def __init__(self, members: Iterable[nn.Module], sure: float = 1.0) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.sure = sure

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> Float32[Tensor, "n 10"]:
        """Give the logarithms of the mean probabilities, or of the first member's where that is sure."""
        first = self.members[0](images).float().log_softmax(1)
        if self.sure >= 1:
            return self._mean(first, images)
        doubtful = (first.amax(1) < math.log(self.sure)).nonzero()[:, 0]
        answers: Tensor = first.index_copy(0, doubtful, self._mean(first[doubtful], images[doubtful]))
        return answers

    def _mean(self, first: Float32[Tensor, "m 10"], images: UInt8[Tensor, "m 28 28"]) -> Float32[Tensor, "m 10"]:
        others = [member(images).float().log_softmax(1) for member in self.members[1:]]
        return torch.stack([first, *others]).logsumexp(0) - math.log(len(self.members))


def make_network(config: TrainConfig) -> nn.Module:
    """Build the network that a configuration names, with first weights drawn from its seed.

    Raises
    ------
    UsageError
        When a user's own network is not a module or does not turn ``uint8[n, 28, 28]`` into ``float32[n, 10]``.
    """
    if config.members > 1:
        return Ensemble((make_network(config.member(index)) for index in range(config.members)), config.sure)
    torch.manual_seed(config.seed)
    if config.network == "mlp":
        return MLP(config.hidden, config.activation, config.dropout)
    if config.network == "cnn":
        return CNN(config.channels, config.activation, config.dropout)
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
    """Name the shape of a network: ``784-256-128-10``, ``cnn 16-32-64``, or its class where it is neither."""
    if isinstance(network, Ensemble):
        return f"{len(network.members)} × {describe(network.members[0])}"
    if isinstance(network, CNN):
        widths = [layer.out_channels for layer in network.layers if isinstance(layer, nn.Conv2d)]
        return f"cnn {'-'.join(map(str, widths[:1] + widths[1::2]))}"
    if not isinstance(network, MLP):
        return type(network).__name__
    linear = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
    return "-".join(str(width) for width in (linear[0].in_features, *(layer.out_features for layer in linear)))
