"""The convolutional network against its own arithmetic written out, and ensembles against their members."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from digits.training.config import ACTIVATIONS, TrainConfig
from digits.training.engine.networks import CNN, MLP, Ensemble, describe_network, make_network
from digits.types import Dataset


def digits(few: Dataset, n: int = 8) -> Tensor:
    return torch.from_numpy(few.test.images[:n].copy())


def seen(network: nn.Module, images: Tensor) -> nn.Module:
    """Let batch normalization measure some digits, so that its statistics differ from the initial ones."""
    with torch.no_grad():
        network.train()(images)
    return network.eval()


def test_the_small_cnn_has_70586_weights() -> None:
    network = CNN()
    convolutions = 16 * 25 + 32 * 16 * 9 + 32 * 32 * 9 + 64 * 32 * 9 + 64 * 64 * 9
    norms = 2 * (16 + 32 + 32 + 64 + 64)
    assert sum(weight.numel() for weight in network.parameters()) == 70_586
    assert convolutions + norms + 64 * 10 + 10 == 70_586
    assert describe_network(network) == "cnn 16-32-64"


@pytest.mark.parametrize("channels", [(4,), (4, 6), (4, 6, 8), (4, 6, 8, 10)])
def test_logits_equal_the_layers_in_turn(few: Dataset, channels: tuple[int, ...]) -> None:
    images = digits(few, 64)
    network = seen(CNN(channels), images)
    stored = [tensor.double() for name, tensor in network.state_dict().items() if not name.endswith("tracked")]
    take = iter(stored)

    def convolved(x: Tensor, **how: Any) -> Tensor:
        x = F.conv2d(x, next(take), **how)
        weight, bias, mean, variance = next(take), next(take), next(take), next(take)
        x = (x - mean.view(-1, 1, 1)) / (variance.view(-1, 1, 1) + 1e-5).sqrt()
        return (x * weight.view(-1, 1, 1) + bias.view(-1, 1, 1)).clamp_min(0)

    x = ((images.double() / 255 - 0.1307) / 0.3081)[:, None, 2:26, 2:26]
    x = convolved(x, stride=2)
    assert x.shape[2:] == (10, 10)
    for stage in range(len(channels) - 1):
        x = F.max_pool2d(x, 2) if stage else x
        x = convolved(convolved(x, padding=1), padding=1)
    expected = F.linear(x.amax((2, 3)), next(take), next(take))
    torch.testing.assert_close(network(images).double(), expected, rtol=1e-4, atol=1e-4)
    assert describe_network(network) == f"cnn {'-'.join(map(str, channels))}"


def test_outermost_two_pixels_are_ignored(few: Dataset) -> None:
    images = digits(few)
    network = seen(CNN((4, 6)), images)
    inside = torch.zeros(28, 28, dtype=torch.bool)
    inside[2:26, 2:26] = True
    noise = torch.randint(0, 256, images.shape, dtype=torch.uint8)
    assert torch.equal(network(torch.where(inside, images, noise)), network(images))


# the pixels at the corners of what it looks at, and one in between
@pytest.mark.parametrize(("row", "column"), [(2, 2), (2, 24), (24, 2), (24, 24), (13, 13)])
def test_pixels_further_inside_count(row: int, column: int) -> None:
    first = CNN((4, 6)).layers[:3].eval()
    images = torch.zeros(2, 28, 28, dtype=torch.uint8)
    images[1, row, column] = 255
    before, after = first(images)
    assert not torch.equal(before, after)


def test_weights_are_channels_last() -> None:
    weights = [
        weight for weight in make_network(TrainConfig.from_settings(network="cnn")).parameters() if weight.ndim == 4
    ]
    assert len(weights) == 5
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


def test_activations_differ(few: Dataset) -> None:
    images = digits(few)
    answers = []
    for activation in ACTIVATIONS:
        config = TrainConfig.from_settings(network="cnn", channels=(4, 6), activation=activation)
        answers.append(make_network(config).eval()(images))
    assert len(torch.stack(answers).flatten(1).unique(dim=0)) == len(ACTIVATIONS)


def test_dropout_is_active_only_in_training() -> None:
    network = make_network(TrainConfig.from_settings(network="cnn", channels=(4, 6), dropout=0.3))
    assert [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)] == [0.3]
    assert [layer for layer in CNN((4, 6)).modules() if isinstance(layer, nn.Dropout)] == []
    after = network.layers[-2]
    maps = torch.ones(100, 6)
    assert (after.train()(maps) == 0).any()
    assert torch.equal(after.eval()(maps), maps)


def test_ensemble_averages_probabilities(few: Dataset) -> None:
    images = digits(few, 32)
    members = [seen(CNN((4, 6)), images), MLP((8,)), MLP(())]
    for member in members:
        with torch.no_grad():
            for weight in member.parameters():
                weight.mul_(3)  # so that the members disagree, and a mean of logits would be another answer
    ensemble = Ensemble(members).eval()
    expected = np.mean([member(images).softmax(1).detach().numpy() for member in members], axis=0)
    np.testing.assert_allclose(ensemble(images).exp().detach().numpy(), expected, rtol=1e-4, atol=1e-7)


def test_ensemble_of_one_equals_its_member(few: Dataset) -> None:
    member = MLP((8,)).eval()
    images = digits(few)
    torch.testing.assert_close(Ensemble([member])(images).softmax(1), member(images).softmax(1))


def test_ensemble_is_described_by_its_members() -> None:
    assert describe_network(make_network(TrainConfig.from_settings(ensemble_size=2))) == "2 × 784-256-128-10"
    assert (
        describe_network(make_network(TrainConfig.from_settings(network="cnn", ensemble_size=3))) == "3 × cnn 16-32-64"
    )


def test_members_have_their_own_seeds() -> None:
    config = TrainConfig.from_settings(hidden_sizes=(8,), ensemble_size=3, seed=5)
    ensemble = make_network(config)
    begun = [member.state_dict()["layers.2.weight"] for member in ensemble.members]
    for index in range(3):
        alone = make_network(config.member(index)).state_dict()["layers.2.weight"]
        assert [torch.equal(alone, weight) for weight in begun] == [index == other for other in range(3)]
