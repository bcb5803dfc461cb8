"""The calls of the page on which the fields of a blank form are drawn."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from fastapi import FastAPI, Request

from digits.documents.forms.draft import Draft
from digits.web.handlers import JSONAnswer
from digits.web.local import make_local_app
from digits.web.refusals import RefusedError

MAX_BYTES = 2**18
"""Bytes of all fields, at most: 500 of them have a third."""


def make_template_app(draft: Draft, token: str) -> FastAPI:
    """Make the application that shows a blank form and writes its template."""
    app = make_local_app(token)

    @app.get("/api/template")
    async def show() -> JSONAnswer:
        """Say how large the pages are, in millimetres, and which fields there are."""
        size, pages = draft.blank.size, len(draft.blank.pages)
        return JSONAnswer({"size": list(size), "pages": pages, "fields": draft.fields, "out": str(draft.out)})

    @app.get("/api/template/pages/{page}")
    async def show_page(page: int) -> JSONAnswer:
        """Show a page, counted from 1."""
        if not 1 <= page <= len(draft.blank.pages):
            raise RefusedError(404, f"the form has no page {page}")
        content = await asyncio.to_thread(draft.show, page)
        return JSONAnswer({"picture": f"data:image/png;base64,{base64.b64encode(content).decode()}"})

    @app.put("/api/template")
    async def change(request: Request) -> JSONAnswer:
        """Take all fields, and write the template."""
        await asyncio.to_thread(draft.change, _parse(await _receive(request)))
        return JSONAnswer({"fields": draft.fields})

    return app


async def _receive(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise RefusedError(413, f"the fields are larger than {MAX_BYTES // 2**10} KiB")
    return bytes(body)


def _parse(body: bytes) -> list[dict[str, Any]]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, list) or not all(isinstance(each, dict) for each in fields):
        raise RefusedError(400, "the request holds no list of fields")
    return fields
