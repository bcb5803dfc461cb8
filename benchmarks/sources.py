"""What each source of training digits is worth: `reader`'s network with all of them, and with each left out.

Single networks of eight epochs, three seeds each, on the seen sets of `benchmarks.single_digits`, MNIST's validation
digits, and MNIST-C's corruptions of them as the bare network sees them.

    DIGITS_REAL=FOLDER python -m benchmarks sources
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import digits
from benchmarks.accuracy import RUNS, train_all
from benchmarks.corruptions import CORRUPTIONS, corrupt
from benchmarks.results import Row, shares
from benchmarks.single_digits import score, seen_sets

SEEDS = 3
ONE = "reader --ensemble-size 1 --cascade-threshold 1 --epochs 8"
LEFT_OUT = {
    "nothing": "",
    "synthetic digits": "--synthetic 0",
    "pen strokes": "--pen-strokes 0",
    "simulated photographs": "--simulated-photos 0",
    "simulated captures": "--simulated-captures 0",
    "outliers": "--outliers 0",
    "corruption": "--corruption 0",
    "everything but MNIST": "--synthetic 0 --pen-strokes 0 --simulated-photos 0 --simulated-captures 0 --outliers 0 "
    "--corruption 0",
}
"""What is left out, and the words after the recipe that do so."""

CORRUPTED = 1000
"""Validation digits per corruption."""


def measure() -> Iterator[Row]:
    """Train what is not trained yet, several runs side by side, and score every network on every set."""
    train_all({_folder(name, seed): _words(name, seed).split() for name in LEFT_OUT for seed in range(SEEDS)})
    for name in LEFT_OUT:
        for seed in range(SEEDS):
            folder = _folder(name, seed)
            for row in _rows(folder):
                yield replace(row, case=name, seed=seed, command=f"digits train {_words(name, seed)}")


def _rows(folder: Path) -> Iterator[Row]:
    validation = json.loads((folder / "results.json").read_text())["validation"]
    right = round(validation["accuracy"] * validation["n"])
    yield Row(case="", variant="MNIST validation", metric="correct", **shares(right, validation["n"]))
    model = folder / "model.onnx"
    for row in score(str(model), seen_sets()):
        if row.metric in ("correct", "non-digits rejected"):
            yield replace(row, variant=row.case)
    from digits.data import split

    network = digits.load_model(model)
    _, held_out = split(digits.load_mnist().train)
    images, labels = held_out.images[:CORRUPTED], held_out.labels[:CORRUPTED]
    found = [int((network.predict(corrupt(images, name)) == labels).sum()) for name in CORRUPTIONS]
    total = CORRUPTED * len(CORRUPTIONS)
    yield Row(case="", variant="corrupted, bare network", metric="correct", **shares(int(np.sum(found)), total))


def _words(name: str, seed: int) -> str:
    return " ".join(f"{ONE} {LEFT_OUT[name]} --seed {seed}".split())


def _folder(name: str, seed: int) -> Path:
    return RUNS / f"without-{re.sub('[^a-z]+', '-', name.lower())}-{seed}"
