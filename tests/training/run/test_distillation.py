"""Distillation: the student follows its teacher, which is a run folder or a recipe that is trained first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.training.conftest import Interrupt, Recorder, copy_run, small, weights

from digits.errors import ModelError, TrainingError, UsageError
from digits.training import RECIPES, Run, TrainConfig, load_network, predict_logits, resume, train
from digits.training.run.ensembles import plan_stages
from digits.training.run.inputs import Inputs
from digits.types import Dataset, LabelledDigits

pytestmark = pytest.mark.slow

SHIFTED = np.roll(np.arange(10), 3).astype(np.uint8)
"""Wrong names of the digits, so that a student shows whether it learned from its teacher or from the labels."""


@pytest.fixture
def quick_teacher(monkeypatch: pytest.MonkeyPatch) -> TrainConfig:
    """A recipe called ``quick``."""
    config = small("quick", hidden_sizes=(48,), epochs=2)
    monkeypatch.setitem(RECIPES, "quick", config)
    return config


@pytest.fixture(scope="module")
def shifted(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A teacher that learned wrong names."""
    parts = [LabelledDigits(part.images, SHIFTED[part.labels]) for part in (few.train, few.test)]
    dataset = Dataset("shifted", *parts, "shifted.npz", {"shifted": "4567"})
    return train(small(), data=dataset, out=tmp_path_factory.mktemp("runs") / "shifted")


@pytest.mark.parametrize(
    ("teacher", "hint"), [("best-cn", "did you mean best-cnn"), ("nobody", "choose from classic, fast, ")]
)
def test_unknown_teacher_is_refused(few: Dataset, tmp_path: Path, teacher: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"'{teacher}' is neither a run folder nor a recipe; {hint}"):
        train("standard", data=few, out=tmp_path / "run", teacher=teacher)
    assert list(tmp_path.iterdir()) == []


