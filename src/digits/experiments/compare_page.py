"""The comparison in words, tables and figures: for the terminal, as CSV, as JSON, and as one self-contained page."""

from __future__ import annotations

import base64
import csv
import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.evaluation import figures
from digits.evaluation.metrics import align
from digits.evaluation.test_uses import count_test_uses
from digits.experiments.comparison import Comparison, Group, Pair
from digits.files import write_atomically
from digits.shapes import Int64
from digits.types import CLASSES, Labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_DRAWN_PAIRS = 10
"""Pairs whose disagreements are drawn, in the order of their p-values: each takes two pictures."""

Row = dict[str, Any]


def describe_comparison(comparison: Comparison) -> str:
    """Write both tables and a verdict per pair for the terminal."""
    groups: list[Sequence[str]] = [("recipe", "seeds", "accuracy", "errors", "seconds")]
    for group in comparison.groups:
        wrong = (1 - group.mean) * len(comparison.digits)
        row = (group.name, str(len(group.runs)), format_accuracy(group), f"{wrong:,.1f}", f"{group.seconds:,.1f}")
        groups.append(row)
    pairs: list[Sequence[str]] = [
        ("first − second", "points", "95 % interval", "p digits", "p seeds", "p corrected", "seeds needed")
    ]
    for pair in comparison.pairs:
        low, high = pair.interval95
        p_values = map(format_p, (pair.p_digits, pair.p_seeds, pair.p_corrected))
        interval = f"{100 * low:+.2f} to {100 * high:+.2f}"
        pairs.append((name_pair(pair), f"{100 * pair.difference:+.2f}", interval, *p_values, format_seeds(pair)))
    return "\n".join([describe_digits(comparison), "", align(groups), "", align(pairs), "", *verdicts(comparison)])


def describe_digits(comparison: Comparison) -> str:
    """Say which digits the recipes were compared on."""
    sealed = "; the test digits stay sealed" if comparison.part == "validation" else ""
    return f"on the {len(comparison.digits):,} {comparison.part} digits of {comparison.dataset}{sealed}"


def verdicts(comparison: Comparison) -> list[str]:
    """Return one sentence per pair."""
    return [pair.verdict for pair in comparison.pairs]


def tabulate_runs(comparison: Comparison) -> list[Row]:
    """Return one row per run; accuracies are shares."""
    return [
        {
            "recipe": group.name,
            "run": str(run.folder),
            "seed": run.seed,
            "accuracy": float(accuracy),
            "errors": int((~correct).sum()),
            "seconds": run.seconds,
            "test_uses": count_test_uses(run.folder),
        }
        for group in comparison.groups
        for run, accuracy, correct in zip(group.runs, group.accuracies, group.correct, strict=True)
    ]


def tabulate_pairs(comparison: Comparison) -> list[Row]:
    """Return one row per pair; differences are shares, and None stands for what one seed cannot say."""
    return [
        {
            "first": pair.first.name,
            "second": pair.second.name,
            "difference": pair.difference,
            "low95": pair.interval95[0],
            "high95": pair.interval95[1],
            "p_digits": pair.p_digits,
            "p_seeds": _known(pair.p_seeds),
            "p_corrected": _known(pair.p_corrected),
            "shown": pair.is_shown,
            "seeds_needed": None if not math.isfinite(pair.seeds_needed) else int(pair.seeds_needed),
            "only_first_right": len(_only_right(pair.first, pair.second)),
            "only_second_right": len(_only_right(pair.second, pair.first)),
            "verdict": pair.verdict,
        }
        for pair in comparison.pairs
    ]


def to_json(comparison: Comparison) -> Row:
    """Return what `digits compare --json` prints."""
    groups = [
        {
            "recipe": group.name,
            "seeds": [run.seed for run in group.runs],
            "mean": group.mean,
            "deviation": _known(group.deviation),
            "seconds": group.seconds,
        }
        for group in comparison.groups
    ]
    about = {"part": comparison.part, "n": len(comparison.digits), "data": comparison.dataset}
    return about | {
        "groups": groups,
        "pairs": tabulate_pairs(comparison),
        "runs": tabulate_runs(comparison),
        "notices": list(comparison.notices),
    }


