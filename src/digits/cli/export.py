"""``digits export``: a trained model as one file."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path

from digits.cli.arguments import parse
from digits.cli.terminal import say
from digits.options import option


@dataclass(frozen=True)
class _Arguments:
    model: str = option(
        MISSING, "A run folder or a model file; or cnn or mlp, which come with digits.", positional=True,
        metavar="MODEL",
    )  # fmt: skip
    to: str = option(
        "onnx", "Format: onnx runs anywhere without torch; safetensors holds the weights for torch; html is a page to "
        "draw on, which any browser opens without Python and without a network.",
        choices=("onnx", "safetensors", "html"), metavar="FORMAT",
    )  # fmt: skip
    out: Path | None = option(
        None, "File to write; its folder is made if missing. Without it, NAME.FORMAT in this folder.",
        flags=("-o", "--out"),
    )  # fmt: skip


def export(words: list[str]) -> None:
    """Write a trained model to one file."""
    call = parse(export, _Arguments, words)
    from digits.errors import ModelNotFoundError
    from digits.inference.model import load_model, locate_model

    path = locate_model(call.model)
    if call.to == "html":
        from digits.web.offline.export import make_page

        model = load_model(path)
        _write(call, model.name, make_page(model).encode())
        return
    file = path / f"model.{call.to}" if path.is_dir() else path.with_suffix(f".{call.to}")
    if path.exists() and not file.is_file():
        raise ModelNotFoundError(
            f"{call.model} cannot be exported as {call.to}, since {file} is missing; name a run folder, and finish an "
            "interrupted run with `digits train --resume RUN`"
        )
    if call.to == "onnx" or not path.exists():
        load_model(file if path.exists() else path)  # which checks its golden digits, or says what is missing
    _write(call, path.resolve().name if path.is_dir() else path.stem, file.read_bytes())


def _write(call: _Arguments, name: str, content: bytes) -> None:
    from digits.files import write_output

    name = f"{name}.{call.to}"
    out = call.out or Path(name)
    out = out / name if out.is_dir() else out
    write_output(out, content)
    say(str(out))
