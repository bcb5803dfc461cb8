"""A whole training of a finder: digits in, a run folder with the trained network and its figures out."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from digits.errors import ModelError, ModelNotFoundError, UsageError
from digits.files import read_json_object, write_atomically
from digits.inference.finder.finder import FINDER_FORMAT
from digits.inference.metadata import check_entries
from digits.synthesis.documents import CHARACTERS, synthesize_crops
from digits.training.engine.checkpoint import Epoch, copy_apart
from digits.training.engine.devices import choose_device
from digits.training.engine.loop import Progress
from digits.training.engine.sampler import seed_epoch
from digits.training.engine.threads import use_threads
from digits.training.finder.batches import Batches, validation_batches
from digits.training.finder.config import FinderConfig
from digits.training.finder.export import export_finder
from digits.training.finder.initial import InitialFinder, calibrate, mix_with, start_from
from digits.training.finder.inputs import ALWAYS, ENVIRONMENT, Inputs, Place, load_inputs, reload_inputs
from digits.training.finder.loop import fit_finder, validate
from digits.training.finder.network import FinderNetwork
from digits.training.run.artifacts import describe_machine, remove_leftovers, write_json, write_metrics
from digits.training.run.export import ExportError
from digits.training.run.folder import hold, new_folder
from digits.training.run.progress import ProgressBar, is_watched

log = logging.getLogger(__name__)

CALIBRATION_BATCHES = 4
"""From which normalizations get their statistics where a finder is fine-tuned."""


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


def train_finder(
    config: FinderConfig | None = None,
    *,
    data: Place | None = None,
    initial: Place | None = None,
    layouts: str = "",
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
        A trained finder to fine-tune, instead of random weights: ``"finder"``, the one that comes with the package, an
        ``.onnx`` file or a run folder.
    layouts
        ``path/to/file.py:NAME`` of a mapping of layouts of your own to their shares, to learn from as well.
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
        For a run folder that already holds something, a device that cannot be used here, a share of an initial finder
        without one, or an initial finder with another network.
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
    if config.keep and initial is None:
        raise UsageError("keep is a share of the initial finder: name one, with --from or initial=")
    inputs = load_inputs(data, initial, layouts, notify)
    make_network(config, inputs.initial)  # which refuses a finder with another network
    with use_threads(config.threads or torch.get_num_threads()), new_folder("finder", out, device) as folder:
        write_json(folder / "environment.json", describe_machine(device) | inputs.record)
        write_json(folder / "config.json", {"kind": "finder"} | config.to_dict())
        return _fit_and_write(folder, config, inputs, device, progress, started)


def resume_finder(
    run: Place,
    *,
    data: Place | None = None,
    layouts: str = "",
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
    layouts
        The layouts of your own that the run learns from: a stored run cannot name code to run.
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
    inputs = reload_inputs(folder, environment, data, layouts, notify)
    # sums are split among threads: with another number of them, the last bits would differ
    with use_threads(int(environment["threads"])), hold(folder):
        remove_leftovers(folder)
        return _fit_and_write(folder, config, inputs, choose_device(config.device), progress, started)


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
    inputs: Inputs,
    device: torch.device,
    progress: Progress | bool | None,
    started: float,
) -> FinderRun:
    if progress is None:
        progress = is_watched()
    if progress is True:
        with closing(ProgressBar()) as bar:
            return _fit_and_write(folder, config, inputs, device, bar, started)
    validation = validation_batches(config, inputs.validation, inputs.layouts)
    network = make_network(config, inputs.initial)
    if inputs.initial:
        batches = Batches(config, inputs.train, layouts=inputs.layouts)
        calibrate(network, [batch.pictures for batch in islice(batches, CALIBRATION_BATCHES)])
    network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch takes it, its stub does not
    history = fit_finder(
        network, config, inputs.train, validation, layouts=inputs.layouts, checkpoint=folder / "checkpoint.safetensors",
        progress=progress or (lambda *_: None),
    )  # fmt: skip
    if inputs.initial and config.keep:
        learned, network = network, make_network(config, None)
        mix_with(learned, inputs.initial, config.keep, network)
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
