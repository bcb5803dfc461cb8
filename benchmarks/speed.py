"""How long things take: whole commands, training epochs, reading files, synthesis.

On 2 cores of an Intel Xeon a whole `digits read digit.png` takes 0.24 s, a torch one-liner 1.4 s. On 2 cores of an AMD
EPYC `digits --help` takes 0.04 s, an epoch of 784-256-128-10 in batches of 500 0.53 s, 0.35 s of which its matrix
products take by themselves; 6,600 synthetic digits are drawn per second.

    python -m benchmarks starts epochs reading-speed pen-speed
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

import digits
from benchmarks.results import Row, elapsed, summarize

REPEATS = 7

BATCHES = (64, 500)

ONE_LINER = (
    "import sys, torch, numpy as np; from PIL import Image; "
    "x = np.asarray(Image.open(sys.argv[1]).convert('L').resize((28, 28)), np.float32); "
    "net = torch.nn.Sequential(torch.nn.Linear(784, 256), torch.nn.ReLU(), torch.nn.Linear(256, 128), torch.nn.ReLU(), "
    "torch.nn.Linear(128, 10)); print(int(net(torch.from_numpy(255 - x).flatten() / 255).argmax()))"
)
"""What most people write to have one picture read: no search for the digit, no weights loaded."""

TABLE_ROWS = 28_000
"""As many as Kaggle's ``test.csv`` has."""

PHOTO_SIZE = (4000, 3000)
"""Width and height of a photo of 12 megapixels."""

PAGE_SEED = 2
"""Of a page with 32 digits."""


def _python(*words: object) -> Callable[[], object]:
    call = [sys.executable, *map(str, words)]
    return lambda: subprocess.run(call, check=True, capture_output=True)


def _timed(jobs: dict[str, Callable[[], object]]) -> Iterator[Row]:
    """Time every job in turn; the first round, which finds caches empty, does not count."""
    rounds = [{case: elapsed(job) for case, job in jobs.items()} for _ in range(REPEATS + 1)]
    for case in jobs:
        yield Row(case=case, metric="time", unit="s", **summarize(each[case] for each in rounds[1:]))


def measure_starts() -> Iterator[Row]:
    """Time whole processes."""
    with tempfile.TemporaryDirectory() as folder:
        runs = iter(range(1000))
        yield from _timed(
            {
                "`python -c pass`": _python("-c", "pass"),
                "`import digits`": _python("-c", "import digits"),
                "`digits --help`": _python("-m", "digits", "--help"),
                "`digits train --help`": _python("-m", "digits", "train", "--help"),
                "`import torch`": _python("-c", "import torch"),
                "`digits train fast`": lambda: _python(
                    "-m", "digits", "train", "fast", "--json", "--out", Path(folder, str(next(runs)))
                )(),
            }
        )


def measure_reading() -> Iterator[Row]:
    """Time reading a digit, a table and a photo, beside what one would write with torch."""
    test = digits.load_mnist().test
    with tempfile.TemporaryDirectory() as name:
        digit, photo, table = (Path(name, file) for file in ("digit.png", "page.jpg", "test.csv"))
        Image.fromarray(255 - test.images[0]).resize((280, 280)).save(digit)
        _page(PHOTO_SIZE).save(photo, quality=90)
        images = np.concatenate([digits.load_mnist().train.images, test.images])[:TABLE_ROWS]
        header = ",".join(f"pixel{index}" for index in range(784))
        np.savetxt(table, images.reshape(len(images), -1), "%d", delimiter=",", header=header, comments="")
        reader, read = digits.Reader(), ("-m", "digits", "read")
        yield from _timed(
            {
                "`digits read digit.png`": _python(*read, digit),
                "`digits read digit.png --model mlp`": _python(*read, digit, "--model", "mlp"),
                "a PyTorch one-liner on the same picture": _python("-c", ONE_LINER, digit),
                f"`digits read test.csv -o submission.csv`, {TABLE_ROWS:,} rows": _python(
                    *read, table, "-o", Path(name, "submission.csv")
                ),
                "`digits read page.jpg`, 12 megapixels": _python(*read, photo),
                "the same page in a warm process": lambda: reader.read(photo),
            }
        )


def _page(size: tuple[int, int]) -> Image.Image:
    from digits.synthesis import synthesize_page

    width, height = size
    return Image.fromarray(synthesize_page(PAGE_SEED, size=(height // 2, width // 2)).picture).resize(size)


def measure_synthesis() -> Iterator[Row]:
    """Time drawing digits, photographing them and cutting them out again, and drawing pages and documents."""
    from digits.data import load_pen_strokes, split
    from digits.synthesis import (
        RealDigits,
        simulate_photos,
        synthesize_crops,
        synthesize_documents,
        synthesize_page,
    )

    real = RealDigits(split(digits.load_mnist().train)[0], load_pen_strokes())
    images = digits.synthesize(2000, 0).images
    jobs: dict[str, tuple[int, Callable[[], object]]] = {
        "synthetic digits": (5000, lambda: digits.synthesize(5000, 0)),
        "simulated photographs, read back": (2000, lambda: simulate_photos(images, 0)),
        "synthetic pages": (20, lambda: [synthesize_page(seed) for seed in range(20)]),
        "crops of synthetic documents, 256 × 256": (800, lambda: list(islice(synthesize_crops(real=real), 800))),
        "synthetic documents": (20, lambda: list(islice(synthesize_documents(real=real), 20))),
    }
    for case, (n, job) in jobs.items():
        seconds = [elapsed(job) for _ in range(REPEATS + 1)][1:]
        yield Row(case=case, metric="rate", unit="per second", **summarize((n / each for each in seconds), 1))


def measure_epochs() -> Iterator[Row]:
    """Time epochs of the 784-256-128-10 network without augmentation, and its matrix products alone."""
    from digits.data import split
    from digits.training import fit, make_network

    learned, validation = split(digits.load_mnist().train)
    for dropout, case in ((0.0, "without dropout"), (0.2, "with dropout 0.2")):
        for batch_size in BATCHES:
            config = digits.RECIPES["classic"].replace(
                batch_size=batch_size, dropout=dropout, epochs=REPEATS + 1, optimizer="adamw"
            )
            history = fit(make_network(config), learned, validation, config)
            # the first epoch also imports what the optimizer needs
            times = summarize(epoch.seconds for epoch in history[1:])
            yield Row(case=case, variant=f"batch {batch_size}", metric="time", unit="s", **times)
    for batch_size in BATCHES:
        value = round(_products(batch_size, len(learned)), 4)
        case = "its matrix products alone"
        yield Row(case=case, variant=f"batch {batch_size}", metric="time", value=value, unit="s")


def _products(batch_size: int, n: int) -> float:
    """Time an epoch's matrix products by themselves: forward, and backward to weights and inputs; in seconds."""
    import torch

    widths = (784, 256, 128, 10)
    layers = [(torch.randn(batch_size, i), torch.randn(o, i), torch.randn(batch_size, o)) for i, o in pairwise(widths)]

    def step() -> None:
        for inputs, weights, gradient in layers:
            inputs @ weights.T
            gradient.T @ inputs
            if weights.shape[1] != widths[0]:
                gradient @ weights

    return median(elapsed(step) for _ in range(50)) * n / batch_size
