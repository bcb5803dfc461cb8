"""How well pictures of one digit are read: collections that the reader was built with, and those kept blind.

*Seen* sets may be looked at while the reader and its training change: USPS zip codes, scikit-learn's 8×8 digits, other
people's pictures (see `benchmarks.handwriting`), and variants of MNIST's validation digits (see `benchmarks.variants`).
*Blind* sets are scored when a piece of work is finished, and every score is kept, in ``results/blind.csv``.

    DIGITS_REAL=FOLDER python -m benchmarks single-digits
    DIGITS_REAL=FOLDER python -m benchmarks.single_digits --blind "what was finished"
    DIGITS_REAL=FOLDER python -m benchmarks.single_digits --model run/model.onnx   # prints, writes nothing
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

import digits
from benchmarks import handwriting
from benchmarks.results import RESULTS, Row, complete, machine_facts, read_rows, shares, write_rows
from benchmarks.variants import VARIANTS, draw_variant, write_line

MODELS = ("cnn", "mlp")
PER_KIND = 200
"""Pictures per variant, of lines of several digits, and non-digits five times as many."""
OUTLIER_SEED = 30_000
"""Of the writers of the non-digits, whom no model saw."""
MAX_REJECTED = 0.005
"""Share of real digits that may be rejected, where non-digits are compared with them."""
COVERAGES = (0.9, 0.95, 0.99)
"""Shares of the most confident answers, whose errors are counted."""

Pictures = Sequence[Any] | np.ndarray


class Judged(NamedTuple):
    """Pictures with their labels; whether the reader knows that each is one digit."""

    pictures: Pictures
    labels: np.ndarray
    single: bool = True


class Answers(NamedTuple):
    """What was read in each picture: the text, the digit that counts as the answer, and its confidence."""

    values: np.ndarray
    confidences: np.ndarray
    accepted: np.ndarray


def seen_sets() -> Iterator[tuple[str, Callable[[], Judged]]]:
    """List what may be looked at."""
    yield "USPS zip codes (16×16)", lambda: _collection("usps")
    yield "scikit-learn's digits (8×8)", _scikit_learn
    yield "pictures of one digit", lambda: _collection("singles")
    yield "pictures of one digit, without --single", lambda: _collection("singles")._replace(single=False)
    for kind in VARIANTS:
        yield kind, lambda kind=kind: _variant(kind)  # type: ignore[misc]
    for kind in VARIANTS:
        yield f"{kind}, without --single", lambda kind=kind: _variant(kind)._replace(single=False)  # type: ignore[misc]


def blind_sets() -> Iterator[tuple[str, Callable[[], Judged]]]:
    """List what only the command above reads."""
    yield "ARDIS church books", lambda: _collection("ardis")
    yield "BHMSDS tight crops", lambda: _collection("bhmsds")
    yield "crops of pencil and pen", lambda: _collection("pencil")
    yield "pen strokes of 14 writers", _strokes


def measure() -> Iterator[Row]:
    """Read the seen sets with both models."""
    for model in MODELS:
        yield from score(model, seen_sets())
        yield from _lines(digits.Reader(model), f"`{model}`")


def score(model: str, sets: Iterator[tuple[str, Callable[[], Judged]]]) -> Iterator[Row]:
    """Read sets with a model; those that are missing are left out."""
    reader = digits.Reader(model)
    outliers = read_all(reader, _outliers(), single=True).confidences
    for case, load in sets:
        pictures, labels, single = load()
        if not len(labels):
            continue
        answers = read_all(reader, pictures, single=single)
        is_right = answers.values == labels
        row = Row(case=case, variant=f"`{model}`", metric="correct", **shares(int(is_right.sum()), len(labels)))
        yield row
        yield replace(row, metric="rejected", value=float(1 - answers.accepted.mean()))
        order = np.argsort(-answers.confidences, kind="stable")
        for coverage in COVERAGES:
            kept = order[: round(coverage * len(order))]
            yield replace(
                row, metric=f"error of the most confident {coverage:.0%}", value=float(1 - is_right[kept].mean())
            )
        threshold = np.quantile(answers.confidences, MAX_REJECTED)
        yield replace(row, metric="non-digits rejected", value=float((outliers < threshold).mean()))


def read_all(reader: digits.Reader, pictures: Pictures, *, single: bool) -> Answers:
    """Read pictures one by one; a text of several digits, or of none, counts as a wrong answer of confidence 0."""
    rows = []
    for picture in pictures:
        reading = reader.read(picture, single=single, name="picture")
        if single:
            digit, *_ = reading.digits
        else:
            kept = [digit for digit in reading.digits if digit.accepted]
            if len(kept) != 1:
                rows.append((-1, 0.0, False))
                continue
            (digit,) = kept
        rows.append((digit.value, digit.confidence, digit.accepted))
    values, confidences, accepted = zip(*rows, strict=True)
    return Answers(np.array(values), np.array(confidences), np.array(accepted))


def _lines(reader: digits.Reader, variant: str) -> Iterator[Row]:
    """Write two and three digits side by side, which must not be taken for one."""
    rng = np.random.default_rng(0)
    images, labels = _validation()
    for length, case in ((2, "two digits, without --single"), (3, "three digits, without --single")):
        right = taken = 0
        for _ in range(PER_KIND):
            chosen = rng.integers(0, len(images), length)
            text = reader.read(write_line(images[chosen], rng)).text
            right += text.replace(" ", "") == "".join(map(str, labels[chosen]))
            taken += len(text) == 1
        yield Row(case=case, variant=variant, metric="correct", **shares(right, PER_KIND))
        yield Row(case=case, variant=variant, metric="read as one digit", **shares(taken, PER_KIND))


def _collection(kind: str) -> Judged:
    found = handwriting.pictures(kind)
    return Judged([content for _, content, _ in found], np.array([label for *_, label in found]))


def _scikit_learn() -> Judged:
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return Judged(list(np.rint(loaded.images * (255 / 16)).astype(np.uint8)), loaded.target)


@cache
def _validation() -> tuple[np.ndarray, np.ndarray]:
    from digits.data import split

    _, validation = split(digits.load_mnist().train)
    return validation.images, validation.labels


def _variant(kind: str) -> Judged:
    images, labels = _validation()
    start = list(VARIANTS).index(kind) * PER_KIND
    part = slice(start, start + PER_KIND)
    return Judged(draw_variant(images[part], kind), labels[part])


def _strokes() -> Judged:
    drawn = handwriting.pen_strokes(["tes"])
    if not drawn:
        return Judged([], np.array([]))
    return Judged(handwriting.draw(drawn), np.array([digit.label for digit in drawn]))


@cache
def _outliers() -> Pictures:
    """Draw letters, signs, scribbles, blots and pairs of digits as pictures of five times their size."""
    from digits.synthesis import synthesize_outliers

    rng = np.random.default_rng(OUTLIER_SEED)
    inks = np.kron(synthesize_outliers(5 * PER_KIND, OUTLIER_SEED), np.ones((1, 5, 5), np.uint8))
    papers, pens = rng.uniform(180, 255, len(inks)), rng.uniform(0, 90, len(inks))
    pictures = papers[:, None, None] + (pens - papers)[:, None, None] * (inks / 255)
    return list(np.rint(pictures).astype(np.uint8))


def main() -> None:
    """Print the scores of a model, or score the blind sets and keep that."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.single_digits", description=__doc__)
    parser.add_argument("--model", action="append", help="a shipped model or a file; by default both shipped models")
    parser.add_argument("--blind", metavar="NOTE", help="score the blind sets, and keep the scores with this note")
    call = parser.parse_args()
    scored = list[Row]()
    for model in call.model or MODELS:
        for row in score(model, blind_sets() if call.blind else seen_sets()):
            scored.append(replace(row, note=call.blind or ""))
            if row.metric in ("correct", "rejected", "non-digits rejected"):
                print(f"{row.variant:8} {row.case:48} {row.metric:20} {100 * (row.value or 0):6.2f} %", flush=True)
        if not call.blind:
            for row in _lines(digits.Reader(model), f"`{model}`"):
                print(f"{row.variant:8} {row.case:48} {row.metric:20} {100 * (row.value or 0):6.2f} %")
    if call.blind:
        facts = machine_facts()
        before = read_rows("blind") if (RESULTS / "blind.csv").exists() else []
        write_rows([*before, *(complete(row, "blind", facts) for row in scored)])


if __name__ == "__main__":
    main()
