"""A small finder's network whose batch normalization has seen something, and its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from digits.synthesis.documents import CHARACTERS
from digits.training.finder.export import export_finder
from digits.training.finder.network import FinderNetwork


@pytest.fixture(scope="session")
def small_network() -> FinderNetwork:
    torch.manual_seed(0)
    network = FinderNetwork(len(CHARACTERS), (4, 6, 8, 10, 12), (1, 1, 1, 1), 8)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.3)
            nn.init.normal_(module.bias, 0, 0.3)
            nn.init.normal_(module.running_mean, 0, 0.3)  # type: ignore[arg-type] # tracked, as by default
            nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
    nn.init.zeros_(network.answers.bias)  # type: ignore[arg-type]
    return network.eval()


@pytest.fixture(scope="session")
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (96, 160), np.uint8)


@pytest.fixture(scope="session")
def finder_file(small_network: FinderNetwork, noise: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("finder") / "small.onnx"
    export_finder(small_network, path, noise, {"classes": CHARACTERS, "network": "small", "seed": 0})
    return path
