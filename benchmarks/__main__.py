"""``python -m benchmarks [NAME …]`` measures, writes ``results/*.csv`` and the tables made from them.

Run it with nothing else running: a second busy program on the same cores makes every second meaningless.
"""

from __future__ import annotations

import argparse

from benchmarks import ablation, speed, training, tried
from benchmarks.tables import update_pages

MEASUREMENTS = {
    "starts": speed.measure_starts,
    "epochs": speed.measure_epochs,
    "training": training.measure,
    "tried": tried.measure,
    "ablation": ablation.measure,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASUREMENTS, []], help="which to run; all when none is named")
    for name in parser.parse_args().names or MEASUREMENTS:
        MEASUREMENTS[name]()
        update_pages()
