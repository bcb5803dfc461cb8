"""From the body of a request to a picture, in memory alone, within a size and a time.

Taken are a picture file as it is, a form with one, or JSON with the file in base64 or with pixels. A body is received
here, and parsed where it is read, in a thread, so that nobody else waits for a large one.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import anyio
import numpy as np
from fastapi import Depends, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import File, create_form_parser

from digits.inference.reader import decoded_source
from digits.preprocessing import Decoded
from digits.web.refusals import RefusedError

MOST = 32 * 2**20
"""Bytes of a body, at most: a phone's largest pictures have half of it."""

TOGETHER = 8 * MOST
"""Bytes of all bodies that are held at once, at most."""

NUMBERS = 1_000_000
"""Pixels that are sent as numbers, at most: parsing them holds everybody up; a file of far more does not."""

SLOWEST = 20.0
"""Seconds in which a body must have come."""

MEGAPIXELS = 50
"""Of a picture, at most: what phones take; decoding so many takes half a second and 600 MB."""

NAME = "the picture"
"""What a picture without a name is called."""

SHAPES = 'JSON must be {"picture": "…base64…"} or {"pixels": [[0, 255, …], …]}, with a "name" or without'

DATA_URL = re.compile(r"data:[\w.+/-]*;base64,")

_held = 0
"""Bytes of all bodies that are held now."""


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
        return decoded_source(source, name, megapixels=MEGAPIXELS), name


async def receive(request: Request) -> AsyncIterator[Sent]:
    """Receive the body of a request, and hold it until the request is answered.

    Raises
    ------
    RefusedError
        413 when it is too large, which a header may tell at once; 408 when it does not come in time; 415 for one of a
        kind that holds no picture; 503 when too much is held already.
    """
    global _held
    header = request.headers.get("content-type", "")
    kind = header.partition(";")[0].strip().lower()
    if kind not in ("multipart/form-data", "application/json", "application/octet-stream") and kind[:6] != "image/":
        raise RefusedError(
            415,
            f"a body of the kind {kind or 'that is not named'} is not read here: send the picture's bytes as image/png "
            "(or image/jpeg …), a form with a file, or JSON",
        )
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MOST:
        raise _too_large()
    body = bytearray()
    try:
        try:
            with anyio.fail_after(SLOWEST):
                async for chunk in request.stream():
                    body += chunk
                    _held += len(chunk)
                    if len(body) > MOST:
                        raise _too_large()
                    if _held > TOGETHER:
                        raise RefusedError(503, "too many pictures are being sent at the moment: try again in a second")
        except TimeoutError:
            sentence = f"the picture did not come within {SLOWEST:g} seconds: shrink it, or try again"
            raise RefusedError(408, sentence) from None
        yield Sent(kind, header, bytes(body))
    finally:
        _held -= len(body)


SentPicture = Annotated[Sent, Depends(receive)]
"""What a call takes that reads a picture."""


def _from_form(header: str, body: bytes) -> tuple[bytes, str]:
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


def _too_large() -> RefusedError:
    return RefusedError(413, f"the body is larger than {MOST // 2**20} MiB: shrink the picture and send it again")
