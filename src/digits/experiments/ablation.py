"""Ablations: a recipe with and without each of its parts, over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from digits.errors import UsageError
from digits.evaluation import figures
from digits.evaluation.metrics import align
from digits.experiments import compare_page
from digits.experiments.compare_page import describe_digits, format_accuracy, format_p
from digits.experiments.comparison import Comparison, Pair, compare
from digits.experiments.repeats import train_repeats
from digits.options import suggest
from digits.training.config import SECTION_OF, SECTIONS, TrainConfig
from digits.training.engine.loop import Progress
from digits.training.run.inputs import Place
from digits.types import Dataset

OFF: dict[str, Any] = {
    "dropout": 0.0, "ensemble_size": 1, "cascade_threshold": 1.0,
    "label_smoothing": 0.0, "teacher": "", "weight_decay": 0.0, "momentum": 0.0, "schedule": "constant",
    "warmup": 0.0, "ema_epochs": 0.0, "patience": 0,
    "rotation": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0, "elastic": 0.0, "corruption": 0.0,
    "synthetic": 0, "pen_strokes": 0, "simulated_photos": 0, "simulated_captures": 0, "outliers": 0,
}  # fmt: skip
"""The settings that can be left out, and their values where they are."""


@dataclass(frozen=True, eq=False)
class Ablation:
    """What `ablate` found.

    Attributes
    ----------
    parts
        The names of the parts.
    comparison
        The recipe and the recipe without each part: one pair per part, whose difference is the accuracy without the
        part minus that of the whole recipe.
    """

    parts: tuple[str, ...]
    comparison: Comparison


def select_parts(config: TrainConfig, patterns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the parts of a recipe that patterns name, each with the settings that leave it out.

    Parameters
    ----------
    config
        The recipe.
    patterns
        Settings, with or without their section, as in ``dropout`` or ``augmentation.*``, where ``*`` stands for any
        letters; or a section alone, which is left out as a whole.

    Raises
    ------
    UsageError
        When a pattern names nothing, nothing that can be left out, or nothing that the recipe has.
    """
    settings, parts = config.settings, dict[str, dict[str, Any]]()
    for pattern in patterns:
        wanted = pattern.replace("-", "_")
        named = [name for name, section in SECTION_OF.items() if _matches(wanted, section, name)]
        if not named:
            raise UsageError(f"there is no part {pattern!r}{suggest(wanted, [*SECTION_OF, *SECTIONS])}")
        known = [name for name in named if name in OFF]
        if not known:
            raise UsageError(
                f"{pattern} has no value that leaves it out; `digits compare` compares values. What can be left out: "
                f"{', '.join(OFF)}"
            )
        active = {name: OFF[name] for name in known if settings[name] != OFF[name]}
        if not active:
            raise UsageError(f"the recipe {config.recipe} has no {' or '.join(known)} to leave out")
        found = {wanted: active} if wanted in SECTIONS else {name: {name: off} for name, off in active.items()}
        parts |= {name: part for name, part in found.items() if part not in parts.values()}
    return parts


def ablate(
    config: TrainConfig,
    patterns: Sequence[str],
    folder: Path,
    *,
    seeds: int = 3,
    data: Place | Dataset | None = None,
    trust_code: bool = False,
    progress: Progress | bool | None = None,
    notify: Callable[[str], None] = lambda sentence: None,
) -> Ablation:
    """Train a recipe, and the recipe without each of some parts, and compare each with the whole by validation digits.

    Parameters
    ----------
    config
        The recipe.
    patterns
        The parts to leave out, one at a time; as in `select_parts`.
    folder
        Where the run folders are made; finished runs in it are not trained again.
    seeds
        The number of seeds, 2 or more.
    data, trust_code, progress, notify
        As in `digits.experiments.train_repeats`.

    Raises
    ------
    UsageError
        As `select_parts`.
    """
    parts = select_parts(config, patterns)
    configs = [config, *(config.replace(**part) for part in parts.values())]
    runs = train_repeats(
        configs, seeds, folder, data=data, trust_code=trust_code, progress=progress, notify=notify
    )  # fmt: skip
    return Ablation(tuple(parts), compare(runs, data=data, baseline=True, trust_code=trust_code))


def describe_ablation(found: Ablation) -> str:
    """Write a table and a verdict per part for the terminal."""
    whole = found.comparison.groups[0]
    rows: list[Sequence[str]] = [("without", "accuracy", "points", "95 % interval", "p corrected")]
    rows.append(("(nothing)", format_accuracy(whole), "", "", ""))
    for name, pair in zip(found.parts, found.comparison.pairs, strict=True):
        low, high = pair.interval95
        interval = f"{100 * low:+.2f} to {100 * high:+.2f}"
        points = f"{100 * pair.difference:+.2f}"
        rows.append((name, format_accuracy(pair.first), points, interval, format_p(pair.p_corrected)))
    seeds = f"{whole.name}, {len(whole.runs)} seeds"
    return "\n".join([f"{seeds}, {describe_digits(found.comparison)}", "", align(rows), "", *verdicts(found)])


def verdicts(found: Ablation) -> list[str]:
    """Return one sentence per part."""
    return [_judge(name, pair) for name, pair in zip(found.parts, found.comparison.pairs, strict=True)]


def to_json(found: Ablation) -> dict[str, Any]:
    """Return what `digits ablate --json` prints: the comparison, whose pairs name their part."""
    values = compare_page.to_json(found.comparison)
    for name, row, verdict in zip(found.parts, values["pairs"], verdicts(found), strict=True):
        row |= {"part": name, "verdict": verdict}
    return values


def write_ablation(found: Ablation, folder: Path) -> Path:
    """Write ``ablation.png``, the differences with their intervals, and return its path.

    Raises
    ------
    StorageError
        When the folder cannot be written to.
    """
    pairs = found.comparison.pairs
    drawn = figures.differences(
        [f"without {name}" for name in found.parts], [pair.difference for pair in pairs],
        [pair.interval95 for pair in pairs], [bool(pair.is_shown) for pair in pairs],
    )  # fmt: skip
    figures.save(drawn, folder / "ablation.png")
    return folder / "ablation.png"


def _judge(name: str, pair: Pair) -> str:
    points = f"{100 * abs(pair.difference):.2f} points"
    if pair.is_shown:
        is_useful = pair.difference < 0
        return f"{name} {'helps' if is_useful else 'hurts'}: without it, {points} {'less' if is_useful else 'more'}."
    if math.isinf(pair.seeds_needed):
        return f"{name} makes no difference as far as these digits can show."
    return (
        f"{name} makes no difference as far as these runs can show; if the {points} are real, about "
        f"{pair.seeds_needed:.0f} seeds each would show it."
    )


def _matches(pattern: str, section: str, name: str) -> bool:
    return section == pattern or any(fnmatchcase(each, pattern) for each in (name, f"{section}.{name}"))
