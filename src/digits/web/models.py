"""The models of the service, loaded: those of the package, and those that the user names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from digits.inference import SHIPPED_MODELS, Reader
from digits.inference.interpret import Layers, Off, open_layers
from digits.inference.model import SHIPPED_FOLDER, locate_model, open_model, read_model
from digits.inference.stages import Stages, open_stages
from digits.inference.units import switch_off
from digits.web.refusals import RefusedError


class Hints(NamedTuple):
    """How to read a picture: as a single digit, as upright, and with what is printed."""

    single: bool
    upright: bool
    printed: bool = False


class ModelFile(NamedTuple):
    """A model of the service: its name in requests, and the file as it was when the service started."""

    name: str
    path: Path
    content: bytes
    modified: int  # when, in nanoseconds

    @property
    def is_shipped(self) -> bool:
        """Whether it comes with the package."""
        return self.path.parent == SHIPPED_FOLDER


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model of the service, under its name in requests."""

    name: str
    reader: Reader
    off: Off = ()
    """Units that are switched off."""
    whole: LoadedModel | None = None
    """The model with all units, if some are switched off."""

    @cached_property
    def layers(self) -> Layers | None:
        """The layers of a fully connected network; loaded on first use, since this imports another library."""
        return self.whole.layers if self.whole else open_layers(self.reader.model)

    @cached_property
    def stages(self) -> Stages | None:
        """The stages of a convolutional network; loaded on first use."""
        return self.whole.stages if self.whole else open_stages(self.reader.model)

    def without(self, off: Off) -> LoadedModel:
        """Give the model with some hidden units switched off.

        Raises
        ------
        RefusedError
            422 when it has no such units.
        """
        if not off:
            return self
        layers = self.find_layers()
        for layer, unit in off:
            if not (1 <= layer < len(layers.weights) and unit < layers.widths[layer]):
                raise RefusedError(422, f"{self.name} has no hidden unit {layer}:{unit}: {_describe_widths(layers)}")
        reader = Reader(switch_off(self.reader.model, layers, off), threads=1)
        return LoadedModel(self.name, reader, off, self)

    def find_layers(self) -> Layers:
        """Give the layers of a fully connected network.

        Raises
        ------
        RefusedError
            422 when it is another network.
        """
        if self.layers is None:
            raise RefusedError(422, f"{self.name} is not fully connected: choose another model, such as mlp")
        return self.layers

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
            "has_maps": not self.layers and self.stages is not None,
        }


def _describe_widths(layers: Layers) -> str:
    """Say which hidden units there are."""
    numbered = list(enumerate(layers.widths[1:-1], 1))
    return f"it has {', '.join(f'{number}:0 to {number}:{width - 1}' for number, width in numbered) or 'none'}"


def parse_off(names: Iterable[str], model: str) -> Off:
    """Parse the units of a model that a request switches off: of ``mlp:1:17`` layer 1, unit 17."""
    parsed = (name.rsplit(":", 2) for name in names)
    return tuple(sorted({(int(layer), int(unit)) for name, layer, unit in parsed if name == model}))


def read_models(extra: Sequence[str | os.PathLike[str]]) -> tuple[ModelFile, ...]:
    """Read the files of the extra models and those of the package; the first is the default.

    All worker processes load the content that is read here, even if a file is deleted or replaced later. Equal names
    get a number: ``model``, ``model-2``.

    Raises
    ------
    ModelNotFoundError
        When one is missing.
    """
    files: dict[str, ModelFile] = {}
    for place in (*extra, *SHIPPED_MODELS):
        path = locate_model(place)
        name = base = path.resolve().stem if path.suffix == ".onnx" else path.resolve().name
        number = 2
        while name in files:
            name, number = f"{base}-{number}", number + 1
        file, content = read_model(place)
        files[name] = ModelFile(name, file, content, file.stat().st_mtime_ns)
    return tuple(files.values())


def add_model(files: Iterable[ModelFile], folder: Path) -> tuple[ModelFile, ...]:
    """Add the model of a run folder to others, in place of an earlier one of this name; errors as `read_models`."""
    file, content = read_model(folder)
    added = ModelFile(folder.name, file, content, file.stat().st_mtime_ns)
    return (*(each for each in files if each.name != added.name), added)


def load_models(files: Iterable[ModelFile]) -> dict[str, LoadedModel]:
    """Load models by name, each to read in one thread, since several processes read at the same time.

    Raises
    ------
    ModelError
        When one is broken.
    """
    opened = ((file, open_model(file.content, file.path, threads=1, is_trusted=file.is_shipped)) for file in files)
    return {file.name: LoadedModel(file.name, Reader(model, threads=1)) for file, model in opened}


def list_changes(files: Iterable[ModelFile]) -> list[str]:
    """List the files that are missing or have changed: the service still uses their content, but could not restart."""
    sentences = []
    for file in files:
        try:
            state = "" if file.path.stat().st_mtime_ns == file.modified else "has changed"
        except OSError as error:
            state = f"is missing ({error.strerror})"
        if state:
            sentences.append(f"the file of the model {file.name} {state}; the service still uses its earlier content")
    return sentences
