"""Pages are read in any orientation, and turned only when needed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digits.inference import Reader
from digits.inference.inputs import decode_source
from digits.inference.page import PageDigit, accept_digits, read_page, read_upright, segment_page
from digits.inference.viterbi import find_best_path
from digits.preprocessing import find_components, find_lines, normalize
from digits.preprocessing.segmentation import Candidate, find_candidates, segment_line
from digits.synthesis import SyntheticPage, synthesize_page

pytestmark = pytest.mark.slow

SEEDS = (9, 45, 105)
"""Pages of several lines whose digits are not the same upside down."""


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def lines(reader: Reader, picture: np.ndarray) -> list[str]:
    return [line.replace(" ", "") for line in reader.read(picture).lines]


def written(page: SyntheticPage) -> list[str]:
    return [line.replace(" ", "") for line in page.lines]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_page_is_read_line_by_line(seed: int, reader: Reader) -> None:
    page = synthesize_page(seed)
    assert lines(reader, page.picture) == written(page)
    assert reader.read(page.picture).turned == 0


@pytest.mark.parametrize("turns", [1, 3])
def test_a_page_on_its_side_is_turned(turns: int, reader: Reader) -> None:
    page = synthesize_page(105)
    reading = reader.read(np.rot90(page.picture, turns))
    assert [line.replace(" ", "") for line in reading.lines] == written(page)
    assert reading.turned == 360 - 90 * turns


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_boxes_lie_on_the_ink_of_the_given_picture(turns: int, reader: Reader) -> None:
    page = synthesize_page(105)
    picture = np.zeros(page.picture.shape[:2], np.uint8)
    for index, (x, y, width, height) in enumerate(page.boxes, 1):
        picture[y : y + height, x : x + width] = index
    turned = np.rot90(picture, turns)
    reading = reader.read(np.rot90(page.picture, turns))
    for index, digit in enumerate(reading.digits, 1):
        x, y, width, height = digit.box
        assert turned[y + height // 2, x + width // 2] == index


def test_each_digit_of_a_page_has_its_box(reader: Reader) -> None:
    page = synthesize_page(45)
    boxes = np.array([digit.box for digit in reader.read(page.picture).digits])
    assert np.abs(boxes - page.boxes).max() < 0.2 * page.boxes[:, 3].max()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("digits", [True, False])
def test_scoring_only_best_paths_finds_the_best_of_all(seed: int, digits: bool, reader: Reader) -> None:
    picture = synthesize_page(seed, digits=digits).picture
    components, _, height = find_components(picture)
    boxes = []
    for line in find_lines(components, height):
        segments = segment_line(line)
        candidates = find_candidates(segments, line.height)
        probabilities = reader.model.predict_proba(np.stack([normalize(each.ink) for each in candidates]))
        path = find_best_path(segments, candidates, probabilities.max(1), line.height)
        boxes.append([candidates[k].box for k in path])
    read = read_upright(segment_page(picture), reader.model)
    assert [[found.candidate.box for found in line] for line, _ in read.lines] == boxes


def test_few_letters_are_accepted(reader: Reader) -> None:
    found = [each for seed in range(12) for each in reader.read(synthesize_page(seed, digits=False).picture).digits]
    assert sum(each.accepted for each in found) < 0.25 * len(found)


def line_of(*confidences: float, is_split: bool = False) -> list[PageDigit]:
    """A line of candidates that the model reads as sevens."""
    candidate = Candidate(0, 0, (0, 0, 20, 40), np.full((40, 20), 255, np.uint8), 0.0, is_split)
    rows = [np.full(10, (1 - confidence) / 9, np.float32) for confidence in confidences]
    for each, confidence in zip(rows, confidences, strict=True):
        each[7] = confidence
    return [PageDigit(candidate, np.zeros((28, 28), np.uint8), each) for each in rows]


def test_digits_among_letters_need_high_confidence() -> None:
    assert accept_digits(line_of(0.9, 0.95, 0.98), 40.0, 0.4) == [True, True, True]
    assert accept_digits(line_of(0.9, 0.2, 0.1), 40.0, 0.4) == [False, False, False]
    assert accept_digits(line_of(0.995, 0.2, 0.1), 40.0, 0.4) == [True, False, False]


def test_split_components_need_higher_confidence() -> None:
    assert accept_digits(line_of(0.7, 0.9), 40.0, 0.4) == [True, True]
    assert accept_digits(line_of(0.7, 0.9, 0.9, 0.9, is_split=True), 40.0, 0.4) == [False, True, True, True]


def test_a_page_without_ink_has_no_lines(reader: Reader) -> None:
    page = read_page(np.full((200, 300), 230, np.uint8), reader.model)
    assert page.lines == []
    assert page.score == -np.inf


def test_an_upright_page_is_not_turned(reader: Reader) -> None:
    on_its_side = np.ascontiguousarray(np.rot90(synthesize_page(2).picture))
    assert reader.read(on_its_side).turned == 270
    as_given = reader.read(on_its_side, upright=True)
    assert as_given.turned == 0
    assert as_given.to_dict() != reader.read(on_its_side).to_dict()


def test_a_given_segmentation_changes_nothing(reader: Reader) -> None:
    picture = synthesize_page(3).picture
    decoded = decode_source(picture, "page")
    expected = reader.read(picture, name="page").to_dict()
    assert reader.read_decoded(decoded, name="page", segmentation=segment_page(picture)).to_dict() == expected


@pytest.mark.parametrize("pen", [8, 12, 16])
def test_a_long_stem_is_not_a_printed_line(pen: int, reader: Reader) -> None:
    sheet = Image.new("L", (440, 220), 255)
    ink = ImageDraw.Draw(sheet)
    ink.line([(110, 25), (110, 190)], fill=0, width=pen)
    ink.line([(220, 25), (300, 25), (250, 190)], fill=0, width=pen)
    assert reader.read(np.asarray(sheet)).text == "17"
