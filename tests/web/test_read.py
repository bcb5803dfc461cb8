"""Reading over HTTP: the same answers as ``digits read``, bit for bit, however a picture is sent."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.web.conftest import Served, png

import digits


def form(content: bytes, name: str = "note.jpg") -> tuple[bytes, str]:
    """A form with one file, as browsers and curl write it."""
    head = f'--line\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--line--\r\n", "multipart/form-data; boundary=line"


def pictures(drawing: Callable[..., bytes], mnist: Any) -> list[bytes]:
    """Drawings, written pages, photographs, formats: what people send."""
    some = [drawing(*range(start, start + count)) for start, count in ((0, 1), (10, 3), (20, 5))]
    some += [drawing(30, 31, kind=kind) for kind in ("JPEG", "WEBP", "BMP", "TIFF", "GIF")]
    some += [png(digits.synthesize_page(seed).picture) for seed in (2, 3)]
    turned = Image.fromarray(digits.synthesize_page(4).picture)
    exif = turned.getexif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    turned.save(buffer, "JPEG", exif=exif)
    return [*some, buffer.getvalue(), png(np.full((60, 80), 200, np.uint8))]


@pytest.mark.parametrize("words", [[], ["--single"], ["--upright"], ["--model", "mlp"], ["--model", "mlp", "--single"]])
def test_the_answers_are_those_of_the_command(
    words: list[str], served: Served, drawing: Any, mnist: Any, told_by_the_command: Any
) -> None:
    sent = pictures(drawing, mnist)
    known = f"single={'--single' in words}&upright={'--upright' in words}".lower()
    query = f"?{known}&model={'mlp' if 'mlp' in words else 'cnn'}"
    answers = [served.post(f"/api/read{query}", each) for each in sent]
    assert [each.status for each in answers] == [200] * len(sent)
    told = told_by_the_command(sent, *words)
    assert [each.json | {"file": ""} for each in answers] == [each | {"file": ""} for each in told]
    assert sum(len(each["digits"]) for each in told) >= len(sent)


def test_however_a_picture_is_sent_the_answer_is_the_same(served: Served, drawing: Any) -> None:
    content = drawing(0, 1, 2)
    answer = served.post("/api/read", content).json
    assert answer["text"] == "721"
    assert answer["file"] == "the picture"
    body, kind = form(content)
    assert served.post("/api/read", body, kind).json == answer | {"file": "note.jpg"}
    encoded = base64.b64encode(content).decode()
    for text in (encoded, f"data:image/png;base64,{encoded}"):
        sent = json.dumps({"picture": text, "name": "a"}).encode()
        assert served.post("/api/read", sent, "application/json").json == answer | {"file": "a"}
    pixels = np.asarray(Image.open(io.BytesIO(content)))
    for rows in (pixels.tolist(), (pixels / 255.0).tolist()):
        sent = json.dumps({"pixels": rows}).encode()
        assert served.post("/api/read", sent, "application/json; charset=utf-8").json == answer


def test_a_look_holds_the_same_reading_and_what_is_inside(served: Served, drawing: Any) -> None:
    content = drawing(0, 1, 2)
    look = served.post("/api/look?model=mlp&model=cnn&focus=1&evidence=true&preview=true", content).json
    for answer in look["answers"]:
        assert answer["reading"] == served.post(f"/api/read?model={answer['model']}", content).json
    assert [answer["model"] for answer in look["answers"]] == ["mlp", "cnn"]
    inside = look["inside"]
    assert inside["digit"] == 1
    assert inside["image"] == look["answers"][0]["images"][1]
    image = np.frombuffer(base64.b64decode(inside["image"]), np.uint8).reshape(28, 28)
    mlp, cnn = inside["models"]
    model = digits.load_model("src/digits/pretrained/mlp.onnx")
    assert np.allclose(mlp["probabilities"], model.predict_proba(image)[0], atol=1e-4)
    assert [len(layer) for layer in mlp["layers"]] == [256, 128]
    assert cnn["layers"] is None
    assert (mlp["evidence"]["exact"], cnn["evidence"]["exact"]) == (True, False)
    assert len(mlp["evidence"]["pixels"]) == len(cnn["evidence"]["pixels"]) == 784
    shown = Image.open(io.BytesIO(base64.b64decode(inside["steps"]["digit"].partition(",")[2])))
    assert np.array_equal(np.asarray(shown), image)
    preview = Image.open(io.BytesIO(base64.b64decode(look["preview"].partition(",")[2])))
    assert list(preview.size) == look["size"]


def test_a_look_at_nothing_opens_nothing(served: Served) -> None:
    look = served.post("/api/look?evidence=true", png(np.full((60, 80), 255, np.uint8))).json
    assert look["inside"] is None
    assert look["answers"][0]["reading"]["digits"] == []


@pytest.mark.parametrize(("focus", "opened"), [(-1, 2), (-9, 0), (0, 0), (9, 2)])
def test_the_digit_in_focus_is_one_that_is_there(focus: int, opened: int, served: Served, drawing: Any) -> None:
    assert served.post(f"/api/look?focus={focus}", drawing(0, 1, 2)).json["inside"]["digit"] == opened


def test_models_are_told(served: Served) -> None:
    told = served.get("/api/models").json
    assert told["default"] == "cnn"
    assert [model["name"] for model in told["models"]] == ["cnn", "mlp"]
    assert [model["layers"] for model in told["models"]] == [None, [784, 256, 128, 10]]


REFUSED = [
    (b"", "image/png", 422, "the picture is empty: choose a file that holds a picture"),
    (b"hello", "image/png", 422, "the picture is not in a known picture format: save it as PNG, JPEG, "),
    (b"x", "text/plain", 415, "a body of the kind text/plain is not read here: send the picture's bytes as image/png"),
    (b"x", "", 415, "a body of the kind that is not named is not read here"),
    (b"{", "application/json", 400, "the body is not JSON: "),
    (b"[" * 100_000, "application/json", 400, "the body is not JSON: "),
    (b"\xff", "application/json", 400, "the body is not JSON: "),
    (b"[]", "application/json", 400, 'JSON must be {"picture": '),
    (b'{"picture": "", "pixels": []}', "application/json", 400, 'JSON must be {"picture": '),
    (b'{"picture": 1}', "application/json", 400, "picture must be a text: "),
    (b'{"picture": "%"}', "application/json", 400, "picture is not base64: "),
    (b'{"picture": "eA=="}', "application/json", 422, "the picture is not in a known picture format"),
    (b'{"picture": "eA==", "name": 5}', "application/json", 400, "name must be a text, not 5"),
    (b'{"pixels": [[1, 2], [3]]}', "application/json", 400, "pixels must be rows of the same length: "),
    (b'{"pixels": [["a"]]}', "application/json", 400, "pixels must be numbers, 0 to 255 or 0.0 to 1.0"),
    (b'{"pixels": [[1e999]]}', "application/json", 422, "the picture is 1"),
    (b'{"pixels": [[123456789012345678901234567890]]}', "application/json", 400, "pixels must be numbers"),
    (b'{"pixels": []}', "application/json", 422, "the picture must be [height, width]"),
    (b"x", "multipart/form-data", 400, "the form cannot be read: "),
    (b"--a--\r\n", "multipart/form-data; boundary=a", 400, "the form holds no file: put the picture in a field "),
    (b"--b\r\nx", "multipart/form-data; boundary=a", 400, "the form cannot be read: "),
]


@pytest.mark.parametrize(("body", "kind", "status", "says"), REFUSED)
@pytest.mark.parametrize("path", ["/api/read", "/api/look", "/api/own?label=1&consent=true"])
def test_a_wrong_body_gets_a_sentence(
    path: str, body: bytes, kind: str, status: int, says: str, served: Served
) -> None:
    answer = served.post(path, body, kind) if kind else served.ask("POST", path, body)
    assert (answer.status, answer.error[: len(says)]) == (status, says)
    assert "Traceback" not in answer.error


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("POST", "/api/read?model=cnm", 404, "there is no model 'cnm'; there are cnn, mlp"),
        ("POST", "/api/look?model=cnn&model=x", 404, "there is no model 'x'; there are cnn, mlp"),
        ("POST", "/api/read?single=maybe", 422, "single: Input should be a valid boolean"),
        ("POST", "/api/look?focus=a", 422, "focus: Input should be a valid integer"),
        ("POST", "/api/own?label=10&consent=true", 422, "label: Input should be less than or equal to 9"),
        ("POST", "/api/own?consent=true", 422, "label: Field required"),
        ("GET", "/api/read", 405, "/api/read is not called with GET; /openapi.json tells how it is"),
        ("GET", "/api/nothing", 404, "there is nothing at /api/nothing; /openapi.json lists what is"),
        ("GET", "/../../etc/passwd", 404, "there is nothing at "),
        ("GET", "/%2e%2e/service.py", 404, "there is nothing at "),
    ],
)
def test_a_wrong_call_gets_a_sentence(
    method: str, path: str, status: int, says: str, served: Served, seven: bytes
) -> None:
    answer = served.post(path, seven) if method == "POST" else served.get(path)
    assert (answer.status, answer.error[: len(says)]) == (status, says)
