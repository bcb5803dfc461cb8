"""From errors to answers: a status, the message as ``{"error": …}``, and the headers of every answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from digits.errors import DataError, DigitsError, ModelError, StorageError
from digits.web.refusals import RefusedError

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""The page may load its own files only."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer."""

STATUSES = ((DataError, 422), (StorageError, 507), (ModelError, 500), (DigitsError, 400))
"""Statuses of the errors that the rest of the package raises; the first that fits counts."""

MESSAGES = {
    404: "{path} does not exist: see /openapi.json for the calls",
    405: "{path} does not support {method}: see /openapi.json for the calls",
}
"""Messages for requests that the framework itself refuses."""


class JSONAnswer(JSONResponse):
    """JSON of any text: lone surrogates, which stand for the bytes of a file name that is not UTF-8, are escaped."""

    def render(self, content: Any) -> bytes:
        """Encode the answer."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


def refuse(status: int, message: str, pages: int | None = None) -> JSONResponse:
    """Make an answer that refuses a request; `pages` is how many its file has, if several."""
    headers = {"Retry-After": "1"} if status == 503 else {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status in (408, 413):  # do not wait for the rest of the body
        headers["Connection"] = "close"
    return JSONAnswer({"error": message} | ({"pages": pages} if pages else {}), status, headers)


async def answer_error(request: Request, error: Exception) -> JSONResponse:
    """Answer a request that failed."""
    if isinstance(error, RefusedError):
        return refuse(error.status, str(error), error.pages)
    if isinstance(error, RequestValidationError):
        first: dict[str, Any] = error.errors()[0]
        return refuse(422, f"{first['loc'][-1]}: {first['msg']}")
    if isinstance(error, HTTPException):  # what the framework itself refuses
        message = MESSAGES.get(error.status_code, str(error.detail))
        answer = refuse(error.status_code, message.format(path=request.url.path, method=request.method))
        answer.headers.update(error.headers or {})
        if error.status_code == 405:  # the framework names the methods of only one of the calls at this address
            answer.headers["Allow"] = ", ".join(_methods(request) or ["GET"])
        return answer
    return refuse(next(status for kind, status in STATUSES if isinstance(error, kind)), str(error))


def _methods(request: Request) -> list[str]:
    """List the methods that the address of a request supports."""

    def is_supported(method: str) -> bool:
        scope = dict(request.scope) | {"method": method}
        return any(route.matches(scope)[0] == Match.FULL for route in request.app.routes)

    return [method for method in ("DELETE", "GET", "POST") if is_supported(method)]


ERRORS = (RefusedError, RequestValidationError, HTTPException, DigitsError)
HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]
HANDLERS = dict.fromkeys(ERRORS, answer_error)
