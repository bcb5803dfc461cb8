"""Digits that are small, fill the frame or are not in the middle, so that networks read them worse than they could."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Finding
from digits.doctor.measures import ink_boxes
from digits.doctor.mending import mend_images
from digits.doctor.reference import MIN_EXPLAINED, MIN_Z, predict
from digits.doctor.subject import Part
from digits.types import SIDE

MIN_LOSS = 0.05
"""Share of a sample that is read only once it is placed as MNIST's digits are. Sets that were cut out as MNIST was lose
less than 2 %."""

SMALL, LARGE = 14, 24
"""Longer side of the ink, in pixels, below and above which digits are small or fill the frame; MNIST's is 20."""

ASIDE = 3
"""Pixels between the middle of the ink's box and that of the image from which on a digit is not in the middle; MNIST's
centres of mass are exact, which leaves the boxes within two pixels."""


def check_placement(part: Part) -> Iterator[Finding]:
    """Find sets that the reference network reads far better after finding, scaling and centring the digits."""
    verdict = part.verdict
    if verdict is None or verdict.explained < MIN_EXPLAINED:
        return
    turned = mend_images(part.sample.images, dataclasses.replace(verdict.orientation, invert=True, stretch=True))
    meant = np.array(verdict.relabel or range(10))[part.sample.labels]
    as_stored, placed = predict("cnn", turned).argmax(1) == meant, verdict.predicted == meant
    gained, lost = int((placed & ~as_stored).sum()), int((as_stored & ~placed).sum())
    if gained - lost < MIN_LOSS * len(meant) or gained - lost < MIN_Z * (gained + lost) ** 0.5:
        return
    left, top, width, height = ink_boxes(turned).T
    longer = np.maximum(width, height)
    aside = np.hypot(left + width / 2 - SIDE / 2, top + height / 2 - SIDE / 2)
    if np.median(longer) < SMALL:
        kind, words = "small", f"small: their ink is {np.median(longer):.0f} pixels long, MNIST's 20"
    elif np.median(aside) > ASIDE:
        kind, words = "off-centre", f"not in the middle, but {np.median(aside):.0f} pixels beside it"
    elif np.median(longer) > LARGE:
        kind, words = (
            "fills-frame",
            f"as large as the frame: their ink is {np.median(longer):.0f} pixels long, MNIST's 20",
        )
    else:
        kind, words = "placement", "not cut out and placed as MNIST's are"
    shown = np.flatnonzero(placed & ~as_stored)[:2]
    yield Finding(
        kind,
        f"The digits of the {part.name} are {words}. Of {len(meant)} of them, the shipped network reads "
        f"{as_stored.mean():.0%} as they are, and {placed.mean():.0%} once they are found, scaled and centred.",
        gained, len(meant), mend="--from-pictures", examples=part.examples(part.sample.places[shown]),
        advice="--from-pictures does that, as `digits read` does with every picture.",
    )  # fmt: skip
