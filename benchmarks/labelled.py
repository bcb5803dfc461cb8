"""Labelled digits: how long 60,000 take to convert, read and examine, and what the doctor warns of in clean sets.

    DIGITS_REAL=FOLDER python -m benchmarks labelled

Clean sets have nothing to warn of, except photographs, which are of both polarities. Processor time depends little on
what else runs; the time on the clock is that of a machine that does nothing else.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import digits
from benchmarks.results import Row
from digits.data import load_parts, split
from digits.doctor import Mending, examine, load_mended
from digits.types import Dataset

REPEATS = 1

FORMATS = ("npz", "mat", "parquet", "csv", "arff", "idx", "npy", "png")
"""What is written and read: endings, and what a folder holds."""

SYNTHETIC = 7000

MAX_SECONDS = 5
"""What the documentation claims for 60,000 digits, on a machine that does nothing else."""


def measure() -> Iterator[Row]:
    """Convert and read in every format, and examine what has nothing wrong."""
    mnist = digits.load_mnist()
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMATS:
            yield from _measure_format(form, mnist, Path(folder))
    for case, dataset in _clean(mnist):
        start, clock = time.process_time(), time.perf_counter()
        findings = examine(dataset)
        seconds, wall = time.process_time() - start, time.perf_counter() - clock
        warnings = [finding.kind for finding in findings if finding.is_warning]
        n = len(dataset.train) + len(dataset.test)
        yield Row(case=case, metric="warnings", value=len(warnings), n=n, note=" ".join(warnings))
        yield Row(case=case, metric="processor time", value=seconds, unit="s", n=n)
        yield Row(case=case, metric="time", value=wall, unit="s", n=n)


def _measure_format(form: str, mnist: Dataset, folder: Path) -> Iterator[Row]:
    from digits.cli import main

    source, is_folder = folder / "mnist.npz", form in ("idx", "npy", "png")
    if not source.exists():
        main(["data", "convert", str(mnist.location), str(source)])
    made, written, read = [], [], []
    for repeat in range(REPEATS):
        out = folder / (f"{form}-{repeat}" if is_folder else f"{repeat}.{form}")
        words = ["data", "convert", str(source), str(out), *(["--as", form] if is_folder else [])]
        start, clock = time.process_time(), time.perf_counter()
        main(words)
        written.append((time.process_time() - start, time.perf_counter() - clock))
        start, clock = time.process_time(), time.perf_counter()
        place = out if out.exists() else out.with_name(f"{repeat}-train.{form}")
        made.append(len(load_parts(place).train))
        read.append((time.process_time() - start, time.perf_counter() - clock))
    case = f"a folder of {form.upper()}" if is_folder else f".{form}"
    for metric, seconds in (("written", written), ("read", read)):
        for name, values in zip(("processor time", "time"), zip(*seconds, strict=True), strict=True):
            yield Row(
                case=case, variant=metric, metric=name, value=min(values), unit="s", n=made[0], low=min(values),
                high=max(values), note=f"the least of {REPEATS}" * (REPEATS > 1),
            )  # fmt: skip


def _clean(mnist: Dataset) -> Iterator[tuple[str, Dataset]]:
    yield "MNIST", mnist
    train, test = split(digits.synthesize(SYNTHETIC, seed=9), SYNTHETIC // 7)
    yield "synthetic handwriting", Dataset("synthetic", train, test, "synthetic", {})
    if not (place := os.environ.get("DIGITS_REAL")):
        return
    yield "USPS zip codes", load_mended(Path(place) / "usps", Mending())
    yield "pictures of one digit, --from-pictures", load_mended(Path(place) / "singles", Mending(from_pictures=True))
