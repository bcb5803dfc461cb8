"""All checks of a data set, one after the other."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable
from functools import partial

from digits.data import idx_sha256
from digits.doctor.checks.amount import check_amount
from digits.doctor.checks.blank import check_blank
from digits.doctor.checks.classes import check_classes
from digits.doctor.checks.copies import check_copies
from digits.doctor.checks.greys import check_greys
from digits.doctor.checks.label_noise import check_label_noise
from digits.doctor.checks.meanings import check_meanings
from digits.doctor.checks.mnist import check_mnist
from digits.doctor.checks.near_copies import check_near_copies
from digits.doctor.checks.orientation import check_orientation
from digits.doctor.checks.picture_files import SETTLED, check_picture_files, judge_picture_files
from digits.doctor.checks.placement import check_placement
from digits.doctor.checks.polarity import check_polarity
from digits.doctor.findings import Finding
from digits.doctor.subject import MIN_JUDGED, Part, Subject
from digits.types import Dataset

log = logging.getLogger(__name__)

PartCheck = Callable[[Part], Iterable[Finding]]

PART_CHECKS: tuple[PartCheck, ...] = (
    check_amount, check_blank, check_greys, check_polarity, check_orientation, check_meanings, check_placement,
    check_classes,
)  # fmt: skip
"""Checks of the training digits and of the test digits, each by themselves."""

SET_CHECKS: tuple[Callable[[Subject], Iterable[Finding]], ...] = (check_copies, check_near_copies, check_mnist)
"""Checks of the whole set."""

FOR_ALL = ("--transpose", "--mirror", "--flip", "--relabel")
"""Flags that change all images or labels, so that they must be wrong in both parts."""


_warnings = dict[str, list[str]]()
"""The warnings about each set that this process has examined, by its `_digest`."""


def examine(dataset: Dataset, *, is_thorough: bool = True) -> list[Finding]:
    """Look for everything that is known to go wrong with labelled digits.

    Parameters
    ----------
    dataset
        Any data set.
    is_thorough
        Whether to read and compare all digits. Otherwise a sample shows what concerns all of them, such as their
        orientation, and single wrong labels and near copies stay unseen.

    Returns
    -------
    The findings, warnings first.
    """
    subject = Subject(dataset, is_thorough)
    checks: list[PartCheck] = [*PART_CHECKS, partial(check_label_noise, is_thorough=is_thorough)]
    found = [finding for check in checks for finding in _check_parts(check, subject.parts)]
    found += [finding for check in SET_CHECKS for finding in check(subject)]
    if photographs := list(check_picture_files(subject)):
        found = [finding for finding in found if finding.mend not in SETTLED] + photographs
    return sorted(found, key=lambda finding: not finding.is_warning)


def warn(dataset: Dataset) -> list[str]:
    """Examine a data set quickly, and log what is probably wrong with it.

    The published MNIST is known to be right, and not examined. A process that trains on a set many times, as a
    comparison does, examines it once.

    Returns
    -------
    The warnings, one paragraph each.
    """
    if dataset.name == "MNIST":
        return []
    content = _digest(dataset)
    if content not in _warnings:
        found = examine(dataset, is_thorough=False)
        _warnings[content] = [finding.text for finding in found if finding.is_warning]
    warnings = list(_warnings[content])
    for text in warnings:
        log.warning("%s: %s", dataset.name, text)
    if warnings:
        log.warning("`digits data check %s` shows pictures of this.", dataset.location)
    return warnings


def _digest(dataset: Dataset) -> str:
    """Hash all that a quick examination depends on."""
    parts = [part for part in (dataset.train, dataset.test, dataset.validation) if part is not None]
    facts = dataset.name, dataset.location, dataset.classes, dataset.held_out, dataset.picture_side
    arrays = [idx_sha256(array) for part in parts for array in (part.images, part.labels)]
    return repr((facts, arrays))


def warn_of_pictures(place: str, side: int, n: int) -> list[str]:
    """Warn, as `warn` does, if the digits of n pictures of a median longer side were lost when they were fitted."""
    warnings = [finding.text for finding in judge_picture_files(place, side, n)]
    for text in warnings:
        log.warning("%s: %s", place, text)
    return warnings


def _check_parts(check: PartCheck, parts: tuple[Part, ...]) -> list[Finding]:
    """Check each part; what concerns only some of them cannot be mended by a flag for all."""
    found = {part.name: list(check(part)) for part in parts}
    findings = list[Finding]()
    for finding in (each for own in found.values() for each in own):
        right = [
            part.name
            for part in parts
            if len(part) >= MIN_JUDGED and all(other.mend != finding.mend for other in found[part.name])
        ]
        if right and finding.mend.startswith(FOR_ALL):
            advice = f"The {' and the '.join(right)} need no such flag: save all parts in one way."
            finding = dataclasses.replace(finding, mend="", advice=advice)
        findings.append(finding)
    return findings
