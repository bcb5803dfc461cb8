"""Our recipes and the peers: the same digits, the same threads, in turn, each run in a process of its own.

On 2 cores of an AMD EPYC, `fast` reaches 98.3 % of the test digits in 1.1 s, the textbook loop 97.9 % in 63 s.
Compilation at the first training step, as by Keras on JAX, is included; import time and reading the digits are excluded
for all; per-epoch validation is included for all.

    python -m benchmarks contest                            all of it, some 40 minutes
    python -m benchmarks.contest fast 0 --digits 2000       one run with seed 0, on so many digits
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from benchmarks.results import Row, gemm_gflops

ENOUGH = 0.979
"""Accuracy that a peer must have to be compared with `fast`, and that `fast` claims."""


class Contender(NamedTuple):
    """A way to learn MNIST.

    Attributes
    ----------
    label, description
        What it is: for sentences and the picture, for the table.
    runs
        Each with a seed of its own; one where a run takes minutes.
    peer
        Function in `benchmarks.peers`; empty for one of our recipes, which is then the contender's name.
    packages
        Packages it needs beside ours.
    is_counted
        Whether it trains 784-256-128-10 in whole passes over the digits, so that its operations can be counted.
    """

    label: str
    description: str
    runs: int = 1
    peer: str = ""
    packages: tuple[str, ...] = ()
    is_counted: bool = True


MLP = "784-256-128-10"
KERAS, SKLEARN = ("keras", "jax"), ("sklearn",)
TEXTBOOK = "the textbook PyTorch loop: one picture at a time, `DataLoader`, batch 64, Adam, 10 epochs"
SKLEARN_MLP = f"scikit-learn `MLPClassifier`: {MLP}, batch 200, 12 passes"
LIGHTNING = f"Lightning: {MLP}, `DataLoader`, batch 128, 10 epochs"
CONVNET = "Keras on JAX: the convnet of its own MNIST example, 15 epochs"

# fmt: off
CONTENDERS = {
    "fast": Contender("digits fast", f"`digits train fast`: {MLP} in a few passes", 10),
    "classic": Contender("digits classic", f"`digits train classic`: {MLP}, ten passes", 3),
    "standard": Contender("digits standard", f"`digits train`: {MLP}, augmented", 3),
    "cnn": Contender("digits cnn", "`digits train cnn`: convolutions, augmented", 5, is_counted=False),
    "textbook": Contender("textbook PyTorch", TEXTBOOK, 3, "textbook.train"),
    "keras-mlp": Contender("Keras MLP", f"Keras on JAX: {MLP}, batch 128, 10 epochs", 5, "with_keras.train_mlp", KERAS),
    "sklearn-mlp": Contender("scikit-learn MLP", SKLEARN_MLP, 3, "with_scikit_learn.train_mlp", SKLEARN),
    "lightning": Contender("Lightning", LIGHTNING, 1, "with_lightning.train", ("lightning",)),
    "skorch": Contender("skorch", f"skorch: {MLP}, batch 128, 10 epochs", 1, "with_skorch.train", ("skorch",)),
    "tinygrad": Contender("tinygrad", f"tinygrad: {MLP}, batch 128, 10 epochs", 1, "with_tinygrad.train",
                          ("tinygrad",)),
    "keras-convnet": Contender("Keras convnet", CONVNET, 1, "with_keras.train_convnet", KERAS, is_counted=False),
    "sklearn-svc": Contender("scikit-learn SVC", "scikit-learn `SVC`: RBF, C = 10", 1, "with_scikit_learn.train_svc",
                             SKLEARN, is_counted=False),
    "xgboost": Contender("XGBoost", "XGBoost: histograms, 200 rounds", 1, "with_xgboost.train", ("xgboost",),
                         is_counted=False),
}
# fmt: on


def measure() -> Iterator[Row]:
    """Run every contender as often as it has runs, interleaved; the rows of ``contest`` and ``curves``."""
    absent = {name: reason for name in CONTENDERS if (reason := absence(name))}
    for name, seed in schedule():
        if name in absent:
            continue
        rate = gemm_gflops()  # right before each run, since the speed of a shared machine drifts
        try:
            yield from _rows(name, seed, rate, _run_process(name, seed))
        except subprocess.CalledProcessError as error:
            if not CONTENDERS[name].peer:
                raise
            absent[name] = f"failed: {error.stderr.strip().rpartition(chr(10))[2]}"
    for name, reason in absent.items():
        yield Row(case=name, metric="absent", note=reason)


def _rows(name: str, seed: int, rate: float, found: dict[str, Any]) -> Iterator[Row]:
    enough = [point["seconds"] for point in found["curve"] if point["validation_accuracy"] >= ENOUGH]
    figures = [
        ("test accuracy", round(found["test_accuracy"], 5), "share"),
        ("training time", round(found["seconds"], 3), "s"),
        *[("time to enough", round(seconds, 3), "s") for seconds in enough[:1]],
        ("epochs", len(found["curve"]), ""),
        *[("operations", found["gflop"], "GFLOP")] * CONTENDERS[name].is_counted,
    ]
    facts: dict[str, Any] = {"case": name, "seed": seed, "command": f"python -m benchmarks.contest {name} {seed}"}
    note = "; ".join(filter(None, [f"{_threads()} threads", found["libraries"]]))
    for metric, value, unit in figures:
        yield Row(metric=metric, value=value, unit=unit, note=note, gemm_gflops=rate, **facts)
    for epoch, point in enumerate(found["curve"], 1):
        at: dict[str, Any] = {"benchmark": "curves", "case": name, "seed": seed, "variant": f"epoch {epoch}"}
        yield Row(metric="training time", value=round(point["seconds"], 3), unit="s", **at)
        yield Row(metric="validation accuracy", value=round(point["validation_accuracy"], 5), unit="share", **at)


def schedule() -> list[tuple[str, int]]:
    """Give all runs in turn: each contender's are spread evenly, so that a drifting machine hits all alike."""
    most = max(contender.runs for contender in CONTENDERS.values())
    jobs = []
    for turn in range(most):
        for name, contender in CONTENDERS.items():
            done, due = (-(-(turn + more) * contender.runs // most) for more in (0, 1))
            jobs += [(name, seed) for seed in range(done, due)]
    return jobs


def absence(name: str) -> str:
    """Say why a contender cannot take part here; empty if it can."""
    lacking = [package for package in CONTENDERS[name].packages if importlib.util.find_spec(package) is None]
    return f"{' and '.join(lacking)} not installed" if lacking else ""


def _threads() -> str:
    return os.environ.get("OMP_NUM_THREADS") or str(os.cpu_count() or 1)


def _run_process(name: str, seed: int) -> dict[str, Any]:
    environment = os.environ | {f"{library}_NUM_THREADS": _threads() for library in ("OMP", "OPENBLAS", "MKL")}
    call = [sys.executable, "-m", "benchmarks.contest", name, str(seed)]
    finished = subprocess.run(call, capture_output=True, text=True, check=True, env=environment)
    return dict(json.loads(finished.stdout.splitlines()[-1]))


def run(name: str, seed: int, digits_used: int = 0) -> dict[str, Any]:
    """Train one contender with one seed, on the first ``digits_used`` of the 60,000 training digits or all (0)."""
    import digits
    from digits.data import split

    dataset = digits.load_mnist()
    if digits_used:
        few = digits.LabelledDigits(dataset.train.images[:digits_used], dataset.train.labels[:digits_used])
        dataset = dataclasses.replace(dataset, train=few)
    contender = CONTENDERS[name]
    module, _, function = contender.peer.partition(".")
    if contender.peer:
        trained = getattr(importlib.import_module(f"benchmarks.peers.{module}"), function)(dataset, seed)
    else:
        trained = _train_recipe(name, seed, dataset)
    distributions = importlib.metadata.packages_distributions() if contender.packages else {}
    libraries = [distributions[package][0] for package in contender.packages]
    return {
        **trained._asdict(),
        "gflop": training_gflop(len(trained.curve), len(split(dataset.train)[0])),
        "libraries": ", ".join(f"{library} {importlib.metadata.version(library)}" for library in libraries),
    }


def _train_recipe(recipe: str, seed: int, dataset: Any) -> Any:
    import torch._dynamo  # noqa: F401 - torch would import it, and itself, while the clock runs

    import digits
    from benchmarks.peers import Curve, Trained
    from digits.data import split
    from digits.training import fit, make_network, predict_logits

    config = digits.RECIPES[recipe].replace(seed=seed)
    learned, validation = split(dataset.train)

    def log(done: float, epochs: int, history: list[Any]) -> None:
        if len(history) > len(curve):
            curve.add(history[-1].validation_accuracy)

    curve = Curve()
    network = make_network(config)
    fit(network, learned, validation, config, progress=log)
    seconds = curve.clock()
    correct = predict_logits(network, dataset.test).argmax(1) == dataset.test.labels
    return Trained(seconds, float(correct.mean()), curve)


def training_gflop(epochs: int, digits_per_epoch: int) -> float:
    """Count the operations, in billions, of 784-256-128-10's matrix products: forward, to weights and to inputs."""
    weights = [before * after for before, after in pairwise((784, 256, 128, 10))]
    # no gradient is needed with respect to the pixels
    return round((6 * sum(weights) - 2 * weights[0]) * epochs * digits_per_epoch / 1e9, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("seed", type=int)
    parser.add_argument("--digits", type=int, default=0, help="train on only so many of the 60,000")
    options = parser.parse_args()
    print(json.dumps(run(options.contender, options.seed, options.digits)))
