"""Labelled digits: how long 60,000 take to convert, read and examine, and what the doctor warns of in clean sets.

    DIGITS_REAL=FOLDER python -m benchmarks formats clean

Processor time is measured, since it depends little on what else runs; where the cores are shared by many programs, it
may still double.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import digits
from benchmarks.results import Row
from digits.data import load_parts, split
from digits.doctor import Mending, examine, load_mended

REPEATS = 3

FORMATS = ("npz", "mat", "parquet", "csv", "arff", "idx", "npy", "png")
"""What is written and read: endings, and what a folder holds."""

SYNTHETIC = 7000

MAX_SECONDS, CLAIMED = 5, 60_000
"""Seconds of processor time for so many digits, to examine, convert or read, that are claimed."""


def measure_formats() -> Iterator[Row]:
    """Convert 60,000 digits to every format, and read them again."""
    mnist = digits.load_mnist()
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMATS:
            yield from _measure_format(form, mnist, Path(folder))


def measure_clean() -> Iterator[Row]:
    """Examine what has nothing wrong."""
    for case, dataset in _clean(digits.load_mnist()):
        start = time.process_time()
        findings = examine(dataset)
        seconds = time.process_time() - start
        warnings = [finding.kind for finding in findings if finding.is_warning]
        n = len(dataset.train) + len(dataset.test)
        yield Row(case=case, metric="warnings", value=len(warnings), n=n, note=" ".join(warnings))
        yield Row(case=case, metric="processor time", value=seconds, unit="s", n=n)


def missed(rows: list[Row]) -> list[str]:
    """Give a sentence for every clean set of which the doctor warns, and for what takes longer than we claim."""
    warned = [f"the doctor warns of {row.case}: {row.note}" for row in rows if row.metric == "warnings" and row.value]
    slow = [
        f"{row.case} {row.variant or 'examined'}: {row.n:,} digits take {row.value:.1f} s, more than {MAX_SECONDS} s"
        for row in rows
        if row.metric == "processor time" and (row.value or 0) > MAX_SECONDS and (row.n or 0) >= CLAIMED
    ]
    return warned + slow


def _measure_format(form: str, mnist: digits.Dataset, folder: Path) -> Iterator[Row]:
    source, is_folder = folder / "mnist.npz", form in ("idx", "npy", "png")
    if not source.exists():
        _convert(mnist.location, source)
    made: list[int] = []
    written: list[float] = []
    read: list[float] = []
    for repeat in range(REPEATS):
        out = folder / (f"{form}-{repeat}" if is_folder else f"{repeat}.{form}")
        written.append(_convert(source, out, *(["--as", form] if is_folder else [])))
        start = time.process_time()
        place = out if out.exists() else out.with_name(f"{repeat}-train.{form}")
        made.append(len(load_parts(place).train))
        read.append(time.process_time() - start)
    case = f"a folder of {form.upper()}" if is_folder else f".{form}"
    for variant, seconds in (("written", written), ("read", read)):
        yield Row(
            case=case, variant=variant, metric="processor time", value=min(seconds), unit="s", n=made[0],
            low=min(seconds), high=max(seconds), note=f"the least of {REPEATS}",
        )  # fmt: skip


def _convert(*words: object) -> float:
    """Run the command; give its processor time in seconds, interpreter and libraries included."""
    import resource  # which Windows lacks

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "digits", "data", "convert", *map(str, words)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _clean(mnist: digits.Dataset) -> Iterator[tuple[str, digits.Dataset]]:
    yield "MNIST", mnist
    train, test = split(digits.synthesize(SYNTHETIC, seed=9), SYNTHETIC // 7)
    yield "synthetic handwriting", digits.Dataset("synthetic", train, test, "synthetic", {})
    if not (place := os.environ.get("DIGITS_REAL")):
        return
    yield "USPS zip codes", load_mended(Path(place) / "usps", Mending())
    yield "pictures of one digit, --from-pictures", load_mended(Path(place) / "singles", Mending(from_pictures=True))
