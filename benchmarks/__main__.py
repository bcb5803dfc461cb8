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
    "reading-speed": "speed.measure_reading",
    "personal": "personal.measure",
    "gpu": "gpu.measure",
    "serving": "serving.measure",
}
CLAIMS = {"contest": "verdict.missed", "serving": "serving.missed"}


def load(name: str) -> Any:
    """Import a function of this package: each measurement needs other libraries."""
    module, _, function = name.partition(".")
    return getattr(importlib.import_module(f"benchmarks.{module}"), function)


def measure(name: str) -> list[str]:
    """Run a measurement, write its rows, and give the claims that it does not bear out."""
    rows, facts = list[Row](), machine_facts()
    try:
        for row in tqdm(load(MEASUREMENTS[name])(), desc=name, unit=" rows"):
            rows.append(complete(row, name, facts))
    finally:
        write_rows(rows)  # an interrupted measurement leaves what it found
    if name == "contest":
        load("pictures.draw_contest")()
    update_pages()
    return load(CLAIMS[name])(rows) if name in CLAIMS else []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASUREMENTS, []], help="which to run; all if none is named")
    missed = [sentence for name in parser.parse_args().names or MEASUREMENTS for sentence in measure(name)]
    sys.exit("\n".join(missed) or 0)
