"""A whole run: digits in, a run folder with the trained network and its judgement out.

The run folder is the seam between training and everything after it: each file in it is written whole, and the report is
made from the folder alone.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from digits.data import load_dataset, split
from digits.evaluation.metrics import Score, fit_temperature, score
from digits.spec import Dataset, ModelError, UsageError, probabilities, write_whole
from digits.training.checkpoint import Epoch
from digits.training.config import TrainConfig
from digits.training.export import ExportError, export_onnx, save_weights
from digits.training.loop import Progress, fit, logits_of
from digits.training.network import describe, make_network
from digits.training.optimization import make_loss, make_optimizer
from digits.training.recipes import command, recipe
from digits.training.record import as_json, environment, epochs_csv, examples, interrupted, new_folder, notices_of

ACCEPTED = 0.99
"""Share of the validation digits whose confidence reaches the rejection threshold."""

CHECKED = 1000
"""Validation digits on which ONNX Runtime must agree with PyTorch before ``model.onnx`` is written."""


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run.

    Attributes
    ----------
    folder
        Where everything about it lies.
    config
        How it was trained.
    network
        The trained network, in evaluation mode.
    dataset
        What it was trained on and judged by.
    history
        A row an epoch.
    scores
        How good it is, by part: ``train``, ``validation``, ``test``.
    results
        The content of ``results.json``.
    """

    folder: Path
    config: TrainConfig
    network: nn.Module
    dataset: Dataset
    history: list[Epoch]
    scores: dict[str, Score]
    results: dict[str, Any]


def train(
    config: TrainConfig | str = "standard",
    *,
    data: str | os.PathLike[str] | Dataset | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Progress = lambda done, epochs, history: None,
    **changes: Any,
) -> Run:
    """Train a network, judge it and write the run folder.

    Parameters
    ----------
    config
        A recipe's name or a whole configuration.
    data
        Where the digits are, or a loaded set; by default MNIST, wherever `digits.load_mnist` finds it.
    out
        The run folder to make; ``runs/<time>-<recipe>`` by default.
    progress
        Told how far training is.
    changes
        Fields of `TrainConfig` to change, as in ``train("classic", epochs=3)``.

    Raises
    ------
    UsageError
        For a configuration that cannot work, or a run folder that already holds a run.
    DataError
        When there are no digits to train on.
    TrainingError
        When the loss is no longer a number.
    """
    begun = time.perf_counter()
    if "recipe" in changes:
        raise UsageError(f"a recipe is named first: train({changes['recipe']!r}, …)")
    config = (recipe(config) if isinstance(config, str) else config).replace(**changes)
    recipe(config.recipe)
    dataset = data if isinstance(data, Dataset) else load_dataset(data)
    device = _device(config)
    held_out(config, dataset)
    # a user's own parts are tried before there is a folder, so that a mistake in them leaves none behind
    make_loss(config)
    make_optimizer(make_network(config), config)
    folder = new_folder(config, out)
    write_whole(folder / "environment.json", as_json(environment(config, dataset, device)))
    write_whole(folder / "config.json", as_json(config.as_json()))
    return _continue(folder, config, dataset, progress, begun)


def resume(
    run: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | Dataset | None = None,
    progress: Progress = lambda done, epochs, history: None,
) -> Run:
    """Continue an interrupted run; the weights become the very ones that an uninterrupted run gives.

    Parameters
    ----------
    run
        Its run folder.
    data
        Where the digits are now, if no longer where the run found them; they must be the same digits.
    progress
        Told how far training is.

    Raises
    ------
    ModelError
        When the folder holds no run, or one that cannot be continued.
    DataError
        When the digits are missing or are not those the run began with.
    """
    begun = time.perf_counter()
    folder = Path(run)
    try:
        config = TrainConfig.from_json(json.loads((folder / "config.json").read_text()))
        environment = json.loads((folder / "environment.json").read_text())
        found, sha256, threads = environment["data"], environment["data_sha256"], int(environment["threads"])
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelError(
            f"{folder} is not a run that can be resumed: there is no {error.filename}; `digits train` starts a new one"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder} cannot be resumed: its configuration is broken: {error}") from error
    dataset = data if isinstance(data, Dataset) else load_dataset(data or found)
    if dataset.sha256 != sha256:
        raise UsageError(
            f"{folder} was begun on other digits than those of {dataset.location}; "
            f"it found its own in {found}: name them with --data"
        )
    # sums are split among threads: with another number of them, the last bits would differ
    torch.set_num_threads(threads)
    return _continue(folder, config, dataset, progress, begun)


