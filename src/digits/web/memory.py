"""Giving memory back to the system: the allocator of Linux keeps much of what large pictures took."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

LARGE_BYTES = 2**20
"""Bytes from which on a freed block is given back at once, after `return_large_blocks`."""

M_MMAP_THRESHOLD = -3
"""The number of this parameter in ``malloc.h``."""


def _allocator(name: str) -> Any:
    """Return a function of the C library; None where there is none of this name."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None


def return_large_blocks() -> None:
    """Give large blocks back as soon as they are freed.

    For the process that receives pictures, which uses each block once; it would slow down the processes that read.
    """
    if mallopt := _allocator("mallopt"):
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def release() -> None:
    """Give back all memory that is not in use, which takes milliseconds."""
    if malloc_trim := _allocator("malloc_trim"):
        malloc_trim(0)
