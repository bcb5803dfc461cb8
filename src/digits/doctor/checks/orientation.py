"""Images that are turned or mirrored, as EMNIST's are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Finding
from digits.doctor.flags import Mending
from digits.doctor.subject import Part

NAMES = {
    (True, False, False): ("transposed", "transposed: rows and columns are swapped, as EMNIST publishes them"),
    (False, True, False): ("mirrored", "mirrored: left and right are swapped"),
    (False, False, True): ("flipped", "upside down: top and bottom are swapped"),
    (False, True, True): ("turned-180", "upside down: turned by half a turn"),
    (True, True, False): ("turned-left", "turned by a quarter to the left"),
    (True, False, True): ("turned-right", "turned by a quarter to the right"),
    (True, True, True): ("transposed-and-turned", "transposed and turned by half a turn"),
}
"""What an image is that these flags mend: ``--transpose``, ``--mirror``, ``--flip``."""


def check_orientation(part: Part) -> Iterator[Finding]:
    """Find the orientation in which the reference network reads far more images than as they are."""
    verdict = part.verdict
    if verdict is None or verdict.orientation == Mending():
        return
    turn = verdict.orientation
    kind, words = NAMES[turn.transpose, turn.mirror, turn.flip]
    labels = part.sample.labels
    relabel = np.array(verdict.relabel or range(10), np.uint8)
    is_read = verdict.predicted == relabel[labels]
    n = len(labels)
    yield Finding(
        kind,
        f"The {part.name} are {words}. Of {n} of them, the shipped network reads {verdict.agreement:.0%} as they are, "
        f"and {verdict.explained:.0%} after {turn.flags}.",
        int(is_read.sum()), n, mend=turn.flags, advice=f"{turn.flags} puts them right.",
        examples=part.examples(part.sample.places[np.flatnonzero(is_read)[:2]]),
    )  # fmt: skip
