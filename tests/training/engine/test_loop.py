"""The training loop: learning, progress, stopping, determinism, and what must stay unmodified."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from digits.data import split
from digits.errors import TrainingError, UsageError
from digits.evaluation.calibration import negative_log_likelihood
from digits.training.config import TrainConfig
from digits.training.engine.checkpoint import Epoch
from digits.training.engine.loop import fit, is_out_of_patience, to_tensors
from digits.training.engine.networks import make_network, predict
from digits.training.recipes import RECIPES, get_recipe
from digits.types import Dataset, LabelledDigits

pytestmark = pytest.mark.slow

PLAIN = TrainConfig.from_settings(
    hidden_sizes=(64,), optimizer="adam", lr=2e-3, weight_decay=0.0, schedule="constant", batch_size=50, epochs=3,
    ema_epochs=0.0, rotation=0.0, scale=0.0, shear=0.0, shift=0.0, elastic=0.0, precision="float32",
)  # fmt: skip
CPU = torch.device("cpu")


def trained(config: TrainConfig, few: Dataset, **others: Any) -> tuple[nn.Module, list[Epoch]]:
    network = make_network(config)
    return network, fit(network, few.train, few.test, config, **others)


def first_of(digits: LabelledDigits, n: int) -> LabelledDigits:
    return LabelledDigits(digits.images[:n], digits.labels[:n])


def weights(network: nn.Module) -> Tensor:
    return torch.cat([tensor.detach().flatten().float() for tensor in network.state_dict().values()])


def without_seconds(history: list[Epoch]) -> list[tuple[float, ...]]:
    return [
        (row.epoch, row.train_loss, row.train_accuracy, row.validation_loss, row.validation_accuracy, row.learning_rate)
        for row in history
    ]


def test_500_digits_are_memorized(mnist: Dataset) -> None:
    digits = LabelledDigits(mnist.train.images[:500], mnist.train.labels[:500])
    network = make_network(PLAIN)
    history = fit(network, digits, mnist.test, PLAIN.replace(epochs=15))
    logits = predict(network, to_tensors(digits, CPU)[0])
    assert (logits.argmax(1).numpy() == digits.labels).all()
    # and has not seen the validation digits
    assert 0.8 < history[-1].validation_accuracy < 0.92


def test_two_epochs_of_the_standard_recipe_on_mnist(mnist: Dataset) -> None:
    config = get_recipe("standard").replace(epochs=2)
    learned, validation = split(mnist.train, 5000)
    history = fit(make_network(config), learned, validation, config)
    assert 0.94 < history[-1].validation_accuracy < 0.99
    assert history[-1].train_accuracy < history[-1].validation_accuracy, "training digits are distorted"


def test_one_epoch_of_the_classic_recipe_on_mnist(mnist: Dataset) -> None:
    config = get_recipe("classic").replace(epochs=1)
    learned, validation = split(mnist.train, 5000)
    (row,) = fit(make_network(config), learned, validation, config)
    assert 0.94 < row.validation_accuracy < 0.98
    assert 0.88 < row.train_accuracy < 0.95


def test_random_labels_are_not_learned(few: Dataset) -> None:
    rng = np.random.default_rng(0)
    drawn = LabelledDigits(few.train.images, rng.permutation(few.train.labels))
    history = fit(make_network(PLAIN), drawn, few.test, PLAIN)
    assert history[-1].validation_accuracy < 0.3


@pytest.mark.parametrize("changes", [{}, {"ema_epochs": 2.0}, {"patience": 1, "epochs": 6, "lr": 0.03}])
def test_validation_figures_are_those_of_the_kept_network(few: Dataset, changes: dict[str, Any]) -> None:
    network, history = trained(PLAIN.replace(**changes), few)
    row = min(history, key=lambda row: row.validation_loss) if "patience" in changes else history[-1]
    logits = predict(network, to_tensors(few.test, CPU)[0]).numpy()
    assert row.validation_accuracy == (logits.argmax(1) == few.test.labels).mean()
    assert row.validation_loss == pytest.approx(negative_log_likelihood(logits, few.test.labels), rel=1e-5)


def test_training_figures_are_means_over_the_epoch(few: Dataset) -> None:
    config = PLAIN.replace(optimizer="sgd", lr=1e-30, momentum=0.0, batch_size=300, schedule="linear")
    network, history = trained(config, few)
    logits = predict(network, to_tensors(few.train, CPU)[0]).numpy()
    assert [row.epoch for row in history] == [1, 2, 3]
    for row in history:  # with steps of no length, every batch sees the same network, whatever the size of the last
        assert row.train_loss == pytest.approx(negative_log_likelihood(logits, few.train.labels), rel=1e-5)
        assert row.train_accuracy == (logits.argmax(1) == few.train.labels).mean()
        assert row.seconds > 0
    steps = math.ceil(2000 / 300)
    assert [row.learning_rate for row in history] == pytest.approx(
        [1e-30 * (1 - (epoch - 0.5 / steps) / 3) for epoch in (1, 2, 3)]
    )


@pytest.mark.parametrize("changes", [{"lr": 1e30, "optimizer": "sgd"}, {"loss": "squared-error"}])
def test_divergence_stops_with_advice(few: Dataset, changes: dict[str, Any]) -> None:
    config = PLAIN.replace(**{"lr": 1e38, **changes})
    rate = config.optimization.lr
    with pytest.raises(TrainingError) as stopped:
        trained(config, few)
    assert f"epoch 1: the learning rate is too high. Try --lr {rate / 10:g} instead of {rate:g}" in str(stopped.value)


def test_divergence_in_the_last_step_is_noticed(few: Dataset) -> None:
    with pytest.raises(TrainingError, match="no longer a number in epoch 1"):
        trained(PLAIN.replace(batch_size=2000, epochs=1, lr=1e38), few)


class CtrlC:
    """Presses Ctrl-C at a point of the run, counted in epochs."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
        if done >= self.at:
            raise KeyboardInterrupt


