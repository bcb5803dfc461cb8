"""Model files: those that are read, and why the others are not."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import digits
from digits.errors import ModelError, ModelNotFoundError
from digits.inference import Model, load_model
from digits.inference.model import agree, encode_golden
from digits.types import Dataset

WEIGHTS = np.random.default_rng(0).normal(0, 0.1, (784, 10)).astype(np.float32)


def answers(images: np.ndarray) -> np.ndarray:
    """Logits of the model of these tests, by NumPy."""
    return np.asarray(images.reshape(-1, 784).astype(np.float32) / 255 @ WEIGHTS, np.float32)


def described(images: np.ndarray, **changes: Any) -> dict[str, Any]:
    golden = encode_golden(images[:4], answers(images[:4]))
    return {"format": 1, "temperature": 2.0, "golden": golden} | changes


def build(
    metadata: str | None, *, n: str | int = "n", classes: int = 10, name: str = "images", kind: int = TensorProto.UINT8
) -> onnx.ModelProto:
    """A linear model of ONNX's own parts, without torch."""
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", [name, "flat"], ["rows"]),
            helper.make_node("Cast", ["rows"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Div", ["floats", "full"], ["bright"]),
            helper.make_node("MatMul", ["bright", "weights"], ["logits"]),
        ],
        "digits",
        [helper.make_tensor_value_info(name, kind, [n, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [n, classes])],
        [
            numpy_helper.from_array(np.array([n if isinstance(n, int) else -1, 784]), "flat"),
            numpy_helper.from_array(np.float32(255), "full"),
            numpy_helper.from_array(WEIGHTS[:, :classes].copy(), "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if metadata is not None:
        helper.set_model_props(model, {"digits": metadata})
    return model


@pytest.fixture(scope="module")
def images(mnist: Dataset) -> np.ndarray:
    return mnist.test.images[:2345]


@pytest.fixture(scope="module")
def file(images: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    onnx.save(build(json.dumps(described(images))), path)
    return path


@pytest.fixture(scope="module")
def model(file: Path) -> Model:
    return load_model(file)


@pytest.mark.parametrize("n", [0, 1, 999, 1000, 1001, 2345])
def test_any_number_of_digits(model: Model, images: np.ndarray, n: int) -> None:
    logits = model.logits(images[:n])
    assert (logits.dtype, logits.shape) == (np.float32, (n, 10))
    np.testing.assert_allclose(logits, answers(images[:n]), atol=1e-4)


@pytest.mark.parametrize("view", [np.s_[::-1], np.s_[:, ::-1], np.s_[:, :, ::-1], np.s_[::3]])
def test_any_view_of_an_array(model: Model, images: np.ndarray, view: Any) -> None:
    np.testing.assert_allclose(model.logits(images[:60][view]), answers(images[:60][view].copy()), atol=1e-4)


def test_a_transposed_array(model: Model, images: np.ndarray) -> None:
    turned = images[:5].transpose(0, 2, 1)
    np.testing.assert_allclose(model.logits(turned), answers(turned.copy()), atol=1e-4)


def test_probabilities_sum_to_one_and_use_the_temperature(model: Model, images: np.ndarray) -> None:
    probabilities = model.predict_proba(images)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)
    exponentials = np.exp(answers(images).astype(float) / 2.0)
    np.testing.assert_allclose(probabilities, exponentials / exponentials.sum(1, keepdims=True), atol=1e-5)
    assert model.predict_proba(images[:0]).shape == (0, 10)


def test_a_run_folder_holds_its_model(file: Path, images: np.ndarray) -> None:
    np.testing.assert_array_equal(load_model(file.parent).logits(images), load_model(str(file)).logits(images))


def test_reading_loads_no_torch(file: Path) -> None:
    code = (
        "import sys, numpy, digits; m = digits.load_model(sys.argv[1]);"
        "m.predict_proba(numpy.zeros((3, 28, 28), 'u1'));"
        "print([name for name in ('torch', 'matplotlib', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@given(st.floats(0, 0.9e-3), st.floats(1.2e-3, 1))
def test_runtimes_agree_up_to_a_thousandth(near: float, far: float) -> None:
    logits = np.zeros((1, 10), np.float32)
    assert agree(logits, logits + np.float32(near))
    assert not agree(logits, logits + np.float32(far))


def test_nan_never_agrees() -> None:
    nan = np.full((1, 10), np.nan, np.float32)
    assert not agree(nan, nan)


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as refused:
        load_model(path)
    assert refused.value.exit_code == 1
    return str(refused.value)


def test_a_missing_model_is_named_with_what_there_is(tmp_path: Path) -> None:
    for path, file in ((tmp_path / "none.onnx", "none.onnx"), (tmp_path, "model.onnx")):
        with pytest.raises(ModelNotFoundError, match=f"{tmp_path}/{file}: name .*cnn or mlp.*digits train"):
            load_model(path)


@pytest.mark.parametrize("name", ["None", "3", "b'cnn'"])
def test_what_is_not_a_model_is_named(name: str) -> None:
    script = f"import digits; digits.load_model({name})"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert finished.stderr.splitlines()[-1].startswith("digits.errors.UsageError: a model is cnn or mlp, or the path")


def test_shipped_models_are_loaded_by_name_and_describe_themselves(file: Path) -> None:
    assert repr(load_model("mlp")) == "<Model mlp: 784-256-128-10, 235,146 parameters, test accuracy 99.50 %>"
    assert repr(load_model(file)) == f"<Model {file.parent.name}: network unknown>"


def test_predictions_are_the_most_probable_classes(model: Model, images: np.ndarray) -> None:
    classes = model.predict(images)
    assert (classes.dtype, classes.shape) == (np.uint8, (len(images),))
    assert (classes == answers(images).argmax(1)).all()
    assert (model.predict(images[:9] / 255) == classes[:9]).all()


@pytest.mark.parametrize(
    ("made", "found"),
    [("zeros((2, 28, 28))", "float64[2, 28, 28]"), ("zeros((2, 784), 'u1')", "uint8[2, 784]")],
)
def test_logits_need_uint8_images(file: Path, made: str, found: str) -> None:
    script = f"from numpy import zeros; import digits; digits.load_model({str(file)!r}).logits({made})"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert finished.stderr.splitlines()[-1].endswith(f"images must be uint8[n, 28, 28]; these are {found}")


@pytest.mark.parametrize("content", [b"", b"hello", b"<!DOCTYPE html>", b"\x08\x08" * 1000])
def test_a_file_that_is_not_onnx(tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert refusal(path).startswith(f"{path} is not a model that digits can read: ")
    assert capfd.readouterr().err == ""


def test_a_truncated_model(tmp_path: Path, file: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(file.read_bytes()[:-50])
    assert refusal(path).startswith(f"{path} is not a model that digits can read: ")


@pytest.mark.parametrize("metadata", [None, "", "{", "[]", "3", "{}", '{"temperature": 1}'])
def test_an_onnx_file_of_others(tmp_path: Path, metadata: str | None) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(build(metadata), path)
    assert refusal(path).startswith(f"{path} is an ONNX file, but not a digits model")


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_another_format_version(tmp_path: Path, images: np.ndarray, version: object) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(build(json.dumps(described(images, format=version))), path)
    assert refusal(path).startswith(f"{path} has model format {version!r}; this version of digits reads format 1: ")


@pytest.mark.parametrize("wrong", [{"classes": 9}, {"name": "pixels"}, {"kind": TensorProto.FLOAT}])
def test_a_model_with_other_inputs_or_outputs(tmp_path: Path, images: np.ndarray, wrong: dict[str, Any]) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(build(json.dumps(described(images)), **wrong), path)
    message = refusal(path)
    assert message.startswith(f"{path} does not turn uint8[n, 28, 28] into float32[n, 10]: it has [")
    assert str(wrong.get("classes", wrong.get("name", "tensor(float)"))) in message


def test_a_fixed_batch_size_fails_the_self_check_quietly(
    tmp_path: Path, images: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(build(json.dumps(described(images)), n=2), path)
    assert refusal(path).startswith(f"{path} fails its self-check")
    assert capfd.readouterr().err == ""


def broken_golden(real: np.ndarray, **changes: str) -> dict[str, Any]:
    return described(real) | {"golden": described(real)["golden"] | changes}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda images: {name: value for name, value in described(images).items() if name != "golden"},
        lambda images: {name: value for name, value in described(images).items() if name != "temperature"},
        lambda images: described(images, golden=[]),
        lambda images: described(images, golden={"images": "", "logits": ""}),
        lambda images: described(images, temperature=0),
        lambda images: described(images, temperature=-1.0),
        lambda images: described(images, temperature=float("nan")),
        lambda images: described(images, temperature=float("inf")),
        lambda images: described(images, temperature="warm"),
        lambda images: described(images, temperature=None),
        lambda images: broken_golden(images, images="A"),
        lambda images: broken_golden(images, logits=base64.b64encode(b"\0" * 12).decode()),
        lambda images: broken_golden(images, logits=base64.b64encode(b"\0" * 40).decode()),
    ],
)
def test_broken_metadata(tmp_path: Path, images: np.ndarray, spoil: Callable[[np.ndarray], dict[str, Any]]) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(build(json.dumps(spoil(images))), path)
    message = refusal(path)
    assert message.startswith(f"{path} has broken metadata: ")
    assert message.endswith("; export the model again")


def test_changed_weights_fail_the_self_check(tmp_path: Path, file: Path) -> None:
    tampered = onnx.load(file)
    weights = next(tensor for tensor in tampered.graph.initializer if tensor.name == "weights")
    values = numpy_helper.to_array(weights).copy()
    values[300:400] *= -1
    weights.CopyFrom(numpy_helper.from_array(values, "weights"))
    path = tmp_path / "model.onnx"
    onnx.save(tampered, path)
    assert refusal(path).startswith(f"{path} fails its self-check: it was changed or damaged")


@pytest.mark.parametrize("model", ["shipped", "own"])
def test_reading_leaves_no_trace(tmp_path: Path, file: Path, model: str) -> None:
    """ONNX Runtime would store an identifier of this computer, and send reports."""
    places = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"} | places
    source = "cnn" if model == "shipped" else str(file)
    code = f"import digits, numpy; digits.Reader({source!r}).read(numpy.eye(28))"
    before = {*tmp_path.rglob("*")}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, check=True)
    left = [path for path in {*tmp_path.rglob("*")} - before if path.is_file()]
    assert [path.parent.name for path in left] == {"shipped": [], "own": ["tried-models"]}[model]


def test_one_module_imports_the_runtime() -> None:
    """Another could import it before its reports are switched off."""
    source = Path(digits.__file__).parent
    pattern = re.compile(r"(?<!TYPE_CHECKING:\n)^ *(import|from) onnxruntime\b", re.MULTILINE)
    found = {path.name for path in source.rglob("*.py") if pattern.search(path.read_text(encoding="utf-8"))}
    assert found == {"runtime.py"}
