"""All checks of a data set, one after the other."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable
from functools import partial

from digits.doctor.checks.amount import check_amount
from digits.doctor.checks.blank import check_blank
from digits.doctor.checks.classes import check_classes
from digits.doctor.checks.copies import check_copies
from digits.doctor.checks.greys import check_greys
from digits.doctor.checks.label_noise import check_label_noise
from digits.doctor.checks.meanings import check_meanings
from digits.doctor.checks.orientation import check_orientation
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

SET_CHECKS: tuple[Callable[[Subject], Iterable[Finding]], ...] = (check_copies,)
"""Checks of the whole set."""

FOR_ALL = ("--transpose", "--mirror", "--flip", "--relabel")
"""Flags that change all images or labels, so that they must be wrong in both parts."""


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
    return sorted(found, key=lambda finding: not finding.is_warning)


def warn(dataset: Dataset) -> list[str]:
    """Examine a data set quickly, and log what is probably wrong with it.

    The published MNIST is known to be right, and not examined.

    Returns
    -------
    The warnings, one paragraph each.
    """
    if dataset.name == "MNIST":
        return []
    warnings = [finding.text for finding in examine(dataset, is_thorough=False) if finding.is_warning]
    for text in warnings:
        log.warning("%s: %s", dataset.name, text)
    if warnings:
        log.warning("`digits data check %s` shows pictures of this.", dataset.location)
    return warnings


def _check_parts(check: PartCheck, parts: tuple[Part, ...]) -> list[Finding]:
    """Check each part; what concerns only one of two parts cannot be mended by a flag for both."""
    found = [list(check(part)) for part in parts]
    if len(parts) == 1:
        return found[0]
    findings = list[Finding]()
    for own, others, part in ((found[0], found[1], parts[1]), (found[1], found[0], parts[0])):
        twins = {finding.mend for finding in others}
        for finding in own:
            is_alone = finding.mend not in twins and len(part) >= MIN_JUDGED
            if finding.mend.startswith(FOR_ALL) and is_alone:
                advice = f"The {part.name} need no such flag: save both parts in one way, or mend one before they meet."
                finding = dataclasses.replace(finding, mend="", advice=advice)
            findings.append(finding)
    return findings
