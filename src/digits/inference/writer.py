"""What the digits of a page say about each other: people write a digit in the same way again.

It settles doubtful digits. Where the model is certain, as it often is of a 1 with a long flag that it takes for a 7,
the others rarely outweigh it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from digits.shapes import Float32
from digits.types import SIDE, Images, Probabilities

BLUR = 2.0  # pixels, standard deviation: lines written in the same way overlap, and others do not
_CENTRES = np.arange(0.5, SIDE, 2)  # every second pixel is enough of a blurred image
_FILTER = np.exp(-(((np.arange(SIDE) - _CENTRES[:, None]) / BLUR) ** 2) / 2).astype(np.float32)


class PageWeights(NamedTuple):
    """How strongly the digits of a page influence each other.

    Attributes
    ----------
    likeness
        Logarithm of how much more often a writer's digit equals an earlier one than anybody's digit of its class does.
    steepness
        How fast this logarithm falls with the squared distance of their images.
    evenness
        Digits of each class that count as seen before, so that a class that is frequent on a page is expected again,
        but not much.
    """

    likeness: float
    steepness: float
    evenness: float


WEIGHTS = PageWeights(likeness=1.12, steepness=11.36, evenness=5.48)  # fitted by `python -m benchmarks writers`


def revise_page(probabilities: Probabilities, images: Images) -> Probabilities:
    """Revise the probabilities of a page's digits by the others on it; one alone stays as it is."""
    return revise(probabilities, compare_images(images)) if len(images) > 1 else probabilities


def revise(
    probabilities: Probabilities, distances: Float32[np.ndarray, "n n"], weights: PageWeights = WEIGHTS
) -> Probabilities:
    """Revise the probability of each digit's classes by the other digits of its writer, once.

    A writer's next digit of a class is written in a new way, or as one of the n earlier ones, each with probability
    1 / (n + 1): the Chinese restaurant process (Aldous 1985). An earlier way is repeated with Gaussian deviations.
    Which classes a page holds has a Dirichlet distribution. Bayes' rule gives the rest.

    Parameters
    ----------
    probabilities
        Of the classes of each digit, alone.
    distances
        What `compare_images` gives.
    weights
        By default those that the reader uses.
    """
    ratios = np.exp(weights.likeness - weights.steepness * distances)
    np.fill_diagonal(ratios, 0)  # no digit is evidence for itself
    counts = probabilities.sum(0) - probabilities
    likelihoods = (1 + ratios @ probabilities) / (1 + counts)
    posterior = probabilities * likelihoods * (weights.evenness + counts)
    revised: Probabilities = posterior / posterior.sum(1, keepdims=True)
    return revised


def compare_images(images: Images) -> Float32[np.ndarray, "n n"]:
    """Compute the squared Euclidean distance, 0–2, of each two images, blurred and scaled to norm 1."""
    blurred = (_FILTER @ images.astype(np.float32) @ _FILTER.T).reshape(len(images), -1)
    blurred /= np.maximum(np.linalg.norm(blurred, axis=1, keepdims=True), 1)  # an image without ink has norm 0
    distances: Float32[np.ndarray, "n n"] = np.maximum(2 - 2 * blurred @ blurred.T, 0)
    return distances
