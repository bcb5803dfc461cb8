"""Both networks say which side of a page is up."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.inference.finder.marks_of import marks_of

from digits.inference import Reader, find_page, judge_turns
from digits.inference.odds import TURN_WEIGHTS
from digits.inference.turns import count_turns
from digits.synthesis import synthesize_page
from digits.types import Dataset


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 2, 2.0, np.pi, -np.pi / 2, -0.6])
def test_the_direction_of_the_lines_says_how_the_page_lies(angle: float, reader: Reader) -> None:
    marks = marks_of([(0, 0, 20, 30), (26, 2, 20, 30)], "12")
    turned = replace(marks, directions=np.full(2, angle, np.float32))
    evidence = judge_turns(np.full((50, 50), 200, np.uint8), turned, reader.model, reader.finder)
    assert evidence[:, 1].argmax() == round(angle / (np.pi / 2)) % 4
    assert np.ptp(evidence[:, 0]) == np.ptp(evidence[:, 2]) == 0
    assert evidence[:, 3].tolist() == [1, 0, 0, 0]


def test_the_model_says_how_a_digit_lies(reader: Reader, mnist: Dataset) -> None:
    rows = [int(np.flatnonzero(mnist.train.labels == label)[0]) for label in (2, 3, 4, 5)]
    sheet = np.concatenate([255 - cv2.resize(mnist.train.images[row], (56, 56)) for row in rows], 1)
    for turns in range(4):
        boxes = [(56 * k + 8, 8, 40, 40) if turns % 2 == 0 else (8, 56 * k + 8, 40, 40) for k in range(4)]
        lies = np.ascontiguousarray(np.rot90(sheet, -turns))
        evidence = judge_turns(lies, marks_of(boxes, "2345"), reader.model, reader.finder)
        assert evidence[:, 0].argmax() == turns


@pytest.mark.parametrize("turns", range(4))
def test_the_finder_is_surest_of_what_stands_upright(turns: int, reader: Reader) -> None:
    lies = np.ascontiguousarray(np.rot90(np.asarray(synthesize_page(41).picture, np.uint8), -turns))
    grey = cv2.cvtColor(lies, cv2.COLOR_RGB2GRAY) if lies.ndim == 3 else lies
    evidence = judge_turns(grey, reader.finder.find(grey, min_score=0.15), reader.model, reader.finder)
    assert evidence[:, 2].argmax() == turns
    marks = reader.finder.find(grey, min_score=0.15)
    assert count_turns(grey, marks, reader.model, reader.finder) == (evidence @ TURN_WEIGHTS).argmax() == turns


def test_a_page_without_marks_is_not_turned(reader: Reader) -> None:
    page = find_page(np.full((50, 90), 200, np.uint8), reader.finder, reader.model)
    assert not len(page.marks)
    assert page.shape == (50, 90)
