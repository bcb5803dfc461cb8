"""What a page shows of a network while it trains: ``live.json`` in the run folder, written at up to 2 % of the time.

What it showed at some sixty moments is kept in ``film.npz``, of which the report makes ``training.webp``.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from digits.files import read_json_object, write_atomically
from digits.shapes import Float32, UInt8
from digits.training.engine.checkpoint import Epoch
from digits.types import CLASSES, SIDE, LabelledDigits

FILE = "live.json"
"""Its name in a run folder."""

KEPT = "film.npz"
"""Name of the file with the pictures of the film, as `digits.evaluation.figures.draw_film` takes them."""

MAX_PICTURES = 60
"""Pictures that are kept, evenly over the epochs."""

MAX_SHARE = 0.02
"""Share of the time that looking may take; measured and kept while the run trains."""

LOOKED_AT = 1000
"""Validation digits that every frame classifies."""

MAPPED = 400
"""Of these, those on the map: more would cover each other."""

MAX_SHOWN = 64
"""Units or filters of the first layer whose weights are shown."""

MAX_FRAMES = 600
"""Frames that are kept of the curves; when there are more, every second one is left out."""


class Film:
    """Look at a network while it trains, without changing a bit of what it becomes.

    Parameters
    ----------
    folder
        The run folder; frames of an earlier session are continued.
    network
        The network that is trained.
    validation
        The validation digits; the first thousand are looked at.
    name
        What the page calls the network, such as a member of an ensemble. A film begins anew with each.
    """

    def __init__(self, folder: Path, network: nn.Module, validation: LabelledDigits, name: str) -> None:
        self.file, self.network, self.name = folder / FILE, network, name
        device = next(network.parameters()).device
        self._images = torch.from_numpy(validation.images[:LOOKED_AT].copy()).to(device)
        self.labels = validation.labels[:LOOKED_AT].astype(np.int64)
        self.frames: list[dict[str, float]] = []
        with contextlib.suppress(OSError, ValueError):  # a first session, or one whose file is damaged
            self.frames = list(read_json_object(self.file)["frames"])
        self._kept = _Pictures(folder / KEPT)
        self._before: float | None = None  # seconds of earlier sessions, known with the first look
        self._started = time.perf_counter()
        self._spent = self._cost = 0.0
        self._places: Float32[np.ndarray, "m 2"] | None = None

    def look(self, done: float, epochs: int, history: list[Epoch], *, is_last: bool = False) -> None:
        """Add a frame, if there is time for one; the arguments are those of the loop's progress.

        The last frame is added in any case.
        """
        now = time.perf_counter()
        if not is_last and self._spent + self._cost > MAX_SHARE * (now - self._started):
            return
        if self._before is None:
            # what an interrupted epoch showed is trained again
            self.frames = [frame for frame in self.frames if frame["done"] < done]
            self._kept.forget(done)
            self._before = self.frames[-1]["seconds"] if self.frames else 0.0
        with _unchanged(self.network):
            logits, hidden = self._read()
        self.frames.append(self._measure(done, self._before + now - self._started, logits))
        if len(self.frames) > MAX_FRAMES:
            del self.frames[1:-1:2]
        content = {
            "done": done, "epochs": epochs, "history": [asdict(row) for row in history], "frames": self.frames,
            "confusion": self._confuse(logits), "map": self._map(hidden), "weights": show_first_layer(self.network),
            "cost": self._spent, "network": self.name,
        }  # fmt: skip
        write_atomically(self.file, json.dumps(content).encode())
        if is_last or self._kept.is_due(done, epochs):
            self._kept.add(done, np.array(content["confusion"]), get_first_layer(self.network), self.frames)
        self._cost = time.perf_counter() - now
        self._spent += self._cost

    def _read(self) -> tuple[Float32[np.ndarray, "n 10"], Float32[np.ndarray, "n h"] | None]:
        """Compute the logits of the digits, and what goes into the last linear layer."""
        seen: list[Tensor] = []
        layers = [layer for layer in self.network.modules() if isinstance(layer, nn.Linear)]
        hooks = [layers[-1].register_forward_pre_hook(lambda _, given: seen.append(given[0]))] if layers else []
        try:
            logits = self.network(self._images).float().cpu().numpy()
        finally:
            for hook in hooks:
                hook.remove()
        return logits, seen[-1].float().flatten(1).cpu().numpy() if seen else None

    def _measure(self, done: float, seconds: float, logits: Float32[np.ndarray, "n 10"]) -> dict[str, float]:
        rows = logits.astype(np.float64)
        rows -= rows.max(1, keepdims=True)
        losses = np.log(np.exp(rows).sum(1)) - rows[np.arange(len(rows)), self.labels]
        accuracy = float((logits.argmax(1) == self.labels).mean())
        return {"done": done, "seconds": seconds, "loss": float(losses.mean()), "accuracy": accuracy}

    def _confuse(self, logits: Float32[np.ndarray, "n 10"]) -> list[list[int]]:
        """Count the digits of each class (rows) that are taken for each class (columns)."""
        counts = np.bincount(CLASSES * self.labels + logits.argmax(1), minlength=CLASSES**2)
        table: list[list[int]] = counts.reshape(CLASSES, CLASSES).tolist()
        return table

    def _map(self, hidden: Float32[np.ndarray, "n h"] | None) -> dict[str, Any] | None:
        """Place digits by the two main directions of the last hidden layer, turned as the last map was."""
        if hidden is None or hidden.shape[1] < 2:
            return None
        centred = hidden - hidden.mean(0)
        _, directions = np.linalg.eigh(centred.T @ centred)
        places = (centred @ directions[:, -2:])[:MAPPED]
        places /= max(float(np.abs(places).max()), 1e-9)
        if self._places is not None:
            # the nearest turn or mirror image (Schönemann 1966): directions have no sign of their own
            left, _, right = np.linalg.svd(places.T @ self._places)
            places = places @ (left @ right)
        self._places = places
        return {"places": np.round(places, 3).tolist(), "labels": self.labels[:MAPPED].tolist()}


class _Pictures:
    """The pictures of a film, in a file, which a resumed run continues."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.done: list[float] = []
        self.confusion: list[np.ndarray] = []
        self.weights: list[np.ndarray] = []
        with contextlib.suppress(Exception), np.load(file, allow_pickle=False) as kept:  # a first session, or damage
            self.done = kept["done"].tolist()
            self.confusion, self.weights = list(kept["confusion"]), list(kept["weights"])

    def forget(self, done: float) -> None:
        """Leave out what is trained again."""
        n = sum(each < done for each in self.done)
        del self.done[n:], self.confusion[n:], self.weights[n:]

    def is_due(self, done: float, epochs: int) -> bool:
        """Whether it is time for the next picture; the last place is that of the end."""
        return len(self.done) < MAX_PICTURES - 1 and done >= len(self.done) * epochs / (MAX_PICTURES - 1)

    def add(
        self, done: float, confusion: np.ndarray, weights: UInt8[np.ndarray, "_units _h _w"] | None, frames: list[Any]
    ) -> None:
        if len(self.done) == MAX_PICTURES:  # after many pauses, each of which adds its last picture
            for each in (self.done, self.confusion, self.weights):
                del each[1:-1:2]
        self.done.append(done)
        self.confusion.append(confusion)
        self.weights.append(np.zeros((0, 0, 0), np.uint8) if weights is None else weights)
        buffer = io.BytesIO()
        np.savez(
            buffer, done=np.array(self.done), confusion=np.array(self.confusion, np.uint16),
            weights=np.array(self.weights),
            frames=np.array([[frame[name] for name in ("done", "loss", "accuracy")] for frame in frames]),
        )  # fmt: skip
        write_atomically(self.file, buffer.getvalue())


