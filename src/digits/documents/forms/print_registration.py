"""A scan or photograph of a form that has no markers → which page it shows, and where, by what is printed on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from digits.documents.forms.blank import Blank, Features, find_features
from digits.documents.forms.labels import compare_labels
from digits.documents.forms.registration import STIFFNESS, Registration, curl_terms, is_blank
from digits.documents.forms.sheet import Comb
from digits.documents.forms.walls import widen
from digits.errors import DataError
from digits.preprocessing.ink import Ink, subtract_ground
from digits.shapes import Bool, Float64, Int64

SIDE = 1600
"""Pixels to which the longer side of a picture is shrunk before features are found: five for each millimetre of A4."""

RATIO = 0.8
"""A feature is the most similar one of the form, if the second is less similar by this factor (Lowe 2004, 7.1)."""

NEAR = 3.0
"""Millimetres by which features may be off before the paper's curl is known."""

CLOSE = 1.0
"""Millimetres by which features may be off after that: less than a digit is from the next box."""

MAX_SEEN = 4000
"""Features of a picture, at most: half of what it shows may be a table, or a second page."""

MIN_FOUND = 20
"""Features that must agree on a place: by chance, fewer than ten do."""

MIN_PRINT = 0.8
"""Share of a page's print that must be where it should be: of nine synthetic scans and photographs of a form it was
0.95 or more, of a form with the same head and other text at the same lines 0.4."""

TILE = 15.0
"""Side of the parts, in millimetres, in which print is compared: a line of text and what is above and below."""

LOW, OFF = 3.0, 1.5
"""Pixels per millimetre at which print is compared, and millimetres by which a part may be off."""

WRITING = 3.0
"""Millimetres around a field that writing may reach."""

SAME = 0.5
"""Correlation from which on two parts have the same print: half of what they show is the same."""


class _Match(NamedTuple):
    """Which features of a picture are which of a page: places in pixels and millimetres, rows, and the page, from 1."""

    in_picture: Float64[np.ndarray, "n 2"]
    on_paper: Float64[np.ndarray, "n 2"]
    rows: Int64[np.ndarray, " n"]
    page: int = 0


def register_print(grey: Ink, blank: Blank, combs: Sequence[Comb], name: str) -> Registration:
    """Find out which page of a form a picture shows, and where.

    Parameters
    ----------
    grey
        The picture, turned in any way.
    blank
        The form.
    combs
        Its fields: what is written there says nothing of the print.
    name
        The picture's, for errors.

    Raises
    ------
    DataError
        When it is blank, of another form, or shows several pages.
    """
    if is_blank(grey):
        raise DataError(f"{name}: the page is blank")
    scale = min(SIDE / max(grey.shape), 1.0)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    for is_negative in (False, True):
        seen = find_features(255 - small if is_negative else small, scale, MAX_SEEN)
        pairs = [_pair(seen, each) for each in blank.features]
        best = _find_page(pairs, np.ones(len(seen.places), bool))
        if best:
            break
    else:
        raise DataError(f"{name} shows no page of this form: nothing on it is printed where the blank form has it")
    free = np.ones(len(seen.places), bool)
    free[best.rows] = False
    second = _find_page(pairs, free)
    is_elsewhere = second is not None and not _overlap(best, second, blank)
    # boxes look like other boxes, but then the rest of the print is not there
    if second and is_elsewhere and _compare(_fit(second, blank, is_negative), grey, blank, combs) >= MIN_PRINT:
        raise DataError(f"{name} shows several forms: photograph or scan each page alone")
    registration = _fit(best, blank, is_negative)
    share = _compare(registration, grey, blank, combs)
    if share < MIN_PRINT:
        raise DataError(
            f"{name} is probably a page of another form: of what is printed on page {best.page} of this one, "
            f"{share:.0%} is there"
        )
    labels = compare_labels(registration, grey, blank, combs)
    if labels.are_legible and labels.are_others:
        raise DataError(
            f"{name} is probably a page of another form with the same head: {labels.seen} of the {labels.printed} "
            f"words near the fields of page {best.page} are there"
        )
    if not labels.are_legible:
        unsure = "too blurred to tell whether its fields are those of this form or of one like it"
        registration = replace(registration, notices=(*registration.notices, unsure))
    return registration


def _pair(seen: Features, form: Features) -> _Match:
    """Pair features of a picture with the most similar ones of a page, where no other is about as similar.

    From the picture to the form, so that two forms in one picture both find their features.
    """
    if min(len(seen.places), len(form.places)) < 2:
        return _Match(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.int64))
    products = seen.descriptors @ form.descriptors.T
    squares = (seen.descriptors**2).sum(1)[:, None] + (form.descriptors**2).sum(1) - 2 * products
    nearest = squares.argmin(1)
    least = squares[np.arange(len(squares)), nearest]
    squares[np.arange(len(squares)), nearest] = np.inf
    rows = np.flatnonzero(least < RATIO**2 * squares.min(1))
    return _Match(seen.places[rows], form.places[nearest[rows]], rows)


