"""The MLP against NumPy, and networks of your own with every way to get them wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from digits.errors import UsageError
from digits.training.config import ACTIVATIONS, TrainConfig
from digits.training.engine.loop import fit
from digits.training.engine.networks import MLP, describe_network, make_network
from digits.types import Dataset

NUMPY = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky-relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def test_the_classic_network_has_235146_weights() -> None:
    network = MLP()
    assert sum(weight.numel() for weight in network.parameters()) == 235_146
    assert sum(weight.numel() for weight in network.parameters()) == 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10
    assert describe_network(network) == "784-256-128-10"


@pytest.mark.parametrize("activation", sorted(NUMPY))
@pytest.mark.parametrize("hidden", [(256, 128), (16,), ()])
def test_logits_equal_numpys(few: Dataset, activation: str, hidden: tuple[int, ...]) -> None:
    network = MLP(hidden, activation, dropout=0.5).eval()
    images = few.test.images[:64]
    x = (images.reshape(64, 784) / 255 - 0.1307) / 0.3081
    layers = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
    for layer in layers:
        x = x @ layer.weight.detach().numpy().T.astype(float) + layer.bias.detach().numpy()
        x = x if layer is layers[-1] else NUMPY[activation](x)
    logits = network(torch.from_numpy(images)).detach().numpy()
    np.testing.assert_allclose(logits, x, atol=2e-5)
    assert [layer.out_features for layer in layers] == [*hidden, 10]


def test_activations_differ(few: Dataset) -> None:
    images = torch.from_numpy(few.test.images[:8].copy())
    answers = []
    for activation in ACTIVATIONS:
        answers.append(make_network(TrainConfig.from_settings(activation=activation)).eval()(images))
    assert len(torch.stack(answers).flatten(1).unique(dim=0)) == len(ACTIVATIONS)


def test_dropout_is_active_only_in_training(few: Dataset) -> None:
    images = torch.from_numpy(few.test.images[:8].copy())
    network = MLP(dropout=0.5)
    assert not torch.equal(network.train()(images), network(images))
    assert torch.equal(network.eval()(images), network(images))


def test_seed_determines_initial_weights() -> None:
    first, again, other = (make_network(TrainConfig.from_settings(seed=seed)).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["layers.2.weight"], other["layers.2.weight"])


CNN = """
    from dataclasses import dataclass
    from torch import nn

    @dataclass
    class Width:
        channels: int = 4

    class Own(nn.Module):
        def __init__(self, channels=4):
            super().__init__()
            self.layers = nn.Sequential(nn.Conv2d(1, channels, 3), nn.BatchNorm2d(channels), nn.ReLU(),
                                        nn.Flatten(), nn.LazyLinear(10))
        def forward(self, images):
            return self.layers(images[:, None].float() / 255)

    def make():
        return Own(Width(6).channels)

    def make_from(config):
        return Own(config.model.hidden_sizes[0])

    ready = Own(5)
    shared = Own
"""


@pytest.mark.parametrize(("name", "channels"), [("Own", 4), ("make", 6), ("make_from", 3), ("ready", 5)])
def test_plugin_may_be_a_class_a_factory_or_a_module(own: Callable[..., str], name: str, channels: int) -> None:
    network = make_network(TrainConfig.from_settings(network=own(CNN, name), hidden_sizes=(3,)))
    assert network(torch.zeros(3, 28, 28, dtype=torch.uint8)).shape == (3, 10)
    assert network.get_submodule("layers.0").out_channels == channels
    assert describe_network(network) == "Own"


def test_seed_determines_initial_weights_of_a_plugin(own: Callable[..., str]) -> None:
    reference = own(CNN, "ready")
    first, again = (make_network(TrainConfig.from_settings(network=reference, seed=3)).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


def linear(forward: str) -> str:
    return f"""
    import torch
    from torch import nn

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(784, 10)
        def forward(self, images):
            return {forward}
    """


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("Own = 3", "is a int, which cannot be called"),
        ("def Own():\n    return 3", "returned a int, not a torch.nn.Module"),
        ("Other = 3", "there is no 'Own' in"),
        ("def Own(:", "SyntaxError: invalid syntax"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        (
            "class Own:\n    def __init__(self, width): ...",
            "missing 1 required positional argument: 'width'; it is called",
        ),
        (linear("self.linear(images.flatten(1).float())[:, :9]"), r"float32\[2, 9\].*must be float32\[2, 10\]"),
        (linear("self.linear(images.flatten(1).float()).double()"), r"float64\[2, 10\]"),
        (linear("None"), "NoneType"),
        (linear("self.linear(images.flatten(1))"), r"got Byte and Float; start its forward with images\.float"),
    ],
)
def test_faulty_network_is_rejected(own: Callable[..., str], code: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make_network(TrainConfig.from_settings(network=own(code, "Own")))


def test_missing_network_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file .*none\.py"):
        make_network(TrainConfig.from_settings(network=f"{tmp_path}/none.py:Own"))


def test_network_file_must_be_python(own: Callable[..., str]) -> None:
    with pytest.raises(UsageError, match=r"own\.txt is not a Python file"):
        make_network(TrainConfig.from_settings(network=own("Own = 3", file="own.txt")))


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [True, False])
def test_compiled_network_trains_to_the_same_weights(
    few: Dataset, monkeypatch: pytest.MonkeyPatch, compiled: bool
) -> None:
    asked: list[str] = []

    def compiler(network: nn.Module, *, mode: str) -> nn.Module:
        # captured as torch captures it, but run as it is, since not every machine has a C++ compiler
        asked.append(mode)
        return original(network, backend="eager")

    original = torch.compile
    monkeypatch.setattr(torch, "compile", compiler)
    config = TrainConfig.from_settings(epochs=1, precision="float32")
    # not one of ours, whose calls the tests check, which cannot be captured
    as_it_is = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))
    as_it_is.register_forward_pre_hook(lambda _, given: (given[0].float() / 255,))
    network = copy.deepcopy(as_it_is)
    fit(as_it_is, few.train, few.test, config)
    fit(network, few.train, few.test, config.replace(compile=compiled))
    assert asked == (["default"] if compiled else []), "CUDA graphs are for CUDA"
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, as_it_is.state_dict()[name]), name
