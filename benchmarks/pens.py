"""What synthetic handwriting is worth: to train on alone, to add to MNIST, and to draw other people's strokes with.

With it and simulated photographs, `reader`'s network reads 99.3 % of other people's pictures of one digit instead of
97.8 %, and loses nothing on MNIST (99.57 against 99.60 %). The networks here are single, of twelve epochs.

    DIGITS_REAL=FOLDER python -m benchmarks pens pen-strokes
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

import digits
from benchmarks import handwriting
from benchmarks.accuracy import RUNS, train_all
from benchmarks.results import Row, shares

TWELVE = "cnn --epochs 12"
ALONE, BOTH = "synthetic handwriting alone", "MNIST, synthetic handwriting and simulated photographs"
STANDARD = "MNIST, by the standard recipe"

NETWORKS = {
    ALONE: (3, f"{TWELVE} --data synthetic --synthetic 30000"),
    "MNIST": (5, TWELVE),
    BOTH: (5, f"{TWELVE} --synthetic 6000 --simulated-photos 12000"),
    "MNIST, as many steps as with both": (3, "cnn --epochs 16"),
    "MNIST and synthetic handwriting": (3, f"{TWELVE} --synthetic 6000"),
    "MNIST and simulated photographs": (3, f"{TWELVE} --simulated-photos 12000"),
    STANDARD: (3, "standard"),
}
"""What networks are trained on: how many seeds, and the words after ``digits train``."""

LINES = {
    "a line of 0.11 heights": (0.11, handwriting.UPRIGHT),
    **{f"{width}": (width, handwriting.UPRIGHT) for width in (0.06, 0.08, 0.14, 0.18)},
    "three quarters as wide": (0.11, ((0.75, 0.0), (0.0, 1.0))),
    "an eighth wider": (0.11, ((1.125, 0.0), (0.0, 1.0))),
    "slanted by 0.2 to the left": (0.11, ((1.0, 0.0), (0.2, 1.0))),
    "slanted by 0.2 to the right": (0.11, ((1.0, 0.0), (-0.2, 1.0))),
}
"""How strokes are drawn: the width of the line, and the matrix that rows of x and y are multiplied by."""

Labelled = tuple[np.ndarray, np.ndarray]


def measure() -> Iterator[Row]:
    """Train what is not trained yet, several runs side by side, and score every network on every set."""
    train_all(
        {_folder(name, seed): _words(name, seed) for name, (seeds, _) in NETWORKS.items() for seed in range(seeds)}
    )
    judged = dict(_sets())
    for name, (seeds, words) in NETWORKS.items():
        for seed in range(seeds):
            for title, (images, labels) in judged.items():
                row = _row(name, title, name, seed, images, labels)
                yield replace(row, command=f"digits train {words} --seed {seed}")


def measure_strokes() -> Iterator[Row]:
    """Draw other people's strokes in several ways and read them with networks of `measure`."""
    drawn = handwriting.pen_strokes()
    if not drawn:
        sys.exit(f"{handwriting.folder('strokes')} has no strokes: name the folder that holds them with $DIGITS_REAL")
    labels = np.array([digit.label for digit in drawn])
    for case, (width, matrix) in tqdm(LINES.items(), desc="lines"):
        images = handwriting.draw(drawn, width, matrix)
        for name in (STANDARD, "MNIST", ALONE, BOTH):
            for seed in range(NETWORKS[name][0]):
                yield _row(case, name, name, seed, images, labels)


def _row(case: str, variant: str, network: str, seed: int, images: np.ndarray, labels: np.ndarray) -> Row:
    correct = digits.load_model(_folder(network, seed) / "model.onnx").predict(images) == labels
    return Row(case=case, variant=variant, seed=seed, metric="correct", **shares(int(correct.sum()), len(labels)))


def _words(name: str, seed: int) -> list[str]:
    return [*NETWORKS[name][1].split(), "--seed", str(seed)]


def _folder(name: str, seed: int) -> Path:
    return RUNS / f"{re.sub('[^a-z]+', '-', name.lower())}-{seed}"


def _sets() -> Iterator[tuple[str, Labelled]]:
    """Give the sets to judge by; what is missing of other people's handwriting is left out."""
    from digits.data import split

    mnist = digits.load_mnist()
    _, validation = split(mnist.train)
    for title, part in (("MNIST validation", validation), ("MNIST test", mnist.test)):
        yield f"{title} ({len(part):,})", (part.images, part.labels)
    for title, kind in (("pictures of one digit", "singles"), ("pencil and pen", "pencil")):
        if found := handwriting.pictures(kind):
            images = np.stack([_extract(content) for _, content, _ in found])
            yield f"{title} ({len(found):,})", (images, np.array([label for *_, label in found]))
    if drawn := handwriting.pen_strokes():
        yield f"pen strokes ({len(drawn):,})", (handwriting.draw(drawn), np.array([each.label for each in drawn]))


def _extract(content: bytes) -> np.ndarray:
    """Bring a picture to MNIST's form."""
    from digits.preprocessing import decode, extract_digit

    return extract_digit(decode(content, "the picture").picture)
