"""Ensembles: members that are runs of their own, one network, one folder and one set of figures of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from digits.training.checkpoint import Epoch
from digits.training.export import load_network
from digits.training.loop import predict_logits
from digits.training.network import Ensemble
from digits.training.teams import planned

from digits.errors import TrainingError
from digits.inference import load_model
from digits.training.config import TrainConfig
from digits.training.recipes import RECIPES
from digits.training.run import Run, resume, train
from digits.types import Dataset, softmax

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {
    "hidden": (32,), "epochs": 3, "batch_size": 50, "optimizer": "adam", "learning_rate": 3e-3, "weight_decay": 0.0,
    "schedule": "constant", "averaging": 0.0, "precision": "float32",
    "rotation": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0, "elastic": 0.0,
}  # fmt: skip
TWO = TrainConfig(**SMALL | {"members": 2, "seed": 3})
ROWS = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate")


@pytest.fixture(scope="module")
def told() -> list[tuple[float, int, int]]:
    """What progress was told of the ensemble: epochs done, planned, and finished."""
    return []


@pytest.fixture(scope="module")
def ensemble(few: Dataset, told: list[tuple[float, int, int]], tmp_path_factory: pytest.TempPathFactory) -> Run:
    def progress(done: float, epochs: int, history: list[Epoch]) -> None:
        told.append((done, epochs, len(history)))

    return train(TWO, data=few, out=tmp_path_factory.mktemp("runs") / "two", progress=progress)


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def members(folder: Path) -> list[Path]:
    return sorted((folder / "members").iterdir())


def test_every_member_is_the_run_that_its_configuration_gives_alone(
    few: Dataset, ensemble: Run, tmp_path: Path
) -> None:
    assert [path.name for path in members(ensemble.folder)] == ["1", "2"]
    assert [TWO.member(index).seed for index in range(2)] == [6, 7]
    for index, folder in enumerate(members(ensemble.folder)):
        alone = train(TWO.member(index), data=few, out=tmp_path / str(index))
        assert weights(folder) == weights(alone.folder)


def test_ensembles_of_different_seeds_share_no_member() -> None:
    seeds = [TWO.replace(seed=seed, members=5).member(index).seed for seed in range(20) for index in range(5)]
    assert len(set(seeds)) == 100


def test_the_results_tell_of_every_member(few: Dataset, ensemble: Run) -> None:
    alone = [load_network(folder)[1] for folder in members(ensemble.folder)]
    assert ensemble.results["members"] == [
        {"validation": each["validation"]["accuracy"], "test": each["test"]["accuracy"], "seed": each["seed"]}
        for each in alone
    ]
    assert ensemble.results["network"] == "2 × 784-32-10"
    assert ensemble.results["parameters"] == 2 * (784 * 32 + 32 + 330)
    assert json.loads((ensemble.folder / "results.json").read_text()) == ensemble.results


def test_the_network_is_an_ensemble_of_the_members_networks(few: Dataset, ensemble: Run) -> None:
    assert isinstance(ensemble.network, Ensemble)
    again, _ = load_network(ensemble.folder)
    logits = predict_logits(ensemble.network, few.test)
    assert np.array_equal(predict_logits(again, few.test), logits)
    assert (logits.argmax(1) == few.test.labels).mean() == ensemble.results["test"]["accuracy"]


def test_the_model_files_probabilities_are_the_means_of_the_members(few: Dataset, ensemble: Run) -> None:
    alone = [softmax(load_model(folder).logits(few.test.images)) for folder in members(ensemble.folder)]
    assert not np.allclose(*alone, atol=0.01)
    found = softmax(load_model(ensemble.folder).logits(few.test.images))
    np.testing.assert_allclose(found, np.mean(alone, axis=0), atol=1e-5)


def rows(folder: Path) -> list[dict[str, float]]:
    with (folder / "metrics.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_the_rows_are_the_members_means_and_the_sums_of_their_seconds(ensemble: Run) -> None:
    alone = [rows(folder) for folder in members(ensemble.folder)]
    together = rows(ensemble.folder)
    assert [row["epoch"] for row in together] == [1, 2, 3]
    for row, *each in zip(together, *alone, strict=True):
        for name in ROWS:
            assert row[name] == pytest.approx(np.mean([of[name] for of in each]))
        assert row["seconds"] == pytest.approx(sum(of["seconds"] for of in each))


def test_the_seconds_are_those_of_all_members(ensemble: Run) -> None:
    alone = [load_network(folder)[1]["seconds"]["training"] for folder in members(ensemble.folder)]
    assert ensemble.results["seconds"]["training"] == pytest.approx(sum(alone))


def test_progress_counts_over_all_members(ensemble: Run, told: list[tuple[float, int, int]]) -> None:
    done, planned_epochs, finished = zip(*told, strict=True)
    assert (done[0], done[-1], finished[-1]) == (pytest.approx(1 / 34), 6, 6)
    assert list(done) == sorted(done)
    assert list(finished) == sorted(finished)
    assert set(planned_epochs) == {planned(TWO)} == {6}


def test_members_with_teachers_of_their_own_count_all_epochs_and_seconds(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "quick", TrainConfig(**SMALL | {"recipe": "quick", "epochs": 2}))
    config = TWO.replace(teacher="quick", epochs=1)
    told: list[float] = []
    run = train(config, data=few, out=tmp_path / "run", progress=lambda done, epochs, history: told.append(done))
    assert planned(config) == 2 * (2 + 1)
    assert (told[-1], told) == (6, sorted(told))
    each = [json.loads((folder / "results.json").read_text()) for folder in members(run.folder)]
    assert [of["teacher"]["seed"] for of in each] == [6, 7]
    assert run.results["seconds"]["training"] == pytest.approx(sum(of["seconds"]["training"] for of in each))


def test_members_that_lose_patience_at_different_epochs_are_no_interruption(few: Dataset, tmp_path: Path) -> None:
    config = TWO.replace(patience=1, epochs=30, learning_rate=0.02)
    run = train(config, data=few, out=tmp_path / "run")
    alone = [load_network(folder)[1] for folder in members(run.folder)]
    lengths = [each["epochs"] for each in alone]
    assert lengths[0] != lengths[1], "else it would be no case of its own"
    assert len(run.history) == min(lengths)
    assert run.results["interrupted"] is False
    assert [told for told in run.results["notices"] if "interrupted" in told] == []
    assert run.results["seconds"]["training"] == pytest.approx(sum(each["seconds"]["training"] for each in alone))


@pytest.mark.parametrize(("at", "number"), [(1.5, 1), (4.5, 2)])
def test_ctrl_c_in_a_member_stops_and_resuming_gives_the_undisturbed_ensemble(
    few: Dataset, ensemble: Run, tmp_path: Path, at: float, number: int
) -> None:
    def ctrl_c(done: float, epochs: int, history: list[Epoch]) -> None:
        if done >= at:
            raise KeyboardInterrupt

    folder = tmp_path / "cut"
    with pytest.raises(TrainingError) as stopped:
        train(TWO, data=few, out=folder, progress=ctrl_c)
    assert str(stopped.value) == (
        f"stopped while member {number} of 2 was trained; "
        "`digits train --resume` with the folder of the whole run goes on"
    )
    assert not (folder / "results.json").exists()
    resumed = resume(folder, data=few)
    for name in ("model.safetensors", "examples.npz"):
        assert (folder / name).read_bytes() == (ensemble.folder / name).read_bytes()
    apart = {"seconds": 0}
    assert resumed.results | apart == ensemble.results | apart
