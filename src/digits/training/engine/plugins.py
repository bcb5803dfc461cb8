"""Networks, losses and optimizers of your own, named ``path/to/file.py:Name``."""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.util
import inspect
import sys
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path
from typing import Any

from digits.errors import UsageError
from digits.files import expand_home
from digits.training.config import SECTIONS, TrainConfig

PLUGIN_OPTIONS = {
    field.name: field.metadata["option"]
    for section in SECTIONS.values()
    for field in fields(section)
    if field.metadata["option"].plugin
}
"""The settings that may name code."""

_sha256: dict[str, str] = {}
"""SHA-256 of each file by its reference, as this process last read it: that of the code that ran, even if edited since.
"""


class _Source(importlib.abc.SourceLoader):
    """Import code that was read already: not a changed file, nor compiled code that lies beside it."""

    def __init__(self, file: Path, content: bytes) -> None:
        self.file, self.content = file, content

    def get_filename(self, fullname: str) -> str:
        return str(self.file)

    def get_data(self, path: str | bytes) -> bytes:
        return self.content


def list_code(config: TrainConfig) -> dict[str, str]:
    """Return the references to code in a configuration, by setting."""
    settings = config.settings
    return {name: settings[name] for name, option in PLUGIN_OPTIONS.items() if settings[name] not in option.choices}


def code_file(reference: str) -> Path:
    """Return the file of a reference."""
    return expand_home(reference.rpartition(":")[0])


def read_code(reference: str, field: str) -> tuple[bytes, str]:
    """Read the file of a reference; return its content and SHA-256.

    Raises
    ------
    UsageError
        When it is missing.
    """
    file = code_file(reference)
    if not file.is_file():
        raise UsageError(f"{field} {reference}: there is no file {file}")
    content = file.read_bytes()
    _sha256[reference] = hashlib.sha256(content).hexdigest()
    return content, _sha256[reference]


def code_sha256(config: TrainConfig, settings: Collection[str] = tuple(PLUGIN_OPTIONS)) -> dict[str, str]:
    """Return the SHA-256 of the code that these settings name, by setting, as this process has run it."""
    named = {name: reference for name, reference in list_code(config).items() if name in settings}
    return {name: _sha256.get(reference) or read_code(reference, name)[1] for name, reference in named.items()}


def load_plugin(reference: str, field: str) -> Any:
    """Import the object that ``path/to/file.py:Name`` names.

    Raises
    ------
    UsageError
        When the file is missing, cannot be imported, or lacks the name.
    """
    file, name = code_file(reference), reference.rpartition(":")[2]
    content, _ = read_code(reference, field)
    if file.suffix != ".py":
        raise UsageError(f"{field} {reference}: {file} is not a Python file")
    loader = _Source(file, content)
    specification = importlib.util.spec_from_loader(f"digits_plugin_{file.stem}", loader)
    assert specification is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look up the module they are defined in
    try:
        loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{field} {reference}: {file} failed with {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        raise UsageError(f"{field} {reference}: there is no {name!r} in {file}")
    return getattr(module, name)


def call_plugin(make: Any, config: Any, field: str, reference: str) -> Any:
    """Call a factory with the configuration if it has a parameter named ``config``, else without arguments.

    Raises
    ------
    UsageError
        When it cannot be called, or fails.
    """
    if not callable(make):
        raise UsageError(f"{field} {reference} is a {type(make).__name__}, which cannot be called")
    try:
        return make(config) if "config" in inspect.signature(make).parameters else make()
    except Exception as error:
        raise UsageError(
            f"{field} {reference} failed with {type(error).__name__}: {error}; "
            "it is called without arguments, or with the configuration if it has a parameter named config"
        ) from error
