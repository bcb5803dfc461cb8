"""What our own pen is worth: to train on alone, to add to MNIST, and to draw other people's strokes with.

Other people's handwriting is judged here and never trained on. It is read from the folder that ``$DIGITS_REAL`` names:
``singles`` and ``pencil`` (pictures of one digit, with a ``labels.csv`` of file and label) and ``strokes`` (the files
``pendigits-orig.tra.gz`` and ``.tes.gz`` of UCI's Pen-Based Recognition of Handwritten Digits, 44 writers). What of it
is not there leaves its columns empty.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
from tqdm import tqdm

import digits
from benchmarks import machine
from benchmarks.accuracy import RUNS, train_once
from benchmarks.rows import write_csv

REPEATS = 7

TWELVE = ["cnn", "--epochs", "12"]

NETWORKS: dict[str, tuple[int, list[str]]] = {
    "our pen alone": (3, [*TWELVE, "--data", "synthetic", "--synthetic", "30000"]),
    "MNIST": (5, TWELVE),
    "MNIST, our pen and photographs": (5, [*TWELVE, "--synthetic", "6000", "--photographs", "12000"]),
    "MNIST, as many steps as with both": (3, ["cnn", "--epochs", "16"]),
    "MNIST and our pen": (3, [*TWELVE, "--synthetic", "6000"]),
    "MNIST and photographs": (3, [*TWELVE, "--photographs", "12000"]),
    "MNIST, by the standard recipe": (3, ["standard"]),
}
"""What networks learn from: how many seeds, and the words after ``digits train``."""

JUDGES = ("MNIST, by the standard recipe", "MNIST", "our pen alone", "MNIST, our pen and photographs")
"""Networks that read the strokes, however they are drawn."""

UPRIGHT = ((1.0, 0.0), (0.0, 1.0))
WAYS: dict[str, tuple[float, tuple[tuple[float, float], tuple[float, float]]]] = {
    "a line of 0.11 heights": (0.11, UPRIGHT),
    "0.06": (0.06, UPRIGHT),
    "0.08": (0.08, UPRIGHT),
    "0.14": (0.14, UPRIGHT),
    "0.18": (0.18, UPRIGHT),
    "three quarters as wide": (0.11, ((0.75, 0.0), (0.0, 1.0))),
    "an eighth wider": (0.11, ((1.125, 0.0), (0.0, 1.0))),
    "slanted by 0.2 to the left": (0.11, ((1.0, 0.0), (0.2, 1.0))),
    "slanted by 0.2 to the right": (0.11, ((1.0, 0.0), (-0.2, 1.0))),
}
"""Ways to draw strokes: the width of the line, and the matrix that rows of x and y are multiplied by."""

Set = tuple[np.ndarray, np.ndarray]


def measure_speed() -> None:
    """Time the pen, the camera and pages, and write ``results/pen-speed.csv``."""
    images = digits.synthesize(2000, 0).images
    jobs: dict[str, tuple[int, Callable[[], object]]] = {
        "digits of our own pen": (5000, lambda: digits.synthesize(5000, 0)),
        "digits photographed and cut out again": (2000, lambda: digits.simulate_photos(images, 0)),
        "pages": (20, lambda: [digits.synthesize_page(seed) for seed in range(20)]),
    }
    rows = []
    for what, (n, work) in jobs.items():
        work()
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
        rates = [n / each for each in seconds]
        rows.append(
            {
                "what": what,
                "n": REPEATS,
                "a_second": round(median(rates), 1),
                "slowest": round(min(rates), 1),
                "fastest": round(max(rates), 1),
                **machine.describe(),
            }
        )
    write_csv("pen-speed", rows)


def measure() -> None:
    """Train what is not trained yet, score all of it, and write ``results/pens.csv``, with a row a network."""
    jobs = [(name, [*words, "--seed", str(seed)]) for name, (seeds, words) in NETWORKS.items() for seed in range(seeds)]
    environment = machine.describe()
    with ThreadPoolExecutor(os.cpu_count()) as pool, tqdm(desc="pens", total=len(jobs), file=sys.stderr) as bar:
        for _ in pool.map(lambda job: train_once(_folder(*job), job[1]), jobs):
            bar.update()
    sets = _sets()
    rows = []
    for name, words in jobs:
        model = digits.load_model(_folder(name, words) / "model.onnx")
        right = {
            f"{kind}_right": "" if judged is None else int((model.logits(judged[0]).argmax(1) == judged[1]).sum())
            for kind, judged in sets.items()
        }
        counted = {f"{kind}_n": "" if judged is None else len(judged[1]) for kind, judged in sets.items()}
        command = f"digits train {' '.join(words)}"
        rows.append({"learned_from": name, "seed": words[-1], **right, **counted, "command": command, **environment})
    write_csv("pens", rows)


def measure_strokes() -> None:
    """Draw other people's strokes in several ways and write ``results/pen-strokes.csv``, a row a way and network."""
    found = _strokes_of(_real() / "strokes")
    if found is None:
        sys.exit(f"there are no strokes in {_real() / 'strokes'}: name the folder that holds them with $DIGITS_REAL")
    drawn, labels = found
    folders = {
        name: [_folder(name, [*NETWORKS[name][1], "--seed", str(seed)]) for seed in range(NETWORKS[name][0])]
        for name in JUDGES
    }
    environment = machine.describe()
    rows = []
    for how, (width, matrix) in WAYS.items():
        images = np.stack(
            [digits.draw_strokes([np.asarray(s) @ np.array(matrix) for s in strokes], width) for strokes in drawn]
        )
        for name, runs in folders.items():
            for seed, run in enumerate(runs):
                right = int((digits.load_model(run / "model.onnx").logits(images).argmax(1) == labels).sum())
                rows.append(
                    {"drawn": how, "learned_from": name, "seed": seed, "right": right, "n": len(labels), **environment}
                )
    write_csv("pen-strokes", rows)


