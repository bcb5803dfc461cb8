"""Processes that end with the one that started them, even if that was killed."""

from __future__ import annotations

import os
import threading
from multiprocessing import connection, parent_process


def end_with_parent(_number: int = 0) -> None:
    """Let this process end as soon as its parent has; without a parent, do nothing.

    Parameters
    ----------
    _number
        Of the process among its siblings, which `torch.utils.data.DataLoader` says.
    """
    if parent := parent_process():
        threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(0)  # whatever the other threads wait for
