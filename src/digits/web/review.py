"""The calls of a review: cells in turn, every keystroke kept, and the checked answers written."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query

from digits.documents.review import CheckedTable, ReviewCell, ReviewJob
from digits.files import write_output
from digits.web.handlers import JSONAnswer
from digits.web.local import make_local_app

Person = Annotated[str, Query(min_length=8, max_length=64, pattern="^[A-Za-z0-9-]+$", description="Who looks.")]


def make_review_app(job: ReviewJob, out: Path, token: str) -> FastAPI:
    """Make the application of a review, which writes the checked answers to a file once all cells are decided on."""
    app = make_local_app(token)

    @app.get("/api/review")
    async def show() -> JSONAnswer:
        """Say how far the review is."""
        return JSONAnswer(_describe(await asyncio.to_thread(job.progress), out))

    @app.post("/api/review/claims")
    async def claim(
        person: Person, count: Annotated[int, Query(ge=1, le=8)] = 4, skip: Annotated[list[int] | None, Query()] = None
    ) -> JSONAnswer:
        """Hand out the next cells."""
        cells = await asyncio.to_thread(job.claim, person, count, tuple(skip or ()))
        progress = await asyncio.to_thread(job.progress)
        return JSONAnswer({"cells": [_show(each) for each in cells], "progress": _describe(progress, out)})

    @app.get("/api/review/last")
    async def last(person: Person) -> JSONAnswer:
        """Show the cell that a person decided on last."""
        cell = await asyncio.to_thread(job.last_decided, person)
        return JSONAnswer({"cell": _show(cell) if cell else None})

    @app.post("/api/review/cells/{cell}")
    async def type_key(
        cell: int,
        person: Person,
        key: Annotated[str, Query(max_length=16)],
        boxes: Annotated[str, Query(max_length=100, description="What is in each box, with commas between them.")],
        decided: bool = False,
    ) -> JSONAnswer:
        """Keep a keystroke; answered when it is on the disk."""
        said = tuple(boxes.split(","))
        progress = await asyncio.to_thread(lambda: job.type(cell, person, key, said, is_decided=decided))
        if decided and not progress.left:
            await asyncio.to_thread(write_checked, job, out)
        return JSONAnswer(_describe(progress, out))

    return app


def write_checked(job: ReviewJob, out: Path) -> CheckedTable:
    """Write the answers as they are now, as CSV or a workbook.

    Raises
    ------
    StorageError
        When they cannot be written.
    """
    checked = job.checked()
    write_output(out, checked.to_xlsx() if out.suffix.lower() == ".xlsx" else checked.to_csv().encode())
    return checked


def _describe(progress: Any, out: Path) -> dict[str, Any]:
    return {**progress._asdict(), "out": str(out)}


def _show(cell: ReviewCell) -> dict[str, Any]:
    return {
        "id": cell.id,
        "page": cell.page,
        "field": cell.field,
        "read": list(cell.read),
        "boxes": list(cell.boxes),
        "doubts": list(cell.doubts),
        "decimals": cell.decimals,
        "flag": cell.flag,
        "alternatives": [[number, share] for number, share in cell.alternatives],
        "decided": cell.is_decided,
        "picture": f"data:image/png;base64,{base64.b64encode(cell.picture).decode()}",
    }
