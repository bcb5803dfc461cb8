"""What a worker process does: it loads the models once, and answers one picture after another.

Jobs change nothing outside their process, since they may be interrupted and begun again.
"""

from __future__ import annotations

import contextlib
import logging
import signal
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from digits.data import read_unlabelled_content
from digits.data.memory import limit_arrays
from digits.documents import (
    Field,
    NumberForm,
    Roster,
    decide,
    find_rosters,
    gather,
    parse_fields,
    parse_roster,
    read_decoded_table,
)
from digits.errors import DigitsError
from digits.inference import Reading
from digits.inference.drawing import encode_png
from digits.inference.explain import crop_digit
from digits.orphans import end_with_parent
from digits.preprocessing.ink import limit_opencv_threads
from digits.types import Images
from digits.web.explanation import explain_reading
from digits.web.models import Hints, LoadedModel, ModelFile, load_models, parse_off
from digits.web.refusals import LongJobError, RefusedError
from digits.web.uploads import (
    DEFAULT_NAME,
    DEFAULT_SET_NAME,
    MAX_DIGITS,
    MAX_SET_BYTES,
    SET_NAMES,
    DecodedUpload,
    Upload,
)


class CutDigit(NamedTuple):
    """One digit of a picture, as PNG files: what the network saw, and the part of the picture; and its reading."""

    digit: bytes
    drawing: bytes
    read_as: int


_files: tuple[ModelFile, ...] = ()
"""The models to load."""


def start(files: tuple[ModelFile, ...]) -> None:
    """Prepare a worker process, which ends with the process that started it."""
    global _files
    _files = files
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to all processes at once; pending jobs are finished first
        signal.signal(number, signal.SIG_IGN)
    limit_opencv_threads()  # one core per worker
    limit_arrays(MAX_SET_BYTES)
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # the answer says what is wrong with a form
    end_with_parent()
    with contextlib.suppress(DigitsError):  # every job raises it again
        _models()


@cache
def _models() -> dict[str, LoadedModel]:
    return load_models(_files)


def find_model(name: str | None) -> LoadedModel:
    """Find a model; the default one for None."""
    models = _models()
    if name and name not in models:
        raise RefusedError(404, f"no model is named {name!r}: choose from {', '.join(models)}")
    return models[name or next(iter(models))]


def find_models(names: tuple[str, ...], off: tuple[str, ...]) -> list[LoadedModel]:
    """Find models, the default one without names, each without the units that are switched off."""
    chosen = [find_model(name) for name in dict.fromkeys(names)] or [find_model(None)]
    return [model.without(parse_off(off, model.name)) for model in chosen]


def describe_models() -> dict[str, Any]:
    """List the models."""
    return {"default": next(iter(_models())), "models": [model.to_dict() for model in _models().values()]}


def read(upload: Upload, model: str | None, hints: Hints) -> dict[str, Any]:
    """Read a picture; the answer names the model as the service lists it."""
    return _read(upload, model, hints)[1].to_dict() | {"model": find_model(model).name}


def list_pictures(upload: Upload) -> list[str]:
    """List the names of the pictures in a form."""
    return upload.list_pictures()


def read_set(upload: Upload, model: str | None, transpose: bool) -> dict[str, Any]:
    """Read a set of digits; always a long job, since its size says little of what it unpacks to."""
    if upload.is_short:
        raise LongJobError
    reader = find_model(model).reader
    content, name = upload.parts[:2]
    if name == DEFAULT_NAME:
        name = SET_NAMES.get(upload.media_type, DEFAULT_SET_NAME)
    batches: list[Images] = []
    with _collect_notices() as notices:
        for images in read_unlabelled_content(content, name, transpose=transpose):
            batches.append(images)
            if sum(map(len, batches)) > MAX_DIGITS:
                raise RefusedError(413, f"{name} has over {MAX_DIGITS:,} digits: send it in parts")
    read = (digit for images in batches for digit in reader.describe_digits(images))
    digits = [{"id": number, **digit.to_dict()} for number, digit in enumerate(read, 1)]
    return {"file": name, "digits": digits, "notices": notices}


@contextlib.contextmanager
def _collect_notices() -> Iterator[list[str]]:
    """Collect what the readers of sets log, in place of printing it."""
    notices: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: notices.append(record.getMessage())  # type: ignore[method-assign]
    readers = logging.getLogger("digits.data")
    readers.addHandler(handler)
    readers.propagate = False
    try:
        yield notices
    finally:
        readers.removeHandler(handler)
        readers.propagate = True


def read_table(
    upload: Upload, model: str | None, upright: bool, fields: tuple[str, ...], column: str, sums: str | None
) -> dict[str, Any]:
    """Read the table in a picture, or a table of the fields on it, of which the first may be matched with a roster."""
    wanted = parse_fields(fields) if fields else ()
    if wanted and sums:
        raise RefusedError(400, "sums and field cannot be combined: sums are of tables")
    roster = _find_roster(upload, wanted, column)
    reader = find_model(model).reader
    page = upload.decode()
    if not wanted:
        return read_decoded_table(reader, page.decoded, page.name, upright=upright, sums=sums).to_dict()
    wanted, rosters = find_rosters(roster, wanted)
    forms = [NumberForm(each) if each else None for each in rosters]
    found = gather(reader, page.decoded, page.name, wanted, forms, upright=upright)
    return decide([found], wanted, rosters).to_table().to_dict()


def _find_roster(upload: Upload, fields: tuple[Field, ...], column: str) -> Roster | None:
    """Parse the roster of a request; its fields may name no list, which would be a file of this computer."""
    if named := next((field.name for field in fields if field.constraints.one_of), ""):
        raise RefusedError(400, f"the field {named} names a file, which a request cannot: send it as a roster")
    if upload.parts.roster is None:
        return None
    if not fields:
        raise RefusedError(400, "a roster needs a field to compare: add one, such as field=id:9")
    return parse_roster(upload.parts.roster, upload.parts.roster_name, fields[0], column)


def _read(upload: Upload, model: str | None, hints: Hints) -> tuple[DecodedUpload, Reading]:
    reader = find_model(model).reader
    page = upload.decode()
    return page, reader.read_decoded(page.decoded, **hints._asdict(), name=page.name)


def explain(
    upload: Upload,
    models: tuple[str, ...],
    hints: Hints,
    focus: int,
    evidence: bool,
    preview: bool,
    off: tuple[str, ...],
) -> dict[str, Any]:
    """Read a picture and explain one digit; the arguments are those of `explain_reading` and `parse_off`."""
    return explain_reading(
        upload.decode(), find_models(models, off), hints, focus=focus, evidence=evidence, preview=preview
    )


def cut_digit(upload: Upload, digit: int, model: str | None, hints: Hints) -> CutDigit:
    """Cut one digit out of a picture, to store it."""
    page, reading = _read(upload, model, hints)
    if digit >= len(reading.digits) or not reading.digits[digit].image.any():
        raise RefusedError(422, f"the picture has no digit {digit}: {len(reading.digits)} found, counted from 0")
    from PIL import Image

    found = reading.digits[digit]
    seen, drawing = found.image, crop_digit(page.decoded.picture, reading, found)[0]
    return CutDigit(encode_png(Image.fromarray(seen)), encode_png(Image.fromarray(drawing)), found.value)
