"""The types every package shares: what a digit is, labelled digits, logits and what they mean.

A digit is ``uint8[28, 28]``: background 0, ink up to 255. As in MNIST, the ink is scaled into a 20×20 box with its
aspect ratio kept, and its centre of mass is placed at the centre of the image (LeCun, Bottou, Bengio, Haffner 1998,
section III-A).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from digits.errors import DataError, UsageError
from digits.shapes import Float32, Float64, UInt8

SIDE = 28
"""Height and width of a digit in pixels."""

CLASSES = 10
"""Number of classes, and so of logits."""

PIXEL_MEAN = 0.1307
PIXEL_STD = 0.3081
"""Mean and standard deviation of the 60,000 MNIST training images, with pixels in 0–1."""

Images = UInt8[np.ndarray, "n 28 28"]
Labels = UInt8[np.ndarray, "n"]
Logits = Float32[np.ndarray, "n 10"]
Probabilities = Float32[np.ndarray, "n 10"]

MODEL_FORMAT = 1
"""Version of a model file's metadata; loading refuses any other."""

MODEL_INPUT = "images"
MODEL_OUTPUT = "logits"


@dataclass(frozen=True, eq=False)
class LabelledDigits:
    """Digits with their labels.

    Attributes
    ----------
    images
        Pixels 0–255, bright ink on a dark background.
    labels
        Classes 0–9, one per image.
    """

    images: Images
    labels: Labels

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
            raise DataError(f"images must be uint8[n, {SIDE}, {SIDE}]; these are {images.dtype}{list(images.shape)}")
        if labels.dtype != np.uint8 or labels.shape != (len(images),):
            raise DataError(f"labels must be uint8[{len(images)}]; these are {labels.dtype}{list(labels.shape)}")
        if len(labels) and labels.max() >= CLASSES:
            raise DataError(f"labels must be 0–{CLASSES - 1}; the largest is {labels.max()}")

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test digits.

    Attributes
    ----------
    name
        ``"MNIST"`` only when the decoded SHA-256 says so.
    location
        Where the files were found.
    sha256
        SHA-256 of the decoded arrays, by file name.
    classes
        The name of each label.
    held_out
        Whether `test` was held out of the training digits, since the files have no test part.
    validation
        Digits to choose by, if the files have such a part; otherwise, who needs some holds them out of `train`.
    picture_side
        Median longer side, in pixels, of the picture files that were fitted into 28 × 28; 0 if they were arrays.
    """

    name: str
    train: LabelledDigits
    test: LabelledDigits
    location: str
    sha256: dict[str, str]
    classes: tuple[str, ...] = tuple("0123456789")
    held_out: bool = False
    validation: LabelledDigits | None = None
    picture_side: int = 0


def softmax(logits: Logits, temperature: float = 1.0) -> Probabilities:
    """Compute the softmax of logits divided by a temperature.

    Parameters
    ----------
    logits
        One row per digit.
    temperature
        Above 0. Values above 1 lower the confidence, values below 1 raise it; the predicted class stays the same.

    Returns
    -------
    Rows in 0–1 that sum to 1.
    """
    result: Probabilities = np.exp(log_softmax(logits, temperature)).astype(np.float32)
    return result


def log_softmax(logits: Logits, temperature: float = 1.0) -> Float64[np.ndarray, "n 10"]:
    """Compute the logarithm of `softmax`, exact where the probabilities would round to 0."""
    if not 0 < temperature < math.inf:
        raise UsageError(f"temperature must be a number above 0, not {temperature}")
    scaled = np.asarray(logits, np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    result: Float64[np.ndarray, "n 10"] = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
    return result
