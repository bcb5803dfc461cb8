"""Learning curves: how accurate a recipe becomes with a part of the training digits, over seeds."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from digits.errors import UsageError
from digits.evaluation import figures
from digits.evaluation.metrics import align
from digits.experiments.repeats import train_repeats
from digits.experiments.runs import FinishedRun, read_finished_run
from digits.files import write_atomically
from digits.shapes import Float64
from digits.training.config import TrainConfig
from digits.training.engine.loop import Progress
from digits.training.run.inputs import Place, load_inputs
from digits.training.run.stored import Trust
from digits.training.run.training_set import digits_per_epoch, validation_size
from digits.types import Dataset

MIN_FITTED = 3
"""Sizes that a power law is fitted to, at least: two points lie on every line."""


@dataclass(frozen=True, eq=False)
class Size:
    """The runs that learned from one share of the digits.

    Attributes
    ----------
    fraction
        The share, above 0 and at most 1.
    digits
        How many digits that is, with what the recipe adds.
    runs
        One per seed; each seed has digits of its own.
    """

    fraction: float
    digits: int
    runs: tuple[FinishedRun, ...]

    @property
    def accuracies(self) -> Float64[np.ndarray, "runs"]:
        """Accuracy of each run on the validation digits, 0–1."""
        return np.array([run.results["validation"]["accuracy"] for run in self.runs], np.float64)

    @property
    def mean(self) -> float:
        """Mean accuracy over the runs, 0–1."""
        return float(self.accuracies.mean())

    @property
    def deviation(self) -> float:
        """Standard deviation of the accuracy over the runs."""
        return float(self.accuracies.std(ddof=1))


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """What `measure_learning_curve` found.

    Attributes
    ----------
    name
        The recipe with the flags that differ from it.
    sizes
        By number of digits, the smallest first.
    """

    name: str
    sizes: tuple[Size, ...]

    @property
    def remaining(self) -> float | None:
        """The share of the errors that ten times the digits leave; None for too few sizes, or without errors.

        By a line through the logarithms of digits and errors, a power law, as Hestness et al., "Deep learning scaling
        is predictable, empirically", 2017, find for many networks.
        """
        errors = np.array([1 - size.mean for size in self.sizes])
        if len(self.sizes) < MIN_FITTED or not errors.all():
            return None
        slope = np.polyfit(np.log10([size.digits for size in self.sizes]), np.log10(errors), 1)[0]
        return float(10**slope)


def measure_learning_curve(
    config: TrainConfig,
    fractions: Sequence[float],
    folder: Path,
    *,
    seeds: int = 3,
    data: Place | Dataset | None = None,
    trust_code: bool = False,
    progress: Progress | bool | None = None,
    notify: Callable[[str], None] = lambda sentence: None,
) -> LearningCurve:
    """Train a recipe with several shares of the training digits, each with several seeds.

    A smaller set is passed more often, so that every network takes as many training steps; a batch takes no more than
    the set. Accuracies are those on the validation digits, which are the same for all.

    Parameters
    ----------
    config
        The recipe.
    fractions
        The shares, above 0 and at most 1; two or more.
    folder
        Where the run folders are made; finished runs in it are not trained again.
    seeds
        The number of seeds, 2 or more; each seed learns from digits of its own.
    data, trust_code, progress, notify
        As in `digits.experiments.train_repeats`.

    Raises
    ------
    UsageError
        When there are fewer than two shares, or the configuration cannot work.
    """
    chosen = sorted({*fractions}, reverse=True)  # the largest first, since it says soonest whether all is well
    if len(chosen) < 2:
        raise UsageError("a curve needs two shares of the digits or more, as in --fractions 0.01 0.1 1")
    inputs, config = load_inputs(config, data, None, None, notify, Trust(trust_code).naming(config))
    held_out = validation_size(config, inputs.dataset)
    counts = [digits_per_epoch(config.replace(fraction=each), inputs.dataset, held_out) for each in chosen]
    configs = [shrink(config, counts[0], n, each) for n, each in zip(counts, chosen, strict=True)]
    runs = train_repeats(configs, seeds, folder, data=data, trust_code=trust_code, progress=progress, notify=notify)
    finished = [read_finished_run(run) for run in runs]
    sizes = [
        Size(each, n, tuple(finished[start :: len(configs)]))
        for start, (each, n) in enumerate(zip(chosen, counts, strict=True))
    ]
    return LearningCurve(sizes[0].runs[0].name, tuple(reversed(sizes)))


def shrink(config: TrainConfig, whole: int, n: int, fraction: float) -> TrainConfig:
    """Configure a recipe for a share of the digits: as many training steps, in batches no larger than the set.

    Parameters
    ----------
    config
        The recipe.
    whole, n
        Digits per epoch: of the largest set, and of this one.
    fraction
        The share.
    """
    optimization = config.optimization
    batch_size = min(optimization.batch_size, n)
    passes = math.ceil(whole / optimization.batch_size) / math.ceil(n / batch_size)
    return config.replace(
        fraction=fraction,
        batch_size=batch_size,
        epochs=round(optimization.epochs * passes),
        ema_epochs=optimization.ema_epochs * passes,
        patience=math.ceil(optimization.patience * passes),
    )


def describe_learning_curve(found: LearningCurve) -> str:
    """Write a row per number of digits, and what ten times as many would gain."""
    rows: list[Sequence[str]] = [("share", "digits", "accuracy", "errors")]
    n_scored = found.sizes[0].runs[0].results["validation"]["n"]
    for size in found.sizes:
        accuracy = f"{100 * size.mean:.2f} ± {100 * size.deviation:.2f} %"
        rows.append((f"{size.fraction:g}", f"{size.digits:,}", accuracy, f"{(1 - size.mean) * n_scored:,.1f}"))
    seeds = len(found.sizes[0].runs)
    lines = [f"{found.name}: {seeds} seeds, on {n_scored:,} validation digits; the test digits stay sealed", ""]
    lines += [align(rows)]
    if found.remaining is not None:
        share = f"{100 * found.remaining:.0f} %"
        lines += ["", f"Ten times the digits leave {share} of the errors, by a power law through all sizes."]
    return "\n".join(lines)


def to_json(found: LearningCurve) -> dict[str, Any]:
    """Return what `digits curve --json` prints."""
    sizes = [
        {
            "fraction": size.fraction,
            "digits": size.digits,
            "mean": size.mean,
            "deviation": size.deviation,
            "runs": [str(run.folder) for run in size.runs],
        }
        for size in found.sizes
    ]
    return {"recipe": found.name, "sizes": sizes, "errors_left_by_tenfold": found.remaining}


def write_learning_curve(found: LearningCurve, folder: Path) -> Path:
    """Write ``curve.csv``, one row per run, and ``curve.png``; return the path of the picture.

    Raises
    ------
    StorageError
        When the folder cannot be written to.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("fraction", "digits", "seed", "accuracy", "run"))
    for size in found.sizes:
        for run, accuracy in zip(size.runs, size.accuracies.tolist(), strict=True):
            writer.writerow((size.fraction, size.digits, run.seed, accuracy, run.folder))
    write_atomically(folder / "curve.csv", text.getvalue().encode(errors="backslashreplace"))
    digits, accuracies = [size.digits for size in found.sizes], [size.accuracies for size in found.sizes]
    figures.save(figures.learning_curve(digits, accuracies, found.remaining), folder / "curve.png")
    return folder / "curve.png"
