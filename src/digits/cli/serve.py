"""``digits serve``: the page to draw on, and the REST service."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from digits.cli.terminal import parse, remark, say


@dataclass(frozen=True)
class Serve:
    """Open the page to draw, photograph and understand, and the REST service behind it; needs no torch."""

    host: str = "127.0.0.1"
    """Address to listen at: only this computer reaches the default; 0.0.0.0 is everybody on the network."""
    port: int | None = None
    """Port to listen at, 0 for any free one; 8000 when not named, or any free one where that is taken."""
    model: tuple[Path, ...] = ()
    """Model files or run folders that answer too, besides cnn and mlp; the first becomes the default."""
    own: Path | None = None
    """Folder that corrections are kept in, once you agree to it; a folder of your user when not named."""
    name: tuple[str, ...] = ()
    """Names of this computer by which it may be asked, besides localhost and its addresses."""
    open: bool = False
    """Open the page in the browser."""


def serve(words: list[str]) -> None:
    """Open the page to draw, photograph and understand, and the REST service behind it."""
    call = parse(Serve, "serve", words)
    try:
        _run(call)
    except ModuleNotFoundError as error:
        from digits.errors import DigitsError

        if error.name not in ("fastapi", "uvicorn", "httptools", "starlette", "python_multipart", "onnx"):
            raise
        raise DigitsError(f"the page needs {error.name}, which is not installed: pip install 'digits[web]'") from None


def _run(call: Serve) -> None:
    from digits.web.server import serve as run
    from digits.web.server import warning_of

    def ready(address: str) -> None:
        if warning := warning_of(call.host):
            remark(f"digits: note: {warning}")
        say(f"digits is at {address} (Ctrl-C ends it)")
        if call.open:
            import webbrowser

            webbrowser.open(address)

    with contextlib.suppress(KeyboardInterrupt):  # which is how it is meant to end
        run(call.host, call.port, models=call.model, own=call.own or _own_folder(), names=call.name, ready=ready)


def _own_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("digits")) / "own"
