"""What may be one digit is listed: marks apart, together, and cut."""

from __future__ import annotations

import cv2
import numpy as np

from digits.preprocessing import find_candidates, segment_line
from digits.preprocessing.components import Component
from digits.preprocessing.lines import Line

HEIGHT = 60


def line(*strokes: tuple[int, np.ndarray]) -> Line:
    return Line(tuple(Component(left, 0, ink, 200.0) for left, ink in strokes), float(HEIGHT))


def ring(width: int = 40) -> np.ndarray:
    ink = np.zeros((HEIGHT, width), np.uint8)
    cv2.ellipse(ink, (width // 2, HEIGHT // 2), (width // 2 - 4, HEIGHT // 2 - 4), 0, 0, 360, 255, 5)
    return ink


def stick(width: int = 8) -> np.ndarray:
    return np.full((HEIGHT, width), 255, np.uint8)


def touching() -> np.ndarray:
    ink = np.zeros((HEIGHT, 78), np.uint8)
    ink[:, :40], ink[:, 38:] = ring(), np.maximum(ring(), ink[:, 38:][:, :40])
    return ink


def test_a_narrow_mark_is_never_cut() -> None:
    pieces = segment_line(line((0, stick()), (30, ring(30))))
    assert [piece.cut_cost for piece in pieces] == [0, 0]


def test_touching_rings_may_be_cut_between_them() -> None:
    pieces = segment_line(line((10, touching())))
    starts = [piece.left for piece in pieces]
    assert any(44 <= start <= 52 for start in starts)
    assert pieces[0].cut_cost == 0
    assert all(piece.cut_cost > 0 for piece in pieces[1:])


def test_the_pieces_of_a_mark_are_all_of_its_ink() -> None:
    pieces = segment_line(line((10, touching())))
    assert sum(int(piece.ink.sum()) for piece in pieces) == int(touching().sum())


def test_each_piece_alone_and_all_of_a_mark_are_candidates() -> None:
    pieces = segment_line(line((10, touching())))
    candidates = find_candidates(pieces, float(HEIGHT))
    spans = {(each.first, each.last) for each in candidates}
    assert {(index, index) for index in range(len(pieces))} <= spans
    assert (0, len(pieces) - 1) in spans
    whole = next(each for each in candidates if (each.first, each.last) == (0, len(pieces) - 1))
    assert int(whole.ink.sum()) == int(touching().sum())
    assert whole.box == (11, 1, 77, 59)


def test_a_bar_and_its_belly_may_be_one_digit_but_digits_apart_may_not() -> None:
    bar = Component(38, 0, np.full((6, 25), 255, np.uint8), 200.0)
    near = Line((Component(0, 0, ring(), 200.0), bar), float(HEIGHT))
    far = line((0, ring()), (70, ring()))
    assert (0, 1) in {(each.first, each.last) for each in find_candidates(segment_line(near), float(HEIGHT))}
    assert (0, 1) not in {(each.first, each.last) for each in find_candidates(segment_line(far), float(HEIGHT))}


def test_candidates_come_in_the_order_of_their_first_piece() -> None:
    firsts = [each.first for each in find_candidates(segment_line(line((0, touching()), (80, ring()))), float(HEIGHT))]
    assert firsts == sorted(firsts)


def test_a_wider_gap_costs_more() -> None:
    def cost(gap: int) -> float:
        candidates = find_candidates(segment_line(line((0, stick()), (8 + gap, stick()))), float(HEIGHT))
        return next(each.cost for each in candidates if each.last == 1 and each.first == 0)

    assert cost(1) < cost(6)
