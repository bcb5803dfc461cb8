"""Why a network answers as it does: the activations of its layers, and which pixels supported the answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.inference.model import Model
from digits.inference.runtime import start_session
from digits.shapes import Float32, UInt8
from digits.types import CLASSES, MODEL_INPUT, MODEL_OUTPUT, SIDE, Images, Logits

if TYPE_CHECKING:
    import onnxruntime

BLOCK_SIDE, BLOCK_STEP = 4, 2  # pixels, of the square that is erased, and from one to the next

ACTIVATIONS = {"Relu", "LeakyRelu", "Elu", "Gelu", "Erf", "Sigmoid", "Tanh", "Selu", "Softplus", "Swish"}
OTHER_OPERATORS = {"Cast", "Constant", "Mul", "Sub", "Add", "Div", "Flatten", "Reshape", "Identity", *ACTIVATIONS}

Off = tuple[tuple[int, int], ...]
"""Units that are switched off: of each the hidden layer, from 1, and its number there, from 0."""


@dataclass(frozen=True, eq=False)
class Layers:
    """A fully connected network, opened; `open_layers` makes them."""

    widths: tuple[int, ...]  # from pixels to classes, such as 784, 256, 128, 10
    session: onnxruntime.InferenceSession  # whose further inputs and outputs are `_mask_name` and the layers' inputs
    weights: tuple[Float32[np.ndarray, "_out _in"], ...]
    is_rectified: bool  # whether all activations are rectified linear units

    def activations(self, image: UInt8[np.ndarray, "28 28"], off: Off = ()) -> list[Float32[np.ndarray, " _units"]]:
        """Compute the activations of each hidden layer, from the first to the last; units that are off have 0."""
        return [values[0] for values in self.batch_activations(image[None], off)[1:]]

    def contributions(
        self, image: UInt8[np.ndarray, "28 28"], answer: int, off: Off = ()
    ) -> Float32[np.ndarray, "28 28"]:
        """Compute what each pixel's ink adds to an answer's score; exact, since the network is piecewise linear."""
        pixels, *hidden = [values[0] for values in self.batch_activations(image[None], off)]
        gradient = _score_weights(answer) @ self.weights[-1]
        for weights, active in zip(self.weights[-2::-1], hidden[::-1], strict=True):
            gradient = (gradient * (active > 0)) @ weights
        result: Float32[np.ndarray, "28 28"] = (gradient * (pixels - self.blank)).reshape(SIDE, SIDE)
        return result

    def batch_activations(self, images: Images, off: Off = ()) -> list[Float32[np.ndarray, "_n _units"]]:
        """Compute the input of each layer for many digits; that of the first is the normalized pixels."""
        outputs = [each.name for each in self.session.get_outputs() if each.name != MODEL_OUTPUT]
        inputs: list[Float32[np.ndarray, "_n _units"]] = self.session.run(outputs, self._feed(images, off))
        return inputs

    def logits(self, images: Images, off: Off = ()) -> Logits:
        """Compute the logits, as the model itself does when no unit is off."""
        logits: Logits = self.session.run([MODEL_OUTPUT], self._feed(images, off))[0]
        return logits

    @cached_property
    def blank(self) -> Float32[np.ndarray, " _pixels"]:
        """The normalized pixels of a blank digit."""
        pixels: Float32[np.ndarray, " _pixels"] = self.batch_activations(np.zeros((1, SIDE, SIDE), np.uint8))[0][0]
        return pixels

    def _feed(self, images: Images, off: Off) -> dict[str, np.ndarray]:
        masks = [np.ones(width, np.float32) for width in self.widths[1:-1]]
        for layer, unit in off:
            masks[layer - 1][unit] = 0
        return {MODEL_INPUT: images} | {_mask_name(layer): mask for layer, mask in enumerate(masks, 1)}


def open_layers(model: Model, *, threads: int = 1) -> Layers | None:
    """Open a model whose network is fully connected; None for any other network."""
    import onnx

    opened = onnx.load_model_from_string(model.graph)
    layers = [node for node in opened.graph.node if node.op_type == "Gemm"]
    others = {node.op_type for node in opened.graph.node} - {"Gemm"}
    if not layers or others - OTHER_OPERATORS or not all(_is_linear(node) for node in layers):
        return None
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in opened.graph.initializer}
    if not all(node.input[1] in constants and constants[node.input[1]].ndim == 2 for node in layers):
        return None
    weights = tuple(constants[node.input[1]].astype(np.float32) for node in layers)
    widths = (*(matrix.shape[1] for matrix in weights), len(weights[-1]))
    if widths[0] != SIDE * SIDE or any(len(a) != b.shape[1] for a, b in pairwise(weights)):
        return None
    for index, node in enumerate(layers):
        if index:
            _add_mask(opened.graph, node, index, widths[index])
        layer_input = onnx.helper.make_tensor_value_info(node.input[0], onnx.TensorProto.FLOAT, None)
        opened.graph.output.append(layer_input)
    session = start_session(opened.SerializeToString(), threads)
    return Layers(widths, session, weights, others & ACTIVATIONS <= {"Relu"})


def _mask_name(layer: int) -> str:
    """Name the input that multiplies the activations of a hidden layer, from 1; 0 switches a unit off."""
    return f"digits_mask_{layer}"


def _add_mask(graph: Any, node: Any, layer: int, width: int) -> None:
    """Multiply what a layer receives with a further input of the graph: ones change no bit."""
    import onnx

    name = _mask_name(layer)
    graph.input.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [width]))
    masked = onnx.helper.make_node("Mul", [node.input[0], name], [f"{name}_applied"])
    graph.node.insert(list(graph.node).index(node), masked)
    node.input[0] = masked.output[0]


def find_evidence(
    model: Model, layers: Layers | None, image: UInt8[np.ndarray, "28 28"], answer: int, off: Off = ()
) -> tuple[Float32[np.ndarray, "28 28"], bool]:
    """Attribute an answer's score, its logit less the mean of all ten, to the pixels of a digit.

    For a network of rectified linear units, gradient times ink (Ancona, Ceolini, Öztireli, Gross, "Towards better
    understanding of gradient-based attribution methods", 2018); for any other, what the score loses when small squares
    are erased (Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014, section 4.2).
    `layers` is the same model opened, if it is fully connected; `off` are units of it that are switched off.

    Returns
    -------
    What each pixel contributes, negative where it counts against the answer; and whether this is exact: then the score
    is the sum of contributions and a constant.
    """
    if layers and layers.is_rectified:
        return layers.contributions(image, answer, off), True
    return _erase_blocks(model, image, answer), False


def _erase_blocks(model: Model, image: UInt8[np.ndarray, "28 28"], answer: int) -> Float32[np.ndarray, "28 28"]:
    starts = range(0, SIDE - BLOCK_SIDE + 1, BLOCK_STEP)
    blocks = [np.s_[row : row + BLOCK_SIDE, column : column + BLOCK_SIDE] for row in starts for column in starts]
    blocks = [block for block in blocks if image[block].any()]
    batch = np.repeat(image[None], len(blocks) + 1, axis=0)
    for erased, block in zip(batch[1:], blocks, strict=True):
        erased[block] = 0
    scores = model.logits(batch) @ _score_weights(answer)
    total, count = np.zeros((2, SIDE, SIDE), np.float32)
    for score, block in zip(scores[1:], blocks, strict=True):
        total[block] += scores[0] - score
        count[block] += 1
    return np.where(image > 0, total / np.maximum(count, 1), 0).astype(np.float32)


def _score_weights(answer: int) -> Float32[np.ndarray, "10"]:
    """Give the weights that turn logits into an answer's score: its own less the mean, which softmax ignores."""
    weights: Float32[np.ndarray, "10"] = np.eye(CLASSES, dtype=np.float32)[answer] - np.float32(1 / CLASSES)
    return weights


def _is_linear(node: Any) -> bool:
    """Whether a layer is weights times inputs and nothing else, as torch writes it."""
    attributes = {each.name: each.f if each.name in ("alpha", "beta") else each.i for each in node.attribute}
    return attributes.get("transB") == 1 and not attributes.get("transA") and attributes.get("alpha", 1.0) == 1.0
