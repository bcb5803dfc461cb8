"""The description of a dataset, as text and as values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from digits.data import describe, load_dataset, load_labelled, summarize
from digits.data.identity import MNIST_SHA256
from digits.types import Dataset, LabelledDigits


def test_description_has_hashes_counts_and_bars(mnist: Dataset) -> None:
    lines = describe(mnist).splitlines()
    assert lines[0] == f"MNIST: {mnist.location}"
    assert lines[2] == "file                     decoded SHA-256"
    assert lines[3:7] == [f"{name:23}  {digest}" for name, digest in MNIST_SHA256.items()]
    assert lines[8:11] == [
        "class     train      test",
        "0         5,923       980  " + "█" * 26,
        "1         6,742     1,135  " + "█" * 30,
    ]
    assert lines[-1] == "total    60,000    10,000"
    assert len(lines) == 20


def test_validation_digits_of_the_files_are_counted_and_hashed(tmp_path: Path) -> None:
    images, labels = np.zeros((4, 28, 28), np.uint8), np.array([0, 1, 1, 2], np.uint8)
    np.savez(
        tmp_path / "a.npz", train_images=images, train_labels=labels, val_images=images[:3], val_labels=labels[:3],
        test_images=images, test_labels=labels,
    )  # fmt: skip
    dataset = load_dataset(tmp_path)
    assert [line.split() for line in describe(dataset).splitlines()[-12:-9]] == [
        ["class", "train", "validation", "test"],
        ["0", "1", "1", "1", "█" * 15],
        ["1", "2", "2", "2", "█" * 30],
    ]
    summary = summarize(dataset)
    assert summary["validation"]["n"] == 3
    assert [*summary["sha256"]][4:] == ["validation-images", "validation-labels"]
    assert len(load_labelled(tmp_path)) == 11


def test_values_are_ready_for_json(mnist: Dataset) -> None:
    values = json.loads(json.dumps(summarize(mnist)))
    assert values["name"] == "MNIST"
    assert values["location"] == mnist.location
    assert values["sha256"] == MNIST_SHA256
    assert values["classes"] == list("0123456789")
    assert values["train"]["n"] == sum(values["train"]["per_class"].values()) == 60_000
    assert values["test"]["per_class"]["5"] == 892


def test_columns_stay_aligned_for_empty_classes_and_long_names(tmp_path: Path) -> None:
    digits = LabelledDigits(np.zeros((3, 28, 28), np.uint8), np.array([0, 0, 0], np.uint8))
    text = describe(Dataset("fruit", digits, digits, str(tmp_path), {"x": "y"}, ("pineapple", "fig")))
    assert text.splitlines()[5:] == [
        "class         train      test",
        "pineapple         3         3  " + "█" * 30,
        "fig               0         0",
        "total             3         3",
    ]