def write_comparison(comparison: Comparison, folder: str | os.PathLike[str]) -> Path:
    """Write ``compare.html``, ``runs.csv`` and ``pairs.csv``; return the path of the page, which needs no other file.

    Raises
    ------
    StorageError
        When the folder cannot be written to.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    loader = ChoiceLoader([PackageLoader("digits.experiments", "."), PackageLoader("digits.evaluation", ".")])
    page = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("compare.html.jinja")  # fmt: skip
    pictures = [
        (title, caption, base64.b64encode(figures.encode(figure)).decode())
        for title, caption, figure in draw_comparison(comparison)
    ]
    runs, pairs = tabulate_runs(comparison), tabulate_pairs(comparison)
    html = page.render(
        comparison=comparison, runs=runs, pictures=pictures, sentence=describe_digits(comparison), points=_points,
        accuracy=format_accuracy, p_value=format_p, seeds=format_seeds,
    )  # fmt: skip
    folder = Path(folder)
    for name, rows in (("runs", runs), ("pairs", pairs)):
        write_atomically(folder / f"{name}.csv", _write_csv(rows))
    write_atomically(folder / "compare.html", html.encode(errors="backslashreplace"))
    return folder / "compare.html"


def draw_comparison(comparison: Comparison) -> list[tuple[str, str, Figure]]:
    """Draw the figures of the page, each with its title and caption."""
    pairs = comparison.pairs
    drawn = [
        (
            "Differences",
            "The mean accuracy of the first minus that of the second. The intervals come from drawing other digits and "
            "other seeds. Blue: shown, since both tests find the difference after correction for their number.",
            figures.differences(
                [name_pair(pair) for pair in pairs], [pair.difference for pair in pairs],
                [pair.interval95 for pair in pairs], [bool(pair.is_shown) for pair in pairs],
            ),
        )
    ]  # fmt: skip
    histories: Mapping[str, Any] = {group.name: [run.history for run in group.runs] for group in comparison.groups}
    captions = {
        "epoch": "Validation accuracy after each epoch.",
        "seconds": "The same over the time that training took; compare it only where the runs had the machine alone.",
    }
    for over, caption in captions.items():
        title = f"Accuracy over {'epochs' if over == 'epoch' else over}"
        drawn.append((title, caption, figures.compared_accuracy(histories, over)))
    # as long as a pair's verdict is open, nothing says that it is less interesting
    for pair in sorted(pairs, key=lambda each: (not each.is_shown, each.p_digits))[:MAX_DRAWN_PAIRS]:
        for better, worse in ((pair.first, pair.second), (pair.second, pair.first)):
            index = _only_right(better, worse)
            figure = figures.disagreements(
                comparison.digits.images[index], comparison.digits.labels[index], _usual_error(worse, index),
                comparison.classes, better.name, worse.name,
            )  # fmt: skip
            caption = (
                f"Digits that more than half of the runs of {better.name} read correctly and more than half of those "
                f"of {worse.name} do not: the true class → the class that these predict most often."
            )
            drawn.append((f"Right: {better.name}; wrong: {worse.name}", caption, figure))
    return drawn


def name_pair(pair: Pair) -> str:
    """Name a pair as the difference that it is."""
    return f"{pair.first.name} − {pair.second.name}"


def format_accuracy(group: Group) -> str:
    """Write mean ± standard deviation in percent; of one run, its accuracy."""
    if len(group.runs) == 1:
        return f"{100 * group.mean:.2f} %"
    return f"{100 * group.mean:.2f} ± {100 * group.deviation:.2f} %"


def format_p(p: float) -> str:
    """Write a p-value for people."""
    return "–" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def format_seeds(pair: Pair) -> str:
    """Write how many seeds would show the difference."""
    if math.isnan(pair.seeds_needed):
        return "–"
    return "more digits" if math.isinf(pair.seeds_needed) else f"{pair.seeds_needed:.0f}"


def _only_right(better: Group, worse: Group) -> Int64[np.ndarray, "n"]:
    """Return which digits most runs of one group read and most of the other do not, the clearest first."""
    gain = better.correct.mean(0) - worse.correct.mean(0)
    found = np.flatnonzero((better.correct.mean(0) > 0.5) & (worse.correct.mean(0) < 0.5))
    clearest: Int64[np.ndarray, "n"] = found[np.argsort(-gain[found], kind="stable")]
    return clearest


def _usual_error(group: Group, index: Int64[np.ndarray, "n"]) -> Labels:
    """Return the class that a group predicts most often for digits that it misreads, among the wrong ones."""
    counts = np.zeros((CLASSES, len(index)), np.int64)
    for predicted, correct in zip(group.predicted[:, index], group.correct[:, index], strict=True):
        counts[predicted[~correct], np.flatnonzero(~correct)] += 1
    usual: Labels = counts.argmax(0).astype(np.uint8)
    return usual


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _points(share: float) -> str:
    return f"{100 * share:+.2f}"


def _write_csv(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(errors="backslashreplace")
