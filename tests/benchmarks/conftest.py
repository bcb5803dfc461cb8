"""Results of a contest that never was, small enough to know what must be said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.results import Row, write_rows

from benchmarks import results as module

Contest = Callable[..., list[Row]]

FIGURES = {
    "fast": (0.98, 2.0),
    "standard": (0.994, 40.0),
    "cnn": (0.996, 30.0),
    "textbook": (0.978, 60.0),
    "keras-mlp": (0.981, 10.0),
    "sklearn-mlp": (0.97, 5.0),
}
"""Test accuracy and seconds of a contest that bears out every claim."""


@pytest.fixture
def contest() -> Contest:
    """Make the rows of two seeds; keywords (``_`` for ``-``) change a contender's figures, None leaves it out."""

    def make(**changed: tuple[float, float] | None) -> list[Row]:
        figures = FIGURES | {name.replace("_", "-"): pair for name, pair in changed.items()}
        return [row for name, pair in figures.items() if pair for seed in range(2) for row in runs(name, seed, *pair)]

    def runs(name: str, seed: int, accuracy: float, seconds: float) -> Iterable[Row]:
        note = "2 threads; keras 3" if name == "keras-mlp" else "2 threads"
        facts = {"cores": 2, "processor": "abacus", "torch": "2.13.0+cpu", "gemm_gflops": 100.0 if seed else 50.0}
        row = Row(benchmark="contest", case=name, seed=seed, metric="test accuracy", note=note, unit="share", **facts)
        yield replace(row, value=accuracy)
        yield replace(row, metric="training time", value=seconds, unit="s")
        if accuracy >= 0.979:
            yield replace(row, metric="time to enough", value=seconds, unit="s")
        if name != "cnn":
            yield replace(row, metric="operations", value=100.0, unit="GFLOP")

    return make


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Row]], None]:
    """An empty folder in the place of ``benchmarks/results``, and a function that writes rows to it."""
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return write_rows
