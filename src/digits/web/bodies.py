"""From the body of a request to a picture, in memory alone, within a size and a time.

Taken are a picture file as it is, a form with one, or JSON with the file in base64 or with pixels.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import numpy as np
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from digits.inference.reader import decoded_source
from digits.preprocessing import Decoded
from digits.web.refusals import RefusedError

MOST = 32 * 2**20
"""Bytes of a body, at most: a phone's largest pictures have half of it."""

SLOWEST = 20.0
"""Seconds in which a body must have come."""

MEGAPIXELS = 50
"""Of a picture, at most: what phones take; decoding so many takes half a second and 600 MB."""

NAME = "the picture"
"""What a picture without a name is called."""

SHAPES = 'JSON must be {"picture": "…base64…"} or {"pixels": [[0, 255, …], …]}, with a "name" or without'

DATA_URL = re.compile(r"data:[\w.+/-]*;base64,")


class _InMemory(MultiPartParser):
    """A parser of forms that never puts a file on the disk, since no body is larger than this."""

    spool_max_size = MOST + 1


async def body_of(request: Request) -> bytes:
    """Read the body of a request.

    Raises
    ------
    RefusedError
        413 when it is too large, which a header may tell at once; 408 when it does not come in time.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MOST:
        raise _too_large()
    body = bytearray()
    try:
        with anyio.fail_after(SLOWEST):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST:
                    raise _too_large()
    except TimeoutError:
        raise RefusedError(
            408, f"the picture did not come within {SLOWEST:.0f} seconds: try again, or shrink it"
        ) from None
    return bytes(body)


async def file_of(request: Request) -> tuple[Any, str]:
    """Give the picture in a request, as `digits.Reader.read` takes it, and its name.

    Raises
    ------
    RefusedError
        When there is none: 400 for a broken body, 413, 408 as `body_of`, 415 for one of another kind.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _from_form(request, await body_of(request))
    if kind == "application/json":
        return _from_json(await body_of(request))
    if kind.startswith("image/") or kind == "application/octet-stream":
        return await body_of(request), NAME
    raise RefusedError(
        415,
        f"a body of the kind {kind or 'that is not named'} is not read here: send the picture's bytes as image/png "
        "(or image/jpeg …), a form with a file, or JSON",
    )


def decoded_body(source: Any, name: str) -> Decoded:
    """Decode what `file_of` gave.

    Raises
    ------
    DataError
        When it is no picture that can be read, with the reason.
    """
    return decoded_source(source, name, megapixels=MEGAPIXELS)


async def _from_form(request: Request, body: bytes) -> tuple[bytes, str]:
    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await _InMemory(request.headers, whole(), max_files=1, max_fields=8).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise RefusedError(400, f"the form cannot be read: {getattr(error, 'message', error)}") from None
    files = [value for value in form.values() if isinstance(value, UploadFile)]
    if not files:
        raise RefusedError(400, "the form holds no file: put the picture in a field called file")
    return await files[0].read(), files[0].filename or NAME


def _from_json(body: bytes) -> tuple[Any, str]:
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
    return (
        pixels
        if pixels.dtype.kind != "i" or pixels.max(initial=0) > 255 or pixels.min(initial=0) < 0
        else (pixels.astype(np.uint8))
    )


def _too_large() -> RefusedError:
    return RefusedError(413, f"the body is larger than {MOST // 2**20} MiB: shrink the picture and send it again")
