"""The calls of the service, a few lines each: what they take, what they answer, and which job does the work."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse
from starlette.staticfiles import StaticFiles

from digits import __version__
from digits.web import jobs, schemas
from digits.web.bodies import ReceivedUpload
from digits.web.correction_routes import make_correction_routes
from digits.web.corrections import Corrections
from digits.web.guard import Guard
from digits.web.handlers import HANDLERS
from digits.web.models import Hints
from digits.web.workers import Workers

PAGE = Path(__file__).parent / "page"

mimetypes.add_type("text/javascript", ".js")  # the registry of some Windows computers says text/plain
mimetypes.add_type("application/manifest+json", ".webmanifest")


def make_app(workers: Workers, corrections: Corrections, *, names: tuple[str, ...] = ()) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    workers
        Processes that do the work; closed when the application ends.
    corrections
        Where corrections are stored.
    names
        Names of this host, besides localhost and its addresses.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        workers.close()

    app = FastAPI(
        title="digits",
        version=__version__,
        summary="Reads handwritten digits in pictures.",
        docs_url=None,  # these pages would load scripts from the internet
        redoc_url=None,
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.add_middleware(Guard, names=names)

    @app.get("/api/health", response_model=schemas.Health, responses=schemas.errors())
    async def health() -> JSONResponse:
        """Report that the service runs, and its version."""
        return JSONResponse({"status": "ok", "version": __version__})

    @app.get("/api/models", response_model=schemas.Models, responses=schemas.errors(503))
    async def models() -> JSONResponse:
        """List the models."""
        return JSONResponse(await workers.run(jobs.describe_models))

    @app.post(
        "/api/read",
        response_model=schemas.Reading,
        responses=schemas.errors(*schemas.UPLOAD_ERRORS),
        openapi_extra=schemas.UPLOAD,
    )
    async def read(
        upload: ReceivedUpload,
        model: schemas.ModelName = None,
        single: schemas.Single = False,
        upright: schemas.Upright = False,
    ) -> JSONResponse:
        """Read a picture: the same answer as ``digits read --json``."""
        return JSONResponse(await workers.run(jobs.read, upload, model, Hints(single, upright)))

    @app.post(
        "/api/explain",
        response_model=schemas.Explanation,
        responses=schemas.errors(*schemas.UPLOAD_ERRORS),
        openapi_extra=schemas.UPLOAD,
    )
    async def explain(
        upload: ReceivedUpload,
        model: Annotated[list[str] | None, Query(description="Models that read; may be repeated.")] = None,
        single: schemas.Single = False,
        upright: schemas.Upright = False,
        focus: Annotated[int, Query(ge=-1000, le=1000, description="Digit to explain, from 0; -1: the last.")] = -1,
        evidence: Annotated[bool, Query(description="Add which pixels supported the answer, and the steps.")] = False,
        preview: Annotated[bool, Query(description="Add the picture as JPEG, which every browser shows.")] = False,
    ) -> JSONResponse:
        """Read a picture with several models and explain one of its digits: what the page shows."""
        arguments = (upload, tuple(model or ()), Hints(single, upright), focus, evidence, preview)
        return JSONResponse(await workers.run(jobs.explain, *arguments))

    app.include_router(make_correction_routes(corrections, workers))
    app.router.default = StaticFiles(directory=PAGE, html=True)
    return app
