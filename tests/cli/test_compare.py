"""``digits compare``, ``runs``, ``curve``, ``ablate`` and ``find-lr``: from recipes to a verdict or a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from digits.cli import find_lr
from digits.experiments.learning_rates import HIGHEST, LOWEST, STEPS

pytestmark = pytest.mark.slow

RECIPES = ("fast --epochs 1 --batch-size 100", "fast --epochs 1 --batch-size 100 --lr 1e-5 --muon-lr 1e-4")


@pytest.fixture(scope="session")
def compared(process: Any, few_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Two recipes with two seeds, trained and compared by the command itself."""
    folder = tmp_path_factory.mktemp("comparisons") / "c"
    return folder, process("compare", "--recipes", *RECIPES, "--seeds", 2, "--data", few_file, "--out", folder)


def test_recipes_are_trained_and_compared(compared: tuple[Path, Any]) -> None:
    folder, said = compared
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].startswith("on the 333 validation digits of ")
    assert lines[0].endswith("; the test digits stay sealed")
    better, worse = (f"fast {flags}--batch-size 100 --epochs 1" for flags in ("", "--lr 1e-05 --muon-lr 0.0001 "))
    assert any(line.startswith(f"{better}  ") and "±" in line for line in lines)
    assert any(line.startswith(f"{better} − {worse}  +") for line in lines)
    assert "training fast-" in said.err
    assert sorted(path.name for path in folder.iterdir()) == ["compare.html", "pairs.csv", "runs", "runs.csv"]
    assert len(list((folder / "runs").iterdir())) == 4


def test_finished_runs_are_not_trained_again(compared: tuple[Path, Any], few_file: Path, digits: Any) -> None:
    folder, _ = compared
    said = digits("compare", folder / "runs", "--json", "--out", "again", "--data", few_file)
    found = json.loads(said.out)
    assert (said.code, found["part"], found["n"]) == (0, "validation", 333)
    assert [group["seeds"] for group in found["groups"]] == [[0, 1], [0, 1]]
    for row in found["runs"]:
        results = json.loads((Path(row["run"]) / "results.json").read_text())
        assert row["accuracy"] == pytest.approx(results["validation"]["accuracy"])
        assert row["test_uses"] == 1
    again = digits("compare", "--recipes", *RECIPES, "--seeds", 2, "--data", few_file, "--out", folder)
    assert again.code == 0
    assert "training" not in again.err


