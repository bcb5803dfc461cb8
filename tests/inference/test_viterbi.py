"""The best path, against all paths tried one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digits.inference.viterbi import MIN_CONFIDENCE, find_best_path
from digits.preprocessing.segmentation import Candidate, Segment

INK = np.full((30, 10), 255, np.uint8)


def segments(cuts: list[float]) -> list[Segment]:
    return [Segment(12 * index, 0, INK, index, cut) for index, cut in enumerate(cuts)]


def candidates(n: int) -> list[Candidate]:
    return [
        Candidate(first, last, (12 * first, 0, 12 * (last - first) + 10, 30), INK, 0.1 * (last - first))
        for first in range(n)
        for last in range(first, min(first + 3, n))
    ]


def paths(listed: list[Candidate], n: int, start: int = 0) -> Iterator[list[int]]:
    if start == n:
        yield []
    for index, candidate in enumerate(listed):
        if candidate.first == start:
            yield from ([index, *rest] for rest in paths(listed, n, candidate.last + 1))


@given(st.data())
def test_no_other_path_costs_less(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 5))
    line = segments([0.0, *data.draw(st.lists(st.floats(0, 2), min_size=n - 1, max_size=n - 1))])
    listed = candidates(n)
    confidences = np.array([data.draw(st.floats(0, 1, width=32)) for _ in listed], np.float32)

    def cost(path: list[int]) -> float:
        doubt = -sum(math.log(max(float(confidences[k]), MIN_CONFIDENCE)) for k in path)
        return doubt + sum(line[listed[k].first].cut_cost + listed[k].cost for k in path)

    chosen = find_best_path(line, listed, confidences, 30.0)
    assert chosen in list(paths(listed, n))
    assert cost(chosen) <= min(map(cost, paths(listed, n))) + 1e-6


def test_confident_halves_beat_a_doubtful_whole_and_the_reverse() -> None:
    line, listed = segments([0.0, 0.5]), candidates(2)
    halves = [index for index, each in enumerate(listed) if each.first == each.last]
    whole = next(index for index, each in enumerate(listed) if each.first != each.last)
    confidences = np.full(3, 0.95, np.float32)
    confidences[whole] = 0.2
    assert find_best_path(line, listed, confidences, 30.0) == halves
    confidences[whole] = 0.95
    assert find_best_path(line, listed, confidences, 30.0) == [whole]


def test_an_empty_line_has_an_empty_path() -> None:
    assert find_best_path([], [], np.empty(0, np.float32), 30.0) == []
