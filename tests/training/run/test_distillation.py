"""Runs inside runs: what a teacher teaches, that it may be a folder or a recipe, and that both can be gone on with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from digits.training.checkpoint import Epoch
from digits.training.export import load_network
from digits.training.loop import predict_logits

from digits.errors import ModelError, TrainingError, UsageError
from digits.training.config import TrainConfig
from digits.training.recipes import RECIPES
from digits.training.run import Run, resume, train
from digits.types import Dataset, LabelledDigits

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {
    "hidden": (32,), "epochs": 3, "batch_size": 50, "optimizer": "adam", "learning_rate": 3e-3, "weight_decay": 0.0,
    "schedule": "constant", "averaging": 0.0, "precision": "float32",
    "rotation": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0, "elastic": 0.0,
}  # fmt: skip
SHIFTED = np.roll(np.arange(10), 3).astype(np.uint8)
"""What a teacher that calls every digit by another's name answers."""


def relabelled(few: Dataset) -> Dataset:
    parts = [LabelledDigits(part.images, SHIFTED[part.labels]) for part in (few.train, few.test)]
    return Dataset("relabelled", *parts, "relabelled.npz", {"relabelled": "4567"})


def small(recipe: str, **changes: Any) -> TrainConfig:
    return TrainConfig(recipe=recipe, **SMALL | changes)


@pytest.fixture
def quick_teacher(monkeypatch: pytest.MonkeyPatch) -> TrainConfig:
    """A recipe called ``quick``, since a teacher may be the name of one."""
    config = small("quick", hidden=(48,), epochs=2)
    monkeypatch.setitem(RECIPES, "quick", config)
    return config


