"""The calls of the service, each a few lines: what they take, what they give, who does it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse

from digits import __version__
from digits.web import jobs, schemas
from digits.web.bodies import SentPicture
from digits.web.guard import Guard
from digits.web.handlers import HANDLERS
from digits.web.own import OwnSet
from digits.web.own_calls import own_calls
from digits.web.service import Mode
from digits.web.workers import Workers

PAGE = Path(__file__).parent / "page"

KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Media types of its files; the system's own table differs from one computer to the next."""

Model = Annotated[str | None, Query(description="Who reads; GET /api/models lists them.", examples=["cnn"])]
Single = Annotated[bool, Query(description="The picture is one digit, and exactly one is given.")]

Upright = Annotated[bool, Query(description="The page stands upright: its other sides need not be tried.")]


def make_app(workers: Workers, own: OwnSet, *, names: tuple[str, ...] = ()) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    workers
        Who answers; closed when the application ends.
    own
        Where corrections are kept.
    names
        Names of this host, beside localhost and its addresses.
    """
    app = FastAPI(
        title="digits",
        version=__version__,
        summary="Reads handwritten digits in pictures.",
        docs_url=None,  # their pages come from the network
        redoc_url=None,
        exception_handlers=HANDLERS,
        lifespan=lambda app: _until_the_end(workers),
    )
    app.add_middleware(Guard, names=names)

    @app.get("/api/health", response_model=schemas.Health, responses=schemas.errors())
    async def health() -> JSONResponse:
        """Tell that the service runs, and which version it is."""
        return JSONResponse({"status": "ok", "version": __version__})

    @app.get("/api/models", response_model=schemas.Models, responses=schemas.errors(503))
    async def models() -> JSONResponse:
        """List the models that answer."""
        return JSONResponse(await workers.run(jobs.described))

    @app.post(
        "/api/read",
        response_model=schemas.ReadPicture,
        responses=schemas.errors(400, 404, 408, 413, 415, 422, 503),
        openapi_extra=schemas.PICTURE,
    )
    async def read(
        sent: SentPicture, model: Model = None, single: Single = False, upright: Upright = False
    ) -> JSONResponse:
        """Read a picture: the same answer that ``digits read --json`` gives of it."""
        return JSONResponse(await workers.run(jobs.read, sent, model, Mode(single, upright)))

    @app.post(
        "/api/look",
        response_model=schemas.Look,
        responses=schemas.errors(400, 404, 408, 413, 415, 422, 503),
        openapi_extra=schemas.PICTURE,
    )
    async def look(
        sent: SentPicture,
        model: Annotated[list[str] | None, Query(description="Who reads; may be given several times.")] = None,
        single: Single = False,
        upright: Upright = False,
        focus: Annotated[int, Query(ge=-1000, le=1000, description="The digit to open up; -1: the last.")] = -1,
        evidence: Annotated[bool, Query(description="Which ink spoke for the answer, and the steps.")] = False,
        preview: Annotated[bool, Query(description="The whole picture as a JPEG, for browsers without HEIC.")] = False,
    ) -> JSONResponse:
        """Read a picture with several models, and open up one of its digits: what the page shows."""
        models = tuple(model or ())
        return JSONResponse(await workers.run(jobs.look, sent, models, Mode(single, upright), focus, evidence, preview))

    app.include_router(own_calls(own, workers))
    for path, file in page_files().items():
        app.add_api_route(path, _given(file), methods=["GET", "HEAD"], include_in_schema=False)
    return app


@asynccontextmanager
async def _until_the_end(workers: Workers) -> AsyncIterator[None]:
    yield
    workers.close()


@dataclass(frozen=True)
class PageFile:
    """A file that the browser gets.

    Attributes
    ----------
    content, kind
        Its bytes and their media type.
    tag
        What changes when they do.
    """

    content: bytes
    kind: str
    tag: str


def page_files() -> dict[str, PageFile]:
    """Read the files of the page, by the path they are asked for; later nothing touches the disk."""
    found = {}
    for file in sorted(path for path in PAGE.rglob("*") if path.is_file()):
        content = file.read_bytes()
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        found[f"/{file.relative_to(PAGE).as_posix()}"] = PageFile(content, KINDS[file.suffix], tag)
    found["/"] = found.pop("/index.html")
    return found


def _given(file: PageFile) -> Callable[[Request], Awaitable[Response]]:
    async def give(request: Request) -> Response:
        headers = {"ETag": file.tag}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.kind, headers=headers)

    return give
