"""The ONNX file gives PyTorch's logits, or is not written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from tests.training.conftest import small

from digits.inference import load_model
from digits.training import (
    MLP,
    RECIPES,
    Ensemble,
    TrainConfig,
    export_onnx,
    get_recipe,
    make_network,
    predict_logits,
    train,
)
from digits.training.config import ACTIVATIONS
from digits.training.run import export
from digits.training.run.export import ExportError, save_weights
from digits.types import Dataset, Images, Logits

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
RECURRENT = """
    from torch import nn
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.rows = nn.LSTM(28, 16, batch_first=True, bidirectional=True)
            self.norm = nn.LayerNorm(32)
            self.last = nn.Linear(32, 10)
        def forward(self, images):
            return self.last(self.norm(self.rows(images.float() / 255)[0].mean(1)))
"""
ATTENTION = """
    from torch import nn
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = nn.Conv2d(1, 16, 7, 7)
            self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
            self.last = nn.Linear(16, 10)
        def forward(self, images):
            x = self.patches(images.unsqueeze(1).float() / 255).flatten(2).transpose(1, 2)
            return self.last((x + self.attention(x, x, x, need_weights=False)[0]).mean(1))
"""
BAKED = """
    import torch
    from torch import nn
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(784, 10)
        def forward(self, images):
            # a number computed by Python becomes a constant of the graph
            return self.linear(images.flatten(1).float() / 255) + images.numpy().mean()
