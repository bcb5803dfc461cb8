"""The own set: kept with consent, on one's own computer, in one folder, under names that nobody outside chooses."""

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
from digits.web.own import ID, OwnSet


@pytest.fixture
def empty(served: Served) -> Iterator[Served]:
    yield served
    assert served.ask("DELETE", "/api/own").status == 200
    assert not served.own.exists(), "nothing is left"


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_nothing_is_kept_without_consent(empty: Served, seven: bytes) -> None:
    for query in ("label=7", "label=7&consent=false"):
        answer = empty.post(f"/api/own?{query}", seven)
        assert (answer.status, answer.error[:31]) == (403, "nothing is kept without consent")
    assert not empty.own.exists()


@pytest.mark.parametrize(
    "headers", [{"x_forwarded_for": "10.0.0.9"}, {"forwarded": "for=10.0.0.9"}, {"x_real_ip": "1"}]
)
def test_nothing_is_kept_for_others(headers: dict[str, str], empty: Served, seven: bytes) -> None:
    asked = [("POST", "?label=7&consent=true"), ("GET", ""), ("GET", "/digits.csv"), ("DELETE", "")]
    for method, query in asked:
        answer = empty.ask(method, f"/api/own{query}", seven, content_type="image/png", **headers)
        assert (answer.status, answer.error[:46]) == (403, "corrections are kept on one's own computer onl")
    assert not empty.own.exists()


def test_what_is_kept_is_what_the_network_saw_and_where_it_was(empty: Served, drawing: Any) -> None:
    content = drawing(0, 1, 2)
    look = empty.post("/api/look", content).json
    added = empty.post("/api/own?label=4&digit=1&consent=true", content)
    assert added.status == 201
    kept = added.json["kept"]
    assert (kept["label"], added.json["read_as"], added.json["count"]) == (4, 2, 1)
    assert ID.fullmatch(kept["id"])
    assert files_in(empty.own) == [f"drawings/{kept['id']}.png", f"train/4/{kept['id']}.png"]
    seen = base64.b64decode(look["answers"][0]["images"][1])
    with Image.open(empty.own / "train" / "4" / f"{kept['id']}.png") as file:
        assert np.asarray(file).tobytes() == seen
    with Image.open(empty.own / "drawings" / f"{kept['id']}.png") as file:
        box = look["answers"][0]["reading"]["digits"][1]["box"]
        assert file.width >= box[2]
        assert file.height >= box[3]
    labelled = load_labelled(empty.own)
    assert (labelled.labels.tolist(), labelled.images.tobytes()) == ([4], seen)


def test_a_second_thought_takes_it_away(empty: Served, seven: bytes) -> None:
    first, second = (empty.post(f"/api/own?label={label}&consent=true", seven).json["kept"] for label in (7, 1))
    assert empty.get("/api/own").json["per_class"] == [0, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    left = empty.ask("DELETE", f"/api/own/{first['id']}").json
    assert left["digits"] == [second]
    assert files_in(empty.own) == [f"drawings/{second['id']}.png", f"train/1/{second['id']}.png"]
    assert empty.ask("DELETE", f"/api/own/{first['id']}").status == 404


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "x", "..%2f..%2fetc%2fpasswd", "20261126-120000-0a1b2c3d.png", "20261126-120000-0a1b2c3g"]
)
def test_only_names_that_it_gave_are_taken(name: str, empty: Served, seven: bytes) -> None:
    empty.post("/api/own?label=7&consent=true", seven)
    before = files_in(empty.own)
    assert empty.ask("DELETE", f"/api/own/{name}").status in (404, 405)
    assert files_in(empty.own) == before


def test_it_can_be_taken_along(empty: Served, drawing: Any, tmp_path: Path) -> None:
    for number, label in ((0, 7), (1, 2), (2, 1)):
        empty.post(f"/api/own?label={label}&consent=true&single=true", drawing(number))
    kept = load_labelled(empty.own)
    by_place = {image.tobytes(): label for image, label in zip(kept.images, kept.labels, strict=True)}
    table = empty.get("/api/own/digits.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="digits.csv"'
    (tmp_path / "digits.csv").write_bytes(table.body)
    archive = zipfile.ZipFile(io.BytesIO(empty.get("/api/own/digits.zip").body))
    archive.extractall(tmp_path / "idx")
    assert {path.name for path in (tmp_path / "idx").iterdir()} == {
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    }
    assert read_idx(tmp_path / "idx" / "train-labels-idx1-ubyte.gz").tolist() == [7, 2, 1], "in the order of keeping"
    for place in (tmp_path / "digits.csv", tmp_path / "idx"):
        taken = load_labelled(place)
        assert {i.tobytes(): n for i, n in zip(taken.images, taken.labels, strict=True)} == by_place


def test_of_nothing_nothing_is_given(empty: Served, seven: bytes) -> None:
    for name in ("digits.csv", "digits.zip"):
        answer = empty.get(f"/api/own/{name}")
        assert (answer.status, answer.error) == (404, "nothing is kept yet")
    answer = empty.post("/api/own?label=7&consent=true&digit=5", seven)
    assert (answer.status, answer.error) == (422, "there is no digit 5 in this picture: 1 were found")


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    own = OwnSet(tmp_path / "own")
    digit = np.eye(28, dtype=np.uint8) * np.uint8(255)
    own.keep(digit, digit, 3)
    mine = tmp_path / "own" / "train" / "3" / "mine.png"
    mine.write_bytes(b"of somebody else")
    own.forget_all()
    assert files_in(tmp_path) == ["own/train/3/mine.png"]
    assert own.entries() == []


def test_a_full_set_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.web.own.MOST", 1)
    own = OwnSet(tmp_path)
    digit = np.eye(28, dtype=np.uint8)
    own.keep(digit, digit, 3)
    with pytest.raises(Exception, match=r"holds 1 digits, as many as are kept: take some away first"):
        own.keep(digit, digit, 3)


NAMES = ["../../escaped.png", "/tmp/escaped.png", "a\\..\\b", "CON", "nul\x01", "é" * 300, '"; rm -rf ~']


def test_nothing_that_is_sent_reaches_the_disk_elsewhere(drawing: Any, tmp_path: Path) -> None:
    """Hostile names and bodies larger than what forms are kept of in memory: only the own set's folder changes."""
    for name in ("home", "temporary", "here"):
        (tmp_path / name).mkdir()
    environment = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary"), "PATH": "/usr/bin:/bin"}
    large = Image.new("L", (1600, 1200), 255)
    large.paste(Image.open(io.BytesIO(drawing(0))), (300, 300))
    scan = io.BytesIO()
    large.save(scan, "BMP")
    with serving(tmp_path / "home" / "own", cwd=tmp_path / "here", env=environment) as running:
        for name in NAMES:
            quoted = name.replace('"', "%22")
            for content in (drawing(0), scan.getvalue()):
                head = f'--line\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'.encode()
                body = head + content + b"\r\n--line--\r\n"
                kind = "multipart/form-data; boundary=line"
                assert running.post("/api/read", body, kind).status in (200, 400)
                running.post("/api/own?label=1&consent=true", body, kind)
        kept = files_in(running.own)
        assert kept
        assert all(ID.fullmatch(Path(name).stem) for name in kept)
        others = {path for path in files_in(tmp_path) if not path.startswith("home/own/")}
        assert others == set()
