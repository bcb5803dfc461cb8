"""The shipped models are small, accurate, and name no place they were made at."""

import pytest

from digits.inference import SHIPPED_MODELS, load_finder, load_model
from digits.inference.model import SHIPPED_FOLDER, locate_model
from digits.synthesis.documents import CHARACTERS
from digits.training.recipes import RECIPES
from digits.types import Dataset


@pytest.mark.parametrize("name", SHIPPED_MODELS)
def test_a_shipped_model_is_small_and_describes_itself(name: str) -> None:
    assert locate_model(name).stat().st_size < 2_000_000
    metadata = load_model(name).metadata
    assert metadata["recipe"] in RECIPES
    assert "location" not in metadata["data"]
    assert metadata["data"]["name"] == "MNIST"
    assert 0.3 < metadata["rejection_threshold"] < 0.6


def test_the_more_accurate_one_comes_first() -> None:
    assert SHIPPED_MODELS == ("cnn", "mlp")
    models = {f"{name}.{kind}" for name in SHIPPED_MODELS for kind in ("onnx", "safetensors")}
    others = {"finder.onnx", "judge.json", "mnist-digits.npy", "walls.onnx"}
    assert {path.name for path in SHIPPED_FOLDER.iterdir()} == models | others


def test_the_finder_is_small_and_knows_digits_and_signs() -> None:
    assert locate_model("finder").stat().st_size < 2_500_000
    finder = load_finder("finder")
    assert finder.classes == CHARACTERS
    assert finder.metadata["network"] == "finder"
    assert finder.metadata["parameters"] < 1_200_000


@pytest.mark.parametrize(("name", "accuracy"), [("cnn", 0.996), ("mlp", 0.993)])
def test_a_shipped_model_is_as_accurate_as_it_states(name: str, accuracy: float, mnist: Dataset) -> None:
    model = load_model(name)
    right = float((model.predict(mnist.test.images) == mnist.test.labels).mean())
    assert right >= accuracy
    assert right == pytest.approx(model.metadata["test"]["accuracy"], abs=3e-4)
