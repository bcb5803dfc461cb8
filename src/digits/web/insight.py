"""What a worker process shows of the inside of a network: one unit, the digits that excite it, and any pixels."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import numpy as np

from digits.inference.units import describe_unit, rank_digits
from digits.shapes import Int64, UInt8
from digits.types import SIDE, LabelledDigits
from digits.web.explanation import explain_image, round_values
from digits.web.jobs import find_model, find_models
from digits.web.models import LoadedModel, parse_off
from digits.web.refusals import RefusedError
from digits.web.samples import choose_ordinary, load_samples
from digits.web.uploads import Upload

EXCITING = 8
"""Digits that are shown for a unit."""


def show_unit(upload: Upload, model: str | None, layer: int, unit: int, off: tuple[str, ...]) -> dict[str, Any]:
    """Describe a unit while its network reads a digit, which is the upload."""
    found = find_model(model)
    without = parse_off(off, found.name)
    found.without(without)  # refuses units that do not exist
    layers = _find_unit(found, layer, unit).find_layers()
    described = describe_unit(layers, _parse_digit(upload), layer, unit, without)
    return {
        "value": round(described.value, 4),
        "weights": None if described.weights is None else round_values(described.weights.ravel(), 4),
        "inputs": [[index, round(added, 4)] for index, added in described.inputs],
        "outputs": [[index, round(added, 4)] for index, added in described.outputs],
    }


def explain_pixels(upload: Upload, models: tuple[str, ...], evidence: bool, off: tuple[str, ...]) -> dict[str, Any]:
    """Explain what models make of a digit's pixels, which are the upload."""
    return explain_image(find_models(models, off), _parse_digit(upload), evidence=evidence)


def show_exciting(model: str | None, layer: int, unit: int) -> dict[str, Any]:
    """Find the digits that excite a unit most."""
    found = _find_unit(find_model(model), layer, unit)
    source, digits, _ = load_samples()
    rows = _rank(found.name)[layer - 1][:, unit]
    return {
        "source": source,
        "count": len(digits),
        "digits": _list_digits(LabelledDigits(digits.images[rows], digits.labels[rows])),
    }


def list_samples() -> dict[str, Any]:
    """List digits to try."""
    source, digits, mistakes = load_samples()
    return {
        "source": source,
        "ordinary": _list_digits(choose_ordinary(digits)),
        "mistakes": _list_digits(mistakes) if mistakes else [],
    }


@cache
def _rank(model: str) -> list[Int64[np.ndarray, "_k _units"]]:
    return rank_digits(find_model(model).find_layers(), load_samples().digits.images, EXCITING)


def _find_unit(model: LoadedModel, layer: int, unit: int) -> LoadedModel:
    widths = model.find_layers().widths[1:]
    if not (1 <= layer <= len(widths) and unit < widths[layer - 1]):
        raise RefusedError(
            422,
            f"{model.name} has no unit {unit} in layer {layer}: its layers have {', '.join(map(str, widths))} units",
        )
    return model


def _parse_digit(upload: Upload) -> UInt8[np.ndarray, "28 28"]:
    size = len(upload.body)
    if size != SIDE * SIDE:
        raise RefusedError(
            422, f"the digit has {size:,} bytes: send its {SIDE} × {SIDE} grey values, {SIDE * SIDE} bytes"
        )
    return np.frombuffer(upload.body, np.uint8).reshape(SIDE, SIDE)


def _list_digits(digits: LabelledDigits) -> list[dict[str, Any]]:
    pairs = zip(digits.images, digits.labels.tolist(), strict=True)
    return [{"image": base64.b64encode(image.tobytes()).decode(), "label": label} for image, label in pairs]
