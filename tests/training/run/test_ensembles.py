"""Ensembles: each member is a run of its own; together they are one network, one folder and one set of figures."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from tests.training.conftest import Interrupt, Recorder, small

from digits.errors import TrainingError
from digits.inference import load_model
from digits.training import RECIPES, Ensemble, Run, load_network, predict_logits, resume, train
from digits.training.run.ensembles import plan_stages
from digits.training.run.inputs import Inputs
from digits.types import Dataset, softmax

pytestmark = pytest.mark.slow

TWO = small(ensemble_size=2, seed=3)


@pytest.fixture(scope="module")
def progress() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def ensemble(few: Dataset, progress: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(TWO, data=few, out=tmp_path_factory.mktemp("runs") / "two", progress=progress)


def members(run: Run) -> list[Path]:
    return sorted((run.folder / "members").iterdir())


def results(run: Run) -> list[dict[str, dict[str, float]]]:
    return [json.loads((folder / "results.json").read_text()) for folder in members(run)]


def test_stages_are_planned_in_the_order_of_training(few: Dataset) -> None:
    config = small("ensemble", ensemble_size=2, teacher="cnn")
    stages = list(plan_stages(Path("run"), config, Inputs(few)).in_order())
    assert [(stage.folder.as_posix(), stage.name) for stage in stages] == [
        ("run/members/1/teacher", "the teacher"),
        ("run/members/1", "member 1 of 2"),
        ("run/members/2/teacher", "the teacher"),
        ("run/members/2", "member 2 of 2"),
        ("run", "the network"),
    ]


def test_each_member_is_the_run_of_its_own_configuration(few: Dataset, ensemble: Run, tmp_path: Path) -> None:
    assert [path.name for path in members(ensemble)] == ["1", "2"]
    assert [TWO.member(index).run.seed for index in range(2)] == [6, 7]
    for index, folder in enumerate(members(ensemble)):
        alone = train(TWO.member(index), data=few, out=tmp_path / str(index))
        assert (folder / "model.safetensors").read_bytes() == (alone.folder / "model.safetensors").read_bytes()


def test_ensembles_of_different_seeds_share_no_member() -> None:
    seeds = {TWO.replace(seed=seed, ensemble_size=5).member(index).run.seed for seed in range(20) for index in range(5)}
    assert len(seeds) == 100


def test_results_describe_every_member(ensemble: Run) -> None:
    assert ensemble.results["members"] == [
        {"validation": each["validation"]["accuracy"], "test": each["test"]["accuracy"], "seed": each["seed"]}
        for each in results(ensemble)
    ]
    assert ensemble.results["network"] == "2 × 784-32-10"
    assert ensemble.results["parameters"] == 2 * (784 * 32 + 32 + 330)
    assert json.loads((ensemble.folder / "results.json").read_text()) == ensemble.results


def test_saved_network_is_the_ensemble(few: Dataset, ensemble: Run) -> None:
    network, config, _ = load_network(ensemble.folder)
    assert isinstance(network, Ensemble)
    assert config == ensemble.config
    logits = predict_logits(network, few.test)
    assert np.array_equal(predict_logits(ensemble.network, few.test), logits)
    assert (logits.argmax(1) == few.test.labels).mean() == ensemble.results["test"]["accuracy"]


def test_exported_probabilities_are_means_over_the_members(few: Dataset, ensemble: Run) -> None:
    alone = [softmax(load_model(folder).logits(few.test.images)) for folder in members(ensemble)]
    assert not np.allclose(*alone, atol=0.01)
    np.testing.assert_allclose(softmax(ensemble.model.logits(few.test.images)), np.mean(alone, axis=0), atol=1e-5)


def rows(folder: Path) -> list[dict[str, float]]:
    with (folder / "metrics.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_metrics_are_means_over_the_members_and_sums_of_their_seconds(ensemble: Run) -> None:
    together, alone = rows(ensemble.folder), [rows(folder) for folder in members(ensemble)]
    assert [row["epoch"] for row in together] == [1, 2, 3]
    for row, *each in zip(together, *alone, strict=True):
        for name in row.keys() - {"seconds"}:
            assert row[name] == pytest.approx(np.mean([of[name] for of in each]))
        assert row["seconds"] == pytest.approx(sum(of["seconds"] for of in each))
    assert ensemble.results["seconds"]["training"] == pytest.approx(
        sum(each["seconds"]["training"] for each in results(ensemble))
    )


def test_progress_counts_over_all_members(ensemble: Run, progress: Recorder) -> None:
    assert progress.counts_to(6)
    assert progress.calls[0][0] == pytest.approx(1 / 34)


def test_members_with_teachers_count_all_epochs_and_seconds(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "quick", small("quick", epochs=2))
    progress = Recorder()
    run = train(TWO.replace(teacher="quick", epochs=1), data=few, out=tmp_path / "run", progress=progress)
    assert progress.counts_to(2 * (2 + 1))
    assert [each["teacher"]["seed"] for each in results(run)] == [6, 7]
    assert run.results["seconds"]["training"] == pytest.approx(
        sum(each["seconds"]["training"] for each in results(run))
    )


def test_members_may_run_out_of_patience_at_different_epochs(few: Dataset, tmp_path: Path) -> None:
    run = train(TWO.replace(patience=1, epochs=30, lr=0.02), data=few, out=tmp_path / "run")
    lengths = [each["epochs"] for each in results(run)]
    assert lengths[0] != lengths[1], "else this test checks nothing"
    assert len(run.history) == min(lengths)
    assert run.results["interrupted"] is False
    assert not any("interrupted" in notice for notice in run.results["notices"])
    assert run.results["seconds"]["training"] == pytest.approx(
        sum(each["seconds"]["training"] for each in results(run))
    )


@pytest.mark.parametrize(("after", "number"), [(1.5, 1), (4.5, 2)])
def test_interrupted_member_is_resumed_to_the_same_bits(
    few: Dataset, ensemble: Run, tmp_path: Path, after: float, number: int
) -> None:
    folder = tmp_path / "cut"
    with pytest.raises(TrainingError, match=f"interrupted while training member {number} of 2.*--resume"):
        train(TWO, data=few, out=folder, progress=Interrupt(after))
    assert not (folder / "results.json").exists()
    resumed = resume(folder, data=few)
    for name in ("model.safetensors", "examples.npz"):
        assert (folder / name).read_bytes() == (ensemble.folder / name).read_bytes()
    assert resumed.results | {"seconds": 0} == ensemble.results | {"seconds": 0}
