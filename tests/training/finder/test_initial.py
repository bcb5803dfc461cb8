"""Fine-tuning a finder: the same function, made of convolutions and normalizations again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from digits.errors import ModelNotFoundError, UsageError
from digits.inference.finder.outputs import MULTIPLE
from digits.synthesis.documents import CHARACTERS, synthesize_crops
from digits.training.finder.config import FinderConfig
from digits.training.finder.export import export_finder
from digits.training.finder.initial import calibrate, load_initial, mix_with, start_from
from digits.training.finder.network import FinderNetwork
from digits.training.finder.run import train_finder

CHANNELS, BLOCKS, WIDTH = (4, 6, 8, 10, 12), (1, 1, 1, 1), 8


def new_network() -> FinderNetwork:
    torch.manual_seed(1)
    return FinderNetwork(len(CHARACTERS), CHANNELS, BLOCKS, WIDTH)


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    crops = synthesize_crops(3, size=2 * MULTIPLE)
    return torch.from_numpy(np.stack([next(crops).picture for _ in range(8)]))


def test_it_starts_with_the_function_of_the_finder(
    small_network: FinderNetwork, finder_file: Path, pictures: torch.Tensor
) -> None:
    network = new_network()
    start_from(network, load_initial(finder_file))
    with torch.inference_mode():
        expected = small_network(pictures)
        for step in ("copied", "calibrated"):
            found = network.eval()(pictures)
            for name, values in expected.items():
                assert torch.allclose(found[name], values, atol=0.02), (step, name)
            calibrate(network, [pictures])
        # normalizations have the statistics of the batch, so that training begins where the finder ended
        learning = network.train()(pictures)
    for name, values in expected.items():
        assert torch.allclose(learning[name], values, atol=0.1), name


def test_the_average_lies_between_the_finder_and_what_was_trained_from_it(
    small_network: FinderNetwork, finder_file: Path, pictures: torch.Tensor
) -> None:
    initial, learned = load_initial(finder_file), new_network()
    start_from(learned, initial)
    calibrate(learned, [pictures])
    with torch.no_grad():
        for parameter in learned.parameters():
            parameter.mul_(1.1)
    learned.eval()
    with torch.inference_mode():
        answers = []
        for share in (0.0, 0.5, 1.0):
            mixed = new_network()
            mix_with(learned, initial, share, mixed)
            answers.append(mixed(pictures))
        expected, start = learned(pictures), small_network(pictures)
    for name, values in expected.items():
        assert torch.allclose(answers[0][name], values, atol=1e-3), name
        assert torch.allclose(answers[2][name], start[name], atol=0.02), name
    first, middle, last = (each["centres"].mean().item() for each in answers)
    assert min(first, last) < middle < max(first, last)


def test_a_share_of_no_finder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="keep is a share of the initial finder: name one"):
        train_finder(FinderConfig(keep=0.3), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_only_the_same_network_goes_on(finder_file: Path) -> None:
    initial = load_initial(finder_file)
    for channels, width in (((4, 6, 8, 10, 14), WIDTH), (CHANNELS, 12)):
        with pytest.raises(UsageError, match="has another network: give the --channels, --blocks and --width"):
            start_from(FinderNetwork(len(CHARACTERS), channels, BLOCKS, width), initial)
    weights = {name: weight for name, weight in initial.weights.items() if name != "stem.0.bias"}
    with pytest.raises(UsageError, match="has another network"):
        start_from(new_network(), replace(initial, weights=weights))


def test_a_finder_of_other_characters_is_refused(tmp_path: Path, noise: np.ndarray) -> None:
    torch.manual_seed(0)
    network, file = FinderNetwork(10, CHANNELS, BLOCKS, WIDTH).eval(), tmp_path / "digits.onnx"
    export_finder(network, file, noise, {"classes": "0123456789", "network": "finder", "seed": 0})
    with pytest.raises(UsageError, match=r"digits\.onnx finds 0123456789; only a finder of"):
        load_initial(file)


def test_the_shipped_finder_is_that_of_the_defaults() -> None:
    initial, config = load_initial("finder"), FinderConfig()
    assert initial.location == "finder"
    assert len(initial.sha256) == 64
    start_from(FinderNetwork(len(CHARACTERS), config.channels, config.blocks, config.width), initial)


def test_a_missing_finder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        load_initial(tmp_path / "gone")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps({"kind": "finder"}))
    with pytest.raises(ModelNotFoundError):
        load_initial(tmp_path / "run")
