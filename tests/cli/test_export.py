"""``digits export``: one file that stands alone, from a model however it is named."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import safetensors.torch
import torch

from digits.evaluation import evaluate
from digits.inference import load_model
from digits.training import CNN, MLP, Ensemble, get_recipe, load_network, make_network, predict_logits
from digits.training.run.export import ExportError
from digits.training.run.hub import write_loader
from digits.training.run.program import export_program, load_program
from digits.types import Dataset, softmax

pytestmark = pytest.mark.slow


def test_run_is_exported(run: Path, digits: Any) -> None:
    assert digits("export", run) == (0, "run.onnx\n", "")
    assert load_model("run.onnx").metadata == load_model(run).metadata
    assert digits("export", run, "--to", "safetensors", "--out", "w.st") == (0, "w.st\n", "")
    assert Path("w.st").read_bytes() == (run / "model.safetensors").read_bytes()


def test_page_in_one_file_loads_nothing(run: Path, digits: Any) -> None:
    assert digits("export", run, "--to", "html", "--out", "page.html") == (0, "page.html\n", "")
    page = Path("page.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href|url)[=(]["']?(?!data:)[\w./]""", page)
    assert "{{" not in page


def test_model_is_named_in_any_way_and_the_folder_is_made(run: Path, digits: Any) -> None:
    for model, name in (("cnn", "cnn"), (run / "model.onnx", "model"), (run / "model.safetensors", "model")):
        out = Path("missing", name, "m.onnx")
        assert digits("export", model, "--out", out) == (0, f"{out}\n", "")
        assert load_model(out).metadata
        assert digits("export", out) == (0, "m.onnx\n", "")
    assert digits("export", "mlp", "-o", "missing") == (0, "missing/mlp.onnx\n", "")


def test_weights_of_eight_bits_read_as_the_original(digits: Any, mnist: Dataset) -> None:
    said = digits("export", "mlp", "--to", "int8", "--data", few_digits(mnist))
    assert (said.code, said.out) == (0, "mlp-int8.onnx\n")
    assert re.search(r"on 200 validation digits, \d+\.\d+ % became \d+\.\d+ %, and \d are read differently", said.err)
    original, rounded = load_model("mlp"), load_model("mlp-int8.onnx")
    assert len(original.graph) / len(rounded.graph) > 3.8
    assert rounded.metadata["weights"] == "int8"
    assert rounded.metadata["validation"]["n"] == 200
    assert "test" not in rounded.metadata, "the accuracy of the original is not its own"
    scores = [evaluate(each, mnist.test).accuracy for each in (original, rounded)]
    assert scores[1] == pytest.approx(scores[0], abs=0.0005), "the target is 0.05 points"


def few_digits(mnist: Dataset) -> Path:
    path = Path("few.npz")
    train, test = mnist.train, mnist.test
    np.savez(
        path, x_train=train.images[:1200], y_train=train.labels[:1200], x_test=test.images[:9], y_test=test.labels[:9]
    )
    return path


def test_rounded_weights_are_nearest_of_their_scale(digits: Any, mnist: Dataset) -> None:
    digits("export", "mlp", "--to", "int8", "--data", few_digits(mnist))
    tensors = {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load("mlp-int8.onnx").graph.initializer}
    weights = load_network("mlp")[0].state_dict()["layers.2.weight"].numpy()
    scale = tensors["layers.2.weight.scale"][:, None]
    assert abs(tensors["layers.2.weight.int8"]).max(1).tolist() == [127] * 256
    assert abs(tensors["layers.2.weight.int8"] * scale - weights).max() <= scale.max() / 2 * 1.0001
    assert "layers.6.bias.int8" not in tensors


def test_program_of_torch_is_scored_as_the_original(run: Path, digits: Any, few_file: Path) -> None:
    assert digits("export", run, "--to", "torch-export", "-o", "m.pt2") == (0, "m.pt2\n", "")
    assert "--trust-code runs it" in digits("evaluate", "m.pt2", "--data", few_file).err
    places = (("m.pt2", "--trust-code"), (run,))
    scored = [json.loads(digits("evaluate", *place, "--data", few_file, "--json").out) for place in places]
    assert scored[0]["confusion"] == scored[1]["confusion"]
    assert scored[0]["nll"] == pytest.approx(scored[1]["nll"], rel=1e-5)
    program = load_program(Path("m.pt2"), trust_code=True)
    assert program.metadata["temperature"] == load_model(run).metadata["temperature"]
    assert program.logits(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10), "any number of digits"


def test_program_of_an_ensemble_answers_as_its_cascade(mnist: Dataset) -> None:
    network: Any = make_network(get_recipe("reader", channels=(4, 4, 4))).eval()
    images = mnist.test.images[:100]
    confidence = softmax(predict_logits(network.members[0], images), 1.0).max(1)
    network.cascade_threshold = float(np.median(confidence))  # half of the answers are those of the first member alone
    assert export_program(network, {"temperature": 1.0}, images)


def test_network_that_torch_cannot_export_is_said() -> None:
    class Odd(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(10))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.weight.repeat(len(images), 1) * (1.0 if float(images.float().sum()) > 0 else 2.0)

    with pytest.raises(ExportError, match=r"torch\.export cannot export this network: "):
        export_program(Odd(), {}, np.zeros((2, 28, 28), np.uint8))


@pytest.mark.parametrize("model", ["run", "cnn"])
def test_hub_folder_builds_the_network_and_says_its_figures(model: str, run: Path, digits: Any) -> None:
    place = run if model == "run" else model
    said = digits("export", place, "--to", "hub", "-o", "share")
    assert said.code == 0, said.err
    assert [Path(line).name for line in said.out.splitlines()] == [
        "README.md", "config.json", "model.safetensors", "model.onnx",
    ]  # fmt: skip
    # as `PyTorchModelHubMixin.from_pretrained` does
    built = json.loads(Path("share/config.json").read_text())
    if model == "cnn":
        kind = {name: built[name] for name in ("channels", "activation", "dropout")}
        network: Any = Ensemble((CNN(**kind) for _ in range(built["members"])), built["cascade_threshold"])
    else:
        network = MLP(**built)
    safetensors.torch.load_model(network, "share/model.safetensors", strict=True)
    original, _, metadata = load_network(place)
    images = np.random.default_rng(0).integers(0, 256, (50, 28, 28)).astype(np.uint8)
    assert (predict_logits(network, images) == predict_logits(original, images)).all()
    assert load_model("share/model.onnx").metadata == load_model(place).metadata
    head, card = Path("share/README.md").read_text(encoding="utf-8").split("---\n", 2)[1:]
    index = json.loads(next(line for line in head.splitlines() if line.startswith("model-index: "))[13:])
    found = {each["dataset"]["split"]: each["metrics"][0]["value"] for each in index[0]["results"]}
    assert found == {part: metadata[part]["accuracy"] for part in ("validation", "test")}
    assert f"**{100 * metadata['test']['accuracy']:.2f} %** of the {metadata['test']['n']:,} test digits" in card
    compile(write_loader(load_network(place)[1]), "card", "exec")
    assert digits("export", place, "--to", "hub", "-o", "share").code == 0, "it is written again"


def test_hub_folder_is_no_place_of_something_else(run: Path, digits: Any, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    said = digits("export", run, "--to", "hub", "-o", tmp_path)
    assert (said.code, said.err) == (2, f"digits: {tmp_path} holds something else: name another --out\n")
