"""The report: figures and numbers of a run on one self-contained page, made from the run folder alone."""

from __future__ import annotations

import base64
import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.data.formats.npz import load_arrays
from digits.errors import DataError, DigitsError, ModelError, ModelNotFoundError
from digits.evaluation import figures
from digits.files import open_file, read_json_object, write_atomically
from digits.types import CLASSES, SIDE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Arrays = Mapping[str, np.ndarray]

CAPTIONS = {
    "samples": (
        "Training digits",
        "Random training digits of each class. Different people write the same digit very differently.",
    ),
    "augmented": (
        "Augmentation",
        "Training never repeats a picture: each digit is rotated, slanted, shifted and bent a little, differently in "
        "every epoch. This is how the network learns to read handwriting unlike its training digits.",
    ),
    "loss": (
        "Training and validation loss",
        "Lower is better. Where the validation loss rises while the training loss still falls, the network overfits: "
        "it memorizes the training digits.",
    ),
    "accuracy": (
        "Training and validation accuracy",
        "Share of digits read correctly. The scale stretches towards 100 %, so that the last errors stay visible.",
    ),
    "confusion": (
        "Confusion matrix",
        "Rows are true classes, columns predicted ones. Grey is correct; the darker the orange, the more errors.",
    ),
    "mistakes": (
        "Most confident errors",
        "Test digits with their true class, the predicted class, and its confidence. Some would puzzle you too, and a "
        "few labels are wrong.",
    ),
    "reliability": (
        "Calibration",
        "Of all digits read with 80 % confidence, 80 % should be correct: the points should lie on the dashed line. "
        "Below, the number of digits at each confidence.",
    ),
    "first_layer": (
        "Weights of the first layer",
        "The weights of each hidden unit, arranged as the pixels they belong to: ink on red excites the unit, ink on "
        "blue inhibits it.",
    ),
}
"""Title and caption of each figure, in the order of the report."""

COMPARED = {
    "validation": "validation", "personal_held_out": "personal digits, held out",
    "personal_learned": "personal digits, learned", "accepted": "validation, accepted",
    "outliers": "non-digits, rejected",
}  # fmt: skip
"""What is compared before and after fine-tuning, by the name in ``results.json``."""


MAX_DRAWN = {"samples": 1000, "samples_labels": 1000, "originals": 100, "augmented": 100, "mistakes": 1000}
"""Entries of ``examples.npz`` that may be drawn, at most; training writes far fewer, and drawing takes time."""

MAX_TABLE_BYTES = 16 * 2**20
"""Size of ``metrics.csv``, at most: some 100,000 epochs."""


def write_report(run: str | Path) -> Path:
    """Draw the figures of a finished run and write its report.

    Parameters
    ----------
    run
        A run folder. Its ``figures/*.png``, ``report.html`` and, if it was filmed, ``training.webp`` are replaced.

    Returns
    -------
    The path of ``report.html``, which needs no other file.

    Raises
    ------
    ModelNotFoundError
        When the folder holds no finished run.
    ModelError
        When a file in it is broken.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    folder = Path(run)
    names = {"results": ".json", "config": ".json", "environment": ".json", "metrics": ".csv", "examples": ".npz"}
    files = (folder / f"{name}{end}" for name, end in names.items())
    results, config, environment, history, examples = map(read_run_file, files)
    sections = [part if isinstance(part, dict) else {name: part} for name, part in config.items()]
    settings = [setting for section in sections for setting in section.items()]
    page = Environment(
        loader=PackageLoader("digits.evaluation", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    try:
        pictures = _draw(folder / "figures", history, results, examples)
        film = _draw_film(folder)
        html = page.get_template("report.html.jinja").render(
            results=results, config=settings, environment=environment, history=history, pictures=pictures,
            compared=COMPARED, film=film,
        )  # fmt: skip
    except (DigitsError, OSError):
        raise
    except Exception as error:
        # errors of the template or of matplotlib about strange numbers: no list would stay complete
        raise ModelError(f"a file of the run {folder} is broken: {error}; {_repair(folder)}") from error
    write_atomically(folder / "report.html", html.encode(errors="backslashreplace"))  # names may not be UTF-8
    return folder / "report.html"


def _draw(
    folder: Path, history: list[dict[str, float]], results: dict[str, Any], examples: Arrays
) -> list[tuple[str, str, str]]:
    """Write the figures that this run has data for, and return the title, caption and PNG in base64 of each."""
    classes = results["data"]["classes"]
    labels, probabilities = examples["test_labels"], examples["test_probabilities"]
    confusion = np.array(results["test"]["confusion"], np.int64).reshape(CLASSES, CLASSES)
    # of the test images, the run keeps only its most confident errors, which are the ones shown
    images = np.zeros((len(labels), SIDE, SIDE), np.uint8)
    images[examples["mistakes_index"]] = examples["mistakes"]
    note = "Training is measured while the weights change"
    note += ", on augmented digits" if "augmented" in examples else ""
    note += "; validation after each epoch, without augmentation."
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
    missing = {name for name in ("augmented", "first_layer") if name not in examples}
    missing |= set() if history else {"loss", "accuracy"}
    drawn = []
    for name, (title, caption) in CAPTIONS.items():
        path = folder / f"{name}.png"
        path.unlink(missing_ok=True)
        if name not in missing:
            figures.save(drawings[name](), path)
            drawn.append((title, caption, base64.b64encode(path.read_bytes()).decode()))
    return drawn


def _draw_film(folder: Path) -> str:
    """Write ``training.webp`` of a run that was filmed, and return it in base64; empty for other runs."""
    kept = folder / "film.npz"
    if not kept.is_file():
        return ""
    film = figures.draw_film(load_arrays(kept))
    write_atomically(folder / "training.webp", film)
    return base64.b64encode(film).decode()


def read_run_file(path: Path) -> Any:
    """Read a file of a run: the object in a JSON file, the rows of a CSV file, or the arrays of an NPZ file.

    Raises
    ------
    ModelNotFoundError
        When it is missing, since the run is not finished.
    ModelError
        When it is broken.
    """
    if not path.is_file():
        raise ModelNotFoundError(
            f"{path.parent} is not a finished run: it has no {path.name}; `digits train --resume {path.parent}` "
            "finishes one that was interrupted"
        )
    try:
        if path.suffix == ".npz":
            return _check_examples(load_arrays(path))
        if path.suffix == ".json":
            return read_json_object(path)
        with open_file(path) as file:
            rows = file.read(MAX_TABLE_BYTES).decode().splitlines()
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(rows)]
    except DataError as error:
        raise ModelError(f"{path} is broken; {_repair(path.parent)}") from error
    except (ValueError, TypeError, csv.Error) as error:
        raise ModelError(f"{path} is broken: {error}; {_repair(path.parent)}") from error


def _check_examples(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    for name, array in arrays.items():
        if len(array.shape[:1]) and name in MAX_DRAWN and len(array) > MAX_DRAWN[name]:
            raise ValueError(f"{name} has {len(array):,} entries, and training writes at most {MAX_DRAWN[name]:,}")
    return arrays


def _repair(folder: Path) -> str:
    return f"`digits train --resume {folder}` writes it again"
