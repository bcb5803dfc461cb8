"""Corrections: stored with consent, on this computer only, in one folder, under names that no request chooses."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.web.conftest import Served, serving

from digits.data import load_labelled, read_idx
from digits.web.corrections import ID, Corrections


@pytest.fixture
def empty(served: Served) -> Iterator[Served]:
    yield served
    assert served.send("DELETE", "/api/corrections").status == 200
    assert not served.corrections.exists(), "the folder is removed"


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_consent_is_required(empty: Served, seven: bytes) -> None:
    for query in ("label=7", "label=7&consent=false"):
        answer = empty.post(f"/api/corrections?{query}", seven)
        assert answer.status == 403
        assert "consent is missing" in answer.error
    assert not empty.corrections.exists()


@pytest.mark.parametrize(
    "headers", [{"x_forwarded_for": "10.0.0.9"}, {"forwarded": "for=10.0.0.9"}, {"x_real_ip": "1"}]
)
def test_other_computers_are_refused(headers: dict[str, str], empty: Served, seven: bytes) -> None:
    for method, query in [("POST", "?label=7&consent=true"), ("GET", ""), ("GET", ".csv"), ("DELETE", "")]:
        answer = empty.send(method, f"/api/corrections{query}", seven, content_type="image/png", **headers)
        assert answer.status == 403
        assert "the computer that runs digits serve" in answer.error
    assert not empty.corrections.exists()


def test_the_network_input_and_its_surroundings_are_stored(empty: Served, drawing: Any) -> None:
    content = drawing(0, 1, 2)
    explanation = empty.post("/api/explain", content).json
    added = empty.post("/api/corrections?label=4&digit=1&consent=true", content)
    assert added.status == 201
    kept = added.json["correction"]
    assert (kept["label"], added.json["read_as"], added.json["count"]) == (4, 2, 1)
    assert ID.fullmatch(kept["id"])
    assert files_in(empty.corrections) == [f"drawings/{kept['id']}.png", f"train/4/{kept['id']}.png"]
    seen = base64.b64decode(explanation["answers"][0]["images"][1])
    with Image.open(empty.corrections / "train" / "4" / f"{kept['id']}.png") as file:
        assert np.asarray(file).tobytes() == seen
    with Image.open(empty.corrections / "drawings" / f"{kept['id']}.png") as file:
        box = explanation["answers"][0]["reading"]["digits"][1]["box"]
        assert file.width >= box[2]
        assert file.height >= box[3]
    labelled = load_labelled(empty.corrections)
    assert (labelled.labels.tolist(), labelled.images.tobytes()) == ([4], seen)


def test_one_correction_is_deleted(empty: Served, seven: bytes) -> None:
    added = [empty.post(f"/api/corrections?label={label}&consent=true", seven).json for label in (7, 1)]
    first, second = (each["correction"] for each in added)
    assert empty.get("/api/corrections").json["per_class"] == [0, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    left = empty.send("DELETE", f"/api/corrections/{first['id']}").json
    assert left["digits"] == [second]
    assert files_in(empty.corrections) == [f"drawings/{second['id']}.png", f"train/1/{second['id']}.png"]
    assert empty.send("DELETE", f"/api/corrections/{first['id']}").status == 404


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "x", "..%2f..%2fetc%2fpasswd", "20261126-120000-0a1b2c3d.png", "20261126-120000-0a1b2c3g"]
)
def test_only_existing_ids_are_deleted(name: str, empty: Served, seven: bytes) -> None:
    empty.post("/api/corrections?label=7&consent=true", seven)
    before = files_in(empty.corrections)
    assert empty.send("DELETE", f"/api/corrections/{name}").status in (404, 405)
    assert files_in(empty.corrections) == before


def test_corrections_are_downloaded_as_csv_and_idx(empty: Served, drawing: Any, tmp_path: Path) -> None:
    for number, label in ((0, 7), (1, 2), (2, 1)):
        empty.post(f"/api/corrections?label={label}&consent=true&single=true", drawing(number))
    kept = load_labelled(empty.corrections)
    by_place = {image.tobytes(): label for image, label in zip(kept.images, kept.labels, strict=True)}
    table = empty.get("/api/corrections.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="digits.csv"'
    (tmp_path / "digits.csv").write_bytes(table.body)
    archive = zipfile.ZipFile(io.BytesIO(empty.get("/api/corrections.zip").body))
    archive.extractall(tmp_path / "idx")
    assert {path.name for path in (tmp_path / "idx").iterdir()} == {
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    }
    assert read_idx(tmp_path / "idx" / "train-labels-idx1-ubyte.gz").tolist() == [7, 2, 1], "the oldest first"
    for place in (tmp_path / "digits.csv", tmp_path / "idx"):
        taken = load_labelled(place)
        assert {i.tobytes(): n for i, n in zip(taken.images, taken.labels, strict=True)} == by_place


def test_missing_corrections_and_digits_are_named(empty: Served, seven: bytes) -> None:
    for suffix in ("csv", "zip"):
        answer = empty.get(f"/api/corrections.{suffix}")
        assert (answer.status, answer.error) == (404, "there are no corrections yet")
    answer = empty.post("/api/corrections?label=7&consent=true&digit=5", seven)
    assert answer.status == 422
    assert "no digit 5: 1 found" in answer.error


def test_other_files_in_the_folder_are_kept(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / "corrections")
    digit = np.eye(28, dtype=np.uint8) * np.uint8(255)
    corrections.add(digit, digit, 3)
    mine = tmp_path / "corrections" / "train" / "3" / "mine.png"
    mine.write_bytes(b"of another program")
    corrections.delete_all()
    assert files_in(tmp_path) == ["corrections/train/3/mine.png"]
    assert corrections.entries() == []


def test_full_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.web.corrections.MAX_CORRECTIONS", 1)
    corrections = Corrections(tmp_path)
    digit = np.eye(28, dtype=np.uint8)
    corrections.add(digit, digit, 3)
    with pytest.raises(Exception, match="full with 1 digits"):
        corrections.add(digit, digit, 3)


NAMES = ["../../escaped.png", "/tmp/escaped.png", "a\\..\\b", "CON", "nul\x01", "é" * 300, '"; rm -rf ~']


@pytest.mark.slow
def test_hostile_uploads_write_only_into_the_folder(drawing: Any, tmp_path: Path) -> None:
    """Hostile file names, and bodies larger than form parsers usually hold in memory."""
    for name in ("home", "temporary", "here"):
        (tmp_path / name).mkdir()
    environment = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary"), "PATH": "/usr/bin:/bin"}
    large = Image.new("L", (1600, 1200), 255)
    large.paste(Image.open(io.BytesIO(drawing(0))), (300, 300))
    scan = io.BytesIO()
    large.save(scan, "BMP")
    with serving(tmp_path / "home" / "corrections", cwd=tmp_path / "here", env=environment) as running:
        for name in NAMES:
            quoted = name.replace('"', "%22")
            for content in (drawing(0), scan.getvalue()):
                head = f'--line\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'.encode()
                body = head + content + b"\r\n--line--\r\n"
                kind = "multipart/form-data; boundary=line"
                assert running.post("/api/read", body, kind).status in (200, 400)
                running.post("/api/corrections?label=1&consent=true", body, kind)
        kept = files_in(running.corrections)
        assert kept
        assert all(ID.fullmatch(Path(name).stem) for name in kept)
        others = {path for path in files_in(tmp_path) if not path.startswith("home/corrections/")}
        assert others == set()
