"""Experiments: whether a change helps, measured over seeds.

- `runs`: finished runs and what their networks predict
- `listing`: the table of all runs in a folder
- `repeats`: training several recipes with several seeds
- `significance`: tests and intervals for differences of accuracies
- `comparison`: `compare`: runs grouped by configuration, every pair tested
- `compare_page`: a comparison as tables, figures and one page
- `learning_curve`: the accuracy over the number of training digits
- `learning_rates`: `find_learning_rate`: the range test
- `range_test`: what a range test shows: a learning rate to suggest, and a picture
- `ablation`: `ablate`: a recipe with and without each of its parts
- `sweeps`: `sweep`: the values of settings with which a recipe reads best, by any number of processes
- `search_space`, `sweep_sampler`, `sweep_trial`, `sweep_storage`, `sweep_workers`, `sweep_results`: what a sweep may
  try, what it tries next, one trial, where trials are kept, which processes work on them, and what they show
- `trackers`: `track`: the epochs of a run in TensorBoard, MLflow, Weights & Biases or Trackio
- `classifier`: the scikit-learn estimator, which `digits.sklearn` offers

Names are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digits.lazy import load

if TYPE_CHECKING:
    from digits.experiments.ablation import Ablation, ablate, describe_ablation, write_ablation
    from digits.experiments.compare_page import describe_comparison, write_comparison
    from digits.experiments.comparison import Comparison, Group, Pair, compare
    from digits.experiments.learning_curve import (
        LearningCurve,
        describe_learning_curve,
        measure_learning_curve,
        write_learning_curve,
    )
    from digits.experiments.learning_rates import find_learning_rate
    from digits.experiments.listing import list_runs
    from digits.experiments.range_test import RangeTest, describe_range_test, write_range_test
    from digits.experiments.repeats import train_repeats
    from digits.experiments.significance import bootstrap_interval, holm, mcnemar, seeds_needed, welch
    from digits.experiments.sweep_results import Sweep, Trial, describe_sweep, write_sweep
    from digits.experiments.sweeps import sweep
    from digits.experiments.trackers import Tracker, track

_MODULES = {
    "ablation": ("Ablation", "ablate", "describe_ablation", "write_ablation"),
    "compare_page": ("describe_comparison", "write_comparison"),
    "comparison": ("Comparison", "Group", "Pair", "compare"),
    "learning_curve": (
        "LearningCurve",
        "describe_learning_curve",
        "measure_learning_curve",
        "write_learning_curve",
    ),
    "learning_rates": ("find_learning_rate",),
    "listing": ("list_runs",),
    "range_test": ("RangeTest", "describe_range_test", "write_range_test"),
    "repeats": ("train_repeats",),
    "significance": ("bootstrap_interval", "holm", "mcnemar", "seeds_needed", "welch"),
    "sweep_results": ("Sweep", "Trial", "describe_sweep", "write_sweep"),
    "sweeps": ("sweep",),
    "trackers": ("Tracker", "track"),
}

__all__ = [
    "Ablation",
    "Comparison",
    "Group",
    "LearningCurve",
    "Pair",
    "RangeTest",
    "Sweep",
    "Tracker",
    "Trial",
    "ablate",
    "bootstrap_interval",
    "compare",
    "describe_ablation",
    "describe_comparison",
    "describe_learning_curve",
    "describe_range_test",
    "describe_sweep",
    "find_learning_rate",
    "holm",
    "list_runs",
    "mcnemar",
    "measure_learning_curve",
    "seeds_needed",
    "sweep",
    "track",
    "train_repeats",
    "welch",
    "write_ablation",
    "write_comparison",
    "write_learning_curve",
    "write_range_test",
    "write_sweep",
]


def __getattr__(name: str) -> Any:
    return load(__name__, _MODULES, name)
