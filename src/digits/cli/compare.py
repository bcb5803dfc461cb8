"""``digits compare``: recipes over seeds, and whether their differences would show again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from digits.cli.arguments import parse, parse_words
from digits.cli.recipes import list_settings
from digits.cli.terminal import remark, say, say_json
from digits.errors import UsageError
from digits.options import option

if TYPE_CHECKING:
    from digits.training import TrainConfig


@dataclass(frozen=True)
class _Arguments:
    runs: tuple[str, ...] = option((), "Run folders, or folders of them.", positional=True, metavar="RUN…")
    recipes: tuple[str, ...] = option(
        (), "Train these first: recipes, or recipes with flags of `digits train` in quotes, as in 'fast --lr 0.01'.",
        metavar="RECIPE …",
    )  # fmt: skip
    seeds: int = option(5, "Seeds of each recipe to train: 0, 1, …", "[2, 1000]")
    baseline: bool = option(False, "Compare each recipe with the first alone, instead of every two.")
    test: bool = option(False, "Compare on the test digits, for a final figure. Each run records that they were used.")
    data: str | None = option(
        None, "The labelled set to train on, or the place to which that of the runs has moved.", metavar="PATH"
    )
    out: Path | None = option(
        None, "Folder for the page, the tables and the trained runs; without it, comparisons/TIME. Named again, it "
        "continues where it was interrupted.", flags=("-o", "--out"), metavar="FOLDER",
    )  # fmt: skip
    trust_code: bool = option(False, "Run the code that a run names as its network. Read it first.")
    open: bool = option(False, "Open the page in the browser when done.")
    json: bool = option(False, "Print JSON instead of tables.")


def compare(words: list[str]) -> None:
    """Compare recipes over several seeds by their validation digits.

    Runs that differ by their seed alone are one recipe. A difference is shown if it exceeds what other digits (McNemar)
    and other seeds (Welch) would give, corrected for the number of pairs (Holm).
    """
    call = parse(compare, _Arguments, words)
    if not call.runs and not call.recipes:
        raise UsageError("name runs to compare, as in digits compare runs, or recipes to train: --recipes fast classic")
    configs = [_read_recipe(text) for text in call.recipes]
    folder = call.out or Path("comparisons") / f"{datetime.now():%Y-%m-%d-%H%M%S}"
    if folder.is_file():
        raise UsageError(f"{folder} is a file: name a folder with --out")
    from digits.experiments import compare as compare_runs
    from digits.experiments import describe_comparison, write_comparison
    from digits.experiments.compare_page import to_json

    runs: list[str | Path] = [*call.runs]
    if configs:
        from digits.experiments import train_repeats

        runs += train_repeats(
            configs, call.seeds, folder / "runs", data=call.data, trust_code=call.trust_code, progress=True,
            notify=remark,
        )  # fmt: skip
    found = compare_runs(runs, data=call.data, test=call.test, baseline=call.baseline, trust_code=call.trust_code)
    page = write_comparison(found, folder)
    for notice in found.notices:
        remark(f"digits: note: {notice}")
    if call.json:
        say_json(to_json(found))
    else:
        say(f"{describe_comparison(found)}\n\npage    {page}\ntables  {folder / 'runs.csv'}, {folder / 'pairs.csv'}")
    if call.open:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())


def _read_recipe(text: str) -> TrainConfig:
    """Read a recipe with flags, as `digits train` does, but for its seed and its inputs."""
    from digits.training.config import SYNONYMS
    from digits.training.recipes import get_recipe

    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--recipes {text!r} cannot be read: {error}") from None
    if not words or words[0].startswith("-"):
        raise UsageError(f"--recipes {text!r} must begin with the name of a recipe, as in 'fast --lr 0.01'")
    given = parse_words(list_settings(), words[1:], SYNONYMS)
    if "seed" in given:
        raise UsageError(f"--recipes {text!r} names a seed, but --seeds says how many there are")
    return get_recipe(words[0], **given)
