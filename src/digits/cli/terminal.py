"""What a command prints: results to stdout, everything else to stderr."""

import sys
import time
from typing import Any

STARTED = time.perf_counter()
"""When the command started."""


def say(text: str) -> None:
    """Print a result to stdout."""
    print(text, flush=True)  # noqa: T201


def say_json(values: dict[str, Any]) -> None:
    """Print a result for programs."""
    import json

    say(json.dumps(values, indent=2))


def remark(text: str) -> None:
    """Print to stderr, so that other programs can read the results."""
    print(text, file=sys.stderr)  # noqa: T201
