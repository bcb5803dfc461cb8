"""The most accurate recipes, every seed of them, unselected: last epoch, test scored once.

Accuracy does not depend on what else the machine does, so runs go side by side, a thread each; their seconds are those
of one thread. The members of an ensemble are the very runs that ``best-cnn`` gives with their seeds, and the teacher of
a network is the member of its seed: each is trained once and counted wherever it belongs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import machine
from benchmarks.rows import write_csv

RUNS = Path("runs") / "benchmarks"
"""Kept, so that an interrupted measurement goes on where it was."""

ENSEMBLES = 2
STUDENTS = {"best-mlp": 5}
"""Recipes that learn from a best-cnn, and their seeds."""
OTHERS = {"tiny": 5}


def measure() -> None:
    """Train what is not trained yet and write ``results/accuracy.csv``, with a row a network."""
    import digits

    size = digits.RECIPES["ensemble"].members
    ensembles = [[f"ensemble-{seed}", "ensemble", "--seed", str(seed)] for seed in range(ENSEMBLES)]
    others = [[f"{name}-{seed}", name, "--seed", str(seed)] for name, n in OTHERS.items() for seed in range(n)]
    students = [
        [f"{name}-{seed}", name, "--seed", str(seed), "--teacher", str(_member(seed, size))]
        for name, n in STUDENTS.items()
        for seed in range(n)
    ]
    environment = machine.describe()
    jobs = os.cpu_count() or 1
    with ThreadPoolExecutor(jobs) as pool, tqdm(desc="accuracy", file=sys.stderr) as bar:
        bar.total = len(ensembles) + len(others) + len(students)
        for batch in (ensembles, students + others):  # teachers first
            for _ in pool.map(lambda job: train_once(RUNS / job[0], job[1:]), batch):
                bar.update()
    rows = []
    for name, *_ in ensembles + students + others:
        results = json.loads((RUNS / name / "results.json").read_text())
        rows.append(_row(results["recipe"], results) | environment)
    for seed in range(ENSEMBLES * size):
        results = json.loads((_member(seed, size) / "results.json").read_text())
        rows.append(_row("best-cnn", results) | environment)
    write_csv("accuracy", rows)


def _member(seed: int, size: int) -> Path:
    return RUNS / f"ensemble-{seed // size}" / "members" / str(seed % size + 1)


def train_once(folder: Path, words: list[str]) -> None:
    """Train as ``digits train`` with these words does, with one thread, unless the folder holds the run already."""
    if (folder / "results.json").exists():
        return
    call = ["--resume", str(folder)] if (folder / "config.json").exists() else [*words, "--out", str(folder)]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-m", "digits", "train", *call],
        env=one_thread,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _row(contender: str, results: dict[str, Any]) -> dict[str, Any]:
    test = results["test"]
    return {
        "contender": contender,
        "seed": results["seed"],
        "network": results["network"],
        "parameters": results["parameters"],
        "epochs": results["epochs"],
        "validation_accuracy": round(results["validation"]["accuracy"], 5),
        "test_accuracy": test["accuracy"],
        "mistakes": round((1 - test["accuracy"]) * test["n"]),
        "training_seconds": round(results["seconds"]["training"], 1),
        "teacher_seconds": round(results["teacher"]["seconds"], 1) if "teacher" in results else "",
        "threads": 1,
        "command": f"digits train {contender} --seed {results['seed']}",
    }
