"""The body of a request, received in memory alone, within a size and a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from digits.web.pictures import MOST, Sent
from digits.web.refusals import RefusedError

TOGETHER = 8 * MOST
"""Bytes of all bodies that are held at once, at most."""

SLOWEST = 20.0
"""Seconds in which a body must have come."""

_held = 0
"""Bytes of all bodies that are held now."""


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
        except ClientDisconnect:  # nobody is there to be told
            raise RefusedError(400, "the connection was closed before the picture had come") from None
        yield Sent(kind, header, bytes(body))
    finally:
        _held -= len(body)


SentPicture = Annotated[Sent, Depends(receive)]
"""What a call takes that reads a picture."""


def _too_large() -> RefusedError:
    return RefusedError(413, f"the body is larger than {MOST // 2**20} MiB: shrink the picture and send it again")
