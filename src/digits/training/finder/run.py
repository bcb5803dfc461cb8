"""A whole training of a finder: digits in, a run folder with the trained network and its figures out."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from digits.data import load_dataset, load_pen_strokes, split
from digits.errors import DataNotFoundError, MissingMNISTError, ModelError, ModelNotFoundError, UsageError
from digits.files import read_json_object, write_atomically
from digits.inference.finder.finder import FINDER_FORMAT
from digits.inference.metadata import check_entries
from digits.synthesis.documents import CHARACTERS, RealDigits, synthesize_crops
from digits.training.engine.checkpoint import Epoch, copy_apart
from digits.training.engine.devices import choose_device
from digits.training.engine.loop import Progress
from digits.training.engine.sampler import seed_epoch
from digits.training.finder.batches import Batches, validation_batches
from digits.training.finder.config import FinderConfig
from digits.training.finder.export import export_finder
from digits.training.finder.initial import InitialFinder, calibrate, load_initial, start_from
from digits.training.finder.loop import fit_finder, validate
from digits.training.finder.network import FinderNetwork
from digits.training.run.artifacts import describe_machine, remove_leftovers, write_json, write_metrics
from digits.training.run.export import ExportError
from digits.training.run.folder import hold, new_folder
from digits.training.run.progress import ProgressBar, is_watched

log = logging.getLogger(__name__)

Place = str | os.PathLike[str]

HELD_OUT_DIGITS = 5000
"""Real digits that only the documents for validation are written with; at most a sixth of the set."""

CALIBRATION_BATCHES = 4
"""From which normalizations get their statistics where training goes on from a finder."""

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
}
"""The entries of ``environment.json`` that resuming uses; the last two only if training began with a finder."""

ALWAYS = ("data", "data_sha256", "pen_strokes", "threads")


@dataclass(frozen=True, eq=False)
class FinderRun:
    """A finished training of a finder.

    Attributes
    ----------
    folder
        The run folder, which holds everything about it.
    config
        How it was trained.
    network
        The trained network, in evaluation mode.
    history
        One row per epoch.
    results
        The content of ``results.json``.
    """

    folder: Path
    config: FinderConfig
    network: FinderNetwork = field(repr=False)
    history: list[Epoch] = field(repr=False)
    results: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, eq=False)
class WritingDigits:
    """The real digits that documents are written with, and what ``environment.json`` says of them."""

    train: RealDigits
    validation: RealDigits
    record: dict[str, Any]


def train_finder(
    config: FinderConfig | None = None,
    *,
    data: Place | None = None,
    initial: Place | None = None,
    out: Place | None = None,
    progress: Progress | bool | None = None,
    notify: Callable[[str], None] = log.warning,
) -> FinderRun:
    """Train a finder and write its run folder.

    Parameters
    ----------
    config
        How to train.
    data
        Place of the digits that documents are written with; by default MNIST, found or downloaded.
    initial
        A trained finder to go on from instead of random weights: ``"finder"``, the one that comes with the package, an
        ``.onnx`` file or a run folder.
    out
        The run folder to make; ``runs/<time>-finder`` by default.
    progress
        Whether to show a progress bar, by default on a terminal and in a notebook; or a function to call after every
        step.
    notify
        Called at once with what no user may miss, such as that MNIST is missing.

    Raises
    ------
    UsageError
        For a run folder that already holds something, a device that cannot be used here, or an initial finder with
        another network.
    ModelError
        When the initial finder is missing or broken.
    DataError
        When the place that was named has no digits.
    TrainingError
        When the loss is no longer a number.
    """
    started = time.perf_counter()
    config = config or FinderConfig()
    device = choose_device(config.device)
    start = load_initial(initial) if initial is not None else None
    if start:
        make_network(config, start)  # which refuses a finder with another network
    digits = load_writing_digits(data, notify)
    if config.threads:
        torch.set_num_threads(config.threads)
    with new_folder("finder", out, device) as folder:
        record = digits.record | (start.record if start else {})
        write_json(folder / "environment.json", describe_machine(config.threads, device) | record)
        write_json(folder / "config.json", {"kind": "finder"} | config.to_dict())
        return _fit_and_write(folder, config, digits, start, device, progress, started)


def resume_finder(
    run: Place,
    *,
    data: Place | None = None,
    progress: Progress | bool | None = None,
    notify: Callable[[str], None] = log.warning,
) -> FinderRun:
    """Continue an interrupted training; its weights become those of an uninterrupted one, bit for bit.

    Parameters
    ----------
    run
        Its run folder.
    data
        Where the digits are now, if they have moved; they must be the same digits.
    progress, notify
        As in `train_finder`.

    Raises
    ------
    ModelError
        When the folder holds no such run, or one that cannot be continued.
    DataError
        When the digits are missing.
    UsageError
        When they are not those that the run started with, or another run is writing to the folder.
    """
    started = time.perf_counter()
    folder = Path(run)
    try:
        values = read_json_object(folder / "config.json")
        if values.pop("kind", None) != "finder":
            raise UsageError("it is not that of a finder")
        config = FinderConfig.from_dict(values)
        environment = read_json_object(folder / "environment.json")
        check_entries(environment, ENVIRONMENT, ALWAYS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelNotFoundError(
            f"{folder} is not a run that can be resumed: {error.filename} is missing; `digits train finder` starts a "
            "new run"
        ) from error
    except (ValueError, OSError) as error:
        raise ModelError(f"{folder} cannot be resumed: its configuration is broken: {error}") from error
    digits = load_writing_digits(data or environment["data"] or None, notify)
    if changed := [name for name in ("data_sha256", "pen_strokes") if digits.record[name] != environment[name]]:
        raise UsageError(
            f"{folder} was trained with other digits: {changed[0]} differs from what it started with; name the same "
            "ones with --data and $DIGITS_STROKES"
        )
    start = load_initial(environment["initial_model"]) if "initial_model" in environment else None
    if start and start.sha256 != environment.get("initial_model_sha256"):
        raise UsageError(f"{folder} began with another finder: {start.location} has changed since")
    # sums are split among threads: with another number of them, the last bits would differ
    torch.set_num_threads(int(environment["threads"]))
    with hold(folder):
        remove_leftovers(folder)
        return _fit_and_write(folder, config, digits, start, choose_device(config.device), progress, started)


def load_writing_digits(data: Place | None, notify: Callable[[str], None]) -> WritingDigits:
    """Load the real digits to write with; where they are missing and nobody named a place, there are none.

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
    return WritingDigits(RealDigits(train, strokes), RealDigits(validation), record)


