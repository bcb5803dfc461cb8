"""A model file a quarter as large: weights of eight bits, each output of a layer with a scale of its own.

Sums are still made in float32, so that every processor answers alike, and no digits are needed to find ranges.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from digits.inference.model import Model, encode_golden
from digits.inference.runtime import start_session
from digits.training.run.export import GOLDEN_DIGITS
from digits.types import MODEL_INPUT, MODEL_OUTPUT, Images

MIN_WEIGHTS = 1000
"""Weights of a tensor, at least, for which bytes are saved: a scale takes four times as many as a weight."""

LEVELS = 127
"""Of each sign: the range is symmetric, so that 0 stays 0."""


def quantize(model: Model, images: Images, scores: dict[str, Any]) -> bytes:
    """Return the content of an ``.onnx`` file with the weights of a model rounded to eight bits.

    Parameters
    ----------
    model
        The model.
    images
        Digits, of which the first become the file's golden digits.
    scores
        What its metadata say of its accuracy, in place of the scores of the original.
    """
    graph = onnx.load_model_from_string(model.graph)
    _round(graph.graph)
    kept = {name: value for name, value in model.metadata.items() if name not in ("train", "validation", "test")}
    golden = images[:GOLDEN_DIGITS]
    logits = start_session(graph.SerializeToString(), 1).run([MODEL_OUTPUT], {MODEL_INPUT: golden})[0]
    about = {**kept, **scores, "weights": "int8", "golden": encode_golden(golden, logits)}
    helper.set_model_props(graph, {"digits": json.dumps(about)})
    return bytes(graph.SerializeToString())


def _round(graph: onnx.GraphProto) -> None:
    """Replace the large weights of a graph by bytes, their scales, and an operator that multiplies both."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    axes: dict[str, int] = {}
    for node in graph.node:
        name = node.input[1] if node.op_type in ("Conv", "Gemm", "MatMul") else ""
        if name in tensors and np.prod(tensors[name].dims) >= MIN_WEIGHTS:
            is_transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
            axes[name] = 0 if node.op_type == "Conv" or is_transposed else len(tensors[name].dims) - 1
    restored = []
    for name, axis in axes.items():
        weights = numpy_helper.to_array(tensors[name])
        others = tuple(each for each in range(weights.ndim) if each != axis)
        scale = np.maximum(np.abs(weights).max(others, keepdims=True), np.float32(1e-12)) / np.float32(LEVELS)
        rounded = np.rint(weights / scale).astype(np.int8)
        graph.initializer.remove(tensors[name])
        graph.initializer.append(numpy_helper.from_array(rounded, f"{name}.int8"))
        graph.initializer.append(numpy_helper.from_array(scale.ravel().astype(np.float32), f"{name}.scale"))
        inputs = [f"{name}.int8", f"{name}.scale"]
        restored.append(helper.make_node("DequantizeLinear", inputs, [name], name=f"{name}.restore", axis=axis))
    nodes = [*restored, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
