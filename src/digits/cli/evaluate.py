"""``digits evaluate``: the accuracy of a model on labelled digits."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from digits.cli.arguments import parse
from digits.cli.terminal import remark, say, say_json
from digits.options import option


@dataclass(frozen=True)
class _Arguments:
    model: str = option(
        MISSING, "cnn or mlp, which come with digits; a model file or a run folder.", positional=True, metavar="MODEL"
    )
    data: Path | None = option(
        None, "Labelled digits: a folder or a file of any format. Without it, the MNIST test set."
    )
    trust_code: bool = option(False, "Run the code that the model names as its network. Read it first.")
    json: bool = option(False, "Print JSON instead of tables.")


def evaluate(words: list[str]) -> None:
    """Score a model on the MNIST test set, or on any labelled digits."""
    from digits.doctor import Mending

    @dataclass(frozen=True)
    class Call(Mending, _Arguments):
        pass

    call = parse(evaluate, Call, words)
    from digits.doctor import load_mended
    from digits.evaluation import evaluate as evaluate_model
    from digits.evaluation.metrics import describe

    model = _load(call.model, trust_code=call.trust_code)
    dataset = load_mended(call.data, Mending.of(call))
    score = evaluate_model(model, dataset)
    uses = _record_use(call.model) if model.metadata.get("data", {}).get("sha256") == dataset.sha256 else None
    if call.json:
        say_json(score.to_dict())
    else:
        part = "the test digits" if score.n == len(dataset.test) else "all digits"
        lines = [f"{call.model} on {part} of {dataset.name}", "", describe(score, dataset.classes)]
        if uses:
            lines += ["", f"the test digits of this run were scored {uses} times by now, once at the end of training"]
        say("\n".join(lines))


def _record_use(model: str) -> int | None:
    """Record in the run folder, if the model is in one, that its test digits were scored; return how often by now."""
    from digits.errors import StorageError
    from digits.evaluation.test_uses import record_test_use
    from digits.inference.model import locate_model

    path = locate_model(model)
    folder = path if path.is_dir() else path.parent
    if not (folder / "results.json").is_file():
        return None
    try:
        return record_test_use(folder, "digits evaluate")
    except StorageError as error:
        remark(f"digits: note: that the test digits were scored is not recorded: {error}")
        return None


def _load(model: str, *, trust_code: bool) -> Any:
    """Load a model, with torch only where there are no more than its weights, or a program of torch."""
    from digits.inference.model import load_model, locate_model

    path = locate_model(model)
    if path.suffix == ".pt2" and path.exists():
        from digits.training.run.program import load_program

        return load_program(path, trust_code=trust_code)
    weights = path / "model.safetensors" if path.is_dir() else path
    if weights.suffix != ".safetensors" or (path / "model.onnx").exists() or not weights.exists():
        return load_model(model)
    from digits.training import load_network, predict_logits

    network, _, metadata = load_network(path, trust_code=trust_code)
    return SimpleNamespace(metadata=metadata, logits=lambda images: predict_logits(network, images))
