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
        "onnx", "Format: onnx runs anywhere without torch; safetensors holds the weights for torch.",
        choices=("onnx", "safetensors"), metavar="FORMAT",
    )  # fmt: skip
    out: Path | None = option(
        None, "File to write; its folder is made if missing. Without it, NAME.FORMAT in this folder.",
        flags=("-o", "--out"),
    )  # fmt: skip


def export(words: list[str]) -> None:
    """Write a trained model to one file."""
    call = parse(export, _Arguments, words)
    from digits.errors import ModelNotFoundError
    from digits.files import write_output
    from digits.inference.model import load_model, locate_model

    path = locate_model(call.model)
    file = path / f"model.{call.to}" if path.is_dir() else path.with_suffix(f".{call.to}")
    if path.exists() and not file.is_file():
        raise ModelNotFoundError(
            f"{call.model} cannot be exported as {call.to}, since {file} is missing; name a run folder, and finish an "
            "interrupted run with `digits train --resume RUN`"
        )
    if call.to == "onnx" or not path.exists():
        load_model(file if path.exists() else path)  # which checks its golden digits, or says what is missing
    name = f"{path.resolve().name if path.is_dir() else path.stem}.{call.to}"
    out = call.out or Path(name)
    out = out / name if out.is_dir() else out
    write_output(out, file.read_bytes())
    say(str(out))
