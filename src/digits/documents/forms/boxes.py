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
from digits.documents.forms.opinions import (
    LIKELY,
    MIN_PRESENCE,
    Opinions,
    ask,
    combine,
    cut_digits,
    find_marks,
    revise_boxes,
    to_evidence,
    weigh_presence,
)
from digits.documents.forms.registration import Registration
from digits.documents.forms.sheet import GAP, HIGH, Comb, Sheet
from digits.documents.forms.walls import (
    MIN_WALLS,
    REACH,
    SCALE,
    align,
    cut_out,
    draw_walls,
    erase_walls,
    list_corners,
    measure_black,
    slice_out,
    widen,
)
from digits.documents.runs import RunPage, read_marks
from digits.documents.text import UNKNOWN
from digits.inference import Reader
from digits.inference.page import Page, find_page, seen_by
from digits.inference.results import Box
from digits.preprocessing import extract_digit
from digits.preprocessing.ink import Ink, subtract_ground
from digits.shapes import Float64, Int64
from digits.types import SIDE, Images

INSET = 0.8
"""Millimetres inside of a box's walls that may be darkened by them."""

MIN_INK = 0.8
"""Square millimetres of ink that may be a digit: half of the thinnest 1, 0.4 × 4 mm. A box with as much that is no
digit is flagged."""

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
        Its run, of all boxes that may have a digit, as the only one of its page; without any if none may.
    filled
        The boxes that probably have one, counted from 0.
    behind
        How many of these are behind the point.
    box
        Left, top, width and height of all its boxes, in pixels of the picture.
    notices
        Reasons why a person should look.
    read
        What was read in each box: a digit, ``?`` for one that was not, or nothing.
    crowded
        The boxes with two digits.
    images
        The digit of each filled box, if they are kept: what the network saw, or the ink of a box where it saw none.
    picture
        The field as a PNG, if it is kept.
    presence
        The probability that a digit is in each box.
    sure
        The probability that what was read in each box is there.
    opinions
        What the networks say of each box.
    """

    found: RunPage
    filled: tuple[int, ...]
    behind: int
    box: Box
    notices: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    crowded: tuple[int, ...] = ()
    images: Images = field(default_factory=lambda: np.zeros((0, SIDE, SIDE), np.uint8), repr=False)
    picture: bytes = field(default=b"", repr=False)
    presence: Float64[np.ndarray, " k"] = field(default_factory=lambda: np.zeros(0), repr=False)
    sure: Float64[np.ndarray, " k"] = field(default_factory=lambda: np.zeros(0), repr=False)
    opinions: Opinions | None = field(default=None, repr=False)


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
    dark = subtract_ground(seen)[0]
    black = blank.measure_black(dark, registration.page) if blank else measure_black(dark, sheet)
    factor = size[0] / grey.shape[1], size[1] / grey.shape[0]
    placed = [align(dark, comb, black, blank.cut(comb) if blank else draw_walls(comb)) for comb in combs]
    cleaned = seen.copy()
    inks = list[list[float]]()
    for comb, (moved, _) in zip(combs, placed, strict=True):
        ink = blank.remove_print(dark, comb, moved, black) if blank else dark
        inks.append([_measure_ink(ink, moved, place, black) for place in range(moved.boxes)])
        if blank:
            rows, columns = slice_out(widen(moved.area, REACH))
            cleaned[rows, columns] = 255 - ink[rows, columns]
        else:
            erase_walls(cleaned, moved)
    looks = _look(reader, page, cleaned, [each for each, _ in placed], inks)
    nothing = np.zeros(0, np.int64)
    # the digits themselves are not needed any more, and thousands of pages may wait for the last one
    rest = replace(
        page,
        marks=page.marks[nothing],
        images=page.images[nothing],
        thickness=page.thickness[nothing],
        described=page.described[nothing],
    )
    read = {}
    for (comb, seen_walls), look, ink_in in zip(placed, looks, inks, strict=True):
        notices = ["its boxes cannot be seen"] * (seen_walls < MIN_WALLS)
        corners = registration.into_picture(list_corners(comb.area))
        low, high = corners.min(0), corners.max(0)
        if (low < 0).any() or high[0] > grey.shape[1] or high[1] > grey.shape[0]:
            notices.append("a part of it lies beyond the picture")
        x, y = (max(int(value * each), 0) for value, each in zip(low, factor, strict=True))
        right, bottom = (
            round(min(value, side) * each) for value, each, side in zip(high, factor, grey.shape[::-1], strict=True)
        )
        box = x, y, max(right - x, 1), max(bottom - y, 1)
        boxes = _read_comb(look, comb, ink_in, rest, (seen.shape[1], seen.shape[0]))
        boxes = replace(boxes, box=box, notices=(*notices, *boxes.notices))
        if keep:
            picture = _encode(cut_out(seen, widen(comb.area, AROUND)))
            boxes = replace(boxes, images=_list_digits(page, seen, comb, boxes, look), picture=picture)
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


class _Look(NamedTuple):
    """What was seen of the boxes of a field: the marks in each, and opinions, put together for its page."""

    marks: list[Int64[np.ndarray, " _m"]]
    opinions: Opinions
    presence: Float64[np.ndarray, " k"]
    classes: Float64[np.ndarray, "k 10"]
    crowded: tuple[int, ...]


def _look(
    reader: Reader, page: Page, cleaned: Ink, combs: Sequence[Comb], inks: Sequence[Sequence[float]]
) -> list[_Look]:
    """Look at the boxes of all fields of a page, which one hand has filled in."""
    known, by_both = read_marks(page, reader), seen_by(page, reader.model)
    looks, images = list[_Look](), list[Images]()
    for comb, ink in zip(combs, inks, strict=True):
        marks = find_marks(page, known, comb)
        cut = cut_digits(cleaned, page, marks, comb)
        opinions = Opinions(weigh_presence(marks, known, ink), cut[1], ask(reader.model, page, marks, cut, by_both))
        presence, classes = combine(opinions)
        crowded = [n for n, here in enumerate(marks) if len(here) > 1 and known.evidence[here[1]] > 0]
        looks.append(_Look(marks, opinions, presence, classes, tuple(crowded)))
        images.append(cut[0])
    revised = revise_boxes([each.presence for each in looks], [each.classes for each in looks], images)
    return [each._replace(classes=classes) for each, classes in zip(looks, revised, strict=True)]


def _read_comb(look: _Look, comb: Comb, ink: Sequence[float], rest: Page, size: tuple[int, int]) -> FieldBoxes:
    """Read what is in the boxes of a comb."""
    filled = np.flatnonzero(look.presence >= LIKELY).tolist()
    may_be = np.flatnonzero(look.presence >= MIN_PRESENCE).tolist()
    best = look.classes.max(1)
    read = [
        "" if place not in filled else str(look.classes[place].argmax()) if best[place] >= LIKELY else UNKNOWN
        for place in range(comb.boxes)
    ]
    sure = np.where(look.presence >= LIKELY, look.presence * best, 1 - look.presence)
    notices = list[str]()
    for place in range(comb.boxes):
        if place in filled:
            notices += [f"something in box {place + 1} was not read"] * (not len(look.marks[place]))
            notices += [f"two digits are in box {place + 1}"] * (place in look.crowded)
        elif ink[place] >= MIN_INK:
            notices.append(f"what is in box {place + 1} is probably no digit")
    if filled and len(filled) <= filled[-1] - filled[0]:
        notices.append("a box within it is empty")
    whole = comb.boxes - comb.decimals
    text, behind = "".join(read), sum(place >= whole for place in filled)
    written = f"{''.join(read[:whole])}.{''.join(read[whole:])}" if behind else text
    left, top, right, bottom = (SCALE * each for each in comb.area)
    run = Run(
        look.classes[may_be],
        to_evidence(look.presence[may_be]),
        text,
        tuple(may_be),
        (left, top, right, bottom),
        written,
    )
    crowded = tuple(place for place in filled if place in look.crowded)
    return FieldBoxes(
        RunPage([run] * bool(may_be), rest, size), tuple(filled), behind, (0, 0, 1, 1), tuple(notices), tuple(read),
        crowded, presence=look.presence, sure=sure, opinions=look.opinions,
    )  # fmt: skip


def _list_digits(page: Page, seen: Ink, comb: Comb, boxes: FieldBoxes, look: _Look) -> Images:
    """List the digit of each filled box: what the network saw, or the ink of a box where it saw none."""
    images = np.zeros((len(boxes.filled), SIDE, SIDE), np.uint8)
    for each, place in enumerate(boxes.filled):
        left, top, right, bottom = comb.areas[place]
        if look.opinions.seen[place]:
            images[each] = page.images[look.marks[place][0]]
        else:
            images[each] = extract_digit(cut_out(seen, (left + INSET, top + INSET, right - INSET, bottom - INSET)))
    return images


def _encode(picture: Ink) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1])


def _measure_ink(dark: Ink, comb: Comb, place: int, black: float) -> float:
    """Measure the ink inside of a box, in square millimetres."""
    left = comb.lefts[place]
    inside = cut_out(dark, (left + INSET, comb.top + INSET, left + comb.wide - INSET, comb.top + comb.high - INSET))
    return float((inside > MIN_DARK * black).sum()) / SCALE**2
