"""28×28 digits → probabilities, with a second pass for digits that do not look as MNIST's do."""

from __future__ import annotations

import numpy as np

from digits.inference.model import Model
from digits.preprocessing import extract_digit, extract_digit_on_bands
from digits.types import Images, Probabilities

# Confidence below which a digit is preprocessed once more: as a picture, whose ground may be grey and whose digit may
# be small; then as on a ground of bands, such as striped paper.
MIN_CONFIDENCE, MIN_CONFIDENCE_WITHOUT_BANDS = 0.95, 0.8


def read_digits(model: Model, images: Images) -> Probabilities:
    """Compute the class probabilities of 28×28 digits, with a second pass for doubtful ones.

    Confident answers stand. Doubtful digits are preprocessed as pictures, and the more confident answer is kept, so
    that digits which are not bright on dark are read as well as pictures of them would be.
    """
    probabilities = model.calibrate(model.logits(images))
    for threshold, extract in (
        (MIN_CONFIDENCE, extract_digit),
        (MIN_CONFIDENCE_WITHOUT_BANDS, lambda image: extract_digit_on_bands(image, 0)),
        (MIN_CONFIDENCE_WITHOUT_BANDS, lambda image: extract_digit_on_bands(image, 1)),
    ):
        doubtful = np.flatnonzero(probabilities.max(1) < threshold)
        if doubtful.size:
            second = model.calibrate(model.logits(np.stack([extract(images[index]) for index in doubtful])))
            better = second.max(1) > probabilities[doubtful].max(1)
            probabilities[doubtful[better]] = second[better]
    return probabilities
