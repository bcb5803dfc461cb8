"""`Run`: what a finished run gives back."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from digits.evaluation.metrics import Score, format_table
from digits.inference.model import Model, load_model
from digits.training.config import TrainConfig
from digits.training.engine.checkpoint import Epoch
from digits.types import Dataset


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run.

    Attributes
    ----------
    folder
        The run folder, which holds everything about it.
    config
        How it was trained.
    network
        The trained network, in evaluation mode.
    dataset
        What it was trained and tested on.
    history
        One row per epoch.
    all_epochs
        The rows of all that was trained for it, its members and its teacher included.
    scores
        By part: ``train``, ``validation``, ``test``; empty in all but the first process of torchrun.
    results
        The content of ``results.json``; likewise.
    """

    folder: Path
    config: TrainConfig
    network: nn.Module = field(repr=False)
    dataset: Dataset = field(repr=False)
    history: list[Epoch] = field(repr=False)
    all_epochs: list[Epoch] = field(repr=False)
    scores: dict[str, Score]
    results: dict[str, Any] = field(repr=False)

    @cached_property
    def model(self) -> Model:
        """The exported network, which needs no torch: ``run.model.predict(images)``."""
        return load_model(self.folder)

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {score.accuracy:.2%}" for name, score in self.scores.items())
        return f"Run({str(self.folder)!r}, recipe={self.config.recipe!r}: {figures or 'not evaluated here'})"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(format_table(self.scores) if self.scores else repr(self))}</pre>"
