"""The finder: a model file that finds handwritten digits and signs in pictures of any size."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.errors import DataError, ModelError
from digits.files import parse_json_object
from digits.inference.finder.marks import Marks
from digits.inference.finder.outputs import MULTIPLE, STRIDE, outputs
from digits.inference.finder.scales import find_at_all_scales
from digits.inference.metadata import check_entries
from digits.inference.model import SHIPPED_FOLDER, read_model
from digits.inference.trial import open_session
from digits.options import shorten
from digits.shapes import Float32, UInt8
from digits.types import CLASSES

if TYPE_CHECKING:
    import onnxruntime

FINDER_FORMAT = 1
"""Version of a finder's metadata; loading refuses any other."""

FINDER_INPUT = "pictures"

MIN_SCORE = 0.58
"""Score from which on something is a mark: where the fewest digits of synthetic documents are missed or invented, as
`python -m benchmarks experts` finds it."""

MIN_CANDIDATE_SCORE = 0.15
"""Score from which on the model looks at a mark: less than is enough for the finder alone, since the model's confidence
can make up for the rest."""

MAX_CLASSES = 100
"""Classes of characters, at most."""

MAX_GOLDEN_SIDE = 256
"""Pixels."""

TOLERANCE = 0.02
"""By how much outputs may differ between processors and runtimes; wrong weights differ by far more."""

SCHEMA: dict[str, Any] = {
    "kind": str,
    "classes": str,
    "network": str,
    "seed": (int, 0, 2**63),
    "parameters": (int, 0, 2**63),
    "epochs": (int, 0, 2**63),
    "steps_per_epoch": (int, 0, 2**63),
}
"""The entries of the metadata that digits reads, as in `digits.inference.metadata`."""


@dataclass(frozen=True, eq=False, repr=False)
class Finder:
    """A loaded finder; `load_finder` makes them.

    Attributes
    ----------
    metadata
        Network, training and classes, as the file states them.
    """

    session: onnxruntime.InferenceSession
    metadata: dict[str, Any]

    @property
    def classes(self) -> str:
        """The characters that it knows; the digits come first."""
        return str(self.metadata["classes"])

    def find(self, picture: np.ndarray, *, min_score: float = MIN_SCORE) -> Marks:
        """Find digits and signs.

        Parameters
        ----------
        picture
            ``uint8[h, w]``: grey, 0–255, ink dark or light, of any size.
        min_score
            Score from which on something is a mark, 0–1.

        Returns
        -------
        Marks
            In pixels of the picture, the most confident first.

        Raises
        ------
        DataError
            When the picture has another shape or dtype, or no pixels.
        """
        if picture.dtype != np.uint8 or picture.ndim != 2 or not picture.size:
            raise DataError(f"a picture must be grey, uint8[h, w]; this is {picture.dtype}{list(picture.shape)}")
        return find_at_all_scales(picture, self.run, min_score)

    def run(self, picture: UInt8[np.ndarray, "h w"]) -> dict[str, Float32[np.ndarray, "_c _h _w"]]:
        """Compute the network's outputs for a picture whose sides are multiples of `MULTIPLE`."""
        names = list(outputs(len(self.classes)))
        found = self.session.run(names, {FINDER_INPUT: picture[None]})
        return {name: values[0] for name, values in zip(names, found, strict=True)}

    def __repr__(self) -> str:
        return f"<Finder of {self.classes}: {self.metadata.get('network', 'network unknown')}>"


def load_finder(model: str | os.PathLike[str], *, threads: int = 0) -> Finder:
    """Load a finder and run its self-check.

    Parameters
    ----------
    model
        ``"finder"``, the one that comes with the package; an ``.onnx`` file that `digits train finder` made, or the run
        folder with ``model.onnx`` in it.
    threads
        Processor threads to use; 0: all.

    Raises
    ------
    ModelNotFoundError
        When there is no such file.
    ModelError
        When the file was not written by digits, is newer than this version reads, asks for too much, or fails its
        self-check.
    """
    file, content = read_model(model)
    return open_finder(content, file, threads=threads, is_trusted=file.parent == SHIPPED_FOLDER)


