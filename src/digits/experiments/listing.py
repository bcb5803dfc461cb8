"""The table of runs: what was trained, how far it got, and how good it is on its validation digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from digits.errors import ModelError, ModelNotFoundError
from digits.evaluation.metrics import align
from digits.evaluation.test_uses import count_test_uses
from digits.experiments.runs import find_run_folders, read_finished_run

Row = dict[str, Any]


def list_runs(folder: Path) -> list[Row]:
    """Return one row per run in a folder, by name.

    Each has ``run``, the folder, and ``state``: ``finished``, or why it is not. Those of a finished run have its
    ``recipe``, ``seed``, ``epochs``, ``validation`` accuracy, 0–1, ``seconds`` of training, and ``test_uses``: how
    often its test digits were scored. The test accuracy is not among them, since it is no way to choose a run.

    Raises
    ------
    ModelNotFoundError
        When the folder is missing or holds no runs.
    """
    folders = find_run_folders(folder)
    if not folders:
        raise ModelNotFoundError(f"{folder} holds no runs: `digits train` makes one")
    return [_describe(each) for each in folders]


def format_runs(rows: list[Row]) -> str:
    """Write the rows as a table for the terminal; below it, why runs are not finished."""
    table = [("run", "recipe", "seed", "epochs", "validation", "seconds", "test scored")]
    remarks = []
    for row in rows:
        if row["state"] == "finished":
            figures = f"{row['seed']} {row['epochs']} {row['validation']:.2%} {row['seconds']:,.1f}".split()
            table.append((row["run"], row["recipe"], *figures, f"{row['test_uses']} ×"))
        else:
            table.append((row["run"], *"–" * 6))
            remarks.append(row["state"])
    return "\n".join([align(table), *([""] if remarks else []), *remarks])


def _describe(folder: Path) -> Row:
    try:
        run = read_finished_run(folder)
        return {
            "run": str(folder),
            "state": "finished",
            "recipe": run.name,
            "seed": run.seed,
            "epochs": len(run.history),
            "validation": run.results["validation"]["accuracy"],
            "seconds": run.seconds,
            "test_uses": count_test_uses(folder),
        }
    except ModelError as error:
        return {"run": str(folder), "state": str(error)}
