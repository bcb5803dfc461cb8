"""Write files atomically: readers see the old file or the new one, never a part of it. Read files within limits.

A `MemoryFile` is a file that a client sent: it is opened like any other and never written to disk.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, cast

from digits.errors import DigitsError, StorageError

MAX_JSON_BYTES = 16 * 2**20
"""Size of a JSON file, at most, which may take ten times that in memory; the largest that digits writes have 100 KB."""

# Path itself cannot be a base before Python 3.12.
if TYPE_CHECKING:
    _Path = Path
else:
    _Path = type(Path())

_TEMPORARY = re.compile(r"\.(?P<name>.+)\.\d+-[0-9a-f]{8}\.part")
"""Names of temporary files; a process that is killed leaves its own behind."""


def intended_name(path: Path) -> str:
    """Return the name that a file has or, if it is a temporary file of `replace_atomically`, was about to get."""
    found = _TEMPORARY.fullmatch(path.name)
    return found["name"] if found else path.name


@contextmanager
def replace_atomically(path: Path, size: int = 0) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` at the end of the block, or is removed if the block fails.

    The name is unique to this call, so several processes may write the same file at once: the last one wins. `size` is
    the number of bytes, if known; an error says how many are missing.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    import secrets  # here, since it adds 10 ms to every start and few calls write

    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    with storing(path, size):
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file that survives a power failure, and make its folder if it is missing.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(path, len(content)) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_output(path: Path, content: bytes) -> None:
    """Write what a user wants to a place that the user names; errors as in `write_atomically`.

    A file is written atomically. A pipe or device, such as ``/dev/null``, must stay one, and receives the content.
    """
    if not path.exists() or path.is_file() or path.is_dir():
        write_atomically(path, content)
        return
    with storing(path), path.open("wb") as stream:
        stream.write(content)


@contextmanager
def storing(path: Path, size: int = 0) -> Iterator[None]:
    """Turn the system's errors about changing `path` into a `StorageError`; `size` in bytes, if known."""
    try:
        yield
    except DigitsError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {_explain(error, path.parent, size)}.") from None


def _explain(error: OSError, folder: Path, size: int) -> str:
    if error.errno != errno.ENOSPC:
        return f"{error.strerror or error}. Check the permissions and the disk of {folder}, or choose another folder"
    import shutil

    folder = folder.resolve()  # the disk that is full may be that of a link's target
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    missing = f"{size / 1e6:,.1f} MB are needed, " if size else ""
    free_up = f"Free some space in {folder}, or choose another folder"
    return f"its disk is full ({missing}{free / 1e6:,.1f} MB are free). {free_up}"


def expand_home(path: str | os.PathLike[str]) -> Path:
    """Expand ``~`` and ``~user``; of a user who is unknown or has no home folder, it stays as it is, as in a shell."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


class MemoryFile(_Path):
    """The content of a file, in memory; as a path it is a bare name, which `open_file` opens wherever it is."""

    content: bytes

    @classmethod
    def of(cls, content: bytes, name: str) -> MemoryFile:
        """Give a content a name, of which folders are left out."""
        last = PurePath(name.replace("\\", "/")).name
        file = cls(last if last.strip(".") else "file")
        file.content = content
        return file

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Say that it is no folder, whatever has this name on disk."""
        return False


def open_file(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a file for reading bytes, but no pipe, socket or device: reading these may wait or never end.

    A `MemoryFile` is read from memory.

    Raises
    ------
    OSError
        As `open` does, and for anything that is not a regular file.
    """
    if isinstance(path, MemoryFile):
        return BufferedReader(cast("Any", BytesIO(path.content)))
    try:
        kind = Path(path).stat().st_mode
    except ValueError:  # it holds a character that no name can have, such as NUL
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path)) from None
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        raise OSError(errno.EINVAL, "it is a pipe, socket or device, not a file", os.fspath(path))
    return Path(path).open("rb")


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that anybody may have written, and that must hold an object.

    Raises
    ------
    OSError
        When it cannot be read.
    ValueError
        When it holds anything else, saying what is wrong.
    """
    with open_file(path) as file:
        return parse_json_object(file.read(MAX_JSON_BYTES + 1))


def parse_json_object(text: str | bytes) -> dict[str, Any]:
    """Parse a JSON object; errors as in `read_json_object`."""
    if len(text) > MAX_JSON_BYTES:
        raise ValueError(f"it is larger than {MAX_JSON_BYTES // 2**20} MiB")
    try:
        values = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(values, dict):
        raise ValueError(f"it is {'a list' if isinstance(values, list) else 'a single value'}, not an object")
    return values
