"""How long reading takes, whole processes from their start to their end, beside the same with torch."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image
from tqdm import tqdm

import digits
from benchmarks import machine
from benchmarks.rows import write_csv

REPEATS = 7

ROWS = 28_000
"""Of the table, as Kaggle's ``test.csv`` has."""

TWELVE = (4000, 3000)
"""Width and height of a photo of 12 megapixels."""

PAGE = 2
"""Seed of the page: 32 digits."""

TORCH = (
    "import sys, torch, numpy as np; from PIL import Image; "
    "x = np.asarray(Image.open(sys.argv[1]).convert('L').resize((28, 28)), np.float32); "
    "net = torch.nn.Sequential(torch.nn.Linear(784, 256), torch.nn.ReLU(), torch.nn.Linear(256, 128), torch.nn.ReLU(), "
    "torch.nn.Linear(128, 10)); print(int(net(torch.from_numpy(255 - x).flatten() / 255).argmax()))"
)
"""What most people write to have one picture read: no search for the digit, no weights loaded."""


def measure() -> None:
    """Time every job in turn and write ``results/reading-speed.csv``."""
    environment = machine.describe()
    with tempfile.TemporaryDirectory() as name:
        jobs = _jobs(Path(name))
        seconds: dict[str, list[float]] = {what: [] for what in jobs}
        for _ in tqdm(range(REPEATS + 1), desc="rounds"):
            for what, job in jobs.items():
                start = time.perf_counter()
                job()
                seconds[what].append(time.perf_counter() - start)
    rows = []
    for what, each in seconds.items():
        measured = each[1:]  # the first found the disk's cache empty
        low, high = round(min(measured), 4), round(max(measured), 4)
        middle = round(median(measured), 4)
        rows.append({"what": what, "n": REPEATS, "seconds": middle, "fastest": low, "slowest": high, **environment})
    write_csv("reading-speed", rows)


def _jobs(folder: Path) -> dict[str, Callable[[], object]]:
    test = digits.load_mnist().test
    digit, photo, table = folder / "digit.png", folder / "page.jpg", folder / "test.csv"
    Image.fromarray(255 - test.images[0]).resize((280, 280)).save(digit)
    page = digits.synthesize_page(PAGE, size=(TWELVE[1] // 2, TWELVE[0] // 2))
    Image.fromarray(page.picture).resize(TWELVE).save(photo, quality=90)
    images = np.concatenate([digits.load_mnist().train.images, test.images])[:ROWS]
    header = ",".join(f"pixel{index}" for index in range(784))
    text = io.StringIO()
    np.savetxt(text, images.reshape(len(images), -1), "%d", delimiter=",", header=header, comments="")
    table.write_text(text.getvalue())
    reader = digits.Reader()

    def command(*words: object) -> Callable[[], object]:
        whole = [sys.executable, "-m", "digits", "read", *map(str, words)]
        return lambda: subprocess.run(whole, check=True, capture_output=True)

    return {
        "`digits read digit.png`": command(digit),
        "`digits read digit.png --model mlp`": command(digit, "--model", "mlp"),
        "a torch one-liner on the same picture": lambda: subprocess.run(
            [sys.executable, "-c", TORCH, str(digit)], check=True, capture_output=True
        ),
        f"`digits read test.csv -o submission.csv`, {ROWS:,} rows": command(table, "-o", folder / "submission.csv"),
        "`digits read page.jpg`, 12 megapixels": command(photo),
        "the same page in a process that has begun": lambda: reader.read(photo),
    }
