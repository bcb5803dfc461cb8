"""The reader for Ray Data: millions of pictures on many machines, by the same call as one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from digits.errors import DataError
from digits.inference.reader import DEFAULT, Reader


class BulkReader:
    """Reads batches of picture files, as ``ray.data.Dataset.map_batches`` gives them to a class.

    Ray makes one in every worker process, which loads the model once and uses one thread, since there is a worker a
    core::

        pictures = ray.data.read_binary_files("s3://scans/", include_paths=True)
        pictures.map_batches(BulkReader, concurrency=8, batch_size=64).write_parquet("answers/")

    A picture that cannot be read is a row too, with the reason in ``error``.

    Parameters
    ----------
    model
        As of `digits.Reader`.
    single
        Whether each picture is one digit.
    """

    def __init__(self, model: str = DEFAULT, *, single: bool = False) -> None:
        self.reader = Reader(model, threads=1)
        self.single = single

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Read a batch.

        Parameters
        ----------
        batch
            ``bytes``: the files' contents; ``path``: their names.

        Returns
        -------
        A row a picture: ``path``, ``text``, ``confidence`` (the lowest of the accepted digits; NaN without any),
        ``digits`` (all that was read, as the JSON of ``digits read --json`` has it) and ``error``.
        """
        rows: dict[str, list[Any]] = {name: [] for name in ("path", "text", "confidence", "digits", "error")}
        for content, path in zip(batch["bytes"], batch["path"], strict=True):
            text, confidence, digits, error = "", np.nan, list[dict[str, Any]](), ""
            try:
                reading = self.reader.read(bytes(content), single=self.single, name=str(path))
            except DataError as refused:
                error = str(refused)
            else:
                text, digits = reading.text, [digit.to_dict() for digit in reading.digits]
                confidence = min((digit.confidence for digit in reading.digits if digit.accepted), default=np.nan)
            for name, value in zip(rows, (path, text, confidence, json.dumps(digits), error), strict=True):
                rows[name].append(value)
        return {name: np.array(values) for name, values in rows.items()}
