"""``digits train finder``: from flags to a run folder with the network that finds digits on a page."""

from __future__ import annotations

import time
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

from digits.cli.arguments import HELP, parse_words, show_help
from digits.cli.terminal import STARTED, remark, say, say_json
from digits.options import option


@dataclass(frozen=True)
class TrainFinder:
    """What a call says beside the settings of `FinderConfig`."""

    data: str | None = option(
        None, "Digits that documents are written with: MNIST or any labelled set. Without it, MNIST is found or "
        "downloaded.", metavar="PATH",
    )  # fmt: skip
    initial: str | None = option(
        None, "Fine-tune this finder instead of random weights: the word finder for the one that comes with "
        "digits, an .onnx file or a run folder.", flags=("--from",), metavar="MODEL",
    )  # fmt: skip
    layouts: str = option(
        "", "Learn from layouts of your own as well: a mapping of functions that draw on a page to their shares.",
        metavar="FILE.py:NAME",
    )  # fmt: skip
    resume: Path | None = option(
        None, "Continue this run folder, to the same weights as an uninterrupted run.", metavar="RUN"
    )
    out: Path | None = option(
        None, "Run folder to make; without it, runs/TIME-finder.", flags=("-o", "--out"), metavar="RUN"
    )
    json: bool = option(False, "Print results.json instead of a summary.")


def train_finder(words: list[str]) -> None:
    """Train the network that finds handwritten digits and signs on a page, from synthetic documents."""
    from digits.training.config import SYNONYMS
    from digits.training.finder.config import FinderConfig

    calls, settings = fields(TrainFinder), fields(FinderConfig)
    declared: list[Field[Any]] = [*calls, *settings]
    if HELP & {*words}:
        show_help("train finder", str(train_finder.__doc__), {"Run": calls, "Settings": settings})
    given = parse_words(declared, words, SYNONYMS)
    call = TrainFinder(**{field.name: given.pop(field.name) for field in calls if field.name in given})
    if call.resume and (given or call.out or call.initial):
        from digits.errors import UsageError

        raise UsageError(
            "--resume keeps the settings and the folder of the run; only --data, --layouts and --json go with it"
        )

    from digits.training.finder.run import resume_finder
    from digits.training.finder.run import train_finder as train_run

    notify = remark if call.json else say
    if call.resume:
        run = resume_finder(call.resume, data=call.data, layouts=call.layouts, progress=True, notify=notify)
    else:
        run = train_run(
            FinderConfig(**given), data=call.data, initial=call.initial, layouts=call.layouts, out=call.out,
            progress=True, notify=notify,
        )  # fmt: skip
    for notice in run.results["notices"]:
        remark(f"digits: note: {notice}")
    if call.json:
        say_json(run.results)
        return
    found, seconds = run.results["validation"]["accuracy"], run.results["seconds"]["training"]
    model = run.folder / "model.onnx"
    say(
        f"characters found with the right class, on documents for validation: {found:.2%}\n"
        f"trained {len(run.history)} epochs in {seconds:.1f} s, {time.perf_counter() - STARTED:.1f} s in all\n"
        f"model   {model if model.exists() else model.with_suffix('.safetensors')}"
    )
