"""Digits that were lost when large pictures, such as photographs, were fitted into 28 × 28."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Example, Finding
from digits.doctor.flags import Mending
from digits.doctor.mending import mend_images
from digits.doctor.pictures import sample_pictures
from digits.doctor.reference import MIN_EXPLAINED, is_better, predict
from digits.doctor.subject import MIN_JUDGED, Subject
from digits.types import SIDE

SETTLED = ("--invert", "--stretch", "--from-pictures")
"""Flags that are not needed after --from-pictures, which finds ink of any grey on any background."""

SAMPLE_SIZES = {False: 40, True: 120}
"""Pictures that are read at full size, by whether a check is thorough: a photograph takes as long as a thousand digits.
By `is_better`, 40 show what concerns two digits of five, and 120 what concerns one of six."""


def check_picture_files(subject: Subject) -> Iterator[Finding]:
    """Find sets of pictures larger than digits that the reference network reads far better at full size.

    Labels that the network reads at full size show that there are digits to find, so nothing is said about clothes.
    """
    dataset = subject.dataset
    n = sum(map(len, subject.parts))
    yield from judge_picture_files(dataset.location, dataset.picture_side, n, is_thorough=subject.is_thorough)


def judge_picture_files(place: str, side: int, n: int, *, is_thorough: bool = False) -> Iterator[Finding]:
    """Judge n pictures of a median longer side, in pixels, as `check_picture_files` does."""
    if side <= SIDE or n < MIN_JUDGED:
        return
    fitted, found, labels = sample_pictures(place, n, SAMPLE_SIZES[is_thorough])
    if len(labels) < MIN_JUDGED:
        return
    before = predict("cnn", mend_images(fitted, Mending(invert=True, stretch=True))).argmax(1) == labels
    after = predict("cnn", found).argmax(1) == labels
    if after.mean() < MIN_EXPLAINED or not is_better(before, after):
        return
    shown = np.flatnonzero(after & ~before)[:2]
    yield Finding(
        "photographs",
        f"The pictures are {side:,} pixels long and were fitted into 28 × 28 as they are. Of {len(labels)} of them, "
        f"the shipped network reads {before.mean():.0%} so, and {after.mean():.0%} once the digit is found at full "
        "size, scaled and centred.",
        int((after & ~before).sum()), len(labels), mend="--from-pictures",
        advice="--from-pictures does that, as `digits read` does with every picture.",
        examples=tuple(
            Example(images[i], f"label {labels[i]}, {how}")
            for i in shown
            for images, how in ((fitted, "fitted into 28 × 28"), (found, "found at full size"))
        ),
    )  # fmt: skip
