"""A finished run folder of a classifier so simple that it needs no training: the nearest class mean."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from digits.types import Dataset

CLASSES = list("0123456789")


@pytest.fixture(scope="session")
def run_files(mnist: Dataset) -> dict[str, bytes]:
    """The files that training leaves in a run folder, by name."""
    from digits.evaluation.metrics import score
    from digits.types import softmax

    train, test = mnist.train, mnist.test
    means = np.stack([train.images[train.labels == k].mean(0).ravel() for k in range(10)])
    pixels = test.images.reshape(len(test), -1).astype(np.float32)
    logits = (pixels @ means.T - (means**2).sum(1) / 2).astype(np.float32) / 2e5
    probabilities = softmax(logits)
    wrong = np.flatnonzero(probabilities.argmax(1) != test.labels)
    wrong = wrong[np.argsort(-probabilities[wrong].max(1), kind="stable")][:40]
    examples = io.BytesIO()
    np.savez(
        examples,
        samples=train.images[:300],
        samples_labels=train.labels[:300],
        originals=train.images[:6],
        augmented=np.stack([np.roll(train.images[:6], shift, axis=2) for shift in range(4)], axis=1),
        test_labels=test.labels,
        test_probabilities=probabilities,
        mistakes=test.images[wrong],
        mistakes_index=wrong,
        first_layer=means.astype(np.float32),
    )
    scores = score(logits, test.labels).to_dict()
    results = {
        "recipe": "standard",
        "seed": 0,
        "network": "784-10",
        "parameters": 7850,
        "epochs": 2,
        "temperature": 1.0,
        "rejection_threshold": 0.5,
        "data": {
            "name": "MNIST", "location": "somewhere", "sha256": mnist.sha256, "classes": CLASSES,
            "train": 55000, "validation": 5000, "test": 10000,
        },
        "interrupted": False,
        "notices": [],
        "command": "digits train standard --epochs 2",
        "seconds": {"training": 1.25, "total": 2.5},
        "train": scores, "validation": scores, "test": scores,
    }  # fmt: skip
    rows = [
        {"epoch": e, "train_loss": 0.5 / e, "train_accuracy": 0.8 + e / 20, "validation_loss": 0.4 / e,
             "validation_accuracy": 0.82 + e / 20, "learning_rate": 1e-3, "seconds": 0.6}
        for e in (1, 2)
    ]  # fmt: skip
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    config = {"recipe": "standard", "model": {"hidden_sizes": [256, 128]}, "optimization": {"epochs": 2}}
    environment = {"started": "2026-01-01", "processor": "a processor", "cores": 2, "device": "cpu", "data_sha256": {}}
    return {
        "results.json": json.dumps(results).encode(),
        "config.json": json.dumps(config).encode(),
        "environment.json": json.dumps(environment).encode(),
        "metrics.csv": table.getvalue().encode(),
        "examples.npz": examples.getvalue(),
    }


@pytest.fixture
def run(run_files: dict[str, bytes], tmp_path: Path) -> Path:
    """A run folder that a test may change."""
    folder = tmp_path / "run"
    folder.mkdir()
    for name, content in run_files.items():
        (folder / name).write_bytes(content)
    return folder
