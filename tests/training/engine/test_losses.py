"""Losses, optimizers and schedules against their formulas, and plug-ins."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss
from torch import Tensor, nn

from digits.errors import UsageError
from digits.training.config import OptimizationConfig, TrainConfig
from digits.training.engine.devices import choose_dtype
from digits.training.engine.loop import fit
from digits.training.engine.losses import distillation_loss, make_loss, outlier_loss
from digits.training.engine.networks import MLP, make_network
from digits.training.engine.optimizers import make_optimizer
from digits.training.engine.schedules import learning_rate_factor
from digits.types import Dataset

CHOICES = {each.name: each.metadata["option"].choices for each in dataclasses.fields(OptimizationConfig)}
LOSSES, OPTIMIZERS, SCHEDULES = (CHOICES[name] for name in ("loss", "optimizer", "schedule"))


@pytest.fixture(scope="module")
def judged() -> tuple[Tensor, Tensor, np.ndarray]:
    """Random logits, their labels, and the probabilities by numpy."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (200, 10))
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = torch.from_numpy(np.arange(200) % 10)
    return torch.from_numpy(logits), labels, probabilities


def test_cross_entropy_equals_sklearns_log_loss(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    logits, labels, probabilities = judged
    loss = make_loss(OptimizationConfig(loss="cross-entropy"))(logits, labels).item()
    assert loss == pytest.approx(log_loss(labels, probabilities), rel=1e-9)


def test_label_smoothing_spreads_its_share_evenly(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    logits, labels, probabilities = judged
    target = 0.7 * np.eye(10)[labels] + 0.3 / 10
    loss = make_loss(OptimizationConfig(label_smoothing=0.3))(logits, labels).item()
    assert loss == pytest.approx(-(target * np.log(probabilities)).sum(1).mean(), rel=1e-9)


def test_squared_error_equals_sklearns_brier_score(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    logits, labels, probabilities = judged
    loss = make_loss(OptimizationConfig(loss="squared-error"))(logits, labels).item()
    assert loss == pytest.approx(brier_score_loss(labels, probabilities, scale_by_half=False), rel=1e-9)


def test_focal_loss_equals_its_formula(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    logits, labels, probabilities = judged
    right = probabilities[np.arange(200), labels]
    loss = make_loss(OptimizationConfig(loss="focal"))(logits, labels).item()
    assert loss == pytest.approx(-((1 - right) ** 2 * np.log(right)).mean(), rel=1e-9)


def test_hinge_equals_its_formula(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    logits, labels, _ = judged
    missed = np.maximum(0, 1 - logits.gather(1, labels[:, None]).numpy() + logits.numpy())
    missed[np.arange(200), labels] = 0
    loss = make_loss(OptimizationConfig(loss="hinge"))(logits, labels).item()
    assert loss == pytest.approx(missed.sum(1).mean() / 10, rel=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_lower_for_the_correct_class(name: str) -> None:
    labels = torch.arange(10)
    right = 5 * torch.eye(10)
    loss = make_loss(OptimizationConfig(loss=name))
    assert loss(right, labels) < loss(torch.zeros(10, 10), labels) < loss(-right, labels)


configurations = st.fixed_dictionaries({"warmup": st.floats(0.01, 0.99), "schedule": st.sampled_from(SCHEDULES)})
points = st.floats(1e-9, 1, exclude_max=True)


@given(configurations, points)
def test_factor_lies_between_0_and_1(values: dict[str, Any], at: float) -> None:
    assert 0 <= learning_rate_factor(OptimizationConfig(**values), at) <= 1 + 1e-12


@given(configurations, points, points)
def test_factor_rises_in_warmup_and_falls_afterwards(values: dict[str, Any], one: float, two: float) -> None:
    config = OptimizationConfig(**values)
    early, late = sorted((one, two))
    rises = config.schedule == "one-cycle" and late < config.warmup
    if rises:
        assert learning_rate_factor(config, early) <= learning_rate_factor(config, late) * (1 + 1e-12)
    elif config.schedule != "one-cycle" or early >= config.warmup:
        assert learning_rate_factor(config, early) * (1 + 1e-12) >= learning_rate_factor(config, late)


@given(configurations)
def test_peak_is_reached(values: dict[str, Any]) -> None:
    config = OptimizationConfig(**values)
    peak = config.warmup if config.schedule == "one-cycle" else 1e-9
    assert learning_rate_factor(config, peak) == pytest.approx(1)


@pytest.mark.parametrize("name", ["linear", "cosine", "one-cycle"])
def test_factor_ends_at_zero(name: str) -> None:
    assert learning_rate_factor(OptimizationConfig(schedule=name), 1 - 1e-6) < 1e-5


@pytest.mark.parametrize(("at", "share"), [(0.59, 1), (0.61, 0.1), (0.79, 0.1), (0.81, 0.01), (0.99, 0.01)])
def test_step_divides_by_ten_after_60_and_80_percent(at: float, share: float) -> None:
    assert learning_rate_factor(OptimizationConfig(schedule="step"), at) == pytest.approx(share)


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_factor_is_half_halfway(name: str) -> None:
    assert learning_rate_factor(OptimizationConfig(schedule=name), 0.5) == pytest.approx(0.5)


def test_one_cycle_without_warmup_falls_from_the_start() -> None:
    assert learning_rate_factor(OptimizationConfig(warmup=0.0), 0.25) == pytest.approx(0.75)


RATES = {"adagrad": 0.01, "radam": 0.01, "sgd": 0.02, "muon": 0.02, "rmsprop": 1e-4}
"""Where 0.001 is too small or, as for rmsprop, whose momentum of 0.9 makes its steps ten times as large, too large."""


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns(few: Dataset, name: str) -> None:
    config = TrainConfig.from_settings(
        optimizer=name, lr=RATES.get(name, 1e-3), batch_size=50, epochs=2, schedule="constant",
        weight_decay=0.0, momentum=0.9, ema_epochs=0.0, rotation=0.0, scale=0.0, shear=0.0, shift=0.0, elastic=0.0,
    )  # fmt: skip
    first, second = fit(make_network(config), few.train, few.test, config)
    assert second.train_loss < 0.7 * first.train_loss
    assert 0.8 < second.validation_accuracy < 0.97


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_settings_reach_the_optimizer(name: str) -> None:
    config = OptimizationConfig(optimizer=name, lr=0.123, muon_lr=0.234, weight_decay=0.045, momentum=0.67)
    optimizer = make_optimizer(MLP((8,)), config)
    assert type(optimizer).__name__.lower() == ("adam" if name == "adamw" else name)
    group = optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (0.234 if name == "muon" else 0.123, 0.045)
    assert group.get("momentum") == (0.67 if name in ("sgd", "rmsprop", "muon") else None)
    assert sum(weight.numel() for group in optimizer.param_groups for weight in group["params"]) == 784 * 8 + 98


def test_distillation_loss_equals_its_formula(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    taught, _, _ = judged
    logits = taught.flip(0)
    target = np.exp(taught.numpy() / 3) / np.exp(taught.numpy() / 3).sum(1, keepdims=True)
    answer = np.exp(logits.numpy() / 3) / np.exp(logits.numpy() / 3).sum(1, keepdims=True)
    expected = 9 * (target * np.log(target / answer)).sum(1).mean()
    assert distillation_loss(logits, taught, 3.0).item() == pytest.approx(expected, rel=1e-9)
    assert distillation_loss(taught, taught + 1, 3.0).item() == pytest.approx(0, abs=1e-12)


def test_bfloat16_is_chosen_on_request_or_where_it_is_faster() -> None:
    cpu = torch.device("cpu")
    assert choose_dtype("float32", cpu) == torch.float32
    assert choose_dtype("bfloat16", cpu) == torch.bfloat16
    able = {"avx512_bf16": True}
    for capabilities, dtype in ((able, torch.bfloat16), ({"amx_bf16": False}, torch.float32)):
        with mock.patch.object(torch.cpu, "get_capabilities", lambda found=capabilities: found, create=True):
            assert choose_dtype("auto", cpu) == dtype
    assert choose_dtype("auto", torch.device("mps")) == torch.float32


def test_without_momentum_sgd_is_plain() -> None:
    network = nn.Linear(3, 2)
    optimizer = make_optimizer(network, OptimizationConfig(optimizer="sgd", lr=0.5, momentum=0.0, weight_decay=0.1))
    before = network.weight.detach().clone()
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    torch.testing.assert_close(network.weight.detach(), before - 0.5 * (1 + 0.1 * before))


OWN = """
    import torch

    class Plain(torch.optim.Optimizer):
        def __init__(self, params, lr, weight_decay):
            super().__init__(params, {"lr": lr, "weight_decay": weight_decay})
        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                for weight in group["params"]:
                    weight -= group["lr"] * weight.grad

    class Scaled:
        def __init__(self, config): self.factor = config.weight_decay
        def __call__(self, logits, labels): return self.factor * torch.nn.functional.cross_entropy(logits, labels)

    class Learned(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(10))
        def forward(self, logits, labels): return torch.nn.functional.cross_entropy(logits * self.scale, labels)

    def plain(logits, labels): return torch.nn.functional.cross_entropy(logits, labels)
    def each(logits, labels): return torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    def fixed(logits, labels): return torch.zeros(())
    def nothing(logits, labels): return None
    def one(logits): return logits.sum()
    def careless(weights, lr, weight_decay): return 3
    def narrow(weights): return torch.optim.SGD(weights)
    number = 3
"""


@pytest.mark.parametrize("loss", ["plain", "Scaled", "Learned"])
def test_plugin_optimizer_and_loss_train(few: Dataset, own: Callable[..., str], loss: str) -> None:
    config = TrainConfig.from_settings(
        optimizer=own(OWN, "Plain"), loss=own(OWN, loss), lr=0.1, epochs=2, batch_size=50, ema_epochs=0.0,
        weight_decay=0.5, schedule="constant",
    )  # fmt: skip
    first, second = fit(make_network(config), few.train, few.test, config)
    assert second.train_loss < 0.9 * first.train_loss


def test_plugin_loss_receives_the_configuration(own: Callable[..., str]) -> None:
    loss = make_loss(OptimizationConfig(loss=own(OWN, "Scaled"), weight_decay=0.5))
    assert loss(torch.zeros(2, 10), torch.arange(2)).item() == pytest.approx(0.5 * np.log(10))


@pytest.mark.parametrize(
    ("field", "name", "says"),
    [
        ("loss", "each", r"shape \[2\].*one number"),
        ("loss", "fixed", r"shape \[\].*depends on the logits"),
        ("loss", "nothing", "NoneType"),
        ("loss", "one", "1 positional argument but 2.*called with logits"),
        ("loss", "number", "'int' object is not callable"),
        ("optimizer", "careless", "returned a int, not a torch.optim.Optimizer"),
        ("optimizer", "narrow", "'lr'.*called with the weights, lr and weight_decay"),
    ],
)
def test_faulty_plugin_is_rejected(own: Callable[..., str], field: str, name: str, says: str) -> None:
    config = OptimizationConfig(**{field: own(OWN, name)})
    with pytest.raises(UsageError, match=says):
        make_loss(config) if field == "loss" else make_optimizer(MLP((8,)), config)


def test_network_without_weights_is_rejected(few: Dataset, own: Callable[..., str]) -> None:
    reference = own("from torch import nn\nclass Own(nn.Module):\n  def forward(self, x): return x.float()[:, 0, :10]")
    config = TrainConfig.from_settings(network=reference)
    with pytest.raises(UsageError, match="no weights"):
        fit(make_network(config), few.train, few.test, config)


def test_outlier_loss_is_lowest_for_equal_logits() -> None:
    equal, unequal = torch.zeros(3, 10), torch.eye(10)[:3]
    assert outlier_loss(equal).item() == pytest.approx(np.log(10))
    assert outlier_loss(unequal) > outlier_loss(equal)
    assert outlier_loss(equal[:0]).item() == 0
