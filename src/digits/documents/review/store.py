"""The file of a review: one SQLite database beside the answers, whose every change is on the disk when it returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from digits.errors import DataError, DataNotFoundError, StorageError

SUFFIX = ".review"
"""Of the file; otherwise it is named as the answers are."""

APPLICATION = 0x64494731
"""What the file says of itself to SQLite: written by digits, with these tables."""

WAIT_SECONDS = 10.0
"""Seconds to wait for others who write at this moment."""

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE pages (page INTEGER PRIMARY KEY, name TEXT NOT NULL, error TEXT NOT NULL);
CREATE TABLE rosters (field INTEGER NOT NULL, number TEXT NOT NULL, details TEXT NOT NULL, PRIMARY KEY (field, number));
CREATE TABLE cells (
    id INTEGER PRIMARY KEY, page INTEGER NOT NULL, field INTEGER NOT NULL,
    answer TEXT NOT NULL, is_doubtful INTEGER NOT NULL, rank INTEGER NOT NULL,
    read TEXT NOT NULL, made TEXT NOT NULL, doubts TEXT NOT NULL, filled TEXT NOT NULL, images BLOB NOT NULL,
    picture BLOB NOT NULL,
    boxes TEXT, is_decided INTEGER NOT NULL DEFAULT 0, person TEXT NOT NULL DEFAULT '', claimed REAL NOT NULL DEFAULT 0
);
CREATE INDEX by_rank ON cells (is_decided, rank) WHERE is_doubtful;
CREATE TABLE keystrokes (
    id INTEGER PRIMARY KEY, cell INTEGER NOT NULL, person TEXT NOT NULL, at REAL NOT NULL,
    key TEXT NOT NULL, boxes TEXT NOT NULL, is_decided INTEGER NOT NULL
);
"""


def review_path(answers: Path) -> Path:
    """Return where the review of answers is kept."""
    return answers.with_suffix(SUFFIX)


class Store:
    """An open file of a review.

    It keeps a journal until a change is complete, and waits for the disk: a program or computer that stops at any
    moment leaves the whole change or none of it (https://sqlite.org/atomiccommit.html). Unlike a write-ahead log, a
    journal also works on shared drives, and leaves one file that can be copied.

    Raises
    ------
    DataNotFoundError
        When there is none.
    DataError
        When it is something else.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if not create and not path.is_file():
            raise DataNotFoundError(
                f"there is no review {path}: digits form read FORM.toml SCANS -o {path.with_suffix('.csv').name} "
                "writes it"
            )
        address = f"file:{quote(str(path.resolve()))}?mode={'rwc' if create else 'rw'}"
        with self._explaining():
            # autocommit: transactions begin and end where `writing` says
            self.connection = sqlite3.connect(
                address, uri=True, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._explaining():
                self._prepare(create)
        except BaseException:
            self.close()
            raise

    def _prepare(self, create: bool) -> None:
        self.connection.execute("PRAGMA trusted_schema = OFF")
        if create:
            self.connection.execute(f"PRAGMA application_id = {APPLICATION}")
            self.connection.executescript(SCHEMA)
        elif self.connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            raise DataError(f"{self.path} is no review of digits, but another database: name the answers of a form")
        self.connection.execute("PRAGMA journal_mode = DELETE")
        self.connection.execute("PRAGMA synchronous = EXTRA")

    def close(self) -> None:
        """Close it."""
        self.connection.close()

    def read(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._explaining():
            return self.connection.execute(query, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Change it in one step: all that the block does, or nothing if it fails.

        Raises
        ------
        StorageError
            When it cannot be written; then nothing has changed.
        """
        with self._explaining():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            said = str(error)
            if "not a database" in said or "malformed" in said or "no such" in said:
                raise DataError(f"{self.path} is no review, or is damaged ({said}): restore a copy of it") from None
            raise StorageError(f"{self.path} cannot be written: {_explain(said, self.path.parent)}") from None


def _explain(said: str, folder: Path) -> str:
    if "full" in said or "disk I/O" in said:  # a journal that does not fit is an error of input and output
        return (
            f"its disk is full or fails ({said}). Free some space in {folder}; all that was kept before is still there."
        )
    if "locked" in said:
        return "another program keeps it locked. Close it, and try again."
    return f"{said}. Check the permissions of {folder}."
