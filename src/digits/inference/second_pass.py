"""Digits that are 28 × 28 already → probabilities, with a second look at those that are not as MNIST's are."""

from __future__ import annotations

import numpy as np

from digits.inference.model import Model
from digits.preprocessing import digit_on_bands, extract_digit
from digits.types import Images, Probabilities

SURE = 0.95
"""Confidence below which a digit is looked at once more, as a picture: its ground may be grey, it may be too small."""

LOST = 0.8
"""Confidence below which it is looked at as on a ground of bands, such as striped paper."""


def read_digits(model: Model, images: Images) -> Probabilities:
    """Give the probability of every class for digits of a data set.

    What the network is sure of is read as it is. All else is normalized anew, as a picture would be, and the surer
    answer counts.

    Parameters
    ----------
    model
        To read with.
    images
        Bright on dark, as MNIST's; others are read as well as pictures of them.
    """
    answers = model.probabilities(images)
    for sure, look in ((SURE, extract_digit), (LOST, lambda image: digit_on_bands(image, 0)),
                       (LOST, lambda image: digit_on_bands(image, 1))):  # fmt: skip
        doubtful = np.flatnonzero(answers.max(1) < sure)
        if doubtful.size:
            again = model.probabilities(np.stack([look(images[index]) for index in doubtful]))
            better = again.max(1) > answers[doubtful].max(1)
            answers[doubtful[better]] = again[better]
    return answers
