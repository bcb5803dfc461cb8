"""The networks: the MLP, the CNN, an ensemble of either, or your own; and what a network predicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from digits.errors import UsageError
from digits.shapes import Float, Float32, UInt8
from digits.training.config import ModelConfig, TrainConfig
from digits.training.engine.distributed import BatchNorm
from digits.training.engine.plugins import call_plugin, load_plugin
from digits.types import CLASSES, PIXEL_MEAN, PIXEL_STD, SIDE, Images, LabelledDigits, Logits

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}

MAX_WEIGHTS = 100_000_000
"""Weights of an mlp or cnn, at most: training holds some five copies, so 2 GB. A file with other sizes is broken."""

CROP = slice(2, 25)
"""Rows and columns of a digit that the CNN sees: those that its first convolution reaches in steps of two."""


class Normalize(nn.Module):
    """Scale pixels 0–255 to mean 0 and deviation 1 over MNIST; part of the network, so that no reader can differ."""

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> Float32[Tensor, "n 28 28"]:
        """Normalize a batch."""
        # in place: the floats are a fresh copy
        return images.float().mul_(1 / (255 * PIXEL_STD)).sub_(PIXEL_MEAN / PIXEL_STD)


class MLP(nn.Module):
    """784-256-128-10 by default: linear layers with an activation and dropout between them.

    Parameters
    ----------
    hidden_sizes
        Width of each hidden layer; an empty tuple gives multinomial logistic regression.
    activation
        A name of `digits.training.config.ACTIVATIONS`.
    dropout
        Probability of dropping each hidden unit in training (Srivastava et al. 2014).
    """

    def __init__(
        self, hidden_sizes: Sequence[int] = (256, 128), activation: str = "relu", dropout: float = 0.2
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [Normalize(), nn.Flatten()]
        width = SIDE * SIDE
        for units in hidden_sizes:
            layers += [nn.Linear(width, units), _ACTIVATIONS[activation]()]
            layers += [nn.Dropout(dropout)] if dropout else []
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, CLASSES))

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> Float[Tensor, "n 10"]:
        """Return the logits of a batch; float32, or the lower precision that training multiplies in."""
        return cast(Tensor, self.layers(images))


class Crop(nn.Module):
    """Crop the outermost pixels, which hardly ever hold ink: saves a quarter of the work at no loss."""

    def forward(self, images: Float32[Tensor, "n 28 28"]) -> Float32[Tensor, "n 1 23 23"]:
        """Crop a batch and add its channel axis."""
        return images[:, None, CROP, CROP]


class CNN(nn.Module):
    """A small convolutional network: a 5×5 convolution of stride 2, then pairs of 3×3 convolutions.

    Max pooling halves the feature maps between the pairs; a global maximum per channel feeds the last linear layer.
    Batch normalization (Ioffe and Szegedy 2015) follows every convolution.

    Parameters
    ----------
    channels
        Channels of the first convolution, then of each pair, on maps of 10×10, 5×5 and 2×2 pixels.
    activation
        A name of `digits.training.config.ACTIVATIONS`.
    dropout
        Probability of dropping each of the last channels in training.
    """

    def __init__(self, channels: Sequence[int] = (16, 32, 64), activation: str = "relu", dropout: float = 0.0) -> None:
        super().__init__()
        make = _ACTIVATIONS[activation]
        width = channels[0]
        layers: list[nn.Module] = [Normalize(), Crop()]
        layers += [nn.Conv2d(1, width, 5, stride=2, bias=False), BatchNorm(width), make()]
        for stage, stage_width in enumerate(channels[1:]):
            layers += [nn.MaxPool2d(2)] if stage else []
            for _ in range(2):
                layers += [nn.Conv2d(width, stage_width, 3, padding=1, bias=False), BatchNorm(stage_width), make()]
                width = stage_width
        layers += [nn.AdaptiveMaxPool2d(1), nn.Flatten(), *([nn.Dropout(dropout)] if dropout else [])]
        self.layers = nn.Sequential(*layers, nn.Linear(width, CLASSES))
        # the memory layout in which convolutions of few channels are fastest
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # missing in torch's stub

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> Float[Tensor, "n 10"]:
        """Return the logits of a batch; float32, or the lower precision that training multiplies in."""
        return cast(Tensor, self.layers(images))


class Ensemble(nn.Module):
    """Several networks as one: averages their probabilities (Lakshminarayanan et al. 2017).

    Parameters
    ----------
    members
        The networks.
    cascade_threshold
        Confidence from which the first member's answer is final and the others are not queried; 1 queries all.
    """

    def __init__(self, members: Iterable[nn.Module], cascade_threshold: float = 1.0) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.cascade_threshold = cascade_threshold

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> Float32[Tensor, "n 10"]:
        """Return the logarithm of the mean probabilities, or of the first member's where it is confident."""
        first = self.members[0](images).float().log_softmax(1)
        if self.cascade_threshold >= 1:
            return self._mean(first, images)
        doubtful = (first.amax(1) < math.log(self.cascade_threshold)).nonzero()[:, 0]
        answers: Tensor = first.index_copy(0, doubtful, self._mean(first[doubtful], images[doubtful]))
        return answers

    def _mean(self, first: Float32[Tensor, "m 10"], images: UInt8[Tensor, "m 28 28"]) -> Float32[Tensor, "m 10"]:
        others = [member(images).float().log_softmax(1) for member in self.members[1:]]
        return torch.stack([first, *others]).logsumexp(0) - math.log(len(self.members))


