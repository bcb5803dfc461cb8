"""The model files that are shipped are small, ours, and say nothing of their maker."""

from pathlib import Path

import pytest

from digits.inference import load_model, shipped_models
from digits.inference.reader import PRETRAINED, model_path
from digits.training.recipes import RECIPES
from digits.types import Dataset


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_is_small_and_describes_itself(name: str) -> None:
    assert model_path(name).stat().st_size < 2_000_000
    metadata = load_model(model_path(name)).metadata
    assert metadata["recipe"] in RECIPES
    assert "location" not in metadata["data"]
    assert metadata["data"]["name"] == "MNIST"
    assert 0.3 < metadata["rejection_threshold"] < 0.6


def test_the_more_accurate_one_comes_first() -> None:
    assert shipped_models() == ("cnn", "mlp")
    assert {path.name for path in PRETRAINED.iterdir()} == {"cnn.onnx", "mlp.onnx"}


@pytest.mark.parametrize(("name", "accuracy"), [("cnn", 0.996), ("mlp", 0.993)])
def test_a_shipped_model_reads_mnist_as_its_card_says(name: str, accuracy: float, mnist: Dataset) -> None:
    model = load_model(Path(model_path(name)))
    answers = model.logits(mnist.test.images).argmax(1)
    right = float((answers == mnist.test.labels).mean())
    assert right >= accuracy
    assert right == pytest.approx(model.metadata["test"]["accuracy"], abs=3e-4)
