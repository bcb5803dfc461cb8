"""What was tried on the way to the recipes, judged by 15,000 of the training digits held out.

More digits than a recipe holds out, since networks of more than 99.5 % differ by a few mistakes. The test set is not
opened.
"""

from __future__ import annotations

import shlex
import sys
from itertools import pairwise
from typing import Any

from tqdm import tqdm

import digits
from benchmarks import machine
from benchmarks.rows import write_csv

HELD_OUT = 15_000
ADAMW = "--optimizer adamw --learning-rate 0.004 --weight-decay 0.05 --precision float32"
SEEDS = {"fast": 5}
"""Seeds of each variant; one where it is not named."""
TRIED = (
    "fast",
    "fast --matrix-rate 0.08",
    "fast --matrix-rate 0.08 --momentum 0.6",
    "fast --matrix-rate 0.08 --momentum 0.8",
    "fast --matrix-rate 0.05",
    "fast --matrix-rate 0.08 --schedule cosine",
    "fast --matrix-rate 0.08 --schedule one-cycle --warmup 0.1",
    "fast --batch-size 500 --matrix-rate 0.06 --learning-rate 0.01 --momentum 0.8",
    "fast --batch-size 2000 --matrix-rate 0.1 --learning-rate 0.03",
    "fast --epochs 1 --batch-size 400 --matrix-rate 0.06",
    "fast --optimizer adamw --batch-size 100 --learning-rate 0.003 --schedule one-cycle",
    "fast --optimizer adamw --batch-size 200 --learning-rate 0.005 --schedule one-cycle --epochs 3",
    f"standard --epochs 15 {ADAMW}",
    "standard --epochs 15",
    "standard --epochs 15 --momentum 0.9 --weight-decay 0",
    "standard --epochs 15 --momentum 0.9 --weight-decay 0 --matrix-rate 0.06",
    "standard --epochs 15 --weight-decay 0.3",
    "standard --epochs 15 --matrix-rate 0.02 --weight-decay 0.2",
    "standard --epochs 15 --batch-size 250",
    "standard --epochs 40 --elastic 1",
    "cnn",
    "cnn --epochs 10 --elastic 0.8",
    "cnn --epochs 10 --elastic 0.8 --optimizer adamw --learning-rate 0.005 --weight-decay 0.05",
    "cnn --epochs 10 --elastic 0.8 --momentum 0.95 --matrix-rate 0.05 --weight-decay 0.1",
    "cnn --epochs 10 --elastic 0.8 --momentum 0.9 --matrix-rate 0.05 --weight-decay 0.05 --batch-size 125",
    "cnn --epochs 8 --elastic 0.8 --channels 32 64 128",
    "cnn --epochs 14 --elastic 0.8 --matrix-rate 0.05 --learning-rate 0.005 --schedule constant --averaging 3",
    "cnn --epochs 16 --elastic 1 --rotation 10 --scale 0.12 --shear 0.12 --averaging 1 --channels 24 48 96",
    "cnn --epochs 24 --elastic 0.8 --averaging 1",
    "cnn --epochs 24 --elastic 1.1 --rotation 10 --scale 0.12 --shear 0.12 --averaging 2",
)
"""A recipe and flags each."""


def measure() -> None:
    """Train every variant and write ``results/explored.csv``."""
    learned, validation = digits.split(digits.load_mnist().train, HELD_OUT)
    environment = machine.describe()
    rows = []
    jobs = [(words, seed) for words in TRIED for seed in range(SEEDS.get(words.split()[0], 1))]
    for words, seed in tqdm(jobs, desc="explored", file=sys.stderr):
        name, *flags = shlex.split(words)
        config = digits.RECIPES[name].replace(seed=seed, **fields(name, flags))
        network = digits.make_network(config)
        last = digits.fit(network, learned, validation, config)[-1]
        rows.append(
            {
                "recipe": name,
                "flags": " ".join(flags),
                "seed": config.seed,
                "weights": sum(weight.numel() for weight in network.parameters()),
                "train_accuracy": round(last.train_accuracy, 4),
                "validation_accuracy": round(last.validation_accuracy, 5),
                "validation_loss": round(last.validation_loss, 4),
                **environment,
            }
        )
        write_csv("explored", rows)


def fields(recipe: str, words: list[str]) -> dict[str, Any]:
    """Read flags as fields of the configuration."""
    found: dict[str, Any] = {}
    at = [place for place, word in enumerate(words) if word.startswith("--")]
    for start, end in pairwise([*at, len(words)]):
        name = words[start].removeprefix("--").replace("-", "_")
        default = getattr(digits.RECIPES[recipe], name)
        values = words[start + 1 : end]
        found[name] = tuple(map(int, values)) if isinstance(default, tuple) else type(default)(values[0])
    return found
