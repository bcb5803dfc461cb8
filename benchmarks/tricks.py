"""Which of ten popular tricks help the network 784-256-128-10: a plain training with and without each, over seeds.

Plain is the textbook's: Adam at 0.001, batches of 128, 10 epochs, neither dropout nor augmentation, a constant rate.
Each trick is added to it alone, with the values that people use first. Networks are compared by validation digits, as
`digits compare` does; the test digits stay sealed. Runs are kept, so that an interrupted measurement continues: ten
seeds of eleven recipes are 110 runs.

    python -m benchmarks tricks
    python -m benchmarks tricks --seeds 3
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import digits
from benchmarks.results import Row
from digits.experiments import compare, train_repeats
from digits.training import TrainConfig

RUNS = Path("runs") / "benchmarks" / "tricks"
"""Kept, so that an interrupted measurement continues where it was, and one with more seeds adds what is missing."""

SEEDS = 10

PLAIN = digits.RECIPES["classic"].replace(batch_size=128, dropout=0.0, schedule="constant", threads=1)
"""With batches of 128, 110 runs take some 40 minutes of one core; with the 64 of `classic`, an hour and more."""

TRICKS: dict[str, dict[str, Any]] = {
    "dropout of a fifth": {"dropout": 0.2},
    "a rate that falls to zero": {"schedule": "linear"},
    "warm-up, then a falling rate (one-cycle)": {"schedule": "one-cycle", "lr": 3e-3},
    "weight decay of 0.01 (AdamW)": {"optimizer": "adamw", "weight_decay": 0.01},
    "label smoothing of 0.1": {"label_smoothing": 0.1},
    "moving average of the weights": {"ema_epochs": 1.0},
    "GELU instead of ReLU": {"activation": "gelu"},
    "Muon instead of Adam": {"optimizer": "muon", "lr": 4e-3},
    "turn, stretch, slant, shift": {"rotation": 8.0, "scale": 0.1, "shear": 0.1, "shift": 1.5},
    "elastic distortion": {"elastic": 0.8},
}
"""What is added to the plain training, by the name of the trick."""


def configure() -> dict[str, TrainConfig]:
    """Return the plain training, and that with each trick."""
    return {"plain": PLAIN, **{name: PLAIN.replace(**changes) for name, changes in TRICKS.items()}}


def measure(seeds: int = SEEDS) -> Iterator[Row]:
    """Train what is not trained yet, and give the accuracies and what each trick adds.

    The interval of a difference draws other digits and other seeds; its p-value is corrected for ten comparisons.
    """
    configs = configure()
    runs = train_repeats([*configs.values()], seeds, RUNS)
    found = compare(runs, baseline=True)
    for name, group in zip(configs, found.groups, strict=True):
        command = f"digits train {group.name} --seed S"
        for run, accuracy in zip(group.runs, group.accuracies, strict=True):
            yield Row(
                case=name, seed=run.seed, metric="validation accuracy", value=float(accuracy), unit="share",
                n=group.correct.shape[1], command=command,
            )  # fmt: skip
    for name, pair in zip(TRICKS, found.pairs, strict=True):
        # a pair is the trick minus the baseline
        low, high = pair.interval95
        yield Row(case=name, metric="difference", value=pair.difference, unit="share", n=seeds, low=low, high=high)
        p = None if math.isnan(pair.p_corrected) else pair.p_corrected
        yield Row(case=name, metric="p corrected", value=p, n=seeds, note="Holm, ten comparisons")
