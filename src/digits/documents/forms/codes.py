"""What a printed page says of itself: the content of its QR code, and the numbers of its markers."""

from __future__ import annotations

import re
from typing import NamedTuple

import cv2
import numpy as np

from digits.documents.forms.sheet import MAX_PAGES
from digits.shapes import Bool

DICTIONARY = cv2.aruco.DICT_5X5_1000
"""The markers: of 1000, any two differ by five of their 25 modules or more, so that two wrong ones are corrected
(Garrido-Jurado et al. 2014)."""

PLACES = 8
"""Markers of a page."""

SERIES = 1000 // PLACES
"""How many pages markers tell apart."""

START = "DIGITS"

_CODE = re.compile(rf"{START} ([0-9A-F]{{8}}) (\d{{1,2}})")


class PageCode(NamedTuple):
    """A page, counted from 1, of a form with an id."""

    form: str
    page: int

    def __str__(self) -> str:
        return f"{START} {self.form} {self.page}"

    @property
    def series(self) -> int:
        """Number of its markers' series. Other forms have other series, but for one in 125."""
        return (int(self.form, 16) + self.page - 1) % SERIES


def parse_code(text: str) -> PageCode | None:
    """Parse the content of a QR code; None for what is on no form of ours."""
    found = _CODE.fullmatch(text)
    return PageCode(found[1], int(found[2])) if found and 1 <= int(found[2]) <= MAX_PAGES else None


def draw_code(code: PageCode) -> Bool[np.ndarray, "n n"]:
    """Draw the QR code of a page without its margin: for each module whether it is dark."""
    return _draw_qr(str(code), cv2.QRCODE_ENCODER_CORRECT_LEVEL_Q)  # a quarter of it may be covered


def draw_address(address: str) -> Bool[np.ndarray, "n n"]:
    """Draw the QR code of an address on a screen, as small as possible, without its margin: which modules are dark."""
    return _draw_qr(address, cv2.QRCODE_ENCODER_CORRECT_LEVEL_L)


def _draw_qr(text: str, level: int) -> Bool[np.ndarray, "n n"]:
    parameters = cv2.QRCodeEncoder.Params()
    parameters.correction_level = level
    drawn = cv2.QRCodeEncoder.create(parameters).encode(text)
    dark: Bool[np.ndarray, "n n"] = drawn == 0
    rows, columns = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
    return dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def draw_marker(code: PageCode, place: int) -> Bool[np.ndarray, "7 7"]:
    """Draw one of the markers of a page: for each module whether it is dark."""
    dictionary = cv2.aruco.getPredefinedDictionary(DICTIONARY)
    dark: Bool[np.ndarray, "7 7"] = cv2.aruco.generateImageMarker(dictionary, PLACES * code.series + place, 7) == 0
    return dark
