"""Experiments: whether a change helps, measured over seeds.

- `runs`: finished runs and what their networks predict
- `listing`: the table of all runs in a folder
- `repeats`: training several recipes with several seeds
- `significance`: tests and intervals for differences of accuracies
- `comparison`: `compare`: runs grouped by configuration, every pair tested
- `compare_page`: a comparison as tables, figures and one page
- `classifier`: the scikit-learn estimator, which `digits.sklearn` offers

Names are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digits.lazy import load

if TYPE_CHECKING:
    from digits.experiments.compare_page import describe_comparison, write_comparison
    from digits.experiments.comparison import Comparison, Group, Pair, compare
    from digits.experiments.listing import list_runs
    from digits.experiments.repeats import train_repeats
    from digits.experiments.significance import bootstrap_interval, holm, mcnemar, seeds_needed, welch

_MODULES = {
    "compare_page": ("describe_comparison", "write_comparison"),
    "comparison": ("Comparison", "Group", "Pair", "compare"),
    "listing": ("list_runs",),
    "repeats": ("train_repeats",),
    "significance": ("bootstrap_interval", "holm", "mcnemar", "seeds_needed", "welch"),
}

__all__ = [
    "Comparison",
    "Group",
    "Pair",
    "bootstrap_interval",
    "compare",
    "describe_comparison",
    "holm",
    "list_runs",
    "mcnemar",
    "seeds_needed",
    "train_repeats",
    "welch",
    "write_comparison",
]


def __getattr__(name: str) -> Any:
    return load(__name__, _MODULES, name)
