"""The digit in a picture is kept, and other ink is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from digits.preprocessing import extract_digit, find_digit_ink, find_digit_inks, normalize
from digits.preprocessing.ink import prepare_digit

PAPER, PEN = 225, 50


def five(bar: bool = True) -> np.ndarray:
    ink = np.zeros((120, 100), np.uint8)
    belly = np.array([(38, 35), (36, 55), (58, 58), (64, 78), (50, 92), (32, 90)], np.int32)
    cv2.polylines(ink, [belly], False, 255, 6, cv2.LINE_AA)
    if bar:
        cv2.line(ink, (45, 22), (72, 20), 255, 6, cv2.LINE_AA)
    return ink


def on_paper(ink: np.ndarray) -> np.ndarray:
    share = ink[:, :, None] / 255
    return np.rint(PAPER * (1 - share) + PEN * share).astype(np.uint8).repeat(3, axis=2)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other).mean() / one.mean())


def test_a_photographed_digit_equals_its_ink() -> None:
    assert apart(normalize(five()), extract_digit(on_paper(five()))) < 0.25


def test_a_separate_part_belongs_to_the_digit() -> None:
    with_bar, without = extract_digit(on_paper(five())), extract_digit(on_paper(five(bar=False)))
    assert apart(with_bar, without) > 0.5


@pytest.mark.parametrize(
    "spoil",
    [
        lambda ink: cv2.circle(ink, (8, 110), 1, 255, -1),
        lambda ink: cv2.line(ink, (0, 112), (99, 112), 255, 2),
        lambda ink: cv2.rectangle(ink, (94, 0), (99, 30), 255, -1),
    ],
    ids=["speck", "printed line", "edge of something"],
)
def test_other_ink_is_left_out(spoil: object) -> None:
    ink = five()
    clean = extract_digit(on_paper(ink))
    spoilt = extract_digit(on_paper(spoil(ink.copy())))  # type: ignore[operator]
    assert apart(clean, spoilt) < 0.15


def test_a_small_digit_outweighs_a_wide_printed_bar() -> None:
    ink = np.zeros_like(five())
    ink[10:70, 20:70] = cv2.resize(five(), (50, 60), interpolation=cv2.INTER_AREA)
    clean = extract_digit(on_paper(ink))
    cv2.line(ink, (0, 85), (99, 85), 255, 10)
    assert apart(clean, extract_digit(on_paper(ink))) < 0.15


def test_no_ink_gives_an_empty_digit() -> None:
    assert not extract_digit(np.full((50, 50, 3), 240, np.uint8)).any()
    assert not extract_digit(np.zeros((0, 0), np.uint8)).any()


def test_the_usual_way_comes_first() -> None:
    picture = on_paper(five())
    first, *others = find_digit_inks(picture)
    assert np.array_equal(first.ink, find_digit_ink(picture))
    assert others
    assert first.is_light is False
    assert {each.is_light for each in others} == {True, False}


def test_a_negative_has_the_same_ways_but_for_their_polarity() -> None:
    picture = on_paper(five())
    for one, other in zip(find_digit_inks(picture), find_digit_inks(255 - picture), strict=True):
        assert one.is_light != other.is_light
        assert one.odds == pytest.approx(other.odds, abs=0.1)
        assert np.abs(one.ink.astype(int) - other.ink).mean() < 1


def test_rim_of_a_blot_overlooks_the_rest_of_it() -> None:
    blot = np.zeros((120, 120), np.uint8)
    cv2.circle(blot, (60, 60), 45, 255, -1)
    rim, whole, *_ = find_digit_inks(on_paper(blot))
    assert (rim.has_level_ground, whole.has_level_ground) == (False, True)
    assert rim.ink[60, 60] == 0
    assert rim.overlooked == 1
    assert whole.ink[60, 60] == 255
    assert whole.overlooked == 0


def test_nothing_of_a_digit_is_overlooked() -> None:
    assert next(find_digit_inks(on_paper(five()))).overlooked == 0


@pytest.mark.parametrize("sides", [(0,), (1,), (2,), (3,), (0, 1), (0, 2), (0, 1, 2, 3)])
def test_a_frame_is_removed_in_one_of_the_ways(sides: tuple[int, ...]) -> None:
    picture = on_paper(five())
    clean = extract_digit(picture)
    for side in sides:
        np.rot90(picture, side)[:4] = 30
    assert min(apart(clean, normalize(way.ink)) for way in find_digit_inks(picture)) < 0.15


@pytest.mark.parametrize("side", [6, 8, 12, 16, 27])
def test_small_pictures_are_enlarged(side: int) -> None:
    grey = prepare_digit(np.full((side, side - 2), 200, np.uint8))
    assert 28 <= max(grey.shape) < 56
    assert (grey == 200).all()
