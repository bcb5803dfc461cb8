"""A model file: an ONNX graph that carries its own description and self-check.

The graph turns ``uint8[n, 28, 28]`` into logits; normalization is inside it. Its metadata say what it is and how
accurate, and hold a few golden digits with their expected logits; loading a model checks these first.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.errors import DataError, ModelError, ModelNotFoundError, UsageError
from digits.files import expand_home, parse_json_object
from digits.inference.inputs import to_images
from digits.inference.metadata import check_metadata
from digits.inference.trial import open_session
from digits.options import shorten
from digits.shapes import UInt8
from digits.types import CLASSES, MODEL_FORMAT, MODEL_INPUT, MODEL_OUTPUT, SIDE, Images, Logits, Probabilities, softmax

if TYPE_CHECKING:
    import onnxruntime

SHIPPED_MODELS = ("cnn", "mlp")
"""Names of the models that come with the package, the default first: the more accurate, and 784-256-128-10."""

FINDER = "finder"
"""Name of the finder that comes with the package."""

SHIPPED_FOLDER = Path(__file__).parent.parent / "pretrained"

# Logits may differ this much between processors and runtimes; summing in another order moves them by about 1e-5.
ABSOLUTE_TOLERANCE = RELATIVE_TOLERANCE = 1e-3

MAX_MODEL_BYTES = 256 * 2**20
"""Size of a model file, at most; the shipped ones have 1 MB."""

MAX_GOLDEN_DIGITS = 100
"""Digits of a self-check, at most; those that digits writes have four."""

BATCH_SIZE = 1000  # keeps the processor busy, and memory flat for any number of digits


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A loaded model; `load_model` makes them.

    Attributes
    ----------
    metadata
        Network, recipe, training data, figures, temperature and rejection threshold, as the file states them.
    graph
        The content of the file.
    name
        Name of a shipped model, of the file, or of the run folder.
    """

    session: onnxruntime.InferenceSession
    metadata: dict[str, Any]
    graph: bytes
    name: str = "model"

    def logits(self, images: Images) -> Logits:
        """Compute the logits of digits that are ``uint8[n, 28, 28]`` already.

        Raises
        ------
        DataError
            When the images have another shape or dtype.
        """
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
            raise DataError(f"images must be uint8[n, {SIDE}, {SIDE}]; these are {images.dtype}{list(images.shape)}")
        if not len(images):
            return np.zeros((0, CLASSES), np.float32)
        batches = (images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE))
        return np.concatenate([self.session.run([MODEL_OUTPUT], {MODEL_INPUT: batch})[0] for batch in batches])

    def predict_proba(self, digits: Any) -> Probabilities:
        """Compute the calibrated probability of each class.

        Parameters
        ----------
        digits
            Arrays, torch tensors, nested lists or Pillow pictures: ``[28, 28]``, ``[n, 28, 28]`` or ``[n, 784]``,
            bright ink on 0; whole numbers 0–255, floats 0–1 or 0–255. Use `digits.read` for pictures of other sizes.

        Raises
        ------
        UsageError
            When shape or range are anything else, with what to pass instead.
        """
        return self.calibrate(self.logits(to_images(digits)))

    def calibrate(self, logits: Logits) -> Probabilities:
        """Turn logits into probabilities by the model's temperature."""
        return softmax(logits, self.metadata["temperature"])

    def predict(self, digits: Any) -> UInt8[np.ndarray, " n"]:
        """Predict the class of each digit, 0–9; `digits` as in `predict_proba`."""
        classes: UInt8[np.ndarray, " n"] = self.logits(to_images(digits)).argmax(1).astype(np.uint8)
        return classes

    def __repr__(self) -> str:
        facts = [str(self.metadata.get("network", "network unknown"))]
        facts += [f"{self.metadata['parameters']:,} parameters"] if "parameters" in self.metadata else []
        accuracy = self.metadata.get("test", {}).get("accuracy")
        facts += [f"test accuracy {100 * accuracy:.2f} %"] if accuracy is not None else []
        return f"<Model {self.name}: {', '.join(facts)}>"


def load_model(model: str | os.PathLike[str], *, threads: int = 0) -> Model:
    """Load a model and run its self-check.

    Parameters
    ----------
    model
        ``"cnn"``, the more accurate of the shipped models; ``"mlp"``, the classic 784-256-128-10; the path of an
        ``.onnx`` file; or a run folder with ``model.onnx`` in it.
    threads
        Processor threads to use; 0: all.

    Raises
    ------
    ModelNotFoundError
        When there is no such model.
    ModelError
        When the file was not written by digits, is newer than this version reads, asks for too much, or fails its
        self-check.
    """
    file, content = read_model(model)
    return open_model(content, file, threads=threads, is_trusted=file.parent == SHIPPED_FOLDER)


