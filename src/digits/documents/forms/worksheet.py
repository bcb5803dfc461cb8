"""Worksheets: pages that ask for given digits, whose photographs are labelled digits by the hand that wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from digits.documents.fields import Field
from digits.documents.forms.form import Form
from digits.documents.forms.printing import write_pdf
from digits.documents.forms.registration import MAX_SIDE
from digits.documents.forms.sheet import HEAD, HIGH, LABEL, MARGIN
from digits.documents.forms.template import FormField, Template
from digits.documents.matching import MIN_CONFIDENCE
from digits.errors import DataError
from digits.inference import Reader
from digits.preprocessing import Decoded
from digits.types import CLASSES, Images, Labels

PAGES = 8
"""Pages of the worksheet, each with other numbers: 1,920 digits, more than most people write."""

ROWS, COLUMNS = 12, 20
"""Rows of boxes on a page, and boxes of a row: 24 of each digit."""

BETWEEN = LABEL + HIGH + 4.0
"""Millimetres from row to row: printed digits stand clear of the boxes above."""

SEED = 0
"""Of the order of the digits, which must never change: sheets were printed with it."""

TEXT = (
    "Write each digit as you usually do, in the box below it. Leave out what you do not want to write; if one goes "
    "wrong, strike it out."
)


class Labelled(NamedTuple):
    """The digits of a page.

    Attributes
    ----------
    images
        As the network sees them.
    labels
        The digit above each box.
    others
        How many the model takes for another digit, without a doubt: these may have been written wrongly.
    empty, crowded
        Boxes without anything, and with something other than one digit.
    """

    images: Images
    labels: Labels
    others: int
    empty: int
    crowded: int


@cache
def make_worksheet() -> Form:
    """Make the worksheet: the same pages whenever it is called."""
    top = MARGIN + HEAD + LABEL
    fields = tuple(
        # by its name, a field's digits are part of the form's id
        FormField(Field(f"{page}.{row + 1} {asked}", COLUMNS, COLUMNS), "", (MARGIN, top + BETWEEN * row), page, asked)
        for page in range(1, PAGES + 1)
        for row, asked in enumerate(_list_rows(page))
    )
    return Form(Template("the worksheet", fields, "Your digits", TEXT))


def _list_rows(page: int) -> Iterator[str]:
    """List the digits of each row: as many of each class, in any order."""
    digits = np.random.default_rng([SEED, page]).permutation(np.arange(ROWS * COLUMNS) % CLASSES)
    for row in digits.reshape(ROWS, COLUMNS):
        yield "".join(map(str, row))


def print_worksheet(pages: int) -> bytes:
    """Write the first pages of the worksheet as a PDF."""
    form = make_worksheet()
    return write_pdf(form.template, form.sheet, pages)


def read_worksheet(reader: Reader, decoded: Decoded, name: str) -> Labelled:
    """Read a page of the worksheet, scanned or photographed.

    A box with two digits, such as one that was struck out and its correction, is left out: which of them was meant is
    not known. So is what is struck out.

    Raises
    ------
    DataError
        When it is no page of it, or nobody has written on it.
    """
    form = make_worksheet()
    page = form.read_page(reader, decoded, name, keep=True)
    images, labels, others, empty, crowded = [np.zeros((0, 28, 28), np.uint8)], list[int](), 0, 0, 0
    for place, boxes in page.boxes.items():
        asked = form.template.fields[place].asked
        kept = [n for n, box in enumerate(boxes.filled) if box not in boxes.crowded and boxes.images[n].any()]
        images.append(boxes.images[kept])
        for box in (boxes.filled[n] for n in kept):
            labels.append(int(asked[box]))
            if boxes.sure[box] >= MIN_CONFIDENCE and boxes.read[box] != asked[box]:
                others += 1
        empty += COLUMNS - len(boxes.filled)
        crowded += len(boxes.filled) - len(kept)
    if not labels:
        raise DataError(f"{name}: nothing is written on this page of the worksheet")
    return Labelled(np.concatenate(images), np.array(labels, np.uint8), others, empty, crowded)


__all__ = ["MAX_SIDE", "PAGES", "Labelled", "make_worksheet", "print_worksheet", "read_worksheet"]
