"""``digits evaluate``: what a model makes of labelled digits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.cli.terminal import parse, say, say_json

if TYPE_CHECKING:
    from digits.types import LabelledDigits, Logits


@dataclass(frozen=True)
class Evaluate:
    """Score a model on the MNIST test set, or on any labelled digits."""

    model: Path
    """An .onnx file, for which no torch is needed, or a run folder."""
    data: Path | None = None
    """Labelled digits: a folder, IDX, NPZ or CSV file. The MNIST test set when not named."""
    json: bool = False
    """Print JSON instead of tables."""


def evaluate(words: list[str]) -> None:
    """Score a model on the MNIST test set, or on any labelled digits."""
    call = parse(Evaluate, "evaluate", words)
    from digits.data import load_dataset, load_labelled
    from digits.evaluation.metrics import describe, score

    answer, description = _reader(call.model)
    dataset = load_dataset(call.data)
    # a foreign set without a test part is scored whole; the set it was trained on, by what was held out then
    foreign = dataset.held_out and dataset.sha256 != description.get("data", {}).get("sha256")
    judged_by = load_labelled(dataset.location) if foreign else dataset.test
    judged = score(answer(judged_by), judged_by.labels, float(description["temperature"]))
    if call.json:
        say_json(judged.to_dict())
    else:
        part = "all digits" if foreign else "the test digits"
        say(f"{call.model} on {part} of {dataset.name}\n\n{describe(judged, dataset.classes)}")


def _reader(model: Path) -> "tuple[Callable[[LabelledDigits], Logits], dict[str, Any]]":
    """Give what turns digits into logits, and what it says of itself: a model file, or the weights of a run without."""
    from digits.errors import ModelError

    if model.is_dir() and not (model / "model.onnx").exists() and (model / "model.safetensors").exists():
        from digits.training.export import load_network
        from digits.training.loop import predict_logits

        network, results = load_network(model)
        return lambda digits: predict_logits(network, digits), results
    from digits.inference import load_model

    if model.suffix == ".safetensors":
        raise ModelError(f"{model} holds weights alone: name its run folder, or the .onnx beside it")
    file = load_model(model)
    return lambda digits: file.logits(digits.images), file.metadata
