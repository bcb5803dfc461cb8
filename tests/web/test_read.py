"""Reading over HTTP: the same answers as ``digits read``, in every form of request."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.web.conftest import Served, png

import digits
from benchmarks import hostile
from digits.synthesis import synthesize_page


def form(content: bytes, name: str = "note.jpg") -> tuple[bytes, str]:
    """A form with one file, as browsers and curl write it."""
    head = f'--line\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--line--\r\n", "multipart/form-data; boundary=line"


def pictures(drawing: Callable[..., bytes], mnist: Any) -> list[bytes]:
    """Drawings, pages and photographs in several formats."""
    some = [drawing(*range(start, start + count)) for start, count in ((0, 1), (10, 3), (20, 5))]
    some += [drawing(30, 31, kind=kind) for kind in ("JPEG", "WEBP", "BMP", "TIFF", "GIF")]
    some += [png(synthesize_page(seed).picture) for seed in (2, 3)]
    turned = Image.fromarray(synthesize_page(4).picture)
    exif = turned.getexif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    turned.save(buffer, "JPEG", exif=exif)
    return [*some, buffer.getvalue(), png(np.full((60, 80), 200, np.uint8))]


@pytest.mark.slow
@pytest.mark.parametrize("flags", [[], ["--single"], ["--upright"], ["--model", "mlp"], ["--model", "mlp", "--single"]])
def test_answers_equal_those_of_the_command(
    flags: list[str], served: Served, drawing: Any, mnist: Any, read_by_command: Any
) -> None:
    sent = pictures(drawing, mnist)
    known = f"single={'--single' in flags}&upright={'--upright' in flags}".lower()
    query = f"?{known}&model={'mlp' if 'mlp' in flags else 'cnn'}"
    answers = [served.post(f"/api/read{query}", each) for each in sent]
    assert [each.status for each in answers] == [200] * len(sent)
    expected = read_by_command(sent, *flags)
    assert [each.json | {"file": ""} for each in answers] == [each | {"file": ""} for each in expected]
    assert sum(len(each["digits"]) for each in expected) >= len(sent)


def test_bytes_and_form_get_the_same_answer(served: Served, drawing: Any) -> None:
    content = drawing(0, 1, 2)
    answer = served.post("/api/read", content).json
    assert answer["text"] == "721"
    assert answer["file"] == "the picture"
    body, kind = form(content)
    assert served.post("/api/read", body, kind).json == answer | {"file": "note.jpg"}


def test_several_pictures_are_all_answered(served: Served, drawing: Any) -> None:
    contents = [("a.png", drawing(0, 1)), ("notes.txt", b"plain text"), ("b.png", drawing(2))]
    boundary = '--line\r\nContent-Disposition: form-data; name="file"; filename='
    parts = b"".join(f'{boundary}"{name}"\r\n\r\n'.encode() + content + b"\r\n" for name, content in contents)
    kind = "multipart/form-data; boundary=line"
    first, second, third = served.post("/api/read", parts + b"--line--\r\n", kind).json
    assert (first["file"], first["text"], first["model"], first["turned"]) == ("a.png", "72", "cnn", 0)
    assert (set(second), second["file"]) == ({"file", "error"}, "notes.txt")
    assert third == served.post("/api/read", contents[2][1]).json | {"file": "b.png"}
    assert served.post("/api/read?model=none", parts + b"--line--\r\n", kind).status == 404
    assert served.post("/api/explain", parts + b"--line--\r\n", kind).status == 400


def test_a_part_is_read_alone_and_turned(served: Served, drawing: Any) -> None:
    content = drawing(0, 1, 2)  # 7, 2 and 1, on a sheet of 460 by 200 pixels
    part = served.post("/api/read?area=0.34,0,0.66,1", content).json
    assert (part["text"], part["size"]) == ("21", [304, 200])
    turned = png(np.rot90(np.asarray(Image.open(io.BytesIO(content)))))
    back = served.post("/api/read?area=0,0,1,0.66&turn=270&upright=true", turned).json
    assert (back["text"], back["size"], back["turned"]) == ("21", [304, 200], 0)
    explained = served.post("/api/explain?area=0.34,0,0.66,1&preview=true", content).json
    assert explained["size"] == [304, 200]
    small = served.post("/api/read?area=0.5,0.5,0.01,0.5", content)
    assert (small.status, small.error) == (422, "the part has less than 16 pixels a side: choose a larger one")
    assert served.post("/api/read?area=0.5,0.5,2,0.5", content).status == 422


def test_explanation_holds_the_same_reading_and_the_inside(served: Served, drawing: Any) -> None:
    content = drawing(0, 1, 2)
    query = "model=mlp&model=cnn&focus=1&evidence=true&preview=true"
    explanation = served.post(f"/api/explain?{query}", content).json
    for answer in explanation["answers"]:
        assert answer["reading"] == served.post(f"/api/read?model={answer['model']}", content).json
    assert [answer["model"] for answer in explanation["answers"]] == ["mlp", "cnn"]
    focus = explanation["focus"]
    assert focus["digit"] == 1
    assert focus["image"] == explanation["answers"][0]["images"][1]
    image = np.frombuffer(base64.b64decode(focus["image"]), np.uint8).reshape(28, 28)
    mlp, cnn = focus["models"]
    model = digits.load_model("cnn")
    assert mlp["probabilities"] == explanation["answers"][0]["probabilities"][1]
    assert np.allclose(cnn["probabilities"], model.predict_proba(image)[0], atol=1e-4)
    assert [len(layer) for layer in mlp["layers"]] == [256, 128]
    assert cnn["layers"] is None
    assert (mlp["evidence"]["exact"], cnn["evidence"]["exact"]) == (True, False)
    assert len(mlp["evidence"]["pixels"]) == len(cnn["evidence"]["pixels"]) == 784
    shown = Image.open(io.BytesIO(base64.b64decode(focus["steps"]["digit"].partition(",")[2])))
    assert np.array_equal(np.asarray(shown), image)
    preview = Image.open(io.BytesIO(base64.b64decode(explanation["preview"].partition(",")[2])))
    assert list(preview.size) == explanation["size"]


def test_blank_picture_has_no_focus(served: Served) -> None:
    explanation = served.post("/api/explain?evidence=true", png(np.full((60, 80), 255, np.uint8))).json
    assert explanation["focus"] is None
    assert explanation["answers"][0]["reading"]["digits"] == []


@pytest.mark.parametrize(("focus", "explained"), [(-1, 2), (-9, 0), (0, 0), (9, 2)])
def test_focus_is_clipped_to_existing_digits(focus: int, explained: int, served: Served, drawing: Any) -> None:
    assert served.post(f"/api/explain?focus={focus}", drawing(0, 1, 2)).json["focus"]["digit"] == explained


def test_models_are_listed(served: Served) -> None:
    listed = served.get("/api/models").json
    assert listed["default"] == "cnn"
    assert [model["name"] for model in listed["models"]] == ["cnn", "mlp"]
    assert [model["layers"] for model in listed["models"]] == [None, [784, 256, 128, 10]]


INVALID = [
    (b"", "image/png", 422, "empty"),
    (b"hello", "image/png", 422, "known picture format"),
    (b"x", "text/plain", 415, "Content-Type text/plain"),
    (b"{}", "application/json", 415, "send the bytes of a picture"),
    (b"x", "", 415, "Content-Type is missing"),
    (b"x", "multipart/form-data", 400, "the form cannot be parsed"),
    (b"--a--\r\n", "multipart/form-data; boundary=a", 400, "the form holds no file"),
    (b"--b\r\nx", "multipart/form-data; boundary=a", 400, "the form cannot be parsed"),
]


@pytest.mark.parametrize(("body", "kind", "status", "words"), INVALID)
@pytest.mark.parametrize("path", ["/api/read", "/api/explain", "/api/corrections?label=1&consent=true"])
def test_invalid_bodies_are_explained(
    path: str, body: bytes, kind: str, status: int, words: str, served: Served
) -> None:
    answer = served.post(path, body, kind) if kind else served.send("POST", path, body)
    assert answer.status == status
    assert words in answer.error
    assert "Traceback" not in answer.error


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("POST", "/api/read?model=cnm", 404, "no model is named 'cnm': choose from cnn, mlp"),
        ("POST", "/api/explain?model=cnn&model=x", 404, "no model is named 'x'"),
        ("POST", "/api/read?single=maybe", 422, "single: Input should be a valid boolean"),
        ("POST", "/api/explain?focus=a", 422, "focus: Input should be a valid integer"),
        ("POST", "/api/corrections?label=10&consent=true", 422, "label: Input should be less than or equal to 9"),
        ("POST", "/api/corrections?consent=true", 422, "label: Field required"),
        ("GET", "/api/read", 405, "/api/read does not support GET"),
        ("GET", "/api/nothing", 404, "/api/nothing does not exist"),
        ("GET", "/../../etc/passwd", 404, "does not exist"),
        ("GET", "/%2e%2e/service.py", 404, "does not exist"),
    ],
)
def test_invalid_calls_are_explained(
    method: str, path: str, status: int, words: str, served: Served, seven: bytes
) -> None:
    answer = served.post(path, seven) if method == "POST" else served.get(path)
    assert answer.status == status
    assert words in answer.error


@pytest.fixture(scope="module")
def scans() -> dict[str, bytes]:
    """The same two pages as PDF and TIFF."""
    first, second = [Image.fromarray(synthesize_page(seed, size=(120, 200)).picture) for seed in (1, 2)]
    return {
        kind: hostile.save(first.copy(), kind, save_all=True, append_images=[second.copy()]) for kind in ("TIFF", "PDF")
    }


@pytest.mark.parametrize(("kind", "media_type"), [("PDF", "application/pdf"), ("TIFF", "image/tiff")])
def test_pages_are_read_as_by_the_command(served: Served, scans: Any, kind: str, media_type: str) -> None:
    content = scans[kind]
    for number, reading in enumerate(digits.read_pages(content), 1):
        answer = served.post(f"/api/read?page={number}", content, media_type)
        assert (answer.status, answer.json) == (200, reading.to_dict())
        explanation = served.post(f"/api/explain?page={number}&preview=true", content, media_type).json
        assert explanation["answers"][0]["reading"] == reading.to_dict()
        assert explanation["preview"].startswith("data:image/jpeg")
        assert explanation["pages"] == 2


@pytest.mark.parametrize("path", ["/api/read", "/api/explain", "/api/corrections?label=1&consent=true"])
@pytest.mark.parametrize("kind", ["PDF", "TIFF"])
def test_of_several_pages_one_must_be_named(served: Served, scans: Any, kind: str, path: str) -> None:
    body, media_type = form(scans[kind], "scan.pdf")
    answer = served.post(path, body, media_type)
    expected = {"error": "scan.pdf has 2 pages: name one, such as page=1", "pages": 2}
    assert (answer.status, answer.json) == (422, expected)
    join = "&" if "?" in path else "?"
    answer = served.post(f"{path}{join}page=3", body, media_type)
    expected = {"error": "scan.pdf has no page 3: it has 2 pages, counted from 1", "pages": 2}
    assert (answer.status, answer.json) == (422, expected)
    assert served.post(f"{path}{join}page=0", body, media_type).status == 422


def test_a_pdf_of_one_page_is_read_like_a_picture(served: Served) -> None:
    picture = Image.fromarray(synthesize_page(1, size=(120, 200)).picture)
    content = hostile.save(picture, "PDF")
    answer = served.post("/api/read", content, "application/octet-stream").json
    assert answer == digits.read(content).to_dict()
    assert served.post("/api/read?page=1", content, "application/octet-stream").json == answer
    locked = served.post("/api/read?page=1", hostile.encrypted_pdf(), "application/pdf")
    message = "the picture is encrypted: open it with its password, and save it without one"
    assert (locked.status, locked.json) == (422, {"error": message})


@pytest.mark.slow
def test_a_costly_pdf_is_refused_with_a_sentence(served: Served, drawing: Any) -> None:
    answer = served.post("/api/read", hostile.pdf_of_nested_forms(), "application/pdf")
    message = "the picture takes too long to decode (over 2 seconds): save it again as PNG or JPEG"
    assert (answer.status, answer.json) == (422, {"error": message})
    assert served.post("/api/read", drawing(0)).status == 200
