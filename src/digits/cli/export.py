"""``digits export``: a run's network as one file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from digits.cli.terminal import parse, say


@dataclass(frozen=True)
class Export:
    """Give a run's trained network as one file."""

    run: Path
    """The run folder."""
    to: Literal["onnx", "safetensors"] = "onnx"
    """onnx runs anywhere, without torch; safetensors are the weights for torch."""
    out: Path | None = None
    """The file to write; <run's name>.<format> when not named."""


def export(words: list[str]) -> None:
    """Give a run's trained network as one file."""
    call = parse(Export, "export", words)
    import shutil

    from digits.errors import ModelError
    from digits.inference import load_model

    file = call.run / f"model.{call.to}"
    if call.to == "onnx":
        load_model(file)
    elif not file.is_file():
        raise ModelError(f"there is no {file}; `digits train --resume {call.run}` finishes a run that was cut off")
    say(str(shutil.copyfile(file, call.out or Path(f"{call.run.resolve().name}.{call.to}"))))
