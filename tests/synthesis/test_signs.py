"""Letters and signs: that they can be drawn, are of a digit's size or less, and that no digit looks like them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from digits.synthesis.ink import plain_pens
from digits.synthesis.samples import draw_digits
from digits.synthesis.signs import CIRCLED, LETTERS, OTHERS, SIGNS, other_paths
from digits.synthesis.skeletons import DIGITS
from digits.synthesis.strokes import POINTS, Path, parse
from digits.synthesis.writing import Writing, draw_writers, write
from digits.types import Images

ALIKE = 0.88
"""Correlation with a digit from which on a sign may be taken for one: B has 0.89 with an 8, S 0.91 with a 5."""

CURVES = """
import numpy as np
from digits.synthesis.signs import other_paths
for path in other_paths():
    print(np.abs(path.sharp @ path.controls).sum().round(6))
"""

DIGIT_PATHS = [parse(text) for ways in DIGITS for _, text in ways.values()]


def drawn(paths: Sequence[Path]) -> Images:
    points = np.stack([path.sharp @ path.controls for path in paths])
    writing = Writing(points, np.stack([path.drawn for path in paths]), np.ones(points.shape[:2]))
    return draw_digits(writing, plain_pens(0.1, len(paths)))


def closest(paths: Sequence[Path]) -> np.ndarray:
    """Correlation of what each path draws with the digit that is most like it."""
    rows = []
    for images in (drawn(paths), drawn(DIGIT_PATHS)):
        flat = np.stack([cv2.GaussianBlur(image.astype(float), (0, 0), 1.2).ravel() for image in images])
        flat -= flat.mean(1, keepdims=True)
        rows.append(flat / np.linalg.norm(flat, axis=1, keepdims=True))
    return (rows[0] @ rows[1].T).max(1)


@pytest.mark.parametrize("name", OTHERS)
def test_every_path_fits_where_a_digit_would(name: str) -> None:
    path = parse(OTHERS[name])
    points = path.sharp @ path.controls
    low, high = points.min(0), points.max(0)
    assert points.shape == (POINTS, 2)
    assert low.min() > -0.1
    assert high[0] < 1.2
    assert high[1] < 1.4
    # what is no larger than a dot could be anything
    assert np.ptp(points, axis=0).max() > 0.2


def test_there_are_many_of_each_kind_and_no_two_are_drawn_alike() -> None:
    assert len(LETTERS) >= 25
    assert len(SIGNS) >= 50
    assert len(OTHERS) == len(LETTERS) + len(SIGNS) + len(CIRCLED)
    assert len(np.unique(drawn(other_paths()), axis=0)) == len(OTHERS)


def test_no_sign_looks_like_a_digit() -> None:
    likeness = dict(zip(OTHERS, closest(other_paths()), strict=True))
    assert {name: round(float(most), 2) for name, most in likeness.items() if most >= ALIKE} == {}


@pytest.mark.parametrize(
    ("letter", "text"),
    [
        ("O", "45,2 15,15 3,50 15,88 40,99 65,85 72,50 62,15 38,1"),
        ("S", "62,8 30,2 8,22 34,46 62,70 40,98 4,90"),
        ("Z", "4,4 64,4! 4,98! 68,98"),
        ("l", "8,0 8,100"),
        ("b", "8,0 6,98! 40,98 50,70 8,60"),
        ("q", "50,46 20,42 6,66 20,92 48,72 52,46! 52,130"),
    ],
)
def test_a_letter_that_looks_like_a_digit_would_be_found(letter: str, text: str) -> None:
    assert letter not in OTHERS
    assert closest([parse(text)])[0] >= ALIKE


@pytest.mark.parametrize("name", CIRCLED)
def test_a_ring_goes_around_all_of_its_sign(name: str) -> None:
    path = parse(CIRCLED[name])
    points = path.sharp @ path.controls - 0.5
    first = int(np.flatnonzero(~path.drawn)[0])
    ring, inside = np.linalg.norm(points[: first + 1], axis=1), np.linalg.norm(points[first + 1 :], axis=1)
    assert ring.min() > 0.4
    assert inside.max() < ring.min()


def test_writers_write_them_as_they_write_digits() -> None:
    rng = np.random.default_rng(0)
    n = len(OTHERS)
    writing = write(other_paths(), np.arange(n), np.arange(n) % 7, draw_writers(7, rng), rng)
    assert np.isfinite(writing.points).all()
    assert np.abs(writing.points).max() < 1.5
    assert writing.drawn.any(1).all()


def test_an_older_processor_draws_the_same_curves(on_an_older_processor: Callable[[str], str]) -> None:
    # of strokes as long as each other, and points halfway between two, the last bit of a sum must not decide
    here = [float(np.abs(path.sharp @ path.controls).sum().round(6)) for path in other_paths()]
    assert [float(line) for line in on_an_older_processor(CURVES).split()] == here
