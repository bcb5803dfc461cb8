"""What a broken download looks like, and how its error speaks."""

from __future__ import annotations

import os
import re
from pathlib import Path

from digits.errors import DataError

AGAIN = "Download or copy it again."


def web_page(head: bytes) -> str:
    """Say what web page the first bytes of a file belong to; an empty string when they belong to none."""
    if not re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|body|\?xml|error|h1|title)", head, re.IGNORECASE):
        return ""
    title = re.search(rb"<(?:title|h1|code|message)>(.*?)</", head, re.IGNORECASE | re.DOTALL)
    words = f" (“{' '.join(title[1].decode(errors='replace').split())[:80]}”)" if title else ""
    return f"holds a web page{words} instead of data"


def existing(path: str | os.PathLike[str]) -> Path:
    """Give the path with ``~`` resolved, or say that nothing is there."""
    place = Path(path).expanduser()
    if not place.exists():
        raise unreadable(place, FileNotFoundError())
    return place


def unreadable(path: str | os.PathLike[str], error: OSError) -> DataError:
    """Say why a file could not be opened."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path} does not exist. Check the path; relative ones start at {Path.cwd()}.")
    if isinstance(error, IsADirectoryError):
        return DataError(f"{path} is a folder, where a file is needed. Name a file inside it.")
    return DataError(f"{path} cannot be read: {error.strerror or error}. Check its permissions and the disk.")
