"""What a learning-rate range test shows: the smoothed loss, the rate to suggest, in words and as a picture."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from digits.evaluation import figures
from digits.files import write_atomically
from digits.shapes import Float64
from digits.training.config import TrainConfig
from digits.training.recipes import write_command

MIN_STEPS = 10
"""Fewer steps show no curve."""

WIDTH = 0.15
"""Standard deviation of the Gaussian that smooths the losses, in factors of ten: 4 steps of 200."""

NOISE = 3.0
"""A loss has fallen if it fell by more standard deviations of a batch's loss than this."""

Curve = Float64[np.ndarray, "steps"]


@dataclass(frozen=True, eq=False)
class RangeTest:
    """What `find_learning_rate` measured.

    Attributes
    ----------
    config
        What was tested.
    rates
        The learning rate of each step: that of `setting`. Other rates of the recipe rise in the same proportion.
    losses
        The loss of each step's batch, before the step.
    smoothed
        The same, smoothed.
    places
        Where the inputs are, by flag of `digits train`.
    notices
        What differs from a training of this recipe.
    """

    config: TrainConfig
    rates: Curve
    losses: Curve
    smoothed: Curve
    places: Mapping[str, str | None] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def setting(self) -> str:
        """The setting whose rates are named: ``muon_lr`` with muon, else ``lr``."""
        return "muon_lr" if self.config.optimization.optimizer == "muon" else "lr"

    @property
    def configured(self) -> float:
        """The rate that the recipe has."""
        return float(getattr(self.config.optimization, self.setting))

    @property
    def suggested(self) -> float | None:
        """The suggested rate; None if the loss falls at no rate."""
        return suggest_rate(self.rates, self.losses, self.smoothed)

    @property
    def settings(self) -> dict[str, float]:
        """The suggested settings: every learning rate that the optimizer uses, in the recipe's proportion."""
        if self.suggested is None:
            return {}
        names = ("lr", "muon_lr") if self.setting == "muon_lr" else ("lr",)
        factor = self.suggested / self.configured
        return {name: _round(getattr(self.config.optimization, name) * factor) for name in names}


def suggest_rate(rates: Curve, losses: Curve, smoothed: Curve) -> float | None:
    """Return the rate at which the smoothed loss is lowest: higher ones lose what was learned.

    Why not the rate at which the loss falls fastest, or a tenth of that with the lowest, as is often advised: both
    train too slowly here, where schedules end at zero (docs/recipes.md, log of what failed).

    Parameters
    ----------
    rates
        The learning rate of each step, rising.
    losses, smoothed
        The loss of each step, and the same smoothed.

    Returns
    -------
    The rate; None if the loss falls by no more than the losses of batches differ.
    """
    lowest = int(smoothed.argmin())
    first = max(2, len(rates) // 10)
    noise = float((losses[:first] - smoothed[:first]).std())
    fallen = float(smoothed[:first].mean() - smoothed[lowest])
    return None if lowest == 0 or fallen <= NOISE * noise else float(rates[lowest])


def smooth(rates: Curve, losses: Curve) -> Curve:
    """Average each loss with its neighbours, by a Gaussian over the logarithm of the rate.

    A loss counts as twice the first ones at most, so that one that explodes does not raise those before it.
    """
    ceiling = 2 * np.abs(losses[: max(1, len(losses) // 10)]).max(initial=0.0)
    position = np.log10(rates)
    weights = np.exp(-0.5 * ((position[:, None] - position) / WIDTH) ** 2)
    averaged: Curve = weights @ np.minimum(losses, ceiling) / weights.sum(1)
    return averaged


def describe_range_test(found: RangeTest) -> str:
    """Say in words what was found, with the command that trains with it."""
    name = _flag(found.setting)
    if found.suggested is None:
        return (
            f"The loss falls at none of the rates from {found.rates[0]:g} to {found.rates[-1]:g}: there is nothing to "
            "suggest. Test others with --lowest and --highest, or more --steps."
        )
    suggested = found.config.replace(**found.settings)
    lines = [
        f"suggested  {name} {found.settings[found.setting]:g}, where the recipe has {found.configured:g}",
        f"train      {write_command(suggested, **found.places)}",
    ]
    if not found.places.get("from") and not found.places.get("extra_data"):
        both = (found.config.replace(seed=0), suggested.replace(seed=0))
        recipes = [write_command(config).removeprefix("digits train ") for config in both]
        data = ["--data", found.places["data"]] if found.places.get("data") else []
        lines.append(f"compare    {shlex.join(['digits', 'compare', '--recipes', *recipes, *map(str, data)])}")
    return "\n".join(lines)


def to_json(found: RangeTest) -> dict[str, Any]:
    """Return what `digits find-lr --json` prints."""
    return {
        "setting": found.setting,
        "configured": found.configured,
        "suggested": found.settings or None,
        "steps": len(found.rates),
        "notices": list(found.notices),
    }


def write_range_test(found: RangeTest, folder: str | os.PathLike[str]) -> Path:
    """Write ``find-lr.csv`` and ``find-lr.png``; return the path of the picture.

    Raises
    ------
    StorageError
        When the folder cannot be written to.
    """
    picture = Path(folder) / "find-lr.png"
    table = ["rate,loss,smoothed", *(",".join(map(repr, row)) for row in zip(
        found.rates.tolist(), found.losses.tolist(), found.smoothed.tolist(), strict=True
    ))]  # fmt: skip
    write_atomically(picture.with_suffix(".csv"), ("\n".join(table) + "\n").encode())
    drawn = figures.learning_rates(
        found.rates, found.losses, found.smoothed, found.configured, found.settings.get(found.setting),
        _flag(found.setting),
    )  # fmt: skip
    figures.save(drawn, picture)
    return picture


def _round(rate: float) -> float:
    """Round to two digits, which is more than the test can tell."""
    return float(f"{rate:.1e}")


def _flag(setting: str) -> str:
    return f"--{setting.replace('_', '-')}"
