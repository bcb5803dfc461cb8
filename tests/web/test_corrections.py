"""Corrections: stored with consent, on this computer only, in one folder, under names that no request chooses."""

from __future__ import annotations

import base64
import errno
import io
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.web.conftest import Served, png, serving

from digits.data import load_labelled, read_idx
from digits.errors import StorageError
from digits.files import write_atomically
from digits.web.corrections import ID, Corrections, Entry
from digits.web.handlers import HEADERS
from digits.web.refusals import RefusedError


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
    "headers", [{"x_forwarded_for": "10.0.0.9"}, {"forwarded": "for=10.0.0.9"}, {"x_real_ip": "1"}, {"via": "1.1 p"}]
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


DIGIT = png(np.eye(28, dtype=np.uint8) * np.uint8(255))


def test_other_files_in_the_folder_are_kept(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / "corrections")
    entry, _ = corrections.add(DIGIT, DIGIT, 3)
    names = ["mine.png", f"{entry.id}.txt", f"x{entry.id}.png", f"{entry.id}.png.part", ".mine.png.1-0123abcd.part"]
    others = [f"corrections/{place}/{name}" for place in ("train/3", "drawings", "train") for name in names]
    for other in others:
        (tmp_path / other).write_bytes(b"of another program")
    corrections.delete_all()
    assert files_in(tmp_path) == sorted(others)
    assert corrections.entries() == []


class Crash(BaseException):
    """The process ends here: nothing after it runs."""