def _find_page(pairs: list[_Match], free: Bool[np.ndarray, " n"]) -> _Match | None:
    """Find the page of which most features agree on a place in the picture, of those that are free."""
    found = [_agree(each, page, free) for page, each in enumerate(pairs, 1)]
    best = max(found, key=lambda each: len(each.rows))
    return best if len(best.rows) >= MIN_FOUND else None


def _agree(pairs: _Match, page: int, free: Bool[np.ndarray, " n"]) -> _Match:
    """Keep the pairs that agree on a place."""
    here = free[pairs.rows]
    in_picture, on_paper, rows = pairs.in_picture[here], pairs.on_paper[here], pairs.rows[here]
    agree = np.zeros(len(rows), bool)
    if len(rows) >= MIN_FOUND:
        # distances are judged on the paper, whose millimetres do not depend on how near the camera was
        found, kept = cv2.findHomography(in_picture, on_paper, cv2.RANSAC, NEAR, maxIters=5000, confidence=0.999)
        if found is not None and _is_plausible(found, in_picture):
            agree = kept.ravel().astype(bool)
    return _Match(in_picture[agree], on_paper[agree], rows[agree], page)


def _is_plausible(found: Float64[np.ndarray, "3 3"], places: Float64[np.ndarray, "n 2"]) -> bool:
    """Whether a map from picture to paper neither mirrors nor folds it."""
    depth = np.column_stack((places, np.ones(len(places)))) @ found[2]
    return bool(np.linalg.det(found) * np.sign(depth[0]) > 0 and (depth * depth[0] > 0).mean() > 0.9)


def _fit(match: _Match, blank: Blank, is_negative: bool) -> Registration:
    """Fit homography and curl to features; again without those that are off once the curl is known."""
    in_picture, on_paper = match.in_picture, match.on_paper
    for _ in range(2):
        homography = cv2.findHomography(on_paper, in_picture, cv2.RANSAC, 3.0 * NEAR)[0]
        homography = cv2.findHomography(on_paper, in_picture, 0)[0] if homography is None else homography
        flat = cv2.perspectiveTransform(in_picture[None], np.linalg.inv(homography))[0]
        terms = curl_terms(on_paper, blank.size)
        # as stiff as for the 32 corners of eight markers
        stiff = STIFFNESS * len(terms) / 32 * np.eye(terms.shape[1])
        curl = np.linalg.solve(terms.T @ terms + stiff, terms.T @ (flat - on_paper))
        close = np.hypot(*(on_paper + terms @ curl - flat).T) <= CLOSE
        if close.sum() < MIN_FOUND:
            break
        in_picture, on_paper = in_picture[close], on_paper[close]
    return Registration(match.page, homography, curl, blank.size, is_negative)


def _compare(registration: Registration, grey: Ink, blank: Blank, combs: Sequence[Comb]) -> float:
    """Compute which share of a page's print is in the picture, of that which does not lie beyond it."""
    paper = (0.0, 0.0, *blank.size)
    dark = subtract_ground(registration.rectify(grey, paper, LOW))[0]
    beyond = registration.rectify(np.full_like(grey, 255 * registration.is_negative), paper, LOW) > 0
    wanted = cv2.resize(blank.dark[registration.page - 1], (dark.shape[1], dark.shape[0]), interpolation=cv2.INTER_AREA)
    side, off = round(TILE * LOW), round(OFF * LOW)
    for comb in (each for each in combs if each.page == registration.page):
        left, top, right, bottom = (max(round(each * LOW), 0) for each in widen(comb.area, WRITING))
        dark[top:bottom, left:right] = wanted[top:bottom, left:right] = 0
    total = same = 0.0
    for top in range(off, dark.shape[0] - side - off, side):
        for left in range(off, dark.shape[1] - side - off, side):
            part = wanted[top : top + side, left : left + side]
            around = slice(top - off, top + side + off), slice(left - off, left + side + off)
            weight = float(part.sum())
            if weight and not beyond[around].any():
                total += weight
                same += weight * (float(cv2.matchTemplate(dark[around], part, cv2.TM_CCOEFF_NORMED).max()) >= SAME)
    return same / total if total else 0.0


def _overlap(one: _Match, other: _Match, blank: Blank) -> bool:
    """Whether two matches are at the same place of the picture: the same page, seen twice because it is curled."""
    middle = np.array([[blank.size[0] / 2, blank.size[1] / 2]])
    places = []
    for each in (one, other):
        homography = cv2.findHomography(each.on_paper, each.in_picture, cv2.RANSAC, 3.0 * NEAR)[0]
        if homography is None:
            return True
        places.append(cv2.perspectiveTransform(middle[None], homography)[0, 0])
    low, high = one.in_picture.min(0), one.in_picture.max(0)
    return bool(np.hypot(*(places[0] - places[1])) < 0.4 * float((high - low).min()))
