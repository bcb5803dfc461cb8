"""Any way to name a model and any labelled digits give the same score."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from digits.errors import DataError, ModelError
from digits.evaluation import evaluate
from digits.inference import load_model
from digits.inference.model import SHIPPED_FOLDER
from digits.types import Dataset, LabelledDigits

MLP = SHIPPED_FOLDER / "mlp.onnx"


@pytest.fixture(scope="module")
def few(mnist: Dataset) -> LabelledDigits:
    return LabelledDigits(mnist.test.images[:700], mnist.test.labels[:700])


def test_model_is_a_name_path_run_or_object(few: LabelledDigits, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(MLP.read_bytes())
    model = load_model(MLP)
    expected = evaluate("mlp", few).to_dict()
    assert expected["n"] == 700
    alike = SimpleNamespace(logits=model.logits, metadata=model.metadata)
    for other in (MLP, str(MLP), tmp_path, SimpleNamespace(folder=tmp_path), model, alike):
        assert evaluate(other, few).to_dict() == expected


def test_temperature_is_the_models(few: LabelledDigits) -> None:
    model = load_model(MLP)
    hot = evaluate(SimpleNamespace(logits=model.logits, metadata={"temperature": 9.0}), few)
    plain = evaluate(SimpleNamespace(logits=model.logits, metadata={}), few)
    assert hot.accuracy == plain.accuracy
    assert hot.nll > 2 * plain.nll


def test_data_is_the_mnist_test_set_by_default(mnist: Dataset) -> None:
    assert evaluate("mlp").to_dict() == evaluate("mlp", mnist).to_dict() == evaluate("mlp", mnist.test).to_dict()


def test_set_without_test_digits_is_scored_whole_unless_it_was_trained_on(few: LabelledDigits, tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", images=few.images, labels=few.labels)
    model = load_model(MLP)
    assert evaluate(model, tmp_path / "own.npz").accuracy == evaluate(model, few).accuracy
    from digits.data import load_dataset

    dataset = load_dataset(tmp_path / "own.npz")
    trained_on = SimpleNamespace(logits=model.logits, metadata={"data": {"sha256": dataset.sha256}})
    assert evaluate(trained_on, dataset).n == len(dataset.test) == 100


def test_missing_model_or_data_is_named(few: LabelledDigits) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.onnx"):
        evaluate("nowhere.onnx", few)
    with pytest.raises(DataError, match=r"nowhere\.npz"):
        evaluate("mlp", "nowhere.npz")