def test_ctrl_c_in_the_first_epoch_keeps_the_weights(few: Dataset) -> None:
    start = weights(make_network(PLAIN))
    network, history = trained(PLAIN, few, progress=CtrlC(0.5))
    assert history == []
    assert not torch.equal(weights(network), start)
    assert not network.training


def test_ctrl_c_keeps_finished_epochs_and_later_steps(few: Dataset) -> None:
    whole, history = trained(PLAIN, few)
    network, short = trained(PLAIN, few, progress=CtrlC(1.5))
    assert without_seconds(short) == without_seconds(history[:1])
    assert not torch.equal(weights(network), weights(whole))
    assert not torch.equal(weights(network), weights(trained(PLAIN.replace(epochs=1), few)[0]))


@pytest.mark.parametrize(("losses", "patience", "stops"), [
    ([], 1, False), ([3.0], 1, False), ([3.0, 2.0], 1, False), ([3.0, 3.0], 1, True), ([3.0, 4.0], 2, False),
    ([3.0, 4.0, 3.5], 2, True), ([3.0, 4.0, 2.9], 2, False), ([3.0, 4.0, 5.0], 0, False),
])  # fmt: skip
def test_patience_counts_epochs_since_the_best(losses: list[float], patience: int, stops: bool) -> None:
    history = [Epoch(i + 1, 1.0, 0.5, loss, 0.5, 0.1, 1.0) for i, loss in enumerate(losses)]
    assert is_out_of_patience(history, patience) is stops


def test_patience_stops_early_and_keeps_the_best(few: Dataset) -> None:
    config = PLAIN.replace(patience=2, epochs=30, lr=0.01)
    network, history = trained(config, few)
    losses = [row.validation_loss for row in history]
    best = losses.index(min(losses))
    assert len(history) == best + 3 < 30
    # the network as it was after its best epoch, and not a step further
    shorter, _ = trained(config.replace(patience=0, epochs=best + 1), few)
    assert torch.equal(weights(network), weights(shorter))


def test_averaged_weights_are_kept(few: Dataset) -> None:
    last, plain = trained(PLAIN, few)
    averaged, history = trained(PLAIN.replace(ema_epochs=1.0), few)
    assert [row.train_loss for row in history] == [row.train_loss for row in plain], (
        "averaging does not affect training"
    )
    assert not torch.equal(weights(averaged), weights(last))
    assert history[-1].validation_loss != plain[-1].validation_loss


def test_average_is_the_exponential_moving_average_of_all_steps(few: Dataset) -> None:
    config = PLAIN.replace(ema_epochs=0.5, epochs=1)
    seen: list[Tensor] = []
    network = make_network(config)
    fit(network, few.train, few.test, config, progress=lambda done, epochs, history: seen.append(weights(network)))
    decay = math.exp(-1 / (0.5 * 40))
    expected = seen[0].double()
    for step in seen[1:40]:
        expected = decay * expected + (1 - decay) * step
    torch.testing.assert_close(weights(network).double(), expected, rtol=1e-4, atol=1e-6)


