"""What each ingredient is worth where AdamW takes the steps: one change at a time, judged by validation alone."""

from __future__ import annotations

import sys

from tqdm import tqdm

import digits
from benchmarks import machine
from benchmarks.explored import fields
from benchmarks.rows import write_csv

SEEDS = 2
BASE = "--optimizer adamw --learning-rate 0.004 --weight-decay 0.05 --precision float32"
"""What the `standard` recipe was before Muon took the steps."""
VARIANTS = (
    "",
    "--elastic 0",
    "--elastic 0.4",
    "--elastic 1.2",
    "--rotation 0 --scale 0 --shear 0 --shift 0",
    "--rotation 12 --scale 0.15 --shear 0.15 --shift 2",
    "--elastic 0 --rotation 0 --scale 0 --shear 0 --shift 0",
    "--averaging 0",
    "--dropout 0.1",
    "--label-smoothing 0.05",
    "--weight-decay 0",
    "--weight-decay 0.1",
    "--learning-rate 0.002",
    "--learning-rate 0.008",
    "--schedule cosine",
    "--batch-size 250 --learning-rate 0.003",
    "--optimizer adam --weight-decay 0",
    "--epochs 20",
    "--epochs 80",
)


def measure(seeds: int = SEEDS) -> None:
    """Train every variant with every seed and write ``results/ablation.csv``; the test set is not opened."""
    learned, validation = digits.split(digits.load_mnist().train)
    environment = machine.describe()
    rows = []
    jobs = [(seed, variant) for seed in range(seeds) for variant in VARIANTS]
    for seed, variant in tqdm(jobs, desc="ablation", file=sys.stderr):
        flags = f"{BASE} {variant}".split()
        config = digits.RECIPES["standard"].replace(seed=seed, **fields("standard", flags))
        last = digits.fit(digits.make_network(config), learned, validation, config)[-1]
        rows.append(
            {
                "flags": variant,
                "seed": seed,
                "validation_accuracy": round(last.validation_accuracy, 5),
                "validation_loss": round(last.validation_loss, 5),
                **environment,
            }
        )
        write_csv("ablation", rows)
