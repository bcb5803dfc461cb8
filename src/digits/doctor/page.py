"""The page of findings: each with its sentence, its number, pictures, and the flag that mends it."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from digits.data import DIGIT_NAMES
from digits.doctor.findings import Finding
from digits.doctor.flags import Mending
from digits.files import write_atomically
from digits.shapes import UInt8
from digits.types import CLASSES, SIDE, Dataset

PER_CLASS = 16
"""Images of each class that the page shows, whatever is found."""


def write_page(path: Path, dataset: Dataset, findings: Sequence[Finding], mending: Mending | None = None) -> Path:
    """Write a page that needs no other file.

    Parameters
    ----------
    path
        The file to write.
    dataset
        The data set that was examined.
    findings
        What was found in it.
    mending
        The flags that it was mended with before.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("digits.doctor", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["png"] = _encode
    html = environment.get_template("check.html.jinja").render(
        dataset=dataset, findings=findings, rows=_draw_classes(dataset), flags=mending.flags if mending else "",
    )  # fmt: skip
    write_atomically(path, html.encode(errors="backslashreplace"))  # names may not be UTF-8
    return path


def _draw_classes(dataset: Dataset) -> list[tuple[str, int, UInt8[np.ndarray, "28 _w"]]]:
    """Draw some images of each class side by side, with the class's name and its number of images."""
    rows = []
    images = np.concatenate((dataset.train.images, dataset.test.images)) if dataset.held_out else dataset.train.images
    labels = np.concatenate((dataset.train.labels, dataset.test.labels)) if dataset.held_out else dataset.train.labels
    rng = np.random.default_rng(0)
    for label in range(CLASSES):
        index = np.flatnonzero(labels == label)
        if not len(index) and dataset.classes != DIGIT_NAMES:
            continue
        row = np.zeros((PER_CLASS, SIDE, SIDE), np.uint8)
        chosen = rng.permutation(index)[:PER_CLASS]
        row[: len(chosen)] = images[chosen]
        name = dataset.classes[label] if label < len(dataset.classes) else str(label)
        rows.append((name, len(index), row.transpose(1, 0, 2).reshape(SIDE, -1)))
    return rows


def _encode(image: UInt8[np.ndarray, "_h _w"]) -> str:
    """Encode an image as the address of a PNG, for HTML."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
