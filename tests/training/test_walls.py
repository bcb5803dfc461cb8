"""The training of the walls' network: what it learns from, that it goes on where it stopped, and its file."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from digits.inference.walls import INPUT, OUTPUT
from digits.synthesis.documents import TABLE_LAYOUTS, RealDigits, synthesize_crops
from digits.training import WallBatches, export_walls, fit_walls, make_wall_network
from digits.training.walls import wall_loss


def test_walls_lie_on_ink() -> None:
    """Of tables on all kinds of paper, most walls are darker or lighter than what is three pixels beside them."""
    contrasts = []
    for document in islice(synthesize_crops(3, layouts=TABLE_LAYOUTS, units=(20.0, 40.0)), 12):
        levels, _ = document.walls.draw(*document.picture.shape) > 0
        grey = document.picture.astype(int)
        beside = (np.roll(grey, 4, 0) + np.roll(grey, -4, 0)) / 2
        if levels[8:-8].sum() > 300:
            contrasts.append(abs(np.median((grey - beside)[8:-8][levels[8:-8]])))
    assert len(contrasts) >= 4
    assert np.mean(np.array(contrasts) > 5) > 0.7


def test_batches_go_on_at_any_step() -> None:
    first, second, third = islice(WallBatches(5, RealDigits(), 4), 3)
    assert first[0].shape == (4, 256, 256)
    assert first[1].shape == (4, 2, 256, 256)
    again = next(iter(WallBatches(5, RealDigits(), 4, 2)))
    assert torch.equal(third[0], again[0])
    assert torch.equal(third[1], again[1])
    assert not torch.equal(second[0], third[0])


def test_loss_is_least_for_the_right_answer() -> None:
    walls = torch.zeros(1, 2, 16, 16, dtype=torch.uint8)
    walls[0, 0, 5] = 255
    right = torch.where(walls > 0, 9.0, -9.0)
    wrong = [torch.full(right.shape, value) for value in (-9.0, 0.0, 9.0)]
    assert wall_loss(right, walls) < 0.05 < min(wall_loss(each, walls) for each in wrong)


def test_a_stopped_training_goes_on(tmp_path: Path) -> None:
    validation = list(islice(WallBatches(9, RealDigits(), 4), 1))
    plan = {"epochs": 2, "steps": 1, "size": 4, "workers": 0}
    whole, stopped, resumed = (make_wall_network(0) for _ in range(3))
    history = fit_walls(whole, RealDigits(), validation, **plan)

    def stop(row: object) -> None:
        raise KeyboardInterrupt

    kept = {"checkpoint": tmp_path / "checkpoint.safetensors"}
    with pytest.raises(KeyboardInterrupt):
        fit_walls(stopped, RealDigits(), validation, progress=stop, **plan, **kept)
    assert len(fit_walls(resumed, RealDigits(), validation, **plan, **kept)) == len(history) == 2
    for one, other in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_the_file_answers_as_the_network(tmp_path: Path) -> None:
    network = make_wall_network(1).eval()
    export_walls(network, tmp_path / "walls.onnx", {"seed": 1})
    pictures = np.random.default_rng(0).integers(0, 256, (1, 48, 80), np.uint8)
    session = onnxruntime.InferenceSession(tmp_path / "walls.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run([OUTPUT], {INPUT: pictures})
    with torch.inference_mode():
        expected = network(torch.from_numpy(pictures)).sigmoid().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)
