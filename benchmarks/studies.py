"""The studies of the guide at full size: a learning curve and an ablation of `fast`, and the range test of AdamW in it.

Three seeds each, which is few: what they cannot show, the sentences of the commands say. Finished runs are kept, so
that an interrupted measurement continues. The pictures are those that the commands write.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import digits
from benchmarks.results import ROOT, Row
from digits.experiments import (
    ablate,
    find_learning_rate,
    measure_learning_curve,
    write_ablation,
    write_learning_curve,
    write_range_test,
)

RUNS = Path("runs") / "benchmarks" / "studies"
PICTURES = ROOT / "docs" / "pictures"

SEEDS = 3
FRACTIONS = (0.01, 0.03, 0.1, 0.3, 1.0)
PARTS = ("schedule", "momentum")

RECIPE = digits.RECIPES["fast"].replace(threads=1)


def measure() -> Iterator[Row]:
    """Train what is not trained yet, draw the pictures, and give the accuracies and differences."""
    tested = find_learning_rate(RECIPE.replace(optimizer="adamw"))
    shutil.copy(write_range_test(tested, RUNS / "find-lr"), PICTURES / "find-lr.png")
    yield Row(
        case="find-lr", metric="suggested", value=tested.suggested, n=len(tested.rates), unit="",
        command="digits find-lr fast --optimizer adamw --threads 1", note=f"the recipe has {tested.configured:g}",
    )  # fmt: skip

    curve = measure_learning_curve(RECIPE, FRACTIONS, RUNS / "curve" / "runs", seeds=SEEDS)
    shutil.copy(write_learning_curve(curve, RUNS / "curve"), PICTURES / "curve.png")
    for size in curve.sizes:
        for run, accuracy in zip(size.runs, size.accuracies, strict=True):
            yield Row(
                case=f"{size.digits:,}", variant="curve", seed=run.seed, metric="validation accuracy",
                value=float(accuracy), unit="share", n=run.results["validation"]["n"],
                command="digits curve fast --threads 1",
            )  # fmt: skip

    found = ablate(RECIPE, PARTS, RUNS / "ablate" / "runs", seeds=SEEDS)
    shutil.copy(write_ablation(found, RUNS / "ablate"), PICTURES / "ablation.png")
    names = ["nothing", *found.parts]
    for name, group in zip(names, found.comparison.groups, strict=True):
        for run, accuracy in zip(group.runs, group.accuracies, strict=True):
            yield Row(
                case=name, variant="ablate", seed=run.seed, metric="validation accuracy", value=float(accuracy),
                unit="share", n=group.correct.shape[1],
                command=f"digits ablate fast --threads 1 --drop {' '.join(PARTS)}",
            )  # fmt: skip
    for name, pair in zip(found.parts, found.comparison.pairs, strict=True):
        low, high = pair.interval95
        yield Row(
            case=name, variant="ablate", metric="difference", value=pair.difference, unit="of 100", n=SEEDS, low=low,
            high=high,
        )  # fmt: skip
        p = None if math.isnan(pair.p_corrected) else pair.p_corrected
        yield Row(case=name, variant="ablate", metric="p corrected", value=p, n=SEEDS)