def make_network(config: FinderConfig, start: InitialFinder | None) -> FinderNetwork:
    """Make the configured network, with weights drawn from the run's seed, or those of a finder.

    Raises
    ------
    UsageError
        When the finder has another network.
    """
    seed_epoch(config.seed, 0)
    network = FinderNetwork(len(CHARACTERS), config.channels, config.blocks, config.width)
    if start:
        start_from(network, start)
    return network


def _fit_and_write(
    folder: Path,
    config: FinderConfig,
    digits: WritingDigits,
    start: InitialFinder | None,
    device: torch.device,
    progress: Progress | bool | None,
    started: float,
) -> FinderRun:
    if progress is None:
        progress = is_watched()
    if progress is True:
        with closing(ProgressBar()) as bar:
            return _fit_and_write(folder, config, digits, start, device, bar, started)
    validation = validation_batches(config, digits.validation)
    network = make_network(config, start)
    if start:
        calibrate(network, [batch.pictures for batch in islice(Batches(config, digits.train), CALIBRATION_BATCHES)])
    network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch takes it, its stub does not
    history = fit_finder(
        network, config, digits.train, validation, checkpoint=folder / "checkpoint.safetensors",
        progress=progress or (lambda *_: None),
    )  # fmt: skip
    notices = []
    if len(history) < config.epochs:
        notices.append(
            f"Training was interrupted after {len(history)} of {config.epochs} epochs; the figures are those of the "
            "network at that point. The run can be resumed."
        )
    loss, accuracy = validate(network, validation)
    metadata = {
        "network": "finder", "classes": CHARACTERS, "seed": config.seed, "epochs": len(history),
        "steps_per_epoch": config.steps_per_epoch, "parameters": sum(each.numel() for each in network.parameters()),
    }  # fmt: skip
    write_metrics(folder, history)
    about = {"format": FINDER_FORMAT, **metadata, "config": config.to_dict()}
    weights = safetensors.torch.save(copy_apart(network.state_dict()), metadata={"digits": json.dumps(about)})
    write_atomically(folder / "model.safetensors", weights)
    try:
        # the file is passed on, so what it is checked with is synthetic
        picture = next(synthesize_crops(config.seed, size=config.crop_size)).picture
        export_finder(network, folder / "model.onnx", picture, metadata)
    except ExportError as error:
        notices.append(str(error))
    results = {
        "validation": {"loss": loss, "accuracy": accuracy},
        "seconds": {
            "training": sum(row.seconds for row in history), "total": time.perf_counter() - started,
        },
        **metadata,
        "interrupted": len(history) < config.epochs,
        "notices": notices,
    }  # fmt: skip
    write_json(folder / "results.json", results)
    return FinderRun(folder, config, network, history, results)
