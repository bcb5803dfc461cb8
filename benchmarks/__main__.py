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

from benchmarks.results import Row, complete, has_rows, machine_facts, read_rows, write_rows
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
    "classroom": "classroom.measure",
    "since": "since.measure",
    "attack": "attack.measure",
    "mutations": "mutations.measure",
    "finding": "finding.measure",
    "cells": "cells.measure",
    "fields": "fields.measure",
    "exams": "exams.measure",
    "forms": "forms.measure",
    "form-experts": "form_experts.measure",
    "field-errors": "fields.measure_errors",
    "documents": "documents.measure",
    "experts": "experts.measure",
    "judging": "judging.measure",
    "walls": "walls.measure",
    "equals": "equals.measure",
    "exports": "exports.measure",
    "formats": "labelled.measure_formats",
    "clean": "labelled.measure_clean",
    "tricks": "tricks.measure",
    "sweeping": "sweeping.measure",
    "studies": "studies.measure",
}
CLAIMS = {
    "contest": "verdict.missed",
    "serving": "serving.missed",
    "classroom": "classroom.missed",
    "attack": "attack.missed",
    "mutations": "mutations.missed",
    "equals": "equals.missed",
    "exports": "exports.missed",
    "formats": "labelled.missed",
    "clean": "labelled.missed",
    "sweeping": "sweeping.missed",
}

DRAWN = {"contest": "pictures.draw_contest", "single-digits": "reading_pictures.draw"}
"""What draws the documentation's pictures of a measurement."""

MERGED = {"documents", "mutations"}
"""Measurements of which a part can be repeated: all other rows stay."""


def load(name: str) -> Any:
    """Import a function of this package: each measurement needs other libraries."""
    module, _, function = name.partition(".")
    return getattr(importlib.import_module(f"benchmarks.{module}"), function)


def measure(name: str, **options: Any) -> list[str]:
    """Run a measurement, write its rows, and give the claims that it does not bear out.

    Rows are written as they come, so that an interrupted measurement leaves what it found; a row of the same figure
    replaces an earlier one, of a merged measurement also that of an earlier run. The options are the measurement's own.
    """
    earlier = read_rows(name) if name in MERGED and has_rows(name) else []
    found, facts = {_figure(name, row): row for row in earlier}, machine_facts()
    for row in tqdm(load(MEASUREMENTS[name])(**options), desc=name, unit=" rows"):
        found[_figure(name, row)] = complete(row, name, facts)
        write_rows(found.values())
    rows = list(found.values())
    if name in DRAWN:
        load(DRAWN[name])()
    update_pages()
    return load(CLAIMS[name])(rows) if name in CLAIMS else []


def _figure(name: str, row: Row) -> tuple[object, ...]:
    """Give what tells a row's figure from others; the note of a merged measurement says how it was measured."""
    return row.case, row.variant, row.seed, row.metric, "" if name in MERGED else row.note


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASUREMENTS, []], help="which to run; all if none is named")
    parser.add_argument("--minutes", type=float, help="how long attack attacks (60), or a classroom draws (10)")
    parser.add_argument("--seeds", type=int, help="seeds of each trick; ten if not given")
    parser.add_argument("--only", default="", help="readers of documents: digits, peers, or the name of a peer")
    parser.add_argument(
        "--half", default="", choices=["", "seen", "blind"], help="half of documents to score with them"
    )
    parser.add_argument("--kinds", nargs="+", metavar="KIND", help="kinds of damaged files; all if not given")
    arguments = parser.parse_args()
    options = {
        "attack": {"minutes": arguments.minutes} if arguments.minutes else {},
        "classroom": {"minutes": arguments.minutes} if arguments.minutes else {},
        "tricks": {"seeds": arguments.seeds} if arguments.seeds else {},
        "mutations": {"kinds": arguments.kinds} if arguments.kinds else {},
        "documents": {"only": arguments.only, "half": arguments.half},
    }
    names = arguments.names or MEASUREMENTS
    missed = [sentence for name in names for sentence in measure(name, **options.get(name, {}))]
    sys.exit("\n".join(missed) or 0)
