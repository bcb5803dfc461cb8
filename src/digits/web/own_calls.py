"""The calls about the own set: only from this computer, only with consent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.convertors import Convertor, register_url_convertor

from digits.types import CLASSES, LabelledDigits
from digits.web import jobs, schemas
from digits.web.bodies import SentPicture
from digits.web.guard import is_loopback
from digits.web.own import ID, OwnSet, as_idx, as_kaggle
from digits.web.refusals import RefusedError
from digits.web.service import Mode
from digits.web.workers import Workers


class _EntryConvertor(Convertor[str]):
    """An entry's name in an address: nothing else matches, neither a path nor the names of other calls."""

    regex = ID.pattern

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("entry", _EntryConvertor())

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers of a proxy, behind which somebody else sits."""


def own_calls(own: OwnSet, workers: Workers) -> APIRouter:
    """Make the calls.

    Parameters
    ----------
    own
        Where corrections are kept.
    workers
        Who reads and writes.
    """
    calls = APIRouter(prefix="/api/own")

    @calls.get("", response_model=schemas.Own, responses=schemas.errors(503))
    async def listed(request: Request) -> JSONResponse:
        """Tell what is kept, and where."""
        _must_be_here(request)
        return JSONResponse(await workers.run(_described, own))

    @calls.post(
        "",
        status_code=201,
        response_model=schemas.Added,
        responses=schemas.errors(400, 404, 408, 409, 413, 415, 422, 503),
        openapi_extra=schemas.PICTURE,
    )
    async def keep(
        request: Request,
        sent: SentPicture,
        label: Annotated[int, Query(ge=0, le=CLASSES - 1, description="What it is.")],
        consent: Annotated[bool, Query(description="That the person agrees to its being kept.")] = False,
        digit: Annotated[int, Query(ge=0, le=3000, description="Which digit of the picture, from 0.")] = 0,
        model: Annotated[str | None, Query(description="Whose reading it is counted in.")] = None,
        single: Annotated[bool, Query(description="The picture is one digit.")] = False,
        upright: Annotated[bool, Query(description="The page stands upright.")] = False,
    ) -> JSONResponse:
        """Keep one digit of a picture with the label that a person gives it."""
        _must_be_here(request)
        if not consent:
            raise RefusedError(403, "nothing is kept without consent: ask the person, then send consent=true")
        return JSONResponse(await workers.run(jobs.keep, sent, own, label, digit, model, Mode(single, upright)), 201)

    @calls.delete("", response_model=schemas.Own, responses=schemas.errors(503))
    async def forget_all(request: Request) -> JSONResponse:
        """Take everything away that is kept."""
        _must_be_here(request)
        await workers.run(own.forget_all)
        return JSONResponse(await workers.run(_described, own))

    @calls.delete("/{name:entry}", response_model=schemas.Own, responses=schemas.errors(404, 503))
    async def forget(request: Request, name: str) -> JSONResponse:
        """Take one digit away."""
        _must_be_here(request)
        await workers.run(own.forget, name)
        return JSONResponse(await workers.run(_described, own))

    @calls.get("/digits.csv", response_class=Response, responses=schemas.errors(404, 503) | _a_file("text/csv"))
    async def table(request: Request) -> Response:
        """Give the set as Kaggle's ``train.csv``."""
        _must_be_here(request)
        return _attached(await workers.run(_written, own, as_kaggle), "text/csv", "digits.csv")

    @calls.get("/digits.zip", response_class=Response, responses=schemas.errors(404, 503) | _a_file("application/zip"))
    async def archive(request: Request) -> Response:
        """Give the set as two gzipped IDX files, as MNIST is published."""
        _must_be_here(request)
        return _attached(await workers.run(_written, own, as_idx), "application/zip", "digits.zip")

    return calls


def _must_be_here(request: Request) -> None:
    """Refuse whoever is not on this computer: a set is a person's own, and theirs would be somebody else's."""
    client = request.client.host if request.client else ""
    if not is_loopback(client) or any(name in request.headers for name in FORWARDED):
        raise RefusedError(403, "corrections are kept on one's own computer only: run `digits serve` there")


def _written(own: OwnSet, write: Callable[[LabelledDigits], bytes]) -> bytes:
    digits = own.digits()
    if not len(digits):
        raise RefusedError(404, "nothing is kept yet")
    return write(digits)


def _described(own: OwnSet) -> dict[str, Any]:
    entries = own.entries()
    labels = np.array([entry.label for entry in entries], np.uint8)
    return {
        "folder": str(own.folder),
        "count": len(entries),
        "per_class": np.bincount(labels, minlength=CLASSES).tolist(),
        "digits": [vars(entry) for entry in entries],
    }


def _a_file(kind: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}}}}}


def _attached(content: bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
