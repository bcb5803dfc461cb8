"""From a model file back to the network that it was made of, so that it can go on learning.

The graph holds the weights of every layer, but batch normalisation only folded into the convolutions before it. What a
batch would measure is therefore measured again, and the folding undone without changing a single answer.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from digits.errors import ModelError
from digits.inference.model import agree, load_model
from digits.training.config import TrainConfig
from digits.training.loop import predict
from digits.training.network import make_network
from digits.training.recipes import RECIPES
from digits.types import CLASSES, SIDE, Images

MEASURED = 1000
"""Digits that the means and variances of batch normalisation are measured over."""

Layer = tuple[str, np.ndarray, np.ndarray]
"""A layer of a graph: its operator, its weight and its bias."""


def recovered(file: Path) -> tuple[nn.Module, TrainConfig, dict[str, Any]]:
    """Build the network of a model file again.

    Its batch normalisation, if it has any, gives the same answers, but does not know yet what batches are like:
    `measure_batches` tells it.

    Parameters
    ----------
    file
        A model file of a network of ours, or of an ensemble of them.

    Returns
    -------
    The network, in evaluation mode; how it was trained, as far as the file says; and the metadata of the file.

    Raises
    ------
    ModelError
        When the file is missing or not ours, or holds a network that cannot be built again from it.
    """
    metadata = load_model(file).metadata
    config = _config_of(file, metadata)
    network = make_network(config)
    layers = _layers(file)
    wanted = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    found = [(operator, weight.shape) for operator, weight, _ in layers]
    if found != [("Conv" if isinstance(m, nn.Conv2d) else "Gemm", tuple(m.weight.shape)) for m in wanted]:
        raise ModelError(f"{file} {_OTHERWISE.format(config.recipe)}: its layers have other shapes; {_FOLDER}")
    norms = iter([module for module in network.modules() if isinstance(module, nn.BatchNorm2d)])
    with torch.no_grad():
        for module, (_, weight, bias) in zip(wanted, layers, strict=True):
            module.weight.copy_(torch.from_numpy(weight.copy()))
            if module.bias is not None:
                module.bias.copy_(torch.from_numpy(bias.copy()))
            else:
                norm = next(norms)
                norm.weight.fill_((1 + norm.eps) ** 0.5)
                norm.bias.copy_(torch.from_numpy(bias.copy()))
    golden = metadata["golden"]  # which loading has checked
    images = np.frombuffer(base64.b64decode(golden["images"]), np.uint8).reshape(-1, SIDE, SIDE)
    expected = np.frombuffer(base64.b64decode(golden["logits"]), "<f4").reshape(-1, CLASSES)
    if not agree(predict(network, torch.from_numpy(images.copy())).numpy(), expected.astype(np.float32)):
        raise ModelError(f"{file} {_OTHERWISE.format(config.recipe)}: its weights give other answers there; {_FOLDER}")
    return network.eval(), config, metadata


_OTHERWISE = "is no network as recipe {} builds it"
_FOLDER = "name its run folder instead of the file"


def measure_batches(network: nn.Module, images: Images) -> None:
    """Set the running statistics of batch normalisation to what some digits give, without changing any answer.

    Scale and offset are set against them, so that in training a batch like these digits is answered alike too.

    Parameters
    ----------
    network
        One network, whose batch normalisation is changed in place.
    images
        Digits to measure by; the first `MEASURED` of them are used.
    """
    device = next(network.parameters()).device
    hooks = [
        module.register_forward_pre_hook(_remeasured)
        for module in network.modules()
        if isinstance(module, nn.BatchNorm2d)
    ]
    if hooks:
        predict(network, torch.from_numpy(images[:MEASURED].copy()).to(device), batch_size=MEASURED)
    for hook in hooks:
        hook.remove()


def _remeasured(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, variance = inputs[0].double().mean((0, 2, 3)), inputs[0].double().var((0, 2, 3))
    slope = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    norm.bias.copy_(norm.bias.double() + (mean - norm.running_mean.double()) * slope)
    norm.weight.copy_(slope * (variance + norm.eps).sqrt())
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)


def _config_of(file: Path, metadata: dict[str, Any]) -> TrainConfig:
    """Give how a model file says it was made: its recipe, and the widths it names."""
    try:
        name, network, data = metadata["recipe"], metadata["network"], metadata["data"]
        architecture = metadata.get("architecture")
        described = re.fullmatch(r"(?:(\d+) × )?(cnn )?(\d+(?:-\d+)*)", network)
        if name not in RECIPES or described is None:
            raise ModelError(
                f"{file} holds the network {network}, recipe {name}, which cannot be built again from the file alone; "
                f"{_FOLDER}"
            )
        if architecture is None:  # as in the models that come with the package
            widths = tuple(map(int, described[3].split("-")))
            shape = {"channels": widths} if described[2] else {"hidden": widths[1:-1]}
            kind = "cnn" if described[2] else "mlp"
            architecture = {"network": kind, "members": int(described[1] or 1), **shape}
        learned = {
            "validation": int(data["validation"]),
            "split_seed": int(data.get("split_seed", 0)),
            "others": int(data.get("others", 0)),
            "seed": int(metadata["seed"]),
        }
        return TrainConfig.from_dict(RECIPES[name].to_dict() | learned | architecture)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{file} does not say how it was made: {error} is missing; {_FOLDER}") from error


def _layers(file: Path) -> list[Layer]:
    """List what a graph multiplies by, in its order, which is that of the modules."""
    import onnx

    graph = onnx.load_model_from_string(file.read_bytes()).graph
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    layers = []
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm"):
            weight, bias = (arrays.get(name) for name in (*node.input[1:3], "")[:2])
            if weight is None or bias is None:
                raise ModelError(f"{file} has a layer without weights of its own; {_FOLDER}")
            layers.append((node.op_type, weight, bias))
    return layers
