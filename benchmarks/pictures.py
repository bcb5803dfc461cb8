"""The picture of the contest: accuracy over time, every contender; run as a module, it draws it anew from the rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

import digits
from benchmarks.contenders import CONTENDERS
from benchmarks.rows import ROOT, read_csv

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

PICTURE = ROOT / "docs" / "pictures" / "contest.png"

# Okabe and Ito's colours, as in the other pictures, for ours; the peers stay quiet
COLORS = {"fast": "#D55E00", "classic": "#56B4E9", "standard": "#0072B2", "cnn": "#009E73"}
PEER, INK, QUIET = "#9a9a9a", "#222222", "#595959"
STYLES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
"""Peers share a grey, so that lines which cross are told apart by their dashes."""

TYPE = 12
"""Points; the picture is 7 inches wide."""
DPI = 160

PLACES = (
    (10, 0, "left", "center"),
    (-6, 7, "right", "bottom"),
    (0, 10, "center", "bottom"),
    (8, 8, "left", "bottom"),
    (10, -10, "left", "top"),
    (-10, 0, "right", "center"),
)
"""Where a name may stand beside its point, the best first: points of type away, and how it is aligned."""

LOWEST = 94.5
"""Percent: below, everybody is still learning what a digit is."""
TICKS = (90, 92, 94, 95, 96, 97, 98, 98.5, 99, 99.3, 99.5, 99.7, 99.8, 99.9)

Line = tuple[list[float], list[float]]
"""Seconds and validation accuracy in percent, an epoch each, means over the seeds."""


def draw(path: Path = PICTURE) -> None:
    """Draw ``results/curves.csv``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digits.figures.save(figure(read_csv("curves")), path)


def figure(rows: Sequence[dict[str, str]]) -> Figure:
    """Give the picture of some rows of ``results/curves.csv``."""
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = {name: line for name in CONTENDERS if (line := mean_line(rows, name))[0]}
    style = {"font.size": float(TYPE), "text.color": INK, "xtick.labelcolor": INK, "ytick.labelcolor": INK}
    with matplotlib.style.context(["default", style]):
        sheet = Figure(figsize=(7.0, 7.2), dpi=DPI)
        FigureCanvasAgg(sheet)
        axes = sheet.add_axes((0.11, 0.09, 0.59, 0.845))
        _scales(axes, lines)
        quiet = 0
        for name, (seconds, accuracy) in lines.items():
            ours = not CONTENDERS[name].peer
            axes.plot(
                seconds,
                [100 - percent for percent in accuracy],
                color=COLORS[name] if ours else PEER,
                linewidth=2.8 if ours else 1.5,
                linestyle="-" if ours else STYLES[quiet % len(STYLES)],
                zorder=3 if ours else 2,
            )
            axes.plot(
                seconds[-1],
                100 - accuracy[-1],
                "o",
                color=COLORS[name] if ours else PEER,
                markersize=8 if ours else 5,
                zorder=4 if ours else 2,
            )
            quiet += not ours
        _name_peers(axes, lines)
        _name_ours(axes, lines)
        axes.set_xlabel("seconds of training, on a logarithmic scale", color=QUIET)
        axes.set_title("Accuracy on validation digits over time", loc="left", fontsize=15, fontweight="bold", pad=12)
        sheet.draw_without_rendering()
    return sheet


