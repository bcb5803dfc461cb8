"""The style of all figures: light ground, Okabe–Ito colours, type that stays readable at a width of 800 pixels."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from digits.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito, "Color Universal Design", 2008: distinct with every common colour blindness
BLUE, SKY, VERMILLION = "#0072B2", "#56B4E9", "#D55E00"
PALETTE = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", SKY, "#222222")
INK, QUIET, GROUND = "#222222", "#595959", "#ffffff"

WIDTH = 7.0
"""Inches; at a width of 800 pixels a point is then 1.6 pixels, so the smallest type (11 pt) is 17 pixels high."""

DPI = 160

_STYLE = {
    "axes.axisbelow": True, "axes.edgecolor": QUIET, "axes.grid": True, "axes.labelcolor": INK,
    "axes.spines.right": False, "axes.spines.top": False,
    "axes.titlecolor": INK, "axes.titlelocation": "left", "axes.titlepad": 10.0, "axes.titlesize": 13.0,
    "axes.titleweight": "bold",
    "figure.facecolor": GROUND, "grid.color": "#e3e3e3", "lines.linewidth": 2.2,
    "font.family": ["DejaVu Sans"], "font.size": 12.0, "legend.fontsize": 12.0, "legend.frameon": False,
    "text.color": INK, "text.parse_math": False,  # a class may be called "$5"
    "xtick.color": QUIET, "xtick.labelcolor": INK, "xtick.labelsize": 11.0,
    "ytick.color": QUIET, "ytick.labelcolor": INK, "ytick.labelsize": 11.0,
}  # fmt: skip


@contextmanager
def new_figure(height: float) -> Iterator[Figure]:
    """Yield an empty figure of the standard width and a height in inches, to draw on under the style."""
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", _STYLE]):
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        # ticks take the style of the moment when they are first drawn: this one
        figure.draw_without_rendering()


def format_percent(fraction: float) -> str:
    """Format a confidence in 0–1 so that only 1 itself reads as 100 %."""
    if 0.9995 <= fraction < 1:
        return "> 99.9 %"
    return f"{100 * fraction:.{1 if 0.99 <= fraction < 1 else 0}f} %"


def shorten(name: str, length: int = 12) -> str:
    """Shorten a name to at most `length` characters."""
    return name if len(name) <= length else name[: length - 1] + "…"


def save(figure: Figure, path: Path) -> None:
    """Write a PNG atomically."""
    write_atomically(path, encode(figure))


def encode(figure: Figure) -> bytes:
    """Return a figure as PNG; the same figure gives the same bytes."""
    content = io.BytesIO()
    # `new_figure` has laid it out already, and doing so takes as long as drawing
    layout = figure.get_layout_engine()
    figure.set_layout_engine("none")
    figure.savefig(content, format="png", dpi=DPI, metadata={"Software": None})
    figure.set_layout_engine(layout)
    return content.getvalue()
