"""What a finder's training begins with: real digits to write with, a finder to fine-tune, layouts of your own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digits.data import load_dataset, load_pen_strokes, split
from digits.errors import DataNotFoundError, MissingMNISTError, UsageError
from digits.options import shorten
from digits.synthesis.documents import RealDigits
from digits.training.engine.plugins import read_code
from digits.training.finder.batches import load_layouts
from digits.training.finder.initial import InitialFinder, load_initial

Place = str | os.PathLike[str]

HELD_OUT_DIGITS = 5000
"""Real digits that only the documents for validation are written with; at most a sixth of the set."""

WITHOUT_MNIST = (
    "MNIST is missing, so the documents are written with synthetic handwriting only. To learn from real digits too, "
    "run `digits data` once online, or pass a copy's folder with --data or $DIGITS_DATA."
)
WITHOUT_STROKES = (
    "The pen strokes of UCI's Pen-Based Recognition are missing, so no document is written with them; $DIGITS_STROKES "
    "names their folder."
)

ENVIRONMENT: dict[str, Any] = {
    "data": str,
    "data_sha256": {...: str},
    "pen_strokes": (int, 0, 2**31),
    "threads": (int, 1, 1024),
    "initial_model": str,
    "initial_model_sha256": str,
    "layouts": str,
    "layouts_sha256": str,
}
"""The entries of ``environment.json`` that resuming uses; the last four only if training began with a finder, and if it
learns from layouts of your own."""

ALWAYS = ("data", "data_sha256", "pen_strokes", "threads")


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a training begins with, and what ``environment.json`` says of it."""

    train: RealDigits
    validation: RealDigits
    initial: InitialFinder | None
    layouts: str
    record: dict[str, Any]


def load_inputs(data: Place | None, initial: Place | None, layouts: str, notify: Callable[[str], None]) -> Inputs:
    """Load them; parameters and errors are those of `digits.training.finder.run.train_finder`."""
    record: dict[str, Any] = {}
    if layouts:
        load_layouts(layouts)  # so that a mistake is found at once
        record |= {"layouts": layouts, "layouts_sha256": read_code(layouts, "layouts")[1]}
    start = load_initial(initial) if initial is not None else None
    if start:
        record |= {"initial_model": start.location, "initial_model_sha256": start.sha256}
    train, validation, digits = load_writing_digits(data, notify)
    return Inputs(train, validation, start, layouts, digits | record)


def reload_inputs(
    folder: Path, environment: Mapping[str, Any], data: Place | None, layouts: str, notify: Callable[[str], None]
) -> Inputs:
    """Load those of an interrupted run, given its ``environment.json``; they must be the same.

    A stored run cannot name code to run, so layouts of your own must be named again.

    Raises
    ------
    UsageError
        When they have changed.
    """
    if bool(layouts) != ("layouts" in environment):
        stored = shorten(environment.get("layouts", "none"))
        raise UsageError(f"{folder} began with these layouts of your own: {stored}; name the same with --layouts")
    inputs = load_inputs(data or environment["data"] or None, environment.get("initial_model"), layouts, notify)
    for name, what in (
        ("data_sha256", "other digits: name the same ones with --data"),
        ("pen_strokes", "other pen strokes: name the same ones with $DIGITS_STROKES"),
        ("initial_model_sha256", "another finder: put the same one back, or start a new run"),
        ("layouts_sha256", "other layouts of your own: name the same ones with --layouts"),
    ):
        if inputs.record.get(name) != environment.get(name):
            raise UsageError(f"{folder} began with {what}")
    return inputs


def load_writing_digits(
    data: Place | None, notify: Callable[[str], None]
) -> tuple[RealDigits, RealDigits, dict[str, Any]]:
    """Load the real digits to write with, and those held out; where they are missing and not named, there are none.

    The third is what ``environment.json`` says of them.

    Raises
    ------
    DataError
        When the place that was named has no digits.
    """
    train = validation = None
    record: dict[str, Any] = {"data": "", "data_sha256": {}, "pen_strokes": 0}
    try:
        dataset = load_dataset(data)
        train, validation = split(dataset.train, min(HELD_OUT_DIGITS, len(dataset.train) // 6))
        record |= {"data": dataset.location, "data_sha256": dataset.sha256}
    except MissingMNISTError:
        notify(WITHOUT_MNIST)
    try:
        strokes = load_pen_strokes()
        record["pen_strokes"] = len(strokes)
    except DataNotFoundError:
        strokes = []
        notify(WITHOUT_STROKES)
    return RealDigits(train, strokes), RealDigits(validation), record
