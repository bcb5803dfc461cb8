"""Requests that the service refuses, and jobs that it postpones."""

from __future__ import annotations


class RefusedError(Exception):
    """A request that is refused: with an HTTP status, 4xx or 503, and a message that says what to do.

    `pages` is how many pages the file has, if several: others may be readable.
    """

    def __init__(self, status: int, message: str, pages: int | None = None) -> None:
        super().__init__(status, message, pages)  # all, since pickling between processes needs them
        self.status = status
        self.message = message
        self.pages = pages

    def __str__(self) -> str:
        return self.message


class LongJobError(BaseException):
    """Raised in a job that takes long and is postponed; no `except Exception` catches it."""
