"""A model → one HTML file."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from typing import Any

from digits.inference import Model, single_digit
from digits.inference.model import ABSOLUTE_TOLERANCE
from digits.inference.nodes import list_nodes
from digits.preprocessing import ink, normalization, single
from digits.types import MODEL_INPUT, MODEL_OUTPUT, SIDE
from digits.version import __version__

HERE = Path(__file__).parent
PAGE = HERE.parent / "page"

START = HERE / "offline.js"
"""The module that the page starts with."""

STYLES = (PAGE / "base.css", PAGE / "controls.css", HERE / "offline.css")

IMPORT = re.compile(r'^(import (?:.+ from )?")(\.[\w./-]+)(";)$', re.MULTILINE)

_NAMES = """
    Add Sub Mul Div Less Equal Where Relu LeakyRelu Elu Gelu Erf Sigmoid Swish Tanh Softplus Softmax LogSoftmax
    ReduceMax ReduceMean ReduceSum ReduceLogSumExp Cast Identity Dropout Flatten Reshape Unsqueeze Squeeze Concat
    Transpose Slice Gather Shape ConstantOfShape Expand NonZero ScatterElements
    Gemm MatMul Conv MaxPool AveragePool GlobalMaxPool GlobalAveragePool
"""
OPERATORS = frozenset(_NAMES.split())
"""The operators that ``tensors.js`` and ``layers.js`` have; a test holds them equal."""


def make_page(model: Model) -> str:
    """Make a page to draw for a model, which a browser opens from the disk and which loads nothing.

    Raises
    ------
    UsageError
        When the model uses an operator that the page does not have.
    """
    content = json.dumps(_describe(model), separators=(",", ":")).replace("<", "\\u003c")
    imports = {name: _data_url(code) for name, code in collect_modules(START).items()}
    parts = {
        "STYLE": "\n".join(file.read_text(encoding="utf-8") for file in STYLES),
        "THEME": (PAGE / "theme.js").read_text(encoding="utf-8"),
        "IMPORTS": json.dumps({"imports": imports}),
        "CONTENT": content,
        "NAME": html.escape(model.name),
        "START": START.stem,
    }
    page = (HERE / "offline.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda found: parts[found[1]], page)


def collect_modules(start: Path) -> dict[str, str]:
    """Collect a module and all that it imports, by name; they then import each other by these names."""
    found: dict[str, str] = {}
    waiting = [start]
    while waiting:
        file = waiting.pop()
        if file.stem in found:
            continue
        code = file.read_text(encoding="utf-8")
        waiting += [(file.parent / path).resolve() for _, path, _ in IMPORT.findall(code)]
        found[file.stem] = IMPORT.sub(lambda match: f"{match[1]}{Path(match[2]).stem}{match[3]}", code)
    return found


def _data_url(code: str) -> str:
    return f"data:text/javascript;base64,{base64.b64encode(code.encode()).decode()}"


def _describe(model: Model) -> dict[str, Any]:
    """Give everything that the page knows of a model, and the constants of the preprocessing."""
    metadata = model.metadata
    numbers = {
        name: value
        for module in (ink, normalization, single, single_digit)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int | float)
    }
    return {
        "about": {
            "name": model.name,
            "version": __version__,
            "network": str(metadata.get("network", "")),
            "recipe": str(metadata.get("recipe", "")),
            "parameters": int(metadata.get("parameters", 0)),
            "accuracy": metadata.get("test", {}).get("accuracy"),
            "temperature": metadata["temperature"],
            "threshold": float(metadata.get("rejection_threshold", 0.5)),
            "golden": metadata["golden"],
        },
        **list_nodes(model, OPERATORS),
        "input": MODEL_INPUT,
        "output": MODEL_OUTPUT,
        "numbers": {**numbers, "SIDE": SIDE, "TOLERANCE": ABSOLUTE_TOLERANCE},
        "weights": list(ink.POLARITY_WEIGHTS),
    }
