"""Sets of digits over HTTP: the same answers as ``digits read --json``, whatever their format."""

from __future__ import annotations

import gzip
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.data.wild.builders import make_parts, png, table, zipped
from tests.web.conftest import Answer, Served

from digits.cli.read import _read_set
from digits.data import idx_bytes
from digits.inference import Reader
from digits.web.uploads import MAX_DIGITS

TEST = make_parts().test
CSV = table(TEST).encode()
ANY = "application/octet-stream"
FORM = "multipart/form-data; boundary=a"


def npz(images: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, images=images)
    return content.getvalue()


def form(*files: tuple[str, bytes]) -> bytes:
    head = b'--a\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n'
    return b"".join(head % (name.encode(), content) for name, content in files) + b"--a--\r\n"


def send(served: Served, *files: tuple[str, bytes], flags: str = "") -> Answer:
    return served.post(f"/api/digits{flags}", form(*files), FORM)


def test_answer_is_that_of_the_command(served: Served, tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_bytes(CSV)
    expected = list(_read_set(tmp_path / "test.csv", Reader("mlp"), transpose=True))
    answer = send(served, ("test.csv", CSV), flags="?model=mlp&transpose=true")
    assert (answer.status, answer.json) == (200, {"file": "test.csv", "digits": expected, "notices": []})


def test_formats_are_told_by_type_name_or_content(served: Served) -> None:
    images = TEST.images
    answers = [
        served.post("/api/digits", CSV, "text/csv"),
        served.post("/api/digits", gzip.compress(idx_bytes(images)), "application/gzip"),
        served.post("/api/digits", npz(images), ANY),
        send(served, ("digits.pkl.gz", gzip.compress(pickle.dumps((images, TEST.labels))))),
        send(served, ("digits.csv.zip", zipped({"digits.csv": CSV}))),
    ]
    assert [answer.status for answer in answers] == [200] * len(answers), answers
    values = [[digit["value"] for digit in answer.json["digits"]] for answer in answers]
    assert values == [values[0]] * len(answers)
    assert [digit["id"] for digit in answers[0].json["digits"]] == list(range(1, len(images) + 1))
    scaled = served.post("/api/digits", npz(images / 255), ANY).json
    assert scaled["notices"] == ["digits.npz: the pixels are 0–1, which are scaled to 0–255."]


@pytest.mark.parametrize(
    ("body", "kind", "status", "sentence"),
    [
        (b"", "text/csv", 422, "digits.csv is empty"),
        (b"1,2\n", "text/csv", 422, "digits.csv has 2 columns; 784 are needed"),
        (png(TEST.images[0]), ANY, 422, "digits is no set of digits that is known"),
        (png(TEST.images[0]), "image/png", 415, "Content-Type image/png: send a table as text/csv"),
        (zipped({"test.csv": CSV, "b": b""}), ANY, 422, "digits is an archive. Send the file"),
        (pickle.dumps(Path("x")), ANY, 422, "digits names pathlib"),
        (npz(np.zeros((MAX_DIGITS + 1, 784), np.uint8)), ANY, 413, "digits has over 10,000 digits: send it in parts"),
        (npz(np.zeros((400_000, 784), np.uint8)), ANY, 422, "digits.npz is too large: it unpacks to 313,600,"),
        (
            form(("a.csv", CSV), ("b.csv", CSV)),
            "multipart/form-data; boundary=a",
            400,
            "the form holds 2 files: send one",
        ),
        (form(("/etc/passwd.csv", b"")), "multipart/form-data; boundary=a", 422, "passwd.csv is empty"),
    ],
    ids=("empty", "columns", "picture", "type", "archive", "pickle", "many", "bomb", "two files", "folders"),
)
def test_anything_else_is_refused(served: Served, body: bytes, kind: str, status: int, sentence: str) -> None:
    answer = served.post("/api/digits", body, kind)
    assert answer.status == status
    assert answer.error.startswith(sentence)
