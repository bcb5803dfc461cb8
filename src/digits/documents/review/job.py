"""A review: cells for several people, one after another, and every keystroke kept at once."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from digits.documents.review.cells import ReviewCell
from digits.documents.review.checked import CheckedTable, load_checked
from digits.documents.review.store import Store, review_path
from digits.errors import DataError, UsageError

CLAIM_SECONDS = 120.0
"""Seconds for which a cell that somebody has been shown, or typed into, is shown to nobody else."""

MAX_CLAIMED = 8
"""Cells, at most, that somebody is handed at once."""


class Progress(NamedTuple):
    """How far a review is: all cells, the doubtful ones, those that are left, and keystrokes until now."""

    cells: int
    doubtful: int
    left: int
    keystrokes: int
    people: int


class ReviewJob:
    """The review of a form's answers; several people, also in several programs, may work on it at the same time.

    Parameters
    ----------
    answers
        The file of the answers, or that of their review.

    Raises
    ------
    DataNotFoundError
        When nothing was kept for a review.
    """

    def __init__(self, answers: Path) -> None:
        self.path = review_path(answers)
        self._store = Store(self.path)
        self._lock = threading.Lock()
        self._fields: list[dict[str, Any]] = json.loads(
            dict(self._store.read("SELECT name, value FROM meta")).get("fields", "[]")
        )

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def progress(self) -> Progress:
        """Count cells and keystrokes."""
        with self._lock:
            (counts,) = self._store.read(
                "SELECT COUNT(*), COALESCE(SUM(is_doubtful), 0), COALESCE(SUM(is_doubtful AND NOT is_decided), 0) "
                "FROM cells"
            )
            (keys,) = self._store.read("SELECT COUNT(*), COUNT(DISTINCT person) FROM keystrokes")
        return Progress(*counts, *keys)

    def claim(self, person: str, count: int, skipped: tuple[int, ...] = ()) -> list[ReviewCell]:
        """Hand out cells that nobody else has, those that resolve most first; `skipped` ones last."""
        now = time.time()
        count = min(max(count, 1), MAX_CLAIMED)
        with self._lock, self._store.writing() as changes:
            rows = changes.execute(
                "SELECT id FROM cells WHERE is_doubtful AND NOT is_decided AND (person = ? OR claimed < ?) "
                "ORDER BY rank",
                (person, now - CLAIM_SECONDS),
            ).fetchall()
            ids = sorted((row[0] for row in rows), key=lambda each: each in skipped)[
                :count
            ]  # stable: ranks stay in order
            changes.executemany(
                "UPDATE cells SET person = ?, claimed = ? WHERE id = ?", [(person, now, each) for each in ids]
            )
        return [self.find(each) for each in ids]

    def find(self, cell: int) -> ReviewCell:
        """Find a doubtful cell by its number.

        Raises
        ------
        DataError
            When there is none.
        """
        with self._lock:
            rows = self._store.read(
                "SELECT pages.name, field, answer, read, COALESCE(boxes, made), doubts, is_decided, picture "
                "FROM cells JOIN pages ON pages.page = cells.page WHERE id = ? AND is_doubtful",
                cell,
            )
        if not rows:
            raise DataError(f"the review has no cell {cell}")
        page, field, answer, read, boxes, doubts, is_decided, picture = rows[0]
        known, about = json.loads(answer), self._fields[field]
        return ReviewCell(
            cell, page, about["name"], tuple(read.split(",")), tuple(boxes.split(",")), tuple(json.loads(doubts)),
            about["decimals"], known["flag"], tuple((number, share) for number, share in known["alternatives"]),
            bool(is_decided), picture,
        )  # fmt: skip

    def type(self, cell: int, person: str, key: str, boxes: tuple[str, ...], *, is_decided: bool) -> Progress:
        """Keep a keystroke of a person: what is in the boxes after it, and whether it decides on the cell.

        Returns when it is on the disk.

        Raises
        ------
        UsageError
            When the cell has another number of boxes.
        StorageError
            When it cannot be kept; then nothing has changed.
        """
        wanted = len(self.find(cell).boxes)
        if len(boxes) != wanted or not all(
            each in ("", "?") or (len(each) == 1 and each in "0123456789") for each in boxes
        ):
            raise UsageError(f"the cell {cell} has {wanted} boxes, each with a digit, ? or nothing")
        with self._lock, self._store.writing() as changes:
            now, joined = time.time(), ",".join(boxes)
            changes.execute(
                "INSERT INTO keystrokes (cell, person, at, key, boxes, is_decided) VALUES (?, ?, ?, ?, ?, ?)",
                (cell, person, now, key, joined, is_decided),
            )
            changes.execute(
                "UPDATE cells SET boxes = ?, is_decided = ?, person = ?, claimed = ? WHERE id = ?",
                (joined, is_decided, person, now, cell),
            )
        return self.progress()

    def last_decided(self, person: str) -> ReviewCell | None:
        """Find the cell that a person decided on last; None without one."""
        with self._lock:
            rows = self._store.read(
                "SELECT cell FROM keystrokes WHERE person = ? AND is_decided ORDER BY id DESC LIMIT 1", person
            )
        return self.find(rows[0][0]) if rows else None

    def checked(self) -> CheckedTable:
        """Give the answers as they are now."""
        with self._lock:
            return load_checked(self._store)
