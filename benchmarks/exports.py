"""What each form of a shipped model scores on MNIST's test digits, by the code that scores the original."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.results import Row, shares

MODELS = ("mlp", "cnn")

FORMS = {"onnx": ".onnx", "int8": "-int8.onnx", "safetensors": ".safetensors", "torch-export": ".pt2", "hub": "-hub"}
"""What `digits export --to` writes, and how the names of these files end; of a folder, its `model.onnx` is scored."""

LOSSES = {"int8": 0.0005}
"""Accuracy that a form may lose; all others, a fiftieth of a point."""


def measure() -> Iterator[Row]:
    """Export the shipped models, and score what was written."""
    with tempfile.TemporaryDirectory() as name:
        for model in MODELS:
            yield _score("original", model, model)
            for form, ending in FORMS.items():
                out = Path(name) / f"{model}{ending}"
                _run("export", model, "--to", form, "--out", str(out))
                yield _score(form, model, str(out / "model.onnx" if out.is_dir() else out))


def _score(case: str, model: str, place: str) -> Row:
    found = json.loads(_run("evaluate", place, "--json", *(["--trust-code"] if place.endswith(".pt2") else [])))
    right = round(found["accuracy"] * found["n"])
    return Row(
        case=case, variant=f"`{model}`", metric="test accuracy", **shares(right, found["n"]),
        command=f"digits export {model} --to {case}" if case in FORMS else f"digits evaluate {model}",
    )  # fmt: skip


def _run(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "digits", *words], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def missed(rows: list[Row]) -> list[str]:
    """Give a sentence for each form that scores another accuracy than its original."""
    originals: dict[str, Any] = {row.variant: row.value for row in rows if row.case == "original"}
    return [
        f"{row.variant} as {row.case} loses {100 * (originals[row.variant] - (row.value or 0)):.2f} points"
        for row in rows
        if abs(originals[row.variant] - (row.value or 0)) > LOSSES.get(row.case, 0.0002) + 1e-9
    ]
