"""The documentation's pictures of the contest, of synthetic handwriting, and of a page that is read.

``python -m benchmarks.pictures`` draws them anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import digits
from benchmarks.contest import CONTENDERS
from benchmarks.results import ROOT, Row, read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PICTURES = ROOT / "docs" / "pictures"
CONTEST, SYNTHETIC, EXPLAINED = (PICTURES / name for name in ("contest.png", "pen.jpg", "explained.png"))

# --- accuracy over time -----------------------------------------------------------------------------------------------

# Okabe and Ito's colours, as in the other pictures, for our recipes; the peers stay quiet
COLOURS = {"fast": "#D55E00", "classic": "#56B4E9", "standard": "#0072B2", "cnn": "#009E73"}
PEER, INK, QUIET = "#9a9a9a", "#222222", "#595959"
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
"""Peers share a grey, so that lines which cross differ by their dashes."""

LOWEST = 94.5
"""Percent: below, every network has just begun."""
TICKS = (90, 92, 94, 95, 96, 97, 98, 98.5, 99, 99.3, 99.5, 99.7, 99.8, 99.9)
TYPE, DPI = 12, 160

Line = tuple[list[float], list[float]]
"""Seconds and validation error in percent, one point per epoch, means over the seeds."""


def draw_contest(path: Path = CONTEST) -> None:
    """Draw ``results/curves.csv``."""
    from digits.evaluation import figures

    figures.save(figure(read_rows("curves")), path)


def figure(rows: Sequence[Row]) -> Figure:
    """Draw validation accuracy over time, a line per contender, its name beside the axes."""
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = {name: line for name in CONTENDERS if (line := mean_line(rows, name))[0]}
    style = {"font.size": float(TYPE), "text.color": INK, "xtick.labelcolor": INK, "ytick.labelcolor": INK}
    with matplotlib.style.context(["default", style]):
        sheet = Figure(figsize=(7.0, 7.2), dpi=DPI)
        FigureCanvasAgg(sheet)
        axes = sheet.add_axes((0.11, 0.09, 0.59, 0.845))
        _scale(axes, lines)
        peers = [name for name in lines if CONTENDERS[name].peer]
        for name, (seconds, errors) in lines.items():
            if name in peers:
                dashes = DASHES[peers.index(name) % len(DASHES)]
                axes.plot(seconds, errors, color=PEER, linewidth=1.5, linestyle=dashes)
            else:
                axes.plot(seconds, errors, color=COLOURS[name], linewidth=2.8, zorder=3)
            axes.plot(seconds[-1], errors[-1], "o", color=COLOURS.get(name, PEER), markersize=6, zorder=4)
        _name(axes, lines)
        axes.set_xlabel("seconds of training, logarithmic scale", color=QUIET)
        axes.set_title(
            "Validation accuracy over time; our recipes in colour", loc="left", fontsize=14, fontweight="bold", pad=12
        )
        sheet.draw_without_rendering()
    return sheet


def mean_line(rows: Sequence[Row], name: str) -> Line:
    """Average the seeds of a contender, epoch by epoch, over those seeds that have the epoch."""
    points: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        if row.case == name:
            points.setdefault(row.variant, {}).setdefault(row.metric, []).append(row.value or 0)
    seconds = [mean(point["training time"]) for point in points.values()]
    return seconds, [100 - 100 * mean(point["validation accuracy"]) for point in points.values()]


def _scale(axes: Axes, lines: dict[str, Line]) -> None:
    ends = [(seconds[-1], errors[-1]) for seconds, errors in lines.values()]
    seen = [point for line in lines.values() for point in zip(*line, strict=True) if point[1] <= 100 - LOWEST] + ends
    worst = max(100 - LOWEST, 0.5 + max(error for _, error in ends))
    best = 0.8 * max(min(error for _, error in seen), 0.01)
    first, last = min(seen)[0] / 1.3, 1.15 * max(seen)[0]
    axes.set(xscale="log", yscale="log", xlim=(first, last), ylim=(worst, best))
    axes.minorticks_off()
    ticks = [tick for tick in TICKS if best <= 100 - tick <= worst]
    axes.set_yticks([100 - tick for tick in ticks], [f"{tick:g} %" for tick in ticks])
    marks = [mark for mark in (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000) if first <= mark <= last]
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.grid(visible=True, color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)


def _name(axes: Axes, lines: dict[str, Line]) -> None:
    """Write our names beside where each line ended, and the peers' in a column with a thin line to there."""
    from matplotlib.patheffects import withStroke

    ends = {name: (seconds[-1], errors[-1]) for name, (seconds, errors) in lines.items()}
    for name in COLOURS.keys() & ends:
        style: dict[str, Any] = {"color": COLOURS[name], "fontsize": TYPE + 1, "fontweight": "bold", "zorder": 5}
        outline = [withStroke(linewidth=4, foreground="white")]
        axes.annotate(name, ends[name], (9, 0), textcoords="offset points", va="center", path_effects=outline, **style)
    low, high = (float(axes.transData.transform((1, error))[1]) for error in axes.get_ylim())
    heights = {name: float(axes.transData.transform(ends[name])[1]) for name in ends.keys() - COLOURS}
    names = sorted(heights, key=lambda name: (heights[name], -ends[name][0]))
    gap = 1.5 * TYPE * DPI / 72
    places = spread([heights[name] for name in names], gap, low + gap / 2, high - gap / 2)
    for name, place in zip(names, places, strict=True):
        line = {"arrowstyle": "-", "color": "#c8c8c8", "linewidth": 0.9, "shrinkB": 4, "relpos": (0, 0.5)}
        axes.annotate(
            CONTENDERS[name].label,
            ends[name],
            (1.08, (place - low) / (high - low)),
            textcoords="axes fraction",
            va="center",
            color=QUIET,
            arrowprops=line,
            zorder=1,
            annotation_clip=False,
        )


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move sorted positions until they are ``gap`` apart, between ``low`` and ``high``."""
    up, down = list(wanted), list(wanted)
    for i in range(len(up)):
        up[i] = max(up[i], up[i - 1] + gap if i else low)
        down[-1 - i] = min(down[-1 - i], down[-i] - gap if i else high)
    # their mean moves neighbours both ways, and keeps their distance
    return [
        min(max(mean(pair), low + gap * i), high - gap * (len(up) - 1 - i))
        for i, pair in enumerate(zip(up, down, strict=True))
    ]


# --- synthetic handwriting --------------------------------------------------------------------------------------------

WIDTH, MARGIN, TITLE = 1200, 20, 24
COLUMNS, ROWS = 24, 3
PAGES, PAGE, READ_PAGE = (27, 12, 15, 5, 33, 2), (373, 250), 95
"""Seeds and size of the pages, chosen to show many kinds of paper, pen and light; and the page that is read."""
BOX = (213, 94, 0)


def synthetic_handwriting() -> Image.Image:
    """Compose digits, simulated photographs of them, and pages, a title above each."""
    from digits.synthesis import simulate_photos

    images = digits.synthesize(COLUMNS * ROWS, 4).images
    parts = {
        "Synthetic digits": _grid(images),
        "Simulated photographs of them on all kinds of paper, read back": _grid(simulate_photos(images, 0)),
        "Synthetic pages, with the text of each line and the box of each digit": _pages(),
    }
    sheet = Image.new(
        "RGB", (WIDTH, MARGIN + sum(part.height + 2 * TITLE + MARGIN for part in parts.values())), "white"
    )
    top = MARGIN
    for title, part in parts.items():
        ImageDraw.Draw(sheet).text((MARGIN, top), title, INK, ImageFont.load_default(TITLE))
        sheet.paste(part, (MARGIN, top + round(1.6 * TITLE)))
        top += part.height + 2 * TITLE + MARGIN
    return sheet


def _grid(images: np.ndarray) -> Image.Image:
    rows = 255 - images.reshape(ROWS, COLUMNS, 28, 28).transpose(0, 2, 1, 3).reshape(ROWS * 28, COLUMNS * 28)
    wide = WIDTH - 2 * MARGIN
    return Image.fromarray(rows).resize((wide, round(wide * ROWS / COLUMNS)), Image.Resampling.BICUBIC).convert("RGB")


def _pages() -> Image.Image:
    from digits.synthesis import synthesize_page

    across = (WIDTH - MARGIN) // (PAGE[0] + MARGIN)
    down = -(-len(PAGES) // across)
    sheet = Image.new("RGB", (WIDTH - 2 * MARGIN, down * (PAGE[1] + 2 * MARGIN)), "white")
    for place, seed in enumerate(PAGES):
        page = synthesize_page(seed, size=(2 * PAGE[1], 2 * PAGE[0]))
        shown = Image.fromarray(page.picture).resize(PAGE, Image.Resampling.LANCZOS)
        for x, y, wide, high in page.boxes / 2:
            ImageDraw.Draw(shown).rectangle((x, y, x + wide, y + high), outline=BOX)
        left, top = (place % across) * (PAGE[0] + MARGIN), (place // across) * (PAGE[1] + 2 * MARGIN)
        sheet.paste(shown, (left, top))
        text = " | ".join(page.lines)
        caption = text if len(text) < 44 else f"{text[:42]} …"
        ImageDraw.Draw(sheet).text((left, top + PAGE[1] + 4), caption, INK, ImageFont.load_default(16))
    return sheet


def draw_explained(path: Path = EXPLAINED) -> None:
    """Draw how a page is read."""
    from digits.inference import explain
    from digits.synthesis import synthesize_page

    page = synthesize_page(READ_PAGE).picture
    explain(digits.Reader().read(page, name="page.jpg"), path)


if __name__ == "__main__":
    draw_contest()
    synthetic_handwriting().save(SYNTHETIC, quality=82, optimize=True)  # JPEG, since it holds photographs
    draw_explained()