def open_finder(content: bytes, file: Path, *, threads: int = 0, is_trusted: bool = False) -> Finder:
    """Make a finder from the content of its file and run its self-check.

    Parameters
    ----------
    content
        The content.
    file
        Where it was found, for errors.
    threads
        As in `load_finder`.
    is_trusted
        Whether digits made it itself. Any other is checked before it is run, and loaded in a process of its own first.

    Raises
    ------
    ModelError
        As `load_finder`.
    """

    def check(text: str | bytes | None) -> None:
        _read_golden(file, _read_metadata(file, text))

    session, text = open_session(content, file, None if is_trusted else check, threads=threads, kind="finder")
    metadata = _read_metadata(file, text)
    _check_interface(file, session, len(metadata["classes"]))
    finder = Finder(session, metadata)
    _run_self_check(file, finder)
    return finder


def encode_golden(picture: UInt8[np.ndarray, "h w"], centres: Float32[np.ndarray, "2 _h _w"]) -> dict[str, Any]:
    """Encode a golden picture and its centres for a finder's metadata."""
    return {
        "shape": list(picture.shape),
        "picture": base64.b64encode(np.ascontiguousarray(picture).tobytes()).decode(),
        "centres": base64.b64encode(centres.astype("<f4").tobytes()).decode(),
    }


def _read_metadata(file: Path, text: str | bytes | None) -> dict[str, Any]:
    try:
        metadata = parse_json_object(text or "")
        if metadata.get("kind") != "finder":
            raise ValueError("it is no finder")
    except ValueError as error:
        raise ModelError(
            f"{file} is an ONNX file, but not a finder of digits: {error}; `digits train finder` makes one"
        ) from error
    if metadata.get("format") != FINDER_FORMAT:
        raise ModelError(
            f"{file} has finder format {shorten(metadata.get('format'))}; this version of digits reads format "
            f"{FINDER_FORMAT}: export the finder again, or install the version of digits that wrote it"
        )
    try:
        check_entries(metadata, SCHEMA, ("classes",))
        classes = metadata["classes"]
        if not classes.startswith("0123456789") or not CLASSES <= len({*classes}) == len(classes) <= MAX_CLASSES:
            raise ValueError(f"its classes must be the ten digits and other characters, not {shorten(classes)}")
    except ValueError as error:
        raise ModelError(f"{file} has broken metadata: {error}; export the finder again") from error
    return metadata


def _check_interface(file: Path, session: onnxruntime.InferenceSession, classes: int) -> None:
    found = [(value.name, value.type, len(value.shape)) for value in session.get_inputs()]
    found += [(value.name, value.type, value.shape[1]) for value in session.get_outputs()]
    wanted = [(name, "tensor(float)", channels) for name, channels in outputs(classes).items()]
    if found != [(FINDER_INPUT, "tensor(uint8)", 3), *wanted]:
        raise ModelError(f"{file} does not have the input and outputs of a finder: it has {shorten(found)}")


def _read_golden(
    file: Path, metadata: dict[str, Any]
) -> tuple[UInt8[np.ndarray, "h w"], Float32[np.ndarray, "2 _h _w"]]:
    try:
        golden = metadata["golden"]
        height, width = golden["shape"]
        if not all(
            type(side) is int and 0 < side <= MAX_GOLDEN_SIDE and side % MULTIPLE == 0 for side in (height, width)
        ):
            raise ValueError(f"the sides of its golden picture must be multiples of {MULTIPLE}")
        picture = np.frombuffer(base64.b64decode(golden["picture"]), np.uint8).reshape(height, width)
        centres = np.frombuffer(base64.b64decode(golden["centres"]), "<f4").reshape(
            2, height // STRIDE, width // STRIDE
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{file} has broken metadata: {error}; export the finder again") from error
    return picture, centres.astype(np.float32)


def _run_self_check(file: Path, finder: Finder) -> None:
    picture, expected = _read_golden(file, finder.metadata)
    try:
        answered = finder.run(picture)["centres"]
    except Exception as error:  # ONNX Runtime has no common base for what a graph raises while it runs
        raise ModelError(f"{file} fails its self-check: {str(error).splitlines()[0]}") from error
    if answered.shape != expected.shape or not np.allclose(answered, expected, rtol=0, atol=TOLERANCE):
        raise ModelError(f"{file} fails its self-check: it was changed or damaged; export the finder again")
