"""Digits and weights in a grid, dark ink on white paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from digits.errors import DataError
from digits.evaluation.calibration import check_pairs
from digits.evaluation.figures.style import GROUND, QUIET, VERMILLION, WIDTH, format_percent, new_figure, shorten
from digits.evaluation.metrics import pad_class_names
from digits.shapes import Float32, Shaped, UInt8
from digits.types import SIDE, Images, Labels, Probabilities

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 4
"""Pixels between two digits."""

SAMPLES_PER_CLASS = 12

MAX_UNITS = 64
"""Hidden units shown by `first_layer`."""


def sample_digits(
    images: Images, labels: Labels, classes: Sequence[str], seed: int = 0, title: str = "Samples of each class"
) -> Figure:
    """Show up to twelve random digits of each class, one row per class; classes without digits are left out."""
    if not len(images):
        raise DataError("no digits to show: pass at least one labelled digit")
    rng = np.random.default_rng(seed)
    names, present = pad_class_names(classes), np.unique(labels)
    grid = np.zeros((len(present), SAMPLES_PER_CLASS, SIDE, SIDE), np.uint8)
    for row, k in enumerate(present):
        chosen = rng.permutation(np.flatnonzero(labels == k))[:SAMPLES_PER_CLASS]
        grid[row, : len(chosen)] = images[chosen]
    page = _stacked(_spaced(grid))
    with new_figure((WIDTH - 0.5) * page.shape[0] / page.shape[1] + 0.4) as figure:
        axes = _paper(figure, page)
        axes.set_yticks(_centres(len(present)), [shorten(names[k], 18) for k in present])
        axes.set_title(title)
    return figure


def augmented_digits(originals: Images, augmented: UInt8[np.ndarray, "k m 28 28"]) -> Figure:
    """Show each of ``k`` digits and, to its right, ``m`` augmented variations of it."""
    if not augmented.size or len(originals) != len(augmented):
        raise DataError(f"{len(originals)} digits but variations of {len(augmented)}: pass some for each digit")
    blank = np.zeros((len(originals), SIDE, SIDE // 2), np.uint8)
    page = _stacked(np.concatenate([originals, blank, _spaced(augmented)], axis=2))
    with new_figure((WIDTH - 0.3) * page.shape[0] / page.shape[1] + 0.8) as figure:
        axes = _paper(figure, page)
        middle = SIDE * 1.5 + (page.shape[1] - SIDE * 1.5) / 2
        axes.set_xticks([SIDE / 2, middle], ["original", "augmented, differently each time"])
        axes.xaxis.tick_top()
        axes.axvline(SIDE * 1.25 - 0.5, color=QUIET, linewidth=1)
        axes.set_title("Every epoch trains on new variations of each digit")
    return figure


def mistakes(
    images: Images, labels: Labels, probabilities: Probabilities, classes: Sequence[str], limit: int = 30
) -> Figure:
    """Show the most confident errors, at most `limit`: true class → predicted class, and the confidence."""
    check_pairs("probabilities", probabilities, labels)
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    if not len(wrong):
        with new_figure(1.0) as figure:
            figure.suptitle(f"No errors in {len(labels):,} digits", x=0.02, ha="left", fontweight="bold", fontsize=13)
        return figure
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")][:limit]
    names = [shorten(name) for name in pad_class_names(classes)]
    wordy = max(map(len, names)) > 2
    columns, text = (5, 24) if wordy else (6, 16)
    rows = -(-len(shown) // columns)
    grid = np.zeros((rows, columns, SIDE + text, SIDE), np.uint8)
    grid.reshape(-1, SIDE + text, SIDE)[: len(shown), :SIDE] = images[shown]
    page = _stacked(_spaced(grid))
    with new_figure((WIDTH - 0.5) * page.shape[0] / page.shape[1] + 0.4) as figure:
        axes = _paper(figure, page)
        for place, i in enumerate(shown):
            x = _centres(columns)[place % columns]
            y = (place // columns) * (SIDE + text + GAP) + SIDE
            pair = f"{names[labels[i]]} →{chr(10) if wordy else ' '}{names[predicted[i]]}"
            axes.text(x, y, pair, ha="center", va="top", color=VERMILLION, fontweight="bold", fontsize=11)
            below = y + (15 if wordy else 8)
            axes.text(x, below, format_percent(float(confidence[i])), ha="center", va="top", color=QUIET, fontsize=11)
        which = "The only error" if len(wrong) == 1 else f"The {len(shown)} most confident of {len(wrong):,} errors"
        axes.set_title(f"{which}: true → predicted")
    return figure


def disagreements(
    images: Images, labels: Labels, predicted: Labels, classes: Sequence[str], better: str, worse: str, limit: int = 24
) -> Figure:
    """Show digits that one recipe reads and another does not: true class → the class that the other predicts.

    Parameters
    ----------
    images, labels, predicted
        The digits, the clearest first, their classes, and what `worse` predicts for them.
    classes
        The names of the classes.
    better, worse
        The names of the two recipes.
    limit
        Digits to show, at most.
    """
    columns, text = 12, 10
    title = f"{shorten(better, 30)} reads {len(images):,} that {shorten(worse, 30)} misreads"
    if not len(images):
        with new_figure(1.0) as figure:
            figure.suptitle(title, x=0.02, ha="left", fontweight="bold", fontsize=13)
        return figure
    shown = min(len(images), limit)
    names = [shorten(name, 4) for name in pad_class_names(classes)]
    rows = -(-shown // columns)
    grid = np.zeros((rows, columns, SIDE + text, SIDE), np.uint8)
    grid.reshape(-1, SIDE + text, SIDE)[:shown, :SIDE] = images[:shown]
    page = _stacked(_spaced(grid))
    with new_figure((WIDTH - 0.5) * page.shape[0] / page.shape[1] + 0.5) as figure:
        axes = _paper(figure, page)
        for place in range(shown):
            x = _centres(columns)[place % columns]
            y = (place // columns) * (SIDE + text + GAP) + SIDE
            pair = f"{names[labels[place]]} → {names[predicted[place]]}"
            axes.text(x, y, pair, ha="center", va="top", color=VERMILLION, fontweight="bold", fontsize=11)
        axes.set_title(title)
    return figure


def first_layer(weights: Float32[np.ndarray, "units 784"], smoothing: float = 0.0) -> Figure:
    """Show the weights of the first layer, one row per hidden unit: ink on red excites a unit, ink on blue inhibits it.

    The 64 units with the largest weights are shown, strongest first, on one scale that is symmetric about 0.

    Parameters
    ----------
    weights
        Of each unit, one per pixel.
    smoothing
        Standard deviation of the Gaussian that smooths each picture, in pixels; 0 shows the weights as they are.
    """
    if weights.ndim != 2 or weights.shape[1] != SIDE**2 or not len(weights):
        raise DataError(f"weights of the first layer must be [units, {SIDE**2}], not {list(weights.shape)}")
    pictures = _smooth(weights.reshape(-1, SIDE, SIDE), smoothing)
    strongest = np.argsort(-np.linalg.norm(pictures, axis=(1, 2)), kind="stable")
    shown = pictures[strongest[:MAX_UNITS]]
    columns = min(8, len(shown))
    grid = np.full((-(-len(shown) // columns), columns, SIDE, SIDE), np.nan, np.float32)
    grid.reshape(-1, SIDE, SIDE)[: len(shown)] = shown
    # a few large weights must not fade all others
    limit = float(np.percentile(np.abs(shown), 99.5)) or 1.0
    page = _stacked(_spaced(grid, np.nan), np.nan)
    # a single row of units is lower than the text beside it
    with new_figure(max((WIDTH - 1.2) * page.shape[0] / page.shape[1] + 0.6, 3.2)) as figure:
        axes = figure.add_subplot()
        picture = axes.imshow(page, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
        axes.set_axis_off()
        part = f"the {MAX_UNITS} strongest of " if len(weights) > MAX_UNITS else "the "
        axes.set_title(f"Weights of {part}{len(weights):,} hidden units")
        bar = figure.colorbar(picture, ax=axes, shrink=0.6, extend="both", ticks=[-limit, 0, limit])
        bar.ax.set_yticklabels([f"−{limit:.2g}", "0", f"+{limit:.2g}"])
        bar.set_label("red excites, blue inhibits")
        bar.outline.set_visible(False)
    return figure


def _smooth(pictures: Float32[np.ndarray, "n 28 28"], deviation: float) -> Float32[np.ndarray, "n 28 28"]:
    """Smooth pictures with a Gaussian, along rows and columns in turn; outside there are zeros."""
    if not deviation:
        return pictures
    reach = int(np.ceil(3 * deviation))
    factors = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    factors = (factors / factors.sum()).astype(np.float32)
    for axis in (1, 2):
        padded = np.pad(pictures, [(reach, reach) if each == axis else (0, 0) for each in range(3)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(factors), axis=axis)
        pictures = windows @ factors
    return pictures


def _spaced(grid: Shaped[np.ndarray, "r c h w"], ground: float = 0) -> Shaped[np.ndarray, "r h w2"]:
    """Lay the columns of a grid side by side, with gaps between."""
    spaced = np.pad(grid, ((0, 0), (0, 0), (0, 0), (0, GAP)), constant_values=ground)
    rows, columns, height, width = spaced.shape
    return spaced.transpose(0, 2, 1, 3).reshape(rows, height, columns * width)[:, :, :-GAP]


def _stacked(rows: Shaped[np.ndarray, "r h w"], ground: float = 0) -> Shaped[np.ndarray, "h2 w"]:
    """Lay rows one below the other, with gaps between."""
    return np.concatenate(np.pad(rows, ((0, 0), (0, GAP), (0, 0)), constant_values=ground))[:-GAP]


def _centres(n: int) -> list[float]:
    return [(SIDE + GAP) * i + (SIDE - 1) / 2 for i in range(n)]


def _paper(figure: Figure, page: UInt8[np.ndarray, "h w"]) -> Axes:
    axes = figure.add_subplot()
    axes.imshow(page, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    axes.set(xticks=[], yticks=[], facecolor=GROUND)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return axes
