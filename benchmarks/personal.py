"""What a shipped model gains and forgets when it learns one person's digits: the recipe `personal`, and its settings.

The persons are writers of UCI's Pen-Based digits, whose strokes are read from the folder that ``$DIGITS_REAL`` names
(see `benchmarks.pens`). This measures the recipe: no model that is shipped ever learns from them. Settings were chosen
on writers of the training part, by hand; those judged here are the three of the test part that the mlp reads worst.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

import digits
from benchmarks import machine
from benchmarks.rows import read_csv, source, write_csv

WRITERS = (5, 11, 13)
"""Numbers of the writers, each of 250 digits."""

LEARNED = (20, 100)
"""Own digits to learn from, of which a run holds out a fifth where there are 50 or more."""

JUDGED = 100
"""Digits of the same writer that no run is given."""

NO_REPLAY = "--replay 250 --extra-share 0.98 --others 0"
SETTINGS = {
    "mlp": ("", "--extra-share 0.1", "--learning-rate 0.0001", "--learning-rate 0.002", "--others 0", NO_REPLAY),
    "cnn": ("", NO_REPLAY),
}
"""Flags of each run, by the model it starts from."""

COLUMNS = ("validation", "accepted", "no_digits")
"""What is compared, of ``results.json``, beside the writer's digits."""


def measure() -> None:
    """Let each model learn from each writer and write ``results/personal.csv``, a row a run."""
    environment = machine.describe()
    jobs = [
        (model, words, writer, n)
        for model, settings in SETTINGS.items()
        for words in settings
        for n in LEARNED
        for writer in WRITERS
    ]
    rows = []
    for model, words, writer, n in tqdm(jobs, desc="personal", file=sys.stderr):
        images, labels = _written_by(writer)
        with tempfile.TemporaryDirectory() as folder:
            own, run = Path(folder, "own"), Path(folder, "run")
            _save(own, images[JUDGED : JUDGED + n], labels[JUDGED : JUDGED + n])
            command = [*words.split(), "--extra", str(own), "--from", model, "--threads", "1"]
            results, seconds = _trained(command, run)
            read = {"before": digits.Reader(model).model, "after": digits.load_model(run / "model.onnx")}
            right = {
                f"writer_{when}": int((each.logits(images[:JUDGED]).argmax(1) == labels[:JUDGED]).sum())
                for when, each in read.items()
            }
        compared = {
            f"{name}_{when}": round(results["before"][name][when], 5)
            for name in COLUMNS
            for when in ("before", "after")
        }
        rows.append(
            {
                "model": model,
                "flags": words,
                "writer": writer,
                "own": n,
                **right,
                "judged": JUDGED,
                **compared,
                "test": results["test"]["accuracy"],
                "cpu_seconds": round(seconds, 1),
                **environment,
            }
        )
        write_csv("personal", rows)


def short_table() -> str:
    """Give that part of the table which is about the recipe as it is."""
    return table([row for row in read_csv("personal") if not row["flags"]])


def table(rows: list[dict[str, str]] | None = None) -> str:
    """Give the table of what was gained and forgotten, as Markdown; of all rows when none are given."""
    rows = read_csv("personal") if rows is None else rows
    lines = [
        "| from | `digits train personal`, and | own digits | writer's other digits | MNIST validation "
        "| of it accepted | no digits sent away | processor time |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for model, flags, own in dict.fromkeys((row["model"], row["flags"], row["own"]) for row in rows):
        mine = [row for row in rows if (row["model"], row["flags"], row["own"]) == (model, flags, own)]
        judged = float(mine[0]["judged"])
        cells = [
            f"`{model}`",
            f"`{flags}`" if flags else "nothing changed",
            own,
            _change([[float(row[f"writer_{when}"]) / judged for row in mine] for when in ("before", "after")], 1),
            *(
                _change([[float(row[f"{name}_{when}"]) for row in mine] for when in ("before", "after")], 2)
                for name in COLUMNS
            ),
            f"{mean(float(row['cpu_seconds']) for row in mine):.0f} s",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    what = f"Mean of {len(WRITERS)} writers, before → after, one seed; {JUDGED} digits of each that no run was given"
    return "\n".join([*lines, "", source(rows, what, "personal")])


def _change(pair: Sequence[Sequence[float]], places: int) -> str:
    return " → ".join(f"{100 * mean(values):.{places}f}" for values in pair) + " %"


def _trained(words: list[str], run: Path) -> tuple[dict[str, Any], float]:
    """Run ``digits train`` in a process of its own: its results, and the seconds that processors spent on it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "digits", "train", "personal", *words, "--out", str(run)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"digits train personal {' '.join(words)} failed")
    return json.loads((run / "results.json").read_text()), usage.ru_utime + usage.ru_stime


def _save(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / "train" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / "train" / str(label) / f"{number}.png")


def _written_by(writer: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw what one writer of UCI's test part wrote, in an order drawn with seed 0."""
    file = Path(os.environ.get("DIGITS_REAL", "real")) / "strokes" / "pendigits-orig.tes.gz"
    if not file.exists():
        sys.exit(f"there is no {file}: name the folder that holds strokes/ with $DIGITS_REAL")
    drawn, labels, mine = list[list[list[tuple[int, int]]]](), list[int](), False
    with gzip.open(file, "rt", encoding="ascii") as lines:
        for line in lines:
            if line.startswith(".COMMENT") and len(line.split()) == 4:  # label, writer, number
                _, label, number, _ = line.split()
                mine = int(number) == writer
                if mine:
                    labels.append(int(label))
                    drawn.append([])
            elif mine and line.startswith(".PEN_DOWN"):
                drawn[-1].append([])
            elif mine and line[:1] == " ":
                x, y = map(int, line.split())
                drawn[-1][-1].append((x, -y))  # the tablet counts upwards
    order = np.random.default_rng(0).permutation(len(labels))
    images = np.stack([digits.draw_strokes(drawn[at]) for at in order])
    return images, np.array(labels)[order]
