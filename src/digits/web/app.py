"""The calls of the service, a few lines each: what they take, what they answer, and which job does the work."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import Response
from starlette.staticfiles import StaticFiles

from digits.errors import DataError
from digits.types import CLASSES
from digits.version import __version__
from digits.web import descriptions, jobs, schemas
from digits.web.bodies import ReceivedForm, ReceivedSet, ReceivedUpload
from digits.web.corrections import Corrections
from digits.web.form_jobs import read_form
from digits.web.guard import Guard, require_this_computer
from digits.web.handlers import HANDLERS, JSONAnswer
from digits.web.insight_calls import make_insight_routes
from digits.web.insight_schemas import Off
from digits.web.models import Hints, list_changes
from digits.web.refusals import RefusedError
from digits.web.training_calls import make_training_routes
from digits.web.trainings import Trainings
from digits.web.uploads import Upload
from digits.web.workers import Workers

Result = TypeVar("Result")

PAGE = Path(__file__).parent / "page"

MEDIA_TYPES = {"csv": "text/csv", "zip": "application/zip"}
DOWNLOADS: dict[int | str, dict[str, Any]] = {200: {"content": {each: {} for each in MEDIA_TYPES.values()}}}

mimetypes.add_type("text/javascript", ".js")  # the registry of some Windows computers says text/plain
mimetypes.add_type("application/manifest+json", ".webmanifest")


def make_app(
    workers: Workers, corrections: Corrections, trainings: Trainings, names: tuple[str, ...], token: str | None
) -> FastAPI:
    """Make the application for workers with these models; `names` are further names of this host.

    If there is a `token`, calls must carry it.
    """
    app = FastAPI(
        title="digits",
        version=__version__,
        summary="Reads handwritten digits in pictures.",
        docs_url=None,  # these pages would load scripts from the internet
        redoc_url=None,
        exception_handlers=HANDLERS,
    )
    app.add_middleware(Guard, names=names, token=token)

    @app.get("/api/health", response_model=schemas.Health, responses=descriptions.errors())
    async def health() -> JSONAnswer:
        """Report that the service runs, its version, and what is wrong though it runs."""
        return JSONAnswer({"status": "ok", "version": __version__, "notices": list_changes(workers.models)})

    @app.get("/api/models", response_model=schemas.Models, responses=descriptions.errors())
    async def models() -> JSONAnswer:
        """List the models."""
        return JSONAnswer(await workers.run(jobs.describe_models) | {"notices": list_changes(workers.models)})

    @app.post("/api/read", response_model=schemas.Reading | list[schemas.AnyReading], **descriptions.upload())
    async def read(
        upload: ReceivedUpload,
        model: schemas.ModelName = None,
        single: schemas.Single = False,
        upright: schemas.Upright = False,
        printed: schemas.Printed = False,
    ) -> JSONAnswer:
        """Read a picture: the same answer as ``digits read --json``. Of several in one form, all: a list."""
        hints = Hints(single, upright, printed)
        names = await workers.run(jobs.list_pictures, upload) if upload.may_have_several else []
        if len(names) < 2:
            return JSONAnswer(await workers.run(jobs.read, upload, model, hints))
        return JSONAnswer(
            [await read_part(replace(upload, number=n), name, model, hints) for n, name in enumerate(names)]
        )

    async def read_part(upload: Upload, name: str, model: str | None, hints: Hints) -> dict[str, Any]:
        """Read one picture of several; what is wrong with it leaves the others."""
        try:
            return await workers.run(jobs.read, upload, model, hints)
        except (RefusedError, DataError) as error:
            if isinstance(error, RefusedError) and error.status in (404, 503):  # it concerns them all
                raise
            return {"file": name, "error": str(error)}

    @app.post("/api/digits", response_model=schemas.DigitSet, **descriptions.set_upload())
    async def read_set(
        upload: ReceivedSet, model: schemas.ModelName = None, transpose: schemas.Transpose = False
    ) -> JSONAnswer:
        """Read a set of digits, such as a CSV: what ``digits read --json`` prints for it."""
        return JSONAnswer(await workers.run(jobs.read_set, upload, model, transpose))

    @app.post("/api/table", response_model=schemas.Table, **descriptions.upload(has_roster=True))
    async def table(
        upload: ReceivedUpload,
        model: schemas.ModelName = None,
        upright: schemas.Upright = False,
        field: schemas.Fields = None,
        column: schemas.Column = "",
        sums: schemas.Sums = None,
    ) -> JSONAnswer:
        """Read a table: the same answer as ``digits table --json``."""
        return JSONAnswer(await workers.run(jobs.read_table, upload, model, upright, tuple(field or ()), column, sums))

    @app.post("/api/form", response_model=schemas.FormAnswers, **descriptions.form_upload())
    async def form(
        request: Request, upload: ReceivedForm, model: schemas.ModelName = None, column: schemas.Column = ""
    ) -> JSONAnswer:
        """Read the scans of a form: the same answer as ``digits form read --json``."""
        return JSONAnswer(await read_form(workers, upload, model, column, request.is_disconnected))

    @app.post("/api/explain", response_model=schemas.Explanation, **descriptions.upload())
    async def explain(
        upload: ReceivedUpload,
        model: schemas.ModelNames = None,
        single: schemas.Single = False,
        upright: schemas.Upright = False,
        printed: schemas.Printed = False,
        focus: Annotated[int, Query(ge=-1000, le=1000, description="Digit to explain, from 0; -1: the last.")] = -1,
        evidence: schemas.WithEvidence = False,
        preview: Annotated[bool, Query(description="Add the picture as JPEG, which every browser shows.")] = False,
        off: Off = None,
    ) -> JSONAnswer:
        """Read a picture with several models and explain one of its digits: what the page shows."""
        arguments = (upload, tuple(model or ()), Hints(single, upright, printed), focus, evidence, preview)
        return JSONAnswer(await workers.run(jobs.explain, *arguments, tuple(off or ())))

    app.include_router(make_insight_routes(workers))
    app.include_router(_make_correction_routes(corrections, workers))
    app.include_router(make_training_routes(trainings, workers, corrections))
    app.router.default = StaticFiles(directory=PAGE, html=True)
    return app


def _make_correction_routes(corrections: Corrections, workers: Workers) -> APIRouter:
    routes = APIRouter(prefix="/api/corrections", dependencies=[Depends(require_this_computer)])

    lock = asyncio.Lock()

    async def in_turn(call: Callable[..., Result], *arguments: Any) -> Result:
        """Run a call on the folder after those before it; in this process, so that no killed worker interrupts it."""
        async with lock:
            return await asyncio.to_thread(call, *arguments)

    @routes.get("", response_model=schemas.Corrections, responses=descriptions.errors(409))
    async def list_corrections(
        images: Annotated[int, Query(ge=0, le=200, description="Add the pixels of so many of the newest.")] = 0,
    ) -> JSONAnswer:
        """List the corrections, and their folder."""
        return JSONAnswer(await in_turn(corrections.describe, images))

    @routes.post("", status_code=201, response_model=schemas.AddedCorrection, **descriptions.upload(409, 507))
    async def add_correction(
        upload: ReceivedUpload,
        label: Annotated[int, Query(ge=0, le=CLASSES - 1, description="The correct digit.")],
        consent: Annotated[bool, Query(description="Whether the person agreed to store it.")] = False,
        digit: Annotated[int, Query(ge=0, le=3000, description="Index of the digit in the picture, from 0.")] = 0,
        model: schemas.ModelName = None,
        single: schemas.Single = False,
        upright: schemas.Upright = False,
        printed: schemas.Printed = False,
    ) -> JSONAnswer:
        """Store one digit of a picture with its correct label."""
        if not consent:
            raise RefusedError(403, "consent is missing: ask the person, then send consent=true")
        cut = await workers.run(jobs.cut_digit, upload, digit, model, Hints(single, upright, printed))
        entry, count = await in_turn(corrections.add, cut.digit, cut.drawing, label)
        return JSONAnswer({"correction": entry._asdict(), "read_as": cut.read_as, "count": count}, 201)

    @routes.delete("", response_model=schemas.Corrections, responses=descriptions.errors(409, 507))
    async def delete_corrections() -> JSONAnswer:
        """Delete all corrections."""
        await in_turn(corrections.delete_all)
        return await list_corrections(0)

    @routes.delete("/{correction_id}", response_model=schemas.Corrections, responses=descriptions.errors(404, 409, 507))
    async def delete_correction(correction_id: str) -> JSONAnswer:
        """Delete one correction."""
        await in_turn(corrections.delete, correction_id)
        return await list_corrections(0)

    @routes.post("/{correction_id}", response_model=schemas.Corrections, responses=descriptions.errors(404, 409, 507))
    async def restore_correction(correction_id: str) -> JSONAnswer:
        """Restore the correction that was deleted last."""
        await in_turn(corrections.restore, correction_id)
        return await list_corrections(0)

    @routes.get(".{suffix}", response_class=Response, responses=descriptions.errors(404, 409, 422) | DOWNLOADS)
    async def download(suffix: Literal["csv", "zip"]) -> Response:
        """Download the corrections: a CSV like Kaggle's, or a ZIP of two IDX files like MNIST's."""
        content = await workers.run(corrections.export, suffix)
        headers = {"Content-Disposition": f'attachment; filename="digits.{suffix}"'}
        return Response(content, media_type=MEDIA_TYPES[suffix], headers=headers)

    return routes
