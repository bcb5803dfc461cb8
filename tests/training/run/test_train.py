"""The run folder: what is in it, what it says, and that it can be repeated from it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from digits.training.export import load_network
from digits.training.loop import predict_logits

from digits.errors import UsageError
from digits.evaluation.metrics import score
from digits.inference import load_model
from digits.training.config import TrainConfig
from digits.training.recipes import recipe
from digits.training.run import Run, train
from digits.types import Dataset, LabelledDigits

QUICK: dict[str, Any] = {"epochs": 2, "batch_size": 50}


@pytest.fixture(scope="module")
def run(few_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train("standard", data=few_file, out=tmp_path_factory.mktemp("runs") / "run", **QUICK)


def results(run: Run) -> dict[str, Any]:
    return dict(json.loads((run.folder / "results.json").read_text()))


def test_a_run_folder_holds_exactly_what_is_documented(run: Run) -> None:
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "checkpoint.safetensors", "config.json", "environment.json", "examples.npz", "metrics.csv", "model.onnx",
        "model.safetensors", "results.json",
    ]  # fmt: skip


def test_results_json_has_the_shape_that_programs_rely_on(run: Run, few: Dataset) -> None:
    written = results(run)
    assert written == run.results
    for part, n in (("train", 1667), ("validation", 333), ("test", 1000)):
        assert written[part]["n"] == n
        assert 0.5 < written[part]["accuracy"] < 1
        low, high = written[part]["interval95"]
        assert 0 <= low < written[part]["accuracy"] < high <= 1
        assert written[part]["nll"] > 0
        assert 0 <= written[part]["ece"] <= 1
        assert np.sum(written[part]["confusion"]) == n
    assert 0 < written["seconds"]["training"] <= written["seconds"]["total"] < 100
    assert (written["recipe"], written["seed"], written["parameters"]) == ("standard", 0, 235_146)
    assert (written["network"], written["epochs"], written["interrupted"]) == ("784-256-128-10", 2, False)
    assert 0.1 < written["rejection_threshold"] < 1
    assert written["temperature"] > 0
    assert written["command"].startswith("digits train standard --batch-size 50 --epochs 2 --data ")


def test_other_digits_than_mnist_are_noticed(run: Run) -> None:
    name, location = run.dataset.name, run.dataset.location
    assert run.results["notices"] == [f"These digits are not MNIST but {name}, from {location}."]


def test_metrics_csv_has_a_row_an_epoch(run: Run) -> None:
    with (run.folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    for row, epoch in zip(rows, run.history, strict=True):
        assert {name: float(value) for name, value in row.items()} == epoch.__dict__


def test_the_scores_are_those_of_the_network_in_the_folder(run: Run) -> None:
    network, written = load_network(run.folder)
    judged = score(predict_logits(network, run.dataset.test), run.dataset.test.labels, written["temperature"])
    assert judged.to_dict() == written["test"]


def test_the_model_file_gives_the_same_accuracy_without_torch(run: Run) -> None:
    model = load_model(run.folder)
    judged = score(model.logits(run.dataset.test.images), run.dataset.test.labels, model.metadata["temperature"])
    assert judged.accuracy == run.results["test"]["accuracy"]
    assert judged.nll == pytest.approx(run.results["test"]["nll"], rel=1e-4)


def test_the_threshold_accepts_99_percent_of_the_validation_digits(run: Run) -> None:
    from digits.data import split

    _, validation = split(run.dataset.train, 333)
    confidence = load_model(run.folder).predict_proba(validation.images).max(1)
    assert (confidence >= run.results["rejection_threshold"] - 1e-5).mean() == pytest.approx(0.99, abs=0.005)


def test_config_json_trains_the_same_weights_again(run: Run, few_file: Path, tmp_path: Path) -> None:
    config = TrainConfig.from_dict(json.loads((run.folder / "config.json").read_text()))
    assert config == run.config
    again = train(config, data=few_file, out=tmp_path / "again")
    first, second = ((folder / "model.safetensors").read_bytes() for folder in (run.folder, again.folder))
    assert first == second


def test_environment_json_tells_where_it_ran(run: Run, few_file: Path) -> None:
    told = json.loads((run.folder / "environment.json").read_text())
    assert told["torch"] == torch.__version__
    assert told["data"] == str(few_file.resolve())
    assert told["data_sha256"] == run.dataset.sha256
    assert told["threads"] == torch.get_num_threads()


def test_examples_are_the_digits_they_say(run: Run) -> None:
    examples = np.load(run.folder / "examples.npz")
    assert np.bincount(examples["samples_labels"], minlength=10).tolist() == [12] * 10
    assert examples["augmented"].shape == (6, 10, 28, 28)
    assert not (examples["augmented"] == examples["originals"][:, None]).all((2, 3)).any()
    answers = examples["test_probabilities"].argmax(1)
    wrong = examples["mistakes_index"]
    assert np.array_equal(examples["mistakes"], run.dataset.test.images[wrong])
    assert (answers[wrong] != run.dataset.test.labels[wrong]).all()
    confidence = examples["test_probabilities"].max(1)[wrong]
    assert (np.diff(confidence) <= 0).all()
    assert confidence[-1] >= max(
        (c for i, c in enumerate(examples["test_probabilities"].max(1))
         if answers[i] != run.dataset.test.labels[i] and i not in wrong), default=0,
    )  # fmt: skip
    weights = safetensors.numpy.load_file(run.folder / "model.safetensors")
    assert np.array_equal(examples["first_layer"], weights["layers.2.weight"])


def test_a_folder_that_holds_something_is_refused(run: Run, few: Dataset, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in run.folder.iterdir()}
    with pytest.raises(UsageError) as refused:
        train("standard", data=few, out=run.folder, **QUICK)
    assert str(refused.value) == (
        f"{run.folder} is already there: name another --out, or continue that run with --resume {run.folder}"
    )
    assert {path: path.read_bytes() for path in run.folder.iterdir()} == before
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(UsageError, match="is already there: name another --out"):
        train("standard", data=few, out=file, **QUICK)
    assert file.read_text() == "mine"


def test_an_empty_folder_may_be_named(few: Dataset, tmp_path: Path) -> None:
    assert (train("classic", data=few, out=tmp_path, epochs=1).folder / "results.json").exists()


def test_runs_latest_is_the_latest_of_runs_within_a_second(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [train("classic", data=few, epochs=1, hidden=(8,)).folder for _ in range(3)]
    assert len(set(folders)) == 3
    assert all(folder.parent == Path("runs") and "-classic" in folder.name for folder in folders)
    assert Path("runs/latest").readlink() == Path(folders[-1].name)
    assert sorted(path.name for path in Path("runs").iterdir()) == sorted(["latest", *(f.name for f in folders)])


def test_300_digits_of_ones_own_train_with_a_sixth_held_out(mnist: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "own.npz"
    np.savez(file, images=mnist.train.images[:300], labels=mnist.train.labels[:300])
    run = train("classic", data=file, out=tmp_path / "run", epochs=20)
    counts = {part: run.results["data"][part] for part in ("train", "validation", "test")}
    assert counts == {"train": 215, "validation": 42, "test": 43}
    assert 0.5 < run.results["test"]["accuracy"] < 0.99


def tiny(n: int) -> Dataset:
    digits = LabelledDigits(np.zeros((n, 28, 28), np.uint8), (np.arange(n) % 10).astype(np.uint8))
    return Dataset("tiny", digits, digits, "tiny.npz", {})


@pytest.mark.parametrize(
    ("n", "changes", "says"),
    [
        (5, {}, "tiny has 5 digits to learn from: too few to hold any out"),
        (60, {}, "batch_size 500 is more than the 50 digits to learn from; try --batch-size 5"),
        (600, {"device": "nonsense"}, "device 'nonsense' cannot be used here: "),
        (600, {"device": "cuda:77"}, "device 'cuda:77' cannot be used here: "),
        (600, {"device": "meta"}, "device 'meta' cannot be used here: "),
        (600, {"recipe": "classic"}, "a recipe is named first: train('classic', …)"),
        (600, {"network": "none.py:Net"}, "network none.py:Net: there is no file none.py"),
        (600, {"loss": "none.py:Loss"}, "loss none.py:Loss: there is no file none.py"),
        (600, {"optimizer": "none.py:Rule"}, "optimizer none.py:Rule: there is no file none.py"),
    ],
)
def test_what_cannot_work_is_refused_before_there_is_a_folder(
    tmp_path: Path, n: int, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError) as refused:
        train("standard", data=tiny(n), out=tmp_path / "run", **changes)
    assert str(refused.value).startswith(says)
    assert not (tmp_path / "run").exists()


def test_a_recipe_that_nobody_knows_is_refused_before_training(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^there is no recipe 'house'; there are: classic, fast, standard, "):
        train(recipe("classic").replace(recipe="house"), data=tiny(600), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_tied_weights_are_kept(few: Dataset, tmp_path: Path, own: Callable[..., str]) -> None:
    reference = own(
        """
        from torch import nn
        class Own(nn.Module):
            def __init__(self):
                super().__init__()
                self.encode = nn.Linear(784, 784)
                self.again = self.encode
                self.read = nn.Linear(784, 10)
            def forward(self, images):
                x = images.flatten(1).float() / 255
                return self.read(self.again(self.encode(x).relu()).relu())
        """
    )
    changes = {"network": reference, "epochs": 1, "averaging": 1.0, "patience": 3}
    run = train("classic", data=few, out=tmp_path / "run", **changes)
    network, _ = load_network(run.folder)
    assert np.array_equal(predict_logits(network, few.test), predict_logits(run.network, few.test))
    assert (run.folder / "model.onnx").exists()
