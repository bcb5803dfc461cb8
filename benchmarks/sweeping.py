"""How many trials of `fast` a sweep finishes in a minute, with one process per core, from start to last picture.

    python -m benchmarks sweeping

Run it alone. Processor time, which other programs change little, says what a trial costs: training, and a share of
starting the processes, of the first reading of the digits, and of the tables and pictures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from benchmarks.results import Row

TRIALS = 40
"""As many as half a minute takes and more, so that starting the processes does not decide."""

SEARCHES = ("muon_lr=log:0.02:0.5", "momentum=0.5:0.95")


def measure() -> Iterator[Row]:
    """Run a sweep whose trials are all trained to the end."""
    import resource  # which Windows lacks

    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    words = ["sweep", "fast", "--search", *SEARCHES, "--trials", str(TRIALS), "--processes", str(cores), "--whole"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        call = [sys.executable, "-m", "digits", *words, "--json", "--out", folder]
        done = subprocess.run(call, check=True, capture_output=True, text=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = sum(trial["state"] == "finished" for trial in json.loads(done.stdout)["trials"])
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    case, command = f"{cores} process{'es' * (cores > 1)}", f"digits {' '.join(words)}"
    yield Row(case=case, metric="rate", value=60 * finished / seconds, unit="trials/min", n=finished, command=command)
    yield Row(case=case, metric="processor time", value=used / finished, unit="s", n=finished, command=command)


def missed(rows: list[Row]) -> list[str]:
    """Give a sentence if the rate on two cores is lower than the documentation says."""
    return [
        f"a sweep on two cores finishes {row.value:.0f} trials of fast a minute; we claim {MIN_RATE}"
        for row in rows
        if row.metric == "rate" and row.case == "2 processes" and (row.value or 0) < MIN_RATE
    ]


MIN_RATE = 20
"""Trials a minute on two cores that the documentation promises."""
