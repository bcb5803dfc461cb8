"""Candidates are components alone, joined, and cut."""

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


def test_narrow_components_are_not_cut() -> None:
    segments = segment_line(line((0, stick()), (30, ring(30))))
    assert [each.cut_cost for each in segments] == [0, 0]


def test_touching_rings_are_cut_between_them() -> None:
    segments = segment_line(line((10, touching())))
    starts = [each.left for each in segments]
    assert any(44 <= start <= 52 for start in starts)
    assert segments[0].cut_cost == 0
    assert all(each.cut_cost > 0 for each in segments[1:])


def test_segments_keep_all_ink() -> None:
    segments = segment_line(line((10, touching())))
    assert sum(int(each.ink.sum()) for each in segments) == int(touching().sum())


def test_each_segment_and_the_whole_component_are_candidates() -> None:
    segments = segment_line(line((10, touching())))
    candidates = find_candidates(segments, float(HEIGHT))
    spans = {(each.first, each.last) for each in candidates}
    assert {(index, index) for index in range(len(segments))} <= spans
    assert (0, len(segments) - 1) in spans
    whole = next(each for each in candidates if (each.first, each.last) == (0, len(segments) - 1))
    assert int(whole.ink.sum()) == int(touching().sum())
    assert whole.box == (11, 1, 77, 59)


def test_a_bar_joins_its_digit_but_separate_digits_do_not_join() -> None:
    bar = Component(38, 0, np.full((6, 25), 255, np.uint8), 200.0)
    near = Line((Component(0, 0, ring(), 200.0), bar), float(HEIGHT))
    far = line((0, ring()), (70, ring()))
    assert (0, 1) in {(each.first, each.last) for each in find_candidates(segment_line(near), float(HEIGHT))}
    assert (0, 1) not in {(each.first, each.last) for each in find_candidates(segment_line(far), float(HEIGHT))}


def test_candidates_are_sorted_by_their_first_segment() -> None:
    firsts = [each.first for each in find_candidates(segment_line(line((0, touching()), (80, ring()))), float(HEIGHT))]
    assert firsts == sorted(firsts)


def test_a_wider_gap_costs_more() -> None:
    def cost(gap: int) -> float:
        candidates = find_candidates(segment_line(line((0, stick()), (8 + gap, stick()))), float(HEIGHT))
        return next(each.cost for each in candidates if each.last == 1 and each.first == 0)

    assert cost(1) < cost(6)
