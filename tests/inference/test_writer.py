"""The digits of a page revise each other as one writer's, and only these."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import pytest
from benchmarks.results import read_rows

from digits.inference import WEIGHTS, Reader, compare_images, revise
from digits.inference.page import find_page, read_page
from digits.inference.writer import BLUR, revise_page
from digits.synthesis import draw_strokes, synthesize_page
from digits.types import Dataset

LONG_FLAG = [[(0, 40), (38, 0), (38, 50), (37, 100)]]
PLAIN_SEVEN = [[(2, 6), (62, 4), (44, 42), (26, 100)]]
CROSSED_SEVEN = [*PLAIN_SEVEN, [(12, 53), (60, 47)]]
PLAIN_ONE = [[(8, 0), (8, 100)]]


def surely(value: int) -> np.ndarray:
    return (0.001 + 0.99 * (np.arange(10) == value)).astype(np.float32)


def revise_written(*written: tuple[list[list[tuple[int, int]]], np.ndarray]) -> np.ndarray:
    """Revise digits drawn from strokes with the probabilities that they have alone."""
    images = np.stack([draw_strokes(strokes) for strokes, _ in written])
    return revise_page(np.stack([row for _, row in written]), images)


def one_or_seven(beside: Iterable[tuple[list[list[tuple[int, int]]], np.ndarray]]) -> np.ndarray:
    """Revise a stroke with a long flag that is as probably a 1 as a 7."""
    doubtful = (surely(1) + surely(7)) / 2
    revised: np.ndarray = revise_written((LONG_FLAG, doubtful), *beside)[0]
    return revised


def test_a_flagged_stroke_is_a_1_beside_crossed_7s() -> None:
    revised = one_or_seven([(CROSSED_SEVEN, surely(7))] * 3)
    assert revised[1] > 0.6
    assert revised.argmax() == 1


def test_a_flagged_stroke_is_a_7_beside_7s_that_look_like_it() -> None:
    revised = one_or_seven([(LONG_FLAG, surely(7))] * 3)
    assert revised[7] > 0.6


def test_a_flagged_stroke_is_no_plain_1() -> None:
    assert one_or_seven([(PLAIN_ONE, surely(1))] * 3)[7] > 0.5


def test_digits_of_other_classes_decide_nothing() -> None:
    revised = one_or_seven([(PLAIN_ONE, surely(4)), (CROSSED_SEVEN, surely(5))])
    assert revised[1] == pytest.approx(revised[7], rel=1e-3)


def test_a_digit_alone_stays_as_it_is() -> None:
    doubtful = (surely(1) + surely(7)) / 2
    assert np.array_equal(revise_written((LONG_FLAG, doubtful)), doubtful[None])
    none = revise_page(np.zeros((0, 10), np.float32), np.zeros((0, 28, 28), np.uint8))
    assert none.shape == (0, 10)


def test_revision_is_bayes_rule() -> None:
    """Against the formula, written out for each digit and class."""
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(10, 0.3), 6).astype(np.float32)
    distances = rng.uniform(0, 0.5, (6, 6)).astype(np.float32)
    revised = revise(probabilities, distances)
    for i in range(6):
        others = [j for j in range(6) if j != i]
        expected = []
        for k in range(10):
            n = sum(probabilities[j, k] for j in others)
            alike = sum(
                probabilities[j, k] * np.exp(WEIGHTS.likeness - WEIGHTS.steepness * distances[i, j]) for j in others
            )
            expected.append(probabilities[i, k] * (1 + alike) / (1 + n) * (WEIGHTS.evenness + n))
        assert np.allclose(revised[i], np.array(expected) / sum(expected), atol=1e-5)


def test_order_does_not_matter(mnist: Dataset) -> None:
    images, rng = mnist.train.images[:12], np.random.default_rng(1)
    probabilities = rng.dirichlet(np.full(10, 0.3), 12).astype(np.float32)
    order = rng.permutation(12)
    revised = revise(probabilities, compare_images(images))
    shuffled = revise(probabilities[order], compare_images(images[order]))
    assert np.allclose(shuffled, revised[order], atol=1e-5)


def test_distances_are_those_of_blurred_images(mnist: Dataset) -> None:
    images = mnist.train.images[:20]
    blurs = [cv2.GaussianBlur(each.astype(np.float64), (0, 0), BLUR, borderType=cv2.BORDER_CONSTANT) for each in images]
    blurred = np.stack(blurs).reshape(20, -1)
    blurred /= np.linalg.norm(blurred, axis=1, keepdims=True)
    expected = ((blurred[:, None] - blurred) ** 2).sum(2)
    assert np.allclose(compare_images(images), expected, atol=0.001)


def test_images_without_ink_are_no_trouble() -> None:
    empty = np.zeros((3, 28, 28), np.uint8)
    revised = revise(np.full((3, 10), 0.1, np.float32), compare_images(empty))
    assert np.allclose(revised, 0.1)


def test_the_weights_are_those_that_were_fitted() -> None:
    fitted = {row.case: row.value for row in read_rows("writers") if row.metric == "weight"}
    assert fitted == WEIGHTS._asdict()


def test_a_reading_holds_the_revised_probabilities_of_what_was_accepted() -> None:
    reader, picture = Reader(), synthesize_page(41).picture
    page = find_page(picture, reader.finder, reader.model, upright=True)
    alone, wanted, _ = read_page(page, reader.model)
    is_digit = page.marks.labels < 10
    images = page.images[is_digit]
    accepted = (wanted[is_digit] >= 0.5) & (alone.max(1) >= reader.threshold)
    expected = revise_page(alone[accepted], images[accepted])
    digits = [digit for digit in reader.read(picture, upright=True) if digit.accepted]
    assert len(digits) == len(expected)
    for digit in digits:
        (row,) = np.flatnonzero((images[accepted] == digit.image).all((1, 2)))
        assert np.array_equal(digit.probabilities, expected[row])
        assert digit.confidence == expected[row].max()
    assert not np.array_equal(expected, alone[accepted])
