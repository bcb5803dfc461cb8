"""A reader for Ray Data: millions of pictures on many machines. Does not import Ray itself."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from digits.errors import DataError
from digits.inference.reader import DEFAULT_MODEL, Reader


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

        Gives one row per picture: ``path``, ``text``, ``confidence`` (the lowest of the accepted digits; NaN without
        any), ``digits`` (as in the JSON of ``digits read --json``) and ``error`` (why it could not be read).
        """
        rows: dict[str, list[Any]] = {name: [] for name in ("path", "text", "confidence", "digits", "error")}
        for content, path in zip(batch["bytes"], batch["path"], strict=True):
            text, confidence, digits, error = "", np.nan, list[dict[str, Any]](), ""
            try:
                reading = self.reader.read(bytes(content), single=self.single, name=str(path))
            except DataError as unreadable:
                error = str(unreadable)
            else:
                text, digits = reading.text, [digit.to_dict() for digit in reading]
                confidence = min((digit.confidence for digit in reading if digit.accepted), default=np.nan)
            for name, value in zip(rows, (path, text, confidence, json.dumps(digits), error), strict=True):
                rows[name].append(value)
        return {name: np.array(values) for name, values in rows.items()}
