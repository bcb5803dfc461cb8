"""The files of a run folder beside the model: tables, environment, notices, and the examples that its report shows."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import platform
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from digits.files import write_atomically
from digits.shapes import Float32
from digits.training.config import TrainConfig
from digits.training.engine.augmentation import augment
from digits.training.engine.checkpoint import Epoch
from digits.training.engine.loop import is_out_of_patience
from digits.training.engine.plugins import code_sha256
from digits.training.engine.sampler import seed_epoch
from digits.training.run.inputs import SYNTHETIC, SYNTHETIC_NOTICE
from digits.types import SIDE, Dataset, LabelledDigits, Logits, softmax

SAMPLES_PER_CLASS = 12
"""Training digits of each class kept for the report."""
AUGMENTED_DIGITS, AUGMENTED_VARIATIONS = 6, 10
"""Digits shown augmented, and variations of each."""
MAX_MISTAKES = 40
"""Most confident mistakes kept for the report."""


def write_start(folder: Path, config: TrainConfig, inputs: dict[str, Any], device: torch.device) -> None:
    """Write ``config.json`` and ``environment.json``, with which a run can be resumed and repeated.

    What an earlier session wrote is kept, and its temporary files are removed.
    """
    remove_leftovers(folder)
    if (folder / "config.json").exists():
        return
    environment = describe_machine(device) | inputs
    if code := code_sha256(config):
        environment["code_sha256"] = code
    write_json(folder / "environment.json", environment)
    write_json(folder / "config.json", config.to_dict())


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a session that was killed."""
    for leftover in folder.glob(".*.part"):
        leftover.unlink()


def describe_machine(device: torch.device) -> dict[str, Any]:
    """Say when, where and with what a run is done."""
    return {
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write_metrics(folder: Path, history: list[Epoch]) -> None:
    """Write ``metrics.csv``: one row per epoch."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in history)
    write_atomically(folder / "metrics.csv", text.getvalue().encode())


def write_json(file: Path, values: dict[str, Any]) -> None:
    """Write a JSON file for people and programs."""
    write_atomically(file, (json.dumps(values, indent=2) + "\n").encode())


def is_interrupted(config: TrainConfig, history: list[Epoch]) -> bool:
    """Whether training ended before its configuration says so; an ensemble is complete once its members are."""
    optimization = config.optimization
    is_short = config.model.ensemble_size == 1 and len(history) < optimization.epochs
    return is_short and not is_out_of_patience(history, optimization.patience)


def describe_limits(config: TrainConfig, dataset: Dataset, history: list[Epoch]) -> list[str]:
    """Return the notices that every reader of the figures must see."""
    notices = []
    if is_interrupted(config, history):
        notices.append(
            f"Training was interrupted after {len(history)} of {config.optimization.epochs} epochs; the figures are "
            "those of the network at that point. The run can be resumed."
        )
    if dataset.location == SYNTHETIC:
        notices.append(SYNTHETIC_NOTICE)
    elif dataset.name != "MNIST":
        notices.append(f"These digits are not MNIST but {dataset.name}, from {dataset.location}.")
    return notices


def write_examples(
    folder: Path,
    network: nn.Module,
    config: TrainConfig,
    train: LabelledDigits,
    test: LabelledDigits,
    logits: Logits,
    temperature: float,
) -> None:
    """Write ``examples.npz``, the arrays that the report's pictures are drawn from.

    They are ``samples uint8[k,28,28]``, ``samples_labels``, ``originals uint8[m,28,28]`` and
    ``augmented uint8[m,v,28,28]`` where the run augments, ``test_labels uint8[n]``, ``test_probabilities
    float32[n,10]``, ``mistakes uint8[j,28,28]`` with ``mistakes_index`` into the test set, most confident first, and
    ``first_layer float32[u,784]`` where the network has such a layer.
    """
    rng = np.random.default_rng(config.run.seed)
    shuffled = rng.permutation(len(train))
    labels = train.labels[shuffled]
    chosen = np.concatenate([shuffled[labels == label][:SAMPLES_PER_CLASS] for label in np.unique(labels)])
    probabilities = softmax(logits, temperature)
    wrong = np.flatnonzero(probabilities.argmax(1) != test.labels)
    wrong = wrong[np.argsort(-probabilities[wrong].max(1), kind="stable")][:MAX_MISTAKES]
    arrays: dict[str, np.ndarray] = {
        "samples": train.images[chosen],
        "samples_labels": train.labels[chosen],
        "test_labels": test.labels,
        "test_probabilities": probabilities,
        "mistakes": test.images[wrong],
        "mistakes_index": wrong,
    }
    if config.augmentation.is_active:
        originals = train.images[shuffled[:AUGMENTED_DIGITS]]
        seed_epoch(config.run.seed, 0)
        repeated = torch.from_numpy(originals.repeat(AUGMENTED_VARIATIONS, axis=0))
        augmented = augment(repeated, config.augmentation).numpy()
        arrays["originals"] = originals
        arrays["augmented"] = augmented.reshape(len(originals), AUGMENTED_VARIATIONS, SIDE, SIDE)
    weights = _first_layer(network)
    if weights is not None:
        arrays["first_layer"] = weights
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type] # numpy's stub takes its flag for an array
    write_atomically(folder / "examples.npz", file.getvalue())


def _first_layer(network: nn.Module) -> Float32[np.ndarray, "u 784"] | None:
    """Return the weights of the first linear layer that sees the pixels themselves."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear) and layer.in_features == SIDE * SIDE:
            return layer.weight.detach().cpu().numpy()
    return None