def mean_line(rows: Sequence[dict[str, str]], name: str) -> Line:
    """Average the seeds of a contender, epoch by epoch, over those seeds that have the epoch."""
    mine = [row for row in rows if row["contender"] == name]
    epochs = sorted({int(row["epoch"]) for row in mine})
    by_epoch = [[row for row in mine if int(row["epoch"]) == epoch] for epoch in epochs]
    return (
        [mean(float(row["seconds"]) for row in same) for same in by_epoch],
        [100 * mean(float(row["validation_accuracy"]) for row in same) for same in by_epoch],
    )


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move sorted positions as little as makes them ``gap`` apart, between ``low`` and ``high``."""
    # neighbours that are too near form a block about the mean of what they want; blocks that meet become one
    blocks: list[tuple[float, int]] = []  # the lowest label's mean wish, and how many there are
    for position in wanted:
        start, count = position, 1
        while blocks and start < blocks[-1][0] + gap * blocks[-1][1]:
            before, more = blocks.pop()
            start = (before * more + (start - gap * more) * count) / (more + count)
            count += more
        blocks.append((start, count))
    placed = [start + gap * step for start, count in blocks for step in range(count)]
    for i, position in enumerate(placed):
        placed[i] = max(position, low + gap * i)
    for i in range(len(placed)):
        back = len(placed) - 1 - i
        placed[back] = min(placed[back], high - gap * i)
    return placed


def _scales(axes: Axes, lines: dict[str, Line]) -> None:
    ends = [accuracy[-1] for _, accuracy in lines.values()]
    worst = 100 - min(LOWEST, min(ends) - 0.5)
    best = 0.8 * max(min(100 - percent for _, accuracy in lines.values() for percent in accuracy), 0.01)
    first, last = (pick(seconds) for pick, seconds in ((min, _seconds(lines)), (max, _seconds(lines))))
    axes.set(xscale="log", yscale="log", xlim=(first / 1.3, 1.15 * last), ylim=(worst, best))
    axes.minorticks_off()
    ticks = [tick for tick in TICKS if best <= 100 - tick <= worst]
    axes.set_yticks([100 - tick for tick in ticks], [f"{tick:g} %" for tick in ticks])
    marks = [mark for mark in (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000) if first / 1.3 <= mark <= 1.15 * last]
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.grid(visible=True, color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)


def _seconds(lines: dict[str, Line]) -> list[float]:
    """Give the times of all that is high enough to be seen, and of every end."""
    ends = [seconds[-1] for seconds, _ in lines.values()]
    points = [point for line in lines.values() for point in zip(*line, strict=True)]
    return ends + [seconds for seconds, percent in points if percent >= LOWEST]


def _name_peers(axes: Axes, lines: dict[str, Line]) -> None:
    """Write their names in a column beside the axes, with a thin line from where each ended."""
    low, high = (axes.transData.transform((1, wrong))[1] for wrong in axes.get_ylim())
    ends = {name: _end(axes, line) for name, line in lines.items() if CONTENDERS[name].peer}
    names = sorted(ends, key=lambda name: (ends[name][1], -ends[name][0]))
    gap = 1.5 * TYPE * DPI / 72
    heights = apart([ends[name][1] for name in names], gap, low + gap / 2, high - gap / 2)
    for name, height in zip(names, heights, strict=True):
        axes.annotate(
            CONTENDERS[name].label,
            xy=(lines[name][0][-1], 100 - lines[name][1][-1]),
            xytext=(1.08, (height - low) / (high - low)),
            textcoords="axes fraction",
            ha="left",
            va="center",
            color=QUIET,
            arrowprops={"arrowstyle": "-", "color": "#c8c8c8", "linewidth": 0.9, "shrinkB": 4, "relpos": (0, 0.5)},
            zorder=1,
            annotation_clip=False,
        )


def _name_ours(axes: Axes, lines: dict[str, Line]) -> None:
    """Write our names beside where each ended, where the fewest lines pass and no other name stands."""
    import matplotlib.patheffects
    from matplotlib.text import Text

    drawn = np.concatenate([_pixels(axes, line) for line in lines.values()])
    frame = axes.get_window_extent()
    # an annotation's own extent has its thin line in it
    taken = [Text.get_window_extent(text) for text in axes.texts]
    for name, line in lines.items():
        if CONTENDERS[name].peer:
            continue
        found: list[tuple[int, int, Annotation, Bbox]] = []
        for x, y, across, up in PLACES:
            text = axes.annotate(
                CONTENDERS[name].label,
                xy=(line[0][-1], 100 - line[1][-1]),
                xytext=(x, y),
                textcoords="offset points",
                ha=across,
                va=up,
                fontsize=TYPE + 1,
                fontweight="bold",
                color=COLORS[name],
                zorder=5,
                path_effects=[matplotlib.patheffects.withStroke(linewidth=4, foreground="white")],
            )
            box = text.get_window_extent()
            hidden = int(box.count_contains(drawn)) + 1000 * box.count_overlaps(taken)
            outside = box.x0 < frame.x0 or box.y0 < frame.y0 or box.y1 > frame.y1
            found.append((hidden + 1000 * outside, len(found), text, box))
        *others, best = sorted(found, key=lambda place: place[:2], reverse=True)
        for _, _, text, _ in others:
            text.remove()
        taken.append(best[3])


def _end(axes: Axes, line: Line) -> tuple[float, float]:
    x, y = axes.transData.transform((line[0][-1], 100 - line[1][-1]))
    return float(x), float(y)


def _pixels(axes: Axes, line: Line) -> Float64[np.ndarray, "points 2"]:
    """Give points along a drawn line, a few pixels apart."""
    corners = axes.transData.transform(np.stack([line[0], 100 - np.array(line[1])], axis=1))
    steps = np.linspace(0, 1, 40)[:, None]
    between = [before + (after - before) * steps for before, after in pairwise(corners)]
    return np.concatenate([corners, *between])


if __name__ == "__main__":
    draw()
