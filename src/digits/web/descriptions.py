"""The bodies that calls take, and the statuses with which they fail, as ``/openapi.json`` describes them."""

from __future__ import annotations

from typing import Any

from digits.preprocessing.opening import FORMAT_NAMES
from digits.types import SIDE
from digits.web.schemas import Error
from digits.web.uploads import MAX_DIGITS, MAX_SCANS, SET_NAMES


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the statuses that come with an `Error`."""
    return {status: {"model": Error} for status in (400, 401, 403, 421, 500, 503, *statuses)}


def upload(*statuses: int, has_roster: bool = False) -> dict[str, Any]:
    """Describe a call that reads a picture: the statuses with which it can fail, and the body that it takes.

    FastAPI cannot infer the body.
    """
    parts: dict[str, Any] = {"file": _FILE} | ({"roster": _ROSTER} if has_roster else {})
    body = {
        "required": True,
        "description": f"The picture: {FORMAT_NAMES}, at most 32 MiB and 50 megapixels; its bytes, or a form with the "
        "file.",
        "content": {
            "image/*": {"schema": _FILE},
            "application/pdf": {"schema": _FILE},
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": parts}},
        },
    }
    return {"responses": errors(404, 408, 413, 415, 422, *statuses), "openapi_extra": {"requestBody": body}}


def set_upload() -> dict[str, Any]:
    """Describe a call that reads a set of digits, as `upload` does."""
    return {"responses": errors(404, 408, 413, 415, 422), "openapi_extra": {"requestBody": _SET_BODY}}


def form_upload() -> dict[str, Any]:
    """Describe a call that reads the scans of a form, as `upload` does."""
    return {"responses": errors(404, 408, 413, 415, 422), "openapi_extra": {"requestBody": _FORM_BODY}}


_FILE = {"type": "string", "format": "binary"}
_ROSTER = _FILE | {
    "description": "A CSV with one row per person: the numbers that the first field may have. At most 1 MiB.",
}

_SET_BODY = {
    "required": True,
    "description": "Digits of 28 × 28 pixels, with or without labels: a table, IDX, NPZ, NPY, MAT, a pickle of arrays "
    f"or Parquet, plain or gzipped; at most 32 MiB and {MAX_DIGITS:,} digits. Its bytes, or a form with the file, "
    "whose name tells tables.",
    "content": {
        **{kind: {"schema": _FILE} for kind in (*SET_NAMES, "application/octet-stream")},
        "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {"file": _FILE}}},
    },
}

_FORM_BODY = {
    "required": True,
    "description": f"The template of a form, and pictures or PDFs of it: at most 32 MiB and {MAX_SCANS} pages.",
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["template", "file"],
                "properties": {
                    "template": _FILE | {"description": "The form's TOML file."},
                    "file": {"type": "array", "items": _FILE, "description": "Scans and photographs."},
                    "roster": _ROSTER,
                },
            }
        }
    },
}


def digit_upload() -> dict[str, Any]:
    """Describe a call that takes the pixels of one digit."""
    file = {"type": "string", "format": "binary"}
    body = {
        "required": True,
        "description": f"The digit as a network sees it: {SIDE} × {SIDE} grey values, row by row, 255 for full ink.",
        "content": {"application/octet-stream": {"schema": file}},
    }
    return {"responses": errors(404, 408, 413, 415, 422), "openapi_extra": {"requestBody": body}}
