"""The loop: that it learns, what it tells, how it stops, and what it leaves alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from digits.data import split
from digits.errors import TrainingError, UsageError
from digits.evaluation.metrics import negative_log_likelihood
from digits.training.checkpoint import Epoch
from digits.training.config import TrainConfig
from digits.training.loop import fit, out_of_patience, predict, to_tensors
from digits.training.network import make_network
from digits.training.recipes import RECIPES, recipe
from digits.types import Dataset, LabelledDigits

PLAIN = TrainConfig(
    hidden=(64,), optimizer="adam", learning_rate=2e-3, weight_decay=0.0, schedule="constant", batch_size=50, epochs=3,
    averaging=0.0, rotation=0.0, scale=0.0, shear=0.0, shift=0.0, elastic=0.0, precision="float32",
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


def test_it_learns_500_digits_by_heart(mnist: Dataset) -> None:
    digits = LabelledDigits(mnist.train.images[:500], mnist.train.labels[:500])
    network = make_network(PLAIN)
    history = fit(network, digits, mnist.test, PLAIN.replace(epochs=15))
    logits = predict(network, to_tensors(digits, CPU)[0])
    assert (logits.argmax(1).numpy() == digits.labels).all()
    # and has not been shown the digits it is judged by
    assert 0.8 < history[-1].validation_accuracy < 0.92


def test_two_epochs_of_the_standard_recipe_on_mnist(mnist: Dataset) -> None:
    config = recipe("standard").replace(epochs=2)
    learned, validation = split(mnist.train, 5000)
    history = fit(make_network(config), learned, validation, config)
    assert 0.94 < history[-1].validation_accuracy < 0.99
    assert history[-1].train_accuracy < history[-1].validation_accuracy, "what it learns from is distorted"


def test_one_epoch_of_the_classic_recipe_on_mnist(mnist: Dataset) -> None:
    config = recipe("classic").replace(epochs=1)
    learned, validation = split(mnist.train, 5000)
    (row,) = fit(make_network(config), learned, validation, config)
    assert 0.94 < row.validation_accuracy < 0.98
    assert 0.88 < row.train_accuracy < 0.95


def test_labels_that_say_nothing_cannot_be_learned(few: Dataset) -> None:
    rng = np.random.default_rng(0)
    drawn = LabelledDigits(few.train.images, rng.permutation(few.train.labels))
    history = fit(make_network(PLAIN), drawn, few.test, PLAIN)
    assert history[-1].validation_accuracy < 0.3


@pytest.mark.parametrize("changes", [{}, {"averaging": 2.0}, {"patience": 1, "epochs": 6, "learning_rate": 0.03}])
def test_the_validation_row_is_what_the_kept_network_gives(few: Dataset, changes: dict[str, Any]) -> None:
    network, history = trained(PLAIN.replace(**changes), few)
    row = min(history, key=lambda row: row.validation_loss) if "patience" in changes else history[-1]
    logits = predict(network, to_tensors(few.test, CPU)[0]).numpy()
    assert row.validation_accuracy == (logits.argmax(1) == few.test.labels).mean()
    assert row.validation_loss == pytest.approx(negative_log_likelihood(logits, few.test.labels), rel=1e-5)


def test_the_rows_count_and_the_training_row_is_the_mean_over_the_epoch(few: Dataset) -> None:
    config = PLAIN.replace(optimizer="sgd", learning_rate=1e-30, momentum=0.0, batch_size=300, schedule="linear")
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


@pytest.mark.parametrize("changes", [{"learning_rate": 1e30, "optimizer": "sgd"}, {"loss": "squared-error"}])
def test_a_loss_that_is_no_number_stops_with_advice(few: Dataset, changes: dict[str, Any]) -> None:
    config = PLAIN.replace(**{"learning_rate": 1e38, **changes})
    rate = config.learning_rate
    with pytest.raises(TrainingError) as stopped:
        trained(config, few)
    assert str(stopped.value) == (
        f"the loss became nan in epoch 1: the steps are too large. Try --learning-rate {rate / 10:g} "
        f"instead of {rate:g}, a longer --warmup, or another --optimizer"
    )


def test_weights_broken_by_the_very_last_step_are_noticed(few: Dataset) -> None:
    with pytest.raises(TrainingError, match=r"^the loss became nan in epoch 1: the steps are too large"):
        trained(PLAIN.replace(batch_size=2000, epochs=1, learning_rate=1e38), few)


class CtrlC:
    """Presses Ctrl-C at a point of the run, counted in epochs."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
        if done >= self.at:
            raise KeyboardInterrupt


