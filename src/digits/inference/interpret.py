"""Why a network answers as it does: what its layers do with a digit, and which pixels spoke for the answer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.inference.model import Model, start_session
from digits.shapes import Float32, UInt8
from digits.types import MODEL_INPUT, MODEL_OUTPUT, SIDE

if TYPE_CHECKING:
    import onnxruntime

BLOCK, STEP = 4, 2
"""Side of the square that is blotted out where only asking again tells what it was worth, and the way to the next."""

ACTIVATIONS = {"Relu", "LeakyRelu", "Elu", "Gelu", "Erf", "Sigmoid", "Tanh", "Selu", "Softplus", "Swish"}
AROUND = {"Cast", "Constant", "Mul", "Sub", "Add", "Div", "Flatten", "Reshape", "Identity", *ACTIVATIONS}
"""Operators of a network that is fully connected, beside its layers."""


@dataclass(frozen=True, eq=False)
class Layers:
    """A fully connected network, opened.

    Attributes
    ----------
    widths
        Units of each layer, from the pixels to the classes: ``(784, 256, 128, 10)``.
    """

    widths: tuple[int, ...]
    session: onnxruntime.InferenceSession
    weights: tuple[Float32[np.ndarray, "_out _in"], ...]
    rectified: bool

    def activations(self, image: UInt8[np.ndarray, "28 28"]) -> list[Float32[np.ndarray, " _units"]]:
        """Give what every hidden layer makes of a digit, from the first to the last."""
        return self._inputs(image)[1:]

    def _inputs(self, image: UInt8[np.ndarray, "28 28"]) -> list[Float32[np.ndarray, " _units"]]:
        """Give what goes into each layer; the first gets the pixels, normalised."""
        outputs = [each.name for each in self.session.get_outputs() if each.name != MODEL_OUTPUT]
        return [values[0] for values in self.session.run(outputs, {MODEL_INPUT: image[None]})]

    def contributions(self, image: UInt8[np.ndarray, "28 28"], answer: int) -> Float32[np.ndarray, "28 28"]:
        """Give what each pixel's ink adds to the score of an answer; exact, since the network is piecewise linear."""
        pixels, *hidden = self._inputs(image)
        blank = self._inputs(np.zeros_like(image))[0]
        gradient = _direction(answer, self.widths[-1]) @ self.weights[-1]
        for weights, active in zip(self.weights[-2::-1], hidden[::-1], strict=True):
            gradient = (gradient * (active > 0)) @ weights
        result: Float32[np.ndarray, "28 28"] = (gradient * (pixels - blank)).reshape(SIDE, SIDE)
        return result


@dataclass(frozen=True, eq=False)
class Evidence:
    """Which pixels spoke for an answer, and which against.

    Attributes
    ----------
    answer
        0–9.
    pixels
        What the score of the answer, its logit less the mean of all ten, owes to the ink of each pixel; below 0, the
        ink speaks against it.
    rest
        The score less the sum of these.
    exact
        Whether they are the linear function that the network is near this digit, so that `rest` is the same for all
        digits near it; else each is what the score loses when a small square around the pixel is blotted out.
    """

    answer: int
    pixels: Float32[np.ndarray, "28 28"]
    rest: float
    exact: bool


def open_layers(path: str | Path, *, threads: int = 1) -> Layers | None:
    """Open a model file whose network is fully connected; None for any other.

    Parameters
    ----------
    path
        A model file that `digits.load_model` reads.
    threads
        Threads of the processor to use.
    """
    import onnx

    file = Path(path)
    model = onnx.load(file / "model.onnx" if file.is_dir() else file)
    layers = [node for node in model.graph.node if node.op_type == "Gemm"]
    others = {node.op_type for node in model.graph.node} - {"Gemm"}
    if not layers or others - AROUND or not all(_is_plain(node) for node in layers):
        return None
    held = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    if not all(node.input[1] in held for node in layers):
        return None
    weights = tuple(held[node.input[1]].astype(np.float32) for node in layers)
    widths = (*(matrix.shape[1] for matrix in weights), len(weights[-1]))
    if widths[0] != SIDE * SIDE or any(len(a) != b.shape[1] for a, b in pairwise(weights)):
        return None
    for node in layers:
        kind = onnx.helper.make_tensor_value_info(node.input[0], onnx.TensorProto.FLOAT, None)
        model.graph.output.append(kind)
    session = start_session(model.SerializeToString(), threads)
    return Layers(widths, session, weights, others & ACTIVATIONS <= {"Relu"})


def find_evidence(model: Model, layers: Layers | None, image: UInt8[np.ndarray, "28 28"], answer: int) -> Evidence:
    """Say which ink of a digit spoke for an answer.

    Of a network of rectified linear units, the gradient times the ink (Ancona, Ceolini, Öztireli, Gross, "Towards
    better understanding of gradient-based attribution methods", 2018), which such a network's score is the sum of; of
    any other, what blotting out makes of the score (Zeiler and Fergus, "Visualizing and understanding convolutional
    networks", 2014, section 4.2).

    Parameters
    ----------
    model
        That answers.
    layers
        The same model, opened, if it can be.
    image
        A digit.
    answer
        0–9.
    """
    exact = layers is not None and layers.rectified
    if layers and exact:
        score = float((model.logits(image[None]) @ _direction(answer, layers.widths[-1]))[0])
        pixels = layers.contributions(image, answer)
    else:
        score, pixels = _by_blotting_out(model, image, answer)
    return Evidence(answer, pixels, score - float(pixels.sum()), exact)


def _by_blotting_out(
    model: Model, image: UInt8[np.ndarray, "28 28"], answer: int
) -> tuple[float, Float32[np.ndarray, "28 28"]]:
    corners = [
        (row, column)
        for row in range(0, SIDE - BLOCK + 1, STEP)
        for column in range(0, SIDE - BLOCK + 1, STEP)
        if image[row : row + BLOCK, column : column + BLOCK].any()
    ]
    batch = np.repeat(image[None], len(corners) + 1, axis=0)
    for blotted, (row, column) in zip(batch[1:], corners, strict=True):
        blotted[row : row + BLOCK, column : column + BLOCK] = 0
    logits = model.logits(batch)
    scores = logits @ _direction(answer, logits.shape[1])
    total, count = np.zeros((2, SIDE, SIDE), np.float32)
    for score, (row, column) in zip(scores[1:], corners, strict=True):
        place = np.s_[row : row + BLOCK, column : column + BLOCK]
        total[place] += scores[0] - score
        count[place] += 1
    return float(scores[0]), np.where(image > 0, total / np.maximum(count, 1), 0).astype(np.float32)


def _direction(answer: int, classes: int) -> Float32[np.ndarray, " n"]:
    """Give what turns logits into the score of an answer: itself less the mean of all, which no softmax sees."""
    direction: Float32[np.ndarray, " n"] = np.eye(classes, dtype=np.float32)[answer] - np.float32(1 / classes)
    return direction


def _is_plain(node: Any) -> bool:
    """Whether a layer is weights times inputs and nothing else, as torch writes it."""
    attributes = {each.name: each.f if each.name in ("alpha", "beta") else each.i for each in node.attribute}
    return attributes.get("transB") == 1 and not attributes.get("transA") and attributes.get("alpha", 1.0) == 1.0
