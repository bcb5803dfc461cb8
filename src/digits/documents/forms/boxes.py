"""A registered page → what stands in the boxes of each field: one run of characters per field, box by box.

Where a digit may be is known, so what is found elsewhere does not count, and ink that nothing was read from does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import cv2
import numpy as np

from digits.documents.alignment import Run
from digits.documents.forms.blank import Blank
from digits.documents.forms.registration import Registration
from digits.documents.forms.sheet import GAP, HIGH, Comb, Sheet
from digits.documents.forms.walls import (
    MIN_WALLS,
    REACH,
    SCALE,
    align,
    cut_out,
    draw_walls,
    list_corners,
    measure_black,
    widen,
)
from digits.documents.runs import Known, RunPage, read_marks
from digits.documents.text import UNKNOWN
from digits.inference import Reader
from digits.inference.page import Page, find_page
from digits.inference.results import Box
from digits.preprocessing import extract_digit
from digits.preprocessing.ink import Ink, subtract_ground
from digits.types import SIDE, Images

INSET = 0.8
"""Millimetres inside of a box's walls that may be darkened by them."""

MIN_INK = 0.8
"""Square millimetres of ink that may be a digit: half of the thinnest 1, 0.4 × 4 mm."""

MIN_DARK = 0.12
"""Darkness of ink, as a share of the way from paper to the black of a marker: pale pencils begin there, and the noise
of cameras ends."""


AROUND = 1.5
"""Millimetres around the boxes of a field that people see when they review it."""


@dataclass(frozen=True, eq=False)
class FieldBoxes:
    """What stands in the boxes of one field.

    Attributes
    ----------
    found
        Its run, as the only one of its page; without any if nothing is in the boxes.
    filled
        The boxes with something in them, counted from 0.
    behind
        How many of these are behind the point.
    box
        Left, top, width and height of all its boxes, in pixels of the picture.
    notices
        Reasons why a person should look.
    marks
        The box of each character of the run.
    crowded
        The boxes with two digits.
    images
        The digit of each filled box, if they are kept: what the network saw, or the ink of a box where it saw none.
    picture
        The field as a PNG, if it is kept.
    """

    found: RunPage
    filled: tuple[int, ...]
    behind: int
    box: Box
    notices: tuple[str, ...] = ()
    marks: tuple[int, ...] = ()
    crowded: tuple[int, ...] = ()
    images: Images = field(default_factory=lambda: np.zeros((0, SIDE, SIDE), np.uint8), repr=False)
    picture: bytes = field(default=b"", repr=False)


def read_boxes(
    reader: Reader,
    grey: Ink,
    registration: Registration,
    sheet: Sheet,
    size: tuple[int, int],
    *,
    keep: bool = False,
    blank: Blank | None = None,
) -> dict[int, FieldBoxes]:
    """Read the boxes of a registered page.

    Parameters
    ----------
    reader
        What finds and reads digits.
    grey, registration
        The picture, and where the page is in it.
    sheet
        The form.
    size
        Width and height of the picture as it was given, to which boxes refer.
    keep
        Whether to keep pictures of fields and characters, for people to review.
    blank
        The form before anything was written on it, if it is not one of ours.

    Returns
    -------
    dict
        What is in each field of the page, by its place in the template.
    """
    seen = registration.rectify(grey, (0.0, 0.0, *sheet.size), SCALE)
    combs = [comb for comb in sheet.combs if comb.page == registration.page]
    page = find_page(_keep(seen, combs), reader.finder, reader.model, upright=True, printed=True)
    known = read_marks(page, reader)
    dark = subtract_ground(seen)[0]
    black = blank.measure_black(dark, registration.page) if blank else measure_black(dark, sheet)
    factor = size[0] / grey.shape[1], size[1] / grey.shape[0]
    nothing = np.zeros(0, np.int64)
    # the digits themselves are not needed any more, and thousands of pages may wait for the last one
    rest = replace(page, marks=page.marks[nothing], images=page.images[nothing], thickness=page.thickness[nothing])
    read = {}
    for comb in combs:
        walls = blank.cut(comb) if blank else draw_walls(comb)
        placed, seen_walls = align(dark, comb, black, walls)
        notices = ["its boxes cannot be seen"] * (seen_walls < MIN_WALLS)
        ink = blank.remove_print(dark, comb, placed, black) if blank else dark
        corners = registration.into_picture(list_corners(placed.area))
        low, high = corners.min(0), corners.max(0)
        if (low < 0).any() or high[0] > grey.shape[1] or high[1] > grey.shape[0]:
            notices.append("a part of it lies beyond the picture")
        x, y = (max(int(value * each), 0) for value, each in zip(low, factor, strict=True))
        right, bottom = (
            round(min(value, side) * each) for value, each, side in zip(high, factor, grey.shape[::-1], strict=True)
        )
        box = x, y, max(right - x, 1), max(bottom - y, 1)
        comb_read = _read_comb(page, known, ink, placed, black)
        run, filled = comb_read.run, comb_read.filled
        found = RunPage([run] if run else [], rest, (seen.shape[1], seen.shape[0]))
        behind = sum(place >= comb.boxes - comb.decimals for place in filled)
        if filled and len(filled) <= filled[-1] - filled[0]:
            notices.append("a box within it is empty")
        boxes = FieldBoxes(
            found, filled, behind, box, (*notices, *comb_read.notices), comb_read.marks, comb_read.crowded
        )
        if keep:
            picture = _encode(cut_out(seen, widen(placed.area, AROUND)))
            boxes = replace(boxes, images=_list_digits(page, seen, placed, boxes), picture=picture)
        read[comb.field] = boxes
    return read


