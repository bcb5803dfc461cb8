"""Confusion matrix, reliability diagram, and differences with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from digits.errors import DataError
from digits.evaluation.calibration import expected_calibration_error, reliability_bins
from digits.evaluation.figures.style import BLUE, GROUND, INK, QUIET, SKY, VERMILLION, new_figure, shorten
from digits.evaluation.metrics import largest_confusions, pad_class_names, wilson_interval
from digits.shapes import Int64
from digits.types import Labels, Probabilities

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion(confusion: Int64[np.ndarray, "10 10"], classes: Sequence[str]) -> Figure:
    """Draw a confusion matrix: errors coloured by their number, correct predictions on a grey diagonal.

    Classes without a name are left out if they have no digits.
    """
    if not confusion.any():
        raise DataError("no digits to show: the confusion matrix holds only zeros")
    used = [k for k in range(len(confusion)) if k < len(classes) or confusion[k].any() or confusion[:, k].any()]
    names = [shorten(name) for name in pad_class_names(classes)]
    counts = confusion[np.ix_(used, used)]
    wrong = np.where(np.eye(len(used), dtype=bool), 0, counts)
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    shades = LinearSegmentedColormap.from_list("errors", ["#fdf0e6", VERMILLION, "#7a3500"]).with_extremes(bad=GROUND)
    with new_figure(6.8) as figure:
        axes = figure.add_subplot()
        # the square root keeps a single error visible beside a frequent one
        shade = np.sqrt(wrong / max(wrong.max(), 1))
        axes.imshow(np.ma.masked_equal(shade, 0), cmap=shades, vmin=0, vmax=1)
        for (i, j), count in np.ndenumerate(counts):
            if count or i == j:
                weight, color = ("normal", QUIET) if i == j else ("bold", GROUND if shade[i, j] > 0.6 else INK)
                axes.text(j, i, f"{count}", ha="center", va="center", color=color, fontsize=11, fontweight=weight)
        for i in range(len(used)):
            axes.add_patch(Rectangle((i - 0.5, i - 0.5), 1, 1, facecolor="#eeeeee", edgecolor="#e3e3e3"))
        shown = [names[k] for k in used]
        axes.set_xticks(range(len(used)), shown)
        wordy = max(map(len, shown)) > 3
        if wordy:
            for label in axes.get_xticklabels():
                label.set(rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(used)), shown)
        axes.set_xticks(np.arange(len(used) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(used) + 1) - 0.5, minor=True)
        axes.grid(visible=False)
        axes.grid(visible=True, which="minor")
        axes.tick_params(which="both", length=0)
        axes.spines[:].set_visible(False)
        axes.set(xlabel="predicted class", ylabel="true class")
        title = f"{wrong.sum():,} {'error' if wrong.sum() == 1 else 'errors'} in {counts.sum():,}"
        for worst in largest_confusions(confusion, limit=1):
            title += ";\n" if wordy else "; "
            title += f"most often {names[worst.truth]} is read as {names[worst.predicted]} ({worst.n:,})"
        axes.set_title(title)
    return figure


def reliability(probabilities: Probabilities, labels: Labels) -> Figure:
    """Draw a reliability diagram: accuracy against confidence, with 95 % intervals, above the number of digits per bin.

    Fifteen bins of equal width as in Guo et al. 2017; intervals of Wilson 1927.
    """
    found = reliability_bins(probabilities, labels)
    error = expected_calibration_error(probabilities, labels)
    filled = found.count > 0
    confidence, accuracy, count = found.confidence[filled], found.accuracy[filled], found.count[filled]
    limits = np.array([wilson_interval(round(a * n), int(n)) for a, n in zip(accuracy, count, strict=True)])
    whiskers = np.maximum(np.abs(limits.T - accuracy), 0)
    shares = np.linspace(0, 1, 6)
    percents = [f"{100 * share:.0f} %" for share in shares]
    with new_figure(6.4) as figure:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.2])
        top.plot([0, 1], [0, 1], color=QUIET, linestyle=(0, (4, 2)), linewidth=1.4, label="perfect calibration")
        top.errorbar(
            confidence, accuracy, whiskers, color=BLUE, fmt="o", markersize=7, elinewidth=1.6, capsize=3,
            label="this model, with 95 % intervals",
        )  # fmt: skip
        top.set_yticks(shares, percents)
        top.set(xlim=(0, 1.02), ylim=(0, 1.05), ylabel="accuracy")
        top.legend(loc="upper left")
        top.set_title(f"Calibration error (ECE): {100 * error:.1f} percentage points")
        bottom.bar(found.edges[:-1], found.count, width=np.diff(found.edges), align="edge", color=SKY, edgecolor=GROUND)
        bottom.set_yscale("log")
        powers = [10**power for power in range(len(str(int(count.max()))) + 1)]
        bottom.set_yticks(powers, [f"{power:,}" for power in powers])
        bottom.minorticks_off()
        bottom.set_ylim(0.5, 2 * count.max())
        bottom.set_xticks(shares, percents)
        bottom.set(xlabel="confidence", ylabel="digits")
    return figure


def differences(
    names: Sequence[str], values: Sequence[float], intervals: Sequence[tuple[float, float]], shown: Sequence[bool]
) -> Figure:
    """Draw differences of accuracies with their 95 % intervals, one per line; those that are not shown are grey.

    Values and limits are shares, as accuracies are; the axis counts percentage points.
    """
    if not len(names):
        raise DataError("no differences to draw: pass at least one")
    with new_figure(1.3 + 0.45 * len(names)) as figure:
        axes = figure.add_subplot()
        axes.axvline(0, color=QUIET, linewidth=1.4)
        for line, (value, (low, high), is_shown) in enumerate(zip(values, intervals, shown, strict=True)):
            color = BLUE if is_shown else QUIET
            axes.plot([100 * low, 100 * high], [line, line], color=color, linewidth=2.2)
            axes.plot(100 * value, line, "o", color=color, markersize=7)
        axes.set_yticks(range(len(names)), [shorten(name, 44) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("difference in percentage points")
        figure.suptitle("Differences, with 95 % intervals", x=0.02, ha="left", fontweight="bold", fontsize=13)
    return figure
