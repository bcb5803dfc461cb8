"""The model file gives PyTorch's answers, or is not written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from digits.training.export import ExportError, export_onnx, save_weights
from digits.training.loop import predict
from digits.training.network import MLP, make_network
from torch import nn

from digits.inference import load_model
from digits.training.config import ACTIVATIONS, TrainConfig
from digits.training.recipes import RECIPES, recipe
from digits.training.run import train
from digits.types import Dataset

pytestmark = pytest.mark.slow

CNN = """
    from torch import nn
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(
                nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(),
                nn.Linear(4 * 13 * 13, 10))
        def forward(self, images):
            return self.layers(images.unsqueeze(1).float() / 255)
"""
BAKED = """
    import torch
    from torch import nn
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(784, 10)
        def forward(self, images):
            # a number worked out by Python becomes a constant of the graph
            return self.linear(images.flatten(1).float() / 255) + images.numpy().mean()
"""


def torch_logits(network: nn.Module, images: np.ndarray) -> np.ndarray:
    return predict(network, torch.from_numpy(images.copy())).numpy()


@pytest.mark.parametrize("n", [0, 1, 2345])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_onnx_runtime_gives_the_logits_of_torch(mnist: Dataset, tmp_path: Path, activation: str, n: int) -> None:
    network = make_network(TrainConfig(activation=activation, dropout=0.5))
    export_onnx(network.train(), tmp_path / "model.onnx", mnist.test.images[:100], {"temperature": 1.0})
    images = mnist.test.images[:n]
    answered = load_model(tmp_path / "model.onnx").logits(images)
    assert (answered.dtype, answered.shape) == (np.float32, (n, 10))
    np.testing.assert_allclose(answered, torch_logits(network, images), atol=2e-5)


@pytest.mark.parametrize("name", RECIPES)
def test_the_network_of_every_recipe_reads_the_same_in_onnx(few: Dataset, tmp_path: Path, name: str) -> None:
    config = recipe(name)
    config = config.replace(channels=(4, 6)) if config.members > 1 else config
    network = make_network(config)
    with torch.no_grad():
        network(torch.from_numpy(few.train.images[:100].copy()))  # batch normalisation then has something to do
    export_onnx(network, tmp_path / "model.onnx", few.test.images[:100], {"temperature": 1.0})
    images = few.test.images[100:333]
    answered = load_model(tmp_path / "model.onnx").logits(images)
    np.testing.assert_allclose(answered, torch_logits(network, images), atol=1e-4)


def test_a_users_network_with_batch_norm_reads_the_same_in_onnx(
    few: Dataset, tmp_path: Path, own: Callable[..., str]
) -> None:
    run = train("standard", data=few, out=tmp_path / "run", network=own(CNN), epochs=2, batch_size=100)
    answered = load_model(run.folder).logits(few.test.images)
    np.testing.assert_allclose(answered, torch_logits(run.network, few.test.images), atol=1e-4)
    assert run.results["network"] == "Own"
    assert run.results["notices"] == ["These digits are not MNIST but few, from few.npz."]


def test_where_onnx_answers_otherwise_there_is_no_model_file_but_a_finished_run(
    few: Dataset, tmp_path: Path, own: Callable[..., str]
) -> None:
    run = train("classic", data=few, out=tmp_path / "run", network=own(BAKED), epochs=1)
    notice = run.results["notices"][-1]
    assert notice.startswith(
        "model.onnx is not written, since ONNX Runtime does not give PyTorch's answers: the graph "
    )
    assert notice.endswith(". model.safetensors has the weights")
    assert [path.name for path in run.folder.iterdir() if "onnx" in path.name] == []
    assert (run.folder / "model.safetensors").exists()
    assert json.loads((run.folder / "results.json").read_text())["notices"][-1] == notice


def test_logits_that_differ_are_told_with_their_distance(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from digits.training import export

    # past the golden digits, so that only the comparison over all digits can tell
    def off(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
        return predict(network, images) + 0.5 * (torch.arange(len(images)) >= export.GOLDEN)[:, None]

    monkeypatch.setattr(export, "predict", off)
    with pytest.raises(ExportError, match=r"its logits differ from PyTorch's by up to 0\.5"):
        export_onnx(MLP((8,)), tmp_path / "model.onnx", few.test.images[:50], {"temperature": 1.0})
    assert list(tmp_path.iterdir()) == []


def test_an_older_model_file_stays_when_the_new_one_is_wrong(
    few: Dataset, tmp_path: Path, own: Callable[..., str]
) -> None:
    file = tmp_path / "model.onnx"
    export_onnx(MLP((8,)), file, few.test.images[:50], {"temperature": 1.0})
    before = file.read_bytes()
    with pytest.raises(ExportError):
        export_onnx(make_network(TrainConfig(network=own(BAKED))), file, few.test.images[:50], {"temperature": 1.0})
    assert file.read_bytes() == before


def test_the_network_exported_is_left_as_it_was(few: Dataset, tmp_path: Path) -> None:
    network = MLP((8,), dropout=0.5)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    export_onnx(network, tmp_path / "model.onnx", few.test.images[:50], {"temperature": 1.0})
    save_weights(network, tmp_path / "model.safetensors")
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_the_metadata_say_what_the_model_is(few: Dataset, tmp_path: Path) -> None:
    run = train("classic", data=few, out=tmp_path / "run", epochs=1, seed=7)
    model = onnx.load(run.folder / "model.onnx")
    told: dict[str, Any] = json.loads(next(entry.value for entry in model.metadata_props if entry.key == "digits"))
    assert (told["format"], told["recipe"], told["seed"], told["epochs"]) == (1, "classic", 7, 1)
    assert (told["network"], told["parameters"]) == ("784-256-128-10", 235_146)
    assert told["data"]["sha256"] == {"few": "0123"}
    assert told["data"]["classes"] == list("0123456789")
    for part in ("train", "validation", "test"):
        assert told[part] == {name: run.results[part][name] for name in ("accuracy", "n", "nll", "ece")}
    assert told["temperature"] == run.results["temperature"]
    assert told["rejection_threshold"] == run.results["rejection_threshold"]
    assert model.producer_name == "digits"
    assert sorted(told["golden"]) == ["images", "logits"]
