"""Single wrong labels: images that both shipped networks read, with confidence, as another digit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from digits.doctor.findings import Finding, share
from digits.doctor.flags import Mending
from digits.doctor.mending import mend_images
from digits.doctor.reference import MIN_CONFIDENCE, as_read, predict
from digits.doctor.subject import Part

MIN_AGREEMENT = 0.8
"""Agreement of a sample below which the network does not know these digits well enough to judge single labels."""

CERTAIN, EXCLUDED = 0.95, 0.01
"""Confidence in another digit, and that in the label's own: the accurate network is wrong on three of 1,000 test digits
of MNIST, and so certain of it on two of 10,000."""

MANY = 0.01
"""Share of wrong labels from which on a warning is given. Clean sets have a few in 1,000, ambiguous ones rather
than wrong."""

MAX_CANDIDATES = 1000
"""Images that the accurate network sees, at most; of more, the share is estimated from these."""

SHOWN = 24
"""Pictures on the contact sheet."""


def check_label_noise(part: Part, *, is_thorough: bool) -> Iterator[Finding]:
    """Find labels that disagree with what is read: in all images if those can be read as they are, or in the sample."""
    verdict = part.verdict
    if verdict is None or verdict.agreement < MIN_AGREEMENT or verdict.orientation != Mending() or verdict.relabel:
        return
    greys = Mending(invert=True, stretch=True)
    sample = mend_images(part.sample.images, greys)
    is_readable = (predict("mlp", sample).argmax(1) == part.sample.labels).mean() >= MIN_AGREEMENT
    index = np.flatnonzero(~part.is_blank) if is_thorough and is_readable else part.sample.places
    fast = predict("mlp", mend_images(part.images[index], greys) if is_readable else as_read(part.images[index]))
    labels = part.labels[index]
    doubtful = np.flatnonzero((fast.argmax(1) != labels) & (fast.max(1) > MIN_CONFIDENCE))
    if not len(doubtful):
        return
    every = -(-len(doubtful) // MAX_CANDIDATES)
    doubtful = doubtful[::every]
    accurate = predict("cnn", as_read(part.images[index[doubtful]]))
    own = accurate[np.arange(len(doubtful)), labels[doubtful]]
    wrong = (accurate.argmax(1) != labels[doubtful]) & (accurate.max(1) > CERTAIN) & (own < EXCLUDED)
    n, total = int(wrong.sum()) * every, len(index)
    if not n:
        return
    order = np.flatnonzero(wrong)[np.argsort(own[wrong], kind="stable")][:SHOWN]
    places = index[doubtful[order]]
    read = accurate[order].argmax(1)
    captions = [f"label {part.labels[i]}, read as {digit}" for i, digit in zip(places, read, strict=True)]
    finding = Finding(
        "label-noise",
        f"{share(n, total)} {part.name} have a label that is probably wrong: two networks read another digit, with "
        f"{CERTAIN:.0%} confidence and more.",
        n, total, is_warning=n >= MANY * total, examples=part.examples(places, captions),
        advice="Look at the pictures, and correct the labels that are wrong.",
    )  # fmt: skip
    yield dataclasses.replace(finding, is_warning=finding.is_warning and n > 2)
