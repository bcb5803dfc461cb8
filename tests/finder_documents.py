"""Documents of rectangles with a known truth, and a network that sees every rectangle: the finder without learning."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from digits.inference.finder.outputs import outputs
from digits.synthesis.documents.truth import CHARACTERS, Document, Truth
from digits.training.finder.targets import Targets, encode

GREY_STEP = 10
"""Grey levels between two classes of rectangles; the ground is black."""


def describe(
    size: tuple[int, int], boxes: Sequence[Sequence[int]], labels: Sequence[int] | None = None, **more: object
) -> Document:
    """A picture with one filled rectangle per box, whose grey level is 40 + 10 times its label; one line each."""
    n = len(boxes)
    chosen = np.array(labels if labels is not None else [0] * n, np.uint8)
    picture = np.zeros(size, np.uint8)
    for (x, y, width, height), label in zip(boxes, chosen, strict=True):
        picture[y : y + height, x : x + width] = 40 + GREY_STEP * label
    truth: dict[str, object] = {
        "labels": chosen, "boxes": np.array(boxes, np.int64).reshape(n, 4), "lines": np.arange(n),
        "orders": np.zeros(n, np.int64), "directions": np.zeros(n, np.float32), "printed": np.zeros(n, bool),
        "struck": np.zeros(n, bool), "visible": np.ones(n, np.float32), "mask": np.zeros(size, np.uint16),
    }  # fmt: skip
    return Document(picture, Truth(**truth | more))  # type: ignore[arg-type]


def answer(targets: Targets) -> list[dict[str, np.ndarray]]:
    """The outputs of a network that gives exactly its targets, as the exported one has them, for each picture."""
    n, _, height, width = targets.heat.shape
    flat = {name: torch.zeros(n * height * width, channels) for name, channels in outputs(len(CHARACTERS)).items()}
    cells = targets.cells
    flat["classes"][:] = -20
    flat["classes"][cells, targets.labels.clamp(min=0)] = 0
    flat["boxes"][cells] = targets.boxes
    flat["links"][cells] = torch.cat((20 * targets.links[:, :1] - 10, targets.links[:, 1:]), 1)
    flat["directions"][cells] = targets.directions
    flat["struck"][cells] = 20 * targets.struck[:, None] - 10
    maps = {name: values.view(n, height, width, -1).permute(0, 3, 1, 2).numpy() for name, values in flat.items()}
    maps["centres"] = (targets.heat * (targets.heat == 1)).numpy()
    maps["small"] = targets.small[:, None].numpy()
    return [{name: values[row] for name, values in maps.items()} for row in range(n)]


def see_rectangles(picture: np.ndarray) -> dict[str, np.ndarray]:
    """A network that finds every rectangle of `describe`, with its class, in a picture of any scale."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((picture > 15).astype(np.uint8))
    boxes = stats[1:, :4]
    middles = [picture[y + height // 2, x + width // 2] for x, y, width, height in boxes]
    labels = [round((int(grey) - 40) / GREY_STEP) % len(CHARACTERS) for grey in middles]
    return answer(encode([describe(picture.shape, boxes.tolist(), labels)]))[0]
