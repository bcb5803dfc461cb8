"""The model file: what PyTorch answers, in half the bytes; and what is no finder is refused in a sentence."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from digits.errors import DataError, ModelError, ModelNotFoundError
from digits.inference.finder import Finder, load_finder
from digits.training.finder.export import ExportedFinder, export_finder
from digits.training.finder.network import FinderNetwork
from digits.training.finder.targets import SIGN_WEIGHT
from digits.training.run.export import ExportError
from digits.types import CLASSES


@pytest.mark.parametrize("size", [(32, 32), (96, 160), (352, 64)])
def test_the_file_answers_what_the_network_answers(
    finder_file: Path, small_network: FinderNetwork, size: tuple[int, int]
) -> None:
    picture = np.random.default_rng(sum(size)).integers(0, 256, size, np.uint8)
    finder = load_finder(finder_file, threads=1)
    found = finder.run(picture)
    with torch.inference_mode():
        raw = small_network(torch.from_numpy(picture)[None])
        answers = dict(zip(raw, ExportedFinder(small_network)(torch.from_numpy(picture)[None]), strict=True))
    assert list(found) == list(answers)
    for name, values in answers.items():
        assert np.allclose(found[name], values[0], atol=1e-3), name
    # weights of 16 bits change the answers by little
    assert np.allclose(found["boxes"], raw["boxes"][0], atol=0.05)
    # signs count more in the loss, so that the network takes them for as many times likelier as they are
    classes = raw["classes"][0].clone()
    classes[CLASSES:] -= math.log(SIGN_WEIGHT)
    assert np.allclose(found["classes"], classes.log_softmax(0), atol=0.05)
    scores = raw["centres"][0].sigmoid().amax(0).numpy()
    is_peak = found["centres"].max(0) > 0
    neighbours = np.lib.stride_tricks.sliding_window_view(np.pad(scores, 1), (3, 3)).max((2, 3))
    assert np.mean(is_peak == (scores == neighbours)) > 0.99


def test_weights_take_two_bytes_each(finder_file: Path, small_network: FinderNetwork) -> None:
    weights = sum(weight.numel() for weight in small_network.parameters())
    graph = onnx.load(finder_file)
    stored = sum(len(tensor.raw_data) for tensor in graph.graph.initializer)
    assert 2 * weights * 0.8 < stored < 2 * weights * 1.3


def test_pictures_of_any_size_are_taken(finder_file: Path) -> None:
    finder = load_finder(finder_file)
    for size in [(1, 1), (28, 28), (45, 301), (1, 30_000)]:
        marks = finder.find(np.full(size, 255, np.uint8), min_score=0.01)
        assert np.isfinite(marks.boxes).all()


@pytest.mark.parametrize("picture", [np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20)), np.zeros((0, 20), np.uint8)])
def test_what_is_no_grey_picture_is_refused(finder_file: Path, picture: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"a picture must be grey, uint8\[h, w\]; this is"):
        load_finder(finder_file).find(picture)


def rewritten(file: Path, target: Path, change: object) -> Path:
    """The same file with other metadata, or another graph."""
    model = onnx.load(file)
    entry = next(each for each in model.metadata_props if each.key == "digits")
    values = json.loads(entry.value)
    change(model, values)  # type: ignore[operator]
    entry.value = json.dumps(values)
    onnx.save(model, target)
    return target


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda model, values: values.pop("kind"), "not a finder of digits: it is no finder"),
        (lambda model, values: values.update(format=9), "has finder format 9; this version of digits reads format 1"),
        (lambda model, values: values.update(classes="01234"), "its classes must be the ten digits"),
        (lambda model, values: values.update(classes="0123456789++"), "its classes must be the ten digits"),
        (lambda model, values: values.update(classes="0123456789+"), "input and outputs of a finder"),
        (lambda model, values: values["golden"].update(shape=[33, 64]), "must be multiples of 32"),
        (lambda model, values: values["golden"].update(shape=[10**6, 64]), "must be multiples of 32"),
        (lambda model, values: values["golden"].pop("centres"), "broken metadata"),
        (lambda model, values: values["golden"].update(centres=values["golden"]["centres"][:-8]), "broken metadata"),
        (
            lambda model, values: model.graph.initializer[-1].CopyFrom(
                onnx.numpy_helper.from_array(
                    onnx.numpy_helper.to_array(model.graph.initializer[-1]) + np.float16(3),
                    model.graph.initializer[-1].name,
                )
            ),
            "fails its self-check",
        ),
    ],
    ids=range(10),
)
def test_broken_files_are_refused(finder_file: Path, tmp_path: Path, change: object, sentence: str) -> None:
    file = rewritten(finder_file, tmp_path / "broken.onnx", change)
    with pytest.raises(ModelError, match=sentence) as caught:
        load_finder(file)
    assert "broken.onnx" in str(caught.value)


def test_a_classifier_is_no_finder() -> None:
    with pytest.raises(ModelError, match="not a finder of digits: it is no finder; `digits train finder` makes one"):
        load_finder("mlp")


def test_a_finder_is_no_classifier(finder_file: Path) -> None:
    from digits.inference import load_model

    with pytest.raises(ModelError, match=r"small\.onnx"):
        load_model(finder_file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"gone\.onnx"):
        load_finder(tmp_path / "gone.onnx")


def test_a_finder_says_what_it_knows(finder_file: Path) -> None:
    finder = load_finder(finder_file)
    assert isinstance(finder, Finder)
    assert repr(finder) == f"<Finder of {finder.classes}: small>"
    assert finder.classes[:10] == "0123456789"


def test_a_network_that_the_runtime_answers_otherwise_is_not_written(
    small_network: FinderNetwork, noise: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Finder.run

    def answer_otherwise(finder: Finder, picture: np.ndarray) -> dict[str, np.ndarray]:
        maps = run(finder, picture)
        return maps | ({"boxes": maps["boxes"] + 0.5} if picture.shape == noise.shape else {})

    monkeypatch.setattr(Finder, "run", answer_otherwise)
    with pytest.raises(ExportError, match=r"small\.onnx is not written: ONNX Runtime's boxes differ .* by 0\.5"):
        export_finder(small_network, tmp_path / "small.onnx", noise, {"classes": "0123456789.,-/:+=()×%"})
    assert not list(tmp_path.iterdir())
