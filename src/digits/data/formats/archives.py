"""Archives, ZIP and TAR, of files in any format: unpacked into a temporary folder, within limits."""

from __future__ import annotations

import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from digits.data.file_errors import DOWNLOAD_AGAIN, damaged, describe_web_page, unreadable
from digits.data.formats.names import bare_name
from digits.data.memory import max_array_bytes
from digits.errors import DataError, StorageError
from digits.files import open_file, storing

MAX_MEMBERS = 200_000
"""Files in an archive, at most: MNIST as pictures has 70,000."""

MAX_NAME, MAX_DEPTH = 240, 20
"""Bytes of a name and number of folders around a file, at most: what file systems take, with room for a path."""

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")

_ENCRYPTED = 1  # bit of a member's flags
_CHUNK = 2**20

Member = tuple[str, int, Callable[[], Any]]
"""Name, size in bytes, and what opens it."""


def is_archive_name(path: Path) -> bool:
    """Tell whether a file is called as archives are."""
    names = (path.name.lower(), bare_name(path).lower())
    return any(name.endswith(ARCHIVE_SUFFIXES) for name in names)


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack an archive into a temporary folder, which is removed at the end of the block.

    Only files are unpacked, never links or devices, and under names that cannot leave the folder. Errors inside the
    block name the archive instead of the folder.

    Raises
    ------
    DataError
        The archive is damaged, encrypted, or unpacks to more than `max_array_bytes` or `MAX_MEMBERS` files.
    """
    with tempfile.TemporaryDirectory(prefix="digits-") as temporary:
        folder = Path(temporary).resolve() / path.name
        with storing(folder):
            folder.mkdir()
        try:
            _unpack(path, folder)
            yield folder
        except DataError as error:
            text = str(error).replace(f"{folder}/", f"{path}: ").replace(str(folder), str(path))
            raise type(error)(text) from None


def _unpack(path: Path, folder: Path) -> None:
    try:
        with open_file(path) as stream:
            head = stream.read(4096)
            stream.seek(0)
            if zipfile.is_zipfile(stream):
                with zipfile.ZipFile(stream) as archive:
                    _write(path, folder, _zip_members(path, archive))
                return
            stream.seek(0)
            if not head or (problem := describe_web_page(head)):
                raise DataError(f"{path} {problem if head else 'is empty'}. {DOWNLOAD_AGAIN}")
            with tarfile.open(fileobj=stream, mode="r:*") as packed:
                _write(path, folder, _tar_members(packed))
    except DataError:
        raise
    except StorageError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise unreadable(path, error) from None
        # damage raises BadZipFile, TarError, LZMAError, EOFError, RuntimeError …: no list would stay complete
        raise damaged(path, error) from None


def _zip_members(path: Path, archive: zipfile.ZipFile) -> Iterator[Member]:
    for member in archive.infolist():
        if member.flag_bits & _ENCRYPTED:
            raise DataError(f"{path} is encrypted. Unpack it with its password, and name the folder.")
        is_link = member.external_attr >> 28 == 0o12
        if not member.is_dir() and not is_link:
            yield member.filename, member.file_size, lambda member=member: archive.open(member)  # type: ignore[misc]


def _tar_members(archive: tarfile.TarFile) -> Iterator[Member]:
    for member in archive:
        if member.isfile():
            yield member.name, member.size, lambda member=member: archive.extractfile(member)  # type: ignore[misc]


def _write(path: Path, folder: Path, members: Iterator[Member]) -> None:
    limit, size, count = max_array_bytes(), 0, 0
    for name, announced, open_member in members:
        parts = _safe_parts(path, name)
        if any(part.startswith((".", "__MACOSX")) for part in parts):
            continue
        count, size = count + 1, size + announced
        if count > MAX_MEMBERS:
            raise DataError(f"{path} holds over {MAX_MEMBERS:,} files. Unpack what is needed, and name its folder.")
        if size > limit:
            raise DataError(
                f"{path} is too large: it unpacks to over {limit:,} bytes, the limit on this machine. "
                "Unpack what is needed, and name its folder."
            )
        target = folder.joinpath(*parts)
        content = open_member()
        if content is None:
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            file = target.open("xb")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise DataError(f"{path} holds two files called {name[:MAX_NAME]}. Unpack one, and name it.") from None
        with file, content, storing(target, announced):
            _copy(path, content, file, announced)


def _copy(path: Path, source: Any, target: Any, announced: int) -> None:
    """Copy no more than was announced: a false size must not fill the disk."""
    left = announced
    while chunk := source.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise DataError(f"{path} is damaged: a file in it is longer than announced. {DOWNLOAD_AGAIN}")
        target.write(chunk)


def _safe_parts(path: Path, name: str) -> tuple[str, ...]:
    parts = tuple(part for part in PurePosixPath(name.replace("\\", "/")).parts if part != ".")
    is_too_long = len(parts) > MAX_DEPTH or any(len(part.encode(errors="replace")) > MAX_NAME for part in parts)
    if not parts or is_too_long or any(part in ("..", "/") or {*part} & {":", "\0"} for part in parts):
        raise DataError(f"{path} holds a file that would leave its folder: {name[:MAX_NAME]!r}. Unpack it with care.")
    return parts
