"""Units of the shipped mlp as NumPy computes them, with and without others; and the feature maps of the cnn."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from digits.inference import load_model
from digits.inference.interpret import Layers, open_layers
from digits.inference.stages import open_stages
from digits.inference.units import MAX_PATHS, describe_unit, rank_digits, switch_off


@pytest.fixture(scope="module")
def mlp() -> Any:
    return load_model("mlp", threads=1)


@pytest.fixture(scope="module")
def layers(mlp: Any) -> Layers:
    opened = open_layers(mlp)
    assert opened
    return opened


@pytest.fixture(scope="module")
def weights(mlp: Any) -> list[np.ndarray]:
    """Weights and biases, layer by layer, as the file has them."""
    graph = onnx.load_model_from_string(mlp.graph).graph
    return [onnx.numpy_helper.to_array(each).astype(np.float64) for each in graph.initializer]


def forward(weights: list[np.ndarray], pixels: np.ndarray, off: tuple[tuple[int, int], ...] = ()) -> list[np.ndarray]:
    """The sums of every layer, computed by NumPy."""
    values, sums = pixels, []
    for layer, (matrix, bias) in enumerate(zip(weights[::2], weights[1::2], strict=True), 1):
        sums.append(matrix @ values + bias)
        values = np.maximum(sums[-1], 0)
        values[[unit for each, unit in off if each == layer]] = 0
    return sums


def normalize(image: np.ndarray) -> np.ndarray:
    return image.ravel() / (255 * 0.3081) - 0.1307 / 0.3081


def test_units_that_are_off_are_left_out_as_numpy_says(
    mlp: Any, layers: Layers, weights: list[np.ndarray], mnist: Any
) -> None:
    images = mnist.test.images[:5]
    assert (layers.logits(images) == mlp.logits(images)).all(), "nothing is off: the same bits"
    off = ((1, 3), (1, 40), (2, 7))
    expected = [forward(weights, normalize(image), off)[-1] for image in images]
    assert np.allclose(layers.logits(images, off), expected, atol=1e-4)
    assert np.allclose(switch_off(mlp, layers, off).logits(images), expected, atol=1e-4)
    assert not np.allclose(mlp.logits(images), expected, atol=1e-2)
    assert [layers.activations(images[0], off)[layer - 1][unit] for layer, unit in off] == [0, 0, 0]


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_a_unit_is_described_as_numpy_computes_it(
    layers: Layers, weights: list[np.ndarray], mnist: Any, layer: int
) -> None:
    image = mnist.test.images[0]
    sums = forward(weights, normalize(image))
    unit = int(sums[layer - 1].argmax())
    described = describe_unit(layers, image, layer, unit)
    total = sums[layer - 1][unit]
    assert described.value == pytest.approx(total if layer == 3 else max(total, 0), abs=1e-4)
    # the picture predicts what a fainter digit changes, as long as the same units are lit
    fainter = normalize(image * 0.999)
    assert described.weights is not None
    change = (described.weights.ravel() * (fainter - normalize(image))).sum()
    assert change == pytest.approx(forward(weights, fainter)[layer - 1][unit] - total, abs=1e-5)
    received = normalize(image) - normalize(image * 0) if layer == 1 else np.maximum(sums[layer - 2], 0)
    added = weights[2 * layer - 2][unit] * received
    strongest = np.argsort(-abs(added))[:MAX_PATHS]
    assert [index for index, _ in described.inputs] == strongest.tolist()
    assert [each for _, each in described.inputs] == pytest.approx(added[strongest], abs=1e-4)
    if layer == 3:
        assert described.outputs == ()
    else:
        passed = weights[2 * layer][:, unit] * max(total, 0)
        assert [each for _, each in described.outputs] == pytest.approx(passed[np.argsort(-abs(passed))[:8]], abs=1e-4)


def test_the_most_exciting_digits_come_first(layers: Layers, mnist: Any) -> None:
    images = mnist.test.images[:200]
    ranked = rank_digits(layers, images, 3)
    assert [rows.shape for rows in ranked] == [(3, 256), (3, 128), (3, 10)]
    values = layers.logits(images)[:, 7]
    assert sorted(values)[:-4:-1] == values[ranked[2][:, 7]].tolist()


def test_feature_maps_are_those_behind_the_activations(mnist: Any) -> None:
    stages = open_stages(load_model("cnn", threads=1))
    assert stages
    maps = stages.maps(mnist.test.images[0])
    assert [each.shape[0] for each in maps] == [24, 48, 96]
    assert all(each.min() == 0 < each.max() for each in maps)
    blank = stages.maps(mnist.test.images[0] * 0)
    assert any(not np.allclose(one, other) for one, other in zip(maps, blank, strict=True))


def test_other_networks_have_no_maps(mlp: Any) -> None:
    assert open_stages(mlp) is None