def make_network(config: TrainConfig) -> nn.Module:
    """Build the configured network, with initial weights drawn from the run's seed.

    Raises
    ------
    UsageError
        When a network of your own is not a module that maps ``uint8[n, 28, 28]`` to ``float32[n, 10]``, or another
        has more than `MAX_WEIGHTS`.
    """
    model = config.model
    _check_size(model)
    if model.ensemble_size > 1:
        members = (make_network(config.member(index)) for index in range(model.ensemble_size))
        return Ensemble(members, model.cascade_threshold)
    torch.manual_seed(config.run.seed)
    if model.network in KINDS:
        return KINDS[model.network](model)
    plugin = load_plugin(model.network, "network")
    network = plugin if isinstance(plugin, nn.Module) else call_plugin(plugin, config, "network", model.network)
    if not isinstance(network, nn.Module):
        raise UsageError(f"network {model.network} returned a {type(network).__name__}, not a torch.nn.Module")
    try:
        # not inference_mode: parameters that a network creates in its first call must be trainable later
        with torch.no_grad():
            logits = network.eval()(torch.zeros(2, SIDE, SIDE, dtype=torch.uint8))
    except Exception as error:
        raise UsageError(
            f"network {model.network} does not accept uint8[n, {SIDE}, {SIDE}] images: {error}; "
            "start its forward with images.float() / 255"
        ) from error
    if not isinstance(logits, Tensor) or logits.shape != (2, CLASSES) or logits.dtype != torch.float32:
        found = f"{logits.dtype}{list(logits.shape)}" if isinstance(logits, Tensor) else type(logits).__name__
        raise UsageError(f"network {model.network} returned {found} for two digits; it must be float32[2, {CLASSES}]")
    if not any(weight.requires_grad for weight in network.parameters()):
        raise UsageError(f"network {model.network} has no weights to train")
    return network


KINDS: dict[str, Callable[[ModelConfig], nn.Module]] = {
    "mlp": lambda model: MLP(model.hidden_sizes, model.activation, model.dropout),
    "cnn": lambda model: CNN(model.channels, model.activation, model.dropout),
}
"""The networks by name."""


def _check_size(model: ModelConfig) -> None:
    if model.network not in KINDS:
        return
    with torch.device("meta"):  # which counts weights without holding any
        n_weights = model.ensemble_size * sum(weight.numel() for weight in KINDS[model.network](model).parameters())
    if n_weights > MAX_WEIGHTS:
        name = "hidden_sizes" if model.network == "mlp" else "channels"
        raise UsageError(f"{n_weights:,} weights are more than the {MAX_WEIGHTS:,} that digits trains: lower {name}")


def describe_network(network: nn.Module) -> str:
    """Describe the shape of a network: ``784-256-128-10``, ``cnn 16-32-64``, or the class name of your own."""
    if isinstance(network, Ensemble):
        return f"{len(network.members)} × {describe_network(network.members[0])}"
    if isinstance(network, CNN):
        widths = [layer.out_channels for layer in network.layers if isinstance(layer, nn.Conv2d)]
        return f"cnn {'-'.join(map(str, widths[:1] + widths[1::2]))}"
    if not isinstance(network, MLP):
        return type(network).__name__
    linear = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
    return "-".join(str(width) for width in (linear[0].in_features, *(layer.out_features for layer in linear)))


def predict(network: nn.Module, images: UInt8[Tensor, "n 28 28"], batch_size: int = 1000) -> Float32[Tensor, "n 10"]:
    """Return the logits of any number of digits, with dropout off."""
    network.eval()
    # not inference_mode: tensors that a network or a loss keeps from this call must stay usable in training
    with torch.no_grad():
        return torch.cat([network(batch) for batch in images.split(batch_size)])


def predict_logits(network: nn.Module, digits: LabelledDigits | Images) -> Logits:
    """Return a network's logits of any digits as an array, whichever device it lies on."""
    images = digits.images if isinstance(digits, LabelledDigits) else digits
    device = next(network.parameters()).device
    return predict(network, torch.from_numpy(images.copy()).to(device)).cpu().numpy()
