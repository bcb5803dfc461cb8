"""The weights of a trained network: where `load_network` finds them, and what it says of broken files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
from tests.training.conftest import small

from digits.errors import ModelError, ModelNotFoundError
from digits.inference import load_model
from digits.training import MLP, Ensemble, TrainConfig, load_network, make_network, predict_logits
from digits.training.run.export import save_weights, weights_file
from digits.training.run.initial import load_initial
from digits.types import Dataset

CONFIG = small(hidden_sizes=(24, 12), activation="tanh", ensemble_size=2, cascade_threshold=0.7, split_seed=3)
METADATA: dict[str, Any] = {
    "recipe": "standard", "seed": 0, "network": "784-24-12-10", "temperature": 1.25, "rejection_threshold": 0.5,
    "data": {"classes": list("0123456789"), "sha256": {}},
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The weights of a run folder."""
    path = tmp_path / "model.safetensors"
    save_weights(make_network(CONFIG), path, CONFIG, METADATA)
    return path


@pytest.mark.parametrize(("name", "size", "threshold"), [("cnn", 3, 0.99), ("mlp", 1, 1.0)])
def test_shipped_weights_give_the_logits_of_the_onnx_file_beside_them(
    name: str, size: int, threshold: float, few: Dataset
) -> None:
    network, config, metadata = load_network(name)
    model = load_model(name)
    assert weights_file(name).parent.joinpath(f"{name}.onnx").is_file()
    assert (config.model.ensemble_size, config.model.cascade_threshold) == (size, threshold)
    assert isinstance(network, Ensemble) == (size > 1)
    assert (config.recipe, config.data.outliers) == (metadata["recipe"], 12_000)
    assert metadata == {key: value for key, value in model.metadata.items() if key != "golden"}
    images = few.test.images[:300]
    np.testing.assert_allclose(predict_logits(network, images), model.logits(images), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("place", ["", "model.safetensors", "model.onnx"])
def test_folder_weights_and_onnx_file_lead_to_the_same_network(place: str, file: Path, few: Dataset) -> None:
    (file.parent / "model.onnx").touch()
    network, config, metadata = load_network(file.parent / place)
    assert (config, metadata) == (CONFIG, METADATA | {"format": 1})
    expected = predict_logits(make_network(CONFIG), few.test)
    assert np.array_equal(predict_logits(network, few.test), expected)
    assert not network.training


def test_initial_model_is_recorded_by_name_or_full_path(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mlp").mkdir()
    assert load_initial("mlp").location == "mlp", "the shipped model, whatever folder is called so"
    assert load_initial("model.safetensors").location == str(file)


def test_onnx_file_alone_is_not_enough(file: Path, tmp_path: Path) -> None:
    onnx = tmp_path / "alone" / "model.onnx"
    onnx.parent.mkdir()
    onnx.touch()
    with pytest.raises(ModelNotFoundError, match=f"the weights of {onnx}, but .*model.safetensors is missing"):
        load_network(onnx)


def test_missing_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no model nowhere: .* cnn, mlp"):
        load_network("nowhere")
    with pytest.raises(ModelNotFoundError, match=f"{tmp_path} is not a finished run: .*`digits train --resume"):
        load_network(tmp_path)


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, torch.Tensor]], Any]) -> None:
    """Change the description and the weights of a file."""
    with safetensors.safe_open(path, framework="pt") as opened:
        metadata = json.loads(opened.metadata()["digits"])
    tensors = safetensors.torch.load_file(path)
    change(metadata, tensors)
    safetensors.torch.save_file(tensors, path, {"digits": json.dumps(metadata)})


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "empty": (lambda file: file.write_bytes(b""), ""),
    "truncated": (lambda file: file.write_bytes(file.read_bytes()[:-100]), ""),
    "another program's": (
        lambda file: safetensors.torch.save_file(safetensors.torch.load_file(file), file), "not written by digits"
    ),
    "of a later version": (lambda file: rewrite(file, lambda about, _: about.update(format=2)), "model format 2"),
    "without configuration": (lambda file: rewrite(file, lambda about, _: about.pop("config")), "name of a recipe"),
    "of another activation": (
        lambda file: rewrite(file, lambda about, _: about["config"]["model"].update(activation="step")), "'step'"
    ),
    "of other widths": (
        lambda file: rewrite(file, lambda about, _: about["config"]["model"].update(hidden_sizes=[24, 13])),
        r"\[12\], .* needs \[13\]"
    ),
    "without a tensor": (lambda file: rewrite(file, lambda _, tensors: tensors.popitem()), "is missing, but"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_broken_file_is_named(case: str, file: Path) -> None:
    spoil, error = BROKEN[case]
    spoil(file)
    with pytest.raises(ModelError, match=f"(?s)the network in {file} cannot be loaded: .*{error}"):
        load_network(file.parent)


def test_only_the_path_of_a_network_is_kept(tmp_path: Path, own: Callable[..., str]) -> None:
    network = own("from digits.training import MLP as Own")
    config = TrainConfig.from_settings(
        network=network, loss="/private/own.py:Loss", optimizer="adam", teacher="/private/t"
    )
    save_weights(MLP(), tmp_path / "model.safetensors", config, METADATA)
    _, loaded, _ = load_network(tmp_path, trust_code=True)
    optimization = loaded.optimization
    assert (optimization.loss, optimization.optimizer, optimization.teacher) == ("own.py:Loss", "adam", "t")
    assert loaded.model == config.model
