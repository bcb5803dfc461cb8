"""The run folder: one run at a time makes it, or continues in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from digits.errors import UsageError
from digits.files import storing
from digits.training.engine import distributed

LOCK = ".lock"
"""File in a run folder that the system locks for the process that writes there, and unlocks when that process ends."""


@contextmanager
def new_folder(name: str, out: str | os.PathLike[str] | None, device: torch.device) -> Iterator[Path]:
    """Make the folder of a new run, and hold it until the end of the block; all processes of torchrun get the same.

    Parameters
    ----------
    name
        Of the recipe; part of the folder's name if the user gave none.
    out
        The folder to make; without it, ``runs/<time>-<name>``.
    device
        The device of this process.

    Raises
    ------
    UsageError
        When the folder already holds something, or another run is writing to it.
    """
    with contextlib.ExitStack() as stack:
        folder = ""
        if distributed.rank() == 0:
            made = _make_named(name) if out is None else _make_empty(Path(out))
            stack.enter_context(hold(made))
            _make_empty(made)  # again, since another run may have come and gone before this one held it
            folder = str(made)
        yield Path(distributed.broadcast_text(folder, device))


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold a run folder until the end of the block, so that no other run writes to it.

    Raises
    ------
    UsageError
        When another run holds it.
    """
    if distributed.rank() > 0:
        yield
        return
    lock = FileLock(folder / LOCK, timeout=0)
    with storing(folder / LOCK):
        try:
            lock.acquire()
        except Timeout:
            raise UsageError(f"another run is writing to {folder}: wait until it ends, or name another --out") from None
    try:
        yield
    finally:
        lock.release()


def _make_empty(folder: Path) -> Path:
    """Make a folder that the user named; of one that exists, make sure that it holds nothing."""
    if folder.exists() and (not folder.is_dir() or any(path.name != LOCK for path in folder.iterdir())):
        if (folder / LOCK).exists():
            with hold(folder):  # which says so if a run is writing there now
                pass
        raise UsageError(f"{folder} already exists: name another --out, or continue that run with --resume {folder}")
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _make_named(recipe: str) -> Path:
    """Make a folder in ``runs``, named after the time and the recipe, and point ``runs/latest`` at it."""
    runs = Path("runs")
    with storing(runs):
        runs.mkdir(exist_ok=True)
    name = f"{datetime.now():%Y-%m-%d-%H%M%S}-{recipe}"
    # two runs may start within a second: mkdir decides which gets the name
    for attempt in range(1000):
        folder = runs / (f"{name}-{attempt + 1}" if attempt else name)
        try:
            folder.mkdir()
            break
        except FileExistsError:
            continue
    link = runs / f".latest-{os.getpid()}"
    # symbolic links need a privilege on Windows; the folder's name is printed in any case
    with contextlib.suppress(OSError):
        link.symlink_to(folder.name)
        link.replace(runs / "latest")
    return folder
