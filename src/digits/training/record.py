"""What a run folder holds beside the network: tables, environment, notices, and the examples its report shows."""

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

from digits.errors import UsageError
from digits.shapes import Float32
from digits.training.augmentation import augment, augments
from digits.training.checkpoint import Epoch
from digits.training.config import TrainConfig
from digits.training.given import Given, recorded
from digits.training.loop import out_of_patience, seed_everything
from digits.training.sources import NOTICE, SYNTHETIC
from digits.types import SIDE, Dataset, LabelledDigits, Logits, softmax

SAMPLES = 12
"""Training digits of each class kept for the report."""
AUGMENTED = (6, 10)
"""Digits shown augmented, and variations of each."""
MISTAKES = 40
"""Most confident mistakes kept for the report."""


def new_folder(config: TrainConfig, out: str | os.PathLike[str] | None) -> Path:
    """Make the folder of a new run, and point ``runs/latest`` at it if it lies in ``runs``.

    Raises
    ------
    UsageError
        When the folder already holds something.
    """
    if out is not None:
        folder = Path(out)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(
                f"{folder} is already there: name another --out, or continue that run with --resume {folder}"
            )
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    runs = Path("runs")
    runs.mkdir(exist_ok=True)
    name = f"{datetime.now():%Y-%m-%d-%H%M%S}-{config.recipe}"
    # two runs may start within a second: the first free name is taken, and mkdir decides who has it
    for attempt in range(1000):
        folder = runs / (f"{name}-{attempt + 1}" if attempt else name)
        try:
            folder.mkdir()
            break
        except FileExistsError:
            continue
    link = runs / f".latest-{os.getpid()}"
    # links need a privilege on Windows; the folder's name is printed in any case
    with contextlib.suppress(OSError):
        link.symlink_to(folder.name)
        link.replace(runs / "latest")
    return folder


def environment(config: TrainConfig, given: Given, device: torch.device) -> dict[str, Any]:
    """Describe where a run happens: enough to repeat it, and to judge its seconds by."""
    return {
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": config.threads or torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        **recorded(given),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def epochs_csv(history: list[Epoch]) -> bytes:
    """Write ``metrics.csv``: a row an epoch."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in history)
    return text.getvalue().encode()


def as_json(values: dict[str, Any]) -> bytes:
    """Write a JSON file for people and programs."""
    return (json.dumps(values, indent=2) + "\n").encode()


def interrupted(config: TrainConfig, history: list[Epoch]) -> bool:
    """Whether a run ended before its configuration says so; an ensemble is not judged before its members are whole."""
    return config.members == 1 and len(history) < config.epochs and not out_of_patience(history, config.patience)


def notices_of(config: TrainConfig, dataset: Dataset, history: list[Epoch]) -> list[str]:
    """What nobody who sees the numbers may miss."""
    notices = []
    if interrupted(config, history):
        notices.append(
            f"Training was interrupted after {len(history)} of {config.epochs} epochs; these are the figures of "
            "what was trained until then. The run can be resumed."
        )
    if dataset.location == SYNTHETIC:
        notices.append(NOTICE)
    elif dataset.name != "MNIST":
        notices.append(f"These digits are not MNIST but {dataset.name}, from {dataset.location}.")
    return notices


def examples(
    network: nn.Module,
    config: TrainConfig,
    learned: LabelledDigits,
    test: LabelledDigits,
    logits: Logits,
    temperature: float,
) -> bytes:
    """Gather the arrays that the report's pictures are drawn from, as an NPZ file.

    Its arrays: ``samples uint8[k,28,28]``, ``samples_labels``, ``originals uint8[m,28,28]`` and
    ``augmented uint8[m,v,28,28]`` where the run augments, ``test_labels uint8[n]``, ``test_probabilities
    float32[n,10]``, ``mistakes uint8[j,28,28]`` with ``mistakes_index`` into the test set, most confident first, and
    ``first_layer float32[u,784]`` where the network has such a layer.
    """
    rng = np.random.default_rng(config.seed)
    shuffled = rng.permutation(len(learned))
    labels = learned.labels[shuffled]
    chosen = np.concatenate([shuffled[labels == label][:SAMPLES] for label in np.unique(labels)])
    believed = softmax(logits, temperature)
    answers = believed.argmax(1)
    wrong = np.flatnonzero(answers != test.labels)
    wrong = wrong[np.argsort(-believed[wrong].max(1), kind="stable")][:MISTAKES]
    arrays: dict[str, np.ndarray] = {
        "samples": learned.images[chosen],
        "samples_labels": learned.labels[chosen],
        "test_labels": test.labels,
        "test_probabilities": believed,
        "mistakes": test.images[wrong],
        "mistakes_index": wrong,
    }
    if augments(config):
        digits, variations = AUGMENTED
        originals = learned.images[shuffled[:digits]]
        seed_everything(config.seed, 0)
        repeated = torch.from_numpy(originals.repeat(variations, axis=0))
        arrays["originals"] = originals
        arrays["augmented"] = augment(repeated, config).numpy().reshape(digits, variations, SIDE, SIDE)
    weights = _first_layer(network)
    if weights is not None:
        arrays["first_layer"] = weights
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type] # numpy's stub takes its flag for an array
    return file.getvalue()


def _first_layer(network: nn.Module) -> Float32[np.ndarray, "u 784"] | None:
    """Weights of the first linear layer that sees the pixels themselves."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear) and layer.in_features == SIDE * SIDE:
            return layer.weight.detach().cpu().numpy()
    return None
