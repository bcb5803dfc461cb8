"""The data set that is checked, with what several checks need of it, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from digits.data import DIGIT_NAMES
from digits.doctor.findings import Example
from digits.doctor.measures import hash_images, is_blank, is_dark_on_light
from digits.doctor.reference import Verdict, as_read, judge
from digits.shapes import Shaped
from digits.types import Dataset, Images, LabelledDigits, Labels

SAMPLE_SIZE = 400
"""Digits of each part that the networks judge: shares of it are known to ±5 %, which is little beside `MIN_GAIN`, in a
second of one processor."""

MIN_JUDGED = 20
"""Digits below which nothing is said about orientation, classes or greys: fewer do not show it."""


class Sample(NamedTuple):
    """Some digits of a part, in the order they have there."""

    places: Shaped[np.ndarray, " n"]
    images: Images
    labels: Labels


@dataclass(frozen=True, eq=False)
class Part:
    """The training digits of a data set, or its test digits, or all of them where the files do not tell them apart.

    Attributes
    ----------
    name
        What its images are called in a sentence: ``training images``, ``test images`` or ``images``.
    digits
        The digits.
    classes
        Names of the classes.
    has_order
        Whether its images are in the order of the file.
    """

    name: str
    digits: LabelledDigits
    classes: tuple[str, ...]
    has_order: bool = True

    def __len__(self) -> int:
        return len(self.digits)

    @property
    def images(self) -> Images:
        """The images."""
        return self.digits.images

    @property
    def labels(self) -> Labels:
        """The labels."""
        return self.digits.labels

    @cached_property
    def is_blank(self) -> Shaped[np.ndarray, " n"]:
        """Which images show nothing."""
        return is_blank(self.images)

    @cached_property
    def is_dark_on_light(self) -> Shaped[np.ndarray, " n"]:
        """Which images that show something have a light background."""
        return np.asarray(is_dark_on_light(self.images) & ~self.is_blank)

    @cached_property
    def hashes(self) -> Shaped[np.ndarray, " n"]:
        """The hash of each image."""
        return hash_images(self.images)

    @cached_property
    def sample(self) -> Sample:
        """Up to `SAMPLE_SIZE` digits that show something, drawn with a fixed seed."""
        shown = np.flatnonzero(~self.is_blank)
        index = np.sort(np.random.default_rng(0).permutation(shown)[:SAMPLE_SIZE])
        return Sample(index, self.images[index], self.labels[index])

    @cached_property
    def as_read(self) -> Images:
        """The sample as the reader would find, scale and centre it."""
        return as_read(self.sample.images)

    @cached_property
    def verdict(self) -> Verdict | None:
        """What the reference network says; None where the sample is too small."""
        if len(self.sample.places) < MIN_JUDGED:
            return None
        return judge(self.as_read, self.sample.labels)

    def call(self, label: int) -> str:
        """Give the name of a class."""
        return self.classes[label] if label < len(self.classes) else str(label)

    def examples(self, index: Shaped[np.ndarray, " k"], captions: list[str] | None = None) -> tuple[Example, ...]:
        """Show images of this part with their place in it, and their labels or other captions."""
        words = captions or [f"label {self.call(int(self.labels[i]))}" for i in index]
        return tuple(
            Example(self.images[i], f"{text}{f'; no. {i + 1:,} of the {self.name}' if self.has_order else ''}")
            for i, text in zip(index, words, strict=True)
        )


@dataclass(frozen=True, eq=False)
class Subject:
    """A data set under examination.

    Attributes
    ----------
    dataset
        The data set.
    is_thorough
        Whether all digits are read and compared, not only a sample.
    """

    dataset: Dataset
    is_thorough: bool = True

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts that its files tell apart."""
        train, test, classes = self.dataset.train, self.dataset.test, self.dataset.classes
        validation = self.dataset.validation
        chosen = () if validation is None else (Part("validation images", validation, classes),)
        if not self.dataset.held_out:
            return Part("training images", train, classes), *chosen, Part("test images", test, classes)
        both = LabelledDigits(np.concatenate((train.images, test.images)), np.concatenate((train.labels, test.labels)))
        return Part("images", both, classes, has_order=False), *chosen

    @property
    def is_named(self) -> bool:
        """Whether the classes have names other than the ten digits."""
        return self.dataset.classes != DIGIT_NAMES
