"""Run folders as training leaves them, of networks that were not trained: their answers are drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits.experiments.runs import FinishedRun
from digits.training import RECIPES
from digits.types import Dataset, Images, LabelledDigits


@pytest.fixture(scope="session")
def few(mnist: Dataset) -> Dataset:
    """1,200 training digits, of which runs hold out 200, and 300 test digits."""
    train, test = mnist.train, mnist.test
    return Dataset(
        "few", LabelledDigits(train.images[:1200], train.labels[:1200]),
        LabelledDigits(test.images[:300], test.labels[:300]), "few.npz", {"few": "0123"},
    )  # fmt: skip


@pytest.fixture
def make_run(tmp_path: Path, few: Dataset, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a run folder whose network reads this share of any digits; the seed decides which."""
    shares: dict[Path, float] = {}

    def predict(run: FinishedRun, images: Images, *, trust_code: bool = False) -> np.ndarray:
        parts = {len(part): part.labels for part in (few.test,)}
        labels = parts.get(len(images), _held_out(few).labels)
        rng = np.random.default_rng(run.seed + 1000 * sum(map(ord, run.name)))
        wrong = rng.random(len(labels)) >= shares[run.folder]
        return np.where(wrong, (labels + 1) % 10, labels).astype(np.uint8)

    def make(name: str, share: float = 0.9, recipe: str = "fast", environment: Any = None, **settings: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        config = RECIPES[recipe].replace(validation_size=200, **settings)
        results = {
            "interrupted": False,
            "seconds": {"training": 1.5, "total": 2.0},
            "validation": {"n": 200, "accuracy": share},
        }
        about = {"data": few.location, "data_sha256": few.sha256} | (environment or {})
        for file, values in (("config", config.to_dict()), ("results", results), ("environment", about)):
            (folder / f"{file}.json").write_text(json.dumps(values))
        columns = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "seconds")
        rows = [(epoch, 0.5, 0.9, 0.4, share - 0.1 / epoch, 0.75) for epoch in (1, 2)]
        table = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
        (folder / "metrics.csv").write_text("\n".join(table) + "\n")
        shares[folder] = share
        return folder

    monkeypatch.setattr(FinishedRun, "predict", predict)
    return make


def _held_out(few: Dataset) -> LabelledDigits:
    from digits.data import split

    return split(few.train, 200, seed=0)[1]
