"""From a body to a picture: a picture file as it is, a form with one, or JSON with the file in base64 or with pixels.

Parsed where it is read, in a process of its own, so that nobody else waits for a large one.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from digits.inference.inputs import decode_source
from digits.preprocessing import Decoded
from digits.web.refusals import RefusedError

MOST = 32 * 2**20
"""Bytes of a body, at most: a phone's largest pictures have half of it."""

NUMBERS = 1_000_000
"""Pixels that are sent as numbers, at most: parsing them takes longer than decoding a file of far more."""

MEGAPIXELS = 50
"""Of a picture, at most: what phones take; memory for more is nothing that a stranger may ask for."""

NAME = "the picture"
"""What a picture without a name is called."""

SHAPES = 'JSON must be {"picture": "…base64…"} or {"pixels": [[0, 255, …], …]}, with a "name" or without'

DATA_URL = re.compile(r"data:[\w.+/-]*;base64,")


@dataclass(frozen=True)
class Sent:
    """A body as it came.

    Attributes
    ----------
    kind
        Its media type, in lower case, without parameters.
    header
        The whole header that said so.
    body
        Its bytes.
    """

    kind: str
    header: str
    body: bytes

    def decoded(self) -> tuple[Decoded, str]:
        """Give the picture in it, and its name; takes as long as its size asks.

        Raises
        ------
        RefusedError
            400 for a broken body.
        DataError
            When it is no picture that can be read, with the reason.
        """
        source: Any = self.body
        name = NAME
        if self.kind == "multipart/form-data":
            source, name = _from_form(self.header, self.body)
        elif self.kind == "application/json":
            source, name = _from_json(self.body)
        return decode_source(source, name, max_megapixels=MEGAPIXELS), name


def _from_form(header: str, body: bytes) -> tuple[bytes, str]:
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import File, create_form_parser

    files: list[File] = []
    try:
        in_memory = {"MAX_MEMORY_FILE_SIZE": MOST + 1}
        parser = create_form_parser({"Content-Type": header.encode("latin-1")}, None, files.append, in_memory)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise RefusedError(400, f"the form cannot be read: {error}") from None
    if not files:
        raise RefusedError(400, "the form holds no file: put the picture in a field called file")
    file = files[0].file_object
    file.seek(0)
    return file.read(), (files[0].file_name or b"").decode("utf-8", "replace") or NAME


def _from_json(body: bytes) -> tuple[Any, str]:
    if body.count(b",") > NUMBERS:
        raise RefusedError(400, f"pixels are at most {NUMBERS:,} numbers: send a larger picture as a file")
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"the body is not JSON: {error}") from None
    given = {"picture", "pixels"} & values.keys() if isinstance(values, dict) else set()
    if len(given) != 1:
        raise RefusedError(400, SHAPES)
    name = values.get("name", NAME)
    if not isinstance(name, str):
        raise RefusedError(400, f"name must be a text, not {json.dumps(name)[:40]}")
    if "picture" in given:
        return _from_base64(values["picture"]), name
    return _from_pixels(values["pixels"]), name


def _from_base64(text: Any) -> bytes:
    if not isinstance(text, str):
        raise RefusedError(400, "picture must be a text: the file's bytes in base64, or a data: address")
    try:
        return base64.b64decode(DATA_URL.sub("", text, count=1), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(400, f"picture is not base64: {error}") from None


def _from_pixels(rows: Any) -> np.ndarray:
    try:
        pixels = np.array(rows)
    except (ValueError, OverflowError, RecursionError) as error:
        raise RefusedError(400, f"pixels must be rows of the same length: {error}") from None
    if pixels.dtype.kind not in "bif":
        raise RefusedError(400, "pixels must be numbers, 0 to 255 or 0.0 to 1.0, in rows of the same length")
    grey = pixels.dtype.kind == "i" and pixels.min(initial=0) >= 0 and pixels.max(initial=0) <= 255
    return pixels.astype(np.uint8) if grey else pixels
