"""Recipes and the textbook loop, in turn, each seed in a process of its own: accuracy and seconds."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import machine
from benchmarks.tables import write_csv

CONTENDERS = ("textbook", "classic", "standard")
SEEDS = 5


def measure(seeds: int = SEEDS) -> None:
    """Run every contender with every seed, one after the other, and write ``results/training.csv``."""
    rows = []
    environment = machine.describe()
    jobs = [(contender, seed) for seed in range(seeds) for contender in CONTENDERS]
    for contender, seed in tqdm(jobs, desc="training", file=sys.stderr):
        call = [sys.executable, "-m", "benchmarks.training", contender, str(seed)]
        finished = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(finished.stdout.splitlines()[-1])
        rows.append({"contender": contender, "seed": seed, **found, **environment})
        write_csv("training", rows)


def one(contender: str, seed: int) -> dict[str, Any]:
    """Train one contender with one seed; seconds are those of training with a validation after every epoch."""
    import digits

    dataset = digits.load_mnist()
    if contender == "textbook":
        from benchmarks.peers import textbook

        found = textbook.train(dataset, seed)
        ends = [0.0, *(epoch["seconds"] for epoch in found["curve"])]
        seconds = [end - start for start, end in pairwise(ends)]
        return {
            "epochs": len(seconds),
            "test_accuracy": found["test_accuracy"],
            "training_seconds": round(found["seconds"], 3),
            "epoch_seconds": round(sorted(seconds)[len(seconds) // 2], 4),
            "command": f"python -m benchmarks.training textbook {seed}",
        }
    with tempfile.TemporaryDirectory() as folder:
        run = digits.train(contender, seed=seed, data=dataset, out=Path(folder) / "run")
    seconds = [epoch.seconds for epoch in run.history]
    return {
        "epochs": len(seconds),
        "test_accuracy": run.results["test"]["accuracy"],
        "training_seconds": round(run.results["seconds"]["training"], 3),
        "epoch_seconds": round(sorted(seconds)[len(seconds) // 2], 4),
        "command": run.results["command"],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("seed", type=int)
    options = parser.parse_args()
    print(json.dumps(one(options.contender, options.seed)))
