"""A model file gives back the very network that it was made of, or a sentence that says why it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from digits.training.loop import predict_logits
from digits.training.network import Ensemble
from digits.training.recovery import measure_batches, recovered
from torch import nn

from digits.errors import ModelError
from digits.inference import load_model
from digits.inference.model import locate_model
from digits.training.run import Run, train
from digits.types import Dataset, LabelledDigits

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def some(mnist: Dataset) -> LabelledDigits:
    return LabelledDigits(mnist.train.images[:300], mnist.train.labels[:300])


def singles(network: nn.Module) -> list[nn.Module]:
    return list(network.members) if isinstance(network, Ensemble) else [network]


@pytest.mark.parametrize(("name", "networks", "sure"), [("cnn", 5, 0.99), ("mlp", 1, 1.0)])
def test_the_shipped_networks_give_the_logits_of_their_files(
    name: str, networks: int, sure: float, some: LabelledDigits
) -> None:
    network, config, metadata = recovered(locate_model(name))
    assert (len(singles(network)), config.members, config.sure) == (networks, networks, sure)
    assert (config.recipe, config.others) == (metadata["recipe"], 12_000)
    assert isinstance(network, Ensemble) == (networks > 1)
    assert getattr(network, "sure", 1.0) == sure
    expected = load_model(locate_model(name)).logits(some.images)
    np.testing.assert_allclose(predict_logits(network, some), expected, atol=1e-3, rtol=1e-3)


def test_batches_are_measured_without_changing_an_answer(some: LabelledDigits) -> None:
    network, _, _ = recovered(locate_model("cnn"))
    member = singles(network)[0]
    before = predict_logits(member, some)

    def in_training() -> float:
        """How far a batch is answered otherwise while the network trains."""
        momenta = {each: each.momentum for each in member.modules() if isinstance(each, nn.BatchNorm2d)}
        for each in momenta:
            each.momentum = 0.0
        with torch.no_grad():
            answers = member.train()(torch.from_numpy(some.images.copy())).numpy()
        for each, momentum in momenta.items():
            each.momentum = momentum
        return float(abs(answers - before).mean())

    unmeasured = in_training()
    measure_batches(member, some.images)
    np.testing.assert_allclose(predict_logits(member, some), before, atol=1e-3)
    assert in_training() < 0.05 < 0.5 < unmeasured


@pytest.fixture(scope="module")
def run(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A network of its own widths and activation, two of which are averaged."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    shape: dict[str, Any] = {"hidden": (24, 12), "activation": "tanh", "members": 2, "sure": 0.7}
    return train("fast", data=few, out=folder, epochs=1, batch_size=100, split_seed=3, **shape)


def test_a_file_says_what_its_recipe_does_not(run: Run, few: Dataset) -> None:
    network, config, _ = recovered(run.folder / "model.onnx")
    for field in ("hidden", "activation", "members", "sure", "validation", "split_seed"):
        expected = 333 if field == "validation" else getattr(run.config, field)
        assert getattr(config, field) == expected, field
    assert np.array_equal(predict_logits(network, few.test), predict_logits(run.network, few.test))


def described_otherwise(run: Run, file: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    model = onnx.load(run.folder / "model.onnx")
    said = json.loads(model.metadata_props[0].value)
    change(said)
    onnx.helper.set_model_props(model, {"digits": json.dumps(said)})
    onnx.save(model, file)
    return file


FOLDER = "; name its run folder instead of the file"
SPOILT: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another activation": (
        lambda said: said["architecture"].update(activation="relu"),
        f" is no network as recipe fast builds it: its weights give other answers there{FOLDER}",
    ),
    "other widths": (
        lambda said: said["architecture"].update(hidden=[24, 13]),
        f" is no network as recipe fast builds it: its layers have other shapes{FOLDER}",
    ),
    "another kind": (
        lambda said: said["architecture"].update(network="cnn"),
        f" is no network as recipe fast builds it: its layers have other shapes{FOLDER}",
    ),
    "a network of one's own": (
        lambda said: said.update(network="Own"),
        f" holds the network Own, recipe fast, which cannot be built again from the file alone{FOLDER}",
    ),
    "a recipe of another version": (
        lambda said: said.update(recipe="slow"),
        f" holds the network 2 × 784-24-12-10, recipe slow, which cannot be built again from the file alone{FOLDER}",
    ),
    "no recipe": (lambda said: said.pop("recipe"), f" does not say how it was made: 'recipe' is missing{FOLDER}"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_cannot_be_built_again_is_told(what: str, run: Run, tmp_path: Path) -> None:
    change, says = SPOILT[what]
    file = described_otherwise(run, tmp_path / "model.onnx", change)
    with pytest.raises(ModelError) as refused:
        recovered(file)
    assert str(refused.value) == f"{file}{says}"