def test_ctrl_c_in_the_first_epoch_keeps_what_is_trained(few: Dataset) -> None:
    start = weights(make_network(PLAIN))
    network, history = trained(PLAIN, few, progress=CtrlC(0.5))
    assert history == []
    assert not torch.equal(weights(network), start)
    assert not network.training


def test_ctrl_c_keeps_the_whole_epochs_and_the_steps_since(few: Dataset) -> None:
    whole, history = trained(PLAIN, few)
    network, short = trained(PLAIN, few, progress=CtrlC(1.5))
    assert without_seconds(short) == without_seconds(history[:1])
    assert not torch.equal(weights(network), weights(whole))
    assert not torch.equal(weights(network), weights(trained(PLAIN.replace(epochs=1), few)[0]))


@pytest.mark.parametrize(("losses", "patience", "stops"), [
    ([], 1, False), ([3.0], 1, False), ([3.0, 2.0], 1, False), ([3.0, 3.0], 1, True), ([3.0, 4.0], 2, False),
    ([3.0, 4.0, 3.5], 2, True), ([3.0, 4.0, 2.9], 2, False), ([3.0, 4.0, 5.0], 0, False),
])  # fmt: skip
def test_patience_counts_the_epochs_since_the_best(losses: list[float], patience: int, stops: bool) -> None:
    history = [Epoch(i + 1, 1.0, 0.5, loss, 0.5, 0.1, 1.0) for i, loss in enumerate(losses)]
    assert out_of_patience(history, patience) is stops


def test_patience_stops_early_and_keeps_the_best(few: Dataset) -> None:
    config = PLAIN.replace(patience=2, epochs=30, learning_rate=0.01)
    network, history = trained(config, few)
    losses = [row.validation_loss for row in history]
    best = losses.index(min(losses))
    assert len(history) == best + 3 < 30
    # the network as it was after its best epoch, and not a step further
    shorter, _ = trained(config.replace(patience=0, epochs=best + 1), few)
    assert torch.equal(weights(network), weights(shorter))


def test_averaged_weights_are_kept_and_not_the_last(few: Dataset) -> None:
    last, plain = trained(PLAIN, few)
    averaged, history = trained(PLAIN.replace(averaging=1.0), few)
    assert [row.train_loss for row in history] == [row.train_loss for row in plain], "averaging only watches"
    assert not torch.equal(weights(averaged), weights(last))
    assert history[-1].validation_loss != plain[-1].validation_loss


def test_averaging_is_the_exponential_moving_average_of_all_steps(few: Dataset) -> None:
    config = PLAIN.replace(averaging=0.5, epochs=1)
    seen: list[Tensor] = []
    network = make_network(config)
    fit(network, few.train, few.test, config, progress=lambda done, epochs, history: seen.append(weights(network)))
    decay = math.exp(-1 / (0.5 * 40))
    expected = seen[0].double()
    for step in seen[1:40]:
        expected = decay * expected + (1 - decay) * step
    torch.testing.assert_close(weights(network).double(), expected, rtol=1e-4, atol=1e-6)


def test_progress_tells_every_step(few: Dataset) -> None:
    told: list[tuple[float, int, int]] = []
    config = PLAIN.replace(batch_size=1000, epochs=2)
    trained(config, few, progress=lambda done, epochs, history: told.append((done, epochs, len(history))))
    assert told == [(0.5, 2, 0), (1.0, 2, 0), (1, 2, 1), (1.5, 2, 1), (2.0, 2, 1), (2, 2, 2)]


def test_the_digits_given_are_left_as_they_are(few: Dataset) -> None:
    images, labels = few.train.images.copy(), few.train.labels.copy()
    images.setflags(write=False)
    config = recipe("standard").replace(epochs=1, batch_size=100)
    fit(make_network(config), LabelledDigits(images, labels), few.test, config)
    assert np.array_equal(images, few.train.images)
    assert np.array_equal(labels, few.train.labels)


