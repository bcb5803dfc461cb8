"""Every planted fault is found by its name, with pictures and the flag that mends it; clean sets pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from digits.data import split
from digits.doctor import Finding, Mending, examine, mend
from digits.doctor.checks.mnist import EVERY, load_hashes, mnist_hashes
from digits.synthesis import synthesize
from digits.types import Dataset, LabelledDigits

Fault = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[Any, Any]]

ALPHABET = np.argsort([8, 5, 4, 9, 1, 7, 6, 3, 2, 0])
"""Place of each digit in the order of the names eight, five, four …"""


def some(images: np.ndarray, changed: np.ndarray, step: int = 8) -> np.ndarray:
    result = images.copy()
    result[::step] = changed[::step]
    return result


def small(x: np.ndarray) -> np.ndarray:
    """Shrink images to half their size, into a corner."""
    result = np.zeros_like(x)
    result[:, 1:15, 1:15] = x.reshape(-1, 14, 2, 14, 2).mean((2, 4))
    return result


def noisy(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change 20 labels to another digit each."""
    result = y.copy()
    index = rng.permutation(len(y))[:20]
    result[index] = (result[index] + rng.integers(1, 10, 20)) % 10
    return result


def without_most(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out all but one image of the class 4."""
    keep = (y != 4) | ((y == 4).cumsum() <= 1)
    return x[keep], y[keep]


FAULTS: dict[str, tuple[str, str, Fault]] = {
    "pixels of 0 and 1": ("range", "--stretch", lambda x, y, _: (x > 127, y)),
    "pixels of 0 to 16": ("range", "--stretch", lambda x, y, _: (x // 16, y)),
    "faint": ("faint", "--stretch", lambda x, y, _: (x // 3, y)),
    "grey background": ("grey-background", "--stretch", lambda x, y, _: (60 + x // 255.0 * 140 + x % 255 * 0.55, y)),
    "inverted": ("inverted", "--invert", lambda x, y, _: (255 - x, y)),
    "mixed polarity": ("mixed-polarity", "--invert", lambda x, y, _: (some(x, 255 - x), y)),
    "transposed": ("transposed", "--transpose", lambda x, y, _: (x.transpose(0, 2, 1), y)),
    "mirrored": ("mirrored", "--mirror", lambda x, y, _: (x[:, :, ::-1], y)),
    "upside down": ("turned-180", "--mirror --flip", lambda x, y, _: (x[:, ::-1, ::-1], y)),
    "on the side": ("turned-left", "--transpose --mirror", lambda x, y, _: (np.rot90(x, 1, (1, 2)), y)),
    "some blank": ("blank", "--drop-blank", lambda x, y, _: (some(x, 0 * x), y)),
    "all blank": ("blank", "", lambda x, y, _: (0 * x, y)),
    "small": ("small", "--from-pictures", lambda x, y, _: (small(x), y)),
    "off-centre": ("off-centre", "--from-pictures", lambda x, y, _: (np.roll(x, (-6, 6), (1, 2)), y)),
    "copies": ("copies", "--drop-duplicates", lambda x, y, _: (some(x, np.roll(x, 1, 0)), some(y, np.roll(y, 1)))),
    "contradictory": ("contradictory", "", lambda x, y, _: (some(x, np.roll(x, 1, 0)), y)),
    "one class": ("one-class", "", lambda x, y, _: (x, 0 * y)),
    "missing class": ("missing-class", "", lambda x, y, _: (x[y != 3], y[y != 3])),
    "unbalanced": ("unbalanced", "", lambda x, y, _: without_most(x, y)),
    "shifted labels": ("shifted", "--relabel 9 0 1 2 3 4 5 6 7 8", lambda x, y, _: (x, (y + 1) % 10)),
    "alphabetical": ("alphabetical", "--relabel 8 5 4 9 1 7 6 3 2 0", lambda x, y, _: (x, ALPHABET[y])),
    "swapped labels": (
        "swapped",
        "--relabel 0 7 2 3 4 5 6 1 9 8",
        lambda x, y, _: (x, np.array([0, 7, 2, 3, 4, 5, 6, 1, 9, 8])[y]),
    ),
    "shuffled labels": ("unrelated-labels", "", lambda x, y, rng: (x, rng.permutation(y))),
    "label noise": ("label-noise", "", lambda x, y, rng: (x, noisy(y, rng))),
}
"""By fault: the kind of its finding, the flag that mends it, and what plants it."""


ALSO = {"contradictory": {"copies", "label-noise"}}
"""What else such a fault is."""

MENDED = {flag: name for name, (_, flag, _) in FAULTS.items() if flag}.values()
"""A fault for each flag, which leaves nothing to find."""


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_found_and_mended(name: str, clean: LabelledDigits, make: Callable[..., Dataset]) -> None:
    kind, flag, plant = FAULTS[name]
    planted = make(*plant(clean.images, clean.labels, np.random.default_rng(0)))
    found = {finding.kind: finding for finding in examine(planted)}
    finding = found[kind]
    assert (finding.mend, finding.is_warning) == (flag, True)
    assert {each.kind for each in found.values() if each.is_warning} - ALSO.get(name, set()) == {kind}
    assert len(finding.examples) >= 2
    assert 0 < finding.count <= finding.total
    assert flag in finding.text
    if name in MENDED:
        assert kinds(mend(planted, as_mending(flag))) == set()


def as_mending(flags: str) -> Mending:
    """Read flags as the command line does."""
    settings: dict[str, Any] = {}
    for words in flags.split("--")[1:]:
        name, *numbers = words.split()
        settings[name.replace("-", "_")] = tuple(map(int, numbers)) or True
    return Mending(**settings)


def warnings(dataset: Dataset) -> list[Finding]:
    return [finding for finding in examine(dataset) if finding.is_warning]


def kinds(dataset: Dataset) -> set[str]:
    return {finding.kind for finding in warnings(dataset)}


def test_clean_digits_pass(clean: LabelledDigits, make: Callable[..., Dataset]) -> None:
    assert examine(make(clean.images, clean.labels)) == []


def test_fault_of_one_part_has_no_flag_for_both(clean: LabelledDigits, make: Callable[..., Dataset]) -> None:
    x, y = clean.images, clean.labels
    (finding,) = warnings(make(x[:60], y[:60], test=(x[60:].transpose(0, 2, 1), y[60:])))
    assert (finding.kind, finding.mend) == ("transposed", "")
    assert finding.sentence.startswith("The test images are transposed")
    assert "The training images need no such flag" in finding.advice


def test_test_digits_in_training_are_found(clean: LabelledDigits, make: Callable[..., Dataset]) -> None:
    x, y = clean.images, clean.labels
    leaked = make(x[:100], y[:100], test=(x[50:], y[50:]))
    (finding,) = warnings(leaked)
    assert (finding.kind, finding.count, finding.total) == ("test-in-training", 50, 90)
    mended = mend(leaked, Mending(drop_duplicates=True))
    assert (len(mended.train), len(mended.test)) == (50, 90)
    assert warnings(mended) == []


def test_near_copies_are_found(clean: LabelledDigits, make: Callable[..., Dataset]) -> None:
    x, y = clean.images, clean.labels
    noise = np.random.default_rng(0).normal(0, 5, x[80:].shape)
    copied = np.clip(np.roll(x[80:], (1, -1), (1, 2)) * 0.9 + noise, 0, 255)
    (finding,) = warnings(make(x[:120], y[:120], test=(copied, y[80:])))
    assert finding.kind == "near-copies"
    assert 30 <= finding.count <= 40 < finding.total
    copy, original = (example.image.astype(float).ravel() for example in finding.examples)
    assert np.corrcoef(copy, np.roll(original.reshape(28, 28), (1, -1), (0, 1)).ravel())[0, 1] > 0.99


def test_digits_of_mnist_are_found(clean: LabelledDigits, mnist: Dataset, make: Callable[..., Dataset]) -> None:
    train, test = mnist.train, mnist.test
    mixed = make(
        np.concatenate((clean.images, test.images[:50])), np.concatenate((clean.labels, test.labels[:50])),
        test=(train.images[: 40 * EVERY : EVERY], train.labels[: 40 * EVERY : EVERY]),
    )  # fmt: skip
    found = {finding.kind: finding.count for finding in warnings(mixed)}
    assert found == {"mnist-test-digits": 50, "mnist-training-digits": 40 * EVERY}


def test_the_hashes_are_those_of_mnist(mnist: Dataset) -> None:
    assert np.array_equal(mnist_hashes(mnist), load_hashes())


def test_classes_called_zero_to_nine_are_found(clean: LabelledDigits, make: Callable[..., Dataset]) -> None:
    names = ("eight", "five", "four", "nine", "one", "seven", "six", "three", "two", "zero")
    (finding,) = examine(make(clean.images, ALPHABET[clean.labels], classes=names))
    assert (finding.kind, finding.mend) == ("alphabetical", "--relabel 8 5 4 9 1 7 6 3 2 0")


def test_few_digits_are_a_note(clean: LabelledDigits, make: Callable[..., Dataset]) -> None:
    (finding,) = examine(make(clean.images[:12].transpose(0, 2, 1), clean.labels[:12]))
    assert (finding.kind, finding.is_warning, finding.count) == ("few", False, 12)


def test_synthetic_handwriting_passes(make: Callable[..., Dataset]) -> None:
    written = synthesize(200, seed=9)
    train, test = split(written, 100)
    assert kinds(make(train.images, train.labels, test=(test.images, test.labels))) == set()


def draw_clothes(n: int) -> LabelledDigits:
    """Draw things that fill the frame as Fashion-MNIST's do, of ten classes: no digits, and some lighter than dark."""
    rng = np.random.default_rng(3)
    labels = np.arange(n) % 10
    rows, columns = np.mgrid[:28, :28] - 13.5
    images = []
    for label in labels:
        width, height = 4 + label + rng.normal(0, 0.7), 13.5 - (label % 3) * 3 + rng.normal(0, 0.5)
        shape = (abs(columns) < width * (1 - 0.03 * label * rows / 14)) & (abs(rows) < height)
        shape &= ~((abs(columns) < 1.5 + label % 2) & (rows > label - 4)) | (label > 6)
        texture = 120 + 15 * label + 20 * np.sin(rows * (label % 4)) + rng.normal(0, 12, shape.shape)
        images.append(np.clip(shape * texture, 0, 255))
    return LabelledDigits(np.array(images).astype(np.uint8), labels.astype(np.uint8))


def test_clothes_pass(make: Callable[..., Dataset]) -> None:
    clothes = draw_clothes(200)
    assert kinds(make(clothes.images, clothes.labels)) == set()
