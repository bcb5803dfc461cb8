"""How errors become answers: a status and a sentence, always as ``{"error": …}``."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from digits.errors import DataError, DigitsError
from digits.web.refusals import RefusedError

WORDS = {
    404: "there is nothing at {path}; /openapi.json lists what is",
    405: "{path} is not called with {method}; /openapi.json tells how it is",
}
"""Sentences for what the framework refuses by itself."""


def refused(status: int, sentence: str) -> JSONResponse:
    """Give the answer that refuses."""
    headers = {"Retry-After": "1"} if status == 503 else {}
    if status in (408, 413):  # the rest of such a body is not waited for
        headers["Connection"] = "close"
    return JSONResponse({"error": sentence}, status, headers)


async def on_refusal(request: Request, error: Exception) -> JSONResponse:
    """Answer a `RefusedError`."""
    return refused(error.status if isinstance(error, RefusedError) else 500, str(error))


async def on_digits_error(request: Request, error: Exception) -> JSONResponse:
    """Answer what the reader says of a picture that it cannot read, or of a wrong word."""
    return refused(422 if isinstance(error, DataError) else 400, str(error))


async def on_wrong_call(request: Request, error: Exception) -> JSONResponse:
    """Answer words in the address that are not what they should be, naming the first."""
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    return refused(422, f"{first['loc'][-1]}: {first['msg']}")


async def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework itself refuses."""
    assert isinstance(error, HTTPException)
    words = WORDS.get(error.status_code, str(error.detail))
    answer = refused(error.status_code, words.format(path=request.url.path, method=request.method))
    answer.headers.update(error.headers or {})
    if error.status_code == 405:  # the framework names the methods of one of the calls at this address
        answer.headers["Allow"] = ", ".join(sorted(_methods(request)))
    return answer


def _methods(request: Request) -> set[str]:
    """List what the address of a request may be called with."""
    found: set[str] = set()
    for method in ("DELETE", "GET", "POST"):
        scope = dict(request.scope) | {"method": method}
        if any(route.matches(scope)[0] == Match.FULL for route in request.app.routes):
            found.add(method)
    return found


HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    RefusedError: on_refusal,
    DigitsError: on_digits_error,
    RequestValidationError: on_wrong_call,
    HTTPException: on_http_error,
}
"""By kind of error, who answers it."""
