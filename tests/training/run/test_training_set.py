"""What is no digit is learned as unlike all of them, and an ensemble asks all its members about what is doubtful."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from digits.training.export import export_onnx
from digits.training.loop import fit, predict_logits
from digits.training.network import MLP, Ensemble, make_network
from digits.training.sources import learned_as_none, no_digits

from digits.inference import load_model
from digits.synthesis import synthesize_outliers
from digits.training.config import TrainConfig
from digits.training.recipes import recipe
from digits.types import Dataset, LabelledDigits, softmax

FEW = recipe("fast").replace(epochs=4, batch_size=250)


def confidence(network: torch.nn.Module, images: np.ndarray) -> float:
    logits = predict_logits(network, LabelledDigits(images, np.zeros(len(images), np.uint8)))
    return float(softmax(logits).max(1).mean())


@pytest.mark.slow
def test_a_network_that_learned_what_is_no_digit_is_unsure_of_it(mnist: Dataset) -> None:
    learned = LabelledDigits(mnist.train.images[:4000], mnist.train.labels[:4000])
    validation = LabelledDigits(mnist.train.images[-500:], mnist.train.labels[-500:])
    sure = {}
    for others in (None, synthesize_outliers(2000, 1)):
        network = make_network(FEW)
        history = fit(network, learned, validation, FEW, others=others)
        sure[others is not None] = confidence(network, synthesize_outliers(300, 2))
        assert history[-1].validation_accuracy > 0.9
    assert sure[True] < sure[False] - 0.2


def test_a_run_draws_its_own_others_and_half_of_them_photographed() -> None:
    config = TrainConfig(others=20)
    images = learned_as_none(config)
    assert images.shape == (20, 28, 28)
    assert np.array_equal(images, learned_as_none(config))
    assert not np.array_equal(images, learned_as_none(config.replace(seed=1)))
    assert not len(learned_as_none(config.replace(members=2)))
    drawn = synthesize_outliers(20, 5)
    photographed = [not np.array_equal(a, b) for a, b in zip(drawn, no_digits(20, 5), strict=True)]
    assert not any(photographed[1::2])
    assert sum(photographed[::2]) > 5


@pytest.fixture
def members() -> list[MLP]:
    networks = []
    for seed in range(3):
        torch.manual_seed(seed)
        networks.append(MLP((16,)).eval())
    return networks


def test_members_are_asked_where_the_first_is_not_sure(members: list[MLP], mnist: Dataset) -> None:
    images = torch.from_numpy(mnist.test.images[:200].copy())
    with torch.no_grad():
        first, all_of_them = Ensemble(members[:1])(images), Ensemble(members)(images)
        middle = float(first.amax(1).exp().median())
        some = Ensemble(members, sure=middle)(images)
    sure = first.amax(1).exp() >= middle
    assert 50 < int(sure.sum()) < 150
    assert torch.equal(some[sure], first[sure])
    assert torch.allclose(some[~sure], all_of_them[~sure], atol=1e-6)


@pytest.mark.parametrize("sure", [1e-6, 0.15, 0.999])
def test_such_an_ensemble_is_one_model_file(sure: float, members: list[MLP], mnist: Dataset, tmp_path: Path) -> None:
    ensemble = Ensemble(members, sure=sure).eval()
    export_onnx(ensemble, tmp_path / "model.onnx", mnist.test.images[:50], {"temperature": 1.0})
    model = load_model(tmp_path / "model.onnx")
    for n in (0, 1, 50):
        with torch.no_grad():
            expected = ensemble(torch.from_numpy(mnist.test.images[:n].copy())).numpy()
        assert np.allclose(model.logits(mnist.test.images[:n]), expected, atol=1e-4)
