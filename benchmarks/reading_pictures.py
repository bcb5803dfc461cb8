"""The documentation's pictures of how single digits are read: the error at every coverage, and the confident errors.

Both are drawn from the rows that `benchmarks.single_digits` leaves; ``python -m benchmarks.reading_pictures`` draws
them anew. Pictures that may not be copied are left out of the documentation, and shown in `ALL_ERRORS` alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.accuracy import RUNS
from benchmarks.pictures import DPI, INK, PICTURES, QUIET
from benchmarks.results import Row, has_rows, read_rows
from benchmarks.single_digits import BLIND, DRAWN, MAY_BE_SHOWN, MODELS, PER_KIND, Judged, seen_sets
from benchmarks.variants import VARIANTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RISK, ERRORS, ALL_ERRORS = PICTURES / "risk.png", PICTURES / "confident-errors.png", RUNS / "confident-errors.png"

PARTS = {"seen": "", "blind": "blind-"}
"""The two kinds of sets, and how the files of their results begin."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Okabe and Ito's, one per set of a kind."""
LOWEST_RISK, HIGHEST_RISK = 1e-4, 0.3
"""Limits of the logarithmic axis: a single error in any set is above the lower one, at which no error is drawn."""
PALETTE = 128

MOST, COLUMNS, TILE = 50, 5, 160
"""Errors that are shown, how many side by side, and the pixels of a picture's longer side, at most."""


def draw() -> None:
    """Draw all pictures, those that the documentation may not show included."""
    save(draw_risk(), RISK)
    save(draw_errors(confident_errors(), show_all=False), ERRORS)
    save(draw_errors(confident_errors(), show_all=True), ALL_ERRORS)


def save(sheet: Figure, path: Path) -> None:
    """Write a PNG of at most `PALETTE` colours, which is half as large."""
    from digits.evaluation import figures

    figures.save(sheet, path)
    with Image.open(path, formats=["PNG"]) as picture:
        small = picture.convert("RGB").quantize(PALETTE)
    small.save(path, optimize=True)


def draw_risk() -> Figure:
    """Draw the error at every coverage: seen beside blind sets, a row per model, a line per set."""
    rows = {part: read_rows(f"{prefix}risk") for part, prefix in PARTS.items() if has_rows(f"{prefix}risk")}
    with _sheet(9, 3.4 * len(MODELS) + 0.6) as sheet:
        grid = sheet.subplots(len(MODELS), len(rows), sharex=True, sharey=True, squeeze=False)
        for line, model in zip(grid, MODELS, strict=True):
            for axes, (part, found) in zip(line, rows.items(), strict=True):
                _plot_risk(axes, [row for row in found if row.variant == f"`{model}`"])
                axes.set_title(f"{model}, {part} sets", fontweight="bold")
        for axes in grid[:, 0]:
            axes.set_ylabel("error", color=QUIET)
        for axes in grid[-1]:
            axes.set_xlabel("coverage: share of answers, the most confident first", color=QUIET)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)
    return sheet


def _plot_risk(axes: Axes, rows: Sequence[Row]) -> None:
    for number, case in enumerate(dict.fromkeys(row.case for row in rows)):
        risk = [max(row.value or 0, LOWEST_RISK) for row in rows if row.case == case]
        coverage = np.arange(1, len(risk) + 1) / len(risk)
        axes.plot(coverage, risk, color=COLOURS[number % len(COLOURS)], linewidth=2, label=case, clip_on=False)
    axes.set(yscale="log", xlim=(0, 1), ylim=(LOWEST_RISK, HIGHEST_RISK))
    marks = {LOWEST_RISK: "0", 0.001: "0.1 %", 0.01: "1 %", 0.1: "10 %"}
    axes.set_yticks(list(marks), list(marks.values()))
    axes.minorticks_off()
    axes.set_xticks(np.linspace(0, 1, 6), [f"{share:g} %" for share in np.linspace(0, 100, 6)])
    axes.grid(visible=True, color="#e6e6e6")
    axes.spines[["top", "right"]].set_visible(False)