def crash_at(step: int, call: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run a call until it is about to do its n-th operation on files; say whether it got there."""
    done = 0

    def counted(operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            nonlocal done
            if done == step:
                raise Crash  # a killed process cleans nothing up, so all further operations fail too
            done += 1
            return operation(*arguments, **options)

        return run

    with monkeypatch.context() as patches:
        for owner, name in [(Path, each) for each in ("open", "mkdir", "replace", "unlink", "rmdir")] + [(os, "fsync")]:
            patches.setattr(owner, name, counted(getattr(owner, name)))
        try:
            call()
        except Crash:
            return True
    return False


@pytest.mark.parametrize("action", ["first add", "add", "delete", "delete all"])
def test_nothing_is_left_after_a_crash_at_any_step(
    action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(100):
        corrections = Corrections(tmp_path / str(step))
        first = "" if action == "first add" else corrections.add(DIGIT, DIGIT, 3)[0].id
        call = {
            "first add": partial(corrections.add, DIGIT, DIGIT, 3),
            "add": partial(corrections.add, DIGIT, DIGIT, 4),
            "delete": partial(corrections.delete, first),
            "delete all": corrections.delete_all,
        }[action]
        crashed = crash_at(step, call, monkeypatch)
        listed = {entry.id for entry in corrections.entries()}
        drawings = {Path(name).stem for name in files_in(corrections.folder / "drawings") if not name.startswith(".")}
        assert drawings <= listed, "what is stored is listed"
        corrections.delete_all()
        assert not corrections.folder.exists()
        if not crashed:
            assert step > 1
            return
    pytest.fail("the action has no end")


@pytest.mark.parametrize("place", ["train", "train/3", "drawings"])
def test_links_are_not_followed(place: str, tmp_path: Path) -> None:
    corrections, outside = Corrections(tmp_path / "corrections"), Corrections(tmp_path / "outside")
    entry, _ = outside.add(DIGIT, DIGIT, 3)
    kept = files_in(tmp_path)
    (corrections.folder / place).parent.mkdir(parents=True)
    (corrections.folder / place).symlink_to(outside.folder / place)
    with pytest.raises(RefusedError, match=f"{place} is not a folder: move it away") as refused:
        corrections.add(DIGIT, DIGIT, 3)
    assert refused.value.status == 409
    assert corrections.entries() == []
    with pytest.raises(RefusedError, match="no correction has this id"):
        corrections.delete(entry.id)
    corrections.delete_all()
    assert files_in(tmp_path) == kept


def test_a_linked_file_is_neither_read_nor_deleted(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / "corrections")
    entry, _ = corrections.add(DIGIT, DIGIT, 3)
    path = tmp_path / "corrections" / "train" / "3" / f"{entry.id}.png"
    path.replace(tmp_path / "secret.png")
    path.symlink_to(tmp_path / "secret.png")
    assert corrections.entries() == []
    corrections.delete_all()
    assert path.is_symlink()
    assert (tmp_path / "secret.png").exists()


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    corrections = Corrections(tmp_path / "link")
    entry, count = corrections.add(DIGIT, DIGIT, 3)
    assert (corrections.entries(), count) == ([entry], 1)
    corrections.delete_all()
    assert list((tmp_path / "disk").iterdir()) == []


@pytest.mark.parametrize("place", ["", "train", "train/3", "drawings"])
def test_a_file_in_place_of_a_folder_is_named(place: str, tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / "corrections")
    (corrections.folder / place).parent.mkdir(parents=True, exist_ok=True)
    (corrections.folder / place).write_text("notes")
    with pytest.raises((RefusedError, StorageError), match=str(corrections.folder / place)):
        corrections.add(DIGIT, DIGIT, 3)
    assert corrections.describe()["count"] == 0
    corrections.delete_all()
    assert (corrections.folder / place).read_text() == "notes"


@pytest.mark.parametrize("written", [0, 1])
def test_failed_add_leaves_nothing(written: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[Path] = []

    def write(path: Path, content: bytes) -> None:
        if len(files) == written:
            raise StorageError(f"{path} cannot be written: its disk is full")
        files.append(path)
        write_atomically(path, content)

    monkeypatch.setattr("digits.web.corrections.write_atomically", write)
    with pytest.raises(StorageError, match="its disk is full"):
        Corrections(tmp_path).add(DIGIT, DIGIT, 3)
    assert files_in(tmp_path) == []


def test_delete_all_deletes_what_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corrections = Corrections(tmp_path)
    first, _ = [corrections.add(DIGIT, DIGIT, label)[0] for label in (3, 4)]
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.stem == first.id:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StorageError, match=f"{first.id}.png cannot be deleted: Permission denied"):
        corrections.delete_all()
    assert files_in(tmp_path) == [f"drawings/{first.id}.png", f"train/3/{first.id}.png"]


@pytest.mark.parametrize(
    "content",
    [png(np.zeros((64, 64), np.uint8) + 99), png(np.zeros((28, 28, 3), np.uint8) + 99), DIGIT[:45], b"", b"GIF89a"],
)
def test_other_picture_under_an_id_is_named(content: bytes, tmp_path: Path) -> None:
    corrections = Corrections(tmp_path)
    entry, _ = corrections.add(DIGIT, DIGIT, 3)
    path = tmp_path / "train" / "3" / f"{entry.id}.png"
    path.write_bytes(content)
    for suffix in ("csv", "zip"):
        with pytest.raises(RefusedError, match=f"{path} is not a picture of 28 × 28") as refused:
            corrections.export(suffix)
        assert refused.value.status == 409


def test_downloads_leave_out_what_is_deleted_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corrections = Corrections(tmp_path)
    entries = [corrections.add(DIGIT, DIGIT, label)[0] for label in (3, 4)]
    monkeypatch.setattr(Corrections, "entries", lambda self: entries)
    corrections.delete(entries[0].id)
    table = corrections.export("csv").decode().splitlines()
    assert [row.split(",", 1)[0] for row in table] == ["label", "4"]
    corrections.delete_all()
    with pytest.raises(RefusedError, match="there are no corrections yet"):
        corrections.export("csv")


def test_ids_are_unique_when_the_clock_stands_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 11, 26, 12)
    monkeypatch.setattr("digits.web.corrections.datetime", SimpleNamespace(now=lambda: moment))
    monkeypatch.setattr(os, "fsync", lambda file: None)
    corrections = Corrections(tmp_path)
    ids = {corrections.add(DIGIT, DIGIT, number % 10)[0].id for number in range(100)}
    assert len(ids) == 100
    assert len(corrections.entries()) == 100


def test_digits_of_earlier_releases_are_listed_and_deleted(tmp_path: Path) -> None:
    for name in ("train/3", "drawings"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "20261126-120000-0a1b2c3d.png").write_bytes(DIGIT)
    corrections = Corrections(tmp_path)
    assert corrections.entries() == [Entry("20261126-120000-0a1b2c3d", 3)]
    corrections.delete("20261126-120000-0a1b2c3d")
    assert files_in(tmp_path) == []


def test_full_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.web.corrections.MAX_CORRECTIONS", 1)
    corrections = Corrections(tmp_path)
    corrections.add(DIGIT, DIGIT, 3)
    with pytest.raises(RefusedError, match="full with 1 digits"):
        corrections.add(DIGIT, DIGIT, 3)


FAILURES = {
    "a full disk": ("os.fsync = fail(errno.ENOSPC)", 507, "its disk is full"),
    "a read-only disk": ("pathlib.Path.mkdir = fail(errno.EROFS)", 507, "Read-only file system"),
    "a forbidden folder": ("pathlib.Path.mkdir = fail(errno.EACCES)", 507, "Permission denied"),
    "a defect": ("os.fsync = lambda file: 1 / 0", 500, "failed unexpectedly"),
}
FAIL = """
import errno, os, pathlib
def fail(code):
    def call(*_, **__):
        raise OSError(code, os.strerror(code))
    return call
"""


@pytest.mark.slow
@pytest.mark.parametrize("failure", FAILURES)
def test_failures_are_answered_with_a_sentence_and_all_headers(failure: str, tmp_path: Path, seven: bytes) -> None:
    code, status, sentence = FAILURES[failure]
    with serving(tmp_path / "corrections", before=FAIL + code, quiet=False) as running:
        answer = running.post("/api/corrections?label=7&consent=true", seven)
        healthy = running.get("/api/corrections")
        running.process.send_signal(signal.SIGINT)
        log = running.process.communicate(timeout=20)[1]
    assert answer.status == status
    assert sentence in answer.error
    assert "Traceback" not in answer.error
    assert {name: answer.headers.get(name.lower()) for name in HEADERS} == HEADERS
    assert (healthy.status, healthy.json["count"]) == (200, 0)
    assert log.count("Traceback") == (1 if status == 500 else 0)
    assert files_in(tmp_path) == []


@pytest.mark.slow
def test_folder_whose_name_is_not_utf8_is_served(tmp_path: Path, seven: bytes) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    with serving(folder) as running:
        assert running.post("/api/corrections?label=7&consent=true", seven).status == 201
        assert running.get("/api/corrections").json["folder"] == str(folder)


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


def test_the_last_deleted_is_restored_with_its_pixels(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / "corrections")
    picture = png(np.arange(784, dtype=np.uint8).reshape(28, 28))
    first, second = (corrections.add(picture, picture, label)[0] for label in (3, 8))
    before = {path: path.read_bytes() for path in corrections.folder.rglob("*.png")}
    corrections.delete(first.id)
    corrections.delete(second.id)
    with pytest.raises(RefusedError, match="only the one that was deleted last"):
        corrections.restore(first.id)
    corrections.restore(second.id)
    shown = corrections.describe(images=1)["digits"]
    assert [digit["label"] for digit in shown] == [8]
    assert base64.b64decode(shown[0]["image"]) == np.arange(784, dtype=np.uint8).tobytes()
    assert "image" not in corrections.describe()["digits"][0]
    assert all(before[path] == path.read_bytes() for path in corrections.folder.rglob("*.png"))
    corrections.delete(second.id)
    corrections.delete_all()
    with pytest.raises(RefusedError, match="cannot be restored"):
        corrections.restore(second.id)
