"""``digits serve``: the page to draw on, and the REST service."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from digits.cli.arguments import parse
from digits.cli.terminal import remark, say
from digits.options import option


@dataclass(frozen=True)
class _Arguments:
    host: str = option(
        "127.0.0.1", "Address to listen on: 127.0.0.1 serves this computer alone, 0.0.0.0 everybody on the network.",
        metavar="ADDRESS",
    )  # fmt: skip
    port: int | None = option(
        None, "Port to listen on, 0 for any free one. Without it, 8000, or any free one if that is taken."
    )
    model: tuple[Path, ...] = option(
        (), "Model files or run folders to offer besides cnn and mlp; the first becomes the default."
    )
    corrections: Path | None = option(
        None, "Folder for corrections, once you agree to keep them. Without it, one in your user data."
    )
    name: tuple[str, ...] = option(
        (), "Host names to accept in requests, besides localhost and the addresses of this computer."
    )
    open: bool = option(False, "Open the page in the browser.")


def serve(words: list[str]) -> None:
    """Serve the page to draw and photograph digits, and the REST service.

    The page also explains how digits are read. Needs no torch.
    """
    call = parse(serve, _Arguments, words)
    import platformdirs

    from digits.web.server import serve as run
    from digits.web.server import warning_of

    def ready(address: str) -> None:
        if warning := warning_of(call.host):
            remark(f"digits: note: {warning}")
        say(f"digits is at {address} (Ctrl-C stops it)")
        if call.open:
            import webbrowser

            webbrowser.open(address)

    folder = call.corrections or Path(platformdirs.user_data_dir("digits")) / "corrections"
    with contextlib.suppress(KeyboardInterrupt):  # the usual way to stop it
        run(call.host, call.port, models=call.model, corrections=folder, names=call.name, ready=ready)
