"""Activations and evidence equal what PyTorch computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from digits.inference import load_model
from digits.inference.interpret import find_evidence, open_layers
from digits.training import TrainConfig, export_onnx, make_network
from digits.training.engine.networks import Normalize
from digits.types import CLASSES


def exported(folder: Path, mnist: Any, **changes: Any) -> tuple[nn.Module, Path]:
    network = make_network(TrainConfig.from_settings(seed=3, **changes)).eval()
    file = folder / "model.onnx"
    export_onnx(network, file, mnist.test.images[:8], {"temperature": 1.0})
    return network, file


def scores(network: nn.Module, pixels: Tensor, answer: int) -> Tensor:
    """The logit of an answer less the mean of all, for pixels that may be fractions."""
    layers = [layer for layer in network.layers if not isinstance(layer, Normalize)]  # type: ignore[union-attr]
    values = pixels / (255 * 0.3081) - 0.1307 / 0.3081
    for layer in layers:
        values = layer(values)
    return values[:, answer] - values.mean(1)


@pytest.mark.parametrize("hidden", [(256, 128), (32,), (16, 16, 16), ()])
def test_contributions_are_gradients_times_ink(hidden: tuple[int, ...], mnist: Any, tmp_path: Path) -> None:
    network, file = exported(tmp_path, mnist, hidden_sizes=hidden)
    model = load_model(file)
    layers = open_layers(model)
    assert layers
    assert layers.widths == (784, *hidden, CLASSES)
    for image, answer in zip(mnist.test.images[:5], range(5), strict=True):
        pixels = torch.from_numpy(image[None].astype(np.float32)).requires_grad_()
        score = scores(network, pixels, answer)[0]
        score.backward()
        assert pixels.grad is not None
        evidence, is_exact = find_evidence(model, layers, image, answer)
        assert is_exact
        assert np.allclose(evidence, (pixels.grad[0] * pixels.detach()[0]).numpy(), atol=1e-4)
        assert not evidence[image == 0].any()


def test_activations_equal_pytorchs(mnist: Any, tmp_path: Path) -> None:
    network, file = exported(tmp_path, mnist, activation="gelu")
    layers = open_layers(load_model(file))
    assert layers
    assert not layers.is_rectified
    image = mnist.test.images[0]
    seen: list[Tensor] = []
    for layer in network.layers:  # type: ignore[union-attr]
        if isinstance(layer, nn.GELU):
            layer.register_forward_hook(lambda module, given, made: seen.append(made))
    network(torch.from_numpy(image[None].copy()))
    for ours, theirs in zip(layers.activations(image), seen, strict=True):
        assert np.allclose(ours, theirs[0].detach().numpy(), atol=1e-4)


def test_erasing_shows_what_ink_contributes(mnist: Any) -> None:
    model = load_model("cnn")
    assert open_layers(model) is None
    image = mnist.test.images[0]
    evidence, is_exact = find_evidence(model, None, image, 7)
    assert not is_exact
    assert evidence.shape == (28, 28)
    assert not evidence[image == 0].any()
    best = np.unravel_index(evidence.argmax(), (28, 28))
    without = image.copy()
    without[max(best[0] - 3, 0) : best[0] + 4, max(best[1] - 3, 0) : best[1] + 4] = 0
    before, after = model.logits(np.stack([image, without]))
    assert after[7] - after.mean() < before[7] - before.mean()


def test_only_fully_connected_networks_are_opened(mnist: Any, tmp_path: Path) -> None:
    _, file = exported(tmp_path, mnist, network="cnn", channels=(4,))
    assert open_layers(load_model(file)) is None
    _, file = exported(tmp_path, mnist, ensemble_size=2, hidden_sizes=(8,))
    assert open_layers(load_model(file)) is None
