"""Results of contests that never were, small enough to know what must be said of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import rows

Row = dict[str, str]

FIGURES = {
    "fast": ("0.98", "2"),
    "standard": ("0.994", "40"),
    "cnn": ("0.996", "30"),
    "textbook": ("0.978", "60"),
    "keras-mlp": ("0.981", "10"),
    "sklearn-mlp": ("0.97", "5"),
}
"""Test accuracy and seconds of a contest in which every lead is there."""


@pytest.fixture
def contest() -> Callable[..., list[Row]]:
    """Make the rows of two seeds each; keywords (``_`` for ``-``) change a contender's figures, None leaves it out."""

    def make(**changed: tuple[str, str] | None) -> list[Row]:
        figures = FIGURES | {name.replace("_", "-"): pair for name, pair in changed.items()}
        present = {name: pair for name, pair in figures.items() if pair}
        return [
            {
                "missing": "",
                "contender": name,
                "seed": str(seed),
                "test_accuracy": accuracy,
                "seconds": seconds,
                "seconds_to_enough": "" if float(accuracy) < 0.979 else seconds,
                "training_gflop": "" if name == "cnn" else "100",
                "library": "keras 3" if name == "keras-mlp" else "",
                "threads": "2",
                "gemm_gflops": "100" if seed else "50",
                "cores": "2",
                "processor": "abacus",
                "torch": "2.13.0+cpu",
            }
            for name, (accuracy, seconds) in present.items()
            for seed in range(2)
        ]

    return make


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in the place of ``benchmarks/results``."""
    monkeypatch.setattr(rows, "RESULTS", tmp_path)
    return tmp_path
