"""How long recipes take on one GPU, and when they first see 99 % of the validation digits; every run in one process."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import torch
from tqdm import tqdm

import digits
from benchmarks import machine
from benchmarks.rows import write_csv

RECIPES = {"fast": 5, "standard": 5, "cnn": 5, "classic": 2}
"""Recipes and how many seeds of each."""

MARK = 0.99
"""Validation accuracy whose time is told."""


def measure() -> None:
    """Train every recipe on the GPU and write ``results/gpu.csv``."""
    if not torch.cuda.is_available():
        raise SystemExit("gpu: there is no CUDA device here; the rows in benchmarks/results/gpu.csv stay as they are")
    dataset = digits.load_mnist()
    environment = machine.describe() | {"processor": torch.cuda.get_device_name()}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        # what CUDA loads when it is first used is in nobody's seconds
        digits.train("fast", data=dataset, out=Path(folder) / "warm", device="cuda", epochs=1)
        digits.train("cnn", data=dataset, out=Path(folder) / "warm-cnn", device="cuda", epochs=1)
        for name, seeds in RECIPES.items():
            for seed in tqdm(range(seeds), desc=name):
                begun = time.perf_counter()
                run = digits.train(name, data=dataset, out=Path(folder) / f"{name}-{seed}", device="cuda", seed=seed)
                whole = time.perf_counter() - begun
                spent, marked = 0.0, ""
                for epoch in run.history:
                    spent += epoch.seconds
                    if not marked and epoch.validation_accuracy >= MARK:
                        marked = f"{spent:.2f}"
                rows.append(
                    {
                        "recipe": name,
                        "seed": seed,
                        "validation_accuracy": round(run.scores["validation"].accuracy, 4),
                        "test_accuracy": round(run.scores["test"].accuracy, 4),
                        "training_seconds": round(spent, 3),
                        "seconds_to_99": marked,
                        "whole_seconds": round(whole, 3),
                        **environment,
                    }
                )
    write_csv("gpu", rows)
