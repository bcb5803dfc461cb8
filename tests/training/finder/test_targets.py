"""What the network shall answer: decoding gives the truth back, and what cannot be known is left open."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.finder_documents import answer, describe

from digits.inference.finder.marks import Marks
from digits.inference.finder.outputs import STRIDE, decode
from digits.training.finder.targets import encode, line_sizes, turn

SIDE = 256


def found(document) -> Marks:  # type: ignore[no-untyped-def]
    return decode(answer(encode([document]))[0], 0.5)


@st.composite
def apart(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    """Boxes of digits that can be found, one in each of some squares of 64 pixels."""
    places = draw(st.lists(st.integers(0, 15), min_size=1, max_size=16, unique=True))
    boxes = []
    for place in places:
        width, height = draw(st.integers(1, 60)), draw(st.integers(9, 60))
        x, y = (draw(st.integers(0, 64 - side)) for side in (width, height))
        boxes.append((place % 4 * 64 + x, place // 4 * 64 + y, width, height))
    return boxes


@given(apart(), st.data())
def test_decoding_gives_the_truth_back(boxes: list[tuple[int, int, int, int]], data: st.DataObject) -> None:
    n = len(boxes)
    labels = data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    flags = [np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n))) for _ in range(2)]
    angles = np.array(data.draw(st.lists(st.floats(-1, 1, width=32), min_size=n, max_size=n)), np.float32)
    marks = found(describe((SIDE, SIDE), boxes, labels, printed=flags[0], struck=flags[1], directions=angles))
    got = sorted(
        zip(
            np.rint(marks.boxes).astype(int).tolist(), marks.classes.argmax(1).tolist(), marks.handwritten < 0.5,
            marks.struck > 0, np.round(marks.directions, 4), strict=True,
        )
    )  # fmt: skip
    wanted = sorted(
        zip([list(box) for box in boxes], labels, *flags, np.round(angles, 4), strict=True), key=lambda row: row[:1]
    )
    assert [row[:4] for row in got] == [row[:4] for row in wanted]
    assert np.allclose([row[4] for row in got], [row[4] for row in wanted], atol=1e-3)


def test_links_point_at_the_middle_of_the_next() -> None:
    boxes = [(20, 100, 20, 30), (60, 90, 20, 30), (110, 100, 20, 30)]
    row = {"lines": np.zeros(3, np.int64), "orders": np.array([0, 1, 2])}
    marks = found(describe((SIDE, SIDE), boxes, [1, 2, 3], **row))
    by_class = marks[np.argsort(marks.classes.argmax(1))]
    assert (by_class.links[:, 0] > 0).tolist() == [True, True, False]
    assert np.allclose(by_class.links[:2, 1:], by_class.centres[1:], atol=1e-3)


@pytest.mark.parametrize(
    ("x", "goes_on"), [(100, 0.0), (200, -1.0)], ids=["the line ends here", "it may go on beyond the picture"]
)
def test_the_end_of_a_line_is_known_only_within_the_picture(x: int, goes_on: float) -> None:
    targets = encode([describe((SIDE, SIDE), [(x, 100, 20, 40)])])
    assert targets.links[:, 0].unique().tolist() == [goes_on]


@pytest.mark.parametrize(
    ("height", "heat", "known", "small", "small_known"),
    [
        (2, 0, 1, 0, 0),  # grain
        (5, 0, 1, 1, 1),
        (8, 0, 0, 1, 1),
        (12, 1, 1, 1, 1),
        (18, 1, 1, 0, 0),
        (40, 1, 1, 0, 1),
        (100, 0, 0, 0, 1),
        (140, 0, 1, 0, 1),
    ],
)
def test_size_decides_what_is_asked(height: int, heat: float, known: float, small: float, small_known: float) -> None:
    y = 128 - height // 2
    targets = encode([describe((SIDE, SIDE), [(120, y, max(height // 2, 1), height)])])
    middle = (120 + height // 4) // STRIDE
    at = (0, 128 // STRIDE, middle)
    assert targets.heat.max() == heat
    assert [float(each[at]) for each in (targets.heat_known, targets.small, targets.small_known)] == [
        known, small, small_known
    ]  # fmt: skip


def test_a_sign_is_as_large_as_the_digits_of_its_line() -> None:
    boxes, line = [(20, 20, 20, 40), (45, 55, 4, 4), (200, 200, 5, 5)], np.array([0, 0, 1])
    document = describe((SIDE, SIDE), boxes, [7, 10, 10], lines=line, orders=np.array([0, 1, 0]))
    assert line_sizes(document.truth).tolist() == [40, 40, 5]
    assert len(found(document)) == 2, "the dot after the digit is found, the stray one is too small"


def test_what_is_mostly_hidden_may_be_found_but_need_not() -> None:
    targets = encode([describe((SIDE, SIDE), [(0, 100, 8, 30)], visible=np.array([0.3], np.float32))])
    assert targets.heat.max() == 0
    assert targets.heat_known[0, 28, 1] == 0
    assert targets.heat_known.mean() > 0.99


def test_print_has_a_map_of_its_own() -> None:
    targets = encode([describe((SIDE, SIDE), [(50, 50, 20, 30)], printed=np.array([True]))])
    assert targets.heat.amax((0, 2, 3)).tolist() == [0, 1]


def test_characters_weigh_the_same_whatever_their_size() -> None:
    targets = encode([describe((SIDE, SIDE), [(20, 20, 9, 12), (100, 100, 60, 70)])])
    assert len(targets.cells) > 20
    assert targets.weights.sum().item() == pytest.approx(2)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turning_moves_picture_and_truth_alike(quarters: int) -> None:
    boxes = [(10, 20, 30, 40), (150, 60, 20, 25)]
    turned = turn(describe((SIDE, 320), boxes, [3, 5]), quarters)
    for (x, y, width, height), grey in zip(turned.truth.boxes, (70, 90), strict=True):
        assert (turned.picture[y : y + height, x : x + width] == grey).all()
        assert (turned.picture == grey).sum() == width * height
    assert np.allclose(turned.truth.directions, -np.pi / 2 * quarters)
    assert encode([turned]).labels.unique().tolist() == [-1], "the class of a turned digit is not asked"
    whole = turn(turned, 4 - quarters)
    assert (whole.picture == describe((SIDE, 320), boxes, [3, 5]).picture).all()
    assert (whole.truth.boxes == boxes).all()


def test_pictures_of_a_batch_do_not_mix() -> None:
    one, two = describe((64, 64), [(20, 20, 15, 20)]), describe((64, 64), [(30, 10, 15, 20)])
    both = encode([one, two])
    for row, document in enumerate((one, two)):
        alone, together = answer(encode([document]))[0], answer(both)[row]
        assert all((alone[name] == together[name]).all() for name in alone)


def test_nothing_to_find_is_a_batch_too() -> None:
    targets = encode([describe((64, 96), [])])
    assert targets.heat.shape == (1, 2, 16, 24)
    assert not targets.heat.any()
    assert len(targets.cells) == 0
