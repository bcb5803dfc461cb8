"""Write files atomically: readers see the old file or the new one, never a part of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replace_atomically(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends well, and is removed when not.

    The name is unique to this call, so that several processes may write the same file at once: the last one wins,
    and a reader sees one whole file or the other.
    """
    import secrets  # which costs every start 10 ms, and few write

    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it, even after the power failed; makes the folder it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(path) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
