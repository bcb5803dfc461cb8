"""What the service knows: models, what they read in a picture, and why. No web in it: dictionaries come out."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from digits.inference import SHIPPED_MODELS, Reader, Reading, load_model
from digits.inference.interpret import Layers, find_evidence, open_layers
from digits.inference.model import locate_model
from digits.inference.page import segment_page
from digits.inference.results import Digit
from digits.inference.steps import trace_digit
from digits.preprocessing import Decoded
from digits.shapes import UInt8
from digits.web.refusals import RefusedError

PREVIEW = 1600
"""Longer side of a picture that is shown because the browser cannot show the file, such as HEIC or TIFF."""

STEP = 240
"""Longer side of the pictures of the steps."""


class Mode(NamedTuple):
    """What is known of a picture: that it is one digit, and that it stands upright."""

    single: bool = False
    upright: bool = False


@dataclass(frozen=True, eq=False)
class Opened:
    """A model that answers.

    Attributes
    ----------
    name
        What requests call it.
    path
        Its file.
    reader
        Reads with it, one thread a reading, since readings run beside each other.
    """

    name: str
    path: Path
    reader: Reader

    @cached_property
    def layers(self) -> Layers | None:
        """The network, opened, if it is fully connected; when it is first asked for, since it loads another library."""
        return open_layers(self.path)

    def to_dict(self) -> dict[str, Any]:
        """Say what it is."""
        told = self.reader.model.metadata
        return {
            "name": self.name,
            "network": str(told.get("network", "")),
            "recipe": str(told.get("recipe", "")),
            "parameters": int(told.get("parameters", 0)),
            "test_accuracy": told.get("test", {}).get("accuracy"),
            "rejection_threshold": self.reader.threshold,
            "layers": list(self.layers.widths) if self.layers else None,
        }


def opened_models(more: Sequence[str | os.PathLike[str]] = ()) -> dict[str, Opened]:
    """Load the models that come with the package, and others beside them, by their names; the default first.

    Parameters
    ----------
    more
        Model files or run folders; they come first.

    Raises
    ------
    ModelError
        When one is missing, broken, not ours or changed.
    """
    found: dict[str, Opened] = {}
    for place in (*more, *SHIPPED_MODELS):
        path = locate_model(place)
        name = base = path.resolve().stem if path.suffix == ".onnx" else path.resolve().name
        number = 2
        while name in found:
            name, number = f"{base}-{number}", number + 1
        found[name] = Opened(name, path, Reader(load_model(path, threads=1)))
    return found


class Service:
    """Answers about pictures.

    Parameters
    ----------
    models
        By name, the default first.
    """

    def __init__(self, models: dict[str, Opened]) -> None:
        self.models = models

    @property
    def default(self) -> str:
        """The model that reads where none is named."""
        return next(iter(self.models))

    def model(self, name: str | None) -> Opened:
        """Find a model.

        Raises
        ------
        RefusedError
            404 when there is none of this name.
        """
        if (name or self.default) not in self.models:
            raise RefusedError(404, f"there is no model {name!r}; there are {', '.join(self.models)}")
        return self.models[name or self.default]

    def read(self, decoded: Decoded, name: str, model: str | None, how: Mode) -> Reading:
        """Read a picture as `digits read` does."""
        return self.model(model).reader.read_decoded(decoded, **how._asdict(), name=name)

    def look(
        self,
        decoded: Decoded,
        name: str,
        models: Sequence[str],
        how: Mode,
        *,
        focus: int,
        evidence: bool,
        preview: bool,
    ) -> dict[str, Any]:
        """Read a picture with several models and open up one of its digits.

        Parameters
        ----------
        decoded, name
            The picture.
        models
            Who reads, by name; the first finds the digit that is opened up.
        how
            What is known of the picture.
        focus
            Number of that digit, from 0; from the end where negative.
        evidence
            Whether to say which ink spoke for the answer, and to show the steps.
        preview
            Whether to give the whole picture too, as a JPEG.
        """
        opened = [self.model(each) for each in dict.fromkeys(models or [self.default])]
        segmentation = None if how.single else segment_page(decoded.picture)
        readings = [
            each.reader.read_decoded(decoded, **how._asdict(), name=name, segmentation=segmentation) for each in opened
        ]
        answers = [
            {
                "model": each.name,
                "reading": reading.to_dict(),
                "probabilities": [_rounded(digit.probabilities, 4) for digit in reading.digits],
                "images": [base64.b64encode(digit.image.tobytes()).decode() for digit in reading.digits],
            }
            for each, reading in zip(opened, readings, strict=True)
        ]
        digits = readings[0].digits
        inside = None
        if digits:
            number = min(focus, len(digits) - 1) if focus >= 0 else max(len(digits) + focus, 0)
            inside = self._inside(opened, decoded, readings[0], number, evidence)
        return {
            "size": list(decoded.size),
            "turned": readings[0].turned,
            "answers": answers,
            "inside": inside,
            "preview": _address(_shrunk(decoded.picture, PREVIEW), "JPEG") if preview else None,
        }

    def _inside(
        self, opened: list[Opened], decoded: Decoded, reading: Reading, number: int, evidence: bool
    ) -> dict[str, Any]:
        digit = reading.digits[number]
        told = []
        for each in opened:
            layers, reader = each.layers, each.reader
            believed = reader.model.predict_proba(digit.image)[0]
            entry: dict[str, Any] = {
                "model": each.name,
                "probabilities": _rounded(believed, 4),
                "accepted": bool(believed.max() >= reader.threshold),
                "layers": [_rounded(units, 3) for units in layers.activations(digit.image)] if layers else None,
                "evidence": None,
            }
            if evidence and digit.image.any():
                found = find_evidence(reader.model, layers, digit.image, int(believed.argmax()))
                pixels = _rounded(found.pixels.ravel(), 4)
                entry["evidence"] = {"answer": found.answer, "pixels": pixels, "exact": found.exact}
            told.append(entry)
        return {
            "digit": number,
            "image": base64.b64encode(digit.image.tobytes()).decode(),
            "models": told,
            "steps": _steps(decoded, reading, digit) if evidence else None,
        }


def _steps(decoded: Decoded, reading: Reading, digit: Digit) -> dict[str, str]:
    steps = trace_digit(decoded.picture, reading, digit)
    return {
        "seen": _address(_shrunk(steps.seen, STEP), "JPEG"),
        "ink": _address(_shrunk(steps.ink, STEP), "PNG"),
        "digit": _address(steps.digit, "PNG"),
    }


def _rounded(values: np.ndarray, places: int) -> list[float]:
    rounded: list[float] = np.round(values.astype(np.float64), places).tolist()
    return rounded


def _shrunk(picture: UInt8[np.ndarray, "_h _w ..."], longest: int) -> UInt8[np.ndarray, "_h _w ..."]:
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((longest, longest))
    return np.asarray(image)


def _address(picture: UInt8[np.ndarray, "_h _w ..."], kind: str) -> str:
    """Write a picture as a ``data:`` address, which a page shows without asking again."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"
