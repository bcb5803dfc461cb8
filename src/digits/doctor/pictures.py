"""Picture files as training data: the digit in each is found at full size, as `digits read` finds it."""

from __future__ import annotations

import dataclasses
import logging
import os
import zlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from digits.data import DigitPicture, decode_picture, load_dataset, load_labelled
from digits.doctor.flags import Mending
from digits.doctor.mending import mend
from digits.errors import DataError
from digits.types import SIDE, Dataset, Images, Labels

if TYPE_CHECKING:
    from digits.inference import Digit, Reader
    from digits.preprocessing import Decoded

log = logging.getLogger(__name__)


class DigitFinder:
    """Finds the digit of a picture file as `digits read` does, with the default model; a `Decode`.

    Attributes
    ----------
    count
        How many pictures were read.
    several
        Names of those in which the reader accepts more than one digit.
    """

    def __init__(self) -> None:
        self.count = 0
        self.several: list[str] = []

    def __call__(self, content: bytes, name: str) -> DigitPicture:
        """Find the digit; errors as of `digits.preprocessing.decode`."""
        from digits.inference.reader import DEFAULT_MODEL, find_reader
        from digits.preprocessing import MAX_PAGE_SIDE, decode
        from digits.preprocessing.pages import SeveralPagesError

        try:
            decoded = decode(content, name, max_side=MAX_PAGE_SIDE)
        except SeveralPagesError as error:
            raise DataError(f"{name} has {error.count:,} pages: save each as a file of its own") from None
        digit, n_digits = extract_as_read(decoded, find_reader(DEFAULT_MODEL), name)
        self.count += 1
        self.several += [name] * (n_digits > 1)
        return DigitPicture(digit.image, is_light_on_dark=True, side=max(decoded.size))

    def warn(self) -> None:
        """Log how many pictures hold several digits."""
        if self.several:
            log.warning(
                "%d of %d pictures hold several digits, of which the one with the most ink near the middle was taken; "
                "the first is %s. Cut them into pictures of one digit each.",
                len(self.several), self.count, self.several[0],
            )  # fmt: skip


def extract_as_read(decoded: Decoded, reader: Reader, name: str) -> tuple[Digit, int]:
    """Extract the digit of an upright picture as a reader does, wherever it is and whatever lies beside it.

    Where the reader finds several digits, or none, the picture is read as one of a single digit. What the digit is
    read as plays no part, so that digits which are read wrongly are extracted like others. The picture is not turned:
    it has a label, and an upside-down 6 is no 9.

    Returns
    -------
    The digit, whose image is all zeros without ink; and how many digits the reader accepts in the picture.
    """
    reading = reader.read_decoded(decoded, name=name, upright=True)
    accepted = [digit for digit in reading.digits if digit.accepted]
    found = accepted or reading.digits
    if len(found) != 1:
        found = reader.read_decoded(decoded, name=name, single=True).digits
    return found[0], len(accepted)


def load_mended(path: str | os.PathLike[str] | None, mending: Mending, *, download: bool = True) -> Dataset:
    """Load any labelled data set, and change it as the flags say.

    With `mending.from_pictures`, the digits of picture files are found in the files themselves, before anything else;
    those of arrays in the 28 × 28 that they are.

    Raises
    ------
    DataError
        As `digits.data.load_dataset`; and as `mend`.
    """
    finder = DigitFinder() if mending.from_pictures else None
    dataset = load_dataset(path, download=download, decode=finder)
    return mend(dataset, settle(mending, finder))


class SampledPictures(NamedTuple):
    """Some pictures of a set: their digits as fitted into 28 × 28, and as found at full size; and their labels."""

    fitted: Images
    found: Images
    labels: Labels


def sample_pictures(place: str, n: int, size: int) -> SampledPictures:
    """Read about `size` of the n pictures of a set both ways, always the same ones; those without ink are left out.

    Raises
    ------
    DataError
        As `digits.data.load_labelled`.
    """
    every, finder = max(1, n // size), DigitFinder()
    fitted: dict[bytes, np.ndarray] = {}
    blank = np.zeros((SIDE, SIDE), np.uint8)

    def decode(content: bytes, name: str) -> DigitPicture:
        if zlib.crc32(content) % every:
            return DigitPicture(blank, is_light_on_dark=True, side=SIDE)
        picture = finder(content, name)
        fitted[picture.pixels.tobytes()] = decode_picture(content, name).pixels
        return picture

    digits = load_labelled(place, decode=decode)
    chosen = digits.images.any((1, 2))
    found = digits.images[chosen]
    as_fitted = np.array([fitted[image.tobytes()] for image in found], np.uint8).reshape(-1, SIDE, SIDE)
    return SampledPictures(as_fitted, found, digits.labels[chosen])


def settle(mending: Mending, finder: DigitFinder | None) -> Mending:
    """Return what is left to mend once a finder has read the files, and log what it found."""
    if finder is None or not finder.count:
        return mending
    finder.warn()
    return dataclasses.replace(mending, from_pictures=False)
