"""Model files that are made to do harm: each is small, and would hang a program, fill its memory, or open other files.

`HOSTILE` builds them by name; for the tests and for measurements.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

GIGABYTES_4 = 2**30
"""Numbers of float32 that take 4 GiB."""

WEIGHTS = np.random.default_rng(0).normal(0, 0.1, (784, 10)).astype(np.float32)


def describe(**changes: Any) -> str:
    """Write valid metadata of `build`'s network, but for some entries."""
    images = np.zeros((1, 28, 28), np.uint8)
    golden = {"images": images.tobytes(), "logits": np.zeros((1, 10), "<f4").tobytes()}
    encoded = {name: base64.b64encode(content).decode() for name, content in golden.items()}
    return json.dumps({"format": 1, "temperature": 1.0, "golden": encoded} | changes)


def build(
    nodes: Sequence[onnx.NodeProto] = (),
    constants: dict[str, np.ndarray] | None = None,
    *,
    metadata: str | None = None,
    domains: Sequence[str] = ("",),
) -> onnx.ModelProto:
    """Build a linear network, to whose logits further `nodes` add the scalar ``more``."""
    every = {"flat": np.array([-1, 784]), "weights": WEIGHTS} | (constants or {})
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["images", "flat"], ["rows"]),
            helper.make_node("Cast", ["rows"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["floats", "weights"], ["plain"]),
            *nodes,
            helper.make_node("Add", ["plain", "more"], ["logits"])
            if nodes
            else helper.make_node("Identity", ["plain"], ["logits"]),
        ],
        "digits",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(array, name) for name, array in every.items()],
    )
    opsets = [helper.make_opsetid(domain, 17 if not domain else 1) for domain in domains]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    helper.set_model_props(model, {"digits": describe() if metadata is None else metadata})
    return model


def _scalar(operator: str, source: str) -> onnx.NodeProto:
    return helper.make_node(operator, [source], ["more"], keepdims=0)


def _loop() -> onnx.ModelProto:
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["go_on"]), helper.make_node("Identity", ["sum"], ["next"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, []),
        ],
    )
    loop = helper.make_node("Loop", ["", "true", "zero"], ["more"], body=body)
    return build([loop], {"true": np.array(True), "zero": np.array(0, np.float32)})


def _branch() -> onnx.ModelProto:
    value = helper.make_tensor_value_info("value", TensorProto.FLOAT, [])
    inner = helper.make_graph([helper.make_node("Identity", ["zero"], ["value"])], "inner", [], [value])
    node = helper.make_node("If", ["true"], ["more"], then_branch=inner, else_branch=inner)
    return build([node], {"true": np.array(True), "zero": np.array(0, np.float32)})


def _large_constant() -> onnx.ModelProto:
    node = helper.make_node("ConstantOfShape", ["shape"], ["large"])
    return build([node, _scalar("ReduceMax", "large")], {"shape": np.array([GIGABYTES_4])})


def _computed_shape() -> onnx.ModelProto:
    """Make a shape from the digits, so that nothing large is seen before they are."""
    nodes = [
        helper.make_node("ReduceMax", ["floats"], ["brightest"], keepdims=0),
        helper.make_node("Mul", ["brightest", "factor"], ["product"]),
        helper.make_node("Cast", ["product"], ["size"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["size", "one"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["large"]),
        helper.make_node("ReduceSum", ["large"], ["more"], keepdims=0),
    ]
    return build(nodes, {"factor": np.array(2.0**24, np.float32), "one": np.array([1])})


def _large_padding() -> onnx.ModelProto:
    node = helper.make_node("Pad", ["floats", "widths"], ["large"])
    return build([node, _scalar("ReduceMax", "large")], {"widths": np.array([0, 0, 0, GIGABYTES_4])})


def _large_tiles() -> onnx.ModelProto:
    node = helper.make_node("Tile", ["floats", "times"], ["large"])
    return build([node, _scalar("ReduceMax", "large")], {"times": np.array([1, GIGABYTES_4 // 784])})


def _slow_product() -> onnx.ModelProto:
    """Multiply matrices for minutes that fit into memory."""
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["m0"])]
    nodes += [helper.make_node("MatMul", [f"m{i}", f"m{i}"], [f"m{i + 1}"]) for i in range(50)]
    return build([*nodes, _scalar("ReduceMax", "m50")], {"shape": np.array([5000, 5000])})


def _external_weights() -> onnx.ModelProto:
    model = build()
    weights = next(tensor for tensor in model.graph.initializer if tensor.name == "weights")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../../../../../etc/passwd")
    return model


def _foreign_operator() -> onnx.ModelProto:
    node = helper.make_node("Anything", ["plain"], ["more"], domain="com.example")
    return build([node], domains=("", "com.example"))


def _random_operator() -> onnx.ModelProto:
    return build([helper.make_node("RandomNormal", [], ["more"], shape=[1])])


def _function() -> onnx.ModelProto:
    model = build()
    node = helper.make_node("Identity", ["x"], ["y"])
    model.functions.append(helper.make_function("digits", "F", ["x"], ["y"], [node], [helper.make_opsetid("", 17)]))
    return model


def _many_operators() -> onnx.ModelProto:
    return build([helper.make_node("ReduceMax", ["plain"], ["more"], keepdims=0, name=str(i)) for i in range(30_000)])


METADATA: dict[str, str] = {
    "temperature that overflows": describe(temperature=1e-320),
    "temperature as text": describe(temperature="warm"),
    "temperature that is true": describe(temperature=True),
    "temperature of a list": describe(temperature=[1.0]),
    "threshold above one": describe(rejection_threshold=2),
    "threshold that is not a number": describe(rejection_threshold=float("nan")),
    "parameters as text": describe(parameters="many"),
    "test of a list": describe(test=[0.99]),
    "accuracy as text": describe(test={"accuracy": "all"}),
    "network of a list": describe(network=["mlp"]),
    "network of a million characters": describe(network="x" * 1_000_000),
    "a thousand classes": describe(data={"classes": ["x"] * 1000}),
    "classes that are numbers": describe(data={"classes": [0, 1, 2]}),
    "golden digits without end": describe(golden={"images": "A" * 10_000_000, "logits": "AAAA"}),
    "format of a list": describe(format=[1]),
    "deep": "[" * 100_000,
    "deep entry": describe()[:-1] + ', "network": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "huge number": describe()[:-1] + ', "seed": ' + "9" * 10_000 + "}",
}
"""Metadata that a model file must not have, by name."""

GRAPHS: dict[str, Callable[[], onnx.ModelProto]] = {
    "endless loop": _loop, "branch": _branch, "constant of 4 GB": _large_constant, "shape from digits": _computed_shape,
    "padding of 4 GB": _large_padding, "tiles of 4 GB": _large_tiles, "minutes of products": _slow_product,
    "weights in another file": _external_weights, "foreign operator": _foreign_operator,
    "random numbers": _random_operator, "function": _function, "30,000 operators": _many_operators,
}  # fmt: skip
"""Graphs that must not be run, by name."""

HOSTILE: dict[str, Callable[[], onnx.ModelProto]] = {
    **GRAPHS,
    **{name: functools.partial(build, metadata=text) for name, text in METADATA.items()},
}
"""Every hostile ``.onnx`` file, by name; `onnx.ModelProto.SerializeToString` gives its content."""
