"""Receiving the body of a request: in memory only, within limits of size and time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated

import anyio
from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from digits.web.refusals import RefusedError
from digits.web.schemas import Area, Page, Turn
from digits.web.uploads import MAX_BODY_BYTES, SET_NAMES, Upload

MAX_TOTAL_BYTES = 4 * MAX_BODY_BYTES
"""Bytes of all bodies in memory at the same time, at most, not counting the first `FREE_BYTES` of each."""

FREE_BYTES = 64 * 2**10
"""Bytes of each body that do not count, so that large uploads never keep out drawings."""

MAX_BODY_SECONDS = 20.0
"""Seconds within which a body must arrive."""

MEDIA_TYPES = ("multipart/form-data", "application/octet-stream", "application/pdf")
"""What a body may be besides a picture."""

SET_TYPES = ("multipart/form-data", "application/octet-stream", "application/gzip", *SET_NAMES)
"""What a body with a set of digits may be."""

_total_bytes = 0
"""Bytes of all bodies in memory now, counted in this way."""


async def receive(request: Request, page: Page = None, area: Area = None, turn: Turn = 0) -> AsyncIterator[Upload]:
    """Receive the body of a request, and hold it until the request is answered; `page` is the one to read, from 1.

    `area` is the part to read, and `turn` how to turn it.

    Raises
    ------
    RefusedError
        413 when the body is too large, by its header or by its bytes; 408 when it does not arrive in time; 415 for a
        media type that holds no picture; 503 when other bodies fill the memory set aside for them.
    """
    upload_type = _media_type(request)
    if upload_type not in MEDIA_TYPES and upload_type[:6] != "image/":
        raise RefusedError(
            415,
            f"Content-Type {upload_type or 'is missing'}: send the bytes of a picture as image/png (image/jpeg, …), or "
            "a form with a file",
        )
    async with _receive(request, upload_type, page) as upload:
        yield replace(upload, area=tuple(map(float, area.split(","))) if area else None, turn=turn)


async def receive_set(request: Request) -> AsyncIterator[Upload]:
    """Receive a body with a set of digits; errors as of `receive`."""
    upload_type = _media_type(request)
    if upload_type not in SET_TYPES:
        raise RefusedError(
            415,
            f"Content-Type {upload_type or 'is missing'}: send a table as text/csv, any other set of digits as "
            "application/octet-stream, or a form with a file",
        )
    async with _receive(request, upload_type) as upload:
        yield upload


async def receive_form(request: Request) -> AsyncIterator[Upload]:
    """Receive a body with the template of a form and its scans; errors as of `receive`."""
    upload_type = _media_type(request)
    if upload_type != "multipart/form-data":
        raise RefusedError(
            415,
            f"Content-Type {upload_type or 'is missing'}: send a form with the template in a field named template, and "
            "the scans in fields named file",
        )
    async with _receive(request, upload_type) as upload:
        yield upload


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


@asynccontextmanager
async def _receive(request: Request, upload_type: str, page: int | None = None) -> AsyncIterator[Upload]:
    global _total_bytes
    content_type = request.headers.get("content-type", "")
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    body, counted = bytearray(), 0
    try:
        try:
            with anyio.fail_after(MAX_BODY_SECONDS):
                async for chunk in request.stream():
                    body += chunk
                    _total_bytes -= counted
                    counted = max(len(body) - FREE_BYTES, 0)
                    _total_bytes += counted
                    if len(body) > MAX_BODY_BYTES:
                        raise _too_large()
                    if counted and _total_bytes > MAX_TOTAL_BYTES:
                        raise RefusedError(503, "too many uploads at the moment: try again in a second")
        except TimeoutError:
            message = f"the file did not arrive within {MAX_BODY_SECONDS:g} seconds: shrink it, or try again"
            raise RefusedError(408, message) from None
        except ClientDisconnect:  # the client is gone and gets no answer
            raise RefusedError(400, "the connection closed before the file had arrived") from None
        client = request.client.host if request.client else ""
        yield Upload(upload_type, content_type, bytes(body), client, page)
    finally:
        _total_bytes -= counted


ReceivedUpload = Annotated[Upload, Depends(receive)]
"""The parameter of a call that reads a picture."""

ReceivedSet = Annotated[Upload, Depends(receive_set)]
"""The parameter of a call that reads a set of digits."""

ReceivedForm = Annotated[Upload, Depends(receive_form)]
"""The parameter of a call that reads the scans of a form."""


def _too_large() -> RefusedError:
    return RefusedError(413, f"the body is larger than {MAX_BODY_BYTES // 2**20} MiB: shrink the file")
