"""How often the test digits of a run were scored: the more often, the less their accuracy says about other digits.

Training scores them once. Each later score of the same digits is a row of ``test_uses.csv`` in the run folder.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

from digits.errors import ModelError
from digits.files import open_file, write_atomically

FILE = "test_uses.csv"
COLUMNS = ("time", "command")

MAX_BYTES = 2**20
"""Size of the file, at most: some 20,000 uses."""


def record_test_use(run: Path, command: str) -> int:
    """Record that a command has scored the test digits of a run, and return how often that has happened by now.

    Raises
    ------
    StorageError
        When the run folder cannot be written to.
    ModelError
        When the record is broken.
    """
    rows = [*_read(run), (datetime.now().astimezone().isoformat(timespec="seconds"), command)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    write_atomically(run / FILE, text.getvalue().encode())
    return 1 + len(rows)


def count_test_uses(run: Path) -> int:
    """Count how often the test digits of a finished run were scored: once at the end of training, and since.

    Raises
    ------
    ModelError
        When the record is broken.
    """
    return 1 + len(_read(run))


def _read(run: Path) -> list[tuple[str, ...]]:
    try:
        with open_file(run / FILE) as file:
            text = file.read(MAX_BYTES + 1).decode()
        rows = [tuple(row) for row in csv.reader(text.splitlines())]
        if len(text) > MAX_BYTES or rows[:1] != [COLUMNS] or any(len(row) != len(COLUMNS) for row in rows):
            raise ValueError(f"it is not a table of {' and '.join(COLUMNS)}")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error) as error:
        raise ModelError(
            f"{run / FILE} is broken: {error}; restore it, or delete it to count the uses of the test digits anew"
        ) from error
    return rows[1:]
