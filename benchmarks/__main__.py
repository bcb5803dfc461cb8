"""``python -m benchmarks [NAME …]`` measures, writes ``results/*.csv`` and the tables made from them.

It ends with exit code 1 and a sentence for every claim of the documentation that the results do not bear out.
Run it alone: a second busy program on the same cores makes every second meaningless.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import Any

from tqdm import tqdm

from benchmarks.results import Row, complete, machine_facts, write_rows
from benchmarks.tables import update_pages

MEASUREMENTS = {
    "starts": "speed.measure_starts",
    "epochs": "speed.measure_epochs",
    "contest": "contest.measure",
    "accuracy": "accuracy.measure",
    "pens": "pens.measure",
    "pen-strokes": "pens.measure_strokes",
    "pen-speed": "speed.measure_synthesis",
    "reading": "reading.measure",
    "single-digits": "single_digits.measure",
    "hypotheses": "hypotheses.measure",
    "writers": "writers.measure",
    "sources": "sources.measure",
    "reading-speed": "speed.measure_reading",
    "personal": "personal.measure",
    "gpu": "gpu.measure",
    "serving": "serving.measure",
    "attack": "attack.measure",
    "mutations": "mutations.measure",
    "finding": "finding.measure",
}
CLAIMS = {
    "contest": "verdict.missed",
    "serving": "serving.missed",
    "attack": "attack.missed",
    "mutations": "mutations.missed",
}

DRAWN = {"contest": "pictures.draw_contest", "single-digits": "reading_pictures.draw"}
"""What draws the documentation's pictures of a measurement."""


def load(name: str) -> Any:
    """Import a function of this package: each measurement needs other libraries."""
    module, _, function = name.partition(".")
    return getattr(importlib.import_module(f"benchmarks.{module}"), function)


def measure(name: str, **options: Any) -> list[str]:
    """Run a measurement, write its rows, and give the claims that it does not bear out.

    Rows are written as they come, so that an interrupted measurement leaves what it found; a row of the same figure
    replaces an earlier one. The options are the measurement's own.
    """
    found, facts = dict[tuple[object, ...], Row](), machine_facts()
    for row in tqdm(load(MEASUREMENTS[name])(**options), desc=name, unit=" rows"):
        found[row.case, row.variant, row.seed, row.metric, row.note] = complete(row, name, facts)
        write_rows(found.values())
    rows = list(found.values())
    if name in DRAWN:
        load(DRAWN[name])()
    update_pages()
    return load(CLAIMS[name])(rows) if name in CLAIMS else []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASUREMENTS, []], help="which to run; all if none is named")
    parser.add_argument("--minutes", type=float, help="how long attack attacks; an hour if not given")
    arguments = parser.parse_args()
    options = {"attack": {"minutes": arguments.minutes}} if arguments.minutes else {}
    names = arguments.names or MEASUREMENTS
    missed = [sentence for name in names for sentence in measure(name, **options.get(name, {}))]
    sys.exit("\n".join(missed) or 0)
