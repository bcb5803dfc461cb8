"""The operators and weights of a model file as plain values, for a program without ONNX Runtime."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from digits.errors import UsageError
from digits.inference.model import Model

WEIGHING = {"Gemm", "MatMul", "Conv"}
"""Operators that multiply by weights: the layers of a network."""


def list_nodes(model: Model, known: frozenset[str]) -> dict[str, Any]:
    """List what a model computes, for JSON.

    Parameters
    ----------
    model
        Loaded, and so checked.
    known
        Names of the operators that the program has.

    Returns
    -------
    ``nodes`` in order, each with ``operator``, ``inputs``, ``outputs`` and ``attributes``; ``constants`` by name, each
    with its ``shape`` and ``values``: floats of four bytes in base64, little-endian, or a list of whole numbers; and
    ``layers``, the names of what goes into the layers after the first. Of an ensemble, these are the first member's.

    Raises
    ------
    UsageError
        When it uses an operator that the program does not have.
    """
    import onnx

    graph = onnx.load_model_from_string(model.graph).graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        attributes = {each.name: _to_plain(onnx.helper.get_attribute_value(each)) for each in node.attribute}
        if node.op_type == "Constant":
            constants[node.output[0]] = np.asarray(attributes["value"])
            continue
        if node.op_type not in known:
            raise UsageError(
                f"the network of {model.name} uses the operator {node.op_type}, which the page in one file does not "
                "compute; serve it instead: digits serve --model with the run folder"
            )
        if node.op_type == "ConstantOfShape":
            attributes = {"value": attributes.get("value", [0])[0]}
        nodes.append({
            "operator": node.op_type, "inputs": list(node.input), "outputs": list(node.output),
            "attributes": attributes,
        })  # fmt: skip
    return {
        "nodes": nodes,
        "constants": {name: _encode(values) for name, values in constants.items()},
        "layers": _find_layers(nodes),
    }


def _find_layers(nodes: list[dict[str, Any]]) -> list[str]:
    """Name the inputs of all layers but the first, up to the first member's answer."""
    operators = [node["operator"] for node in nodes]
    end = operators.index("LogSoftmax") if "LogSoftmax" in operators else len(nodes)
    return [node["inputs"][0] for node in nodes[:end] if node["operator"] in WEIGHING][1:]


def _to_plain(value: Any) -> Any:
    import onnx

    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, onnx.TensorProto):
        return onnx.numpy_helper.to_array(value).tolist()
    return list(value) if not isinstance(value, int | float | str) else value


def _encode(values: np.ndarray) -> dict[str, Any]:
    if values.dtype.kind == "f":
        content: Any = base64.b64encode(values.astype("<f4").tobytes()).decode()
    else:
        content = [int(each) for each in values.ravel()]
    return {"shape": list(values.shape), "values": content}
