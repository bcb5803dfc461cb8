"""``digits compare`` and ``digits runs``: from recipes to a verdict, and the list of what was trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
