"""A model file: an ONNX graph that carries its own description and its own proof.

The graph turns ``uint8[n, 28, 28]`` into logits; normalisation is inside it. Its metadata say what it is, how good it
is, and hold a few golden digits with the logits they must give; every load checks those before anything is read.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.errors import DataError, ModelError
from digits.types import CLASSES, MODEL_FORMAT, MODEL_INPUT, MODEL_OUTPUT, SIDE, Images, Logits, Probabilities, softmax

if TYPE_CHECKING:
    import onnxruntime

ABSOLUTE_TOLERANCE = 1e-3
RELATIVE_TOLERANCE = 1e-3
"""How far logits may differ between processors and runtimes: sums in another order move them by about 1e-5."""

BATCH = 1000
"""Digits given to the graph at once: enough to keep the processor busy, and memory flat for any number."""


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model file; `load_model` makes them.

    Attributes
    ----------
    metadata
        What the file says of itself: network, recipe, data, figures, temperature, rejection threshold.
    """

    session: onnxruntime.InferenceSession
    metadata: dict[str, Any]

    def logits(self, images: Images) -> Logits:
        """Give the logits of any number of digits.

        Raises
        ------
        DataError
            When the images are not ``uint8[n, 28, 28]``.
        """
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
            raise DataError(f"images must be uint8[n, {SIDE}, {SIDE}]; these are {images.dtype}{list(images.shape)}")
        if not len(images):
            return np.zeros((0, CLASSES), np.float32)
        batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
        return np.concatenate([self.session.run([MODEL_OUTPUT], {MODEL_INPUT: batch})[0] for batch in batches])

    def probabilities(self, images: Images) -> Probabilities:
        """Give the calibrated probability of every class for any number of digits."""
        return softmax(self.logits(images), self.metadata["temperature"])


def load_model(path: str | Path, *, threads: int = 0) -> Model:
    """Load a model file and check that it still gives its golden answers.

    Parameters
    ----------
    path
        An ``.onnx`` file, or a run folder with ``model.onnx`` in it.
    threads
        Threads of the processor to use; 0: all.

    Raises
    ------
    ModelError
        When the file is missing, is not one of ours, is newer than this reader, or does not give its golden answers.
    """
    file = Path(path)
    file = file / "model.onnx" if file.is_dir() else file
    if not file.is_file():
        raise ModelError(f"there is no model file {file}; `digits train` makes one")
    try:
        session = session_of(file.read_bytes(), threads)
    except Exception as error:  # ONNX Runtime has no common base for what a broken file raises
        raise ModelError(f"{file} is not a model that ONNX Runtime can read: {error}") from error
    metadata = _metadata(file, session)
    model = Model(session, metadata)
    _check_golden(file, model)
    return model


def session_of(graph: bytes, threads: int) -> onnxruntime.InferenceSession:
    """Make ready to run a graph, without a word to anybody.

    ONNX Runtime sends its makers a report on every process from release 1.29 on, and leaves a number on the disk by
    which it knows the computer again, unless it is told not to before it is imported. What people read is nobody
    else's business; who wants to report sets the variable to 0.

    Parameters
    ----------
    graph
        The content of an ``.onnx`` file.
    threads
        Threads of the processor to use; 0: all.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # errors are raised, and need not be printed too
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def encode_golden(images: Images, logits: Logits) -> dict[str, str]:
    """Write golden digits and their logits as they stand in a model file's metadata."""
    return {
        "images": base64.b64encode(np.ascontiguousarray(images).tobytes()).decode(),
        "logits": base64.b64encode(logits.astype("<f4").tobytes()).decode(),
    }


def agree(logits: Logits, expected: Logits) -> bool:
    """Whether two runtimes gave the same logits, but for the order of their sums."""
    return bool(np.allclose(logits, expected, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE))


def _metadata(file: Path, session: onnxruntime.InferenceSession) -> dict[str, Any]:
    try:
        metadata = json.loads(session.get_modelmeta().custom_metadata_map["digits"])
        version = metadata["format"]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{file} is an ONNX file, but not a digits model: it lacks our metadata; `digits train` makes one"
        ) from error
    if version != MODEL_FORMAT:
        raise ModelError(
            f"{file} has model format {version!r}; this version of digits reads format {MODEL_FORMAT}: "
            "export the model again, or install the version of digits that wrote it"
        )
    inputs, outputs = session.get_inputs(), session.get_outputs()
    found = [(value.name, value.type, value.shape[1:]) for value in (*inputs, *outputs)]
    if found != [
        (MODEL_INPUT, "tensor(uint8)", [SIDE, SIDE]),
        (MODEL_OUTPUT, "tensor(float)", [CLASSES]),
    ]:
        raise ModelError(f"{file} does not turn uint8[n, {SIDE}, {SIDE}] into float32[n, {CLASSES}]: it has {found}")
    return dict(metadata)


def _check_golden(file: Path, model: Model) -> None:
    try:
        golden = model.metadata["golden"]
        images = np.frombuffer(base64.b64decode(golden["images"]), np.uint8).reshape(-1, SIDE, SIDE)
        expected = np.frombuffer(base64.b64decode(golden["logits"]), "<f4").reshape(-1, CLASSES)
        temperature = float(model.metadata["temperature"])
        if not len(images) or len(images) != len(expected) or not 0 < temperature < float("inf"):
            raise ValueError("the golden digits or the temperature are not usable")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{file} has broken metadata: {error}; export the model again") from error
    try:
        answered = model.logits(images)
    except Exception as error:  # ONNX Runtime has no common base for what a graph raises while it runs
        raise ModelError(f"{file} cannot read its own golden digits: {str(error).splitlines()[0]}") from error
    if not agree(answered, expected):
        raise ModelError(f"{file} does not give the answers it was exported with: it was changed or damaged")
