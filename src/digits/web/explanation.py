"""Why a model reads a digit as it does: layers, evidence and the steps from the picture, as plain values for JSON."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from digits.inference import Reading
from digits.inference.explain import crop_digit
from digits.inference.interpret import find_evidence
from digits.inference.page import Page, find_page
from digits.inference.results import Digit
from digits.preprocessing import Decoded
from digits.shapes import Float32, UInt8
from digits.types import SIDE
from digits.web.models import Hints, LoadedModel
from digits.web.uploads import DecodedUpload

PREVIEW_SIDE = 1600
"""Longer side, in pixels, of a picture sent back because the browser cannot show the file, such as HEIC or TIFF."""

STEP_SIDE = 240
"""Longer side, in pixels, of the pictures of the steps."""


def explain_reading(
    upload: DecodedUpload,
    models: Sequence[LoadedModel],
    hints: Hints,
    *,
    focus: int,
    evidence: bool,
    preview: bool,
) -> dict[str, Any]:
    """Read a picture with several models and explain one of its digits, as `digits.web.schemas.Explanation` describes.

    `focus` is the index of a digit that the first model finds; negative: counted from the end. Beyond the ends, the
    nearest digit is explained. `evidence` adds which pixels supported the answer, feature maps, and the steps;
    `preview` adds the whole picture.
    """
    decoded, name, pages = upload

    @cache
    def find() -> Page:
        first = models[0].reader
        return find_page(decoded.picture, first.finder, first.model, upright=hints.upright, printed=hints.printed)

    readings = [model.reader.read_decoded(decoded, name=name, find=find, **hints._asdict()) for model in models]
    answers = [_describe_answer(model, reading) for model, reading in zip(models, readings, strict=True)]
    count = len(readings[0].digits)
    index = min(focus, count - 1) if focus >= 0 else max(count + focus, 0)
    return {
        "size": list(decoded.size),
        "pages": pages,
        "rotation": readings[0].turned,
        "answers": answers,
        "focus": _explain_digit(models, decoded, readings[0], index, evidence) if count else None,
        "preview": _data_url(decoded.picture, "JPEG", PREVIEW_SIDE) if preview else None,
    }


def explain_image(
    models: Sequence[LoadedModel], image: UInt8[np.ndarray, "28 28"], *, evidence: bool
) -> dict[str, Any]:
    """Explain what models make of 28 × 28 pixels as they are, without preprocessing, as `explain_reading` answers."""
    rows = [model.reader.model.predict_proba(image)[0] for model in models]
    digits = [model.reader.describe_digit(image, row) for model, row in zip(models, rows, strict=True)]
    answers = []
    for model, digit in zip(models, digits, strict=True):
        lines = (str(digit.value),) * digit.accepted
        reading = Reading("digit", lines, (digit,), (SIDE, SIDE), has_ink=bool(image.any()), model=model.name)
        answers.append(_describe_answer(model, reading))
    explained = [_explain_answer(*each, evidence) for each in zip(models, digits, rows, strict=True)]
    focus = {"digit": 0, "image": _encode(image.tobytes()), "models": explained, "steps": None}
    return {"size": [SIDE, SIDE], "pages": 1, "rotation": 0, "answers": answers, "focus": focus, "preview": None}


def _describe_answer(model: LoadedModel, reading: Reading) -> dict[str, Any]:
    return {
        "model": model.name,
        "reading": reading.to_dict() | {"model": model.name},
        "probabilities": [round_values(digit.probabilities, 4) for digit in reading.digits],
        "images": [_encode(digit.image.tobytes()) for digit in reading.digits],
    }


def _explain_digit(
    models: Sequence[LoadedModel], decoded: Decoded, reading: Reading, index: int, evidence: bool
) -> dict[str, Any]:
    digit = reading.digits[index]
    # the answer of the first, which the digits beside it revised; the others see this image alone
    probabilities = [digit.probabilities, *(each.reader.model.predict_proba(digit.image)[0] for each in models[1:])]
    return {
        "digit": index,
        "image": _encode(digit.image.tobytes()),
        "models": [
            _explain_answer(model, digit, row, evidence) for model, row in zip(models, probabilities, strict=True)
        ],
        "steps": _show_steps(decoded, reading, digit) if evidence else None,
    }


def _explain_answer(
    model: LoadedModel, digit: Digit, probabilities: Float32[np.ndarray, "10"], evidence: bool
) -> dict[str, Any]:
    layers, reader = model.layers, model.reader
    answer: dict[str, Any] = {
        "model": model.name,
        "probabilities": round_values(probabilities, 4),
        "accepted": bool(probabilities.max() >= reader.threshold),
        "layers": [round_values(units, 3) for units in layers.activations(digit.image, model.off)] if layers else None,
        "maps": None,
        "evidence": None,
    }
    if evidence and model.stages:
        answer["maps"] = [_encode_maps(maps) for maps in model.stages.maps(digit.image)]
    if evidence and digit.image.any():
        value = int(probabilities.argmax())
        pixels, exact = find_evidence(reader.model, layers, digit.image, value, model.off)
        answer["evidence"] = {"answer": value, "pixels": round_values(pixels.ravel(), 4), "exact": exact}
    return answer


def _encode_maps(maps: Float32[np.ndarray, "_channels _height _width"]) -> dict[str, Any]:
    """Encode maps as bytes, 255 for the largest value of the stage."""
    largest = max(float(maps.max()), 1e-9)
    values = (maps.clip(0) * (255 / largest)).round().astype(np.uint8)
    channels, height, width = values.shape
    return {
        "channels": channels,
        "height": height,
        "width": width,
        "values": _encode(values.tobytes()),
    }


def _show_steps(decoded: Decoded, reading: Reading, digit: Digit) -> dict[str, str]:
    seen, ink = crop_digit(decoded.picture, reading, digit)
    return {
        "seen": _data_url(seen, "JPEG", STEP_SIDE),
        "ink": _data_url(ink, "PNG", STEP_SIDE),
        "digit": _data_url(digit.image, "PNG", STEP_SIDE),
    }


def round_values(values: np.ndarray, places: int) -> list[float]:
    """Round values to so many decimal places, for JSON."""
    rounded: list[float] = np.round(values.astype(np.float64), places).tolist()
    return rounded


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _data_url(picture: UInt8[np.ndarray, "_h _w ..."], kind: str, longest: int) -> str:
    """Shrink a picture, and encode it as a ``data:`` URL, which the page shows without a further request."""
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((longest, longest))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return f"data:image/{kind.lower()};base64,{_encode(buffer.getvalue())}"
