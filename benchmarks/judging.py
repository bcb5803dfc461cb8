"""The judge of marks: fitted on synthetic documents, and how right it is on others.

A mark that the finder shows may be nothing, a written or a printed digit or sign. Two small networks say which: one by
what the finder says, the other also by what the model reads. They learn from documents of the layouts that the finder
learned from, but of other digits and in other fonts, and from pages of notes: a finder is surer of fonts that it knows,
and what people print it does not know. They are written to the file that the package ships, with the command beside
them.

    DIGITS_FINDER=runs/finder python -m benchmarks judging

`$DIGITS_FINDER` is the finder as it was trained, before `--keep` averaged its weights with those it began from: a judge
that learns from the average is too strict on other people's pages (recipes log). Without it, the shipped one is taken.
Fit what `python -m benchmarks experts` fits first: the judge sees the classes as these weights mix them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import nn

import digits
from benchmarks.experts import describe, shrink
from benchmarks.finding import MIN_SIZE, MIN_VISIBLE, match
from benchmarks.results import Row
from benchmarks.single_digits import MODELS
from digits.inference import (
    JUDGE_FILE,
    MIN_CANDIDATE_SCORE,
    Finder,
    Judge,
    Marks,
    Model,
    describe_answers,
    describe_marks,
    find_page,
    load_finder,
    parse_judge,
    seen_by,
)
from digits.synthesis import LAYOUTS, Document, RealDigits, Truth, synthesize_documents, synthesize_page

COMMAND = "DIGITS_FINDER=runs/finder python -m benchmarks judging"

DOCUMENTS, SINGLE, NOTES, SEED = 400, 80, 200, 60_000
"""Documents, pages with a single number, which are few among the documents, and pages of notes to fit with."""

SINGLE_LAYOUTS = {layout: share for layout, share in LAYOUTS.items() if layout.__name__ == "large"}

OTHERS, OTHER_SEED = 60, 61_000
"""Documents of held-out layouts, and pages of notes, that it is scored on."""

WIDTH, EPOCHS, BATCH, RATE, DECAY = 24, 30, 512, 3e-3, 0.3
"""Of the networks and their training. Less or more decay, and boosted trees instead of networks, were no better."""

DIGITS = 4
"""Decimals of a stored weight."""

UNKNOWN = -1
"""Label of a mark of which either answer is right: most of it is hidden, or it is too small."""


class PatientFinder(Finder):
    """A finder that looks at each picture once, however often it is asked."""

    def find(self, picture: np.ndarray, *, min_score: float = MIN_CANDIDATE_SCORE) -> Marks:
        """Find as `Finder.find` does."""
        return find_once(self, picture.shape, picture.tobytes(), min_score)


@cache
def find_once(finder: Finder, shape: tuple[int, int], content: bytes, min_score: float) -> Marks:
    """Find the marks of a picture."""
    return Finder.find(finder, np.frombuffer(content, np.uint8).reshape(shape), min_score=min_score)


@dataclass(frozen=True)
class Examples:
    """Descriptions of marks, what they are, the number of their document, and whether they are digits."""

    described: np.ndarray
    labels: np.ndarray
    documents: np.ndarray
    are_digits: np.ndarray


def measure() -> Iterator[Row]:
    """Fit both networks, write them, and score the judge on documents that it has not seen."""
    from digits.data import split

    real = RealDigits(split(digits.load_mnist().train)[1])
    finder, models = (
        PatientFinder(**vars(load_finder(os.environ.get("DIGITS_FINDER", "finder")))),
        [digits.load_model(name) for name in MODELS],
    )
    learned = synthesize_documents(SEED, real=real, layouts=LAYOUTS, held_out_fonts=True)
    single = synthesize_documents(SEED, real=real, layouts=SINGLE_LAYOUTS, held_out_fonts=True)
    documents = [*map(shrink, (*islice(learned, DOCUMENTS), *islice(single, SINGLE))), *_notes(SEED, NOTES)]
    at_a_glance = join_examples(glance_at(documents, finder))
    glance = fit_network(at_a_glance)
    # the second network does not matter until it is fitted
    print_share = weigh_print(at_a_glance)
    half = parse_judge({"glance": glance, "answered": glance, "print_share": print_share})
    answered = fit_network(join_examples(ask(documents, finder, models, half)))
    stored = {"command": COMMAND, "print_share": print_share, "glance": glance, "answered": answered}
    JUDGE_FILE.write_text(json.dumps(stored, separators=(",", ":")) + "\n", encoding="utf-8")
    judge = parse_judge(stored)
    held_out = list(map(shrink, islice(synthesize_documents(OTHER_SEED, real=real), OTHERS)))
    for case, chosen in (("held-out documents", held_out), ("notes", list(_notes(OTHER_SEED, OTHERS)))):
        examples = join_examples(ask(chosen, finder, models, judge))
        right = judge.answered(examples.described).argmax(1) == examples.labels
        for kind, mine in (("digits", examples.are_digits), ("signs", ~examples.are_digits)):
            asked = mine & (examples.labels != UNKNOWN)
            yield Row(
                case=f"{case}: what the finder takes for {kind}", metric="right",
                value=float(right[asked].mean()) if asked.any() else 0.0, unit="share", n=int(asked.sum()),
            )  # fmt: skip


def _notes(seed: int, count: int) -> Iterator[Document]:
    """Draw pages of notes; every fifth is of letters only."""
    return (shrink(describe(synthesize_page(seed + page, digits=page % 5 > 0))) for page in range(count))


def glance_at(documents: Sequence[Document], finder: Finder) -> Iterator[Examples]:
    """Give, for every document, what the judge knows at a glance."""
    for number, document in enumerate(documents):
        marks = finder.find(document.picture, min_score=MIN_CANDIDATE_SCORE)
        marks = marks[marks.struck <= 0]
        yield _label(describe_marks(marks, document.picture.shape), marks, document.truth, number)


def ask(documents: Sequence[Document], finder: Finder, models: Sequence[Model], judge: Judge) -> Iterator[Examples]:
    """Give, for every document and model, what the judge knows after a glance, without print and with it."""
    for number, document in enumerate(documents):
        for printed in (False, True):
            # which model is asked for a page that is upright makes no difference
            page = find_page(document.picture, finder, models[0], upright=True, printed=printed, judge=judge)
            judged = judge.glance(page.described)
            for model in models:
                described = describe_answers(page.marks, page.described, seen_by(page, model)[0], judged)
                yield _label(described, page.marks, document.truth, number)


def _label(described: np.ndarray, marks: Marks, truth: Truth, number: int) -> Examples:
    partner = match(marks.boxes, truth.boxes.astype(np.float32))
    are_digits, labels = marks.labels < 10, np.zeros(len(marks), np.int64)
    if len(truth):
        is_there = (partner >= 0) & ((truth.labels[partner] < 10) == are_digits) & ~truth.struck[partner]
        labels[is_there] = np.where(truth.printed[partner[is_there]], 2, 1)
        is_clear = (truth.visible >= MIN_VISIBLE) & (truth.boxes[:, 2:].max(1) >= MIN_SIZE) | (truth.labels >= 10)
        labels[is_there & ~is_clear[partner]] = UNKNOWN
    return Examples(described, labels, np.full(len(marks), number), are_digits)


def join_examples(parts: Iterator[Examples]) -> Examples:
    """Put examples together."""
    return Examples(*(np.concatenate(each) for each in zip(*(vars(part).values() for part in parts), strict=True)))


def weigh_print(examples: Examples) -> float:
    """Compute the share of print among what is written or printed, every document counted once."""
    weights = 1 / np.bincount(examples.documents)[examples.documents]
    written, printed = (float(weights[examples.labels == kind].sum()) for kind in (1, 2))
    return round(printed / (written + printed), DIGITS)


def fit_network(examples: Examples) -> dict[str, Any]:
    """Fit a network; every document counts alike, however many marks it has."""
    known = examples.labels != UNKNOWN
    described, labels, documents = (each[known] for each in (examples.described, examples.labels, examples.documents))
    mean, deviation = described.mean(0), described.std(0) + 1e-3
    weights = 1 / np.bincount(documents)[documents]
    x = torch.from_numpy(((described - mean) / deviation).clip(-6, 6).astype(np.float32))
    y, share = torch.from_numpy(labels), torch.from_numpy((weights / weights.mean()).astype(np.float32))
    torch.manual_seed(0)
    linear = [nn.Linear(x.shape[1], WIDTH), nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 3)]
    network = nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2])
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH)[: len(x) // BATCH]:
            loss = (nn.functional.cross_entropy(network(x[rows]), y[rows], reduction="none") * share[rows]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()

    def numbers(values: torch.Tensor | np.ndarray) -> list[Any]:
        rounded: list[Any] = np.round(np.asarray(values, np.float64), DIGITS).tolist()
        return rounded

    layers = [[numbers(each.weight.detach().T), numbers(each.bias.detach())] for each in linear]
    return {"mean": numbers(mean), "deviation": numbers(deviation), "layers": layers}
