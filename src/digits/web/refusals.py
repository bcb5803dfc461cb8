"""Requests that the service refuses, and jobs that it postpones."""

from __future__ import annotations


class RefusedError(Exception):
    """A request that is refused: with an HTTP status, 4xx or 503, and a message that says what to do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)  # both, since pickling between processes needs them
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return self.message


class LongJobError(BaseException):
    """Raised in a job that takes long and is postponed; no `except Exception` catches it."""