def test_progress_reports_every_step(few: Dataset) -> None:
    reports: list[tuple[float, int, int]] = []
    config = PLAIN.replace(batch_size=1000, epochs=2)
    trained(config, few, progress=lambda done, epochs, history: reports.append((done, epochs, len(history))))
    assert reports == [(0.5, 2, 0), (1.0, 2, 0), (1, 2, 1), (1.5, 2, 1), (2.0, 2, 1), (2, 2, 2)]


def test_input_arrays_are_not_modified(few: Dataset) -> None:
    images, labels = few.train.images.copy(), few.train.labels.copy()
    images.setflags(write=False)
    config = get_recipe("standard").replace(epochs=1, batch_size=100)
    fit(make_network(config), LabelledDigits(images, labels), few.test, config)
    assert np.array_equal(images, few.train.images)
    assert np.array_equal(labels, few.train.labels)


@pytest.mark.parametrize("n", [0, 1, 999, 1000])
def test_predict_is_independent_of_batch_size_dropout_and_gradients(few: Dataset, n: int) -> None:
    network = make_network(PLAIN.replace(dropout=0.5)).train()
    images = torch.from_numpy(few.test.images[:n].copy())
    logits = predict(network, images)
    assert logits.shape == (n, 10)
    assert not logits.requires_grad
    torch.testing.assert_close(predict(network, images, batch_size=7), logits)


@pytest.mark.parametrize("name", RECIPES)
def test_same_seed_gives_the_same_bits(few: Dataset, name: str) -> None:
    config = get_recipe(name).member(0).replace(epochs=2, batch_size=100, dropout=0.3)
    config = config.replace(hidden_sizes=(64, 32))  # as deep, but quicker
    digits = Dataset("fewer", first_of(few.train, 500), first_of(few.test, 100), "", {})
    # an untrained teacher will do: only repeatability is tested
    teacher = make_network(PLAIN.replace(seed=7)).eval() if config.optimization.teacher else None
    (first, one), (again, two) = (trained(config, digits, teacher=teacher) for _ in range(2))
    assert torch.equal(weights(first), weights(again))
    assert without_seconds(one) == without_seconds(two)
    other, _ = trained(config.replace(seed=1), digits, teacher=teacher)
    assert not torch.equal(weights(first), weights(other))


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_bfloat16_training_learns_and_keeps_float32_weights(few: Dataset, network: str) -> None:
    config = PLAIN.replace(network=network, channels=(8, 16), lr=5e-3)
    (exact, ours), (rounded, theirs) = (trained(config.replace(precision=of), few) for of in ("float32", "bfloat16"))
    assert not torch.equal(weights(exact), weights(rounded))
    assert {weight.dtype for weight in rounded.parameters()} == {torch.float32}
    assert theirs[-1].validation_accuracy > max(0.75, ours[-1].validation_accuracy - 0.05)
    # validation is not rounded
    logits = predict(rounded, to_tensors(few.test, CPU)[0]).numpy()
    assert theirs[-1].validation_loss == pytest.approx(negative_log_likelihood(logits, few.test.labels), rel=1e-5)


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_teacher_is_not_modified(few: Dataset, network: str) -> None:
    teacher = make_network(PLAIN.replace(network=network, channels=(4, 8), dropout=0.3, seed=7)).eval()
    before = weights(teacher).clone()
    trained(PLAIN.replace(epochs=1), few, teacher=teacher)
    assert torch.equal(weights(teacher), before)
    assert not teacher.training
    assert all(weight.grad is None for weight in teacher.parameters())


def test_student_learns_from_the_teacher_instead_of_the_labels(few: Dataset) -> None:
    teacher, _ = trained(PLAIN, few)
    rng = np.random.default_rng(0)
    drawn = LabelledDigits(few.train.images, rng.permutation(few.train.labels))
    student = make_network(PLAIN.replace(seed=1))
    history = fit(student, drawn, few.test, PLAIN.replace(seed=1), teacher=teacher)
    assert history[-1].validation_accuracy > 0.8
    assert history[-1].train_accuracy < 0.2, "the labels are random"


def test_fit_rejects_an_ensemble(few: Dataset) -> None:
    with pytest.raises(UsageError, match=r"config\.member\(0\)"):
        trained(PLAIN.replace(ensemble_size=2), few)


class Normalized(nn.Module):
    """A network with batch normalization, for which a batch of one digit has no variance."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 10))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images.float() / 255)


def test_last_batch_has_at_least_two_digits(mnist: Dataset) -> None:
    digits = LabelledDigits(mnist.train.images[:101], mnist.train.labels[:101])
    seen: list[int] = []
    network = Normalized()
    network.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])) if network.training else None)
    fit(network, digits, digits, PLAIN.replace(batch_size=20, epochs=1))
    assert seen == [20, 20, 20, 20, 21]
