"""What a sweep of settings found: its course, each setting by itself, and which of them mattered."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.errors import DataError
from digits.evaluation.figures.curves import MIN_ERROR_PERCENT, scale_by_errors
from digits.evaluation.figures.style import BLUE, QUIET, SKY, VERMILLION, new_figure, shorten
from digits.shapes import Float64

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PER_ROW = 3
"""Settings side by side."""


def sweep_history(
    numbers: Sequence[int], accuracies: Sequence[float], is_finished: Sequence[bool], recipe: float | None = None
) -> Figure:
    """Draw the accuracy of each trial, and the best so far.

    Parameters
    ----------
    numbers
        The trials, in the order in which they began.
    accuracies
        The validation accuracy of each, 0–1; of a trial that was given up, after its last epoch.
    is_finished
        Whether each was trained to the end.
    recipe
        The accuracy of the recipe as it is; None where it is not known.
    """
    from matplotlib.ticker import MaxNLocator

    wrong, finished = _errors(accuracies), np.array(is_finished, bool)
    x = np.array(numbers)
    with new_figure(4.4) as figure:
        axes = figure.add_subplot()
        _dots(axes, x, wrong, finished)
        best = np.minimum.accumulate(np.where(finished, wrong, np.inf))
        known = np.isfinite(best)
        axes.step(x[known], best[known], where="post", color=BLUE, label="best so far")
        if recipe is not None:
            axes.axhline(
                100 * (1 - recipe), color=QUIET, linewidth=1.6, linestyle=(0, (2, 2)), label="the recipe as it is"
            )
        _scale(axes, wrong, finished)
        axes.set(xlabel="trial", ylabel="validation accuracy")
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
        axes.legend(loc="lower right")
        axes.set_title(f"Best of {len(x)} trials: {100 - wrong[finished].min():.2f} %")
    return figure


def sweep_settings(
    values: Mapping[str, Sequence[Any]],
    accuracies: Sequence[float],
    is_finished: Sequence[bool],
    logarithmic: Collection[str] = (),
) -> Figure:
    """Draw the accuracy of each trial over the value of each setting.

    Parameters
    ----------
    values
        By setting, its value in each trial.
    accuracies, is_finished
        As in `sweep_history`.
    logarithmic
        The settings with a logarithmic axis.
    """
    if not values:
        raise DataError("no settings to draw: name at least one")
    wrong, finished = _errors(accuracies), np.array(is_finished, bool)
    columns = min(len(values), PER_ROW)
    rows = math.ceil(len(values) / columns)
    best = int(np.argmin(np.where(finished, wrong, np.inf)))
    with new_figure(0.7 + 3.1 * rows) as figure:
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, (name, each) in zip(grid.flat, values.items(), strict=False):
            x = np.array(each)
            if not np.issubdtype(x.dtype, np.number) or x.dtype == bool:
                named, x = np.unique(x.astype(str), return_inverse=True)
                axes.set_xticks(range(len(named)), [shorten(choice) for choice in named])
                axes.set_xlim(-0.5, len(named) - 0.5)
            elif name in logarithmic:
                axes.set_xscale("log")
                axes.minorticks_off()
                ticks = _powers(float(x.min()), float(x.max()))
                axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            _dots(axes, x, wrong, finished)
            axes.plot(x[best], wrong[best], "o", color=VERMILLION, markersize=9, label="best")
            _scale(axes, wrong, finished)
            axes.set_xlabel(name)
        for axes in grid[:, 0]:
            axes.set_ylabel("validation accuracy")
        for axes in grid.flat[len(values) :]:
            axes.set_visible(False)
        figure.suptitle("Each trial, by the values of its settings", x=0.01, ha="left", weight="bold", size=13)
    return figure


def importance(shares: Mapping[str, float]) -> Figure:
    """Draw how much each setting matters.

    Parameters
    ----------
    shares
        By setting, its share, 0–1.
    """
    if not shares:
        raise DataError("no settings to draw: name at least one")
    ordered = sorted(shares.items(), key=lambda item: item[1])
    with new_figure(1.4 + 0.42 * len(ordered)) as figure:
        axes = figure.add_subplot()
        bars = axes.barh([name for name, _ in ordered], [100 * share for _, share in ordered], color=BLUE)
        axes.bar_label(bars, fmt="%.0f %%", padding=4)
        axes.set_xlim(0, 112 * max(shares.values()) or 1)
        axes.set_xlabel("share in what makes a trial one of the best tenth, %")
        axes.grid(visible=False, axis="y")
        axes.set_title(f"What matters most: {ordered[-1][0]}")
    return figure


def _errors(accuracies: Sequence[float]) -> Float64[np.ndarray, "trials"]:
    if not len(accuracies):
        raise DataError("no trials to draw: none was measured")
    return np.maximum(100 * (1 - np.array(accuracies, np.float64)), MIN_ERROR_PERCENT)


def _dots(axes: Axes, x: Any, wrong: Float64[np.ndarray, "trials"], finished: Any) -> None:
    axes.plot(x[finished], wrong[finished], "o", color=SKY, markersize=6, label="finished")
    if not finished.all():
        axes.plot(
            x[~finished], wrong[~finished], "o", color=QUIET, markerfacecolor="none", markersize=5, label="given up"
        )


def _scale(axes: Axes, wrong: Float64[np.ndarray, "trials"], finished: Any) -> None:
    """Leave out what was far from the best: trials with hopeless values would leave no room for the others."""
    shown = wrong[finished]
    limit = max(float(np.quantile(shown, 0.9)), 2 * float(shown.min()))
    scale_by_errors(axes, wrong[wrong <= limit])


def _powers(low: float, high: float) -> list[float]:
    """Choose round values of a logarithmic axis: 1, 2 and 5 per decade, or the powers of ten alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    inside = [tick for tick in ticks if low <= tick <= high]
    return inside if len(inside) <= 4 else [tick for tick in inside if f"{tick:e}".startswith("1.0")]
