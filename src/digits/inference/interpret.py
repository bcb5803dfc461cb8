"""Why a network answers as it does: the activations of its layers, and which pixels supported the answer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.inference.model import Model
from digits.inference.runtime import start_session
from digits.shapes import Float32, UInt8
from digits.types import CLASSES, MODEL_INPUT, MODEL_OUTPUT, SIDE

if TYPE_CHECKING:
    import onnxruntime

BLOCK_SIDE, BLOCK_STEP = 4, 2  # pixels, of the square that is erased, and from one to the next

ACTIVATIONS = {"Relu", "LeakyRelu", "Elu", "Gelu", "Erf", "Sigmoid", "Tanh", "Selu", "Softplus", "Swish"}
OTHER_OPERATORS = {"Cast", "Constant", "Mul", "Sub", "Add", "Div", "Flatten", "Reshape", "Identity", *ACTIVATIONS}


@dataclass(frozen=True, eq=False)
class Layers:
    """A fully connected network, opened; `open_layers` makes them."""

    widths: tuple[int, ...]  # from pixels to classes, such as 784, 256, 128, 10
    session: onnxruntime.InferenceSession  # whose further outputs are the inputs of each layer
    weights: tuple[Float32[np.ndarray, "_out _in"], ...]
    is_rectified: bool  # whether all activations are rectified linear units

    def activations(self, image: UInt8[np.ndarray, "28 28"]) -> list[Float32[np.ndarray, " _units"]]:
        """Compute the activations of each hidden layer, from the first to the last."""
        return self._run(image)[1:]

    def contributions(self, image: UInt8[np.ndarray, "28 28"], answer: int) -> Float32[np.ndarray, "28 28"]:
        """Compute what each pixel's ink adds to an answer's score; exact, since the network is piecewise linear."""
        pixels, *hidden = self._run(image)
        blank = self._run(np.zeros_like(image))[0]
        gradient = _score_weights(answer) @ self.weights[-1]
        for weights, active in zip(self.weights[-2::-1], hidden[::-1], strict=True):
            gradient = (gradient * (active > 0)) @ weights
        result: Float32[np.ndarray, "28 28"] = (gradient * (pixels - blank)).reshape(SIDE, SIDE)
        return result

    def _run(self, image: UInt8[np.ndarray, "28 28"]) -> list[Float32[np.ndarray, " _units"]]:
        """Compute the input of each layer; that of the first is the normalized pixels."""
        outputs = [each.name for each in self.session.get_outputs() if each.name != MODEL_OUTPUT]
        return [values[0] for values in self.session.run(outputs, {MODEL_INPUT: image[None]})]


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
    for node in layers:
        layer_input = onnx.helper.make_tensor_value_info(node.input[0], onnx.TensorProto.FLOAT, None)
        opened.graph.output.append(layer_input)
    session = start_session(opened.SerializeToString(), threads)
    return Layers(widths, session, weights, others & ACTIVATIONS <= {"Relu"})


def find_evidence(
    model: Model, layers: Layers | None, image: UInt8[np.ndarray, "28 28"], answer: int
) -> tuple[Float32[np.ndarray, "28 28"], bool]:
    """Attribute an answer's score, its logit less the mean of all ten, to the pixels of a digit.

    For a network of rectified linear units, gradient times ink (Ancona, Ceolini, Öztireli, Gross, "Towards better
    understanding of gradient-based attribution methods", 2018); for any other, what the score loses when small squares
    are erased (Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014, section 4.2).
    `layers` is the same model opened, if it is fully connected.

    Returns
    -------
    What each pixel contributes, negative where it counts against the answer; and whether this is exact: then the score
    is the sum of contributions and a constant.
    """
    if layers and layers.is_rectified:
        return layers.contributions(image, answer), True
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
