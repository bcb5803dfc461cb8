"""The report: every figure and number of a run on one self-contained page, made from the run folder alone."""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.errors import ModelError
from digits.evaluation import figures
from digits.files import write_atomically
from digits.types import CLASSES, SIDE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Arrays = Mapping[str, np.ndarray]

CAPTIONS = {
    "samples": (
        "What it learned from",
        "Training pictures of each class, drawn at random. Look how differently people write the same digit.",
    ),
    "augmented": (
        "What it saw",
        "Training never shows the same picture twice: each digit is turned, slanted, shifted and bent a little, anew "
        "in every epoch. This is what lets it read digits unlike those it was given.",
    ),
    "loss": (
        "How it learned",
        "The loss is the mean surprise at the right answer; lower is better. Where the validation line turns up "
        "while the training line still falls, a network learns by heart.",
    ),
    "accuracy": (
        "How it got better",
        "Share of digits read right. The scale stretches towards 100 %, so that the last mistakes can be seen.",
    ),
    "confusion": (
        "What it takes for what",
        "Rows are what was written, columns what was read. Grey is right; the darker the orange, the more mistakes.",
    ),
    "mistakes": (
        "Where it was surest and wrong",
        "Test digits with what they are, what the network took them for, and how sure it was. "
        "Some would puzzle you too, and a few labels are wrong.",
    ),
    "reliability": (
        "Whether it knows what it knows",
        "Of all digits it is 80 % sure of, 80 % should be right: then the points lie on the dashed line. "
        "Below, how many digits it is how sure of.",
    ),
    "first_layer": (
        "What its first units look for",
        "The weights of units in the first hidden layer, laid out as the pixels they look at: ink on red excites the "
        "unit, ink on blue quiets it.",
    ),
}
"""Title and explanation of each figure, in the order of the report."""


def write_report(run: str | Path) -> Path:
    """Draw the figures of a finished run and write its report.

    Parameters
    ----------
    run
        A run folder. ``figures/*.png`` and ``report.html`` in it are written anew.

    Returns
    -------
    The path of ``report.html``, which needs no other file.

    Raises
    ------
    ModelError
        When the folder holds no finished run, or a file in it is broken.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    folder = Path(run)
    results, config, environment = (_json(folder, name) for name in ("results", "config", "environment"))
    history = _history(folder)
    try:
        with np.load(io.BytesIO(_existing(folder / "examples.npz").read_bytes()), allow_pickle=False) as examples:
            drawn = _draw(folder / "figures", history, results, dict(examples))
        page = Environment(
            loader=PackageLoader("digits.evaluation", "."),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        ).get_template("report.html.jinja")
        html = page.render(
            results=results,
            config=config,
            environment=environment,
            history=history,
            pictures=[
                (name, *CAPTIONS[name], base64.b64encode(path.read_bytes()).decode()) for name, path in drawn.items()
            ],
        )
    except (KeyError, IndexError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"a file of the run {folder} is broken: {error}; `digits train --resume {folder}` writes it anew"
        ) from error
    write_atomically(folder / "report.html", html.encode())
    return folder / "report.html"


def _draw(folder: Path, history: list[dict[str, float]], results: dict[str, Any], examples: Arrays) -> dict[str, Path]:
    """Write the pictures that this run has something to show in, and give their paths by name."""
    classes = results["data"]["classes"]
    labels, probabilities = examples["test_labels"], examples["test_probabilities"]
    confusion = np.array(results["test"]["confusion"], np.int64).reshape(CLASSES, CLASSES)
    # the run keeps the pictures of its most confident mistakes only, which are the ones shown
    images = np.zeros((len(labels), SIDE, SIDE), np.uint8)
    images[examples["mistakes_index"]] = examples["mistakes"]
    note = "Training is measured while the weights change"
    note += ", on augmented digits" if "augmented" in examples else ""
    note += "; validation after the epoch, on digits as they are."
    drawings: dict[str, Callable[[], Figure]] = {
        "samples": lambda: figures.sample_digits(examples["samples"], examples["samples_labels"], classes),
        "augmented": lambda: figures.augmented_digits(examples["originals"], examples["augmented"]),
        "loss": lambda: figures.loss_curves(history, note),
        "accuracy": lambda: figures.accuracy_curves(history, note),
        "confusion": lambda: figures.confusion(confusion, classes),
        "mistakes": lambda: figures.mistakes(images, labels, probabilities, classes),
        "reliability": lambda: figures.reliability(probabilities, labels),
        "first_layer": lambda: figures.first_layer(examples["first_layer"]),
    }
    lacking = {
        "augmented": "augmented" not in examples,
        "first_layer": "first_layer" not in examples,
        "loss": not history,
        "accuracy": not history,
    }
    drawn = {}
    for name in CAPTIONS:
        path = folder / f"{name}.png"
        path.unlink(missing_ok=True)
        if not lacking.get(name, False):
            figures.save(drawings[name](), path)
            drawn[name] = path
    return drawn


def _history(folder: Path) -> list[dict[str, float]]:
    with _existing(folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        try:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"{file.name} is broken: {error}; `digits train --resume {folder}` writes it anew"
            ) from error


def _json(folder: Path, name: str) -> dict[str, Any]:
    path = _existing(folder / f"{name}.json")
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ModelError(f"{path} is broken: {error}") from error


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ModelError(
            f"{path.parent} is not a finished run: there is no {path.name}; "
            f"`digits train --resume {path.parent}` finishes one that was cut off"
        )
    return path
