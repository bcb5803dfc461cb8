"""What a command prints: results to stdout, everything else to stderr, and nothing that controls the terminal."""

import io
import re
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters of file names that control a terminal, break a line or reverse its direction, or are not UTF-8."""

BLOCKS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
"""Two modules, one above the other, as a character: true is light."""

STARTED = time.perf_counter()
"""When the command started."""


def say(text: str) -> None:
    """Print a result to stdout."""
    print(escape_lines(text), flush=True)  # noqa: T201


def say_modules(dark: "np.ndarray") -> None:
    """Print a QR code, of which these modules are dark, with its margin; not where the output lacks the characters."""
    import numpy as np

    margin = 2  # a margin of four is the standard; phones read two, and small terminals have no room for more
    light = np.pad(~dark, ((margin, margin + dark.shape[0] % 2), (margin, margin)), constant_values=True)
    pairs = zip(light[::2].tolist(), light[1::2].tolist(), strict=True)
    rows = ["".join(BLOCKS[upper, lower] for upper, lower in zip(*pair, strict=True)) for pair in pairs]
    try:
        "".join(BLOCKS.values()).encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return
    # white on black whatever the colours of the terminal are; a file gets the characters alone
    start, end = ("\x1b[97;40m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    print("\n".join(f"{start}{row}{end}" for row in rows), flush=True)  # noqa: T201


def say_json(values: dict[str, Any]) -> None:
    """Print a result for programs."""
    import json

    say(json.dumps(values, indent=2))


def remark(text: str) -> None:
    """Print to stderr, so that other programs can read the results."""
    print(escape_lines(text), file=sys.stderr)  # noqa: T201


def escape(name: str) -> str:
    r"""Write control characters of a name as ``\x1b``, and bytes that are not UTF-8 as ``\xff``."""
    return CONTROLS.sub(lambda found: _escape_character(ord(found[0])), name)


def escape_lines(text: str) -> str:
    """Escape every line of a text."""
    return "\n".join(map(escape, text.split("\n")))


def _escape_character(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps such bytes
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def allow_any_text() -> None:
    """Escape what the output cannot encode: where it is a file, Windows expects the 250 letters of one language."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def start_log() -> None:
    """Print what the packages log, such as a download."""
    import logging

    class Escaped(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return escape_lines(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(Escaped("digits: %(message)s"))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("digits").setLevel(logging.INFO)
