"""A scan or photograph → which page of the form it shows, and where the paper's millimetres are in the picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from digits.documents.forms.codes import DICTIONARY, PLACES, PageCode, parse_code
from digits.documents.forms.sheet import BOX, Rectangle, Sheet
from digits.errors import DataError
from digits.preprocessing.ink import Ink
from digits.shapes import Float64

MAX_SIDE = 2400
"""Pixels to which the longer side of larger pictures is shrunk: A4 at 200 dpi, so that codes stay legible where the
page fills half of the picture."""

MIN_MARKERS = 3
"""Markers that must be seen: two say too little of what is far from both."""

MAX_CURL = 20.0
"""Millimetres by which curled paper may move a marker from where flat paper has it: with more, it is none of the page,
or the paper is rolled up."""

TOLERANCE = BOX / 4
"""Millimetres by which markers may be off, on average, once the curl is known: with more, a digit at the middle of its
box could come to the wall of the next."""

STIFFNESS = 0.02
"""Penalty of curl, relative to what one corner of a marker says: where markers cannot be seen, paper counts as flat."""

GRID = 10.0
"""Millimetres between the places of a page that are computed; between them, curl and perspective are straight lines."""

CODE_MARGIN, CODE_SCALE = 5.0, 12.0
"""Millimetres around a QR code that are looked at, and pixels per millimetre there: nine for each module."""


@dataclass(frozen=True, eq=False)
class Marker:
    """A marker in a picture: its series, its place on the page, and x and y of its corners, clockwise."""

    series: int
    place: int
    corners: Float64[np.ndarray, "4 2"]


@dataclass(frozen=True, eq=False)
class Registration:
    """Where a page is in a picture.

    Attributes
    ----------
    page
        Counted from 1.
    homography
        From millimetres of flat paper to pixels of the picture.
    curl
        What moves the paper's places to those of flat paper: coefficients of `curl_terms` for x and y.
    size
        Width and height of the paper.
    is_negative
        Whether the picture shows dark as light.
    notices
        Reasons why a person should look.
    """

    page: int
    homography: Float64[np.ndarray, "3 3"]
    curl: Float64[np.ndarray, "8 2"]
    size: tuple[float, float]
    is_negative: bool = False
    notices: tuple[str, ...] = ()

    def into_picture(self, points: Float64[np.ndarray, "k 2"]) -> Float64[np.ndarray, "k 2"]:
        """Map points of the paper into the picture."""
        flat = points + curl_terms(points, self.size) @ self.curl
        mapped = np.column_stack((flat, np.ones(len(points)))) @ self.homography.T
        places: Float64[np.ndarray, "k 2"] = mapped[:, :2] / mapped[:, 2:]
        return places

    def rectify(self, grey: Ink, area: Rectangle, scale: float | int) -> Ink:
        """Show an area of the paper as seen from above, at so many pixels per millimetre; beyond the picture is white.

        A negative becomes positive.
        """
        left, top, right, bottom = area
        size = round((right - left) * scale), round((bottom - top) * scale)
        middle = (left + right) / 2, (top + bottom) / 2
        here, *steps = self.into_picture(np.array([middle, (middle[0] + 1, middle[1]), (middle[0], middle[1] + 1)]))
        # a picture of more pixels is shrunk first, since single ones of it would be noise
        factor = min(scale / float(np.mean([np.hypot(*(each - here)) for each in steps])), 1.0)
        if factor < 1:
            grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        grey = 255 - grey if self.is_negative else grey
        # paper bends smoothly, so that a few places say where all others are
        across, down = (max(round(each / GRID) + 1, 2) for each in (right - left, bottom - top))
        x, y = np.meshgrid(np.linspace(left, right, across), np.linspace(top, bottom, down))
        places = factor * (self.into_picture(np.column_stack((x.ravel(), y.ravel()))) + 0.5) - 0.5
        columns = ((np.arange(size[0]) + 0.5) / size[0] * (across - 1)).astype(np.float32)
        rows = ((np.arange(size[1]) + 0.5) / size[1] * (down - 1)).astype(np.float32)
        maps = [
            cv2.remap(each.reshape(down, across).astype(np.float32), *np.meshgrid(columns, rows), cv2.INTER_LINEAR)
            for each in places.T
        ]
        seen: Ink = cv2.remap(grey, maps[0], maps[1], cv2.INTER_LINEAR, borderValue=255)
        return seen


def register(grey: Ink, sheet: Sheet, name: str) -> Registration:
    """Find out which page of a form a picture shows, and where.

    Parameters
    ----------
    grey
        The picture, turned in any way.
    sheet
        The form.
    name
        The picture's, for errors.

    Raises
    ------
    DataError
        When it is blank or has no markers, too few, those of another form or of several pages.
    """
    found, is_negative = find_markers(grey), False
    if not found:
        found, is_negative = find_markers(255 - grey), True
    counts = Counter(series for series, _ in {(each.series, each.place) for each in found})
    if not counts:
        raise DataError(f"{name}: {_say_nothing(grey)}")
    pages = {PageCode(sheet.id, page).series: page for page in range(1, sheet.pages + 1)}
    # by chance, ink looks like one marker of any series
    series = max(counts, key=lambda each: (counts[each], each in pages))
    mine = [each for each in found if each.series == series]
    twice = sum(count > 1 for count in Counter(each.place for each in mine).values())
    if twice > 1 or any(count >= MIN_MARKERS for each, count in counts.items() if each != series):
        raise DataError(f"{name} shows several forms: photograph or scan each page alone")
    seen = f"{counts[series]} of its {PLACES} corner and edge markers"
    if counts[series] < MIN_MARKERS:
        raise DataError(f"{name}: only {seen} can be seen: photograph the whole page, in even light")
    if len({round(x) for x, _ in _centres(mine, sheet)}) < 2 or len({round(y) for _, y in _centres(mine, sheet)}) < 2:
        raise DataError(f"{name}: only the markers along one edge can be seen: photograph the whole page")
    fitted = _fit(mine, sheet)
    if fitted is None:
        raise DataError(f"{name}: its markers are not where the form has them: it may be folded or torn")
    registration = Registration(pages.get(series, 0), *fitted, sheet.size, is_negative)
    return _check_code(registration, grey, sheet, name)


def find_markers(grey: Ink) -> list[Marker]:
    """Find all markers in a picture."""
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(DICTIONARY), parameters)
    corners, numbers, _ = detector.detectMarkers(grey)
    listed = np.zeros(0, np.int64) if numbers is None else numbers.ravel()
    return [
        Marker(int(number) // PLACES, int(number) % PLACES, each.reshape(4, 2).astype(np.float64))
        for number, each in zip(listed, corners, strict=True)
    ]


def _fit(
    markers: Sequence[Marker], sheet: Sheet
) -> tuple[Float64[np.ndarray, "3 3"], Float64[np.ndarray, "8 2"]] | None:
    """Fit a homography and the curl of the paper to markers; None if too few agree."""
    on_paper = np.concatenate([_corners(sheet.markers[each.place]) for each in markers])
    in_picture = np.concatenate([each.corners for each in markers])
    # distances are judged on the paper, whose millimetres do not depend on how near the camera was
    found, kept = cv2.findHomography(in_picture, on_paper, cv2.RANSAC, MAX_CURL)
    kept = np.zeros(0) if found is None else np.repeat(kept.reshape(-1, 4).all(1), 4)
    if kept.sum() < 4 * MIN_MARKERS:
        return None
    on_paper, in_picture = on_paper[kept], in_picture[kept]
    homography = cv2.findHomography(on_paper, in_picture, 0)[0]
    if homography is None:
        return None
    flat = cv2.perspectiveTransform(in_picture[None], np.linalg.inv(homography))[0]
    terms = curl_terms(on_paper, sheet.size)
    curl = np.linalg.solve(terms.T @ terms + STIFFNESS * np.eye(terms.shape[1]), terms.T @ (flat - on_paper))
    off = np.hypot(*(on_paper + terms @ curl - flat).T)
    return (homography, curl) if np.sqrt(np.mean(off**2)) <= TOLERANCE else None


def curl_terms(points: Float64[np.ndarray, "k 2"], size: tuple[float, float]) -> Float64[np.ndarray, "k 8"]:
    """Compute the terms of a curl at places of the paper.

    They are those of the element with eight nodes, which markers are, in the method of finite elements (Zienkiewicz and
    Taylor, The Finite Element Method, volume 1).
    """
    x, y = (2 * points / np.array(size) - 1).T
    terms: Float64[np.ndarray, "k 8"] = np.stack((np.ones_like(x), x, y, x * y, x * x, y * y, x * x * y, x * y * y), 1)
    return terms


def _check_code(registration: Registration, grey: Ink, sheet: Sheet, name: str) -> Registration:
    """Compare the page with what its QR code says."""
    left, top, right, bottom = sheet.code_area
    area = left - CODE_MARGIN, top - CODE_MARGIN, right + CODE_MARGIN, bottom + CODE_MARGIN
    code = parse_code(_read_code(registration.rectify(grey, area, CODE_SCALE)))
    if code and code.form != sheet.id:
        raise DataError(
            f"{name} is page {code.page} of another form, {code.form}; this one is {sheet.id}: name its own template, "
            "or the template as it was when the form was printed"
        )
    if not registration.page:
        raise DataError(f"{name} is a page of another form than {sheet.id}, by its markers: name its own template")
    if code and code.page != registration.page:
        raise DataError(f"{name}: its code says page {code.page}, but its markers page {registration.page}")
    if code:
        return registration
    notice = f"its code cannot be read; by its markers, it is page {registration.page}"
    return replace(registration, notices=(notice,))


def _read_code(grey: Ink) -> str:
    try:
        return str(cv2.QRCodeDetector().detectAndDecode(grey)[0])
    except cv2.error:  # some pictures without a code
        return ""


def _say_nothing(grey: Ink) -> str:
    """Say what a page without markers is."""
    if is_blank(grey):
        return "the page is blank"
    if parse_code(_read_code(grey)):
        return "it shows the code of a form, but none of its corner and edge markers: photograph the whole page"
    return "no form is in it: it has neither markers nor a code"


BLANK_SIDE = 600
"""Pixels of the longer side at which pages are checked for ink: two for each millimetre of A4."""

MIN_CONTRAST, MIN_LENGTH = 24, 6
"""Grey levels by which ink is darker or lighter than the paper around it, and pixels that it is long, 3 mm on A4: less
is dust, and what is printed on the other side."""


def is_blank(grey: Ink) -> bool:
    """Whether a page has no ink, but for specks and its edges."""
    small = cv2.resize(grey, None, fx=(f := BLANK_SIDE / max(grey.shape)), fy=f, interpolation=cv2.INTER_AREA)
    ground = cv2.medianBlur(small, 31)
    inked = (cv2.absdiff(small, ground) > MIN_CONTRAST).astype(np.uint8)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(inked)
    height, width = small.shape
    low, high = boxes[1:, :2], boxes[1:, :2] + boxes[1:, 2:4]
    margin = 0.05 * BLANK_SIDE  # where scanners see the edges of the paper
    inside = (low > margin).all(1) & (high < (width - margin, height - margin)).all(1)
    return not bool((inside & (boxes[1:, 2:4].max(1) >= MIN_LENGTH)).any())


def _centres(markers: Sequence[Marker], sheet: Sheet) -> list[tuple[float, float]]:
    areas = [sheet.markers[each.place] for each in markers]
    return [((left + right) / 2, (top + bottom) / 2) for left, top, right, bottom in areas]


def _corners(area: Rectangle) -> Float64[np.ndarray, "4 2"]:
    left, top, right, bottom = area
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
