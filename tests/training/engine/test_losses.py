"""Losses, optimizers and schedules against closed forms, and a user's own."""

from __future__ import annotations

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
from digits.training.config import LOSSES, OPTIMIZERS, SCHEDULES, TrainConfig
from digits.training.loop import fit
from digits.training.network import MLP, make_network
from digits.training.optimization import compute_dtype, distillation, make_loss, make_optimizer, schedule
from digits.types import Dataset


@pytest.fixture(scope="module")
def judged() -> tuple[Tensor, Tensor, np.ndarray]:
    """Random logits, their labels, and the probabilities by numpy."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (200, 10))
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = torch.from_numpy(np.arange(200) % 10)
    return torch.from_numpy(logits), labels, probabilities


def test_cross_entropy_is_sklearns_log_loss(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    logits, labels, probabilities = judged
    loss = make_loss(TrainConfig(loss="cross-entropy"))(logits, labels).item()
    assert loss == pytest.approx(log_loss(labels, probabilities), rel=1e-9)


def test_label_smoothing_spreads_its_share_evenly(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    logits, labels, probabilities = judged
    target = 0.7 * np.eye(10)[labels] + 0.3 / 10
    loss = make_loss(TrainConfig(label_smoothing=0.3))(logits, labels).item()
    assert loss == pytest.approx(-(target * np.log(probabilities)).sum(1).mean(), rel=1e-9)


def test_squared_error_is_sklearns_brier_score(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    logits, labels, probabilities = judged
    loss = make_loss(TrainConfig(loss="squared-error"))(logits, labels).item()
    assert loss == pytest.approx(brier_score_loss(labels, probabilities, scale_by_half=False), rel=1e-9)


def test_focal_is_lins_with_gamma_2(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    logits, labels, probabilities = judged
    right = probabilities[np.arange(200), labels]
    loss = make_loss(TrainConfig(loss="focal"))(logits, labels).item()
    assert loss == pytest.approx(-((1 - right) ** 2 * np.log(right)).mean(), rel=1e-9)


def test_hinge_is_the_mean_of_the_margins_missed(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    logits, labels, _ = judged
    missed = np.maximum(0, 1 - logits.gather(1, labels[:, None]).numpy() + logits.numpy())
    missed[np.arange(200), labels] = 0
    loss = make_loss(TrainConfig(loss="hinge"))(logits, labels).item()
    assert loss == pytest.approx(missed.sum(1).mean() / 10, rel=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_lower_for_the_right_answer(name: str) -> None:
    labels = torch.arange(10)
    right = 5 * torch.eye(10)
    loss = make_loss(TrainConfig(loss=name))
    assert loss(right, labels) < loss(torch.zeros(10, 10), labels) < loss(-right, labels)


configurations = st.fixed_dictionaries({"warmup": st.floats(0.01, 0.99), "schedule": st.sampled_from(SCHEDULES)})
points = st.floats(1e-9, 1, exclude_max=True)


@given(configurations, points)
def test_the_rate_is_never_above_the_highest_nor_below_nothing(values: dict[str, Any], at: float) -> None:
    assert 0 <= schedule(TrainConfig(**values), at) <= 1 + 1e-12


@given(configurations, points, points)
def test_the_rate_falls_after_the_warmup_and_rises_before_it(values: dict[str, Any], one: float, two: float) -> None:
    config = TrainConfig(**values)
    early, late = sorted((one, two))
    rises = config.schedule == "one-cycle" and late < config.warmup
    if rises:
        assert schedule(config, early) <= schedule(config, late) * (1 + 1e-12)
    elif config.schedule != "one-cycle" or early >= config.warmup:
        assert schedule(config, early) * (1 + 1e-12) >= schedule(config, late)


@given(configurations)
def test_the_highest_rate_is_reached(values: dict[str, Any]) -> None:
    config = TrainConfig(**values)
    peak = config.warmup if config.schedule == "one-cycle" else 1e-9
    assert schedule(config, peak) == pytest.approx(1)


@pytest.mark.parametrize("name", ["linear", "cosine", "one-cycle"])
def test_the_rate_ends_at_nothing(name: str) -> None:
    assert schedule(TrainConfig(schedule=name), 1 - 1e-6) < 1e-5


@pytest.mark.parametrize(("at", "share"), [(0.59, 1), (0.61, 0.1), (0.79, 0.1), (0.81, 0.01), (0.99, 0.01)])
def test_step_takes_a_tenth_after_60_and_80_percent(at: float, share: float) -> None:
    assert schedule(TrainConfig(schedule="step"), at) == pytest.approx(share)


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_half_way_the_rate_is_half(name: str) -> None:
    assert schedule(TrainConfig(schedule=name), 0.5) == pytest.approx(0.5)


def test_one_cycle_without_warmup_falls_from_the_start() -> None:
    assert schedule(TrainConfig(warmup=0.0), 0.25) == pytest.approx(0.75)


RATES = {"adagrad": 0.01, "radam": 0.01, "sgd": 0.02, "muon": 0.02, "rmsprop": 1e-4}
"""Where 0.001 is too small or, as for rmsprop, whose momentum of 0.9 makes its steps ten times as large, too large."""


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_learns(few: Dataset, name: str) -> None:
    config = TrainConfig(
        optimizer=name, learning_rate=RATES.get(name, 1e-3), batch_size=50, epochs=2, schedule="constant",
        weight_decay=0.0, momentum=0.9, averaging=0.0, rotation=0.0, scale=0.0, shear=0.0, shift=0.0, elastic=0.0,
    )  # fmt: skip
    first, second = fit(make_network(config), few.train, few.test, config)
    assert second.train_loss < 0.7 * first.train_loss
    assert 0.8 < second.validation_accuracy < 0.97


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_fields_reach_the_optimizer(name: str) -> None:
    config = TrainConfig(optimizer=name, learning_rate=0.123, matrix_rate=0.234, weight_decay=0.045, momentum=0.67)
    optimizer = make_optimizer(MLP((8,)), config)
    assert type(optimizer).__name__.lower() == ("adam" if name == "adamw" else name)
    group = optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (0.234 if name == "muon" else 0.123, 0.045)
    assert group.get("momentum") == (0.67 if name in ("sgd", "rmsprop", "muon") else None)
    assert sum(weight.numel() for group in optimizer.param_groups for weight in group["params"]) == 784 * 8 + 98


def test_distillation_is_the_divergence_of_the_softened_answers(judged: tuple[Tensor, Tensor, np.ndarray]) -> None:
    taught, _, _ = judged
    logits = taught.flip(0)
    target = np.exp(taught.numpy() / 3) / np.exp(taught.numpy() / 3).sum(1, keepdims=True)
    answer = np.exp(logits.numpy() / 3) / np.exp(logits.numpy() / 3).sum(1, keepdims=True)
    expected = 9 * (target * np.log(target / answer)).sum(1).mean()
    assert distillation(logits, taught, 3.0).item() == pytest.approx(expected, rel=1e-9)
    assert distillation(taught, taught + 1, 3.0).item() == pytest.approx(0, abs=1e-12)


def test_lower_precision_is_chosen_where_it_is_asked_for_or_pays() -> None:
    cpu = torch.device("cpu")
    assert compute_dtype("float32", cpu) == torch.float32
    assert compute_dtype("bfloat16", cpu) == torch.bfloat16
    able = {"avx512_bf16": True}
    for capabilities, dtype in ((able, torch.bfloat16), ({"amx_bf16": False}, torch.float32)):
        with mock.patch.object(torch.cpu, "get_capabilities", lambda found=capabilities: found, create=True):
            assert compute_dtype("auto", cpu) == dtype
    assert compute_dtype("auto", torch.device("mps")) == torch.float32


def test_without_momentum_sgd_is_plain() -> None:
    network = nn.Linear(3, 2)
    optimizer = make_optimizer(network, TrainConfig(optimizer="sgd", learning_rate=0.5, momentum=0.0, weight_decay=0.1))
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
def test_an_own_optimizer_and_an_own_loss_train(few: Dataset, own: Callable[..., str], loss: str) -> None:
    config = TrainConfig(
        optimizer=own(OWN, "Plain"), loss=own(OWN, loss), learning_rate=0.1, epochs=2, batch_size=50, averaging=0.0,
        weight_decay=0.5, schedule="constant",
    )  # fmt: skip
    first, second = fit(make_network(config), few.train, few.test, config)
    assert second.train_loss < 0.9 * first.train_loss


def test_an_own_loss_made_from_the_configuration_gets_it(own: Callable[..., str]) -> None:
    loss = make_loss(TrainConfig(loss=own(OWN, "Scaled"), weight_decay=0.5))
    assert loss(torch.zeros(2, 10), torch.arange(2)).item() == pytest.approx(0.5 * np.log(10))


CALLED = "; it is called with logits float32[n, 10] and labels int64[n]"
NEEDED = "; one number that depends on the logits is needed"


@pytest.mark.parametrize(
    ("field", "name", "says"),
    [
        ("loss", "each", f"gave a tensor of shape [2]{NEEDED}"),
        ("loss", "fixed", f"gave a tensor of shape []{NEEDED}"),
        ("loss", "nothing", f"gave NoneType{NEEDED}"),
        ("loss", "one", f"failed with TypeError: one() takes 1 positional argument but 2 were given{CALLED}"),
        ("loss", "number", f"failed with TypeError: 'int' object is not callable{CALLED}"),
        ("optimizer", "careless", "gave a int, not a torch.optim.Optimizer"),
        (
            "optimizer",
            "narrow",
            "failed with TypeError: narrow() got an unexpected keyword argument 'lr'; "
            "it is called with the weights, lr and weight_decay",
        ),
    ],
)
def test_a_wrong_own_part_is_refused_in_a_sentence(own: Callable[..., str], field: str, name: str, says: str) -> None:
    reference = own(OWN, name)
    config = TrainConfig().replace(**{field: reference})
    with pytest.raises(UsageError) as refused:
        make_loss(config) if field == "loss" else make_optimizer(MLP((8,)), config)
    assert str(refused.value) == f"{field} {reference} {says}"


def test_a_network_without_weights_is_refused(few: Dataset, own: Callable[..., str]) -> None:
    reference = own("from torch import nn\nclass Own(nn.Module):\n  def forward(self, x): return x.float()[:, 0, :10]")
    config = TrainConfig(network=reference)
    with pytest.raises(UsageError) as refused:
        fit(make_network(config), few.train, few.test, config)
    assert str(refused.value) == f"network {reference} has no weights to train"