@pytest.mark.parametrize("n", [0, 1, 999, 1000])
def test_predict_gives_the_same_whatever_the_batch_without_dropout_or_gradient(few: Dataset, n: int) -> None:
    network = make_network(PLAIN.replace(dropout=0.5)).train()
    images = torch.from_numpy(few.test.images[:n].copy())
    logits = predict(network, images)
    assert logits.shape == (n, 10)
    assert not logits.requires_grad
    torch.testing.assert_close(predict(network, images, batch_size=7), logits)


@pytest.mark.parametrize("name", RECIPES)
def test_the_seed_alone_decides_every_bit(few: Dataset, name: str) -> None:
    config = recipe(name).member(0).replace(epochs=2, batch_size=100, dropout=0.3)
    config = config.replace(hidden=tuple(width // 4 for width in config.hidden))  # as deep, but quicker
    digits = Dataset("fewer", first_of(few.train, 500), first_of(few.test, 100), "", {})
    # any answers will do: what is learned from them is the same again, or it is not
    teacher = make_network(PLAIN.replace(seed=7)).eval() if config.teacher else None
    (first, one), (again, two) = (trained(config, digits, teacher=teacher) for _ in range(2))
    assert torch.equal(weights(first), weights(again))
    assert without_seconds(one) == without_seconds(two)
    other, _ = trained(config.replace(seed=1), digits, teacher=teacher)
    assert not torch.equal(weights(first), weights(other))


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_training_in_bfloat16_rounds_but_learns_and_keeps_float32(few: Dataset, network: str) -> None:
    config = PLAIN.replace(network=network, channels=(8, 16), learning_rate=5e-3)
    (exact, ours), (rounded, theirs) = (trained(config.replace(precision=of), few) for of in ("float32", "bfloat16"))
    assert not torch.equal(weights(exact), weights(rounded))
    assert {weight.dtype for weight in rounded.parameters()} == {torch.float32}
    assert theirs[-1].validation_accuracy > max(0.75, ours[-1].validation_accuracy - 0.05)
    # what it is judged by is not rounded
    logits = predict(rounded, to_tensors(few.test, CPU)[0]).numpy()
    assert theirs[-1].validation_loss == pytest.approx(negative_log_likelihood(logits, few.test.labels), rel=1e-5)


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_the_teacher_is_not_changed_by_teaching(few: Dataset, network: str) -> None:
    teacher = make_network(PLAIN.replace(network=network, channels=(4, 8), dropout=0.3, seed=7)).eval()
    before = weights(teacher).clone()
    trained(PLAIN.replace(epochs=1), few, teacher=teacher)
    assert torch.equal(weights(teacher), before)
    assert not teacher.training
    assert all(weight.grad is None for weight in teacher.parameters())


def test_a_teachers_answers_are_learned_and_not_the_labels(few: Dataset) -> None:
    teacher, _ = trained(PLAIN, few)
    rng = np.random.default_rng(0)
    drawn = LabelledDigits(few.train.images, rng.permutation(few.train.labels))
    student = make_network(PLAIN.replace(seed=1))
    history = fit(student, drawn, few.test, PLAIN.replace(seed=1), teacher=teacher)
    assert history[-1].validation_accuracy > 0.8
    assert history[-1].train_accuracy < 0.2, "the labels it is compared with say nothing"


def test_fit_refuses_an_ensemble(few: Dataset) -> None:
    with pytest.raises(UsageError) as refused:
        trained(PLAIN.replace(members=2), few)
    assert str(refused.value) == (
        "fit trains one network: give it config.member(0), config.member(1), … or call digits.train"
    )


class Normalised(nn.Module):
    """A network with batch normalisation, which a batch of one digit has no variance for."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 10))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images.float() / 255)


def test_a_last_batch_is_never_a_digit_alone(mnist: Dataset) -> None:
    digits = LabelledDigits(mnist.train.images[:101], mnist.train.labels[:101])
    seen: list[int] = []
    network = Normalised()
    network.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])) if network.training else None)
    fit(network, digits, digits, PLAIN.replace(batch_size=20, epochs=1))
    assert seen == [20, 20, 20, 20, 21]