def read_model(model: str | os.PathLike[str]) -> tuple[Path, bytes]:
    """Find a model's file and read it; parameter and errors are those of `load_model`."""
    path = locate_model(model)
    file = path / "model.onnx" if path.is_dir() else path
    if not file.is_file():
        raise ModelNotFoundError(
            f"there is no model file {file}: name a shipped model ({' or '.join(SHIPPED_MODELS)}), a model file or a "
            "run folder; `digits train` makes one"
        )
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_MODEL_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > MAX_MODEL_BYTES:
        raise ModelError(
            f"{file} is larger than {MAX_MODEL_BYTES // 2**20} MiB, far more than a network for digits needs"
        )
    return file, content


def open_model(content: bytes, file: Path, *, threads: int = 0, is_trusted: bool = False) -> Model:
    """Make a model from the content of its file and run its self-check.

    Parameters
    ----------
    content
        The content.
    file
        Where it was found, for its name and for errors.
    threads
        As in `load_model`.
    is_trusted
        Whether digits made it itself. Any other is checked before it is run, and loaded in a process of its own first.

    Raises
    ------
    ModelError
        As `load_model`.
    """

    def check(text: str | bytes | None) -> None:
        _read_golden(file, _read_metadata(file, text))

    session, text = open_session(content, file, None if is_trusted else check, threads=threads)
    metadata = _read_metadata(file, text)
    _check_interface(file, session)
    name = file.resolve().parent.name if file.name == "model.onnx" else file.stem
    loaded = Model(session, metadata, content, name)
    _run_self_check(file, loaded)
    return loaded


def locate_model(model: str | os.PathLike[str]) -> Path:
    """Give the file of a shipped model for its name; any other path as it is."""
    if not isinstance(model, str | os.PathLike):
        names = " or ".join(SHIPPED_MODELS)
        raise UsageError(f"a model is {names}, or the path of a model file or run folder; this is {model!r}")
    shipped = SHIPPED_FOLDER / f"{os.fspath(model)}.onnx"
    return shipped if os.fspath(model) in (*SHIPPED_MODELS, FINDER) else expand_home(model)


def encode_golden(images: Images, logits: Logits) -> dict[str, str]:
    """Encode golden digits and their logits for a model file's metadata."""
    return {
        "images": base64.b64encode(np.ascontiguousarray(images).tobytes()).decode(),
        "logits": base64.b64encode(logits.astype("<f4").tobytes()).decode(),
    }


def agree(logits: Logits, expected: Logits) -> bool:
    """Whether logits of two runtimes are equal up to the order of summation."""
    return bool(np.allclose(logits, expected, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE))


def _read_metadata(file: Path, text: str | bytes | None) -> dict[str, Any]:
    try:
        metadata = parse_json_object(text or "")
        version = metadata["format"]
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"{file} is an ONNX file, but not a digits model: it lacks the metadata; `digits train` makes one"
        ) from error
    if version != MODEL_FORMAT:
        raise ModelError(
            f"{file} has model format {shorten(version)}; this version of digits reads format {MODEL_FORMAT}: "
            "export the model again, or install the version of digits that wrote it"
        )
    try:
        check_metadata(metadata)
        if "temperature" not in metadata:
            raise ValueError("temperature is missing")
    except ValueError as error:
        raise ModelError(f"{file} has broken metadata: {error}; export the model again") from error
    return metadata


def _check_interface(file: Path, session: onnxruntime.InferenceSession) -> None:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    found = [(value.name, value.type, value.shape[1:]) for value in (*inputs, *outputs)]
    if found != [(MODEL_INPUT, "tensor(uint8)", [SIDE, SIDE]), (MODEL_OUTPUT, "tensor(float)", [CLASSES])]:
        raise ModelError(
            f"{file} does not turn uint8[n, {SIDE}, {SIDE}] into float32[n, {CLASSES}]: it has {shorten(found)}"
        )


def _read_golden(file: Path, metadata: dict[str, Any]) -> tuple[Images, Logits]:
    try:
        golden = metadata["golden"]
        images = np.frombuffer(base64.b64decode(golden["images"]), np.uint8).reshape(-1, SIDE, SIDE)
        expected = np.frombuffer(base64.b64decode(golden["logits"]), "<f4").reshape(-1, CLASSES)
        if not 0 < len(images) == len(expected) <= MAX_GOLDEN_DIGITS:
            raise ValueError(f"it must have 1 to {MAX_GOLDEN_DIGITS} golden digits, each with its logits")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{file} has broken metadata: {error}; export the model again") from error
    return images, expected.astype(np.float32)


def _run_self_check(file: Path, model: Model) -> None:
    images, expected = _read_golden(file, model.metadata)
    try:
        answered = model.logits(images)
    except Exception as error:  # ONNX Runtime has no common base for what a graph raises while it runs
        raise ModelError(f"{file} fails its self-check: {str(error).splitlines()[0]}") from error
    if not agree(answered, expected):
        raise ModelError(f"{file} fails its self-check: it was changed or damaged; export the model again")
