"""The best path through a line: the candidates that cover it once and are most probable together."""

from __future__ import annotations

import math

import numpy as np

from digits.preprocessing.segmentation import Candidate, Segment
from digits.shapes import Float32

MIN_CONFIDENCE = 1e-3  # lower ones cost the same

# Smaller candidates are probably dirt; in heights of the line's digits.
MAX_DIRT_HEIGHT, MAX_DIRT_WIDTH = 0.35, 0.45
DIRT_COST = 1.5  # per height of its longer side


def find_best_path(
    segments: list[Segment], candidates: list[Candidate], confidences: Float32[np.ndarray, " n"], height: float
) -> list[int]:
    """Choose the candidates that cover every segment of a line exactly once at the least cost, and list their indices.

    Segments and candidates are those of `segment_line` and `find_candidates`, from left to right. `confidences` are
    the highest class probabilities of the candidates, `height` is that of the line's digits in pixels.

    The cost of a path is the sum of the costs of its candidates and cuts, less the logarithms of the confidences;
    dynamic programming (Viterbi) finds the least, as in LeCun, Bottou, Bengio, Haffner, "Gradient-based learning
    applied to document recognition", 1998, section V.
    """
    costs = [0.0] + [math.inf] * len(segments)  # of the best path up to each segment
    chosen = [-1] * (len(segments) + 1)
    # sorted candidates: every path that ends where one begins is known when it comes
    for index, candidate in enumerate(candidates):
        _, _, box_width, box_height = candidate.box
        cost = candidate.cost - math.log(max(float(confidences[index]), MIN_CONFIDENCE))
        if box_height < MAX_DIRT_HEIGHT * height and box_width < MAX_DIRT_WIDTH * height:
            cost = DIRT_COST * max(box_width, box_height) / height
        total = costs[candidate.first] + segments[candidate.first].cut_cost + cost
        if total < costs[candidate.last + 1]:
            costs[candidate.last + 1], chosen[candidate.last + 1] = total, index
    path, end = [], len(segments)
    while end:
        path.append(chosen[end])
        end = candidates[chosen[end]].first
    return path[::-1]
