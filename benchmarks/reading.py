"""How well the shipped models read: other people's handwriting, whole pages, what is no digit, spoilt digits.

Other people's handwriting is read from the folder that ``$DIGITS_REAL`` names: ``singles`` and ``pencil`` (pictures of
one digit, with a ``labels.csv`` of file and label) and ``pages`` (pictures of several, their lines in ``labels.csv``).
What of it is not there is left out. It was looked at while the reader was built, and never trained on.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

import digits
from benchmarks import machine
from benchmarks.corruptions import CORRUPTIONS, corrupted
from benchmarks.rows import write_csv

MODELS = ("cnn", "mlp")

PAGES, OTHERS = 400, 4000
"""Synthetic pages, and things that are no digit, that are judged."""

SEED = 20_000
"""From which on they are drawn: nothing was trained or chosen on these."""

Row = tuple[str, float, int]
"""What was judged, how many were right, of how many."""

CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "turned to the left": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "turned to the right": lambda picture: picture.transpose(Image.Transpose.ROTATE_270),
    "inverted": ImageOps.invert,
    "brighter by 30 %": lambda picture: ImageEnhance.Brightness(picture).enhance(1.3),
    "darker by 30 %": lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
    "halved": lambda picture: picture.reduce(2),
}
"""What must not change an answer."""


def measure() -> None:
    """Read everything with every model, and write ``results/reading.csv``."""
    environment = machine.describe()
    rows = []
    for model in MODELS:
        reader = digits.Reader(model)
        for what, right, n in _judged(reader):
            print(f"{model}: {what}: {right:g} of {n:,}", file=sys.stderr, flush=True)
            rows.append({"model": model, "what": what, "right": right, "n": n, **environment})
    write_csv("reading", rows)


def _judged(reader: digits.Reader) -> Iterator[Row]:
    test = digits.load_mnist().test
    judged = digits.score(reader.model.logits(test.images), test.labels, reader.model.metadata["temperature"])
    yield "MNIST test", judged.accuracy * judged.n, judged.n
    yield "MNIST test: calibration error", judged.ece, judged.n
    believed = reader.read_digits(test.images)
    yield "MNIST test, doubtful ones looked at twice", int((believed.argmax(1) == test.labels).sum()), len(test)
    yield "MNIST test accepted", int((believed.max(1) >= reader.threshold).sum()), len(test)
    for kind in ("singles", "pencil"):
        if found := list(_singles(kind)):
            read = [reader.read(content, single=True, name=name).digits[0] for name, content, _ in found]
            hits = sum(digit.value == label for digit, (_, _, label) in zip(read, found, strict=True))
            yield f"{kind}, right", hits, len(found)
            yield f"{kind}, accepted", sum(digit.accepted for digit in read), len(found)
    yield from _pages(reader)
    yield from _synthetic_pages(reader)
    yield from _rejected(reader)
    for how, judge in (("as it is", reader.model.predict_proba), ("looked at twice", reader.read_digits)):
        for name in CORRUPTIONS:
            images = corrupted(test.images, name)
            yield f"MNIST-C, {how}: {name}", int((judge(images).argmax(1) == test.labels).sum()), len(test)


def _singles(kind: str) -> Iterator[tuple[str, bytes, int]]:
    folder = _real() / kind
    for row in _listed(folder):
        yield row["file"], (folder / row["file"]).read_bytes(), int(row["label"])


def _pages(reader: digits.Reader) -> Iterator[Row]:
    folder, errors, whole, n, same, asked = _real() / "pages", 0, 0, 0, Counter[str](), Counter[str]()
    rows = _listed(folder)
    for row in rows:
        wanted = row["lines"].replace(" ", "").split("|")
        content = (folder / row["file"]).read_bytes()
        lines = _lines(reader, content)
        wrong = different(lines, wanted, any_order="AMBIGUOUS" in row["note"])
        errors, whole, n = errors + wrong, whole + (not wrong), n + sum(map(len, wanted))
        with Image.open(io.BytesIO(content)) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        for change, make in CHANGES.items():
            changed = _lines(reader, np.asarray(make(picture)))
            asked[change] += max(sum(map(len, lines)), 1)
            same[change] += max(sum(map(len, lines)), 1) - min(different(changed, lines), max(sum(map(len, lines)), 1))
    if rows:
        yield "pages, digits", n - errors, n
        yield "pages without an error", whole, len(rows)
        for change in CHANGES:
            yield f"pages, {change}: same digits", same[change], asked[change]


def _synthetic_pages(reader: digits.Reader) -> Iterator[Row]:
    errors, whole, n, empty = 0, 0, 0, 0
    for seed in range(SEED, SEED + PAGES):
        page = digits.synthesize_page(seed)
        wanted = [line.replace(" ", "") for line in page.lines]
        wrong = different(_lines(reader, page.picture), wanted)
        errors, whole, n = errors + wrong, whole + (not wrong), n + sum(map(len, wanted))
        empty += not reader.read(digits.synthesize_page(seed, digits=False).picture).text
    yield "synthetic pages, digits", n - errors, n
    yield "synthetic pages without an error", whole, PAGES
    yield "synthetic pages without digits that read as nothing", empty, PAGES


def _rejected(reader: digits.Reader) -> Iterator[Row]:
    others = digits.synthesize_outliers(OTHERS, SEED)
    for name, images in (("drawn", others), ("photographed", digits.simulate_photos(others, SEED))):
        rejected = reader.model.predict_proba(images).max(1) < reader.threshold
        yield f"no digits, {name}: rejected", int(rejected.sum()), OTHERS


def different(lines: list[str], wanted: list[str], *, any_order: bool = False) -> int:
    """Count the digits to insert, drop or change until all lines are as wanted, whole lines dropped included.

    Parameters
    ----------
    lines, wanted
        What was read, and what is written.
    any_order
        Whether only which digits there are counts.
    """
    if any_order:
        found, there = Counter("".join(lines)), Counter("".join(wanted))
        return max((found - there).total(), (there - found).total())
    return _distance(lines, wanted, len, different_digits)


def different_digits(line: str, wanted: str) -> int:
    """Give the edit distance of two lines."""
    return _distance(line, wanted, lambda _: 1, lambda a, b: int(a != b))


def _distance(
    ours: Sequence[str], theirs: Sequence[str], alone: Callable[[str], int], both: Callable[[str, str], int]
) -> int:
    """Give the least cost of leaving out and pairing, by dynamic programming (Wagner, Fischer 1974)."""
    costs = [0]
    for each in theirs:
        costs.append(costs[-1] + alone(each))
    for mine in ours:
        above, costs = costs, [costs[0] + alone(mine)]
        for index, each in enumerate(theirs):
            costs.append(min(above[index] + both(mine, each), above[index + 1] + alone(mine), costs[-1] + alone(each)))
    return costs[-1]


def _lines(reader: digits.Reader, source: bytes | np.ndarray) -> list[str]:
    return [line.replace(" ", "") for line in reader.read(source).lines]


def _listed(folder: Path) -> list[dict[str, str]]:
    if not (folder / "labels.csv").exists():
        return []
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _real() -> Path:
    return Path(os.environ.get("DIGITS_REAL", "real"))
