"""Synthetic pages: every digit has a tight box, and the answers are complete."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits.errors import UsageError
from digits.synthesis.pages import MAX_PAGE_PIXELS, SyntheticPage, synthesize_page

pytestmark = pytest.mark.slow

GOLDEN = {
    (0, True): "ffe98fbd87a3f7090cc94344a02ec8d1e3f81f71e790ea9118fd2d7efd4318b0",
    (5, True): "082e20acca40cfb4e12462b7984a2d6b83d066a790994c7ed8239f28b3834a1b",
    (1, False): "f1667eea710cde41e9bf34675140662ee3c537b26d1fc8bfb004cb81e0372c7c",
}
"""SHA-256 of pictures of 200 × 300 pixels and their boxes, with the pinned versions."""

CODE = """
import hashlib
from digits.synthesis.pages import synthesize_page
for seed, digits in ((0, True), (5, True), (1, False)):
    page = synthesize_page(seed, digits=digits, size=(200, 300))
    print(hashlib.sha256(page.picture.tobytes() + page.boxes.tobytes()).hexdigest())
"""


def count_digits(page: SyntheticPage) -> int:
    return sum(len(line.replace(" ", "")) for line in page.lines)


@pytest.mark.parametrize(("seed", "digits"), GOLDEN)
def test_same_seed_gives_the_same_bytes(seed: int, digits: bool) -> None:
    page = synthesize_page(seed, digits=digits, size=(200, 300))
    assert hashlib.sha256(page.picture.tobytes() + page.boxes.tobytes()).hexdigest() == GOLDEN[seed, digits]


def test_older_processor_gives_the_same_bytes(on_an_older_processor: Callable[[str], str]) -> None:
    assert on_an_older_processor(CODE).split() == list(GOLDEN.values())


@settings(max_examples=25)
@given(st.integers(0, 10**9))
def test_every_digit_has_a_box_in_the_picture(seed: int) -> None:
    page = synthesize_page(seed)
    height, width = page.picture.shape[:2]
    x, y, wide, high = page.boxes.T
    assert len(page.boxes) == count_digits(page) >= 1
    assert min(x.min(), y.min()) >= 0
    assert (x + wide).max() <= width
    assert (y + high).max() <= height
    assert min(wide.min(), high.min()) >= 2
    assert height * width <= 1.1 * MAX_PAGE_PIXELS
    assert set("".join(page.lines)) <= set("0123456789 ")


@pytest.mark.parametrize("seed", range(12))
def test_boxes_are_in_reading_order(seed: int) -> None:
    page = synthesize_page(seed)
    at, middles = 0, []
    for line in page.lines:
        n = len(line.replace(" ", ""))
        mine = page.boxes[at : at + n]
        assert (np.diff(mine[:, 0]) > 0).all()
        middles.append((mine[:, 1] + mine[:, 3] / 2).mean())
        at += n
    assert (np.diff(middles) > 0).all()


def test_boxes_are_tight_and_hold_all_ink_of_digits() -> None:
    clean = []
    for seed in range(60):
        page = synthesize_page(seed)
        if page.picture[:3].std() > 0:  # a photograph; only screens have an even ground
            continue
        ground = page.picture[0, 0].astype(int)
        inked = np.abs(page.picture - ground).max(2) > 20
        boxed = np.zeros_like(inked)
        for x, y, wide, high in page.boxes:
            assert inked[y : y + high, x : x + wide].any()
            # the box is tight: its outermost rows and columns, or those beside them, hold ink
            assert inked[y : y + 3, x : x + wide].any()
            assert inked[y + high - 3 : y + high, x : x + wide].any()
            assert inked[y : y + high, x : x + 3].any()
            assert inked[y : y + high, x + wide - 3 : x + wide].any()
            boxed[max(y - 2, 0) : y + high + 2, max(x - 2, 0) : x + wide + 2] = True
        clean.append((inked & ~boxed).sum() < 0.05 * inked.sum())
    assert len(clean) > 5
    assert np.mean(clean) > 0.4


def test_boxes_have_more_contrast_than_the_paper() -> None:
    stronger = []
    for seed in range(40):
        page = synthesize_page(seed)
        grey = page.picture.astype(float).mean(2)
        edges = np.abs(np.diff(grey, axis=1))
        inside = np.zeros(edges.shape, bool)
        for x, y, wide, high in page.boxes:
            inside[y : y + high, x : x + wide] = True
        stronger.append(edges[inside].mean() > edges[~inside].mean())
    assert np.mean(stronger) > 0.95


@pytest.mark.parametrize("seed", range(10))
def test_page_without_digits_has_no_lines_or_boxes(seed: int) -> None:
    page = synthesize_page(seed, digits=False)
    assert page.lines == ()
    assert page.boxes.shape == (0, 4)


def test_most_pages_without_digits_have_ink() -> None:
    spread = [np.ptp(synthesize_page(seed, digits=False).picture.astype(int).mean(2)) for seed in range(30)]
    assert np.mean(np.array(spread) > 60) > 0.7


@pytest.mark.parametrize("size", [(64, 64), (90, 700), (600, 80), (333, 444)])
def test_given_size_is_used(size: tuple[int, int]) -> None:
    page = synthesize_page(3, size=size)
    assert page.picture.shape == (*size, 3)
    assert len(page.boxes) == count_digits(page)


def test_pages_differ() -> None:
    shapes = {synthesize_page(seed).picture.shape for seed in range(20)}
    assert len(shapes) == 20


@pytest.mark.parametrize(
    ("seed", "size", "message"),
    [(-1, None, "seed must be 0 or more"), (0, (63, 100), "not 63 × 100"), (0, (100, 5), "size must be")],
)
def test_invalid_arguments_are_refused(seed: int, size: tuple[int, int] | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        synthesize_page(seed, size=size)
