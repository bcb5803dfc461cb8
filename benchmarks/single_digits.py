"""How well pictures of one digit are read: collections that the reader was built with, and those kept blind.

*Seen* sets may be looked at while the reader and its training change: USPS zip codes, scikit-learn's 8×8 digits, other
people's pictures (see `benchmarks.handwriting`), and variants of MNIST's validation digits (see `benchmarks.variants`).
*Blind* sets are scored when a piece of work is finished, and every score is kept, in ``results/blind.csv``.

Both also leave the error at every coverage (``risk.csv``, ``blind-risk.csv``) and every wrong answer (``errors.csv``,
``blind-errors.csv``) of the last run, and bring the documentation's table and pictures of them up to date.

    DIGITS_REAL=FOLDER python -m benchmarks single-digits
    DIGITS_REAL=FOLDER python -m benchmarks.single_digits --blind "what was finished"
    DIGITS_REAL=FOLDER python -m benchmarks.single_digits --model run/model.onnx   # prints, writes nothing
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

import digits
from benchmarks import handwriting
from benchmarks.results import Row, complete, has_rows, machine_facts, read_rows, shares, write_rows
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
STEPS = 100
"""Coverages at which the error is drawn."""

Pictures = Sequence[Any] | np.ndarray


class Judged(NamedTuple):
    """Pictures with their labels; whether the reader knows that each is one digit."""

    pictures: Pictures
    labels: np.ndarray
    single: bool = True


Sets = Iterable[tuple[str, Callable[[], Judged]]]
"""Names of sets, with what loads them; those that are missing are empty."""


class Answers(NamedTuple):
    """What was read in each picture: the text, the digit that counts as the answer, and its confidence."""

    values: np.ndarray
    confidences: np.ndarray
    accepted: np.ndarray


SEEN: dict[str, Callable[[], Judged]] = {
    "USPS zip codes (16×16)": lambda: _collection("usps"),
    "scikit-learn's digits (8×8)": lambda: _scikit_learn(),
    "pictures of one digit": lambda: _collection("singles"),
}
"""Handwriting that may be looked at."""
BLIND: dict[str, Callable[[], Judged]] = {
    "ARDIS church books": lambda: _collection("ardis"),
    "BHMSDS tight crops": lambda: _collection("bhmsds"),
    "crops of pencil and pen": lambda: _collection("pencil"),
    "pen strokes of 14 writers": lambda: _strokes(),
}
"""Handwriting that only the command above reads."""
DRAWN = f"{len(VARIANTS)} variants of MNIST"
"""All variants as one set."""
WHOLE = {*SEEN, DRAWN, *BLIND}
"""Sets that are neither a part of another one, nor another one in other circumstances."""
MAY_BE_SHOWN = {"scikit-learn's digits (8×8)", DRAWN}
"""Sets whose pictures the documentation may show: most others state no licence."""


def seen_sets() -> Sets:
    """List what may be looked at."""
    yield from SEEN.items()
    yield "pictures of one digit, without --single", lambda: _collection("singles")._replace(single=False)
    yield DRAWN, _drawn
    for kind in VARIANTS:
        yield kind, lambda kind=kind: _variant(kind)  # type: ignore[misc]
    for kind in VARIANTS:
        yield f"{kind}, without --single", lambda kind=kind: _variant(kind)._replace(single=False)  # type: ignore[misc]


def measure() -> Iterator[Row]:
    """Read the seen sets with both models."""
    for model in MODELS:
        yield from score(model, seen_sets())
        yield from _lines(digits.Reader(model), f"`{model}`")


def score(model: str, sets: Sets) -> Iterator[Row]:
    """Read sets with a model; those that are missing are left out.

    The rows of ``risk`` are the error at every coverage, those of ``errors`` the wrong answers, of whole sets only.
    """
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
        risk = risks(answers.confidences, is_right)
        for coverage in COVERAGES:
            yield replace(row, metric=f"error of the most confident {coverage:.0%}", value=at_coverage(risk, coverage))
        threshold = strictest_threshold(answers.confidences)
        yield replace(row, metric="non-digits rejected", value=float((outliers < threshold).mean()))
        if case in WHOLE:
            for step in range(1, STEPS + 1):
                value = at_coverage(risk, step / STEPS)
                yield replace(row, benchmark="risk", metric=f"error at {step / STEPS:.0%} coverage", value=value)
            for index in np.flatnonzero(~is_right):
                answer = "nothing" if answers.values[index] < 0 else answers.values[index]
                metric, value = f"{labels[index]} read as {answer}", float(answers.confidences[index])
                yield replace(row, benchmark="errors", metric=metric, value=value, note=f"picture {index}")


def risks(confidences: np.ndarray, is_right: np.ndarray) -> np.ndarray:
    """Compute the error among the k most confident answers, for every k from 1 on.

    Answers of equal confidence share their errors, as if each were as likely to come first.
    """
    _, group = np.unique(-confidences, return_inverse=True)
    errors = np.bincount(group, ~is_right) / np.bincount(group)
    return np.asarray(np.cumsum(errors[np.sort(group)]) / np.arange(1, len(group) + 1))


def at_coverage(risk: np.ndarray, coverage: float) -> float:
    """Give the error of `risks` among a share of the answers, at least one."""
    return float(risk[max(round(coverage * len(risk)), 1) - 1])


def strictest_threshold(confidences: np.ndarray) -> float:
    """Give the highest threshold below which at most `MAX_REJECTED` of the answers lie."""
    return float(np.sort(confidences)[int(MAX_REJECTED * len(confidences))])


def read_all(reader: digits.Reader, pictures: Pictures, *, single: bool) -> Answers:
    """Read pictures one by one; a rejected digit is an answer too, where the reader knows that there is one.

    Without ink, or where it does not know and accepts no digit or several, the answer is wrong and of confidence 0.
    """
    rows = []
    for picture in pictures:
        reading = reader.read(picture, single=single, name="picture")
        kept = [digit for digit in reading.digits if digit.accepted or (single and reading.has_ink)]
        if len(kept) == 1:
            rows.append((kept[0].value, kept[0].confidence, kept[0].accepted))
        else:
            rows.append((-1, 0.0, False))
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


def _drawn() -> Judged:
    _, labels = _validation()
    pictures = [picture for kind in VARIANTS for picture in _variant(kind).pictures]
    return Judged(pictures, labels[: len(pictures)])


def _strokes() -> Judged:
    drawn = handwriting.pen_strokes(["tes"])
    if not drawn:
        return Judged([], np.array([]))
    return Judged(handwriting.draw(drawn), np.array([digit.label for digit in drawn]))


@cache
def _outliers() -> Pictures:
    return draw_outlier_pictures(5 * PER_KIND, OUTLIER_SEED)


def draw_outlier_pictures(n: int, seed: int) -> list[np.ndarray]:
    """Draw letters, signs, scribbles, blots and pairs of digits as pictures of five times their size."""
    from digits.synthesis import synthesize_outliers

    rng = np.random.default_rng(seed)
    inks = np.kron(synthesize_outliers(n, seed), np.ones((1, 5, 5), np.uint8))
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
        for row in score(model, BLIND.items() if call.blind else seen_sets()):
            scored.append(replace(row, note=row.note or call.blind or ""))
            if row.metric in ("correct", "rejected", "non-digits rejected"):
                print(f"{row.variant:8} {row.case:48} {row.metric:20} {100 * (row.value or 0):6.2f} %", flush=True)
        if not call.blind:
            for row in _lines(digits.Reader(model), f"`{model}`"):
                print(f"{row.variant:8} {row.case:48} {row.metric:20} {100 * (row.value or 0):6.2f} %")
    if call.blind:
        keep(scored)


def keep(scored: Sequence[Row]) -> None:
    """Add the scores of blind sets to their log, write what only the last run leaves, and redraw the documentation."""
    from benchmarks.reading_pictures import draw
    from benchmarks.tables import update_pages

    facts = machine_facts()
    names = [f"blind-{row.benchmark}" if row.benchmark else "blind" for row in scored]
    rows = [complete(replace(row, benchmark=name), name, facts) for row, name in zip(scored, names, strict=True)]
    scored_models = {row.variant for row in rows}
    before = [row for name in dict.fromkeys(names) if has_rows(name) for row in read_rows(name)]
    write_rows([*(row for row in before if row.benchmark == "blind" or row.variant not in scored_models), *rows])
    draw()
    update_pages()


if __name__ == "__main__":
    main()