"""


@pytest.mark.parametrize("n", [0, 1, 2345])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_the_same_in_onnx(mnist: Dataset, tmp_path: Path, activation: str, n: int) -> None:
    network = make_network(TrainConfig.from_settings(activation=activation, dropout=0.5))
    export_onnx(network.train(), tmp_path / "model.onnx", mnist.test.images[:100], {"temperature": 1.0})
    images = mnist.test.images[:n]
    logits = load_model(tmp_path / "model.onnx").logits(images)
    assert (logits.dtype, logits.shape) == (np.float32, (n, 10))
    if n:
        np.testing.assert_allclose(logits, predict_logits(network, images), atol=2e-5)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_the_same_in_onnx(few: Dataset, tmp_path: Path, name: str) -> None:
    config = get_recipe(name)
    network = make_network(config.replace(channels=(4, 6)) if config.model.ensemble_size > 1 else config)
    with torch.no_grad():
        network(torch.from_numpy(few.train.images[:100].copy()))  # gives batch normalization something to do
    export_onnx(network, tmp_path / "model.onnx", few.test.images[:100], {"temperature": 1.0})
    images = few.test.images[100:333]
    logits = load_model(tmp_path / "model.onnx").logits(images)
    np.testing.assert_allclose(logits, predict_logits(network, images), atol=1e-4)


@pytest.fixture
def members() -> list[MLP]:
    networks = []
    for seed in range(3):
        torch.manual_seed(seed)
        networks.append(MLP((16,)).eval())
    return networks


def test_members_are_queried_where_the_first_is_not_confident(members: list[MLP], mnist: Dataset) -> None:
    images = mnist.test.images[:200]
    first, mean = (predict_logits(Ensemble(some), images) for some in (members[:1], members))
    confidence = np.exp(first.max(1))
    threshold = float(np.median(confidence))
    logits = predict_logits(Ensemble(members, cascade_threshold=threshold), images)
    is_confident = confidence >= threshold
    assert 50 < is_confident.sum() < 150
    assert np.array_equal(logits[is_confident], first[is_confident])
    np.testing.assert_allclose(logits[~is_confident], mean[~is_confident], atol=1e-6)


@pytest.mark.parametrize("threshold", [1e-6, 0.15, 0.999])
def test_cascade_is_the_same_in_onnx(threshold: float, members: list[MLP], mnist: Dataset, tmp_path: Path) -> None:
    ensemble = Ensemble(members, cascade_threshold=threshold).eval()
    export_onnx(ensemble, tmp_path / "model.onnx", mnist.test.images[:50], {"temperature": 1.0})
    model = load_model(tmp_path / "model.onnx")
    for n in (0, 1, 50):
        with torch.no_grad():
            expected = ensemble(torch.from_numpy(mnist.test.images[:n].copy())).numpy()
        assert np.allclose(model.logits(mnist.test.images[:n]), expected, atol=1e-4)


def test_own_network_with_batch_normalization_is_the_same_in_onnx(
    few: Dataset, tmp_path: Path, own: Callable[..., str]
) -> None:
    run = train("standard", data=few, out=tmp_path / "run", network=own(CNN), epochs=2, batch_size=100)
    np.testing.assert_allclose(run.model.logits(few.test.images), predict_logits(run.network, few.test), atol=1e-4)
    assert run.results["network"] == "Own"
    assert run.results["notices"] == ["These digits are not MNIST but few, from few.npz."]


@pytest.mark.parametrize("code", [RECURRENT, ATTENTION])
def test_own_network_of_any_kind_is_loaded_like_a_strangers_file(
    code: str, few: Dataset, tmp_path: Path, own: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / "cache"))
    network = make_network(TrainConfig.from_settings(network=own(code)))
    export_onnx(network, tmp_path / "own.onnx", few.test.images[:50], {"temperature": 1.0})
    (tried,) = (tmp_path / "cache").glob("*/*")  # what was just made is known to be good
    tried.unlink()
    logits = load_model(tmp_path / "own.onnx").logits(few.test.images[:50])
    np.testing.assert_allclose(logits, predict_logits(network, few.test.images[:50]), atol=1e-4)
    assert tried.exists()


def test_run_is_finished_without_an_onnx_file_that_would_be_wrong(
    few: Dataset, tmp_path: Path, own: Callable[..., str]
) -> None:
    run = train(small(network=own(BAKED), epochs=1), data=few, out=tmp_path / "run")
    notice = run.results["notices"][-1]
    assert notice.startswith("model.onnx is not written, since ONNX Runtime does not return PyTorch's logits: ")
    assert notice.endswith("The weights are in model.safetensors")
    assert not list(run.folder.glob("*onnx*")) + list(run.folder.glob(".*onnx*"))
    assert (run.folder / "model.safetensors").exists()
    assert json.loads((run.folder / "results.json").read_text())["notices"][-1] == notice


def test_size_of_a_difference_is_reported(few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # after the golden digits, so that only the comparison over all digits can find it
    def wrong(network: torch.nn.Module, images: Images) -> Logits:
        return predict_logits(network, images) + np.float32(0.5) * (np.arange(len(images)) >= 4)[:, None]

    monkeypatch.setattr(export, "predict_logits", wrong)
    with pytest.raises(ExportError, match=r"its logits differ from PyTorch's by up to 0\.5"):
        export_onnx(MLP((8,)), tmp_path / "model.onnx", few.test.images[:50], {"temperature": 1.0})
    assert list(tmp_path.iterdir()) == []


def test_failed_export_leaves_the_earlier_file(few: Dataset, tmp_path: Path, own: Callable[..., str]) -> None:
    file = tmp_path / "model.onnx"
    export_onnx(MLP((8,)), file, few.test.images[:50], {"temperature": 1.0})
    before = file.read_bytes()
    with pytest.raises(ExportError):
        export_onnx(make_network(small(network=own(BAKED))), file, few.test.images[:50], {"temperature": 1.0})
    assert file.read_bytes() == before


def test_exported_network_is_unchanged(few: Dataset, tmp_path: Path) -> None:
    network = MLP((8,), dropout=0.5)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    export_onnx(network, tmp_path / "model.onnx", few.test.images[:50], {"temperature": 1.0})
    save_weights(network, tmp_path / "model.safetensors", small(), {})
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_metadata_describe_the_model(few: Dataset, tmp_path: Path) -> None:
    run = train("classic", data=few, out=tmp_path / "run", epochs=1, seed=7)
    model = onnx.load(run.folder / "model.onnx")
    metadata: dict[str, Any] = json.loads(next(entry.value for entry in model.metadata_props if entry.key == "digits"))
    assert (metadata["format"], metadata["recipe"], metadata["seed"], metadata["epochs"]) == (1, "classic", 7, 1)
    assert (metadata["network"], metadata["parameters"]) == ("784-256-128-10", 235_146)
    assert metadata["data"]["sha256"] == {"few": "0123"}
    assert metadata["data"]["classes"] == list("0123456789")
    assert "location" not in metadata["data"]
    for part in ("train", "validation", "test"):
        assert metadata[part] == {name: run.results[part][name] for name in ("accuracy", "n", "nll", "ece")}
    for name in ("temperature", "rejection_threshold"):
        assert metadata[name] == run.results[name]
    assert model.producer_name == "digits"
    assert sorted(metadata["golden"]) == ["images", "logits"]
