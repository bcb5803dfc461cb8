"""How well the shipped models read: other people's handwriting, whole pages, non-digits, corrupted digits.

`cnn` reads all of 491 pictures of one digit, 97.4 % of the digits on 47 pages, 99.64 % of MNIST's test digits, and
rejects 96 % of non-digits. Other people's handwriting (see `benchmarks.handwriting`) was looked at while the reader was
built, and never trained on; what is missing of it is left out.

    DIGITS_REAL=FOLDER python -m benchmarks reading
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import mean

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

import digits
from benchmarks import handwriting
from benchmarks.corruptions import CORRUPTIONS, corrupt
from benchmarks.results import Row, shares
from digits.preprocessing import decode

MODELS = ("cnn", "mlp")

PAGES, OUTLIERS = 400, 4000
"""Synthetic pages and non-digits to read."""

WHOLE = 100_000  # pixels of the longer side, up to which pages are not shrunk
SEED = 20_000
"""First seed of theirs: nothing was trained or chosen on these."""

CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "when pages are turned left": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "when turned right": lambda picture: picture.transpose(Image.Transpose.ROTATE_270),
    "when turned upside down": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "when turned 10° left": lambda picture: _rotate(picture, 10),
    "when turned 10° right": lambda picture: _rotate(picture, -10),
    "when inverted": ImageOps.invert,
    "when 30 % brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.3),
    "when 30 % darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
    "when half as large": lambda picture: picture.reduce(2),
    "when twice as large": lambda picture: picture.resize((2 * picture.width, 2 * picture.height)),
}
"""What must not change an answer."""

Figure = tuple[str, str, int, int]
"""Case, metric, how many were correct, of how many."""


def measure() -> Iterator[Row]:
    """Read everything with every model."""
    for name in MODELS:
        reader = digits.Reader(name)
        for figures in (_pictures, _pages, _synthetic_pages, _outliers, _mnist):
            for case, metric, correct, n in figures(reader):
                yield Row(case=case, variant=f"`{name}`", metric=metric, **shares(correct, n))
        for row in (_calibration(reader), *_corruptions(reader)):
            yield replace(row, variant=f"`{name}`")


def _pictures(reader: digits.Reader) -> Iterator[Figure]:
    for kind, case in (("singles", "pictures of one digit"), ("pencil", "crops of pencil and pen")):
        if found := handwriting.pictures(kind):
            answers = [reader.read(content, single=True, name=name).digits[0] for name, content, _ in found]
            correct = sum(digit.value == label for digit, (*_, label) in zip(answers, found, strict=True))
            yield case, "correct", correct, len(found)
            yield f"{case}: accepted", "accepted", sum(digit.accepted for digit in answers), len(found)


def _pages(reader: digits.Reader) -> Iterator[Figure]:
    rows = handwriting.listed("pages")
    errors, whole, n, same, asked = 0, 0, 0, Counter[str](), 0
    for row in rows:
        wanted = row["lines"].replace(" ", "").split("|")
        content = (handwriting.folder("pages") / row["file"]).read_bytes()
        lines = _lines(reader, content)
        wrong = count_errors(lines, wanted, any_order="AMBIGUOUS" in row["note"])
        errors, whole, n = errors + wrong, whole + (not wrong), n + sum(map(len, wanted))
        picture = Image.fromarray(decode(content, row["file"], max_side=WHOLE).picture).convert("RGB")
        read = max(sum(map(len, lines)), 1)
        asked += read
        for change, apply in CHANGES.items():
            changed = _lines(reader, np.asarray(apply(picture)))
            same[change] += read - min(count_errors(changed, lines), read)
    if rows:
        yield "digits on pages", "correct", n - errors, n
        yield "pages read without an error", "without an error", whole, len(rows)
        for change in CHANGES:
            yield f"same digits {change}", "unchanged", same[change], asked


def _synthetic_pages(reader: digits.Reader) -> Iterator[Figure]:
    from digits.synthesis import synthesize_page

    errors, whole, n, empty = 0, 0, 0, 0
    for seed in range(SEED, SEED + PAGES):
        page = synthesize_page(seed)
        wanted = [line.replace(" ", "") for line in page.lines]
        wrong = count_errors(_lines(reader, page.picture), wanted)
        errors, whole, n = errors + wrong, whole + (not wrong), n + sum(map(len, wanted))
        empty += not reader.read(synthesize_page(seed, digits=False).picture).text
    yield "digits on synthetic pages, which are harder", "correct", n - errors, n
    yield "synthetic pages read without an error", "without an error", whole, PAGES
    yield "synthetic pages of letters and scribbles: nothing read", "without an error", empty, PAGES


def _outliers(reader: digits.Reader) -> Iterator[Figure]:
    from digits.synthesis import simulate_photos, synthesize_outliers

    outliers = synthesize_outliers(OUTLIERS, SEED)
    for case, images in (
        (": letters, signs, scribbles and blots", outliers),
        (", as simulated photographs", simulate_photos(outliers, SEED)),
    ):
        rejected = reader.model.predict_proba(images).max(1) < reader.threshold
        yield f"non-digits rejected{case}", "rejected", int(rejected.sum()), OUTLIERS


def _mnist(reader: digits.Reader) -> Iterator[Figure]:
    test = digits.load_mnist().test
    second = reader.read_digits(test.images)
    accepted = int((second.max(1) >= reader.threshold).sum())
    yield "MNIST test digits accepted", "accepted", accepted, len(test)
    for case, logits in (("", reader.model.logits(test.images)), (" with second pass", second)):
        yield f"MNIST test accuracy{case}", "correct", int((logits.argmax(1) == test.labels).sum()), len(test)


def _calibration(reader: digits.Reader) -> Row:
    from digits.evaluation import score

    test = digits.load_mnist().test
    judged = score(reader.model.logits(test.images), test.labels, reader.model.metadata["temperature"])
    case = "MNIST test calibration error (ECE)"
    return Row(case=case, metric="calibration error", value=judged.ece, n=judged.n)


def _corruptions(reader: digits.Reader) -> Iterator[Row]:
    test = digits.load_mnist().test
    for predict, metric, title in (
        (reader.model.predict_proba, "error", "mean error on the 15 corruptions of MNIST-C"),
        (reader.read_digits, "error with second pass", "mean error on MNIST-C with second pass"),
    ):
        wrong = {
            name: int((predict(corrupt(test.images, name)).argmax(1) != test.labels).sum()) for name in CORRUPTIONS
        }
        yield Row(case=title, metric="mean error", value=mean(wrong.values()) / len(test), unit="share", n=len(test))
        for name, errors in wrong.items():
            yield Row(case=name, metric=metric, **shares(errors, len(test)))


def count_errors(lines: list[str], wanted: list[str], *, any_order: bool = False) -> int:
    """Count the digits to insert, drop or change until all lines are as wanted, whole lines dropped included.

    With ``any_order`` it only counts which digits there are.
    """
    if any_order:
        found, there = Counter("".join(lines)), Counter("".join(wanted))
        return max((found - there).total(), (there - found).total())
    return _distance(lines, wanted, len, len, edit_distance)


def count_missing(lines: list[str], wanted: list[str], *, any_order: bool = False) -> int:
    """Count the wanted digits that were not read, each in its line and in order; what else was read costs nothing."""
    if any_order:
        return (Counter("".join(wanted)) - Counter("".join(lines))).total()
    return _distance(
        lines, wanted, lambda _: 0, len, lambda line, there: _distance(line, there, lambda _: 0, len, _differ)
    )


def edit_distance(line: str, wanted: str) -> int:
    """Give the edit distance of two lines."""
    return _distance(line, wanted, len, len, _differ)


def _differ(one: str, other: str) -> int:
    return int(one != other)


def _distance(
    ours: Sequence[str],
    theirs: Sequence[str],
    extra: Callable[[str], int],
    missing: Callable[[str], int],
    both: Callable[[str, str], int],
) -> int:
    """Give the least cost of what is only ours, only theirs, and paired (Wagner, Fischer 1974)."""
    costs = [0]
    for each in theirs:
        costs.append(costs[-1] + missing(each))
    for mine in ours:
        above, costs = costs, [costs[0] + extra(mine)]
        for index, each in enumerate(theirs):
            pair, drop, miss = (
                above[index] + both(mine, each),
                above[index + 1] + extra(mine),
                costs[-1] + missing(each),
            )
            costs.append(min(pair, drop, miss))
    return costs[-1]


def _lines(reader: digits.Reader, source: bytes | np.ndarray) -> list[str]:
    return [line.replace(" ", "") for line in reader.read(source).digit_lines]


def _rotate(picture: Image.Image, degrees: float) -> Image.Image:
    """Turn a picture counter-clockwise, on ground of its usual colour."""
    ground = tuple(int(each) for each in np.median(np.asarray(picture), axis=(0, 1)))
    return picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=ground)
