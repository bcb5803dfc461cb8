"""The calls about corrections: from this computer only, and with consent only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from digits.types import CLASSES, LabelledDigits
from digits.web import jobs, schemas
from digits.web.bodies import ReceivedUpload
from digits.web.corrections import Corrections, encode_csv, encode_idx_zip
from digits.web.guard import is_loopback
from digits.web.models import Hints
from digits.web.refusals import RefusedError
from digits.web.workers import Workers

PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers of a proxy, which forwards requests of other computers."""

MEDIA_TYPES = {"csv": "text/csv", "zip": "application/zip"}
DOWNLOADS: dict[int | str, dict[str, Any]] = {200: {"content": {each: {} for each in MEDIA_TYPES.values()}}}


def require_this_computer(request: Request) -> None:
    """Refuse requests from other computers: corrections are personal data of the person at this one."""
    client = request.client.host if request.client else ""
    if not is_loopback(client) or any(name in request.headers for name in PROXY_HEADERS):
        raise RefusedError(403, "corrections are for the computer that runs digits serve: open the page there")


def make_correction_routes(corrections: Corrections, workers: Workers) -> APIRouter:
    """Make the calls.

    Parameters
    ----------
    corrections
        Where corrections are stored.
    workers
        Processes that do the work.
    """
    routes = APIRouter(prefix="/api/corrections", dependencies=[Depends(require_this_computer)])

    @routes.get("", response_model=schemas.Corrections, responses=schemas.errors(503))
    async def list_corrections() -> JSONResponse:
        """List the corrections, and their folder."""
        return JSONResponse(await workers.run(_describe, corrections))

    @routes.post(
        "",
        status_code=201,
        response_model=schemas.AddedCorrection,
        responses=schemas.errors(409, *schemas.UPLOAD_ERRORS),
        openapi_extra=schemas.UPLOAD,
    )
    async def add_correction(
        upload: ReceivedUpload,
        label: Annotated[int, Query(ge=0, le=CLASSES - 1, description="The correct digit.")],
        consent: Annotated[bool, Query(description="Whether the person agreed to store it.")] = False,
        digit: Annotated[int, Query(ge=0, le=3000, description="Index of the digit in the picture, from 0.")] = 0,
        model: schemas.ModelName = None,
        single: schemas.Single = False,
        upright: schemas.Upright = False,
    ) -> JSONResponse:
        """Store one digit of a picture with its correct label."""
        if not consent:
            raise RefusedError(403, "consent is missing: ask the person, then send consent=true")
        arguments = (upload, corrections, label, digit, model, Hints(single, upright))
        return JSONResponse(await workers.run(jobs.add_correction, *arguments), 201)

    @routes.delete("", response_model=schemas.Corrections, responses=schemas.errors(503))
    async def delete_corrections() -> JSONResponse:
        """Delete all corrections."""
        await workers.run(corrections.delete_all)
        return await list_corrections()

    @routes.delete("/{correction_id}", response_model=schemas.Corrections, responses=schemas.errors(404, 503))
    async def delete_correction(correction_id: str) -> JSONResponse:
        """Delete one correction."""
        await workers.run(corrections.delete, correction_id)
        return await list_corrections()

    @routes.get(".{suffix}", response_class=Response, responses=schemas.errors(404, 422, 503) | DOWNLOADS)
    async def download(suffix: Literal["csv", "zip"]) -> Response:
        """Download the corrections: a CSV like Kaggle's, or a ZIP of two IDX files like MNIST's."""
        content = await workers.run(_encode, corrections, encode_csv if suffix == "csv" else encode_idx_zip)
        headers = {"Content-Disposition": f'attachment; filename="digits.{suffix}"'}
        return Response(content, media_type=MEDIA_TYPES[suffix], headers=headers)

    return routes


def _encode(corrections: Corrections, encode: Callable[[LabelledDigits], bytes]) -> bytes:
    digits = corrections.load()
    if not len(digits):
        raise RefusedError(404, "there are no corrections yet")
    return encode(digits)


def _describe(corrections: Corrections) -> dict[str, Any]:
    entries = corrections.entries()
    labels = np.array([entry.label for entry in entries], np.uint8)
    return {
        "folder": str(corrections.folder),
        "count": len(entries),
        "per_class": np.bincount(labels, minlength=CLASSES).tolist(),
        "digits": [entry._asdict() for entry in entries],
    }
