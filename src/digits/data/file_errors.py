"""Errors about files: missing, unreadable, or a web page that was saved in place of data."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from digits.errors import DataError, DataNotFoundError
from digits.files import expand_home, open_file

DOWNLOAD_AGAIN = "Download or copy it again."

MAX_REASON = 200  # characters of a library's own message


def damaged(path: str | os.PathLike[str], error: Exception) -> DataError:
    """Make the error for a file that a library cannot load: of the library's reason, the first line, shortened."""
    reason = " ".join(str(error).strip().partition("\n")[0].split())[:MAX_REASON]
    return DataError(f"{path} is damaged: it does not load ({reason}). {DOWNLOAD_AGAIN}")


def describe_web_page(head: bytes) -> str:
    """Describe the web page that a file starts with; an empty string when it starts with none."""
    if not re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|body|\?xml|error|h1|title)", head, re.IGNORECASE):
        return ""
    title = re.search(rb"<(?:title|h1|code|message)>(.*?)</", head, re.IGNORECASE | re.DOTALL)
    quoted = f" (“{' '.join(title[1].decode(errors='replace').split())[:80]}”)" if title else ""
    return f"holds a web page{quoted} instead of data"


def existing_path(path: str | os.PathLike[str]) -> Path:
    """Expand ``~`` and return the path of a file or folder.

    Raises
    ------
    DataNotFoundError
        It does not exist.
    DataError
        It is neither file nor folder, or cannot be reached.
    """
    expanded = expand_home(path)
    try:
        if not expanded.is_dir():
            open_file(expanded).close()
    except OSError as error:
        raise unreadable(expanded, error) from None
    return expanded


def unreadable(path: str | os.PathLike[str], error: OSError) -> DataError:
    """Make the error for a file that could not be opened."""
    if isinstance(error, FileNotFoundError):
        return DataNotFoundError(f"{path} does not exist. Check the path; relative paths start at {Path.cwd()}.")
    if isinstance(error, IsADirectoryError):
        return DataError(f"{path} is a folder. Name a file inside it.")
    advice = "Copy it into a file." if error.errno == errno.EINVAL else "Check its permissions and the disk."
    return DataError(f"{path} cannot be read: {error.strerror or error}. {advice}")
