"""Our recipes and the peers in turn, same digits, same threads, each run in a process of its own.

Writes ``results/contest.csv``, a row a run, and ``results/curves.csv``, a row an epoch. A process of its own means that
what a library compiles when it first trains is in its time, as it is for all who start it; imports and reading the data
are in nobody's.
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
import time
from itertools import pairwise
from typing import Any

from tqdm import tqdm

from benchmarks import verdict
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.rows import read_csv, write_csv


def measure() -> list[str]:
    """Run every contender as often as its rounds say, interleaved; draw the picture.

    Returns
    -------
    list of str
        A sentence for every lead that we claim and that was not there.
    """
    # here, since they import torch, which the processes of those who do not use it should not hold
    from benchmarks import machine, pictures

    rows: list[dict[str, Any]] = []
    curves: list[dict[str, Any]] = []
    absent = {name: reason for name, contender in CONTENDERS.items() if (reason := absence(contender))}
    for contender, seed in tqdm(schedule(), desc="contest", file=sys.stderr):
        if contender in absent:
            continue
        # right before each run, since the speed of a shared machine drifts
        environment = machine.describe()
        try:
            found = _run(contender, seed)
        except subprocess.CalledProcessError as error:
            tqdm.write(error.stderr, file=sys.stderr)
            if not CONTENDERS[contender].peer:
                raise
            absent[contender] = "failed: " + (error.stderr.strip().splitlines() or ["without a word"])[-1]
            continue
        curve = found.pop("curve")
        rows.append({"contender": contender, "seed": seed, **found, **environment})
        curves += [{"contender": contender, "seed": seed, **point} for point in curve]
        # written after each run, so that an interrupted contest leaves what it measured
        _write(rows, curves, absent)
    for contender, reason in absent.items():
        print(f"{contender} did not take part: {reason}", file=sys.stderr)
    pictures.draw()
    return verdict.missed(read_csv("contest"))


def schedule() -> list[tuple[str, int]]:
    """Give all runs in turn: each contender's are spread evenly, so that a drifting machine hits all alike."""
    most = max(contender.rounds for contender in CONTENDERS.values())
    jobs = []
    for turn in range(most):
        for name, contender in CONTENDERS.items():
            done, due = (-(-(turn + more) * contender.rounds // most) for more in (0, 1))
            jobs += [(name, seed) for seed in range(done, due)]
    return jobs


def one(name: str, seed: int, digits_used: int = 0) -> dict[str, Any]:
    """Train one contender with one seed.

    Parameters
    ----------
    name
        Of a contender.
    seed
        Everything random in the run.
    digits_used
        Only so many of the 60,000, to try things out; 0 for all.
    """
    import digits

    dataset = digits.load_mnist()
    if digits_used:
        few = digits.LabelledDigits(dataset.train.images[:digits_used], dataset.train.labels[:digits_used])
        dataset = dataclasses.replace(dataset, train=few)
    contender = CONTENDERS[name]
    if contender.peer:
        found = importlib.import_module(f"benchmarks.peers.{contender.peer}").train(dataset, seed)
    else:
        found = ours(name, seed, dataset)
    epochs = len(found["curve"])
    hidden = (256, 128) if contender.peer else digits.RECIPES[name].hidden
    gflop = training_gflop(hidden, epochs, len(digits.split(dataset.train)[0])) if contender.counted else 0.0
    reached = [point["seconds"] for point in found["curve"] if point["validation_accuracy"] >= verdict.ENOUGH]
    return {
        "test_accuracy": round(found["test_accuracy"], 5),
        "seconds": round(found["seconds"], 3),
        "seconds_to_enough": round(reached[0], 3) if reached else "",
        "epochs": epochs,
        "training_gflop": round(gflop, 1) or "",
        "library": _versions(contender.packages),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "curve": [
            {
                "epoch": epoch,
                "seconds": round(point["seconds"], 3),
                "validation_accuracy": round(point["validation_accuracy"], 5),
            }
            for epoch, point in enumerate(found["curve"], 1)
        ],
    }


def ours(recipe: str, seed: int, dataset: Any) -> dict[str, Any]:
    """Train a recipe: what `benchmarks.peers` says of a peer's ``train``."""
    import torch._dynamo  # noqa: F401 - torch would import it, and itself, while the clock runs

    import digits

    make_network, fit = digits.make_network, digits.fit  # imported when first asked for
    config = digits.RECIPES[recipe].replace(seed=seed)
    learned, validation = digits.split(dataset.train)
    curve: list[dict[str, float]] = []

    def look(done: float, epochs: int, history: list[Any]) -> None:
        if len(history) > len(curve):
            row = {"validation_accuracy": history[-1].validation_accuracy}
            curve.append({"seconds": time.perf_counter() - start, **row})

    start = time.perf_counter()
    network = make_network(config)
    fit(network, learned, validation, config, progress=look)
    seconds = time.perf_counter() - start
    right = digits.predict_logits(network, dataset.test).argmax(1) == dataset.test.labels
    return {"seconds": seconds, "test_accuracy": float(right.mean()), "curve": curve}


def training_gflop(hidden: tuple[int, ...], epochs: int, digits_an_epoch: int) -> float:
    """Count the billions of operations of training's matrix products: forward, and backward to weights and inputs."""
    weights = [before * after for before, after in pairwise((784, *hidden, 10))]
    # nobody needs the gradient with respect to the pixels
    return (6 * sum(weights) - 2 * weights[0]) * epochs * digits_an_epoch / 1e9


def absence(contender: Contender) -> str:
    """Why a contender cannot take part here, or nothing."""
    lacking = [name for name in contender.packages if importlib.util.find_spec(name) is None]
    if lacking:
        return f"{' and '.join(lacking)} not installed"
    if not contender.peer:
        import digits

        return "" if contender.name in digits.RECIPES else f"there is no recipe {contender.name}"
    return ""


def _versions(packages: tuple[str, ...]) -> str:
    distributions = importlib.metadata.packages_distributions() if packages else {}
    names = [distributions[package][0] for package in packages]
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def _run(contender: str, seed: int) -> dict[str, Any]:
    threads = os.environ.get("OMP_NUM_THREADS") or str(os.cpu_count() or 1)
    environment = os.environ | {f"{name}_NUM_THREADS": threads for name in ("OMP", "OPENBLAS", "MKL")}
    call = [sys.executable, "-m", "benchmarks.contest", contender, str(seed)]
    finished = subprocess.run(call, capture_output=True, text=True, check=True, env=environment)
    return dict(json.loads(finished.stdout.splitlines()[-1]))


def _write(rows: list[dict[str, Any]], curves: list[dict[str, Any]], absent: dict[str, str]) -> None:
    names = list(rows[0])
    noted = [dict.fromkeys(names, "") | {"contender": name, "missing": reason} for name, reason in absent.items()]
    write_csv("contest", [{"missing": "", **row} for row in rows] + noted)
    write_csv("curves", curves)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("seed", type=int)
    parser.add_argument("--digits", type=int, default=0, help="use only so many of the 60,000, to try things out")
    options = parser.parse_args()
    print(json.dumps(one(options.contender, options.seed, options.digits)))