def _keep(seen: Ink, combs: Sequence[Comb]) -> Ink:
    """Keep fields and what is around them, and leave nothing but paper elsewhere: print and markers cost time."""
    side = round(HIGH * SCALE)  # of what is no ground: more than any line is wide
    small = cv2.resize(seen, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    ground = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side // 4, side // 4), np.uint8))
    ground = cv2.blur(ground, (side // 4, side // 4))
    kept: Ink = cv2.resize(ground, (seen.shape[1], seen.shape[0]), interpolation=cv2.INTER_LINEAR)
    for comb in combs:
        left, top, right, bottom = (max(round(each * SCALE), 0) for each in widen(comb.area, REACH + GAP))
        kept[top:bottom, left:right] = seen[top:bottom, left:right]
    return kept


class _CombRead(NamedTuple):
    """The run of a comb, the box of each of its characters, which boxes are filled and crowded, what is doubtful."""

    run: Run | None
    marks: tuple[int, ...]
    filled: tuple[int, ...]
    crowded: tuple[int, ...]
    notices: tuple[str, ...]


def _read_comb(page: Page, known: Known, dark: Ink, comb: Comb, black: float) -> _CombRead:
    """Read what is in the boxes of a comb."""
    centres = page.marks.centres / SCALE
    lefts = np.array(comb.lefts)
    # what is nearer to this box than to the next belongs to it
    is_level = np.abs(centres[:, 1] - (comb.top + comb.high / 2)) < comb.high / 2 + GAP
    distances = np.abs(centres[:, :1] - (lefts + comb.wide / 2))
    nearest = distances.argmin(1)
    is_inside = is_level & (distances.min(1) < (comb.wide + GAP) / 2) if len(centres) else np.zeros(0, bool)
    rows, marks, filled, crowded, notices = list[int](), list[int](), list[int](), list[int](), list[str]()
    for place in range(comb.boxes):
        here = np.flatnonzero(is_inside & (nearest == place))
        here = here[np.argsort(-known.evidence[here], kind="stable")]
        if _measure_ink(dark, comb, place, black) < MIN_INK:  # a box without ink can look like a digit, as 0 and 1 do
            continue
        filled.append(place)
        rows += here[:1].tolist()
        marks += [place] * len(here[:1])
        if not len(here):
            notices.append(f"something in box {place + 1} was not read")
        elif len(here) > 1 and known.evidence[here[1]] > 0:
            crowded.append(place)
            notices.append(f"two digits are in box {place + 1}")
    if not rows:
        return _CombRead(None, (), tuple(filled), (), tuple(notices))
    text = "".join(str(known.classes[row].argmax()) if known.accepted[row] else UNKNOWN for row in rows)
    behind = sum(place >= comb.boxes - comb.decimals for place in filled)
    written = f"{text[:-behind]}.{text[-behind:]}" if behind else text
    left, top, right, bottom = (SCALE * each for each in comb.area)
    run = Run(known.classes[rows], known.evidence[rows], text, tuple(rows), (left, top, right, bottom), written)
    return _CombRead(run, tuple(marks), tuple(filled), tuple(crowded), tuple(notices))


def _list_digits(page: Page, seen: Ink, comb: Comb, boxes: FieldBoxes) -> Images:
    """List the digit of each filled box."""
    rows = dict(zip(boxes.marks, boxes.found.runs[0].rows, strict=True)) if boxes.found.runs else {}
    images = np.zeros((len(boxes.filled), SIDE, SIDE), np.uint8)
    for each, place in enumerate(boxes.filled):
        left, top, right, bottom = comb.areas[place]
        inside = cut_out(seen, (left + INSET, top + INSET, right - INSET, bottom - INSET))
        images[each] = page.images[rows[place]] if place in rows else extract_digit(inside)
    return images


def _encode(picture: Ink) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1])


def _measure_ink(dark: Ink, comb: Comb, place: int, black: float) -> float:
    """Measure the ink inside of a box, in square millimetres."""
    left = comb.lefts[place]
    inside = cut_out(dark, (left + INSET, comb.top + INSET, left + comb.wide - INSET, comb.top + comb.high - INSET))
    return float((inside > MIN_DARK * black).sum()) / SCALE**2
