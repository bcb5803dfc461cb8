"""The stages of a convolutional network: the feature maps that it makes of a digit on the way to its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.inference.interpret import ACTIVATIONS
from digits.inference.model import Model
from digits.inference.runtime import start_session
from digits.shapes import Float32, UInt8
from digits.types import MODEL_INPUT

if TYPE_CHECKING:
    import onnxruntime

MAX_STAGES = 6
"""Stages that are shown, at most: more would be as narrow as a line."""

END = {"Flatten", "Gemm", "MatMul", "GlobalAveragePool", "ReduceMean"}
"""Operators behind which there are no maps any more."""


@dataclass(frozen=True, eq=False)
class Stages:
    """A convolutional network, opened; `open_stages` makes them. Of an ensemble, it is the first member."""

    session: onnxruntime.InferenceSession
    names: tuple[str, ...]  # of the outputs, from the first stage to the last

    def maps(self, image: UInt8[np.ndarray, "28 28"]) -> list[Float32[np.ndarray, "_channels _height _width"]]:
        """Compute the feature maps of each stage, after its activation function."""
        outputs = self.session.run(list(self.names), {MODEL_INPUT: image[None]})
        return [each[0].astype(np.float32) for each in outputs]


def open_stages(model: Model, *, threads: int = 1) -> Stages | None:
    """Open a network of convolutions; None for any other.

    A stage ends with the last activation function before the number of feature maps changes.
    """
    import onnx

    opened = onnx.load_model_from_string(model.graph)
    shapes = {tensor.name: tuple(tensor.dims) for tensor in opened.graph.initializer}
    ends: dict[str, int] = {}  # outputs of activation functions, with their numbers of maps
    channels = 0
    for node in opened.graph.node:
        if node.op_type == "Conv" and len(node.input) > 1 and len(shapes.get(node.input[1], ())) == 4:
            channels = shapes[node.input[1]][0]
        elif node.op_type in ACTIVATIONS and channels:
            ends[node.output[0]] = channels
        elif node.op_type in END and channels:
            break
    followers = [*list(ends.values())[1:], None]
    last = [name for (name, own), after in zip(ends.items(), followers, strict=False) if own != after][-MAX_STAGES:]
    if not last:
        return None
    del opened.graph.output[:]
    opened.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in last)
    needed = _needed_nodes(opened.graph.node, set(last))
    del opened.graph.node[:]
    opened.graph.node.extend(needed)
    return Stages(start_session(opened.SerializeToString(), threads), tuple(last))


def _needed_nodes(nodes: Any, names: set[str]) -> list[Any]:
    """Give the nodes on which these values depend, so that the rest of an ensemble is not computed."""
    kept = []
    for node in reversed(nodes):
        if names & set(node.output):
            names |= set(node.input)
            kept.append(node)
    return kept[::-1]
