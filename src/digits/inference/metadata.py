"""The metadata of a model file, checked before anything is computed with it: anybody may have written the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from digits.options import shorten
from digits.types import CLASSES, MODEL_FORMAT

MAX_TEXT = 300
"""Characters of a name, at most; those that digits writes are a few words, or the name of a file."""

MAX_ENTRIES = 100
"""Entries of a list or table, at most."""

Range = tuple[type, float, float]

SHARE: Range = (float, 0, 1)
COUNT: Range = (int, 0, 2**63)
SCORE = {"accuracy": SHARE, "n": COUNT, "nll": (float, 0, 1e9), "ece": SHARE}

SCHEMA: dict[str, Any] = {
    "recipe": str,
    "network": str,
    "seed": COUNT,
    "parameters": COUNT,
    "epochs": COUNT,
    "temperature": (float, 0.01, 100),  # training finds it within 0.05–20
    "rejection_threshold": SHARE,
    "data": {
        "name": str,
        "sha256": {...: str},
        "classes": [str],
        **dict.fromkeys(
            ("train", "validation", "test", "synthetic", "simulated_photos", "outliers", "personal"), COUNT
        ),
    },
    "train": SCORE,
    "validation": SCORE,
    "test": SCORE,
    "code_sha256": {...: str},
}
"""The entries and their kinds: a text, a range of numbers, a list, or further entries; ``...`` is any name."""


def check_metadata(values: dict[str, Any], required: Iterable[str] = ()) -> None:
    """Check the entries that digits reads; a file may have others, or lack some that are not `required`.

    Raises
    ------
    ValueError
        Naming the entry that is wrong.
    """
    if values.get("format") != MODEL_FORMAT:
        found = shorten(values.get("format"))
        raise ValueError(f"it has model format {found}; this version of digits reads {MODEL_FORMAT}")
    check_entries(values, SCHEMA, required)
    if len(classes := values.get("data", {}).get("classes", ())) > CLASSES:
        raise ValueError(f"data.classes has {len(classes)} entries, more than {CLASSES}")


def check_entries(values: dict[str, Any], schema: dict[str, Any], required: Iterable[str] = ()) -> None:
    """Check entries against a schema like `SCHEMA`; those that are `required`, such as ``data.sha256``, must exist.

    Raises
    ------
    ValueError
        Naming the entry that is wrong.
    """
    _check("", values, schema)
    for name in required:
        found: Any = values
        for part in name.split("."):
            if part not in found:
                raise ValueError(f"it lacks {name}")
            found = found[part]


def _check(name: str, value: object, kind: Any) -> None:
    if isinstance(kind, dict):
        _require(name, value, dict, "an object")
        assert isinstance(value, dict)
        for key, each in value.items() if ... in kind else ((key, value[key]) for key in kind if key in value):
            _check(f"{name}.{key}".lstrip("."), each, kind.get(key, kind.get(...)))
    elif isinstance(kind, list):
        _require(name, value, list, "a list")
        assert isinstance(value, list)
        for each in value:
            _check(name, each, kind[0])
    elif kind is str:
        _require(name, value, str, "a text")
        assert isinstance(value, str)
        if len(value) > MAX_TEXT:
            raise ValueError(f"{name[:MAX_TEXT]} is longer than {MAX_TEXT} characters")
    else:
        number, low, high = kind
        _require(name, value, (int, float) if number is float else int, "a number" if number is float else "a count")
        assert isinstance(value, int | float)
        if isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"{name} must be {low:g} to {high:g}")


def _require(name: str, value: object, kind: Any, described: str) -> None:
    if not isinstance(value, kind):
        raise ValueError(f"{name[:MAX_TEXT]} must be {described}, not {type(value).__name__}")
    if isinstance(value, dict | list) and name and len(value) > MAX_ENTRIES:
        raise ValueError(f"{name[:MAX_TEXT]} has more than {MAX_ENTRIES} entries")
