"""The network against numpy, and a user's own network, with every way to get it wrong."""

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
from digits.training.loop import fit
from digits.training.network import MLP, Dropout, describe, make_network
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
    assert describe(network) == "784-256-128-10"


@pytest.mark.parametrize("activation", sorted(NUMPY))
@pytest.mark.parametrize("hidden", [(256, 128), (16,), ()])
def test_the_logits_are_those_of_numpy(few: Dataset, activation: str, hidden: tuple[int, ...]) -> None:
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


def test_every_known_activation_makes_another_network(few: Dataset) -> None:
    images = torch.from_numpy(few.test.images[:8].copy())
    answers = []
    for activation in ACTIVATIONS:
        answers.append(make_network(TrainConfig(activation=activation)).eval()(images))
    assert len(torch.stack(answers).flatten(1).unique(dim=0)) == len(ACTIVATIONS)


def test_dropout_is_on_in_training_alone(few: Dataset) -> None:
    images = torch.from_numpy(few.test.images[:8].copy())
    network = MLP(dropout=0.5)
    assert not torch.equal(network.train()(images), network(images))
    assert torch.equal(network.eval()(images), network(images))


def test_the_first_weights_come_from_the_seed() -> None:
    first, again, other = (make_network(TrainConfig(seed=seed)).state_dict() for seed in (1, 1, 2))
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
        return Own(config.hidden[0])

    ready = Own(5)
    shared = Own
"""


@pytest.mark.parametrize(("name", "channels"), [("Own", 4), ("make", 6), ("make_from", 3), ("ready", 5)])
def test_an_own_network_may_be_a_class_a_factory_or_the_module(
    own: Callable[..., str], name: str, channels: int
) -> None:
    network = make_network(TrainConfig(network=own(CNN, name), hidden=(3,)))
    assert network(torch.zeros(3, 28, 28, dtype=torch.uint8)).shape == (3, 10)
    assert network.get_submodule("layers.0").out_channels == channels
    assert describe(network) == "Own"


def test_an_own_networks_first_weights_come_from_the_seed(own: Callable[..., str]) -> None:
    reference = own(CNN, "ready")
    first, again = (make_network(TrainConfig(network=reference, seed=3)).state_dict() for _ in range(2))
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
    ("code", "name", "says"),
    [
        ("Own = 3", "Own", "is a int, which cannot be called"),
        ("def Own():\n    return 3", "Own", "gave a int, not a torch.nn.Module"),
        ("Other = 3", "Own", "there is no 'Own' in {file}"),
        ("def Own(:", "Own", "{file} failed with SyntaxError: invalid syntax (own.py, line 1)"),
        ("import nowhere_at_all", "Own", "{file} failed with ModuleNotFoundError: No module named 'nowhere_at_all'"),
        (
            "class Own:\n    def __init__(self, width): ...",
            "Own",
            "failed with TypeError: Own.__init__() missing 1 required positional argument: 'width'; it is called with "
            "nothing, or with the TrainConfig where it has a parameter named config",
        ),
        (
            linear("self.linear(images.flatten(1).float())[:, :9]"),
            "Own",
            "gave torch.float32[2, 9] for two digits; float32[2, 10] is needed",
        ),
        (
            linear("self.linear(images.flatten(1).float()).double()"),
            "Own",
            "gave torch.float64[2, 10] for two digits; float32[2, 10] is needed",
        ),
        (linear("None"), "Own", "gave NoneType for two digits; float32[2, 10] is needed"),
        (
            linear("self.linear(images.flatten(1))"),
            "Own",
            "does not take uint8[n, 28, 28] images: mat1 and mat2 must have the same dtype, but got Byte and Float; "
            "start its forward with images.float() / 255",
        ),
    ],
)
def test_a_wrong_own_network_is_refused_in_a_sentence(own: Callable[..., str], code: str, name: str, says: str) -> None:
    reference = own(code, name)
    file = reference.rpartition(":")[0]
    with pytest.raises(UsageError) as refused:
        make_network(TrainConfig(network=reference))
    between = ": " if says.startswith(("there", "{file}")) else " "
    assert str(refused.value) == f"network {reference}{between}{says.format(file=file)}"


def test_an_own_network_without_a_file_is_refused(tmp_path: Path) -> None:
    reference = f"{tmp_path}/none.py:Own"
    with pytest.raises(UsageError) as refused:
        make_network(TrainConfig(network=reference))
    assert str(refused.value) == f"network {reference}: there is no file {tmp_path}/none.py"


def test_an_own_network_that_is_no_python_is_refused(own: Callable[..., str]) -> None:
    reference = own("Own = 3", file="own.txt")
    with pytest.raises(UsageError) as refused:
        make_network(TrainConfig(network=reference))
    assert str(refused.value) == f"network {reference}: {reference[:-4]} is not a Python file"


@pytest.mark.parametrize("p", [0.0001, 0.2, 0.5, 0.9999])
def test_dropout_drops_its_share_and_keeps_the_mean(p: float) -> None:
    torch.manual_seed(0)
    share = min(255, max(1, round(256 * p))) / 256
    dropped = Dropout(p)(torch.ones(1000, 257))
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / (1 - share)], rel=1e-6)
    assert (dropped == 0).float().mean().item() == pytest.approx(share, abs=4 * (share * (1 - share) / 257_000) ** 0.5)


def test_dropout_decides_for_each_value_alone() -> None:
    torch.manual_seed(0)
    dropped = (Dropout(0.5)(torch.ones(4000, 64)) == 0).float()
    between = torch.corrcoef(dropped.T) - torch.eye(64)
    # 2,016 pairs: the largest of so many chance correlations stays below 5 standard errors
    assert between.abs().max() < 5 / 4000**0.5


def test_dropout_is_off_when_evaluating() -> None:
    values = torch.randn(3, 5)
    assert torch.equal(Dropout(0.5).eval()(values), values)


def test_dropout_lets_gradients_through_where_values_passed() -> None:
    values = torch.ones(8, 8, requires_grad=True)
    kept = Dropout(0.5)(values)
    kept.sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, kept.detach())


@pytest.mark.parametrize("compiled", [True, False])
def test_a_compiled_network_trains_to_the_same_weights(
    few: Dataset, monkeypatch: pytest.MonkeyPatch, compiled: bool
) -> None:
    asked: list[str] = []

    def compiler(network: nn.Module, *, mode: str) -> nn.Module:
        # captured as torch captures it, but run as it is, since not every machine has a C++ compiler
        asked.append(mode)
        return original(network, backend="eager")

    original = torch.compile
    monkeypatch.setattr(torch, "compile", compiler)
    config = TrainConfig(epochs=1, precision="float32")
    # not one of ours, whose calls the tests check, which cannot be captured
    as_it_is = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))
    as_it_is.register_forward_pre_hook(lambda _, given: (given[0].float() / 255,))
    network = copy.deepcopy(as_it_is)
    fit(as_it_is, few.train, few.test, config)
    fit(network, few.train, few.test, config.replace(compile=compiled))
    assert asked == (["default"] if compiled else []), "CUDA graphs are for CUDA"
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, as_it_is.state_dict()[name]), name
