"""Dark ink on a light background, in all images or in some."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Finding, share
from digits.doctor.mending import mend_images
from digits.doctor.reference import MIN_CONFIDENCE, MIN_EXPLAINED, predict
from digits.doctor.subject import MIN_JUDGED, Part

MOST = 0.5
"""Share from which on the polarity is that of the set: no set of things on a dark background looks light in half of its
images."""

SOME = 0.01
"""Share of images of the other polarity that costs one per cent of accuracy, since they are read at random."""

CONFIRMED = 100
"""Images whose polarity the reference network confirms, where only some are light."""


def check_polarity(part: Part) -> Iterator[Finding]:
    """Find images that are dark on light, by their background; where they are few, the network must read them so."""
    found = np.flatnonzero(part.is_dark_on_light)
    n, total = len(found), len(part)
    if total < MIN_JUDGED or n < SOME * total:
        return
    if n < MOST * total and not _is_confirmed(part, found):
        return
    which = f"{share(n, total)} {part.name} are dark on light"
    rest = "" if n == total else ", and the others light on dark"
    yield Finding(
        "inverted" if n >= MOST * total else "mixed-polarity",
        f"{which}{rest}; a network that learned light ink on a dark background reads them at random.", n, total,
        mend="--invert", advice="--invert makes them light on dark.", examples=part.examples(found[:2]),
    )  # fmt: skip


def _is_confirmed(part: Part, found: np.ndarray) -> bool:
    """Whether most of these images are clearly read when they are inverted, and not as they are."""
    if part.verdict is None or not part.verdict.are_digits:
        return False
    images = mend_images(part.images[found[:: -(-len(found) // CONFIRMED)]], part.verdict.orientation)
    as_stored, inverted = (predict("cnn", each).max(1) for each in (images, 255 - images))
    return bool(((inverted > MIN_CONFIDENCE) & (inverted > as_stored)).mean() >= MIN_EXPLAINED)
