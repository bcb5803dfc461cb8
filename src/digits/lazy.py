"""Public names that are imported on first use, so that ``import digits`` is instant and reading needs no torch."""

from __future__ import annotations

import importlib
import sys
from typing import Any

OPTIONAL_PACKAGES = ("torch", "safetensors", "onnx", "matplotlib", "jinja2", "scipy")


def load(package: str, modules: dict[str, tuple[str, ...]], name: str) -> Any:
    """Import a public name and keep it in its package; a package's ``__getattr__`` calls this.

    Parameters
    ----------
    package
        The package whose name is requested.
    modules
        By module, relative to the package, the names that it defines.
    name
        The attribute.

    Raises
    ------
    AttributeError
        When the package has no such public name.
    ModuleNotFoundError
        When it needs a package that is not installed, with the command that installs it.
    """
    module = next((module for module, names in modules.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    try:
        value = getattr(importlib.import_module(f"{package}.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL_PACKAGES:
            raise
        raise ModuleNotFoundError(
            f"{package}.{name} needs {error.name}: pip install 'digits[train]'", name=error.name
        ) from error
    setattr(sys.modules[package], name, value)
    return value
