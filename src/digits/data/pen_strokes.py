"""Real pen strokes for training: the thirty writers of the training part of UCI's Pen-Based Recognition.

E. Alpaydin and F. Alimoglu, "Pen-Based Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
doi 10.24432/C5MG6K, licence CC BY 4.0. The fourteen writers of its test part are never used for training.
"""

from __future__ import annotations

import hashlib
import logging
import os
from functools import lru_cache
from pathlib import Path

from digits.data.download import cache_folder, fetch_file
from digits.data.file_errors import existing_path
from digits.data.formats.unipen import MAX_BYTES, PenDigit, parse_unipen, read_unipen_text
from digits.data.mnist import DATA_VARIABLE
from digits.errors import DataError, DataNotFoundError
from digits.files import expand_home, storing

log = logging.getLogger(__name__)

STROKES_VARIABLE = "DIGITS_STROKES"  # environment variable with the path of the pen strokes
STROKES_FOLDER = Path("data/pendigits")  # searched below the working directory
STROKES_FILE = "pendigits-orig.tra"
STROKES_SHA256 = "a66225d68d7d68591e62944df1ad33b3f5aa608e2df2505844b41f5568a80da4"  # of the text

# The archive's own file is compressed; the second is a copy of its text.
STROKES_URLS = (
    "https://archive.ics.uci.edu/ml/machine-learning-databases/pendigits/pendigits-orig.tra.Z",
    "https://raw.githubusercontent.com/fxjollois/pendigits-shiny/a5c7bdb5b474e5442b472f68afeed237eb76b51a/data/pendigits-orig.tra",
)


def load_pen_strokes(place: str | os.PathLike[str] | None = None) -> list[PenDigit]:
    """Find or download the pen strokes: 7,494 digits of 30 writers.

    Places are tried in this order: `place`, ``$DIGITS_STROKES``, ``$DIGITS_DATA``, ``data/pendigits``, the user's
    cache, the internet. If the argument or ``$DIGITS_STROKES`` names a place, no other is searched. The file is
    recognized by the SHA-256 of its text, plain or compressed.

    Parameters
    ----------
    place
        A folder, or the file.

    Raises
    ------
    DataNotFoundError
        The named place does not exist or holds no such file, or the file is missing and could not be downloaded.
    DataError
        The file is broken, or is not the expected one.
    StorageError
        The user's cache cannot be written.
    """
    named = place or os.environ.get(STROKES_VARIABLE)
    if named:
        found = _find_in(existing_path(named))
        if not found:
            raise DataNotFoundError(f"{named} holds no {STROKES_FILE}, .gz or .Z. {_how_to_get_it()}")
        return _read(found)
    cache = cache_folder().with_name("pendigits")
    data = os.environ.get(DATA_VARIABLE)
    for folder in (*([expand_home(data)] if data else []), STROKES_FOLDER, cache):
        if found := _find_in(folder):
            return _read(found)
    return _read(_fetch(cache))


def _find_in(place: Path) -> Path | None:
    if place.is_file():
        return place if place.name.startswith(STROKES_FILE) else None
    return next((path for end in ("", ".gz", ".Z") if (path := place / (STROKES_FILE + end)).is_file()), None)


@lru_cache(maxsize=1)
def _read(path: Path) -> list[PenDigit]:
    return parse_unipen(path, _checked_text(path))


def _checked_text(path: Path) -> str:
    text = read_unipen_text(path)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if digest != STROKES_SHA256:
        raise DataError(
            f"{path} is not UCI's {STROKES_FILE}: the SHA-256 of its text is {digest}, not {STROKES_SHA256}."
        )
    return text


def _fetch(folder: Path) -> Path:
    reasons = []
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for url in STROKES_URLS:
        target = folder / url.rpartition("/")[2]
        try:
            fetch_file(url, target, _checked_text, MAX_BYTES)
            return target
        except DataError as error:
            log.info("%s: %s", url, error)
            reasons.append(f"  {url}: {error}")
    tried = "\n".join(reasons)
    raise DataNotFoundError(
        f"The pen strokes of UCI's Pen-Based Recognition are missing, and could not be downloaded. Tried:\n{tried}\n"
        f"{_how_to_get_it()}"
    )


def _how_to_get_it() -> str:
    return (
        f"To get it manually: download {STROKES_URLS[0]} and put it into {STROKES_FOLDER}, or name its folder with "
        f"${STROKES_VARIABLE}. To train without it: --pen-strokes 0."
    )
