"""The run folder: its files, its figures, and that the same run can be repeated from it."""

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
from tests.training.conftest import Recorder, small

from digits.data import split
from digits.errors import UsageError
from digits.evaluation.metrics import format_table, score
from digits.inference import load_model
from digits.training import Epoch, Run, TrainConfig, get_recipe, load_network, predict_logits, resume, train
from digits.types import Dataset, LabelledDigits

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(few_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train("standard", data=few_file, out=tmp_path_factory.mktemp("runs") / "run", epochs=2, batch_size=50)


def test_folder_holds_the_documented_files(run: Run) -> None:
    assert sorted(path.name for path in run.folder.iterdir()) == [
        ".lock", "checkpoint.safetensors", "config.json", "environment.json", "examples.npz", "metrics.csv",
        "model.onnx", "model.safetensors", "results.json",
    ]  # fmt: skip


def test_results_have_the_documented_keys(run: Run) -> None:
    written = json.loads((run.folder / "results.json").read_text())
    assert written == run.results
    assert sorted(written) == [
        "command", "data", "epochs", "findings", "interrupted", "network", "notices", "parameters", "recipe",
        "rejection_threshold", "seconds", "seed", "temperature", "test", "train", "validation",
    ]  # fmt: skip
    assert written["data"] == {
        "name": run.dataset.name, "sha256": run.dataset.sha256, "classes": list("0123456789"), "train": 1667,
        "validation": 333, "test": 1000, "synthetic": 0, "pen_strokes": 0, "simulated_photos": 0,
        "simulated_captures": 0, "outliers": 0, "location": run.dataset.location,
    }  # fmt: skip
    assert (written["recipe"], written["seed"], written["parameters"]) == ("standard", 0, 235_146)
    assert (written["network"], written["epochs"], written["interrupted"]) == ("784-256-128-10", 2, False)
    assert written["notices"] == [f"These digits are not MNIST but {run.dataset.name}, from {run.dataset.location}."]
    assert written["command"].startswith("digits train standard --batch-size 50 --epochs 2 --data ")


def test_results_are_within_their_ranges(run: Run) -> None:
    for part, n in (("train", 1667), ("validation", 333), ("test", 1000)):
        figures = run.results[part]
        low, high = figures["interval95"]
        assert 0 <= low < figures["accuracy"] < high <= 1
        assert 0.5 < figures["accuracy"] < 1
        assert figures["nll"] > 0
        assert 0 <= figures["ece"] <= 1
        assert figures["n"] == np.sum(figures["confusion"]) == n
    assert 0 < run.results["seconds"]["training"] <= run.results["seconds"]["total"] < 100
    assert 0.1 < run.results["rejection_threshold"] < 1
    assert run.results["temperature"] > 0


def test_metrics_have_one_row_per_epoch(run: Run) -> None:
    with (run.folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    for row, epoch in zip(rows, run.history, strict=True):
        assert {name: float(value) for name, value in row.items()} == epoch.__dict__


def test_scores_are_those_of_the_saved_network(run: Run) -> None:
    network, config, metadata = load_network(run.folder)
    test = run.dataset.test
    assert score(predict_logits(network, test), test.labels, metadata["temperature"]).to_dict() == run.results["test"]
    assert config == run.config


def test_run_gives_its_model_without_torch(run: Run) -> None:
    test, model = run.dataset.test, run.model
    assert run.model is model
    exported = score(model.logits(test.images), test.labels, model.metadata["temperature"])
    assert exported.accuracy == run.results["test"]["accuracy"]
    assert exported.nll == pytest.approx(run.results["test"]["nll"], rel=1e-4)


def test_run_shows_its_accuracies(run: Run) -> None:
    accuracies = ", ".join(f"{part} {run.scores[part].accuracy:.2%}" for part in ("train", "validation", "test"))
    assert repr(run) == f"Run({str(run.folder)!r}, recipe='standard': {accuracies})"
    assert run._repr_html_() == f"<pre>{format_table(run.scores)}</pre>"


def test_run_of_another_process_shows_that_it_has_no_scores(run: Run) -> None:
    other = Run(Path("<folder>"), run.config, run.network, run.dataset, [], [], {}, {})
    assert "not evaluated" in repr(other)
    assert "&lt;folder&gt;" in other._repr_html_()


def test_threshold_accepts_99_percent_of_the_validation_digits(run: Run) -> None:
    _, validation = split(run.dataset.train, 333)
    confidence = load_model(run.folder).predict_proba(validation.images).max(1)
    assert (confidence >= run.results["rejection_threshold"] - 1e-5).mean() == pytest.approx(0.99, abs=0.005)


def test_config_file_trains_the_same_weights_again(run: Run, few_file: Path, tmp_path: Path) -> None:
    config = TrainConfig.from_dict(json.loads((run.folder / "config.json").read_text()))
    assert config == run.config
    again = train(config, data=few_file, out=tmp_path / "again")
    files = [(folder / "model.safetensors").read_bytes() for folder in (run.folder, again.folder)]
    assert files[0] == files[1]


def test_environment_is_recorded(run: Run, few_file: Path) -> None:
    environment = json.loads((run.folder / "environment.json").read_text())
    assert environment["torch"] == torch.__version__
    assert environment["threads"] == torch.get_num_threads()
    assert environment["data"] == str(few_file.resolve())
    assert environment["data_sha256"] == run.dataset.sha256


def test_examples_are_of_the_run(run: Run) -> None:
    examples = np.load(run.folder / "examples.npz")
    assert np.bincount(examples["samples_labels"], minlength=10).tolist() == [12] * 10
    assert examples["augmented"].shape == (6, 10, 28, 28)
    assert not (examples["augmented"] == examples["originals"][:, None]).all((2, 3)).any()
    probabilities, index = examples["test_probabilities"], examples["mistakes_index"]
    wrong = np.flatnonzero(probabilities.argmax(1) != run.dataset.test.labels)
    assert np.array_equal(examples["mistakes"], run.dataset.test.images[index])
    assert set(index) <= set(wrong)
    confidence = probabilities.max(1)
    assert np.array_equal(confidence[index], np.sort(confidence[wrong])[::-1][: len(index)])
    saved = safetensors.numpy.load_file(run.folder / "model.safetensors")
    assert np.array_equal(examples["first_layer"], saved["layers.2.weight"])


def test_existing_files_are_never_overwritten(few: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for place in (tmp_path, file):
        with pytest.raises(UsageError, match=f"{place} already exists.*--out.*--resume {place}"):
            train(small(), data=few, out=place)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_empty_folder_may_be_named(few: Dataset, tmp_path: Path) -> None:
    assert (train(small(epochs=1), data=few, out=tmp_path).folder / "results.json").exists()


def test_latest_links_to_the_last_of_several_runs_within_a_second(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [train(small("classic", epochs=1, hidden_sizes=8), data=few).folder for _ in range(3)]
    assert all(folder.parent == Path("runs") and "-classic" in folder.name for folder in folders)
    assert Path("runs/latest").readlink() == Path(folders[-1].name)
    assert {path.name for path in Path("runs").iterdir()} == {"latest", *(folder.name for folder in folders)}
    assert len(set(folders)) == 3


@pytest.mark.parametrize(
    ("progress", "is_watched", "is_shown"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False)],
)
def test_progress_is_shown_where_someone_watches(
    progress: bool | None, is_watched: bool, is_shown: bool, few: Dataset, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("digits.training.run.train.is_watched", lambda: is_watched)
    train(small(epochs=1), data=few, out=tmp_path / "run", progress=progress)
    assert capsys.readouterr().err.startswith("epoch 1/1  loss ") == is_shown


def test_progress_function_is_called_after_every_step(few: Dataset, tmp_path: Path) -> None:
    progress = Recorder()
    train(small(epochs=1), data=few, out=tmp_path / "run", progress=progress)
    assert progress.counts_to(1)
    assert len(progress.calls) == 34 + 1, "one per step, and one per epoch"


def test_small_dataset_holds_out_a_sixth(mnist: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "own.npz"
    np.savez(file, images=mnist.train.images[:300], labels=mnist.train.labels[:300])
    run = train("classic", data=file, out=tmp_path / "run", epochs=20)
    assert [run.results["data"][part] for part in ("train", "validation", "test")] == [215, 42, 43]
    assert 0.5 < run.results["test"]["accuracy"] < 0.99


def blank(n: int) -> Dataset:
    digits = LabelledDigits(np.zeros((n, 28, 28), np.uint8), (np.arange(n) % 10).astype(np.uint8))
    return Dataset("blank", digits, digits, "blank.npz", {})


@pytest.mark.parametrize(
    ("n", "changes", "error"),
    [
        (5, {}, "blank has 5 training digits: too few"),
        (60, {}, "batch_size 500 .* 50 digits .*--batch-size 5"),
        (600, {"device": "nonsense"}, "device 'nonsense'"),
        (600, {"device": "cuda:77"}, "device 'cuda:77'"),
        (600, {"device": "meta"}, "device 'meta'"),
        (600, {"recipe": "classic"}, r"train\('classic', …\)"),
        (600, {"network": "none.py:Net"}, "network none.py:Net: there is no file none.py"),
        (600, {"loss": "none.py:Loss"}, "loss none.py:Loss: there is no file none.py"),
        (600, {"optimizer": "none.py:Rule"}, "optimizer none.py:Rule: there is no file none.py"),
        (600, {"hidden": 32}, "no setting 'hidden'; did you mean hidden_sizes"),
    ],
)
def test_impossible_run_is_refused_without_a_folder(
    tmp_path: Path, n: int, changes: dict[str, Any], error: str
) -> None:
    with pytest.raises(UsageError, match=error):
        train("standard", data=blank(n), out=tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


def test_configuration_with_an_unknown_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no recipe 'house'; choose from classic, fast, standard, "):
        train(get_recipe("classic").replace(recipe="house"), data=blank(600), out=tmp_path / "run")
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
    run = train("classic", data=few, out=tmp_path / "run", network=reference, epochs=1, ema_epochs=1.0, patience=3)
    network, _, _ = load_network(run.folder, trust_code=True)
    assert np.array_equal(predict_logits(network, few.test), predict_logits(run.network, few.test))
    assert (run.folder / "model.onnx").exists()


@pytest.mark.parametrize("existing", [False, True])
def test_a_folder_belongs_to_one_run_at_a_time(few: Dataset, tmp_path: Path, existing: bool) -> None:
    folder, refused = tmp_path / "run", list[str]()
    if existing:
        folder.mkdir()

    def start_others(done: float, epochs: int, history: list[Epoch]) -> None:
        for start in (lambda: train(small(), data=few, out=folder), lambda: resume(folder, data=few)):
            with pytest.raises(UsageError, match=f"another run is writing to {folder}: wait until it ends") as raised:
                start()
            refused.append(str(raised.value))

    run = train(small(epochs=1), data=few, out=folder, progress=start_others)
    assert refused
    assert run.results["interrupted"] is False
    resume(folder, data=few)  # once the run has ended, its folder is free


def test_a_lock_that_a_dead_run_left_holds_nobody(few: Dataset, tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("4711")
    assert train(small(epochs=1), data=few, out=tmp_path).results