def _continue(folder: Path, config: TrainConfig, dataset: Dataset, progress: Progress, begun: float) -> Run:
    if config.threads:
        torch.set_num_threads(config.threads)
    learned, validation = split(dataset.train, held_out(config, dataset), seed=config.split_seed)
    network = make_network(config).to(_device(config))

    def record(done: float, epochs: int, history: list[Epoch]) -> None:
        if done == len(history):
            write_whole(folder / "metrics.csv", epochs_csv(history))
        progress(done, epochs, history)

    for leftover in folder.glob(".*.part"):
        leftover.unlink()  # what a killed process was writing
    prepared = time.perf_counter()
    history = fit(network, learned, validation, config, checkpoint=folder / "checkpoint.safetensors", progress=record)
    trained = time.perf_counter()
    write_whole(folder / "metrics.csv", epochs_csv(history))
    save_weights(network, folder / "model.safetensors")

    parts = {"train": learned, "validation": validation, "test": dataset.test}
    logits = {name: logits_of(network, part) for name, part in parts.items()}
    temperature = fit_temperature(logits["validation"], validation.labels)
    scores = {name: score(logits[name], part.labels, temperature) for name, part in parts.items()}
    confidences = probabilities(logits["validation"], temperature).max(1)
    shown = examples(network, config, learned, dataset.test, logits["test"], temperature)
    write_whole(folder / "examples.npz", shown)
    description = {
        "recipe": config.recipe,
        "seed": config.seed,
        "network": describe(network),
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "epochs": len(history),
        "temperature": temperature,
        "rejection_threshold": float(np.quantile(confidences, 1 - ACCEPTED)),
        "data": {
            "name": dataset.name,
            "location": dataset.location,
            "sha256": dataset.sha256,
            "classes": list(dataset.classes),
            **{name: len(part) for name, part in parts.items()},
        },
    }
    notices = notices_of(config, dataset, history)
    figures = {
        name: {"accuracy": part.accuracy, "n": part.n, "nll": part.nll, "ece": part.ece}
        for name, part in scores.items()
    }
    try:
        export_onnx(network, folder / "model.onnx", validation.images[:CHECKED], description | figures)
    except ExportError as error:
        notices.append(str(error))
    training = sum(row.seconds for row in history)
    results = {
        **description,
        "interrupted": interrupted(config, history),
        "notices": notices,
        "command": command(config, None if dataset.name == "MNIST" else dataset.location),
        "seconds": {"training": training, "total": training + (prepared - begun) + (time.perf_counter() - trained)},
        **{name: part.as_json() for name, part in scores.items()},
    }
    write_whole(folder / "results.json", as_json(results))
    return Run(folder, config, network, dataset, history, scores, results)


def _device(config: TrainConfig) -> torch.device:
    if config.device == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device(name)
    try:
        device = torch.device(config.device)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(f"device {config.device!r} cannot be used here: {str(error).splitlines()[0]}") from error
    return device


def held_out(config: TrainConfig, dataset: Dataset) -> int:
    """Give the number of validation digits: what the configuration says, but never more than a sixth of a small set.

    Raises
    ------
    UsageError
        When too few are left to learn from.
    """
    validation = min(config.validation, len(dataset.train) // 6)
    rest = len(dataset.train) - validation
    if validation < 1:
        raise UsageError(f"{dataset.name} has {len(dataset.train)} digits to learn from: too few to hold any out")
    if config.batch_size > rest:
        raise UsageError(
            f"batch_size {config.batch_size} is more than the {rest} digits to learn from; "
            f"try --batch-size {max(1, rest // 10)}"
        )
    return validation
