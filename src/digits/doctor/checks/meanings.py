"""Labels that mean other digits than they say: shifted, in alphabetical order, swapped, or unrelated to the images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Finding
from digits.doctor.subject import Part

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
"""English names of the digits. Other languages' are recognized by what is in the images."""

ALPHABETICAL = tuple(WORDS.index(word) for word in sorted(WORDS))
"""Digits in the order of their English names: eight, five, four …"""

CHANCE = 0.3
"""Agreement below which labels have nothing to do with what is read: ten classes agree by chance in one case of ten."""


def named_digits(classes: tuple[str, ...]) -> tuple[int, ...]:
    """Give the digits that the classes of a set are called, in words or figures; empty if they are called otherwise."""
    found = []
    for name in (name.strip().lower() for name in classes):
        tail = name.rstrip("0123456789")
        figures = name[len(tail) :]
        if name in WORDS:
            found.append(WORDS.index(name))
        elif figures.isascii() and figures and int(figures) < 10 and len(set(map(_stem, classes))) == 1:
            found.append(int(figures))
    return tuple(found) if len(set(found)) == len(classes) else ()


def check_meanings(part: Part) -> Iterator[Finding]:
    """Find labels that stand for other digits, by the names of the classes or by what the reference network reads."""
    named = named_digits(part.classes)
    if named and named != tuple(range(len(named))):
        yield _in_order_of_names(part, named)
        return
    verdict = part.verdict
    if verdict is None or (part.classes != tuple("0123456789") and not named):
        return
    labels = part.sample.labels
    if verdict.relabel:
        meant = np.array(verdict.relabel)[labels]
        wrong = np.flatnonzero((verdict.predicted == meant) & (meant != labels))
        captions = [f"label {labels[i]}, read as {verdict.predicted[i]}" for i in wrong[:2]]
        kind, words = _describe(verdict.relabel, labels)
        flag = f"--relabel {' '.join(map(str, verdict.relabel))}"
        yield Finding(
            kind,
            f"The labels of the {part.name} are {words}. Of {len(labels)} of them, the shipped network reads "
            f"{verdict.agreement:.0%} as labelled, and {verdict.explained:.0%} after {flag}.",
            len(wrong), len(labels), mend=flag, advice=f"{flag} gives every label its digit.",
            examples=part.examples(part.sample.places[wrong[:2]], captions),
        )  # fmt: skip
    elif verdict.are_digits and verdict.explained < CHANCE and len(np.unique(labels)) > 1:
        wrong = np.flatnonzero(verdict.predicted != labels)
        captions = [f"label {labels[i]}, read as {verdict.predicted[i]}" for i in wrong[:2]]
        yield Finding(
            "unrelated-labels",
            f"The labels of the {part.name} do not belong to the images: the shipped network reads digits in them, and "
            f"{len(wrong)} of {len(labels)} are other ones than the labels say, in no order.",
            len(wrong), len(labels), examples=part.examples(part.sample.places[wrong[:2]], captions),
            advice="Images and labels are of different sets, or one of them was shuffled: take both from one source.",
        )  # fmt: skip


def _in_order_of_names(part: Part, named: tuple[int, ...]) -> Finding:
    flag = f"--relabel {' '.join(map(str, named))}"
    first = np.array([np.flatnonzero(part.labels == label)[0] for label in np.unique(part.labels)[:2]])
    return Finding(
        "alphabetical",
        f"The classes are called {', '.join(part.classes[:3])} …, and are numbered in the order of these names: label "
        f"0 is the digit {named[0]}. A network that reads digits is scored as wrong.",
        len(part), len(part), mend=flag, advice=f"{flag} gives every class its digit.",
        examples=part.examples(first),
    )  # fmt: skip


def _describe(relabel: tuple[int, ...], labels: np.ndarray) -> tuple[str, str]:
    present = np.unique(labels)
    meant = np.array(relabel)[present]
    for shift in (1, 9, *range(2, 9)):
        if ((present + shift) % 10 == meant).all():
            step = shift if shift < 6 else shift - 10
            few = "one" if abs(step) == 1 else str(abs(step))
            return "shifted", f"shifted by {few}: label {present[0]} stands for the digit {meant[0]}"
    if (meant == np.array(ALPHABETICAL)[present]).all():
        return (
            "alphabetical",
            "in the alphabetical order of eight, five, four …: label 0 stands for the digit 8",
        )
    moved = [f"{label} for {digit}" for label, digit in zip(present, meant, strict=True) if label != digit]
    return "swapped", f"in another order: {', '.join(moved)}"


def _stem(name: str) -> str:
    return name.strip().lower().rstrip("0123456789")
