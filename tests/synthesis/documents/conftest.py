"""Fixtures for tests of documents: hands that write with all kinds of digits, and an empty page for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from digits.data import split
from digits.data.formats.unipen import PenDigit
from digits.synthesis.documents import RealDigits
from digits.synthesis.documents.fonts import load_fonts
from digits.synthesis.documents.hands import Hand, make_hands
from digits.synthesis.documents.page import Page
from digits.synthesis.handwriting import write_digits
from digits.synthesis.pen_strokes import mild_writers
from digits.types import Dataset, LabelledDigits


@pytest.fixture(scope="session")
def real(mnist: Dataset) -> RealDigits:
    """A part of MNIST's training digits, and strokes as a tablet records them."""
    learned, _ = split(mnist.train)
    return RealDigits(LabelledDigits(learned.images[:2000], learned.labels[:2000]), _record(writers=6))


def _record(writers: int) -> list[PenDigit]:
    """Write every digit three times: the strokes of real people would have to be downloaded."""
    rng = np.random.default_rng(2)
    labels = np.tile(np.arange(10), 3 * writers)
    written = write_digits(labels, mild_writers(len(labels), rng), rng)
    recorded = []
    for row, (points, pen_down) in enumerate(zip(300 * written.points, written.pen_down, strict=True)):
        strokes = np.split(points, np.flatnonzero(~pen_down) + 1)
        recorded.append(PenDigit(int(labels[row]), row // 30, tuple(each for each in strokes if len(each))))
    return recorded


@pytest.fixture(scope="session")
def hands(real: RealDigits) -> list[Hand]:
    """A block of hands."""
    return make_hands(np.random.default_rng(0), real)


@pytest.fixture(scope="session")
def many_hands(hands: list[Hand], real: RealDigits) -> list[Hand]:
    """Three blocks of hands, of which many write with strokes."""
    return [*hands, *(each for seed in (1, 2) for each in make_hands(np.random.default_rng(seed), real))]


@pytest.fixture(scope="session")
def dark_hands() -> list[Hand]:
    """Hands with dark ink, whose digits nobody wrote: quick to make."""
    made = make_hands(np.random.default_rng(1), RealDigits())
    return [hand for hand in made if hand.level < 90 and hand.darkness > 0.75]


@pytest.fixture
def make_page(dark_hands: list[Hand]) -> Callable[..., Page]:
    """A function that returns an empty white page of 500 × 400 pixels, with hands of dark ink."""

    def make(unit: float = 24.0, seed: int = 0) -> Page:
        rng = np.random.default_rng(seed)
        chosen = tuple(dark_hands[row] for row in rng.choice(len(dark_hands), 3, replace=False))
        return Page(np.full((500, 400), 250, np.uint8), unit, chosen, load_fonts()[:3], 20.0)

    return make
