"""The network that finds walls of cells: trained on synthetic documents, and how right it is on others.

The weights are written to the file that the package ships. A training that was stopped goes on from its checkpoint;
`$DIGITS_WALLS` names the folder of that, without which a folder of its own is made and removed.

    python -m benchmarks walls
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
from tqdm import tqdm

import digits
from benchmarks.results import Row
from digits.data import load_pen_strokes, split
from digits.inference import WALLS_FILE, find_walls
from digits.synthesis import HELD_OUT_LAYOUTS, TABLE_LAYOUTS, Document, RealDigits, synthesize_documents
from digits.training import Epoch, WallBatches, export_walls, fit_walls, make_wall_network

COMMAND = "python -m benchmarks walls"

EPOCHS, STEPS, SIZE = 24, 250, 16
"""Of the training: 96,000 crops."""

SEED, VALIDATION_SEED, OTHER_SEED = 0, 62_000, 63_000
"""Of the training, of the crops that it is watched with, and of the documents that it is scored on."""

VALIDATION = 16
"""Batches."""

OTHERS = 60
"""Documents that it is scored on, of each kind: tables alone, and layouts that were held out; fonts were held out."""

NEAR = 3
"""Pixels by which what is found may lie beside a wall."""


def measure() -> Iterator[Row]:
    """Train, write the weights, and score them."""
    train, held_out = split(digits.load_mnist().train)
    folder = os.environ.get("DIGITS_WALLS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        fit(RealDigits(train, load_pen_strokes()), RealDigits(held_out), Path(folder))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            fit(RealDigits(train, load_pen_strokes()), RealDigits(held_out), Path(temporary))
    for name, layouts in (("tables", TABLE_LAYOUTS), ("held-out layouts", HELD_OUT_LAYOUTS)):
        documents = synthesize_documents(OTHER_SEED, real=RealDigits(held_out), layouts=layouts)
        yield from score(name, list(islice(documents, OTHERS)))


def fit(real: RealDigits, held_out: RealDigits, folder: Path) -> None:
    """Train a network, and write it to the package."""
    validation = list(islice(WallBatches(VALIDATION_SEED, held_out, SIZE), VALIDATION))
    network = make_wall_network(SEED)
    with tqdm(desc="epochs", total=EPOCHS) as bar:
        history = fit_walls(
            network, real, validation, epochs=EPOCHS, steps=STEPS, size=SIZE, seed=SEED,
            checkpoint=folder / "checkpoint.safetensors",
            progress=lambda row: show(bar, row),
        )  # fmt: skip
    parameters = sum(each.numel() for each in network.parameters())
    about = {"network": "walls", "seed": SEED, "crops": len(history) * STEPS * SIZE, "parameters": parameters}
    export_walls(network, WALLS_FILE, about | {"command": COMMAND})


def show(bar: tqdm[NoReturn], row: Epoch) -> None:
    """Say what an epoch came out as."""
    bar.write(
        f"epoch {row.epoch}: loss {row.train_loss:.4f}, validation {row.validation_loss:.4f}, "
        f"found {row.validation_accuracy:.1%}; {row.seconds:.0f} s",
        file=sys.stderr,
    )
    bar.update(row.epoch - bar.n)


def score(name: str, documents: list[Document]) -> Iterator[Row]:
    """Score what is found on whole documents: pixels of walls that are found, and found ones that are no wall's."""
    counts = np.zeros(4)
    for document in tqdm(documents, desc=name):
        boxes = document.truth.boxes[~document.truth.printed]
        if len(boxes):
            wanted = document.walls.draw(*document.picture.shape) > 0
            found = find_walls(document.picture, float(np.median(boxes[:, 3]))) > 127
            counts += [(wanted & grow(found)).sum(), wanted.sum(), (found & grow(wanted)).sum(), found.sum()]
    recalled, walls, right, shown = counts.tolist()
    case = f"{len(documents)} documents, {name}"
    yield Row(
        case=case, variant="walls", metric="found", value=recalled / max(walls, 1), unit="of 100", n=len(documents)
    )
    yield Row(case=case, variant="walls", metric="right", value=right / max(shown, 1), unit="of 100", n=len(documents))


def grow(mask: np.ndarray) -> np.ndarray:
    """Grow each of two masks by `NEAR` pixels."""
    kernel = np.ones((2 * NEAR + 1, 2 * NEAR + 1), np.uint8)
    return np.stack([cv2.dilate(each.astype(np.uint8), kernel) > 0 for each in mask])