def show_first_layer(network: nn.Module) -> dict[str, Any] | None:
    """Give the first layer's weights as pictures: ``shape``, and ``values`` in base64, bytes of which 128 is zero."""
    weights = get_first_layer(network)
    if weights is None:
        return None
    return {"shape": list(weights.shape), "values": base64.b64encode(weights.tobytes()).decode()}


def get_first_layer(network: nn.Module) -> UInt8[np.ndarray, "_units _h _w"] | None:
    """Give the first layer's weights as pictures, 128 for zero; None if they are none."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            weights = layer.weight.detach()[:MAX_SHOWN].float().cpu().numpy()
            if isinstance(layer, nn.Linear) and layer.in_features == SIDE * SIDE:
                pictures = weights.reshape(-1, SIDE, SIDE)
            elif isinstance(layer, nn.Conv2d) and layer.in_channels == 1:
                pictures = weights[:, 0]
            else:
                return None
            scaled = np.rint(128 + 127 * pictures / max(float(np.abs(pictures).max()), 1e-9))
            return np.asarray(scaled, np.uint8)
    return None


@contextlib.contextmanager
def _unchanged(network: nn.Module) -> Iterator[None]:
    """Let a network answer as after training, and then go on as if nothing had been asked."""
    modes = [(module, module.training) for module in network.modules()]
    device = next(network.parameters()).device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), torch.no_grad():
        network.eval()
        try:
            yield
        finally:
            for module, is_training in modes:
                module.training = is_training