def test_teacher_that_does_not_fit_the_data_is_refused(
    few: Dataset, quick_teacher: TrainConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(RECIPES, "quick", quick_teacher.replace(batch_size=5000))
    with pytest.raises(UsageError, match="batch_size 5000 is more than the 1667 digits"):
        train(small(teacher="quick"), data=few, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("ensemble_size", [1, 2])
@pytest.mark.parametrize("missing", ["model.safetensors", "results.json"])
def test_unfinished_teacher_is_refused(
    missing: str, ensemble_size: int, few: Dataset, shifted: Run, tmp_path: Path
) -> None:
    unfinished = copy_run(shifted.folder, tmp_path / "unfinished")
    (unfinished / missing).unlink()
    with pytest.raises(ModelError, match=f"{unfinished} is not a finished run: {missing} is missing"):
        train(small(teacher=str(unfinished), ensemble_size=ensemble_size), data=few, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_teacher_folder_is_found_again_and_stays_private(
    few: Dataset, shifted: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shifted.folder.parent)
    run = train(small(teacher=shifted.folder.name, epochs=1), data=few, out=tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    assert run.config.optimization.teacher == str(shifted.folder.resolve())
    assert resume(run.folder, data=few).results["teacher"] == run.results["teacher"]
    for file in ("model.safetensors", "model.onnx"):
        assert str(shifted.folder.parent).encode() not in (run.folder / file).read_bytes()


def test_student_answers_like_its_teacher(few: Dataset, shifted: Run, tmp_path: Path) -> None:
    run = train(small(seed=1, teacher=str(shifted.folder)), data=few, out=tmp_path / "run")
    answers = predict_logits(run.network, few.test).argmax(1)
    assert (answers == SHIFTED[few.test.labels]).mean() > 0.8
    assert run.results["test"]["accuracy"] == (answers == few.test.labels).mean() < 0.1
    assert {path.name for path in run.folder.iterdir()}.isdisjoint({"teacher", "members"})
    assert run.results["teacher"] == {
        "recipe": "standard", "seed": 0, "network": "784-32-10",
        "validation": shifted.results["validation"]["accuracy"], "seconds": shifted.results["seconds"]["training"],
    }  # fmt: skip
    # the seconds of a teacher that was there before belong to its own run
    assert run.results["seconds"]["training"] == pytest.approx(sum(row.seconds for row in run.history))


@pytest.mark.parametrize("changes", [{"split_seed": 1}, {"validation_size": 100}])
def test_teacher_that_learned_the_validation_digits_is_noticed(
    few: Dataset, shifted: Run, tmp_path: Path, changes: dict[str, Any]
) -> None:
    teacher = train(small(epochs=1), data=few, out=tmp_path / "teacher")
    runs = [
        train(small(epochs=1, teacher=str(folder), **other), data=few, out=tmp_path / str(number))
        for number, (folder, other) in enumerate(
            ((teacher.folder, {}), (teacher.folder, changes), (shifted.folder, changes))
        )
    ]
    noticed = [any("teacher was trained on some" in notice for notice in run.results["notices"]) for run in runs]
    assert noticed == [False, True, False], "only with another split of the same data"


def test_recipe_as_teacher_is_trained_first(few: Dataset, tmp_path: Path, quick_teacher: TrainConfig) -> None:
    progress = Recorder()
    shared = {"seed": 3, "split_seed": 4, "validation_size": 200}
    run = train(small(teacher="quick", **shared), data=few, out=tmp_path / "run", progress=progress)
    alone = train(quick_teacher.replace(**shared), data=few, out=tmp_path / "alone")
    assert weights(run.folder / "teacher") == weights(alone.folder)
    teacher = json.loads((run.folder / "teacher" / "results.json").read_text())
    seconds = teacher["seconds"]["training"]
    assert run.results["teacher"] == {
        "recipe": "quick", "seed": 3, "network": "784-48-10",
        "validation": alone.results["validation"]["accuracy"], "seconds": seconds,
    }  # fmt: skip
    assert run.results["seconds"]["training"] == pytest.approx(seconds + sum(row.seconds for row in run.history))
    assert run.results["seconds"]["total"] > run.results["seconds"]["training"] > seconds > 0
    assert run.all_epochs[2:] == run.history
    assert len(run.history) == run.results["epochs"] == 3
    assert progress.counts_to(2 + 3)


def test_teacher_learns_from_the_digits_of_its_student(few: Dataset) -> None:
    config = small(teacher="cnn", synthetic=20, simulated_photos=30, outliers=40, seed=4)
    teacher = plan_stages(Path("run"), config, Inputs(few)).teacher
    assert teacher is not None
    assert (teacher.config.recipe, teacher.config.run.seed, teacher.config.data) == ("cnn", 4, config.data)


def test_teacher_by_recipe_and_by_folder_give_the_same_student(
    few: Dataset, tmp_path: Path, quick_teacher: TrainConfig
) -> None:
    run = train(small(teacher="quick"), data=few, out=tmp_path / "run")
    again = train(small(teacher=str(run.folder / "teacher")), data=few, out=tmp_path / "again")
    other = train(small(), data=few, out=tmp_path / "other")
    assert weights(again.folder) == weights(run.folder) != weights(other.folder)
    assert "teacher" not in other.results


def test_ensemble_may_be_the_teacher(few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "several", small("several", ensemble_size=2, epochs=1))
    config = small(seed=5, teacher="several")
    places = [stage.folder.as_posix() for stage in plan_stages(Path("run"), config, Inputs(few)).in_order()]
    assert places == ["run/teacher/members/1", "run/teacher/members/2", "run/teacher", "run"]
    progress = Recorder()
    run = train(config, data=few, out=tmp_path / "run", progress=progress)
    seeds = [load_network(run.folder / "teacher" / "members" / number)[1].run.seed for number in ("1", "2")]
    assert seeds == [10, 11]
    assert run.results["teacher"]["network"] == "2 × 784-32-10"
    assert progress.counts_to(2 * 1 + 3)


def test_run_interrupted_in_its_teacher_is_resumed(few: Dataset, tmp_path: Path, quick_teacher: TrainConfig) -> None:
    with pytest.raises(TrainingError, match=r"interrupted while training the teacher.*--resume"):
        train(small(teacher="quick"), data=few, out=tmp_path / "cut", progress=Interrupt(1.5))
    resume(tmp_path / "cut", data=few)
    train(small(teacher="quick"), data=few, out=tmp_path / "whole")
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