@pytest.fixture(scope="module")
def liar(few: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A teacher that has learned wrong names."""
    return train(small("standard"), data=relabelled(few), out=tmp_path_factory.mktemp("runs") / "liar")


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


class CtrlC:
    """Presses Ctrl-C at a point of the run, counted in the epochs of all its networks."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
        if done >= self.at:
            raise KeyboardInterrupt


class Told:
    """Keeps what progress is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, int, int]] = []

    def __call__(self, done: float, epochs: int, history: list[Epoch]) -> None:
        self.calls.append((done, epochs, len(history)))

    def counts_to(self, epochs: int) -> bool:
        done = [call[0] for call in self.calls]
        rows = [call[2] for call in self.calls]
        ends = (done[-1], rows[-1]) == (epochs, epochs)
        return ends and done == sorted(done) and rows == sorted(rows) and {call[1] for call in self.calls} == {epochs}


@pytest.mark.parametrize(
    ("teacher", "says"), [("best-cn", "; did you mean best-cnn"), ("nobody", "; there are: classic, fast, standard, ")]
)
def test_an_unknown_teacher_is_refused_before_any_work(few: Dataset, tmp_path: Path, teacher: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        train("standard", data=few, out=tmp_path / "run", teacher=teacher)
    assert str(refused.value).startswith(f"teacher {teacher!r} is neither the folder of a run nor a recipe{says}")
    assert list(tmp_path.iterdir()) == []


def test_a_teacher_that_does_not_fit_the_set_is_refused_before_any_work(
    few: Dataset, quick_teacher: TrainConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(RECIPES, "quick", quick_teacher.replace(batch_size=5000))
    with pytest.raises(UsageError, match=r"^batch_size 5000 is more than the 1667 digits to learn from"):
        train(small("standard", teacher="quick"), data=few, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_teacher_is_found_again_from_any_folder(
    few: Dataset, liar: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(liar.folder.parent)
    run = train(small("standard", teacher=liar.folder.name, epochs=1), data=few, out=tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    assert run.config.teacher == str(liar.folder.resolve())
    assert resume(run.folder, data=few).results["teacher"] == run.results["teacher"]


def test_the_student_answers_as_its_teacher_and_not_as_its_labels(few: Dataset, liar: Run, tmp_path: Path) -> None:
    run = train(small("standard", seed=1, teacher=str(liar.folder)), data=few, out=tmp_path / "run")
    answers = predict_logits(run.network, few.test).argmax(1)
    assert (answers == SHIFTED[few.test.labels]).mean() > 0.8
    assert run.results["test"]["accuracy"] == (answers == few.test.labels).mean() < 0.1
    assert {path.name for path in run.folder.iterdir()}.isdisjoint({"teacher", "members"})


def test_the_results_tell_of_a_teacher_that_was_there_and_count_its_seconds_apart(
    few: Dataset, liar: Run, tmp_path: Path
) -> None:
    run = train(small("standard", teacher=str(liar.folder)), data=few, out=tmp_path / "run")
    assert run.results["teacher"] == {
        "recipe": "standard", "seed": 0, "network": "784-32-10",
        "validation": liar.results["validation"]["accuracy"], "seconds": liar.results["seconds"]["training"],
    }  # fmt: skip
    # it was trained in another run, whose seconds they are
    assert run.results["seconds"]["training"] == pytest.approx(sum(row.seconds for row in run.history))
    assert json.loads((run.folder / "results.json").read_text()) == run.results


def test_a_run_without_a_teacher_tells_of_none(liar: Run) -> None:
    assert {"teacher", "members"}.isdisjoint(liar.results)


@pytest.mark.parametrize("changes", [{"split_seed": 1}, {"validation": 100}])
def test_a_teacher_that_saw_the_validation_digits_is_noticed(
    few: Dataset, tmp_path: Path, changes: dict[str, Any]
) -> None:
    teacher = train(small("standard", epochs=1), data=few, out=tmp_path / "teacher").folder
    notices = [
        train(small("standard", epochs=1, teacher=str(teacher), **of), data=few, out=tmp_path / name).results["notices"]
        for name, of in (("same", {}), ("other", changes))
    ]
    flatters = "The teacher learned from some of the digits held out here: the validation figures flatter."
    assert [flatters in told for told in notices] == [False, True]


def test_a_teacher_of_other_digits_saw_none_of_these(few: Dataset, liar: Run, tmp_path: Path) -> None:
    run = train(small("standard", split_seed=1, teacher=str(liar.folder)), data=few, out=tmp_path / "run")
    assert [told for told in run.results["notices"] if "teacher" in told] == []


def test_a_folder_whose_run_is_not_finished_is_refused_before_any_work(few: Dataset, liar: Run, tmp_path: Path) -> None:
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "config.json").write_bytes((liar.folder / "config.json").read_bytes())
    with pytest.raises(ModelError, match=f"^{unfinished} is not a finished run: there is no "):
        train(small("standard", teacher=str(unfinished)), data=few, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_recipe_as_teacher_is_trained_first_in_a_folder_of_its_own(
    few: Dataset, tmp_path: Path, quick_teacher: TrainConfig
) -> None:
    told = Told()
    student = small("standard", seed=3, split_seed=4, validation=200, teacher="quick")
    run = train(student, data=few, out=tmp_path / "run", progress=told)
    # the digits and the seed are its student's
    alone = train(quick_teacher.replace(seed=3, split_seed=4, validation=200), data=few, out=tmp_path / "alone")
    assert weights(run.folder / "teacher") == weights(alone.folder)
    _, taught_by = load_network(run.folder / "teacher")
    seconds = taught_by["seconds"]["training"]
    assert run.results["teacher"] == {
        "recipe": "quick", "seed": 3, "network": "784-48-10",
        "validation": alone.results["validation"]["accuracy"], "seconds": seconds,
    }  # fmt: skip
    assert run.results["seconds"]["training"] == pytest.approx(seconds + sum(row.seconds for row in run.history))
    assert run.results["seconds"]["total"] > run.results["seconds"]["training"] > seconds > 0
    assert len(run.history) == run.results["epochs"] == 3
    assert told.counts_to(2 + 3)


def test_what_a_trained_teacher_teaches_is_what_its_folder_teaches(
    few: Dataset, tmp_path: Path, quick_teacher: TrainConfig
) -> None:
    run = train(small("standard", teacher="quick"), data=few, out=tmp_path / "run")
    again = train(small("standard", teacher=str(run.folder / "teacher")), data=few, out=tmp_path / "again")
    other = train(small("standard"), data=few, out=tmp_path / "other")
    assert weights(again.folder) == weights(run.folder) != weights(other.folder)


def test_an_ensemble_may_teach(few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "several", small("several", members=2, epochs=1))
    told = Told()
    run = train(small("standard", seed=5, teacher="several"), data=few, out=tmp_path / "run", progress=told)
    members = run.folder / "teacher" / "members"
    seeds = [json.loads((members / number / "config.json").read_text())["seed"] for number in ("1", "2")]
    assert seeds == [10, 11]
    assert run.results["teacher"]["network"] == "2 × 784-32-10"
    assert told.counts_to(2 * 1 + 3)


def test_ctrl_c_while_a_teacher_learns_stops_and_resuming_goes_on(
    few: Dataset, tmp_path: Path, quick_teacher: TrainConfig
) -> None:
    student = small("standard", teacher="quick")
    with pytest.raises(TrainingError) as stopped:
        train(student, data=few, out=tmp_path / "cut", progress=CtrlC(1.5))
    assert str(stopped.value) == (
        "stopped while its teacher was trained; `digits train --resume` with the folder of the whole run goes on"
    )
    resume(tmp_path / "cut", data=few)
    train(student, data=few, out=tmp_path / "whole")
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
