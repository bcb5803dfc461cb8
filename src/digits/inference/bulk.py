"""A reader for Ray Data: millions of pictures on many machines. Does not import Ray itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from digits.errors import DataError
from digits.inference.pages import SourcePages
from digits.inference.reader import DEFAULT_MODEL, Reader
from digits.inference.results import Reading


class BulkReader:
    """Reads batches of picture files, for ``ray.data.Dataset.map_batches``.

    Ray makes one in each worker process. It loads the model once and uses one thread, since there is one worker per
    core::

        pictures = ray.data.read_binary_files("s3://scans/", include_paths=True)
        pictures.map_batches(BulkReader, concurrency=8, batch_size=64).write_parquet("answers/")

    Parameters
    ----------
    model
        As of `digits.Reader`.
    single
        Whether each picture is of one digit.
    """

    def __init__(self, model: str = DEFAULT_MODEL, *, single: bool = False) -> None:
        self.reader = Reader(model, threads=1)
        self.single = single

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Read a batch of ``bytes``, the files' contents, and ``path``, their names.

        Gives one row per picture or page: ``path`` (``scan.pdf#2`` for one of several pages), ``text``, ``confidence``
        (the lowest of the accepted digits; NaN without any), ``digits`` (as in the JSON of ``digits read --json``) and
        ``error`` (why it could not be read).
        """
        rows: dict[str, list[Any]] = {name: [] for name in ("path", "text", "confidence", "digits", "error")}
        for content, path in zip(batch["bytes"], batch["path"], strict=True):
            for name, reading, error in self._read(bytes(content), str(path)):
                accepted = [digit.confidence for digit in reading or () if digit.accepted]
                row = {
                    "path": name,
                    "text": reading.text if reading else "",
                    "confidence": min(accepted, default=np.nan),
                    "digits": json.dumps([digit.to_dict() for digit in reading or ()]),
                    "error": error,
                }
                for column, value in row.items():
                    rows[column].append(value)
        return {name: np.array(values) for name, values in rows.items()}

    def _read(self, content: bytes, path: str) -> Iterator[tuple[str, Reading | None, str]]:
        """Yield the name of each page, and its reading or why there is none."""
        try:
            pages = SourcePages(content, path)
        except DataError as error:
            yield path, None, str(error)
            return
        for page in range(1, len(pages) + 1):
            name = pages.name(page)
            try:
                reading = self.reader.read_decoded(pages.decode(page), single=self.single, name=name)
            except DataError as error:
                yield name, None, str(error)
            else:
                yield name, reading, ""
