"""What a shipped model gains and forgets when it is fine-tuned on one person's digits by the recipe `personal`.

With 20 digits of a writer, `mlp` reads 95.7 instead of 86.7 % of the writer's others and loses 0.25 points of MNIST.
The writers are from UCI's Pen-Based digits (see `benchmarks.handwriting`): no shipped model ever learns from them. The
settings were chosen by hand on writers of the training part; judged are the three of the test part that `mlp` reads
worst.

    DIGITS_REAL=FOLDER python -m benchmarks personal
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import digits
from benchmarks import handwriting
from benchmarks.results import Row, shares

WRITERS = (5, 11, 13)
"""Numbers of the writers, of 250 digits each."""

LEARNED, JUDGED = (20, 100), 100
"""Personal digits to learn from, and digits of the same writer that no run is given."""

NO_REPLAY = "--replay-size 250 --personal-share 0.98 --outliers 0"
SETTINGS = {
    "mlp": ("", "--personal-share 0.1", "--lr 0.0001", "--lr 0.002", "--outliers 0", NO_REPLAY),
    "cnn": ("", NO_REPLAY),
}
"""Flags of each run, by the initial model."""

COMPARED = {
    "validation": "MNIST validation",
    "accepted": "validation digits accepted",
    "outliers": "non-digits rejected",
}
"""Parts of ``before`` in ``results.json``, and their titles."""


def measure() -> Iterator[Row]:
    """Fine-tune each model on each writer's digits."""
    for model, settings in SETTINGS.items():
        for flags, n, writer in product(settings, LEARNED, WRITERS):
            yield from _run(model, flags, n, writer)


def _run(model: str, flags: str, n: int, writer: int) -> Iterator[Row]:
    images, labels = _written_by(writer)
    with tempfile.TemporaryDirectory() as folder:
        data, run = Path(folder, "personal"), Path(folder, "run")
        _save(data, images[JUDGED : JUDGED + n], labels[JUDGED : JUDGED + n])
        results, seconds = _train([*flags.split(), "--extra-data", str(data), "--from", model, "--threads", "1"], run)
        models = {"before": digits.Reader(model).model, "after": digits.load_model(run / "model.onnx")}
        found = {when: each.predict(images[:JUDGED]) for when, each in models.items()}
    case = f"`{model}`, {n} personal digits" + f", `{flags}`" * bool(flags)
    command = f"digits train personal --from {model} --extra-data {n}-digits {flags} --threads 1".replace("  ", " ")
    facts: dict[str, Any] = {"case": case, "seed": 0, "command": command, "note": f"writer {writer}"}
    for when in ("before", "after"):
        correct = int((found[when] == labels[:JUDGED]).sum())
        yield Row(metric="writer's other digits", variant=when, **shares(correct, JUDGED), **facts)
        for part, title in COMPARED.items():
            value = round(results["before"][part][when], 5)
            yield Row(metric=title, variant=when, value=value, unit="share", **facts)
    yield Row(metric="MNIST test", variant="after", value=results["test"]["accuracy"], unit="share", **facts)
    yield Row(metric="processor time", value=round(seconds, 1), unit="s", **facts)


def _train(words: list[str], run: Path) -> tuple[dict[str, Any], float]:
    """Run ``digits train personal`` in a process of its own: its results, and the processor seconds it took."""
    call = [sys.executable, "-m", "digits", "train", "personal", *words, "--out", str(run)]
    process = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(call[2:])} failed")
    return json.loads((run / "results.json").read_text()), usage.ru_utime + usage.ru_stime


def _save(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / "train" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / "train" / str(label) / f"{number}.png")


def _written_by(writer: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw what one writer of UCI's test part wrote, shuffled with seed 0."""
    drawn = [digit for digit in handwriting.pen_strokes(("tes",)) if digit.writer == writer]
    if not drawn:
        sys.exit(f"{handwriting.folder('strokes')} has no strokes: name the folder that holds them with $DIGITS_REAL")
    order = np.random.default_rng(0).permutation(len(drawn))
    return handwriting.draw(drawn)[order], np.array([digit.label for digit in drawn])[order]
