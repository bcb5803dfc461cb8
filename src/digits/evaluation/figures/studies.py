"""What studies of a recipe measure: the loss over the learning rate, the accuracy over the training digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from digits.errors import DataError
from digits.evaluation.figures.curves import MIN_ERROR_PERCENT, scale_by_errors
from digits.evaluation.figures.style import BLUE, QUIET, SKY, VERMILLION, new_figure
from digits.shapes import Float64

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_rates(
    rates: Float64[np.ndarray, "steps"],
    losses: Float64[np.ndarray, "steps"],
    smoothed: Float64[np.ndarray, "steps"],
    configured: float,
    suggested: float | None,
    setting: str = "lr",
) -> Figure:
    """Draw the losses of a learning-rate range test over the rate, on a logarithmic axis.

    Parameters
    ----------
    rates
        The learning rate of each step.
    losses, smoothed
        The loss of each step, and the same smoothed.
    configured, suggested
        The rate that the recipe has, and the one to try instead; None where there is none.
    setting
        The name of the setting.
    """
    if not len(rates):
        raise DataError("no losses to draw: the range test has no step")
    with new_figure(4.4) as figure:
        axes = figure.add_subplot()
        axes.plot(rates, losses, ".", color=SKY, markersize=5, label="each batch")
        axes.plot(rates, smoothed, color=BLUE, label="smoothed")
        axes.axvline(configured, color=QUIET, linewidth=1.6, linestyle=(0, (2, 2)), label=f"recipe: {configured:g}")
        if suggested is not None:
            axes.axvline(suggested, color=VERMILLION, label=f"suggested: {suggested:g}")
        axes.set_xscale("log")
        axes.minorticks_off()
        low_power, high_power = np.log10(rates[0]), np.log10(rates[-1])
        powers = np.arange(math.ceil(low_power - 1e-9), math.floor(high_power + 1e-9) + 1)
        axes.set_xticks(10.0**powers, [f"{10.0**power:g}" for power in powers])
        # what explodes at the end would leave no room for the rest
        low, start = float(smoothed.min()), float(smoothed[: max(1, len(smoothed) // 10)].mean())
        room = max(abs(start - low), 0.05 * abs(start), 1e-6)
        axes.set_ylim(min(low, float(np.quantile(losses, 0.02))) - 0.1 * room, start + 0.6 * room)
        axes.set(xlabel=f"learning rate, {setting}", ylabel="training loss")
        axes.legend(loc="best")
        axes.set_title(
            "The loss falls at none of these rates" if suggested is None else f"Suggested learning rate: {suggested:g}"
        )
    return figure


def learning_curve(
    digits: Sequence[int], accuracies: Sequence[Float64[np.ndarray, "_runs"]], remaining: float | None = None
) -> Figure:
    """Draw the accuracy over the number of training digits: a dot per run, and a line through the means.

    Parameters
    ----------
    digits
        How many digits were learned, in rising order.
    accuracies
        For each, the validation accuracy of its runs, 0–1.
    remaining
        The share of the errors that ten times the digits leave, for the title.
    """
    if not len(digits):
        raise DataError("no accuracies to draw: pass at least one number of digits")
    wrong = [np.maximum(100 * (1 - each), MIN_ERROR_PERCENT) for each in accuracies]
    with new_figure(4.4) as figure:
        axes = figure.add_subplot()
        for n, each in zip(digits, wrong, strict=True):
            axes.plot(np.full(len(each), n), each, "o", color=SKY, markersize=6)
        axes.plot(digits, [each.mean() for each in wrong], color=BLUE, marker="o", markersize=5)
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.set_xticks(digits, [f"{n:,}" for n in digits])
        scale_by_errors(axes, np.concatenate(wrong))
        axes.set(xlabel="training digits", ylabel="validation accuracy")
        best = f"{100 - wrong[-1].mean():.2f} %"
        errors = "" if remaining is None else f"{100 * remaining:.0f} % of the errors"
        axes.set_title(f"{best}; ten times the digits, {errors}" if errors else f"{best} with {digits[-1]:,} digits")
    return figure
