"""Which pieces of a line are the digits: the way through all candidates that the network believes most."""

from __future__ import annotations

import math

import numpy as np

from digits.preprocessing.segmentation import Candidate, Segment
from digits.shapes import Float32

DOUBT = 1e-3
"""Confidence below which all is doubted alike."""

LITTLE = 0.35, 0.45
"""Height and width, in heights of the line's digits, below which a candidate is likely to be no digit, but dirt."""

DIRT = 1.5
"""What it costs to take such a thing for dirt, for each height of a digit that it is long."""


def find_best_path(
    pieces: list[Segment], candidates: list[Candidate], confidences: Float32[np.ndarray, " n"], height: float
) -> list[int]:
    """Choose candidates that together are the whole line, each piece in one, so that they are believed most.

    The cost of a choice is the sum of what its candidates and cuts cost and of the negative logarithms of the
    network's confidences; the least is found by dynamic programming (Viterbi), as in Y. LeCun, L. Bottou, Y. Bengio,
    P. Haffner, "Gradient-based learning applied to document recognition", 1998, section V.

    Parameters
    ----------
    pieces
        Of the line, from left to right.
    candidates
        That may be one digit.
    confidences
        Of the network in its best answer for each of them.
    height
        Of the line's digits, in pixels.

    Returns
    -------
    The numbers of the chosen candidates, from left to right.
    """
    least = [0.0] + [math.inf] * len(pieces)
    chosen = [-1] * (len(pieces) + 1)
    # candidates are sorted by their first piece, so that all ways to it are known when it comes
    for index, candidate in enumerate(candidates):
        _, _, wide, high = candidate.box
        cost = candidate.cost - math.log(max(float(confidences[index]), DOUBT))
        if high < LITTLE[0] * height and wide < LITTLE[1] * height:
            cost = DIRT * max(wide, high) / height
        before = least[candidate.first] + pieces[candidate.first].cut + cost
        if before < least[candidate.last + 1]:
            least[candidate.last + 1], chosen[candidate.last + 1] = before, index
    way = []
    end = len(pieces)
    while end:
        way.append(chosen[end])
        end = candidates[chosen[end]].first
    return way[::-1]
