"""Loss and accuracy per epoch, of one run or of several recipes."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.errors import DataError
from digits.evaluation.figures.style import BLUE, PALETTE, QUIET, VERMILLION, new_figure, shorten
from digits.shapes import Float64

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

History = Sequence[Any]
"""One row per epoch: a mapping, or an object as `digits.fit` returns, with at least epoch, train_loss, train_accuracy,
validation_loss and validation_accuracy."""

Values = Float64[np.ndarray, "epochs"]

MIN_ERROR_PERCENT = 0.01
"""1 error in 10,000: a scale that is logarithmic in errors cannot reach 0."""


def loss_curves(history: History, note: str = "") -> Figure:
    """Draw training and validation loss over one epoch or more, with a note below the axis."""
    epochs, train, validation = _columns(history, "loss")
    with new_figure(4.2) as figure:
        axes = figure.add_subplot()
        best = _draw(axes, epochs, train, validation)
        low, high = _limits(train, validation)
        lowest, highest = _limits(validation)
        if low > 0 and highest / lowest > 20:
            # on a linear scale all but the first epochs would lie on the axis; where only the training loss vanishes,
            # a linear scale shows better how the two diverge
            axes.set_yscale("log")
            axes.minorticks_off()
            ticks = _ticks(low / 1.2, high * 1.2)
            axes.set_yticks(ticks, [f"{loss:g}" for loss in ticks])
            axes.set_ylim(low / 1.2, high * 1.2)
        else:
            axes.set_ylim(0, 1.06 * high)
        axes.legend(loc="upper right")
        found = "" if best is None else f"{validation[best]:.4f}"
        _finish(axes, note, "loss", "lowest", epochs, best, found)
    return figure


def accuracy_curves(history: History, note: str = "") -> Figure:
    """Draw training and validation accuracy over the epochs, on a scale that is logarithmic in errors.

    From 98 % to 99 % is as far as from 96 % to 98 %: each step halves the errors. Accuracies are fractions 0–1.
    """
    epochs, train, validation = _columns(history, "accuracy")
    wrong = [np.maximum(100 * (1 - accuracy), MIN_ERROR_PERCENT) for accuracy in (train, validation)]
    with new_figure(4.2) as figure:
        axes = figure.add_subplot()
        best = _draw(axes, epochs, *wrong)
        scale_by_errors(axes, *wrong)
        axes.legend(loc="lower right")
        found = "" if best is None else f"{validation[best]:.2%}".replace("%", " %")
        _finish(axes, note, "accuracy", "best", epochs, best, found)
    return figure


def compared_accuracy(recipes: Mapping[str, Sequence[History]], over: str = "epoch") -> Figure:
    """Draw the validation accuracy of several recipes: the mean over their runs, and the range of these as a band.

    Parameters
    ----------
    recipes
        By name, the histories of the runs of each; those of one recipe are drawn as far as the shortest.
    over
        ``epoch``, or ``seconds`` of training, which are the mean over the runs.
    """
    from matplotlib.ticker import MaxNLocator

    with new_figure(4.6) as figure:
        axes = figure.add_subplot()
        lines = []
        for (name, histories), color in zip(recipes.items(), itertools.cycle(PALETTE), strict=False):
            rows = [[_row(row) for row in history] for history in histories]
            n_epochs = min(map(len, rows))
            if not n_epochs:
                raise DataError(f"no epochs to draw: a run of {name} has an empty history")
            accuracy, seconds = (
                np.array([[row[key] for row in history[:n_epochs]] for history in rows], np.float64)
                for key in ("validation_accuracy", "seconds")
            )
            wrong = np.maximum(100 * (1 - accuracy), MIN_ERROR_PERCENT)
            x = np.arange(1.0, n_epochs + 1) if over == "epoch" else seconds.mean(0).cumsum()
            marker = "o" if n_epochs <= 20 else ""
            axes.plot(x, wrong.mean(0), color=color, marker=marker, markersize=5, label=shorten(name, 40))
            axes.fill_between(x, wrong.min(0), wrong.max(0), color=color, alpha=0.2, linewidth=0)
            lines.append(wrong.ravel())
        scale_by_errors(axes, np.concatenate(lines))
        axes.set(xlabel=over if over == "epoch" else "seconds of training", ylabel="validation accuracy")
        if over == "epoch":
            axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
        axes.set_title("Mean over the seeds, with their range")
        axes.legend(loc="best")
    return figure


def _row(row: Any) -> Mapping[str, Any]:
    return row if isinstance(row, Mapping) else vars(row)


def _columns(history: History, what: str) -> tuple[Values, Values, Values]:
    if not len(history):
        raise DataError("no epochs to draw: the history is empty")
    keys = ("epoch", f"train_{what}", f"validation_{what}")
    rows = [_row(row) for row in history]
    epochs, train, validation = (np.array([row[key] for row in rows], np.float64) for key in keys)
    return epochs, train, validation


def _draw(axes: Axes, epochs: Values, train: Values, validation: Values) -> int | None:
    """Draw both lines with a ring around the epoch where validation is lowest, and return its index."""
    marker = "o" if len(epochs) <= 20 else ""
    axes.plot(epochs, train, color=VERMILLION, linestyle=(0, (4, 1.5)), marker=marker, markersize=5, label="training")
    axes.plot(epochs, validation, color=BLUE, marker=marker, markersize=5, label="validation")
    if not np.isfinite(validation).any():
        return None
    best = int(np.nanargmin(np.where(np.isfinite(validation), validation, np.nan)))
    axes.plot(epochs[best], validation[best], "o", color=BLUE, markersize=12, markerfacecolor="none", markeredgewidth=2)
    return best


def scale_by_errors(axes: Axes, *wrong: Values) -> None:
    """Make the scale of percentages of errors logarithmic, with the accuracy as its labels, best on top."""
    low, high = _limits(*wrong)
    margin = max((high / low) ** 0.06, 1.15)
    low, high = low / margin, min(high * margin, 100.0)
    axes.set_yscale("log")
    ticks = _ticks(low, high)
    axes.minorticks_off()
    axes.set_yticks(ticks, [f"{100 - error:.6g} %" for error in ticks])
    axes.set_ylim(high, low)


def _limits(*lines: Values) -> tuple[float, float]:
    values = np.concatenate(lines)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max()) or 1.0) if len(values) else (1.0, 100.0)


def _ticks(low: float, high: float) -> list[float]:
    """Choose round values from ``low`` to ``high``: 1, 2, 5 per decade, finer in a narrow range."""
    from matplotlib.ticker import MaxNLocator

    for digits in ((1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        decades = (digit * 10.0**power for power in range(-3, 3) for digit in digits)
        ticks = [tick for tick in decades if low <= tick <= high]
        if len(ticks) >= 3:
            return ticks
    return [float(tick) for tick in MaxNLocator(6).tick_values(low, high) if low <= tick <= high]


def _finish(axes: Axes, note: str, what: str, superlative: str, epochs: Values, best: int | None, found: str) -> None:
    from matplotlib.ticker import MaxNLocator

    if best is None:
        title = f"Validation {what} was not measured, or is not a number"
    elif len(epochs) == 1:
        title = f"Validation {what} after one epoch: {found}"
    else:
        title = f"Validation {what} is {superlative} in epoch {epochs[best]:.0f}: {found}"
    axes.set(title=title, ylabel=what)
    axes.set_xlabel("epoch" + "".join(f"\n{line}" for line in textwrap.wrap(note, 66)))
    axes.xaxis.label.set_color(QUIET)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    margin = 0.03 * (epochs[-1] - epochs[0]) or 0.5
    axes.set_xlim(epochs[0] - margin, epochs[-1] + margin)
