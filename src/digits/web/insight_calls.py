"""The calls that look inside a network: any pixels, one unit, the digits that excite it, and digits to try."""

from __future__ import annotations

from fastapi import APIRouter

from digits.web import descriptions, insight, schemas
from digits.web import insight_schemas as shapes
from digits.web.bodies import ReceivedUpload
from digits.web.handlers import JSONAnswer
from digits.web.workers import Workers


def make_insight_routes(workers: Workers) -> APIRouter:
    """Make the calls for these workers."""
    routes = APIRouter()

    @routes.post("/api/unit", response_model=shapes.Unit, **descriptions.digit_upload())
    async def unit(
        upload: ReceivedUpload,
        layer: shapes.Layer,
        unit: shapes.UnitNumber,
        model: schemas.ModelName = None,
        off: shapes.Off = None,
    ) -> JSONAnswer:
        """Describe a unit of a fully connected network while it reads a digit."""
        return JSONAnswer(await workers.run(insight.show_unit, upload, model, layer, unit, tuple(off or ())))

    @routes.post("/api/explain/digit", response_model=schemas.Explanation, **descriptions.digit_upload())
    async def explain_digit(
        upload: ReceivedUpload,
        model: schemas.ModelNames = None,
        evidence: schemas.WithEvidence = False,
        off: shapes.Off = None,
    ) -> JSONAnswer:
        """Explain what several models make of 28 × 28 pixels as they are, such as a blend of two digits."""
        arguments = (upload, tuple(model or ()), evidence, tuple(off or ()))
        return JSONAnswer(await workers.run(insight.explain_pixels, *arguments))

    @routes.get("/api/unit/digits", response_model=shapes.ExcitingDigits, responses=descriptions.errors(404, 422))
    async def unit_digits(layer: shapes.Layer, unit: shapes.UnitNumber, model: schemas.ModelName = None) -> JSONAnswer:
        """Find the digits that excite a unit most."""
        return JSONAnswer(await workers.run(insight.show_exciting, model, layer, unit))

    @routes.get("/api/samples", response_model=shapes.Samples, responses=descriptions.errors())
    async def samples() -> JSONAnswer:
        """List digits to try: ordinary ones, and MNIST's famous mistakes."""
        return JSONAnswer(await workers.run(insight.list_samples))

    return routes
