"""The most accurate recipes, every seed, unselected: last epoch, test scored once.

With one thread per run on 2 cores of an AMD EPYC, `ensemble` reaches 99.69 %, `best-cnn` 99.61 %, `best-mlp` 99.54 %,
`tiny` 99.48 %. Accuracy does not depend on what else the machine does, so runs go side by side. The members of an
ensemble are the very runs that ``best-cnn`` gives with their seeds, and the teacher of a network is the member of its
seed: each is trained once and counted wherever it belongs.

    python -m benchmarks accuracy
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.results import Row

RUNS = Path("runs") / "benchmarks"
"""Kept, so that an interrupted measurement continues where it was."""

ENSEMBLES, ENSEMBLE_SIZE, SEEDS = 2, 5, 5

TITLES = {
    "best-mlp": "784-256-128-10, distilled from a best-cnn",
    "tiny": "the smallest",
    "best-cnn": "one convolutional network",
    "ensemble": "several of it as one model file",
}


def measure() -> Iterator[Row]:
    """Train what is not trained yet, teachers first, and give the rows of every network."""
    ensembles = {RUNS / f"ensemble-{seed}": ["ensemble", "--seed", str(seed)] for seed in range(ENSEMBLES)}
    members = [folder / "members" / str(place + 1) for folder in ensembles for place in range(ENSEMBLE_SIZE)]
    others = {
        RUNS / f"best-mlp-{seed}": ["best-mlp", "--seed", str(seed), "--teacher", str(members[seed])]
        for seed in range(SEEDS)
    } | {RUNS / f"tiny-{seed}": ["tiny", "--seed", str(seed)] for seed in range(SEEDS)}
    train_all(ensembles)
    train_all(others)
    for folder in [*ensembles, *others]:
        yield from _rows(folder)
    for folder in members:
        yield from _rows(folder, "best-cnn")


def train_all(runs: dict[Path, list[str]]) -> None:
    """Run ``digits train`` with these words for every folder that holds no finished run, one thread each."""

    def train(folder: Path) -> None:
        if (folder / "results.json").exists():
            return
        words = (
            ["--resume", str(folder)] if (folder / "config.json").exists() else [*runs[folder], "--out", str(folder)]
        )
        command = [sys.executable, "-m", "digits", "train", *words]
        subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True, capture_output=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(train, runs))


def _rows(folder: Path, recipe: str = "") -> Iterator[Row]:
    results = json.loads((folder / "results.json").read_text())
    recipe, seed, test = recipe or results["recipe"], results["seed"], results["test"]
    case = f"`{recipe}`: {TITLES[recipe]}"
    figures = {
        ("weights", ""): results["parameters"],
        ("epochs", ""): results["epochs"],
        ("validation accuracy", "share"): round(results["validation"]["accuracy"], 5),
        ("test accuracy", "share"): test["accuracy"],
        ("mistakes", ""): round((1 - test["accuracy"]) * test["n"]),
        ("training time", "s"): round(results["seconds"]["training"], 1),
    }
    if "teacher" in results:
        figures["teacher time", "s"] = round(results["teacher"]["seconds"], 1)
    command, note = f"digits train {recipe} --seed {seed}", f"{results['network']}; 1 thread"
    for (metric, unit), value in figures.items():
        yield Row(case=case, seed=seed, metric=metric, value=value, unit=unit, command=command, note=note)
