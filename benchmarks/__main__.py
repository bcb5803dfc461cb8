"""``python -m benchmarks [NAME …]`` measures, writes ``results/*.csv`` and the tables made from them.

It ends with exit code 1 and a sentence when a lead that the README claims was not there.
Run it with nothing else running: a second busy program on the same cores makes every second meaningless.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks import (
    ablation,
    accuracy,
    contest,
    explored,
    gpu,
    pens,
    personal,
    reading,
    reading_speed,
    serving,
    speed,
    tried,
)
from benchmarks.tables import update_pages

MEASUREMENTS: dict[str, Callable[[], Sequence[str] | None]] = {
    "starts": speed.measure_starts,
    "epochs": speed.measure_epochs,
    "contest": contest.measure,
    "accuracy": accuracy.measure,
    "pens": pens.measure,
    "pen-strokes": pens.measure_strokes,
    "pen-speed": pens.measure_speed,
    "reading": reading.measure,
    "reading-speed": reading_speed.measure,
    "personal": personal.measure,
    "gpu": gpu.measure,
    "serving": serving.measure,
    "tried": tried.measure,
    "explored": explored.measure,
    "ablation": ablation.measure,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASUREMENTS, []], help="which to run; all when none is named")
    missed: list[str] = []
    for name in parser.parse_args().names or MEASUREMENTS:
        missed += MEASUREMENTS[name]() or []
        update_pages()
    sys.exit("\n".join(missed) or 0)
