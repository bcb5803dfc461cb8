"""What the shipped networks say about a sample of a data set: which way it is turned, and what its labels mean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from digits.doctor.flags import Mending
from digits.doctor.mending import mend_images
from digits.shapes import Int64
from digits.types import CLASSES, Images, Labels, Probabilities

if TYPE_CHECKING:
    from digits.inference import Model

ORIENTATIONS = tuple(
    Mending(transpose=transpose, mirror=mirror, flip=flip)
    for transpose in (False, True)
    for mirror in (False, True)
    for flip in (False, True)
)
"""All ways to turn and mirror a square, the first as it is."""

MIN_GAIN = 0.15
"""Share of a sample that another hypothesis must explain beyond what the data as they are explain. Handwriting that the
networks find hard costs a few per cent under every hypothesis alike; a wrong orientation costs 40 % or more, a wrong
order of classes 20 % for every two that are swapped."""

MIN_Z = 4.0
"""Standard deviations by which digits newly explained must outnumber those no longer explained: sixteen hypotheses are
tried, and none should win by chance in a thousand data sets."""

MIN_EXPLAINED = 0.6
"""Share of a sample that a hypothesis must explain to be named at all. The networks explain 90 % of any digits or more,
and less than half of clothes or letters."""

MIN_CONFIDENCE = 0.9
"""Confidence from which on an image counts as clearly read; MNIST's test digits have it in 99 of 100 cases."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the reference network makes of a sample.

    Attributes
    ----------
    orientation
        How to turn the images so that it reads them; nothing is set if they are upright, or are not digits.
    relabel
        The digit that each label stands for, where another order explains the labels; otherwise empty.
    predicted
        What it reads in each image, turned so.
    confidence
        Its confidence in that.
    agreement
        Share of the sample whose labels it reads as they are.
    explained
        Share of it that it reads after turning and relabelling.
    """

    orientation: Mending
    relabel: tuple[int, ...]
    predicted: Labels
    confidence: np.ndarray
    agreement: float
    explained: float

    @property
    def are_digits(self) -> bool:
        """Whether the network can read these images, whatever their labels say."""
        return float((self.confidence > MIN_CONFIDENCE).mean()) >= MIN_EXPLAINED


@cache
def load_reference(name: str) -> Model:
    """Load a shipped network, once; a single thread, since more of them wait for each other on few images."""
    from digits.inference import load_model

    return load_model(name, threads=1)


def predict(name: str, images: Images) -> Probabilities:
    """Compute the class probabilities of images as they are."""
    model = load_reference(name)
    return model.calibrate(model.logits(images))


def as_read(images: Images) -> Images:
    """Find, scale and centre the digit in each image, as the reader does in pictures of one digit."""
    return mend_images(images, Mending(from_pictures=True))


def judge(images: Images, labels: Labels) -> Verdict:
    """Judge how a sample, as `as_read` gives it, is turned and labelled.

    The fast network compares the hypotheses: each orientation with the labels as they are, and with the assignment of
    digits to labels that explains most. The accurate one confirms the winner.
    """
    turned = [mend_images(images, orientation) for orientation in ORIENTATIONS]
    answers = [predict("mlp", each).argmax(1) for each in turned]
    maps = [assign(labels, answer) for answer in answers]
    plain = [answer == labels for answer in answers]
    mapped = [answer == relabel[labels] for answer, relabel in zip(answers, maps, strict=True)]
    hits = [*plain, *mapped]
    # what changes least wins where two explain about as much
    best: int = 0
    for index in sorted(range(len(hits)), key=lambda index: hits[index].mean(), reverse=True):
        if hits[index].mean() > hits[best].mean() and is_better(hits[best], hits[index]):
            best = index
    # a new order of classes must also beat the best orientation alone
    turn_alone = max(range(len(plain)), key=lambda index: float(plain[index].mean()))
    if best >= len(plain) and not is_better(hits[turn_alone], hits[best]):
        best = turn_alone if is_better(hits[0], hits[turn_alone]) else 0
    orientation = int(best) % len(ORIENTATIONS)
    final = predict("cnn", turned[orientation])
    relabel = maps[orientation] if best >= len(plain) else np.arange(CLASSES)
    explained = float((final.argmax(1) == relabel[labels]).mean())
    as_stored = final if orientation == 0 else predict("cnn", images)
    agreement = float((as_stored.argmax(1) == labels).mean())
    if explained < MIN_EXPLAINED or explained < agreement + MIN_GAIN:
        orientation, relabel, final, explained = 0, np.arange(CLASSES), as_stored, agreement
    return Verdict(
        ORIENTATIONS[orientation],
        () if (relabel == np.arange(CLASSES)).all() else tuple(map(int, relabel)),
        final.argmax(1).astype(np.uint8),
        final.max(1),
        agreement,
        explained,
    )


def assign(labels: Labels, predicted: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, "10"]:
    """Assign a digit to each label so that most predictions agree: the largest counts first, each digit once."""
    counts = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    assigned = np.full(CLASSES, -1)
    free = np.ones(CLASSES, bool)
    for index in np.argsort(-counts, axis=None, kind="stable"):
        label, digit = divmod(int(index), CLASSES)
        if counts[label, digit] and assigned[label] < 0 and free[digit]:
            assigned[label], free[digit] = digit, False
    for label in map(int, np.flatnonzero(assigned < 0)):  # labels that are not there: their own digit if it is free
        digit = label if free[label] else int(free.argmax())
        assigned[label], free[digit] = digit, False
    return assigned


def is_better(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether a hypothesis explains clearly more of a sample than another: by McNemar's test, and by `MIN_GAIN`."""
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    z = (gained - lost) / max(gained + lost, 1) ** 0.5
    return z >= MIN_Z and (gained - lost) / len(before) >= MIN_GAIN