class Error(NamedTuple):
    """A wrong answer: its set, the number of the picture there, ``label read as answer``, and its confidence."""

    case: str
    number: int
    answer: str
    confidence: float

    @property
    def name(self) -> str:
        """The name of the set, or of the kind of variant."""
        return f"MNIST: {list(VARIANTS)[self.number // PER_KIND]}" if self.case == DRAWN else self.case


def confident_errors() -> list[Error]:
    """List the most confident errors of the default model over all sets, the most confident first."""
    found = chain.from_iterable(
        read_rows(f"{prefix}errors") for prefix in PARTS.values() if has_rows(f"{prefix}errors")
    )
    errors = [
        Error(row.case, int(row.note.removeprefix("picture ")), row.metric, row.value or 0)
        for row in found
        if row.variant == f"`{MODELS[0]}`"
    ]
    return sorted(errors, key=lambda error: -error.confidence)[:MOST]


def draw_errors(errors: Sequence[Error], *, show_all: bool) -> Figure:
    """Draw errors in their order, each picture as it was given, under it the answer; a blank where it is not shown."""
    sets = dict(_load({error.case for error in errors}, show_all=show_all))
    down = max(-(-len(errors) // COLUMNS), 1)
    # finding a layout for so many axes takes seconds
    with _sheet(7, 1.55 * down, layout=None) as sheet:
        sheet.subplots_adjust(0.01, 0.25 / down, 0.99, 1 - 0.15 / down, 0.05, 0.4)
        grid = sheet.subplots(down, COLUMNS, squeeze=False).ravel()
        for axes in grid:
            axes.set_axis_off()
        for place, (axes, error) in enumerate(zip(grid, errors, strict=False), 1):
            if judged := sets.get(error.case):
                axes.imshow(_fit(judged.pictures[error.number]))
            else:
                axes.imshow(np.full((TILE, TILE, 3), 238, np.uint8))
                axes.text(TILE / 2, TILE / 2, "not shown", ha="center", va="center", color=QUIET, fontsize=8)
            # only 1 itself reads as 100 %
            confidence = f"{100 * error.confidence:.1f} %" if not 0.9995 <= error.confidence < 1 else "> 99.9 %"
            title = f"{place}. {error.answer.replace(' read as ', ' → ')}, {confidence}"
            axes.set_title(title, fontsize=8, fontweight="bold", color=INK, pad=3)
            name = "\n".join(textwrap.wrap(error.name, 27))
            axes.text(0.5, -0.04, name, transform=axes.transAxes, ha="center", va="top", color=QUIET, fontsize=7)
    return sheet


def _load(cases: set[str], *, show_all: bool) -> Iterator[tuple[str, Judged]]:
    """Load sets, of those whose pictures may not be copied only if all are to be shown."""
    for case, load in chain(seen_sets(), BLIND.items()):
        if case in cases and (show_all or case in MAY_BE_SHOWN):
            judged = load()
            if len(judged.labels):
                yield case, judged


def _fit(picture: np.ndarray | bytes) -> Image.Image:
    """Bring a picture to the size of a tile, without smoothing where it is enlarged."""
    from digits.preprocessing import decode

    pixels = picture if isinstance(picture, np.ndarray) else decode(picture, "picture").picture
    image = Image.fromarray(pixels).convert("RGB")
    scale = TILE / max(image.size)
    size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    fitted = image.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX)
    sheet = Image.new("RGB", (TILE, TILE), "white")
    sheet.paste(fitted, ((TILE - size[0]) // 2, (TILE - size[1]) // 2))
    return sheet


@contextmanager
def _sheet(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> Iterator[Figure]:
    """Yield a figure to draw on, of a size in inches."""
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style = {"font.size": 11.0, "text.color": INK, "xtick.labelcolor": INK, "ytick.labelcolor": INK}
    with matplotlib.style.context(["default", style]):
        sheet = Figure(figsize=(width, height), dpi=DPI, layout=layout)
        FigureCanvasAgg(sheet)
        yield sheet
        sheet.draw_without_rendering()


if __name__ == "__main__":
    draw()
