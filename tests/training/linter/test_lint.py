"""Mistakes in a training loop of a user's own, each planted in its batches, network or loss, and found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.training.linter.conftest import kinds
from torch import Tensor, nn

from digits.errors import UsageError
from digits.training import lint_loop
from digits.training.linter.batches import MIN_FLIPPED
from digits.types import Dataset

Batch = tuple[Tensor, Tensor]

N = 200
"""Digits of a loop."""


class Loader:
    """Batches of normalized images ``float32[n, 1, 28, 28]``, shuffled or not, as a DataLoader gives them."""

    def __init__(
        self, images: Tensor, labels: Tensor, *, shuffle: bool = True, change: Callable[[Tensor], Tensor] = lambda x: x
    ) -> None:
        self.images, self.labels, self.shuffle, self.change = images, labels, shuffle, change

    def __iter__(self) -> Iterator[Batch]:
        n = len(self.labels)
        order = torch.randperm(n) if self.shuffle else torch.arange(n)
        for batch in order.split(50):
            yield self.change((self.images[batch].float() / 255 - 0.1307) / 0.3081)[:, None], self.labels[batch]


@pytest.fixture(scope="module")
def arrays(fewer: Dataset) -> Batch:
    images, labels = fewer.train.images[:N].copy(), fewer.train.labels[:N].astype(np.int64)
    return torch.from_numpy(images), torch.from_numpy(labels)


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10))


def mirror_half(images: Tensor) -> Tensor:
    return torch.where((torch.rand(len(images)) < 0.5)[:, None, None], images.flip(2), images)


def test_right_loop_is_silent_and_unchanged(arrays: Batch, network: nn.Module) -> None:
    before = [weight.clone() for weight in network.parameters()], torch.get_rng_state()
    assert lint_loop(network, Loader(*arrays)) == []
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), before[0], strict=True))
    assert torch.equal(torch.get_rng_state(), before[1])
    assert network.training
    assert all(weight.grad is None for weight in network.parameters())


def test_sorted_batches_are_found(arrays: Batch, network: nn.Module) -> None:
    images, labels = arrays
    order = labels.argsort()
    (finding,) = lint_loop(network, Loader(images[order], labels[order], shuffle=False))
    assert finding.kind == "unshuffled"
    assert re.search(r"not shuffled: 190 of 199 \(95 %\) labels.*DataLoader\(…, shuffle=True\)", finding.text)


def test_batches_that_are_the_same_in_every_pass_are_found(arrays: Batch, network: nn.Module) -> None:
    (finding,) = lint_loop(network, Loader(*arrays, shuffle=False))
    assert (finding.kind, finding.count) == ("unshuffled", N)
    assert lint_loop(network, iter(Loader(*arrays, shuffle=False))) == [], "an iterator has one pass"


def test_labels_of_1_to_10_are_found(arrays: Batch, network: nn.Module) -> None:
    images, labels = arrays
    (finding,) = lint_loop(network, Loader(images, labels + 1))
    assert finding.kind == "shifted-labels"
    assert "go from 1 to 10" in finding.text


def test_labels_that_the_digits_contradict_are_found(arrays: Batch, network: nn.Module) -> None:
    images, labels = arrays
    (finding,) = lint_loop(network, Loader(images, (labels + 1) % 10))
    assert finding.kind == "shifted"
    assert "shifted by" in finding.text


def test_random_flips_are_found(arrays: Batch, network: nn.Module) -> None:
    (finding,) = lint_loop(network, Loader(*arrays, change=mirror_half))
    assert finding.kind == "flips"
    assert finding.count > 2 * MIN_FLIPPED * finding.total
    assert len(finding.examples) == 2


def test_test_digits_among_those_learned_are_found(arrays: Batch, network: nn.Module) -> None:
    images, labels = arrays
    test = Loader(images[:90], labels[:90], shuffle=False)
    assert kinds(lint_loop(network, Loader(images[100:], labels[100:]), test_batches=test)) == []
    (finding,) = lint_loop(network, Loader(*arrays), test_batches=test)
    assert (finding.kind, finding.count, finding.total) == ("test-in-training", 90, N)


class Cut(nn.Module):
    """Learns its biases alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.bias = network, nn.Parameter(torch.zeros(10))

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images).detach() * 0 + self.bias


PARTS: dict[str, tuple[Callable[[nn.Module], nn.Module], Callable[[Tensor, Tensor], Tensor], set[str]]] = {
    "softmax": (lambda each: nn.Sequential(each, nn.Softmax(1)), F.cross_entropy, {"softmax-before-loss"}),
    "cut": (Cut, F.cross_entropy, {"no-gradient", "cannot-memorize"}),
    "loss": (lambda each: each, lambda logits, labels: logits.square().mean(), {"ignored-target", "cannot-memorize"}),
}


@pytest.mark.parametrize("part", PARTS)
def test_planted_part_is_found(part: str, arrays: Batch, network: nn.Module) -> None:
    change, loss, expected = PARTS[part]
    assert expected <= set(kinds(lint_loop(change(network), Loader(*arrays), loss)))


@pytest.mark.parametrize(("batches", "says"), [([], "no batch with a digit"), ([(torch.zeros(3),)], "pair of tensors")])
def test_batches_of_another_kind_are_refused(batches: list[tuple[Tensor]], says: str, network: nn.Module) -> None:
    with pytest.raises(UsageError, match=says):
        lint_loop(network, batches)
