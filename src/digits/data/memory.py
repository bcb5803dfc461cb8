"""How much memory the digits of a file may take, so that a small file cannot unpack to more than there is."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MAX_ARRAY_BYTES = 4 * 2**30
"""Size of one array, at most, on any machine: about a hundred times MNIST."""

MEMORY_SHARE = 1 / 4
"""Share of the machine's memory for one array: a dataset has two large ones, and splitting it makes a copy."""

CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""File that holds the memory of a container in bytes, or the word max."""


_allowed = MAX_ARRAY_BYTES


def limit_arrays(size: int) -> None:
    """Allow arrays of at most so many bytes in this process, for programs that read what strangers send."""
    global _allowed
    _allowed = size


def max_array_bytes() -> int:
    """Compute the largest size of an array, in bytes, from the memory of this machine or container, where known.

    It is no more than `limit_arrays` allows.
    """
    memory = []
    with suppress(AttributeError, ValueError, OSError):
        memory.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(ValueError, OSError):
        memory.append(int(CONTAINER_LIMIT.read_text()))
    return min([MAX_ARRAY_BYTES, _allowed, *(int(size * MEMORY_SHARE) for size in memory if size > 0)])
