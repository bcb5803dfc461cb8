"""A unit of a fully connected network: what it looks for, what it receives, what it passes on; and one switched off."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from digits.inference.interpret import Layers, Off
from digits.inference.model import Model
from digits.shapes import Float32, Int64, UInt8
from digits.types import MODEL_INPUT, SIDE, Images

MAX_PATHS = 8
"""Contributions that are listed, of what a unit receives and of what it passes on: more lines could not be followed."""

Paths = tuple[tuple[int, float], ...]
"""Contributions: the number of the other unit, or of the pixel, and what is added; those of most weight first."""


@dataclass(frozen=True, eq=False)
class Unit:
    """One unit, while the network reads one digit; `describe_unit` makes them.

    Attributes
    ----------
    value
        Its activation; of an output, its logit.
    weights
        The weight of every pixel in the sum of the unit. Behind the first layer these are the sums over all paths
        through units that are active for this digit, exact for rectified linear units; None for any others.
    inputs
        What the strongest pixels, as ink, or units of the layer before add to its sum.
    outputs
        What it adds to the sums of the next layer where that is most; empty for an output.
    """

    value: float
    weights: Float32[np.ndarray, "28 28"] | None
    inputs: Paths
    outputs: Paths


def describe_unit(layers: Layers, image: UInt8[np.ndarray, "28 28"], layer: int, unit: int, off: Off = ()) -> Unit:
    """Describe a unit of a layer, from 1 to the outputs, while the network reads a digit.

    Of a blank digit, which makes no unit particularly active, the weights are those over all paths.
    """
    received = [values[0] for values in layers.batch_activations(image[None], off)]
    before = received[layer - 1] - (layers.blank if layer == 1 else 0)
    row = layers.weights[layer - 1][unit]
    inputs = _find_strongest(row * before)
    if layer == len(layers.weights):
        value, outputs = float(layers.logits(image[None], off)[0, unit]), Paths()
    else:
        value = float(received[layer][unit])
        outputs = _find_strongest(layers.weights[layer][:, unit] * np.float32(value))
    weights = row
    if layer > 1 and not layers.is_rectified:
        return Unit(value, None, inputs, outputs)
    for index in range(layer - 1, 0, -1):
        active = received[index] > 0 if image.any() else np.ones(len(received[index]), bool)
        weights = (weights * active) @ layers.weights[index - 1]
    return Unit(value, weights.reshape(SIDE, SIDE), inputs, outputs)


def rank_digits(layers: Layers, images: Images, count: int) -> list[Int64[np.ndarray, "_k _units"]]:
    """Rank, for each unit of each layer, the digits that excite it most: their indices, the first the most exciting."""
    values = [*layers.batch_activations(images)[1:], layers.logits(images)]
    return [np.argsort(-each, axis=0, kind="stable")[:count].astype(np.int64) for each in values]


def switch_off(model: Model, layers: Layers, off: Off) -> Model:
    """Make a model that reads without some of its units; `layers` is the same model opened."""
    return dataclasses.replace(model, session=cast(Any, _MaskedSession(layers, off)))


@dataclass(frozen=True, eq=False)
class _MaskedSession:
    """What a `Model` needs of a session, with units switched off."""

    layers: Layers
    off: Off

    def run(self, _outputs: list[str], inputs: dict[str, Any]) -> list[Any]:
        """Compute the logits."""
        return [self.layers.logits(inputs[MODEL_INPUT], self.off)]


def _find_strongest(contributions: Float32[np.ndarray, " n"]) -> Paths:
    order = np.argsort(-np.abs(contributions), kind="stable")[:MAX_PATHS]
    return tuple((int(index), float(contributions[index])) for index in order if contributions[index])
