"""Pixels in another range than 0–255, or on a grey background."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Finding, share
from digits.doctor.subject import MIN_JUDGED, Part

FULL = 128
"""Lightest pixel below which an image is faint: half of the range. All but one in a thousand of MNIST's have 250."""

MOST = 0.5
"""Share of images from which on a range is that of the set, and not of single pictures."""

SCALES = 16
"""Largest pixel of scales other than 0–255 that data come in: 0/1, and 0–16 as scikit-learn's digits."""

GREY = 32
"""Darkest pixel from which on a background is grey rather than black: an eighth of the range, more than the noise of a
scanner or of JPEG."""


def check_greys(part: Part) -> Iterator[Finding]:
    """Find ranges such as 0/1 or 0–16, faint images, grey backgrounds, and images of two greys only."""
    shown = np.flatnonzero(~part.is_blank)
    if len(shown) < MIN_JUDGED:
        return
    images = part.images[shown]
    high, low = images.max((1, 2)), images.min((1, 2))
    span = high - low
    faint = np.flatnonzero(span < FULL)
    if len(faint) >= MOST * len(shown):
        largest = int(np.quantile(high, 0.99))
        where = f"{int(np.median(low))} to {largest if largest <= SCALES else int(np.median(high))}"
        yield Finding(
            "range" if largest <= SCALES else "faint",
            f"{share(len(faint), len(shown))} {part.name} use less than half of the greys: their pixels are from "
            f"{where}, instead of 0 to 255.",
            len(faint), len(shown), mend="--stretch", advice="--stretch scales each image to 0–255.",
            examples=part.examples(shown[faint[:2]]),
        )  # fmt: skip
    grey = np.flatnonzero((low >= GREY) & ~part.is_dark_on_light[shown] & (span >= FULL))
    if len(grey) >= MOST * len(shown):
        yield Finding(
            "grey-background",
            f"{share(len(grey), len(shown))} {part.name} have a grey background, of {int(np.median(low[grey]))} on "
            "average, instead of 0.",
            len(grey), len(shown), mend="--stretch", advice="--stretch makes the darkest pixel of each image 0.",
            examples=part.examples(shown[grey[:2]]),
        )  # fmt: skip
    sample = part.sample.images
    ends = sample.max((1, 2), keepdims=True), sample.min((1, 2), keepdims=True)
    binary = np.flatnonzero(((sample == ends[0]) | (sample == ends[1])).all((1, 2)))
    if len(binary) == len(sample):
        yield Finding(
            "two-greys",
            f"The {part.name} have two greys only, ink and background; MNIST's edges are smooth.",
            len(binary), len(sample), is_warning=False, examples=part.examples(part.sample.places[binary[:2]]),
            advice="A network that learned smooth digits reads them a little worse.",
        )  # fmt: skip
