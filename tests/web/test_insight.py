"""Looking inside a network through the service: units, the digits that excite them, feature maps, digits to try."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.web.conftest import Served

from digits import load_model
from digits.errors import DataNotFoundError
from digits.web import samples

pytestmark = pytest.mark.slow


def post(served: Served, path: str, image: np.ndarray) -> Any:
    return served.post(path, image.tobytes(), "application/octet-stream")


def test_a_unit_is_described_with_the_digits_that_excite_it(served: Served, mnist: Any) -> None:
    image = mnist.test.images[0]
    unit = post(served, "/api/unit?model=mlp&layer=2&unit=22", image).json
    assert len(unit["weights"]) == 784
    assert len(unit["inputs"]) == 8
    output = post(served, "/api/unit?model=mlp&layer=3&unit=7", image).json
    assert output["value"] > 5
    assert output["outputs"] == []
    found = served.get("/api/unit/digits?model=mlp&layer=3&unit=7").json
    assert (found["source"], found["count"]) == ("MNIST's validation digits", 5000)
    assert [digit["label"] for digit in found["digits"]] == [7] * 8


def test_answers_change_without_units(served: Served, drawing: Callable[..., bytes]) -> None:
    picture = drawing(0)
    ways = ["", "&off=mlp:2:22&off=cnn:1:0", "".join(f"&off=mlp:2:{unit}" for unit in range(40))]
    answers = [
        served.post(f"/api/explain?model=mlp&upright=true{way}", picture).json["focus"]["models"][0] for way in ways
    ]
    probabilities = [np.array(each["probabilities"]) for each in answers]
    assert np.abs(probabilities[0] - probabilities[2]).max() > 0.001
    assert [each["layers"][1][22] for each in answers[1:]] == [0, 0]


def test_pixels_are_explained_as_they_are(served: Served, mnist: Any) -> None:
    blend = (mnist.test.images[0] // 2 + mnist.test.images[61] // 2).astype(np.uint8)  # a 7 and an 8: half as dark
    answer = post(served, "/api/explain/digit?model=mlp&model=cnn&evidence=true", blend).json
    assert answer["focus"]["image"] == base64.b64encode(blend.tobytes()).decode()
    for name, each in zip(("mlp", "cnn"), answer["focus"]["models"], strict=True):
        expected = load_model(name).predict_proba(blend)[0]
        assert (each["model"], each["evidence"]["answer"]) == (name, int(expected.argmax()))
        np.testing.assert_allclose(each["probabilities"], expected, atol=2e-4)


def test_feature_maps_come_as_bytes(served: Served, drawing: Callable[..., bytes]) -> None:
    path = "/api/explain?model=cnn&model=mlp&upright=true"
    assert [each["maps"] for each in served.post(path, drawing(0)).json["focus"]["models"]] == [None, None]
    cnn, mlp = served.post(f"{path}&evidence=true", drawing(0)).json["focus"]["models"]
    assert mlp["maps"] is None
    for stage in cnn["maps"]:
        values = base64.b64decode(stage["values"])
        assert len(values) == stage["channels"] * stage["height"] * stage["width"]
        assert max(values) == 255


def test_samples_are_mnists(served: Served, mnist: Any) -> None:
    listed = served.get("/api/samples").json
    assert [digit["label"] for digit in listed["ordinary"]] == sorted(2 * list(range(10)))
    first = np.frombuffer(base64.b64decode(listed["mistakes"][0]["image"]), np.uint8).reshape(28, 28)
    assert (first == mnist.test.images[samples.MISTAKES[0]]).all()
    assert len(listed["mistakes"]) == len(samples.MISTAKES)


def test_samples_are_synthetic_without_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    def miss(**_: Any) -> None:
        raise DataNotFoundError("no MNIST is here")

    monkeypatch.setattr(samples, "load_mnist", miss)
    monkeypatch.setattr(samples, "SYNTHETIC_DIGITS", 40)
    found = samples.load_samples.__wrapped__()
    assert (found.source, found.mistakes, len(found.digits)) == ("synthetic handwriting", None, 40)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/api/unit?model=cnn&layer=1&unit=0", "cnn is not fully connected: choose another model, such as mlp"),
        ("/api/unit?model=mlp&layer=4&unit=0", "mlp has no unit 0 in layer 4: its layers have 256, 128, 10 units"),
        ("/api/unit?layer=1&unit=0&model=mlp&off=mlp:3:0", "mlp has no hidden unit 3:0: it has 1:0 to 1:255, 2:0 to 2:127"),  # noqa: E501
    ],
)  # fmt: skip
def test_what_a_network_lacks_is_said(served: Served, mnist: Any, path: str, sentence: str) -> None:
    answer = post(served, path, mnist.test.images[0])
    assert (answer.status, answer.error) == (422, sentence)
    assert post(served, path, mnist.test.images[:2]).status == 422
