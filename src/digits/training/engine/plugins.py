"""Networks, losses and optimizers of your own, named ``path/to/file.py:Name``."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

from digits.errors import UsageError


def load_plugin(reference: str, field: str) -> Any:
    """Import the object that ``path/to/file.py:Name`` names.

    Raises
    ------
    UsageError
        When the file is missing, cannot be imported, or lacks the name.
    """
    path, _, name = reference.rpartition(":")
    file = Path(path).expanduser()
    if not file.is_file():
        raise UsageError(f"{field} {reference}: there is no file {file}")
    specification = importlib.util.spec_from_file_location(f"digits_plugin_{file.stem}", file)
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
