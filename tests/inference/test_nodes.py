"""What a model computes, as plain values."""

from __future__ import annotations

import json

import pytest

from digits.errors import UsageError
from digits.inference import load_model
from digits.inference.nodes import list_nodes

OPERATORS = frozenset({"Cast", "Mul", "Sub", "Flatten", "Gemm", "Relu"})


def test_mlp_is_three_layers() -> None:
    listed = list_nodes(load_model("mlp"), OPERATORS)
    assert json.loads(json.dumps(listed)) == listed
    shapes = [listed["constants"][node["inputs"][1]]["shape"] for node in listed["nodes"] if node["operator"] == "Gemm"]
    assert shapes == [[256, 784], [128, 256], [10, 128]]
    outputs = {node["outputs"][0]: node["operator"] for node in listed["nodes"]}
    assert [outputs[name] for name in listed["layers"]] == ["Relu", "Relu"]


def test_unknown_operator_is_named() -> None:
    with pytest.raises(UsageError, match=r"the network of cnn uses the operator Unsqueeze.*digits serve --model"):
        list_nodes(load_model("cnn"), OPERATORS)