def _real() -> Path:
    return Path(os.environ.get("DIGITS_REAL", "real"))


def _folder(name: str, words: list[str]) -> Path:
    return RUNS / f"{re.sub('[^a-z]+', '-', name.lower())}-{words[-1]}"


@cache
def _sets() -> dict[str, Set | None]:
    """Digits to judge by; None for what is not there."""
    mnist = digits.load_mnist()
    _, validation = digits.split(mnist.train)
    strokes = _strokes_of(_real() / "strokes")
    return {
        "validation": (validation.images, validation.labels),
        "test": (mnist.test.images, mnist.test.labels),
        "singles": _pictures(_real() / "singles"),
        "pencil": _pictures(_real() / "pencil"),
        "strokes": strokes and (np.stack([digits.draw_strokes(each) for each in strokes[0]]), strokes[1]),
    }


def _pictures(folder: Path) -> Set | None:
    from PIL import Image, ImageOps

    if not (folder / "labels.csv").exists():
        return None
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    images = []
    for row in rows:
        with Image.open(folder / row["file"]) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
        paper = Image.new("RGBA", upright.size, "white")
        images.append(digits.extract_digit(np.asarray(Image.alpha_composite(paper, upright).convert("RGB"))))
    return np.stack(images), np.array([int(row["label"]) for row in rows])


def _strokes_of(folder: Path) -> tuple[list[list[list[tuple[int, int]]]], np.ndarray] | None:
    """Read UCI's files: for every digit its strokes, and the labels; None when they are not there."""
    files = [folder / f"pendigits-orig.{part}.gz" for part in ("tra", "tes")]
    if not all(file.exists() for file in files):
        return None
    drawn, labels = list[list[list[tuple[int, int]]]](), list[int]()
    for file in files:
        with gzip.open(file, "rt", encoding="ascii") as lines:
            for line in lines:
                if line.startswith(".SEGMENT"):
                    labels.append(int(line.split('"')[1]))
                    drawn.append([])
                elif line.startswith(".PEN_DOWN"):
                    drawn[-1].append([])
                elif line[:1] == " " and drawn:
                    x, y = map(int, line.split())
                    drawn[-1][-1].append((x, -y))  # the tablet counts upwards
    return drawn, np.array(labels)
