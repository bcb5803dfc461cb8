"""What the service does not answer."""

from __future__ import annotations


class RefusedError(Exception):
    """A request that is not answered.

    Parameters
    ----------
    status
        Of HTTP, 4xx or 503.
    sentence
        What was wrong, and what to do.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(status, sentence)  # both, since it may cross to another process
        self.status = status
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence
