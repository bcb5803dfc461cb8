"""The models of the service, loaded: those of the package, and those that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from digits.inference import SHIPPED_MODELS, Reader, load_model
from digits.inference.interpret import Layers, open_layers
from digits.inference.model import locate_model


class Hints(NamedTuple):
    """What is known about a picture: that it holds a single digit, that it is upright."""

    single: bool
    upright: bool


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model of the service, under its name in requests."""

    name: str
    reader: Reader

    @cached_property
    def layers(self) -> Layers | None:
        """The layers of a fully connected network; loaded on first use, since this imports another library."""
        return open_layers(self.reader.model)

    def to_dict(self) -> dict[str, Any]:
        """Describe the model."""
        metadata = self.reader.model.metadata
        return {
            "name": self.name,
            "network": str(metadata.get("network", "")),
            "recipe": str(metadata.get("recipe", "")),
            "parameters": int(metadata.get("parameters", 0)),
            "test_accuracy": metadata.get("test", {}).get("accuracy"),
            "rejection_threshold": self.reader.threshold,
            "layers": list(self.layers.widths) if self.layers else None,
        }


def load_models(extra: Sequence[str]) -> dict[str, LoadedModel]:
    """Load the extra models and those of the package, by name; the first is the default.

    Equal names get a number: ``model``, ``model-2``. Each model reads in one thread, since several processes read at
    the same time.
    """
    models: dict[str, LoadedModel] = {}
    for place in (*extra, *SHIPPED_MODELS):
        path = locate_model(place)
        name = base = path.resolve().stem if path.suffix == ".onnx" else path.resolve().name
        number = 2
        while name in models:
            name, number = f"{base}-{number}", number + 1
        models[name] = LoadedModel(name, Reader(load_model(path, threads=1)))
    return models
