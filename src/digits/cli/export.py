"""``digits export``: a trained model as one file, or as a folder to share."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.cli.arguments import parse
from digits.cli.terminal import remark, say
from digits.errors import ModelNotFoundError
from digits.options import option

if TYPE_CHECKING:
    from digits.inference.model import Model

SUFFIXES = {
    "onnx": ".onnx", "safetensors": ".safetensors", "html": ".html", "int8": "-int8.onnx", "torch-export": ".pt2",
    "hub": "-hub",
}  # fmt: skip
"""What follows the name of the model in that of the file, by format."""


@dataclass(frozen=True)
class _Arguments:
    model: str = option(
        MISSING, "A run folder or a model file; or cnn or mlp, which come with digits.", positional=True,
        metavar="MODEL",
    )  # fmt: skip
    to: str = option(
        "onnx", "Format: onnx runs anywhere without torch; int8 is the same with weights of eight bits; safetensors "
        "holds the weights for torch, torch-export a program for torch alone; html is a page to draw on, which any "
        "browser opens without Python and without a network; hub is a folder to upload to the Hugging Face Hub, with a "
        "model card.",
        choices=tuple(SUFFIXES), metavar="FORMAT",
    )  # fmt: skip
    data: str | None = option(
        None, "int8: the labelled set on which what rounding costs is measured; without it, MNIST.", metavar="PATH"
    )
    trust_code: bool = option(False, "Run the code that the model names as its network. Read it first.")
    out: Path | None = option(
        None, "File to write, or folder for hub; made if missing. Without it, it is named after the model.",
        flags=("-o", "--out"),
    )  # fmt: skip


def export(words: list[str]) -> None:
    """Write a trained model to one file, or to a folder to share."""
    call = parse(export, _Arguments, words)
    from digits.files import write_output
    from digits.inference.model import locate_model

    path = locate_model(call.model)
    name = f"{path.resolve().name if path.is_dir() else path.stem}{SUFFIXES[call.to]}"
    if call.to == "hub":
        for written in _write_hub(call, call.out or Path(name)):
            say(str(written))
        return
    if call.to == "html":
        from digits.inference.model import load_model
        from digits.web.offline.export import make_page

        model = load_model(path)
        content, name = make_page(model).encode(), f"{model.name}.html"
    elif call.to == "int8":
        content = _quantize(call)
    elif call.to == "torch-export":
        content = _export_program(call)
    else:
        content = _copy(call, path)
    out = call.out or Path(name)
    out = out / name if out.is_dir() else out
    write_output(out, content)
    say(str(out))


def _copy(call: _Arguments, path: Path) -> bytes:
    """Return the content of a model file that exists."""
    from digits.inference.model import load_model

    file = path / f"model.{call.to}" if path.is_dir() else path.with_suffix(f".{call.to}")
    if path.exists() and not file.is_file():
        raise ModelNotFoundError(
            f"{call.model} cannot be exported as {call.to}, since {file} is missing; name a run folder, and finish an "
            "interrupted run with `digits train --resume RUN`"
        )
    if call.to == "onnx" or not path.exists():
        load_model(file if path.exists() else path)  # which checks its golden digits, or says what is missing
    return file.read_bytes()


def _export_program(call: _Arguments) -> bytes:
    from digits.synthesis import synthesize
    from digits.training import load_network
    from digits.training.run.program import export_program

    network, _, metadata = load_network(call.model, trust_code=call.trust_code)
    return export_program(network, metadata, synthesize(100).images)


def _write_hub(call: _Arguments, folder: Path) -> list[Path]:
    from digits.inference.model import load_model
    from digits.training import load_network
    from digits.training.run.hub import write_hub_folder

    network, config, metadata = load_network(call.model, trust_code=call.trust_code)
    return write_hub_folder(network, config, metadata, load_model(call.model).graph, folder)


def _quantize(call: _Arguments) -> bytes:
    """Round the weights, and say what that costs."""
    from digits.errors import MissingMNISTError
    from digits.inference.model import load_model, open_model
    from digits.synthesis import synthesize
    from digits.training.run.quantize import quantize

    model, images = load_model(call.model), synthesize(4).images
    content = quantize(model, images, {})
    rounded = open_model(content, Path("int8.onnx"), is_trusted=True)
    sizes = f"{len(model.graph) / 1e6:.2f} MB became {len(content) / 1e6:.2f}"
    try:
        scores = _measure(model, rounded, call.data)
    except MissingMNISTError:
        remark(f"digits: {sizes}; what rounding costs was not measured, since MNIST is missing: name a set with --data")
        return content
    before, after, n_changed = scores
    remark(
        f"digits: {sizes}; on {after.n:,} validation digits, {100 * before.accuracy:.2f} % became "
        f"{100 * after.accuracy:.2f} %, and {n_changed} are read differently"
    )
    measured = {key: value for key, value in after.to_dict().items() if key in ("accuracy", "n", "nll", "ece")}
    return quantize(model, images, {"validation": measured})


def _measure(model: Model, rounded: Model, data: str | None) -> tuple[Any, Any, int]:
    """Score both on digits held out of training, as the recipes hold them out."""
    from digits.data import load_dataset, split
    from digits.evaluation.metrics import score

    dataset = load_dataset(data)
    held_out = dataset.validation
    if held_out is None:
        held_out = split(dataset.train, min(5000, len(dataset.train) // 6), seed=0)[1]
    logits = [each.logits(held_out.images) for each in (model, rounded)]
    before, after = (score(each, held_out.labels, model.metadata["temperature"]) for each in logits)
    return before, after, int((logits[0].argmax(1) != logits[1].argmax(1)).sum())
