"""How a user's own network, loss or optimizer is found: ``path/to/file.py:Name``."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

from digits.errors import UsageError
from digits.training.config import TrainConfig


def load_own(reference: str, field: str) -> Any:
    """Import what ``path/to/file.py:Name`` names.

    Raises
    ------
    UsageError
        When there is no such file, it cannot be imported, or it holds no such name.
    """
    path, _, name = reference.rpartition(":")
    file = Path(path).expanduser()
    if not file.is_file():
        raise UsageError(f"{field} {reference}: there is no file {file}")
    specification = importlib.util.spec_from_file_location(f"digits_own_{file.stem}", file)
    if specification is None or specification.loader is None:
        raise UsageError(f"{field} {reference}: {file} is not a Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look up the module they are defined in
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{field} {reference}: {file} failed with {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        raise UsageError(f"{field} {reference}: there is no {name!r} in {file}")
    return getattr(module, name)


def call_own(make: Any, config: TrainConfig, field: str, reference: str) -> Any:
    """Call a user's factory with the configuration if it takes one, else with nothing.

    Raises
    ------
    UsageError
        When it cannot be called so, or fails.
    """
    if not callable(make):
        raise UsageError(f"{field} {reference} is a {type(make).__name__}, which cannot be called")
    try:
        return make(config) if "config" in inspect.signature(make).parameters else make()
    except Exception as error:
        raise UsageError(
            f"{field} {reference} failed with {type(error).__name__}: {error}; "
            "it is called with nothing, or with the TrainConfig where it has a parameter named config"
        ) from error