def test_ablation_is_printed_and_drawn(
    compared: tuple[Path, Any], few_file: Path, digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = compared
    by_lr: dict[float, list[Path]] = {}
    for run in sorted((folder / "runs").iterdir()):
        config = json.loads((run / "config.json").read_text())
        if config["data"]["fraction"] == 1:
            by_lr.setdefault(config["optimization"]["lr"], []).append(run)
    whole, without = by_lr[0.02], by_lr[1e-5]
    # as if the second recipe were the first without its shift
    monkeypatch.setattr(
        "digits.experiments.ablation.train_repeats", lambda *_, **__: [whole[0], without[0], whole[1], without[1]]
    )
    words = ("ablate", *RECIPES[0].split(), "--shift", 1, "--drop", "augmentation.*", "--data", few_file, "--out", "a")
    said = digits(*words)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[2].split() == ["without", "accuracy", "points", "95", "%", "interval", "p", "corrected"]
    assert [line.split()[0] for line in lines[3:5]] == ["(nothing)", "shift"]
    assert any(line.startswith("shift ") and line.endswith(" points less.") for line in lines)
    assert sorted(path.name for path in Path("a").iterdir()) == [
        "ablation.png",
        "compare.html",
        "pairs.csv",
        "runs.csv",
    ]
    [row] = json.loads(digits(*words, "--json").out)["pairs"]
    assert (row["part"], row["shown"]) == ("shift", True)


def test_rates_are_those_of_the_range_test() -> None:
    # stated twice, since help must not wait for torch
    call = find_lr._Arguments()
    assert (call.lowest, call.highest, call.steps) == (LOWEST, HIGHEST, STEPS)


def test_learning_rate_is_suggested_with_the_command_that_trains_with_it(few_file: Path, digits: Any) -> None:
    words = ("find-lr", "fast", "--bs", 50, "--hidden-sizes", 32, "--data", few_file, "--out", "rates")
    said = digits(*words)
    assert said.code == 0, said.err
    found = json.loads(digits(*words, "--json").out)
    rates = found["suggested"]
    assert (found["setting"], found["configured"]) == ("muon_lr", 0.12)
    flags = f"--lr {rates['lr']} --muon-lr {rates['muon_lr']} --batch-size 50"
    lines = said.out.splitlines()
    assert lines[0] == f"suggested  --muon-lr {rates['muon_lr']:g}, where the recipe has 0.12"
    assert lines[1] == f"train      digits train fast --hidden-sizes 32 {flags} --data {few_file}"
    assert lines[2].endswith(f" 'fast --hidden-sizes 32 {flags}' --data {few_file}")
    assert sorted(path.name for path in Path("rates").iterdir()) == ["find-lr.csv", "find-lr.png"]


def test_looks_at_the_test_digits_are_counted(compared: tuple[Path, Any], few_file: Path, digits: Any) -> None:
    folder, _ = compared
    run = sorted((folder / "runs").iterdir())[0]
    counts = []
    for times in (2, 3):
        said = digits("evaluate", run, "--data", few_file)
        assert f"the test digits of this run were scored {times} times by now" in said.out
        listed = json.loads(digits("runs", folder / "runs", "--json").out)["runs"]
        counts.append([row["test_uses"] for row in listed])
    assert counts == [[2, 1, 1, 1], [3, 1, 1, 1]]
    table = digits("runs", folder / "runs").out.splitlines()
    assert table[0].split() == ["run", "recipe", "seed", "epochs", "validation", "seconds", "test", "scored"]
    assert table[1].endswith("  3 ×")


def test_evaluation_on_other_digits_is_no_look(compared: tuple[Path, Any], digits: Any) -> None:
    folder, _ = compared
    run = sorted((folder / "runs").iterdir())[-1]
    assert "test digits of this run" not in digits("evaluate", run).out, "MNIST is not what it learned from"
    assert not (run / "test_uses.csv").exists()


def test_curve_continues_in_a_folder_of_runs(compared: tuple[Path, Any], few_file: Path, digits: Any) -> None:
    folder, _ = compared
    words = ("curve", *RECIPES[0].split(), "--fractions", 0.5, 1, "--seeds", 2, "--data", few_file, "--out", folder)
    said = digits(*words)
    assert said.code == 0, said.err
    assert said.err.count("training fast-") == 2, "the whole set was learned before"
    lines = said.out.splitlines()
    assert (
        lines[0] == "fast --batch-size 100 --epochs 1: 2 seeds, on 333 validation digits; the test digits stay sealed"
    )
    assert [line.split()[:2] for line in lines[2:5]] == [["share", "digits"], ["0.5", "834"], ["1", "1,667"]]
    rows = [line.split(",") for line in (folder / "curve.csv").read_text().splitlines()]
    assert rows[0] == ["fraction", "digits", "seed", "accuracy", "run"]
    for fraction, digits_learned, seed, accuracy, run in rows[1:]:
        about = json.loads((Path(run) / "results.json").read_text())
        assert (about["data"]["train"], about["seed"]) == (int(digits_learned), int(seed))
        assert about["validation"]["accuracy"] == float(accuracy)
        config = json.loads((Path(run) / "config.json").read_text())
        assert config["data"]["fraction"] == float(fraction)
        assert config["optimization"]["epochs"] == (2 if fraction == "0.5" else 1)
    assert (folder / "curve.png").stat().st_size > 5000
